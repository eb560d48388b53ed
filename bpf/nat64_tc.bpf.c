/* SPDX-License-Identifier: GPL-2.0-only */
/* TC entry points: nat64_in at ingress of the VPN interface, nat64_out at its egress. A packet that
 * goes on gets TC_ACT_UNSPEC, never OK: in a TCX chain OK would end the chain for the programs of
 * others. */
#include "ctx_skb.h"
#include "control.h"
#include "link.h"
#include "path.h"

/* The common packet, addressed to its client where that is known. In a function of its own: its
 * stack is gone when another packet needs that, and Linux 6.1 counts frames of 32 bytes. */
__noinline __u32 common_46(struct __sk_buff *skb)
{
	struct nat64_slot *to = NULL;
	__u32 verdict = path_46(skb, &to);

	return verdict == VERDICT_OK && nat64_link_hlen && link_address(skb, to) ? VERDICT_SENT :
										   verdict;
}

SEC("tc")
int nat64_in(struct __sk_buff *skb)
{
	__u32 verdict = path_64(skb);

	if (verdict == VERDICT_ANY)
		verdict = path_any_64(skb);
	if (verdict == VERDICT_OK || verdict == VERDICT_NOT_OURS)
		return TC_ACT_UNSPEC;
	return drop_64(skb, verdict) ? TC_ACT_REDIRECT : TC_ACT_SHOT;
}

SEC("tc")
int nat64_out(struct __sk_buff *skb)
{
	__u32 verdict = common_46(skb);

	if (verdict == VERDICT_ANY)
		verdict = path_any_46(skb);
	switch (verdict) {
	case VERDICT_OK:
		if (!nat64_link_hlen || link_address_any(skb))
			return TC_ACT_UNSPEC;
		return bpf_redirect_neigh(skb->ifindex, NULL, 0, 0);
	case VERDICT_SENT:
		return TC_ACT_UNSPEC;
	case VERDICT_NOT_OURS:
		if (nat64_link_hlen && ctx_is(skb, ETH_P_IPV6))
			link_learn(skb);
		return TC_ACT_UNSPEC;
	default:
		drop_46(skb, verdict);
		return TC_ACT_SHOT;
	}
}

/* For user space, by BPF_PROG_RUN: include/nat64.h, struct nat64_request. */
SEC("syscall")
int nat64_control(struct nat64_request *request)
{
	request->result = control(request);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
