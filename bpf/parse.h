/* SPDX-License-Identifier: GPL-2.0-only */
/* Packet to struct pkt: lengths, header chains, fragments, options. */
#pragma once

#include "addr.h"
#include "pkt.h"

#define CHAIN_HEADERS 16 /* RFC 8504, 5.3 allows limits; RFC 7915 has none */
#define CHAIN_BYTES   1024

static __always_inline _Bool proto_is_chain(__u8 proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING || proto == IPPROTO_FRAGMENT ||
	       proto == IPPROTO_DSTOPTS;
}

/* Offset of the checksum that covers a pseudo-header; 0: the protocol has none that we know. ICMP
 * is translated elsewhere. DCCP and UDP-Lite: RFC 7915, 4.5, MAY. */
static __always_inline __u32 proto_check(__u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return 16;
	case IPPROTO_UDP:
	case IPPROTO_DCCP:
	case IPPROTO_UDPLITE:
		return 6;
	default:
		return 0;
	}
}

/* Bytes that the header of a transport protocol must have. */
static __always_inline __u32 proto_header(__u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return 20;
	case IPPROTO_UDP:
	case IPPROTO_DCCP:
	case IPPROTO_UDPLITE:
	case IPPROTO_ICMPV6:
		return 8;
	default:
		return 0;
	}
}

/* RFC 7915, 5.1 and 5.1.1: Hop-by-Hop Options, Destination Options and Routing are skipped, one
 * Fragment Header is taken in, and nothing but a transport header may follow that. */
RARE verdict_t chain_walk(CTX *ctx, struct chain *chain)
{
	__u32 off, end, start;
	__u8 proto;

	if (!chain)
		return DROP(MALFORMED);
	start = off = chain->off;
	end = chain->end;
	proto = chain->proto;
	for (int i = 0; i < CHAIN_HEADERS; i++) {
		__u8 head[8];

		if (!proto_is_chain(proto))
			break;
		if (chain->fragment)
			return DROP(FRAGMENT_CHAIN);
		if (off + sizeof(head) > end || ctx_load(ctx, off, head, sizeof(head)))
			return DROP(MALFORMED);
		if (proto == IPPROTO_FRAGMENT) {
			chain->fragment = 1;
			chain->offset = head[2] << 5 | head[3] >> 3;
			chain->more = head[3] & IP6_MF;
			chain->id = (__u32)head[4] << 24 | head[5] << 16 | head[6] << 8 | head[7];
			off += sizeof(head);
		} else {
			if (proto == IPPROTO_ROUTING && head[3] && !chain->pointer)
				chain->pointer = off + 3;
			off += (head[1] + 1) * 8;
		}
		if (off > end)
			return DROP(MALFORMED);
		if (off - start > CHAIN_BYTES)
			return DROP(HEADER_CHAIN);
		proto = head[0];
	}
	if (chain->fragment && (proto_is_chain(proto) || proto == IPPROTO_AH))
		return DROP(FRAGMENT_CHAIN);
	if (proto_is_chain(proto))
		return DROP(HEADER_CHAIN);
	chain->off = off;
	chain->proto = proto;
	return VERDICT_OK;
}

/* What a walk found. `payload`: bytes from the transport header on. */
static __always_inline void ip_info_of_chain(const struct chain *chain, __u32 payload,
					     struct ip_info *info)
{
	info->payload = payload;
	info->proto = chain->proto;
	info->fragment = chain->fragment;
	info->more = chain->more;
	info->offset = chain->offset;
	info->id = chain->id;
}

/* Takes the extension headers of a packet into account. */
static __always_inline verdict_t parse_chain(CTX *ctx, struct pkt *pkt)
{
	struct chain chain = {
		.off = pkt->l4,
		.end = pkt->len,
		.proto = pkt->info.proto,
	};

	TRY(chain_walk(ctx, &chain));
	pkt->l4 = chain.off;
	pkt->pointer = chain.pointer;
	ip_info_of_chain(&chain, pkt->len - chain.off, &pkt->info);
	return VERDICT_OK;
}

/* What holds for the transport header of both versions. RFC 7915, 1.2: no ICMP in fragments. */
static __always_inline verdict_t parse_transport(const struct ip_info *info)
{
	if (info->fragment) {
		if (info->proto == IPPROTO_ICMPV6 && (info->offset || info->more))
			return DROP(FRAGMENTED_ICMP);
		if (info->offset)
			return VERDICT_OK;
	}
	return info->payload < proto_header(info->proto) ? DROP(SHORT_TRANSPORT) : VERDICT_OK;
}

