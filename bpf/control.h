/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes of bindings by user space, against allocations on other CPUs: include/nat64.h, struct
 * nat64_request. */
#pragma once

#include "alloc.h"

static __always_inline _Bool control_in_pool(const struct nat64_config *cfg, __u32 index)
{
	return index < cfg->pool_size;
}

/* Takes a bound slot from its client. 0, or -EBUSY: it has just changed hands, on another CPU, and
 * stays as it is. */
static __always_inline int control_seize(struct nat64_slot *slot, __u32 state,
					 const struct in6_addr *client)
{
	if (__sync_val_compare_and_swap(&slot->state, state, NAT64_SLOT_CLAIMED) != state)
		return -EBUSY;
	if (addr6_equal(&slot->addr6, client))
		return 0;
	__sync_lock_test_and_set(&slot->state, state);
	return -EBUSY;
}

/* The client's dynamic binding becomes a static one, without a moment in which it is none. 1, or
 * -EBUSY: it has just ended. */
static __always_inline int control_keep(struct nat64_slot *slot, const struct in6_addr *client)
{
	if (__sync_val_compare_and_swap(&slot->state, NAT64_SLOT_DYNAMIC, NAT64_SLOT_STATIC) !=
	    NAT64_SLOT_DYNAMIC)
		return -EBUSY;
	if (!addr6_equal(&slot->addr6, client)) {
		__sync_lock_test_and_set(&slot->state, NAT64_SLOT_DYNAMIC);
		return -EBUSY;
	}
	quota_give(client);
	return 1;
}

/* Takes a FREE slot, or finds the binding there already. 1: it is there, 0: claimed, else -errno.
 */
static __always_inline int control_claim(struct nat64_slot *slot,
					 const struct nat64_request *request)
{
	__u32 was = __sync_val_compare_and_swap(&slot->state, NAT64_SLOT_FREE, NAT64_SLOT_CLAIMED);

	if (was == NAT64_SLOT_FREE)
		return 0;
	was = READ_ORDERED(slot->state); /* before addr6: the swap that failed orders nothing */
	if (was == NAT64_SLOT_RESERVED)
		return -EADDRNOTAVAIL;
	if ((was != NAT64_SLOT_DYNAMIC && was != NAT64_SLOT_STATIC) ||
	    !addr6_equal(&slot->addr6, &request->addr6))
		return -EBUSY;
	if (was == NAT64_SLOT_DYNAMIC && request->state == NAT64_SLOT_STATIC)
		return control_keep(slot, &request->addr6);
	return 1;
}

static __always_inline int control_bind(const struct nat64_config *cfg, struct nat64_alloc *alloc,
					struct nat64_request *request)
{
	_Bool in_pool = control_in_pool(cfg, request->index);
	struct nat64_slot *slot = slots_at(request->index);
	struct in6_addr client = request->addr6;
	__s64 other;
	int err;

	if (request->state != NAT64_SLOT_DYNAMIC && request->state != NAT64_SLOT_STATIC)
		return -EINVAL;
	if (!slot || (in_pool && cpu32(request->addr4) - cfg->pool_first != request->index))
		return -EADDRNOTAVAIL;
	other = clients_find(&client);
	if (other >= 0 && other != request->index) {
		request->index = other;
		return -EEXIST;
	}
	err = control_claim(slot, request);
	if (err)
		return err < 0 ? err : 0;
	alloc_fill(slot, &client, request->addr4, request->last_seen, request->flags);
	err = clients_insert(&client, request->index);
	if (!err && !in_pool && extern_insert(request->addr4, request->index)) {
		clients_delete(&client);
		err = -ENOSPC;
	}
	if (err) {
		alloc_free(slot);
		other = err == -EEXIST ? clients_find(&client) : -1;
		if (other < 0)
			return -ENOSPC;
		request->index = other;
		return -EEXIST;
	}
	if (in_pool)
		__sync_fetch_and_add(&alloc->used, 1);
	if (request->state == NAT64_SLOT_DYNAMIC)
		quota_take(&client, QUOTA_NONE);
	__sync_lock_test_and_set(&slot->state, request->state);
	return 0;
}

static __always_inline int control_unbind(const struct nat64_config *cfg, struct nat64_alloc *alloc,
					  struct nat64_request *request)
{
	struct nat64_slot *slot = slots_at(request->index);
	_Bool in_pool = control_in_pool(cfg, request->index), expire = request->op == NAT64_EXPIRE;
	__u32 state;
	int err;

	if (!slot || !addr6_equal(&slot->addr6, &request->addr6) || !slot_is_bound(slot))
		return -ENOENT;
	state = slot->state;
	if (expire && state != NAT64_SLOT_DYNAMIC)
		return -EBUSY;
	err = control_seize(slot, state, &request->addr6);
	if (err)
		return err;
	if (expire && slot->last_seen + cfg->max_lease >= clock_boot_ns()) {
		__sync_lock_test_and_set(&slot->state, state);
		return -EBUSY;
	}

	clients_delete(&slot->addr6);
	if (!in_pool)
		extern_delete(slot->addr4);
	if (state == NAT64_SLOT_DYNAMIC)
		quota_give(&slot->addr6);
	if (expire)
		count(NAT64_COUNT_EXPIRED, 0);
	event_binding(expire ? NAT64_EVENT_EXPIRED : NAT64_EVENT_RELEASED, &slot->addr6,
		      slot->addr4, slot->last_seen);
	alloc_free(slot);
	if (in_pool) {
		__sync_fetch_and_add(&alloc->used, -1);
		alloc->retry_after = 0;
	}
	return 0;
}

static long control_forget_at(__u32 index, void *data)
{
	struct nat64_slot *slot = slots_at(index);

	if (slot)
		binding_forget_mac(slot);
	return 0;
}

static __always_inline int control_forget(const struct nat64_config *cfg)
{
	LOOP(cfg->pool_size, control_forget_at, NULL);
	return 0;
}

static __always_inline int control(struct nat64_request *request)
{
	const struct nat64_config *cfg = config();
	struct nat64_alloc *alloc = alloc_state();

	if (!cfg || !alloc)
		return -EINVAL;
	switch (request->op) {
	case NAT64_BIND:
		return control_bind(cfg, alloc, request);
	case NAT64_UNBIND:
	case NAT64_EXPIRE:
		return control_unbind(cfg, alloc, request);
	case NAT64_FORGET:
		return control_forget(cfg);
	default:
		return -EINVAL;
	}
}
