/* SPDX-License-Identifier: GPL-2.0-only */
/* The story of a packet: parse, bind, translate, write. docs/design.md, section 4. */
#pragma once

#include "alloc.h"
#include "icmp.h"
#include "link.h"
#include "parse.h"
#include "policy.h"
#include "reply.h"
#include "write.h"

/* An ICMPv6 error is due about everything but ICMPv6, RFC 7915, 5.4, and about echo requests, since
 * a client that pings is to learn why nothing comes back: RFC 4443, 2.4 (e), allows it, and forbids
 * it about errors only. */
static __always_inline verdict_t path_refuse(CTX *ctx, const struct nat64_config *cfg,
					     const struct pkt *pkt, verdict_t verdict)
{
	__u8 type;

	if (pkt->info.proto != IPPROTO_ICMPV6)
		return verdict;
	if (cfg->flags & NAT64_ECHO_SILENT || pkt->info.offset ||
	    ctx_load(ctx, pkt->l4, &type, sizeof(type)) || type != ICMPV6_ECHO_REQUEST)
		return verdict_reason(verdict);
	return verdict;
}

/* May the packet go where it wants to? */
static __always_inline verdict_t path_check_64(CTX *ctx, const struct nat64_config *cfg,
					       struct pkt *pkt)
{
	verdict_t verdict = policy_target(ctx, cfg, pkt->dst4);

	if (verdict)
		return path_refuse(ctx, cfg, pkt, verdict);
	if (pkt->pointer)
		return path_refuse(ctx, cfg, pkt,
				   verdict_pointer(DROP(SEGMENTS_LEFT), pkt->pointer));
	if (pkt->info.proto == IPPROTO_ICMP)
		return DROP(IPV4_PROTOCOL);
	return parse_transport(&pkt->info);
}

/* A client that has no binding, and gets none: what most packets of a flood of them are, so it must
 * be cheap. VERDICT_FULL: it may get one, or the packet is not a plain one of TCP or UDP. */
RARE verdict_t path_refused_64(CTX *ctx)
{
	const struct nat64_config *cfg = config();
	struct nat64_alloc *alloc = alloc_state();
	__u32 reason = NAT64_DROP_POOL_FULL;
	struct pkt pkt;

	if (!cfg || !alloc || cfg->flags & NAT64_LINEAR ||
	    ctx_load_plain(ctx, &pkt.ip6, sizeof(pkt.ip6)) ||
	    parse_plain_64(ctx, &pkt, pkt.ip6.nexthdr))
		return VERDICT_FULL;
	if (quota_is_full(cfg, &pkt.src6)) {
		/* perhaps full by this client's binding, made on another CPU */
		if (READ_ORDERED(alloc->making) || clients_find(&pkt.src6) >= 0)
			return VERDICT_FULL;
		reason = NAT64_DROP_QUOTA;
	} else if (!alloc_is_full(cfg, alloc)) {
		return VERDICT_FULL;
	}
	pkt.dst4 = addr_extract(&pkt.dst6, 96);
	TRY(policy_source(ctx, &pkt));
	TRY(path_check_64(ctx, cfg, &pkt));
	return reason | REPLY_UNREACHABLE;
}

/* A packet of TCP or UDP, `proto`, a constant, behind a bare header and under a /96. It goes the
 * same way as any other, if its client has a binding, but the compiler knows its offsets and keeps
 * no struct pkt in memory. */
static __always_inline verdict_t path_plain_64(CTX *ctx, const struct nat64_config *cfg,
					       struct pkt *pkt, __u8 proto)
{
	__u32 hash = nat64_hash(cfg->seed, &pkt->src6);
	struct nat64_slot *slot;

	if (parse_plain_64(ctx, pkt, proto))
		return VERDICT_FULL;
	pkt->dst4 = addr_extract(&pkt->dst6, 96);
	pkt->src4 = binding_by_addr6(cfg, &pkt->src6, hash, &slot);
	if (!pkt->src4)
		return path_refused_64(ctx);
	TRY(path_check_64(ctx, cfg, pkt));
	if (slot)
		binding_touch_64(cfg, slot);
	return write_64(ctx, cfg, pkt, slot ? write_slot_64(cfg, slot) : write_diff_64(pkt), hash);
}

/* What has arrived and is no IPv6 packet for this host. IPv4 that a client wrote itself passes, but
 * not with a source of the pool, unless the program of XDP has just made it: behind this hook such
 * a packet from the VPN interface is one that was translated, and nftables relies on that. */
RARE verdict_t path_native(CTX *ctx)
{
	const struct nat64_config *cfg = config();
	struct iphdr ip4;

	if (!cfg || !ctx_is(ctx, ETH_P_IP) || ctx_load_head(ctx, 0, &ip4, sizeof(ip4)))
		return VERDICT_NOT_OURS;
	if (!binding_by_addr4(cfg, ip4.saddr) || ctx_is_marked(ctx, ip4.saddr))
		return VERDICT_NOT_OURS;
	return DROP(POOL_SOURCE);
}

