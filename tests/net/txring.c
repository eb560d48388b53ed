/* SPDX-License-Identifier: GPL-2.0-only */
/* Sends UDP over IPv6 by an AF_PACKET TX_RING: the kernel makes the frame's headers linear only as
 * far as the link header goes and attaches the rest as page fragments, so the receiver of a veth
 * pair sees packets whose IP header is not linear.
 *
 *   txring INTERFACE DST_MAC SRC6 DST6 PORT COUNT BYTES
 *
 * COUNT datagrams of BYTES payload from ports 1024 on to PORT; payload byte i of datagram n is n +
 * i. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME  2048 /* bytes of a ring slot */
#define FRAMES 64

struct frame {
	struct ether_header eth;
	struct ip6_hdr ip6;
	struct udphdr udp;
	uint8_t payload[FRAME - 256];
} __attribute__((packed));

static uint32_t sum16(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	return sum;
}

/* Checksum of a UDP datagram that is complete but for it; network order. */
static uint16_t udp_sum(const struct frame *frame, size_t udp_len)
{
	uint32_t sum = sum16(&frame->ip6.ip6_src, 32, udp_len + IPPROTO_UDP);

	sum = sum16(&frame->udp, udp_len, sum);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	return htons(sum ? sum : 0xffff);
}

int main(int argc, char **argv)
{
	struct tpacket_req ring = {
		.tp_block_size = FRAME * FRAMES,
		.tp_block_nr = 1,
		.tp_frame_size = FRAME,
		.tp_frame_nr = FRAMES,
	};
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IPV6) };
	struct frame frame = { 0 };
	struct ether_addr *mac;
	struct ifreq ifr = { 0 };
	size_t bytes, len;
	uint8_t *map;
	int fd, count;

	if (argc != 8)
		errx(2, "usage: txring INTERFACE DST_MAC SRC6 DST6 PORT COUNT BYTES");
	count = atoi(argv[6]);
	bytes = atoi(argv[7]);
	mac = ether_aton(argv[2]);
	if (!mac || bytes > sizeof(frame.payload))
		errx(2, "bad address or size");

	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0)
		err(1, "AF_PACKET");
	sll.sll_ifindex = if_nametoindex(argv[1]);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", argv[1]);
	if (!sll.sll_ifindex || ioctl(fd, SIOCGIFHWADDR, &ifr))
		err(1, "%s", argv[1]);
	if (setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &ring, sizeof(ring)))
		err(1, "PACKET_TX_RING");
	if (bind(fd, (struct sockaddr *)&sll, sizeof(sll)))
		err(1, "bind");
	map = mmap(NULL, FRAME * FRAMES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");

	memcpy(frame.eth.ether_dhost, mac, ETH_ALEN);
	memcpy(frame.eth.ether_shost, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	frame.eth.ether_type = htons(ETH_P_IPV6);
	frame.ip6.ip6_vfc = 6 << 4;
	frame.ip6.ip6_plen = htons(sizeof(frame.udp) + bytes);
	frame.ip6.ip6_nxt = IPPROTO_UDP;
	frame.ip6.ip6_hlim = 64;
	if (inet_pton(AF_INET6, argv[3], &frame.ip6.ip6_src) != 1 ||
	    inet_pton(AF_INET6, argv[4], &frame.ip6.ip6_dst) != 1)
		errx(2, "bad IPv6 address");
	frame.udp.uh_dport = htons(atoi(argv[5]));
	frame.udp.uh_ulen = frame.ip6.ip6_plen;
	len = offsetof(struct frame, payload) + bytes;

	for (int n = 0; n < count; n++) {
		struct tpacket_hdr *hdr = (struct tpacket_hdr *)(map + n % FRAMES * FRAME);

		while (__atomic_load_n(&hdr->tp_status, __ATOMIC_ACQUIRE) != TP_STATUS_AVAILABLE) {
			if (hdr->tp_status & TP_STATUS_WRONG_FORMAT)
				errx(1, "frame %d refused", n);
			send(fd, NULL, 0, 0);
		}
		frame.udp.uh_sport = htons(1024 + n % 1024);
		frame.udp.uh_sum = 0;
		for (size_t i = 0; i < bytes; i++)
			frame.payload[i] = n + i;
		frame.udp.uh_sum = udp_sum(&frame, sizeof(frame.udp) + bytes);
		memcpy((uint8_t *)hdr + TPACKET_HDRLEN - sizeof(struct sockaddr_ll), &frame, len);
		hdr->tp_len = len;
		__atomic_store_n(&hdr->tp_status, TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
		if (send(fd, NULL, 0, 0) < 0 && errno != ENOBUFS && errno != EAGAIN)
			err(1, "send");
		if (n % 64 == 63)
			usleep(1000); /* what a receiver's queue of 1000 packets can take */
	}
	return 0;
}
