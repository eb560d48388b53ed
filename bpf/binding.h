/* SPDX-License-Identifier: GPL-2.0-only */
/* Bindings: client <-> pool address. Look up, allocate, touch, refuse. Slots are claimed by
 * compare-and-swap, clients by an insert that fails if there is one already: no address twice, no
 * client twice, on any number of CPUs, and the first packet of a client is never lost. */
#pragma once

#include "addr.h"
#include "csum.h"
#include "event.h"
#include "linear.h"
#include "order.h"
#include "quota.h"

#define BINDING_TOUCH_TICKS 100	  /* write last_seen at most so often: 0.1 to 1 s */
#define BINDING_PROBES	    65536 /* slots looked at for a free one, where one must be free */
#define BINDING_SWEEP	    64	  /* slots looked at for an idle one, a miss */
#define BINDING_RETRY_MAX   500000000ull /* ns that a full pool is not looked at again, at most */

static __always_inline _Bool slot_is_bound(const struct nat64_slot *slot)
{
	return slot->state == NAT64_SLOT_DYNAMIC || slot->state == NAT64_SLOT_STATIC;
}

static __always_inline _Bool slot_has(const struct nat64_slot *slot, const struct in6_addr *addr6)
{
	const addr6_half *held = (const addr6_half *)&slot->addr6;
	struct addr6_halves a = addr6_halves(addr6);

	return held[0] == a.half[0] && held[1] == a.half[1];
}

/* A client that comes back after max-lease: what it had is forgotten, the address is as good as a
 * new one. */
RARE int binding_renew(struct nat64_slot *slot)
{
	const struct nat64_config *cfg = config();

	if (!cfg || !slot)
		return 0;
	event_binding(NAT64_EVENT_EXPIRED, &slot->addr6, slot->addr4, slot->last_seen);
	slot->flags = 0;
	slot->generation++;
	count(NAT64_COUNT_EXPIRED, 0);
	count(NAT64_COUNT_BINDINGS, 0);
	event_binding(NAT64_EVENT_MADE, &slot->addr6, slot->addr4, 0);
	return 0;
}

/* nat64_slot.mac: an Ethernet address, or that it is unknown, and how often one was forgotten. */
static __always_inline _Bool mac_is_known(__u64 mac)
{
	return mac && !(mac & NAT64_MAC_UNKNOWN);
}

/* The address in 16-bit parts as they lie in memory; the count stays that of `was`. */
static __always_inline __u64 mac_known(__u64 was, const __u16 part[3])
{
	__u64 count = (was & ~NAT64_MAC_UNKNOWN) >> 48;

	return part[0] | (__u64)part[1] << 16 | (__u64)part[2] << 32 | count << 48;
}

/* Unknown; the count is one higher than that of `was`. */
static __always_inline __u64 mac_forgotten(__u64 was)
{
	__u64 count = (was >> 48) + 1;

	return count << 48 | NAT64_MAC_UNKNOWN;
}

/* From here on the slot's client is another one. A CPU that has looked up the old client before
 * does not get that client's address in any more (link_learn()). The slot is CLAIMED or serves, by
 * arithmetic, the new client already. */
static __always_inline void binding_forget_mac(struct nat64_slot *slot)
{
	/* for a program of an earlier build, which knows no NAT64_MAC_UNKNOWN */
	slot->mac_ifindex = 0;
	__sync_lock_test_and_set(&slot->mac, mac_forgotten(slot->mac));
}

/* Notes that a client uses its binding. */
static __always_inline void binding_touch_64(const struct nat64_config *cfg,
					     struct nat64_slot *slot)
{
	__u32 tick = clock_tick();
	__u64 now;

	if (tick - slot->seen_tick < BINDING_TOUCH_TICKS)
		return;
	now = clock_boot_ns();
	if (slot->state == NAT64_SLOT_DYNAMIC && slot->last_seen + cfg->max_lease < now)
		binding_renew(slot);
	slot->seen_tick = tick;
	slot->last_seen = now;
}

/* Notes a packet to a client; those of some protocols leave conntrack entries that outlive
 * min-lease (decision 18). False: the binding is forgotten. */
static __always_inline _Bool binding_touch_46(const struct nat64_config *cfg,
					      struct nat64_slot *slot, __u8 proto)
{
	__u32 tick = clock_tick(), flags = cfg->flags & NAT64_FLOWTABLE ? NAT64_SLOT_REPLIED : 0;
	__u64 now;

	if (proto == IPPROTO_SCTP || proto == IPPROTO_DCCP)
		flags |= NAT64_SLOT_LONG;
	if (flags & ~slot->flags)
		__sync_fetch_and_or(&slot->flags, flags);
	if (tick - slot->seen_tick < BINDING_TOUCH_TICKS)
		return 1;
	now = clock_boot_ns();
	if (slot->state == NAT64_SLOT_DYNAMIC && slot->last_seen + cfg->max_lease < now)
		return 0;
	slot->seen_tick = tick;
	slot->last_seen = now;
	return 1;
}

/* The slot of a client, or NULL. `hash`: nat64_hash() of it. The home slot needs no hash look-up.
 */
static __always_inline struct nat64_slot *binding_slot_64(const struct nat64_config *cfg,
							  const struct in6_addr *addr6, __u32 hash)
{
	struct nat64_slot *slot = slots_at(hash & (cfg->pool_size - 1));
	struct in6_addr key;
	__s64 index;

	if (slot && slot_is_bound(slot) && slot_has(slot, addr6))
		return slot;
	key = *addr6; /* so that the caller's need not be in memory */
	index = clients_find(&key);
	if (index < 0)
		return NULL;
	slot = slots_at(index);
	return slot && slot_has(slot, addr6) ? slot : NULL;
}

/* IPv4 address of a client, 0: it has none. `*slot`: where it is kept, NULL where it is arithmetic.
 */
static __always_inline __be32 binding_by_addr6(const struct nat64_config *cfg,
					       const struct in6_addr *addr6, __u32 hash,
					       struct nat64_slot **slot)
{
	*slot = NULL;
	if (cfg->flags & NAT64_LINEAR) {
		struct in6_addr client = *addr6;

		return linear_64(&client);
	}
	*slot = binding_slot_64(cfg, addr6, hash);
	return *slot ? (*slot)->addr4 : 0;
}

/* The slot of an IPv4 address, bound or not; NULL: the address is none of ours. */
static __always_inline struct nat64_slot *binding_by_addr4(const struct nat64_config *cfg,
							   __be32 addr4)
{
	__u32 index = cpu32(addr4) - cfg->pool_first;

	if (index >= cfg->pool_size) {
		__s64 found = cfg->extern_count ? extern_find(addr4) : -1;

		if (found < 0)
			return NULL;
		index = found;
	}
	return slots_at(index);
}

/* The client of a slot that binding_by_addr4() gave. False: nobody has it. */
static __always_inline _Bool binding_client(const struct nat64_config *cfg,
					    const struct nat64_slot *slot, __be32 addr4,
					    struct in6_addr *addr6)
{
	if (slot_is_bound(slot)) {
		addr6_copy(addr6, &slot->addr6);
		return 1;
	}
	if (cfg->flags & NAT64_LINEAR && slot->state == NAT64_SLOT_FREE) {
		struct in6_addr client;

		if (linear_46(cpu32(addr4) - cfg->pool_first, &client))
			return 0;
		*addr6 = client;
		return 1;
	}
	return 0;
}
