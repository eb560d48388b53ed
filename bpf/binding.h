/* SPDX-License-Identifier: GPL-2.0-only */
/* Bindings: client <-> pool address. Look up, allocate, touch, refuse. Slots are claimed by
 * compare-and-swap, clients by an insert that fails if there is one already: no address twice, no
 * client twice, on any number of CPUs, and the first packet of a client is never lost. */
#pragma once

#include "addr.h"
#include "csum.h"

#define BINDING_TOUCH_TICKS	100	/* write last_seen at most so often: 0.1 to 1 s */
#define BINDING_PROBES		65536	/* slots looked at for a free one, where one must be free */
#define BINDING_SWEEP		64	/* slots looked at for an idle one, a miss */
#define BINDING_SWEEP_PAUSE	500000	/* ns between two sweeps of a full pool */

static __always_inline _Bool slot_is_bound(const struct nat64_slot *slot)
{
	return slot->state == NAT64_SLOT_DYNAMIC || slot->state == NAT64_SLOT_STATIC;
}

/* Notes that a binding is in use; both directions do. */
static __always_inline void binding_touch(struct nat64_slot *slot)
{
	__u32 tick = clock_tick();

	if (tick - slot->seen_tick < BINDING_TOUCH_TICKS)
		return;
	slot->seen_tick = tick;
	slot->last_seen = clock_boot_ns();
}

/* The slot of a client, or NULL. `hash`: nat64_hash() of it. The home slot needs no hash look-up. */
static __always_inline struct nat64_slot *
binding_by_addr6(const struct nat64_config *cfg, const struct in6_addr *addr6, __u32 hash)
{
	struct nat64_slot *slot = slots_at(hash & (cfg->pool_size - 1));
	__s64 index;

	if (slot && slot_is_bound(slot) && addr6_equal(&slot->addr6, addr6))
		return slot;
	index = clients_find(addr6);
	if (index < 0)
		return NULL;
	slot = slots_at(index);
	return slot && addr6_equal(&slot->addr6, addr6) ? slot : NULL;
}

/* The slot of an IPv4 address, bound or not; NULL: the address is none of ours. */
static __always_inline struct nat64_slot *binding_by_addr4(const struct nat64_config *cfg, __be32 addr4)
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

struct binding_search {
	__u64 now;		/* ns of the boot clock */
	__u64 min_lease;	/* ns */
	__u64 oldest;		/* last_seen of the best idle slot so far */
	__u32 first;		/* slot to begin with */
	__u32 mask;		/* pool size - 1 */
	__s64 found;		/* slot, or -1 */
};

/* One slot looked at for a free one; takes it. */
static long binding_probe(__u32 i, void *data)
{
	struct binding_search *search = data;
	__u32 index = (search->first + i) & search->mask;
	struct nat64_slot *slot = slots_at(index);

	if (!slot)
		return 1;
	if (slot->state != NAT64_SLOT_FREE ||
	    __sync_val_compare_and_swap(&slot->state, NAT64_SLOT_FREE, NAT64_SLOT_CLAIMED) !=
		    NAT64_SLOT_FREE)
		return 0;
	search->found = index;
	return 1;
}

/* One slot looked at for a dynamic binding that has been idle for longer than min-lease. */
static long binding_age(__u32 i, void *data)
{
	struct binding_search *search = data;
	__u32 index = (search->first + i) & search->mask;
	struct nat64_slot *slot = slots_at(index);

	if (!slot)
		return 1;
	if (slot->state == NAT64_SLOT_DYNAMIC && slot->last_seen + search->min_lease < search->now &&
	    slot->last_seen < search->oldest) {
		search->oldest = slot->last_seen;
		search->found = index;
	}
	return 0;
}

/* Takes the longest idle of the next 64 slots from its client. Slot index, or -1. */
static __always_inline __s64
binding_reclaim(const struct nat64_config *cfg, struct nat64_alloc *alloc, __u64 now)
{
	struct binding_search search = {
		.now		= now,
		.min_lease	= cfg->min_lease,
		.oldest		= ~0ull,
		.mask		= cfg->pool_size - 1,
		.found		= -1,
	};
	struct nat64_slot *slot;

	if (now < alloc->retry_after)
		return -1;
	search.first = __sync_fetch_and_add(&alloc->hand, BINDING_SWEEP);
	LOOP(BINDING_SWEEP, binding_age, &search);
	slot = search.found < 0 ? NULL : slots_at(search.found);
	if (!slot) {
		alloc->retry_after = now + BINDING_SWEEP_PAUSE;
		return -1;
	}
	if (__sync_val_compare_and_swap(&slot->state, NAT64_SLOT_DYNAMIC, NAT64_SLOT_CLAIMED) !=
	    NAT64_SLOT_DYNAMIC)
		return -1;
	if (slot->last_seen != search.oldest) {		/* its client has just come back */
		slot->state = NAT64_SLOT_DYNAMIC;
		return -1;
	}
	clients_delete(&slot->addr6);
	count(NAT64_COUNT_RECLAIMED, 0);
	return search.found;
}

/* Makes a dynamic binding for a client that has none. Index of its slot, or -enum nat64_drop. */
RARE int binding_make(const struct in6_addr *addr6)
{
	const struct nat64_config *cfg = config();
	struct nat64_alloc *alloc = alloc_state();
	__u64 now = clock_boot_ns();
	struct in6_addr client;
	struct nat64_slot *slot;
	__s64 index, other;

	if (!addr6 || !cfg || !alloc)
		return -NAT64_DROP_POOL_FULL;
	client = *addr6;
	if (__sync_fetch_and_add(&alloc->used, 1) < cfg->capacity) {
		struct binding_search search = {
			.first	= nat64_hash(cfg->seed, &client),
			.mask	= cfg->pool_size - 1,
			.found	= -1,
		};

		LOOP(cfg->pool_size < BINDING_PROBES ? cfg->pool_size : BINDING_PROBES,
		     binding_probe, &search);
		index = search.found;
		if (index < 0)
			__sync_fetch_and_add(&alloc->used, -1);
	} else {
		__sync_fetch_and_add(&alloc->used, -1);
		index = binding_reclaim(cfg, alloc, now);
	}
	if (index < 0) {	/* another CPU may have made it meanwhile */
		other = clients_find(&client);
		return other < 0 ? -NAT64_DROP_POOL_FULL : other;
	}
	slot = slots_at(index);
	if (!slot)
		return -NAT64_DROP_POOL_FULL;
	slot->addr6 = client;
	slot->addr4 = be32(cfg->pool_first + index);
	slot->csum_diff = csum_fold(bits32(slot->addr4) + csum_minus(&client, 4));
	slot->last_seen = now;
	slot->seen_tick = clock_tick();
	slot->flags = 0;
	slot->generation++;
	if (clients_insert(&client, index)) {
		other = clients_find(&client);
		__builtin_memset(&slot->addr6, 0, sizeof(slot->addr6));
		slot->state = NAT64_SLOT_FREE;
		__sync_fetch_and_add(&alloc->used, -1);
		return other < 0 ? -NAT64_DROP_POOL_FULL : other;
	}
	__sync_lock_test_and_set(&slot->state, NAT64_SLOT_DYNAMIC);
	count(NAT64_COUNT_BINDINGS, 0);
	return index;
}
