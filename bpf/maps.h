/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps of an instance and how the core reaches them. The native tests bring functions of the
 * same names over plain memory (tests/native/maps_native.h). */
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

NAT64_MAP(nat64_config, BPF_MAP_TYPE_ARRAY, __u32, struct nat64_config, 1);
NAT64_MAP(nat64_slots, BPF_MAP_TYPE_ARRAY, __u32, struct nat64_slot, 1);	/* sized by the loader */
NAT64_MAP(nat64_clients, BPF_MAP_TYPE_HASH, struct in6_addr, __u32, 1);		/* sized by the loader */
NAT64_MAP(nat64_extern, BPF_MAP_TYPE_HASH, __be32, __u32, NAT64_EXTERN_MAX);
NAT64_MAP(nat64_quota, BPF_MAP_TYPE_HASH, struct in6_addr, __u32, 1);		/* sized by the loader */
NAT64_MAP(nat64_counters, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct nat64_counter, NAT64_COUNTERS);
NAT64_MAP(nat64_alloc, BPF_MAP_TYPE_ARRAY, __u32, struct nat64_alloc, 1);
