/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps of an instance and how the core reaches them. The native build brings functions of the
 * same names over plain memory (tests/native/maps_native.h). */
#pragma once

#include "kernel.h"
#include "nat64.h"

/* A workspace too big for the stack. */
struct nat64_scratch {
	__u8 message[2 * NAT64_SCRATCH_LEN]; /* an ICMP message under construction */
	__u8 chunk[512 + 8];		     /* what ctx_sum() looks at */
	__u64 work[32];			     /* struct icmp_work of an ICMP error */
	__u64 fib[8];			     /* struct bpf_fib_lookup */
};

/* A token bucket of a CPU, `rate` a second; it saves as many as one second's. */
struct nat64_tokens {
	__u64 full_at;	  /* ns of the boot clock at which it is full again */
	__u32 empty_tick; /* found empty in that tick: no need to look again within it */
	__u32 reserved;
};

struct nat64_bucket {
	struct nat64_tokens error; /* of own ICMPv6 errors */
	struct nat64_tokens event; /* of sampled drops */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct nat64_config);
	__uint(max_entries, 1);
} nat64_config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct nat64_slot);
	__uint(max_entries, 1); /* set by the loader */
	__uint(map_flags, BPF_F_MMAPABLE);
} nat64_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct in6_addr);
	__type(value, __u32);
	__uint(max_entries, 1); /* set by the loader */
} nat64_clients SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __be32);
	__type(value, __u32);
	__uint(max_entries, NAT64_EXTERN_MAX);
} nat64_extern SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct in6_addr);
	__type(value, __u32);
	__uint(max_entries, 1); /* set by the loader */
	__uint(map_flags, BPF_F_NO_PREALLOC);
} nat64_quota SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, NAT64_EVENTS_SIZE);
} nat64_events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct nat64_counter);
	__uint(max_entries, NAT64_COUNTERS);
} nat64_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct nat64_alloc);
	__uint(max_entries, 1);
} nat64_alloc SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct nat64_scratch);
	__uint(max_entries, 1);
} nat64_scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct nat64_bucket);
	__uint(max_entries, 1);
} nat64_bucket SEC(".maps");

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

/* 0 or -errno. */
static __always_inline int extern_insert(__be32 addr4, __u32 index)
{
	return bpf_map_update_elem(&nat64_extern, &addr4, &index, BPF_NOEXIST);
}

static __always_inline void extern_delete(__be32 addr4)
{
	bpf_map_delete_elem(&nat64_extern, &addr4);
}

/* Count of a client network, or NULL. */
static __always_inline __u32 *quota_find(const struct in6_addr *net)
{
	return bpf_map_lookup_elem(&nat64_quota, net);
}

/* 0, or -EEXIST: another CPU was first. */
static __always_inline int quota_insert(const struct in6_addr *net, __u32 held)
{
	return bpf_map_update_elem(&nat64_quota, net, &held, BPF_NOEXIST);
}

static __always_inline void quota_delete(const struct in6_addr *net)
{
	bpf_map_delete_elem(&nat64_quota, net);
}

/* Room for an event, or NULL: the ring is full. What is reserved must be submitted. */
static __always_inline struct nat64_event *event_reserve(void)
{
	return bpf_ringbuf_reserve(&nat64_events, sizeof(struct nat64_event), 0);
}

static __always_inline void event_submit(struct nat64_event *event)
{
	bpf_ringbuf_submit(event, 0);
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

static __always_inline __u32 cpu_number(void)
{
	return bpf_get_smp_processor_id();
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
