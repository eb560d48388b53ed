/* SPDX-License-Identifier: GPL-2.0-only */
/* UDP over IPv6 from many sources at a steady rate, as an attacker on the VPN would send it.
 *
 *   flood INTERFACE DST_MAC NET6 DST6 SOURCES PACKETS RATE
 *
 * PACKETS datagrams of 8 bytes to port 9 of DST6, RATE a second, from NET6 + 1, + 2 ... + SOURCES
 * in turn. Prints how many were sent, and how many a second that was. */
#include <arpa/inet.h>
#include <err.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BURST 64 /* packets of a system call */

struct frame {
	struct ether_header eth;
	struct ip6_hdr ip6;
	struct udphdr udp;
	uint8_t payload[8];
} __attribute__((packed));

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* The checksum of what precedes it; network order. */
static uint16_t checksum(const struct frame *frame)
{
	const uint8_t *p = (const void *)&frame->ip6.ip6_src;
	size_t len = 32 + sizeof(frame->udp) + sizeof(frame->payload);
	uint32_t sum = IPPROTO_UDP + sizeof(frame->udp) + sizeof(frame->payload);

	for (size_t i = 0; i < len; i += 2)
		sum += p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	return htons(sum ? sum : 0xffff);
}

static void fill(struct frame *frame, const struct in6_addr *net, uint32_t number)
{
	uint32_t low;

	frame->ip6.ip6_src = *net;
	memcpy(&low, &net->s6_addr[12], sizeof(low));
	low = htonl(ntohl(low) + number);
	memcpy(&frame->ip6.ip6_src.s6_addr[12], &low, sizeof(low));
	frame->udp.check = 0;
	frame->udp.check = checksum(frame);
}

int main(int argc, char **argv)
{
	static struct frame frames[BURST];
	static struct mmsghdr messages[BURST];
	static struct iovec parts[BURST];
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IPV6) };
	struct in6_addr net, dst;
	struct ether_addr *mac;
	uint64_t sources, packets, rate, start, sent = 0;
	int fd;

	if (argc != 8)
		errx(2, "usage: flood INTERFACE DST_MAC NET6 DST6 SOURCES PACKETS RATE");
	to.sll_ifindex = if_nametoindex(argv[1]);
	mac = ether_aton(argv[2]);
	if (!to.sll_ifindex || !mac || inet_pton(AF_INET6, argv[3], &net) != 1 ||
	    inet_pton(AF_INET6, argv[4], &dst) != 1)
		errx(2, "bad interface or address");
	sources = strtoull(argv[5], NULL, 10);
	packets = strtoull(argv[6], NULL, 10);
	rate = strtoull(argv[7], NULL, 10);
	if (!sources || !rate)
		errx(2, "no sources, or no rate");
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)))
		err(1, "%s", argv[1]);
	for (int i = 0; i < BURST; i++) {
		frames[i].eth.ether_type = htons(ETH_P_IPV6);
		memcpy(frames[i].eth.ether_dhost, mac, ETH_ALEN);
		frames[i].eth.ether_shost[0] = 2;
		frames[i].ip6 = (struct ip6_hdr){ .ip6_flow = htonl(6u << 28),
						  .ip6_dst = dst,
						  .ip6_hlim = 64,
						  .ip6_nxt = IPPROTO_UDP,
						  .ip6_plen = htons(sizeof(struct udphdr) +
								    sizeof(frames[i].payload)) };
		frames[i].udp = (struct udphdr){ .source = htons(4000),
						 .dest = htons(9),
						 .len = htons(sizeof(struct udphdr) +
							      sizeof(frames[i].payload)) };
		parts[i] = (struct iovec){ &frames[i], sizeof(frames[i]) };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &parts[i], .msg_iovlen = 1 };
	}
	start = now_ns();
	while (sent < packets) {
		uint64_t due = (now_ns() - start) * rate / 1000000000ull;
		int n = packets - sent < BURST ? packets - sent : BURST;

		if (due < sent + n) {
			usleep(200);
			continue;
		}
		for (int i = 0; i < n; i++)
			fill(&frames[i], &net, 1 + (sent + i) % sources);
		n = sendmmsg(fd, messages, n, 0);
		if (n < 0)
			err(1, "send");
		sent += n;
	}
	printf("%llu sent, %llu a second\n", (unsigned long long)sent,
	       (unsigned long long)(sent * 1000000000ull / (now_ns() - start)));
	return 0;
}