/* Client to IPv4 host: the common packet. VERDICT_FULL: another one, for path_64_full(). */
static __always_inline verdict_t path_64_common(CTX *ctx)
{
	const struct nat64_config *cfg = config();
	struct pkt pkt;

	if (!cfg || !ctx_is_arrival_64(ctx))
		return path_native(ctx);
	if (cfg->prefix_len != 96 || ctx_load_plain(ctx, &pkt.ip6, sizeof(pkt.ip6)))
		return VERDICT_FULL;
	if (!net6_contains(&cfg->prefix, &pkt.dst6))
		return VERDICT_NOT_OURS;
	switch (pkt.ip6.nexthdr) {
	case IPPROTO_TCP:
		return path_plain_64(ctx, cfg, &pkt, IPPROTO_TCP);
	case IPPROTO_UDP:
		return path_plain_64(ctx, cfg, &pkt, IPPROTO_UDP);
	default:
		return VERDICT_FULL;
	}
}

/* Any packet from a client, RFC 7915 section 5. */
RARE verdict_t path_64_full(CTX *ctx)
{
	const struct nat64_config *cfg = config();
	struct nat64_slot *slot;
	struct pkt pkt;
	__u32 hash;

	if (!cfg || ctx_load_head(ctx, 0, &pkt.ip6, sizeof(pkt.ip6)) ||
	    !net6_contains(&cfg->prefix, &pkt.dst6))
		return VERDICT_NOT_OURS;
	if (ctx_pull(ctx, sizeof(pkt.ip6) + sizeof(struct iphdr)))
		return DROP(UNREADABLE);
	TRY(parse_64(ctx, &pkt));
	pkt.dst4 = addr_extract(&pkt.dst6, cfg->prefix_len);

	hash = nat64_hash(cfg->seed, &pkt.src6);
	pkt.src4 = binding_by_addr6(cfg, &pkt.src6, hash, &slot);
	if (!pkt.src4)
		TRY(policy_source(ctx, &pkt));
	TRY(path_check_64(ctx, cfg, &pkt));
	if (!pkt.src4) {
		int made;

		if (cfg->flags & NAT64_LINEAR)
			return DROP(LINEAR_RANGE);
		made = binding_make(&pkt.src6);
		slot = made < 0 ? NULL : slots_at(made);
		if (!slot)
			return path_refuse(ctx, cfg, &pkt, (__u32)-made | REPLY_UNREACHABLE);
		pkt.src4 = slot->addr4;
	}
	if (slot)
		binding_touch_64(cfg, slot);
	if (pkt.info.proto == IPPROTO_ICMPV6)
		return icmp_64(ctx, &pkt, hash);
	return write_64_full(ctx, &pkt, write_diff_64(&pkt), hash);
}

/* Client to IPv4 host. */
static __always_inline verdict_t path_64(CTX *ctx)
{
	verdict_t verdict = path_64_common(ctx);

	return verdict == VERDICT_FULL ? path_64_full(ctx) : verdict;
}

/* UDP over IPv4 without checksum, RFC 7915, 4.5. */
RARE verdict_t path_udp_zero(CTX *ctx, struct pkt *pkt)
{
	const struct nat64_config *cfg = config();
	__u32 sum;
	__be16 len;
	__u16 check;

	if (!cfg || !pkt || ctx_load(ctx, pkt->l4 + 4, &len, sizeof(len)))
		return DROP(SHORT_TRANSPORT);
	if (cfg->udp_zero == NAT64_UDP_ZERO_FORWARD)
		return VERDICT_OK;
	if (cfg->udp_zero == NAT64_UDP_ZERO_DROP)
		return DROP(UDP_ZERO_CHECKSUM);
	if (pkt->info.fragment)
		return DROP(UDP_ZERO_FRAGMENT);
	if (cpu16(len) < 8 || cpu16(len) > pkt->info.payload)
		return DROP(MALFORMED);
	sum = ctx_sum(ctx, pkt->l4, cpu16(len));
	if (sum == SUM_FAILED)
		return DROP(UNREADABLE);
	/* right for the IPv4 addresses; write_46() makes it so for IPv6 */
	check = ~csum_fold((__u64)sum + bits32(pkt->src4) + bits32(pkt->dst4) +
			   csum_pseudo(cpu16(len), IPPROTO_UDP));
	if (!check)
		check = 0xffff;
	if (ctx_store(ctx, pkt->l4 + 6, &check, sizeof(check)))
		return DROP(UNREADABLE);
	count(NAT64_COUNT_UDP_COMPUTED, 0);
	return VERDICT_OK;
}

static __always_inline _Bool path_is_udp_zero(CTX *ctx, const struct pkt *pkt)
{
	__u16 check;

	if (pkt->info.proto != IPPROTO_UDP || pkt->info.offset)
		return 0;
	if (pkt->l4 == sizeof(struct iphdr) ?
		    ctx_load_head(ctx, sizeof(struct iphdr) + 6, &check, 2) :
		    ctx_load(ctx, pkt->l4 + 6, &check, 2))
		return 0;
	return !check;
}

