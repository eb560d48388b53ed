/* SPDX-License-Identifier: GPL-2.0-only */
/* XDP entry point: the common packet of a client that has its binding, IPv6 to IPv4, before there
 * is an skb. All else goes on to TC ingress as it came, neither changed nor counted: what is not
 * ours, errors and drops, ICMP, fragments and extension headers, new clients, open checksums. */
#include "ctx_xdp.h"
#include "parse.h"
#include "policy.h"
#include "write.h"

/* Can this be an skb already (veth, generic XDP) whose checksum the kernel still has to complete?
 * The field then holds the pseudo-header's sum, to which a difference counts the other way round,
 * and no program of XDP is told. One complete checksum in 65,535 looks alike and takes the way
 * through TC, which knows. */
static __always_inline _Bool xdp_is_open(CTX *ctx, const struct pkt *pkt)
{
	__u32 check = proto_check(pkt->info.proto);
	csum_half *field;
	__u16 pseudo;

	if (!check)
		return 0;
	field = ctx_at(ctx, sizeof(struct ipv6hdr) + check, sizeof(*field));
	if (!field)
		return 1;
	pseudo = csum_fold(csum_words(&pkt->src6, 8) +
			   csum_pseudo(pkt->info.payload, pkt->info.proto));
	return *field == pseudo || (!*field && pseudo == 0xffff);
}

static __always_inline verdict_t xdp_64(CTX *ctx)
{
	const struct nat64_config *cfg = config();
	struct nat64_slot *slot;
	struct pkt pkt;
	__u32 hash;

	if (!cfg || !ctx_is_arrival_64(ctx) || ctx_load_head(ctx, 0, &pkt.ip6, sizeof(pkt.ip6)) ||
	    !net6_contains(&cfg->prefix, &pkt.dst6))
		return VERDICT_NOT_OURS;
	if (cfg->prefix_len != 96 ||
	    (pkt.ip6.nexthdr != IPPROTO_TCP && pkt.ip6.nexthdr != IPPROTO_UDP))
		return VERDICT_NOT_OURS;
	/* longer than the MTU: a GSO packet under generic XDP, whose kind only TC can change */
	if (parse_plain_64(ctx, &pkt, pkt.ip6.nexthdr) || (cfg->vpn_mtu && pkt.len > cfg->vpn_mtu))
		return VERDICT_NOT_OURS;
	pkt.dst4 = addr_extract(&pkt.dst6, 96);
	hash = nat64_hash(cfg->seed, &pkt.src6);
	pkt.src4 = binding_by_addr6(cfg, &pkt.src6, hash, &slot);
	if (!pkt.src4 || policy_target(ctx, cfg, pkt.dst4) || parse_transport(&pkt.info) ||
	    xdp_is_open(ctx, &pkt) || ctx_mark(ctx, pkt.src4))
		return VERDICT_NOT_OURS;

	if (slot)
		binding_touch_64(cfg, slot);
	return write_64(ctx, cfg, &pkt, slot ? write_slot_64(cfg, slot) : write_diff_64(&pkt),
			hash);
}

SEC("xdp")
int nat64_xdp(struct xdp_md *ctx)
{
	verdict_t verdict = xdp_64(ctx);

	if (verdict_goes_on(verdict))
		return XDP_PASS;
	count_drop(verdict_reason(verdict), ctx_len(ctx));
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
