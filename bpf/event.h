/* SPDX-License-Identifier: GPL-2.0-only */
/* What user space is told: bindings one by one, drops by sample. The ring may be full or unread:
 * that costs the packet nothing but a failed reservation. */
#pragma once

#include "addr.h"
#include "parse.h"

/* A binding that began or ended. */
static __always_inline void event_binding(enum nat64_event_kind kind,
					  const struct in6_addr *client6, __be32 pool4,
					  __u64 last_seen)
{
	struct nat64_event *event = event_reserve();

	if (!event) {
		count(NAT64_COUNT_EVENTS_LOST, 0);
		return;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->time = clock_boot_ns();
	event->last_seen = last_seen;
	event->client6 = *client6;
	event->pool4 = pool4;
	event->kind = kind;
	event_submit(event);
}

/* Takes a token of `rate` a second. In a flood, where there is none, it costs no clock. */
static __always_inline _Bool tokens_take(struct nat64_tokens *t, __u32 rate)
{
	__u32 tick = clock_tick();
	__u64 now;

	if (!rate || t->empty_tick == tick)
		return 0;
	now = clock_boot_ns();
	if (t->full_at < now)
		t->full_at = now;
	if (t->full_at > now + 1000000000ull) {
		t->empty_tick = tick;
		return 0;
	}
	t->full_at += 1000000000ull / rate;
	return 1;
}

static __always_inline _Bool event_has_ports(__u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP ||
	       proto == IPPROTO_DCCP || proto == IPPROTO_UDPLITE;
}

/* A packet on its way out, for which a token was taken. It is read anew: where it was dropped no
 * two places know the same of it. */
RARE int event_drop(CTX *ctx, __u32 reason, int is_64)
{
	struct nat64_event *event;
	struct ipv6hdr ip6 = {};
	struct iphdr ip4 = {};
	__be16 port[2] = {};
	__u32 l4;

	if (is_64 ? ctx_load(ctx, 0, &ip6, sizeof(ip6)) : ctx_load(ctx, 0, &ip4, sizeof(ip4)))
		return 0;
	l4 = is_64 ? sizeof(ip6) : ip4.ihl * 4;
	if (event_has_ports(is_64 ? ip6.nexthdr : ip4.protocol) &&
	    !(cpu16(ip4.frag_off) & IP4_OFFSET) && ctx_load(ctx, l4, port, sizeof(port)))
		port[0] = port[1] = 0;
	event = event_reserve();
	if (!event) {
		count(NAT64_COUNT_EVENTS_LOST, 0);
		return 0;
	}
	*event = (struct nat64_event){
		.time = clock_boot_ns(),
		.client6 = ip6.saddr,
		.target6 = ip6.daddr,
		.pool4 = ip4.daddr,
		.remote4 = ip4.saddr,
		.kind = reason == NAT64_DROP_POOL_FULL || reason == NAT64_DROP_QUOTA ||
					reason == NAT64_DROP_LINEAR_RANGE ?
				NAT64_EVENT_REFUSED :
				NAT64_EVENT_DROP,
		.reason = reason,
		.len = ctx_len(ctx),
		.sport = port[0],
		.dport = port[1],
		.proto = is_64 ? ip6.nexthdr : ip4.protocol,
		.is_64 = is_64,
	};
	event_submit(event);
	return 0;
}
