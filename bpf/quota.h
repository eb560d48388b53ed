/* SPDX-License-Identifier: GPL-2.0-only */
/* How many dynamic bindings each client network holds. An entry lives as long as its count is not
 * 0; the one who brings it to 0 marks it dead before it deletes it, so that nobody counts on in
 * what is about to vanish. */
#pragma once

#include "addr.h"

#define QUOTA_DEAD  0x80000000	     /* count of an entry that is being deleted */
#define QUOTA_NONE  (QUOTA_DEAD - 1) /* limit of those who have none */
#define QUOTA_TRIES 4		     /* looks while another CPU makes or deletes the entry */

static __always_inline struct in6_addr quota_network(const struct nat64_config *cfg,
						     const struct in6_addr *addr6)
{
	struct in6_addr net = *addr6;

	UNROLL
	for (__u32 i = 0; i < 4; i++) {
		__u32 bits = cfg->quota_len > 32 * i ? cfg->quota_len - 32 * i : 0;

		if (bits < 32)
			net.s6_addr32[i] &= bits ? be32(~0u << (32 - bits)) : 0;
	}
	return net;
}

/* Would quota_take() refuse under the limit that is set? A look only. */
static __always_inline _Bool quota_is_full(const struct nat64_config *cfg,
					   const struct in6_addr *addr6)
{
	struct in6_addr net;
	__u32 *held;

	if (!cfg->quota)
		return 0;
	net = quota_network(cfg, addr6);
	held = quota_find(&net);
	return held && *held >= cfg->quota && *held < QUOTA_DEAD;
}

/* Counts a binding in. 0, or 1 if the network holds `limit` already. */
RARE int quota_take(const struct in6_addr *addr6, __u32 limit)
{
	const struct nat64_config *cfg = config();
	struct in6_addr net;

	if (!cfg || !addr6)
		return 1;
	net = quota_network(cfg, addr6);
	/* unrolled: 6.1 refuses a loop that goes back by falling through, as the compiler lays this
	 * one out */
#pragma GCC unroll 4
	for (int i = 0; i < QUOTA_TRIES; i++) {
		__u32 *held = quota_find(&net), before;

		if (!held) {
			int err = quota_insert(&net, 1);

			if (!err)
				return 0;
			if (err != -EEXIST)
				return 1;
			continue;
		}
		before = __sync_fetch_and_add(held, 1);
		if (before < limit)
			return 0;
		__sync_fetch_and_add(held, -1);
		if (before < QUOTA_DEAD)
			return 1;
	}
	return 1;
}

/* Counts a binding out. */
RARE int quota_give(const struct in6_addr *addr6)
{
	const struct nat64_config *cfg = config();
	struct in6_addr net;
	__u32 *held;

	if (!cfg || !addr6)
		return 0;
	net = quota_network(cfg, addr6);
	held = quota_find(&net);
	if (!held || !*held || *held >= QUOTA_DEAD)
		return 0;
	if (__sync_fetch_and_add(held, -1) == 1 &&
	    __sync_val_compare_and_swap(held, 0, QUOTA_DEAD) == 0)
		quota_delete(&net);
	return 0;
}
