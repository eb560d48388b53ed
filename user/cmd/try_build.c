/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet to try: from hexadecimal digits, or built from addresses and ports. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "text.h"
#include "try.h"

#define HOPS	64
#define MSS	1460 /* bytes, the option of a TCP SYN: large, so that a clamp shows */
#define PING_ID 0x4e34

int try_read(const char *text, struct try_packet *packet)
{
	size_t digits = 0;

	*packet = (struct try_packet){};
	for (const char *c = text; *c; c++) {
		int digit;

		if (isspace((unsigned char)*c) || *c == ':')
			continue;
		if (!isxdigit((unsigned char)*c) || digits / 2 >= TRY_PACKET_MAX)
			break;
		digit = isdigit((unsigned char)*c) ? *c - '0' :
						     tolower((unsigned char)*c) - 'a' + 10;
		packet->bytes[digits / 2] |= digits % 2 ? digit : digit << 4;
		digits++;
		if (!c[1] && digits % 2 == 0)
			packet->len = digits / 2;
	}
	if (packet->len)
		return 0;
	return log_fail(EXIT_USAGE,
			textf("a packet is an even number of hexadecimal digits from its IP header "
			      "on, at most %d bytes",
			      TRY_PACKET_MAX),
			"or describe it: nat64-bpf try NAME --from fd00::2 --to 64:ff9b::9.9.9.9 "
			"--dport 443",
			"%.40s: not a packet", text);
}

/* What the options say. */
struct wish {
	bool is_v6;
	struct in6_addr from6, to6;
	struct in_addr from4, to4;
	uint8_t proto;
	uint16_t sport, dport;
	size_t size; /* 0: as small as can be */
};

static int number(const struct args *args, enum verb_option option, unsigned long least,
		  unsigned long most, unsigned long fallback, unsigned long *value)
{
	const char *text = args->value[option];
	char *end;

	*value = fallback;
	if (!text)
		return 0;
	errno = 0;
	*value = strtoul(text, &end, 10);
	if (isdigit((unsigned char)*text) && !*end && !errno && *value >= least && *value <= most)
		return 0;
	return log_fail(EXIT_USAGE, textf("it takes a number from %lu to %lu", least, most),
			textf("leave it out, or give one in this range: --%s %lu",
			      verb_options[option].name, fallback ? fallback : most),
			"--%s %s: out of range", verb_options[option].name, text);
}

static int address(const struct args *args, enum verb_option option, struct wish *wish,
		   struct in6_addr *six, struct in_addr *four)
{
	const char *text = args->value[option];

	if (!text)
		return log_fail(EXIT_USAGE, "a packet needs a source and a destination",
				"--from fd00::2 --to 64:ff9b::9.9.9.9, or the packet in "
				"hexadecimal digits",
				"--%s is missing", verb_options[option].name);
	if (inet_pton(AF_INET6, text, six) == 1) {
		wish->is_v6 = true;
		return 0;
	}
	if (inet_pton(AF_INET, text, four) == 1)
		return 0;
	return log_fail(EXIT_USAGE, "it is neither an IPv4 nor an IPv6 address",
			textf("give one without a length, such as --%s %s",
			      verb_options[option].name,
			      option == OPTION_FROM ? "fd00::2" : "64:ff9b::9.9.9.9"),
			"--%s %s: not an address", verb_options[option].name, text);
}

static int read_wish(const struct args *args, struct wish *wish)
{
	const char *proto = args->value[OPTION_PROTO];
	unsigned long sport, dport, size;
	bool to_v6;

	*wish = (struct wish){};
	if (address(args, OPTION_TO, wish, &wish->to6, &wish->to4))
		return -1;
	to_v6 = wish->is_v6;
	wish->is_v6 = false;
	if (address(args, OPTION_FROM, wish, &wish->from6, &wish->from4))
		return -1;
	if (to_v6 != wish->is_v6)
		return log_fail(EXIT_USAGE, "one address is IPv6, the other IPv4",
				"clients send to 64:ff9b::ADDRESS; IPv4 hosts send to the client's "
				"pool address",
				"--from %s --to %s: not of one family", args->value[OPTION_FROM],
				args->value[OPTION_TO]);
	if (!proto)
		proto = args_has(args, OPTION_DPORT) || args_has(args, OPTION_SPORT) ? "tcp" :
										       "icmp";
	if (strcmp(proto, "tcp") && strcmp(proto, "udp") && strcmp(proto, "icmp"))
		return log_fail(EXIT_USAGE, "it must be one of tcp, udp and icmp",
				"give other packets in hexadecimal digits",
				"--proto %s: unknown protocol", proto);
	if (!strcmp(proto, "icmp"))
		wish->proto = wish->is_v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	else
		wish->proto = !strcmp(proto, "tcp") ? IPPROTO_TCP : IPPROTO_UDP;
	if (number(args, OPTION_SPORT, 0, 65535, 40000, &sport) ||
	    number(args, OPTION_DPORT, 0, 65535, 443, &dport) ||
	    number(args, OPTION_SIZE, 1, TRY_PACKET_MAX, 0, &size))
		return -1;
	wish->sport = sport;
	wish->dport = dport;
	wish->size = size;
	return 0;
}

