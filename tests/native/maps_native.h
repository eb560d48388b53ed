/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps of bpf/maps.h over plain memory, for the core as native code. One instance, one CPU. */
#pragma once

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "be.h"
#include "nat64.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#define RARE	  static __attribute__((noinline, unused))
#define OWN_FRAME RARE
#define OPAQUE(x) ((void)(x))
#define LOOP(n, step, data)                        \
	do {                                       \
		for (__u32 i_ = 0; i_ < (n); i_++) \
			if (step(i_, data))        \
				break;             \
	} while (0)

struct nat64_scratch {
	__u8 message[2 * NAT64_SCRATCH_LEN];
	__u8 chunk[512 + 8];
	__u64 work[32];
};

struct nat64_tokens {
	__u64 full_at;
	__u32 empty_tick;
	__u32 reserved;
};

struct nat64_bucket {
	struct nat64_tokens error;
	struct nat64_tokens event;
};

#define NATIVE_HASH_SIZE (1 << 13) /* entries of a map, a power of two */

struct native_client {
	struct in6_addr addr6;
	__u32 index;
	bool used;
};

/* All state of the core. Slots are allocated by native_reset(). */
struct native_state {
	struct nat64_config config;
	struct nat64_slot *slots;
	__u32 slot_count;
	struct native_client clients[NATIVE_HASH_SIZE];
	struct native_client externs[NAT64_EXTERN_MAX]; /* addr4 in the first word of addr6 */
	struct nat64_counter counters[NAT64_COUNTERS];
	struct nat64_alloc alloc;
	struct nat64_scratch scratch;
	struct nat64_bucket bucket;
	struct native_client quotas[NATIVE_HASH_SIZE]; /* index: the count */
	struct nat64_event event;		       /* the last one */
	__u64 events;				       /* submitted */
	__u64 now_ns;				       /* the boot clock; set by the test */
};

extern struct native_state native;

static __always_inline const struct nat64_config *config(void)
{
	return &native.config;
}

static __always_inline struct nat64_slot *slots_at(__u32 index)
{
	return index < native.slot_count ? &native.slots[index] : NULL;
}

static inline struct native_client *native_find(struct native_client *table, __u32 size,
						const struct in6_addr *key)
{
	__u32 hash = bits32(key->s6_addr32[0]) * 31 + bits32(key->s6_addr32[1]) * 37 +
		     bits32(key->s6_addr32[2]) * 41 + bits32(key->s6_addr32[3]) * 2654435761u;

	hash ^= hash >> 15;
	for (__u32 i = 0; i < size; i++) {
		struct native_client *entry = &table[(hash + i) % size];

		if (!entry->used || !memcmp(&entry->addr6, key, sizeof(*key)))
			return entry;
	}
	return NULL;
}

static inline __s64 clients_find(const struct in6_addr *addr6)
{
	struct native_client *entry = native_find(native.clients, NATIVE_HASH_SIZE, addr6);

	return entry && entry->used ? (__s64)entry->index : -1;
}

static inline int native_insert(struct native_client *table, const struct in6_addr *addr6,
				__u32 index)
{
	struct native_client *entry = native_find(table, NATIVE_HASH_SIZE, addr6);

	if (!entry)
		return -E2BIG;
	if (entry->used)
		return -EEXIST;
	*entry = (struct native_client){ .addr6 = *addr6, .index = index, .used = true };
	return 0;
}

/* Deletes by moving what follows: no tombstones. */
static inline void native_delete(struct native_client *table, const struct in6_addr *addr6)
{
	struct native_client *entry = native_find(table, NATIVE_HASH_SIZE, addr6);
	__u32 i;

	if (!entry || !entry->used)
		return;
	entry->used = false;
	for (i = (entry - table + 1) % NATIVE_HASH_SIZE; table[i].used;
	     i = (i + 1) % NATIVE_HASH_SIZE) {
		struct native_client moved = table[i];

		table[i].used = false;
		native_insert(table, &moved.addr6, moved.index);
	}
}

static inline int clients_insert(const struct in6_addr *addr6, __u32 index)
{
	return native_insert(native.clients, addr6, index);
}

static inline void clients_delete(const struct in6_addr *addr6)
{
	native_delete(native.clients, addr6);
}

static inline struct in6_addr native_extern_key(__be32 addr4)
{
	struct in6_addr key = {};

	key.s6_addr32[0] = addr4;
	return key;
}

static inline __s64 extern_find(__be32 addr4)
{
	struct in6_addr key = native_extern_key(addr4);
	struct native_client *entry = native_find(native.externs, NAT64_EXTERN_MAX, &key);

	return entry && entry->used ? (__s64)entry->index : -1;
}

static inline void externs_insert(__be32 addr4, __u32 index)
{
	struct in6_addr key = native_extern_key(addr4);
	struct native_client *entry = native_find(native.externs, NAT64_EXTERN_MAX, &key);

	if (entry)
		*entry = (struct native_client){ .addr6 = key, .index = index, .used = true };
}

static inline __u32 *quota_find(const struct in6_addr *net)
{
	struct native_client *entry = native_find(native.quotas, NATIVE_HASH_SIZE, net);

	return entry && entry->used ? &entry->index : NULL;
}

static inline int quota_insert(const struct in6_addr *net, __u32 held)
{
	return native_insert(native.quotas, net, held);
}

static inline void quota_delete(const struct in6_addr *net)
{
	native_delete(native.quotas, net);
}

static inline struct nat64_event *event_reserve(void)
{
	return &native.event;
}

static inline void event_submit(struct nat64_event *event)
{
	native.events++;
}

static __always_inline struct nat64_alloc *alloc_state(void)
{
	return &native.alloc;
}

static __always_inline struct nat64_scratch *scratch(void)
{
	return &native.scratch;
}

static __always_inline struct nat64_bucket *bucket(void)
{
	return &native.bucket;
}

static __always_inline struct nat64_counter *counter_at(__u32 index)
{
	return index < NAT64_COUNTERS ? &native.counters[index] : NULL;
}

static __always_inline void count(__u32 index, __u64 bytes)
{
	native.counters[index].packets++;
	native.counters[index].bytes += bytes;
}

static __always_inline void count_drop(enum nat64_drop reason, __u64 bytes)
{
	count(NAT64_COUNT_MAX + reason, bytes);
}

static __always_inline __u32 cpu_number(void)
{
	return 0;
}

static __always_inline __u64 clock_boot_ns(void)
{
	return native.now_ns;
}

static __always_inline __u32 clock_tick(void)
{
	return native.now_ns / 4000000; /* as jiffies at 250 Hz */
}
