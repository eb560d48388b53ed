/* SPDX-License-Identifier: GPL-2.0-only */
/* TC entry points: nat64_in at ingress of the VPN interface, nat64_out at its egress. A packet that
 * goes on gets TC_ACT_UNSPEC, never OK: in a TCX chain OK would end the chain for the programs of
 * others. */
#include "ctx_skb.h"
#include "control.h"
#include "path.h"

SEC("tc")
int nat64_in(struct __sk_buff *skb)
{
	verdict_t verdict = path_64(skb);

	if (verdict_goes_on(verdict))
		return TC_ACT_UNSPEC;
	return drop_64(skb, verdict) ? TC_ACT_REDIRECT : TC_ACT_SHOT;
}

SEC("tc")
int nat64_out(struct __sk_buff *skb)
{
	verdict_t verdict = path_46(skb);

	switch (verdict) {
	case VERDICT_OK:
		if (!ctx_has_link(skb) || link_address_any(skb))
			return TC_ACT_UNSPEC;
		return bpf_redirect_neigh(skb->ifindex, NULL, 0, 0);
	case VERDICT_SENT:
		return TC_ACT_UNSPEC;
	case VERDICT_NOT_OURS:
		if (ctx_has_link(skb) && ctx_is(skb, ETH_P_IPV6))
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