/* One's complement sum, as it lies in memory. */
static uint64_t sum(uint64_t so_far, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		so_far += i % 2 ? bytes[i] : bytes[i] << 8;
	return so_far;
}

static uint16_t checksum_fold(uint64_t value)
{
	while (value >> 16)
		value = (value & 0xffff) + (value >> 16);
	return htons((uint16_t)~value);
}

/* Header of the transport protocol, checksum 0. Its length. */
static size_t put_transport(const struct wish *wish, uint8_t *to, size_t len)
{
	struct tcphdr tcp = { .source = htons(wish->sport),
			      .dest = htons(wish->dport),
			      .doff = 6,
			      .syn = 1,
			      .seq = htonl(1),
			      .window = htons(64240) };
	struct udphdr udp = { htons(wish->sport), htons(wish->dport), htons(len), 0 };
	struct icmphdr icmp = { .type = wish->is_v6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO,
				.un.echo = { htons(PING_ID), htons(1) } };

	switch (wish->proto) {
	case IPPROTO_TCP:
		memcpy(to, &tcp, sizeof(tcp));
		memcpy(to + sizeof(tcp), (uint8_t[]){ 2, 4, MSS >> 8, MSS & 0xff }, 4);
		return sizeof(tcp) + 4;
	case IPPROTO_UDP:
		memcpy(to, &udp, sizeof(udp));
		return sizeof(udp);
	default:
		memcpy(to, &icmp, sizeof(icmp));
		return sizeof(icmp);
	}
}

static size_t put_ip(const struct wish *wish, uint8_t *to, size_t len)
{
	struct ipv6hdr ip6 = { .version = 6,
			       .payload_len = htons(len - sizeof(ip6)),
			       .nexthdr = wish->proto,
			       .hop_limit = HOPS,
			       .saddr = wish->from6,
			       .daddr = wish->to6 };
	struct iphdr ip4 = { .version = 4,
			     .ihl = 5,
			     .tot_len = htons(len),
			     .frag_off = htons(0x4000),
			     .ttl = HOPS,
			     .protocol = wish->proto,
			     .saddr = wish->from4.s_addr,
			     .daddr = wish->to4.s_addr };

	if (wish->is_v6) {
		memcpy(to, &ip6, sizeof(ip6));
		return sizeof(ip6);
	}
	ip4.check = checksum_fold(sum(0, &ip4, sizeof(ip4)));
	memcpy(to, &ip4, sizeof(ip4));
	return sizeof(ip4);
}

int try_build(const struct args *args, struct try_packet *packet)
{
	static const uint8_t field[] = {
		[IPPROTO_ICMP] = 2, [IPPROTO_TCP] = 16, [IPPROTO_UDP] = 6, [IPPROTO_ICMPV6] = 2
	};
	size_t ip, head, len;
	struct wish wish;
	uint64_t total;
	uint16_t check;

	*packet = (struct try_packet){};
	if (read_wish(args, &wish))
		return -1;
	ip = wish.is_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	head = ip + (wish.proto == IPPROTO_TCP ? 24 : 8);
	len = head;
	if (wish.proto == IPPROTO_ICMP || wish.proto == IPPROTO_ICMPV6)
		len += 8;
	if (wish.size)
		len = wish.size;
	if (len < head)
		return log_fail(EXIT_USAGE, textf("its headers alone take %zu bytes", head),
				textf("leave it out, or give --size %zu or more", head),
				"--size %zu: too small", len);
	put_ip(&wish, packet->bytes, len);
	put_transport(&wish, packet->bytes + ip, len - ip);
	total = sum(0, packet->bytes + ip, len - ip);
	if (wish.proto != IPPROTO_ICMP) { /* the pseudo-header: addresses, length, protocol */
		size_t addrs = wish.is_v6 ? 32 : 8;

		total = sum(total, packet->bytes + ip - addrs, addrs) + (len - ip) + wish.proto;
	}
	check = checksum_fold(total);
	memcpy(packet->bytes + ip + field[wish.proto], &check, sizeof(check));
	packet->len = len;
	return 0;
}
