/* SPDX-License-Identifier: GPL-2.0-only */
/* Who may talk to whom: sources of clients, IPv4 targets, IPv4 senders. docs/design.md,
 * decision 12. */
#pragma once

#include "addr.h"
#include "binding.h"
#include "pkt.h"
#include "xlat_icmp.h"

/* Is a non-global address allowed by `private = PREFIX` or, one of this host, by `host = allow`? */
RARE int policy_private_ok(CTX *ctx, __be32 addr)
{
	const struct nat64_config *cfg = config();

	if (!cfg)
		return 0;
	for (__u32 i = 0; i < NAT64_PRIVATE_MAX; i++) {
		if (i >= cfg->private_count)
			break;
		if (!((addr ^ cfg->private_ok[i].addr) & cfg->private_ok[i].mask))
			return 1;
	}
	return cfg->flags & NAT64_HOST_ALLOW && (addr == cfg->own4 || ctx_is_local4(ctx, addr));
}

/* May this non-global address appear under the prefix? RFC 6052, 3.1. */
static __always_inline _Bool policy_private(CTX *ctx, const struct nat64_config *cfg, __be32 addr)
{
	return (cfg->flags & (NAT64_WELL_KNOWN | NAT64_PRIVATE_ALLOW)) != NAT64_WELL_KNOWN ||
	       policy_private_ok(ctx, addr);
}

/* Where a client wants to go. own4 is let through: nftables says what happens to the host's own. */
static __always_inline verdict_t policy_target(CTX *ctx, const struct nat64_config *cfg,
					       __be32 addr)
{
	__u32 host = cpu32(addr);

	if (host - cfg->pool_first < cfg->pool_size)
		return cfg->flags & NAT64_HAIRPIN_ALLOW || addr == cfg->own4 ?
			       VERDICT_OK :
			       DROP(POOL_DESTINATION) | REPLY_PROHIBITED;
	if (!addr4_may_be_special(host))
		return VERDICT_OK;
	if (addr4_is_martian(host))
		return DROP(MARTIAN_DESTINATION);
	if (addr4_is_private(host) && !policy_private(ctx, cfg, addr))
		return DROP(PRIVATE_DESTINATION) | REPLY_PROHIBITED;
	return VERDICT_OK;
}

/* ICMPv4 error? It is never lost because of who sent it. */
static __always_inline _Bool policy_is_error(CTX *ctx, const struct pkt *pkt)
{
	__u8 type;

	return pkt->info.proto == IPPROTO_ICMPV6 && !ctx_load(ctx, pkt->l4, &type, 1) &&
	       icmp4_is_error(type);
}

/* An IPv4 sender that is not simply embedded in the prefix: sets src6 of an ICMPv4 error to own6
 * where its source cannot be expressed (RFC 7915, 4.1; R-SYS-03), drops the rest. */
RARE verdict_t policy_sender(CTX *ctx, struct pkt *pkt)
{
	const struct nat64_config *cfg = config();
	__u32 host;

	if (!cfg || !pkt)
		return DROP(MALFORMED);
	host = cpu32(pkt->src4);
	if (policy_is_error(ctx, pkt)) {
		if (pkt->src4 == cfg->own4 || !policy_private(ctx, cfg, pkt->src4))
			pkt->src6 = cfg->own6;
		return VERDICT_OK;
	}
	if (host - cfg->pool_first < cfg->pool_size && pkt->src4 != cfg->own4)
		return cfg->flags & NAT64_HAIRPIN_ALLOW ? VERDICT_OK : DROP(POOL_SOURCE);
	if (addr4_is_martian(host))
		return DROP(ILLEGAL_SOURCE);
	return policy_private(ctx, cfg, pkt->src4) ? VERDICT_OK : DROP(PRIVATE_SOURCE);
}

/* A source without a binding: may it have one? Sets src4 to own4 for an ICMPv6 error, which needs
 * none (RFC 6791, 3.2: a router has no mapping). */
RARE verdict_t policy_source(CTX *ctx, struct pkt *pkt)
{
	const struct nat64_config *cfg = config();
	__u8 type;

	if (!cfg || !pkt)
		return DROP(MALFORMED);
	if (addr6_is_illegal(&pkt->src6))
		return DROP(ILLEGAL_SOURCE);
	if (net6_contains(&cfg->prefix, &pkt->src6))
		return DROP(PREFIX_SOURCE);
	if (addr6_equal(&cfg->own6, &pkt->src6))
		return DROP(OWN_SOURCE);
	if (pkt->info.proto == IPPROTO_ICMPV6 && !pkt->info.offset &&
	    !ctx_load(ctx, pkt->l4, &type, 1) && !(type & 0x80)) {
		pkt->src4 = cfg->own4;
		return VERDICT_OK;
	}
	for (__u32 i = 0; i < NAT64_CLIENTS_MAX; i++) {
		if (i >= cfg->client_count)
			break;
		if (net6_contains(&cfg->client[i], &pkt->src6))
			return VERDICT_OK;
	}
	return DROP(SPOOFED_SOURCE);
}
