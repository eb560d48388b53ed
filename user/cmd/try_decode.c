/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet as text: a line for each header. Reads no byte behind the end. */
#include <arpa/inet.h>
#include <net/if.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <string.h>

#include "try.h"

#define DEPTH 2 /* a packet, and the one that an ICMP error quotes */

static void decode(FILE *out, const uint8_t *packet, size_t len, int depth);

static const char *indent(int depth)
{
	return depth ? "  quoted: " : "";
}

static void tcp(FILE *out, const uint8_t *at, size_t len)
{
	static const char letters[] = "FSRPAUEC";
	struct tcphdr head;
	char flags[9] = "";
	size_t n = 0;

	memcpy(&head, at, sizeof(head));
	for (int i = 0; i < 8; i++)
		if (at[13] >> i & 1)
			flags[n++] = letters[i];
	fprintf(out, "TCP %u > %u, flags %s, seq %u, ack %u, checksum 0x%04x", ntohs(head.source),
		ntohs(head.dest), *flags ? flags : "none", ntohl(head.seq), ntohl(head.ack_seq),
		ntohs(head.check));
	for (size_t i = sizeof(head), end = head.doff * 4u < len ? head.doff * 4u : len;
	     i + 1 < end && at[i];) {
		if (at[i] == 1) {
			i++;
			continue;
		}
		if (at[i] == 2 && i + 3 < end)
			fprintf(out, ", MSS %u", at[i + 2] << 8 | at[i + 3]);
		i += at[i + 1] < 2 ? 2 : at[i + 1];
	}
	fputc('\n', out);
}

static void icmp(FILE *out, const uint8_t *at, size_t len, bool six, int depth)
{
	struct icmphdr head;
	bool error;

	memcpy(&head, at, sizeof(head));
	error = six ? head.type < 128 :
		      head.type == 3 || head.type == 4 || head.type == 5 || head.type == 11 ||
				head.type == 12;
	fprintf(out, "%s type %u code %u, ", six ? "ICMPv6" : "ICMP", head.type, head.code);
	if (six && head.type == ICMPV6_PKT_TOOBIG)
		fprintf(out, "MTU %u, ", ntohl(head.un.gateway));
	else if (!six && head.type == ICMP_DEST_UNREACH && head.code == ICMP_FRAG_NEEDED)
		fprintf(out, "MTU %u, ", ntohs(head.un.frag.mtu));
	else if (!error)
		fprintf(out, "identifier %u, sequence %u, ", ntohs(head.un.echo.id),
			ntohs(head.un.echo.sequence));
	fprintf(out, "checksum 0x%04x\n", ntohs(head.checksum));
	if (error && depth + 1 < DEPTH)
		decode(out, at + sizeof(head), len - sizeof(head), depth + 1);
}

static void transport(FILE *out, uint8_t proto, const uint8_t *at, size_t len, int depth)
{
	size_t least = proto == IPPROTO_TCP ? sizeof(struct tcphdr) : 8;
	struct udphdr udp;

	fputs(indent(depth), out);
	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP && proto != IPPROTO_ICMP &&
	    proto != IPPROTO_ICMPV6) {
		fprintf(out, "protocol %u, %zu bytes\n", proto, len);
	} else if (len < least) {
		fprintf(out, "protocol %u, truncated to %zu bytes\n", proto, len);
	} else if (proto == IPPROTO_TCP) {
		tcp(out, at, len);
	} else if (proto == IPPROTO_UDP) {
		memcpy(&udp, at, sizeof(udp));
		fprintf(out, "UDP %u > %u, length %u, checksum 0x%04x\n", ntohs(udp.source),
			ntohs(udp.dest), ntohs(udp.len), ntohs(udp.check));
	} else {
		icmp(out, at, len, proto == IPPROTO_ICMPV6, depth);
	}
}

static void ipv4(FILE *out, const uint8_t *at, size_t len, int depth)
{
	char from[INET_ADDRSTRLEN], to[INET_ADDRSTRLEN];
	struct iphdr head;
	char flags[16];
	uint16_t frag;
	size_t size;

	memcpy(&head, at, sizeof(head));
	frag = ntohs(head.frag_off);
	size = head.ihl * 4u;
	snprintf(flags, sizeof(flags), "%s", frag & 0x4000 ? ", DF" : "");
	if (frag & 0x2000)
		strcat(flags, ", MF");
	fprintf(out, "%sIPv4 %s > %s, TOS 0x%02x, TTL %u, length %u, ID %u%s, checksum 0x%04x\n",
		indent(depth), inet_ntop(AF_INET, &head.saddr, from, sizeof(from)),
		inet_ntop(AF_INET, &head.daddr, to, sizeof(to)), head.tos, head.ttl,
		ntohs(head.tot_len), ntohs(head.id), flags, ntohs(head.check));
	if (size < sizeof(head) || size > len)
		return;
	if (frag & 0x1fff)
		fprintf(out, "%sfragment at byte %u, %zu bytes\n", indent(depth),
			(frag & 0x1fff) * 8, len - size);
	else
		transport(out, head.protocol, at + size, len - size, depth);
}

static void ipv6(FILE *out, const uint8_t *at, size_t len, int depth)
{
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
	struct ipv6hdr head;
	size_t off = sizeof(head);
	uint8_t proto;

	memcpy(&head, at, sizeof(head));
	proto = head.nexthdr;
	fprintf(out, "%sIPv6 %s > %s, traffic class 0x%02x, hop limit %u, payload length %u\n",
		indent(depth), inet_ntop(AF_INET6, &head.saddr, from, sizeof(from)),
		inet_ntop(AF_INET6, &head.daddr, to, sizeof(to)), (at[0] << 4 | at[1] >> 4) & 0xff,
		head.hop_limit, ntohs(head.payload_len));
	while (off + 8 <= len && (proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING ||
				  proto == IPPROTO_DSTOPTS || proto == IPPROTO_FRAGMENT)) {
		uint16_t frag = at[off + 2] << 8 | at[off + 3];
		bool fragment = proto == IPPROTO_FRAGMENT;

		if (fragment)
			fprintf(out, "%sFragment Header, at byte %u%s, ID 0x%02x%02x%02x%02x\n",
				indent(depth), frag & 0xfff8u, frag & 1 ? ", more fragments" : "",
				at[off + 4], at[off + 5], at[off + 6], at[off + 7]);
		else
			fprintf(out, "%sextension header %u, %u bytes\n", indent(depth), proto,
				at[off + 1] * 8 + 8);
		proto = at[off];
		off += fragment ? 8 : at[off + 1] * 8u + 8;
		if (fragment && frag & 0xfff8)
			return;
	}
	if (off <= len)
		transport(out, proto, at + off, len - off, depth);
}

static void decode(FILE *out, const uint8_t *packet, size_t len, int depth)
{
	if (len >= sizeof(struct ipv6hdr) && packet[0] >> 4 == 6)
		ipv6(out, packet, len, depth);
	else if (len >= sizeof(struct iphdr) && packet[0] >> 4 == 4)
		ipv4(out, packet, len, depth);
	else
		fprintf(out, "%s%zu bytes, not an IP packet\n", indent(depth), len);
}

void try_decode(FILE *out, const uint8_t *packet, size_t len)
{
	decode(out, packet, len, 0);
}