/* An IPv6 packet of the prefix without extension headers, or with those not looked at: the rest of
 * pkt from pkt->ip6. `proto`: its Next Header. */
static __always_inline verdict_t parse_plain_64(CTX *ctx, struct pkt *pkt, __u8 proto)
{
	pkt->src4 = 0;
	pkt->dst4 = 0;
	pkt->l4 = sizeof(pkt->ip6);
	pkt->pointer = 0;
	pkt->info = ip_info_of_6(&pkt->ip6);
	pkt->info.proto = proto;
	pkt->len = sizeof(pkt->ip6) + pkt->info.payload;
	return pkt->ip6.version != 6 || pkt->len > ctx_len(ctx) ? DROP(MALFORMED) : VERDICT_OK;
}

/* The same of any IPv6 packet. */
static __always_inline verdict_t parse_64(CTX *ctx, struct pkt *pkt)
{
	TRY(parse_plain_64(ctx, pkt, pkt->ip6.nexthdr));
	if (proto_is_chain(pkt->info.proto))
		TRY(parse_chain(ctx, pkt));
	return VERDICT_OK;
}

/* RFC 7915, 4.1: options are ignored, but for a source route that is not used up. `end`: offset of
 * the first byte behind the options. */
RARE verdict_t parse_options(CTX *ctx, __u32 end)
{
	__u32 off = sizeof(struct iphdr);

	for (int i = 0; i < 40; i++) {
		__u8 option[3]; /* type, length, pointer */

		if (off + sizeof(option) > end || ctx_load(ctx, off, option, sizeof(option)))
			break;
		if (option[0] == 0) /* End of Options List */
			break;
		if (option[0] == 1) { /* No Operation */
			off++;
			continue;
		}
		if ((option[0] == 131 || option[0] == 137) && option[2] <= option[1])
			return DROP(SOURCE_ROUTE); /* LSRR, SSRR */
		if (option[1] < 2)
			break;
		off += option[1];
	}
	return VERDICT_OK;
}

/* Neither options nor a fragment. */
static __always_inline _Bool ip4_is_plain(const struct iphdr *ip4)
{
	return ip4->version == 4 && ip4->ihl == 5 && !(ip4->frag_off & be16(IP4_MF | IP4_OFFSET));
}

/* Such a packet for the pool. `proto`: its Protocol, one that IPv6 calls the same. */
static __always_inline verdict_t parse_plain_46(CTX *ctx, const struct iphdr *ip4, struct pkt *pkt,
						__u8 proto)
{
	__u32 len = cpu16(ip4->tot_len);

	*pkt = (struct pkt) {
		.src4	= ip4->saddr,
		.dst4	= ip4->daddr,
		.len	= len,
		.l4	= sizeof(*ip4),
		.info	= {
			.payload = len - sizeof(*ip4),
			.tos	= ip4->tos,
			.ttl	= ip4->ttl,
			.proto	= proto,
		},
	};
	if (len < sizeof(*ip4) || len > ctx_len(ctx))
		return DROP(MALFORMED);
	return parse_transport(&pkt->info);
}

/* An IPv4 packet for the pool. */
static __always_inline verdict_t parse_46(CTX *ctx, const struct iphdr *ip4, struct pkt *pkt)
{
	__u32 header = ip4->ihl * 4, len = cpu16(ip4->tot_len);

	*pkt = (struct pkt){
		.src4 = ip4->saddr,
		.dst4 = ip4->daddr,
		.len = len,
		.l4 = header,
		.info = ip_info_of_4(ip4),
	};
	if (ip4->version != 4 || header < sizeof(*ip4) || len < header || len > ctx_len(ctx))
		return DROP(MALFORMED);
	if (header > sizeof(*ip4))
		TRY(parse_options(ctx, header));
	if (ip4->protocol == IPPROTO_IGMP)
		return DROP(IGMP);
	if (ip4->protocol == IPPROTO_ICMPV6 || proto_is_chain(ip4->protocol))
		return DROP(IPV6_PROTOCOL);
	return parse_transport(&pkt->info);
}
