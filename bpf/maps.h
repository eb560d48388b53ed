/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps of an instance and how the core reaches them. The native build brings functions of the
 * same names over plain memory (bpf/maps_native.h). */
#pragma once

#include "kernel.h"
#include "nat64.h"

#define NAT64_MAP(name, map_type, key_type, value_type, entries)	\
	struct {							\
		__uint(type, map_type);					\
		__type(key, key_type);					\
		__type(value, value_type);				\
		__uint(max_entries, entries);				\
	} name SEC(".maps")

/* A workspace too big for the stack. */
struct nat64_scratch {
	__u8 message[2 * NAT64_SCRATCH_LEN];	/* an ICMP message under construction */
	__u8 chunk[512 + 8];			/* what ctx_sum() looks at */
	__u64 work[32];				/* struct quote_work of an ICMP error */
	__u64 fib[8];				/* struct bpf_fib_lookup */
};

/* Token bucket of own ICMPv6 errors. */
struct nat64_bucket {
	__u64 full_at;		/* ns of the boot clock when it will be full again */
};

NAT64_MAP(nat64_config, BPF_MAP_TYPE_ARRAY, __u32, struct nat64_config, 1);
NAT64_MAP(nat64_slots, BPF_MAP_TYPE_ARRAY, __u32, struct nat64_slot, 1);	/* sized by the loader */
NAT64_MAP(nat64_clients, BPF_MAP_TYPE_HASH, struct in6_addr, __u32, 1);		/* sized by the loader */
NAT64_MAP(nat64_extern, BPF_MAP_TYPE_HASH, __be32, __u32, NAT64_EXTERN_MAX);
NAT64_MAP(nat64_quota, BPF_MAP_TYPE_HASH, struct in6_addr, __u32, 1);		/* sized by the loader */
NAT64_MAP(nat64_counters, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct nat64_counter, NAT64_COUNTERS);
NAT64_MAP(nat64_alloc, BPF_MAP_TYPE_ARRAY, __u32, struct nat64_alloc, 1);
NAT64_MAP(nat64_scratch, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct nat64_scratch, 1);
NAT64_MAP(nat64_bucket, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct nat64_bucket, 1);

static __always_inline const struct nat64_config *config(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&nat64_config, &zero);
}

static __always_inline struct nat64_slot *slots_at(__u32 index)
{
	return bpf_map_lookup_elem(&nat64_slots, &index);
}

/* Index of the slot that the client holds, or -1. */
static __always_inline __s64 clients_find(const struct in6_addr *addr6)
{
	__u32 *index = bpf_map_lookup_elem(&nat64_clients, addr6);

	return index ? (__s64)*index : -1;
}

/* 0, or -EEXIST: another CPU was first. */
static __always_inline int clients_insert(const struct in6_addr *addr6, __u32 index)
{
	return bpf_map_update_elem(&nat64_clients, addr6, &index, BPF_NOEXIST);
}

static __always_inline void clients_delete(const struct in6_addr *addr6)
{
	bpf_map_delete_elem(&nat64_clients, addr6);
}

/* Index of the slot of a static map outside the pool, or -1. */
static __always_inline __s64 extern_find(__be32 addr4)
{
	__u32 *index = bpf_map_lookup_elem(&nat64_extern, &addr4);

	return index ? (__s64)*index : -1;
}

static __always_inline struct nat64_alloc *alloc_state(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&nat64_alloc, &zero);
}

static __always_inline struct nat64_scratch *scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&nat64_scratch, &zero);
}

static __always_inline struct nat64_bucket *bucket(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&nat64_bucket, &zero);
}

/* This CPU's counter; index: see struct nat64_counter. Never NULL for an index of the list. */
static __always_inline struct nat64_counter *counter_at(__u32 index)
{
	return bpf_map_lookup_elem(&nat64_counters, &index);
}

static __always_inline void count(__u32 index, __u64 bytes)
{
	struct nat64_counter *counter = counter_at(index);

	if (!counter)
		return;
	counter->packets++;
	counter->bytes += bytes;
}

static __always_inline void count_drop(enum nat64_drop reason, __u64 bytes)
{
	count(NAT64_COUNT_MAX + reason, bytes);
}

static __always_inline __u64 clock_boot_ns(void)
{
	return bpf_ktime_get_boot_ns();
}

/* A clock that costs next to nothing: jiffies, of 1 to 10 ms. */
static __always_inline __u32 clock_tick(void)
{
	return bpf_jiffies64();
}