/* Not simply embedded in the prefix, or not allowed to send? */
static __always_inline _Bool path_sender_needs_policy(const struct nat64_config *cfg, __be32 addr)
{
	__u32 host = cpu32(addr);

	return host - cfg->pool_first < cfg->pool_size ||
	       (addr4_may_be_special(host) && (addr4_is_martian(host) || addr4_is_private(host)));
}

/* As path_plain_64(); neither options nor a fragment. */
static __always_inline verdict_t path_plain_46(CTX *ctx, const struct nat64_config *cfg,
					       const struct iphdr *ip4, struct nat64_slot *slot,
					       __u8 proto)
{
	struct pkt pkt;

	if (parse_plain_46(ctx, ip4, &pkt, proto) || path_sender_needs_policy(cfg, pkt.src4) ||
	    path_is_udp_zero(ctx, &pkt) || !binding_client(cfg, slot, pkt.dst4, &pkt.dst6))
		return VERDICT_FULL;
	addr_embed(&cfg->prefix.addr, 96, pkt.src4, &pkt.src6);
	if (!binding_touch_46(cfg, slot, proto))
		return DROP(NO_BINDING);
	return write_46(ctx, cfg, &pkt,
			slot_is_bound(slot) ? write_slot_46(cfg, slot) : write_diff_46(&pkt));
}

/* Neither options nor a fragment, in front of TCP or UDP, to a client's slot. */
static __always_inline verdict_t path_slot_46(CTX *ctx, const struct nat64_config *cfg,
					      const struct iphdr *ip4, struct nat64_slot *slot)
{
	if (!ip4_is_plain(ip4))
		return VERDICT_FULL;
	switch (ip4->protocol) {
	case IPPROTO_TCP:
		return path_plain_46(ctx, cfg, ip4, slot, IPPROTO_TCP);
	case IPPROTO_UDP:
		return path_plain_46(ctx, cfg, ip4, slot, IPPROTO_UDP);
	default:
		return VERDICT_FULL;
	}
}

/* IPv4 host to client: the common packet, addressed to its client where that is known.
 * VERDICT_FULL: another one, for path_46_full(). Its stack must be gone when that runs: Linux 6.1
 * counts frames of 32 bytes. */
OWN_FRAME verdict_t path_46_common(CTX *ctx)
{
	const struct nat64_config *cfg = config();
	struct nat64_slot *slot;
	verdict_t verdict;
	struct iphdr ip4;

	if (!cfg || !ctx_is(ctx, ETH_P_IP))
		return VERDICT_NOT_OURS;
	if (cfg->prefix_len != 96 || ctx_load_plain(ctx, &ip4, sizeof(ip4)))
		return VERDICT_FULL;
	slot = binding_by_addr4(cfg, ip4.daddr);
	if (!slot)
		return VERDICT_NOT_OURS;

	verdict = path_slot_46(ctx, cfg, &ip4, slot);
	if (verdict == VERDICT_OK && link_address(ctx, slot))
		return VERDICT_SENT;
	return verdict;
}

/* Any packet to the pool, RFC 7915 section 4. */
RARE verdict_t path_46_full(CTX *ctx)
{
	const struct nat64_config *cfg = config();
	struct nat64_slot *slot;
	struct iphdr ip4;
	struct pkt pkt;

	if (!cfg || ctx_load_head(ctx, 0, &ip4, sizeof(ip4)))
		return VERDICT_NOT_OURS;
	slot = binding_by_addr4(cfg, ip4.daddr);
	if (!slot)
		return VERDICT_NOT_OURS;
	if (ctx_pull(ctx, 2 * sizeof(ip4)))
		return DROP(UNREADABLE);
	TRY(parse_46(ctx, &ip4, &pkt));
	if (!binding_client(cfg, slot, pkt.dst4, &pkt.dst6))
		return DROP(NO_BINDING);
	addr_embed(&cfg->prefix.addr, cfg->prefix_len, pkt.src4, &pkt.src6);
	if (path_sender_needs_policy(cfg, pkt.src4))
		TRY(policy_sender(ctx, &pkt));
	if (!binding_touch_46(cfg, slot, pkt.info.proto))
		return DROP(NO_BINDING);
	if (pkt.info.proto == IPPROTO_ICMPV6)
		return icmp_46(ctx, &pkt);
	if (path_is_udp_zero(ctx, &pkt))
		TRY(path_udp_zero(ctx, &pkt));
	return write_46_full(ctx, &pkt, write_diff_46(&pkt));
}

/* IPv4 host to client. VERDICT_SENT: on Ethernet, addressed to the client too. */
static __always_inline verdict_t path_46(CTX *ctx)
{
	verdict_t verdict = path_46_common(ctx);

	return verdict == VERDICT_FULL ? path_46_full(ctx) : verdict;
}
