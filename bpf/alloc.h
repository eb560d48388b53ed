/* SPDX-License-Identifier: GPL-2.0-only */
/* Making and ending dynamic bindings. docs/design.md, decisions 6 and 18. */
#pragma once

#include "binding.h"

struct alloc_search {
	__u64 now;	/* ns of the boot clock */
	__u64 oldest;	/* last_seen of the best idle slot so far */
	__u64 next_due; /* ns: earliest end of a lease among the others */
	__u32 first;	/* slot to begin with */
	__u32 step;	/* to the next slot; odd, so that all are reached */
	__u32 mask;	/* pool size - 1 */
	__s64 found;	/* slot, or -1 */
};

/* One slot looked at for a free one; takes it. */
static long alloc_probe(__u32 i, void *data)
{
	struct alloc_search *search = data;
	__u32 index = (search->first + i * search->step) & search->mask;
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

/* Idle for so long an address may go to another client; no conntrack entry is left then. */
static __always_inline __u64 alloc_lease(const struct nat64_config *cfg,
					 const struct nat64_slot *slot)
{
	__u64 lease = cfg->min_lease;

	if (slot->flags & NAT64_SLOT_REPLIED && cfg->fast_lease > lease)
		lease = cfg->fast_lease;
	if (slot->flags & NAT64_SLOT_LONG && cfg->max_lease > lease)
		lease = cfg->max_lease;
	return lease;
}

/* One slot looked at for a dynamic binding whose lease is over. */
static long alloc_age(__u32 i, void *data)
{
	struct alloc_search *search = data;
	const struct nat64_config *cfg = config();
	__u32 index = (search->first + i) & search->mask;
	struct nat64_slot *slot = slots_at(index);
	__u64 due;

	if (!slot || !cfg)
		return 1;
	if (slot->state != NAT64_SLOT_DYNAMIC)
		return 0;
	due = slot->last_seen + alloc_lease(cfg, slot);
	if (due >= search->now) {
		if (due < search->next_due)
			search->next_due = due;
	} else if (slot->last_seen < search->oldest) {
		search->oldest = slot->last_seen;
		search->found = index;
	}
	return 0;
}

/* A sweep found nothing. Once all slots were looked at, none can be free before the earliest lease
 * ends: until then refusal costs one comparison. */
static __always_inline void alloc_vain(struct nat64_alloc *alloc, const struct alloc_search *search)
{
	if (!alloc->next_due || search->next_due < alloc->next_due)
		alloc->next_due = search->next_due;
	if (__sync_fetch_and_add(&alloc->swept, BINDING_SWEEP) + BINDING_SWEEP <= search->mask)
		return;
	alloc->retry_after = alloc->next_due < search->now + BINDING_RETRY_MAX ?
				     alloc->next_due :
				     search->now + BINDING_RETRY_MAX;
	alloc->swept = 0;
	alloc->next_due = 0;
}

/* Ends the binding of a slot in state CLAIMED. */
static __always_inline void alloc_end(struct nat64_slot *slot, enum nat64_event_kind kind,
				      enum nat64_count counter)
{
	struct in6_addr client = slot->addr6;

	clients_delete(&client);
	quota_give(&client);
	count(counter, 0);
	event_binding(kind, &client, slot->addr4, slot->last_seen);
}

/* Takes the longest idle of the next 64 slots from its client. Slot index, or -1. */
static __always_inline __s64 alloc_reclaim(const struct nat64_config *cfg,
					   struct nat64_alloc *alloc, __u64 now)
{
	struct alloc_search search = {
		.now = now,
		.oldest = ~0ull,
		.next_due = ~0ull,
		.mask = cfg->pool_size - 1,
		.found = -1,
	};
	struct nat64_slot *slot;

	if (now < alloc->retry_after)
		return -1;
	search.first = __sync_fetch_and_add(&alloc->hand, BINDING_SWEEP);
	LOOP(BINDING_SWEEP, alloc_age, &search);
	slot = search.found < 0 ? NULL : slots_at(search.found);
	if (!slot) {
		alloc_vain(alloc, &search);
		return -1;
	}
	alloc->swept = 0;
	alloc->next_due = 0;
	if (__sync_val_compare_and_swap(&slot->state, NAT64_SLOT_DYNAMIC, NAT64_SLOT_CLAIMED) !=
	    NAT64_SLOT_DYNAMIC)
		return -1;
	if (slot->last_seen != search.oldest) { /* its client has just come back */
		slot->state = NAT64_SLOT_DYNAMIC;
		return -1;
	}
	alloc_end(slot, NAT64_EVENT_RECLAIMED, NAT64_COUNT_RECLAIMED);
	return search.found;
}

/* A slot in state CLAIMED, counted as used, or -1. */
static __always_inline __s64 alloc_slot(const struct nat64_config *cfg, struct nat64_alloc *alloc,
					__u32 hash, __u64 now)
{
	struct alloc_search search = {
		.first = hash,
		.step = hash >> 16 | 1,
		.mask = cfg->pool_size - 1,
		.found = -1,
	};

	if (__sync_fetch_and_add(&alloc->used, 1) < cfg->capacity)
		LOOP(cfg->pool_size < BINDING_PROBES ? cfg->pool_size : BINDING_PROBES, alloc_probe,
		     &search);
	if (search.found >= 0) {
		/* what was looked through in vain had a free one since: alloc_is_full() */
		if (alloc->retry_after)
			alloc->retry_after = 0;
		return search.found;
	}
	__sync_fetch_and_add(&alloc->used, -1);
	return alloc_reclaim(cfg, alloc, now);
}

static __always_inline void alloc_free(struct nat64_slot *slot)
{
	/* with NAT64_LINEAR the slot now serves the client of its number */
	binding_forget_mac(slot);
	__builtin_memset(&slot->addr6, 0, sizeof(slot->addr6));
	__sync_lock_test_and_set(&slot->state, NAT64_SLOT_FREE);
}

/* No address is free, and none will be looked for yet? Not while another CPU makes a binding, nor
 * where the last free address has just gone: it may have been for this client. `making` is read
 * after `used`, which it counts up before, and before `retry_after`. */
static __always_inline _Bool alloc_is_full(const struct nat64_config *cfg,
					   struct nat64_alloc *alloc)
{
	return alloc->used >= cfg->capacity && !READ_ORDERED(alloc->making) &&
	       clock_boot_ns() < alloc->retry_after;
}

/* Another CPU may have made the binding meanwhile. Its index, or -drop. */
static __always_inline int alloc_other(const struct in6_addr *client, enum nat64_drop drop)
{
	__s64 other = clients_find(client);

	return other < 0 ? -(int)drop : other;
}

static __always_inline void alloc_fill(struct nat64_slot *slot, const struct in6_addr *client,
				       __be32 addr4, __u64 last_seen, __u32 flags)
{
	binding_forget_mac(slot);
	slot->addr6 = *client;
	slot->addr4 = addr4;
	slot->csum_diff = csum_fold(bits32(addr4) + csum_minus(client, 4));
	slot->last_seen = last_seen;
	slot->seen_tick = clock_tick();
	slot->flags = flags;
	slot->generation++;
}

static __always_inline int alloc_make(const struct nat64_config *cfg, struct nat64_alloc *alloc,
				      const struct in6_addr *addr6)
{
	struct in6_addr client = *addr6;
	__u64 now = clock_boot_ns();
	struct nat64_slot *slot;
	__s64 index;

	if (quota_take(&client, cfg->quota ? cfg->quota : QUOTA_NONE))
		return alloc_other(&client, NAT64_DROP_QUOTA);
	index = alloc_slot(cfg, alloc, nat64_hash(cfg->seed, &client), now);
	slot = index < 0 ? NULL : slots_at(index);
	if (!slot) {
		quota_give(&client);
		return alloc_other(&client, NAT64_DROP_POOL_FULL);
	}
	alloc_fill(slot, &client, be32(cfg->pool_first + index), now, 0);
	if (clients_insert(&client, index)) {
		alloc_free(slot);
		__sync_fetch_and_add(&alloc->used, -1);
		quota_give(&client);
		return alloc_other(&client, NAT64_DROP_POOL_FULL);
	}
	__sync_lock_test_and_set(&slot->state, NAT64_SLOT_DYNAMIC);
	count(NAT64_COUNT_BINDINGS, 0);
	event_binding(NAT64_EVENT_MADE, &client, slot->addr4, 0);
	return index;
}

/* Makes a dynamic binding for a client that has none. Index of its slot, or -enum nat64_drop. */
RARE int binding_make(const struct in6_addr *addr6)
{
	const struct nat64_config *cfg = config();
	struct nat64_alloc *alloc = alloc_state();
	int made;

	if (!addr6 || !cfg || !alloc)
		return -NAT64_DROP_POOL_FULL;
	ADD_ORDERED(alloc->making, 1); /* before `used` counts up: alloc_is_full() */
	made = alloc_make(cfg, alloc, addr6);
	ADD_ORDERED(alloc->making, -1); /* after `retry_after` and nat64_clients were written */
	return made;
}
