/* SPDX-License-Identifier: GPL-2.0-only */
/* Egress on Ethernet: a translated frame is still addressed to the placeholder neighbour of the
 * pool's route.
 *
 * The kernel's neighbour layer finds the client's MAC address, or that of the router in front of
 * it: bpf_redirect_neigh() sends the packet through it, which costs a route look-up and a second
 * transmission. The frame that comes of it passes this program once more, as IPv6, and shows the
 * address; it is kept in the client's slot. While it is fresh, packets get it written over the
 * placeholder and go on as they are. So a route or neighbour that changes counts within 100 ticks
 * (0.1 to 1 s), and one packet in that time keeps the neighbour's entry in use. */
#pragma once

#include "binding.h"

#define LINK_FRESH_TICKS 100

/* Addresses a translated frame to its client. False: there is no Ethernet header, or the client's
 * address is not known, or not fresh. */
static __always_inline _Bool link_address(CTX *ctx, const struct nat64_slot *slot)
{
	__u16 part[3];
	__u64 mac;

	if (!ctx_has_link(ctx) || !slot)
		return 0;
	mac = slot->mac;
	if (!mac_is_known(mac) || slot->mac_ifindex != ctx_ifindex(ctx) ||
	    clock_tick() - slot->mac_tick >= LINK_FRESH_TICKS)
		return 0;
	part[0] = mac;
	part[1] = mac >> 16;
	part[2] = mac >> 32;
	return !ctx_store_link(ctx, part);
}

/* The slot of the client that an IPv6 frame of the prefix goes to, or NULL. */
static __always_inline struct nat64_slot *link_slot(CTX *ctx)
{
	const struct nat64_config *cfg = config();
	struct nat64_slot *slot;
	struct ipv6hdr ip6;
	__be32 addr4;

	if (!cfg || ctx_load_head(ctx, 0, &ip6, sizeof(ip6)) ||
	    !net6_contains(&cfg->prefix, &ip6.saddr))
		return NULL;
	addr4 = binding_by_addr6(cfg, &ip6.daddr, nat64_hash(cfg->seed, &ip6.daddr), &slot);
	return slot || !addr4 ? slot : binding_by_addr4(cfg, addr4);
}

/* link_address() for a packet whose slot the caller does not know. */
RARE int link_address_any(CTX *ctx)
{
	return link_address(ctx, link_slot(ctx));
}

/* Learns a client's address from an IPv6 frame that the neighbour layer has just addressed.
 *
 * The slot may change hands on another CPU meanwhile. That CPU claims the slot, has the address
 * forgotten, which counts up, and only then names the new client. So this one reads the count, then
 * sees whether the slot is still its client's, and writes only if the count has not changed. */
RARE int link_learn(CTX *ctx)
{
	struct nat64_slot *slot = link_slot(ctx);
	__u16 part[3];
	__u64 was;

	if (!slot || ctx_load_link(ctx, part))
		return 0;
	was = READ_ORDERED(slot->mac);
	if (link_slot(ctx) != slot)
		return 0;
	if (__sync_val_compare_and_swap(&slot->mac, was, mac_known(was, part)) != was)
		return 0;
	slot->mac_tick = clock_tick();
	slot->mac_ifindex = ctx_ifindex(ctx);
	return 0;
}
