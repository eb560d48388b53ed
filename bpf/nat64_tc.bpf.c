/* SPDX-License-Identifier: GPL-2.0-only */
/* TC entry points. */
#include "maps.h"

/* Bytes before the IP header: 14 on Ethernet, 0 on TUN and WireGuard. Set before load. */
const volatile __u32 nat64_link_hlen = ETH_HLEN;

SEC("tc")
int nat64_in(struct __sk_buff *skb)
{
	__u32 k = 0;
	bpf_map_lookup_elem(&nat64_config, &k);
	bpf_map_lookup_elem(&nat64_slots, &k);
	bpf_map_lookup_elem(&nat64_counters, &k);
	bpf_map_lookup_elem(&nat64_alloc, &k);
	bpf_map_lookup_elem(&nat64_extern, &k);
	return -1;
}

SEC("tc")
int nat64_out(struct __sk_buff *skb)
{
	struct in6_addr a = {};
	bpf_map_lookup_elem(&nat64_clients, &a);
	bpf_map_lookup_elem(&nat64_quota, &a);
	return nat64_link_hlen ? -1 : -1;
}

char LICENSE[] SEC("license") = "GPL";
