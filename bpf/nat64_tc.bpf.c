/* SPDX-License-Identifier: GPL-2.0-only */
/* TC entry points: nat64_in at ingress of the VPN interface, nat64_out at its egress. A packet that goes on
 * gets TC_ACT_UNSPEC, never OK: in a TCX chain OK would end the chain for the programs of others. */
#include "ctx_skb.h"
#include "control.h"
#include "path.h"

SEC("tc")
int nat64_in(struct __sk_buff *skb)
{
	__u32 verdict = path_64(skb);

	if (verdict == VERDICT_OK || verdict == VERDICT_NOT_OURS)
		return TC_ACT_UNSPEC;
	return drop_64(skb, verdict) ? TC_ACT_REDIRECT : TC_ACT_SHOT;
}

SEC("tc")
int nat64_out(struct __sk_buff *skb)
{
	__u32 verdict = path_46(skb);

	if (verdict == VERDICT_NOT_OURS)
		return TC_ACT_UNSPEC;
	if (verdict != VERDICT_OK) {
		drop_46(skb, verdict);
		return TC_ACT_SHOT;
	}
	/* Ethernet: the frame is still addressed to the placeholder neighbour; find the client's own */
	return nat64_link_hlen ? bpf_redirect_neigh(skb->ifindex, NULL, 0, 0) : TC_ACT_UNSPEC;
}

/* For user space, by BPF_PROG_RUN: include/nat64.h, struct nat64_request. */
SEC("syscall")
int nat64_control(struct nat64_request *request)
{
	request->result = control(request);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
