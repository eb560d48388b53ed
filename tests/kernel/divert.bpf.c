/* SPDX-License-Identifier: GPL-2.0-only */
/* Behind the translator, or instead of it: sends every packet out of another interface, untouched.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 divert_to;

SEC("tc")
int divert(struct __sk_buff *skb)
{
	return bpf_redirect(divert_to, 0);
}

char LICENSE[] SEC("license") = "GPL";
