/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet seam over struct xdp_md: what the common path of the core calls, same functions and
 * meaning as ctx_skb.h. Frames are Ethernet's and in one piece: the kernel gives no others to a
 * program without frags. */
#pragma once

#include <linux/ipv6.h>

#include "csum.h"
#include "kernel.h"
#include "maps.h"

#define CTX struct xdp_md

/* Where `len` bytes at `off` can be read and written directly, or NULL. `len` is a constant. */
static __always_inline void *ctx_at(CTX *xdp, __u32 off, __u32 len)
{
	void *data = (void *)(long)xdp->data, *end = (void *)(long)xdp->data_end;

	data += ETH_HLEN + off;
	return data + len > end ? NULL : data;
}

/* An IPv6 frame that did not come for a group of the link; a tagged one has the type of its tag. */
static __always_inline _Bool ctx_is_arrival_64(CTX *xdp)
{
	struct ethhdr *eth = (void *)(long)xdp->data;

	return (void *)(eth + 1) <= (void *)(long)xdp->data_end && !(eth->h_dest[0] & 1) &&
	       eth->h_proto == be16(ETH_P_IPV6);
}

static __always_inline __u32 ctx_len(CTX *xdp)
{
	return xdp->data_end - xdp->data - ETH_HLEN;
}

/* GSO is a matter of skbs. */
static __always_inline __u32 ctx_gso_size(CTX *xdp)
{
	return 0;
}

static __always_inline int ctx_load_head(CTX *xdp, __u32 off, void *to, __u32 len)
{
	void *from = ctx_at(xdp, off, len);

	if (!from)
		return -1;
	__builtin_memcpy(to, from, len);
	return 0;
}

static __always_inline int ctx_load(CTX *xdp, __u32 off, void *to, __u32 len)
{
	return bpf_xdp_load_bytes(xdp, ETH_HLEN + off, to, len);
}

static __always_inline int ctx_store(CTX *xdp, __u32 off, const void *from, __u32 len)
{
	return bpf_xdp_store_bytes(xdp, ETH_HLEN + off, (void *)from, len);
}

/* Says to TC ingress that this program has translated the packet: in front of it, where neither a
 * client nor the network can write. -errno: this driver, or this frame, has no room there. */
static __always_inline int ctx_mark(CTX *xdp, __be32 source)
{
	struct nat64_mark *mark;

	if (bpf_xdp_adjust_meta(xdp, -(int)sizeof(*mark)))
		return -1;
	mark = (void *)(long)xdp->data_meta;
	if ((void *)(mark + 1) > (void *)(long)xdp->data)
		return -1;
	*mark = (struct nat64_mark){ NAT64_MARK, source };
	return 0;
}

/* Replaces the first `old` bytes behind the Ethernet header by room for `new` ones. */
static __always_inline int xdp_resize(CTX *xdp, __u32 old, __u32 new, __u16 ethertype)
{
	struct ethhdr *eth = (void *)(long)xdp->data, head;

	if ((void *)(eth + 1) > (void *)(long)xdp->data_end)
		return -1;
	head = *eth;
	if (bpf_xdp_adjust_head(xdp, (int)old - (int)new))
		return -1;
	eth = (void *)(long)xdp->data;
	if ((void *)(eth + 1) > (void *)(long)xdp->data_end)
		return -1;
	head.h_proto = be16(ethertype);
	*eth = head;
	return 0;
}

static __always_inline int ctx_resize_64(CTX *xdp, __u32 strip)
{
	return xdp_resize(xdp, sizeof(struct ipv6hdr) + strip, sizeof(struct iphdr), ETH_P_IP);
}

static __always_inline int ctx_resize_46(CTX *xdp, __u32 strip, __u32 grow)
{
	return xdp_resize(xdp, sizeof(struct iphdr) + strip, sizeof(struct ipv6hdr) + grow,
			  ETH_P_IPV6);
}

static __always_inline int ctx_store_head(CTX *xdp, const void *head, __u32 len)
{
	void *to = ctx_at(xdp, 0, len);

	if (!to)
		return -1;
	__builtin_memcpy(to, head, len);
	return 0;
}

/* Adds `diff`, a folded sum, to the data that the complete checksum at `off` covers. `udp`: 0 stays
 * 0, and what becomes 0 is sent as 0xffff (RFC 768). No helper of XDP does this. */
static __always_inline int ctx_l4_csum(CTX *xdp, __u32 off, __u16 diff, _Bool udp)
{
	csum_half *check = ctx_at(xdp, off, sizeof(*check));
	__u16 sum;

	if (!check)
		return -1;
	if (udp && !*check)
		return 0;
	sum = csum_update(*check, diff);
	*check = udp && !sum ? 0xffff : sum;
	return 0;
}

/* The same where the data itself changed, two bytes of it. */
static __always_inline int ctx_l4_csum_data(CTX *xdp, __u32 off, __u16 from, __u16 to)
{
	__u16 check;

	if (ctx_load(xdp, off, &check, sizeof(check)))
		return -1;
	check = csum_update(check, (__u64)(__u16)~from + to);
	return ctx_store(xdp, off, &check, sizeof(check));
}

/* Unfolded sum of up to 256 bytes in scratch memory, `len` a multiple of 4. */
static __always_inline __u64 ctx_sum_chunk(const void *chunk, __u32 len)
{
	return (__u32)bpf_csum_diff(NULL, 0, (__be32 *)chunk, len, 0);
}

/* An address of this host itself? Needed for non-global targets with host = allow only. */
static __always_inline _Bool ctx_is_local4(CTX *xdp, __be32 addr)
{
	struct nat64_scratch *s = scratch();
	struct bpf_fib_lookup *fib;

	if (!s)
		return 0;
	fib = (struct bpf_fib_lookup *)s->fib;
	*fib = (struct bpf_fib_lookup){
		.family = AF_INET,
		.ipv4_dst = addr,
		.ifindex = xdp->ingress_ifindex,
	};
	return bpf_fib_lookup(xdp, fib, sizeof(*fib), 0) == BPF_FIB_LKUP_RET_NOT_FWDED;
}
