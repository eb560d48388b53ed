/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet seam over struct __sk_buff (TC). Offsets and lengths count from the IP header. The
 * core holds no packet pointers: it loads to the stack and stores from it. */
#pragma once

#include <linux/tcp.h>

#include "csum.h"
#include "kernel.h"
#include "maps.h"

#define CTX struct __sk_buff

/* Bytes before the IP header: 14 on Ethernet, 0 on TUN and WireGuard. Set before load, so that the
 * verifier knows it. */
const volatile __u32 nat64_link_hlen = ETH_HLEN;

/* Copies `len` bytes, a constant, of an IP header in the largest words: the compiler, which knows
 * nothing of its alignment, would take bytes. Where the kernel cares, the header begins at a
 * multiple of 16 (NET_IP_ALIGN). */
static __always_inline void copy_head(void *to, const void *from, __u32 len)
{
	if (len % 8 == 0)
		__builtin_memcpy(__builtin_assume_aligned(to, 8), __builtin_assume_aligned(from, 8),
				 len);
	else if (len % 4 == 0)
		__builtin_memcpy(__builtin_assume_aligned(to, 4), __builtin_assume_aligned(from, 4),
				 len);
	else
		__builtin_memcpy(to, from, len);
}

static __always_inline _Bool ctx_is(CTX *skb, __u16 ethertype)
{
	if (nat64_link_hlen && skb->vlan_present) /* the frame belongs to a VLAN interface above */
		return 0;
	return skb->protocol == be16(ethertype);
}

/* Takes priority tags (VLAN 0, IEEE 802.1Q 6.9) off a frame that has arrived, of either type and
 * one in the other: behind this hook the kernel does the same, and what it finds then is not shown
 * to us any more. Not 0: the frame is one of a VLAN, or no program looks at it again, so that it
 * becomes one for another station. */
RARE int ctx_untag(CTX *skb)
{
	for (int i = 0; i < PRIORITY_TAGS; i++) {
		if (skb->vlan_tci & VLAN_VID)
			return 1;
		if (bpf_skb_vlan_pop(skb))
			break;
		if (!skb->vlan_present)
			return 0;
	}
	bpf_skb_change_type(skb, PACKET_OTHERHOST);
	return 1;
}

/* Has an IPv6 packet arrived that is for this host as a router? Not one of a VLAN, nor one that
 * came for a group of the link or for another station: the kernel does not forward those (RFC 1812,
 * 3.3.7; RFC 4443, 2.4 (e.4): no error about them either). */
static __always_inline _Bool ctx_is_arrival_64(CTX *skb)
{
	if (nat64_link_hlen && skb->vlan_present && ctx_untag(skb))
		return 0;
	return skb->protocol == be16(ETH_P_IPV6) && skb->pkt_type == PACKET_HOST;
}

/* Has the program of XDP made this IPv4 packet? */
static __always_inline _Bool ctx_is_marked(CTX *skb, __be32 source)
{
	const struct nat64_mark *mark = (void *)(long)skb->data_meta;

	return (void *)(mark + 1) <= (void *)(long)skb->data && mark->magic == NAT64_MARK &&
	       mark->source == source;
}

static __always_inline __u32 ctx_len(CTX *skb)
{
	return skb->len - nat64_link_hlen;
}

/* Is there an Ethernet header in front of the IP header? */
static __always_inline _Bool ctx_has_link(CTX *skb)
{
	return nat64_link_hlen;
}

static __always_inline __u32 ctx_ifindex(CTX *skb)
{
	return skb->ifindex;
}

/* Payload bytes of a segment of a GSO packet, else 0. */
static __always_inline __u32 ctx_gso_size(CTX *skb)
{
	return skb->gso_size;
}

/* Where `len` bytes at `off` can be read and written directly, or NULL. Both are constants. */
static __always_inline void *ctx_at(CTX *skb, __u32 off, __u32 len)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	data += nat64_link_hlen + off;
	return data + len > end ? NULL : data;
}

/* Reads `len` bytes, a constant, at `off`, a constant: directly, or, where the skb is not linear,
 * by the helper. -errno if the packet is shorter. */
static __always_inline int ctx_load_head(CTX *skb, __u32 off, void *to, __u32 len)
{
	void *from = ctx_at(skb, off, len);

	if (!from)
		return bpf_skb_load_bytes(skb, nat64_link_hlen + off, to, len);
	copy_head(to, from, len);
	return 0;
}

/* Reads the first `len` bytes, a constant, of a packet whose IP and transport headers can be
 * accessed directly. Else -1, also where it is too short for that. */
static __always_inline int ctx_load_plain(CTX *skb, void *to, __u32 len)
{
	void *from = ctx_at(skb, 0, len + sizeof(struct tcphdr));

	if (!from)
		return -1;
	copy_head(to, from, len);
	return 0;
}

/* Reads `len` bytes at any `off`. -errno if the packet is shorter. */
static __always_inline int ctx_load(CTX *skb, __u32 off, void *to, __u32 len)
{
	return bpf_skb_load_bytes(skb, nat64_link_hlen + off, to, len);
}

/* Writes `len` bytes at any `off`. */
static __always_inline int ctx_store(CTX *skb, __u32 off, const void *from, __u32 len)
{
	return bpf_skb_store_bytes(skb, nat64_link_hlen + off, from, len, BPF_F_RECOMPUTE_CSUM);
}

/* Makes the first `len` bytes, or the whole packet if it is shorter, directly accessible. */
static __always_inline int ctx_pull(CTX *skb, __u32 len)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	len += nat64_link_hlen;
	if (data + len <= end)
		return 0;
	return bpf_skb_pull_data(skb, skb->len < len ? skb->len : len);
}

/* Cuts or lengthens the packet; a GSO packet becomes an ordinary one. */
static __always_inline int ctx_set_len(CTX *skb, __u32 len)
{
	return bpf_skb_change_tail(skb, nat64_link_hlen + len, 0);
}

static __always_inline int ctx_set_ethertype(CTX *skb, __u16 ethertype)
{
	struct ethhdr *eth = (void *)(long)skb->data;

	if (!nat64_link_hlen)
		return 0;
	if ((void *)(eth + 1) > (void *)(long)skb->data_end)
		return -1;
	eth->h_proto = be16(ethertype);
	return 0;
}

/* Turns room for an IPv6 header and `strip` bytes of extension headers into room for an IPv4
 * header. */
static __always_inline int ctx_resize_64(CTX *skb, __u32 strip)
{
	if (strip &&
	    bpf_skb_adjust_room(skb, -(__s32)strip, BPF_ADJ_ROOM_NET, BPF_F_ADJ_ROOM_FIXED_GSO))
		return -1;
	if (bpf_skb_change_proto(skb, be16(ETH_P_IP), 0))
		return -1;
	return ctx_set_ethertype(skb, ETH_P_IP);
}

/* Turns room for an IPv4 header and `strip` bytes of options into room for an IPv6 header and
 * `grow` bytes of extension headers. */
static __always_inline int ctx_resize_46(CTX *skb, __u32 strip, __u32 grow)
{
	if (strip &&
	    bpf_skb_adjust_room(skb, -(__s32)strip, BPF_ADJ_ROOM_NET, BPF_F_ADJ_ROOM_FIXED_GSO))
		return -1;
	if (bpf_skb_change_proto(skb, be16(ETH_P_IPV6), 0))
		return -1;
	if (grow && bpf_skb_adjust_room(skb, grow, BPF_ADJ_ROOM_NET, BPF_F_ADJ_ROOM_FIXED_GSO))
		return -1;
	return ctx_set_ethertype(skb, ETH_P_IPV6);
}

/* Makes room for `len` bytes behind the IPv6 header. */
static __always_inline int ctx_grow_64(CTX *skb, __u32 len)
{
	return bpf_skb_adjust_room(skb, len, BPF_ADJ_ROOM_NET, 0);
}

/* CHECKSUM_...: how far kernel or device have got with the checksum of the transport header. */
static __always_inline __u32 ctx_ip_summed(CTX *skb)
{
#ifdef NAT64_BEFORE_6_2
	return CHECKSUM_UNKNOWN;
#else
	struct sk_buff *kernel_skb = bpf_cast_to_kern_ctx(skb);

	return BPF_CORE_READ_BITFIELD(kernel_skb, ip_summed);
#endif
}

/* Must the skb's own sum of the whole packet follow a change? Only Ethernet devices make one. */
static __always_inline _Bool ctx_has_sum(__u32 summed)
{
	return nat64_link_hlen && (summed == CHECKSUM_COMPLETE || summed == CHECKSUM_UNKNOWN);
}

/* Writes the IP header, `len` bytes, a constant, after a resize. */
static __always_inline int ctx_store_head(CTX *skb, const void *head, __u32 len)
{
	__u32 *to = ctx_at(skb, 0, len);

	if (!to)
		return -1;
	if (ctx_has_sum(ctx_ip_summed(skb))) {
		__u64 diff = csum_words(head, len / 4) + csum_minus(to, len / 4);

		copy_head(to, head, len);
		bpf_csum_update(skb, csum_fold(diff));
		return 0;
	}
	copy_head(to, head, len);
	return 0;
}

/* Adds `diff`, a folded sum, to the data that the checksum at `off` covers; the addresses of its
 * pseudo-header are what changed. Right for CHECKSUM_PARTIAL and GSO. `udp`: 0 stays 0, and what
 * becomes 0 is sent as 0xffff (RFC 768). As bpf_l4_csum_replace(), a quarter of whose cost this is
 * where the kernel lets us look at ip_summed. */
static __always_inline int ctx_l4_csum(CTX *skb, __u32 off, __u16 diff, _Bool udp)
{
	__u32 summed = ctx_ip_summed(skb);
	csum_half *field = NULL;
	__u16 check;

	if (summed != CHECKSUM_UNKNOWN && summed != CHECKSUM_COMPLETE)
		field = ctx_at(skb, off, sizeof(*field));
	if (!field)
		return bpf_l4_csum_replace(skb, nat64_link_hlen + off, 0, diff,
					   BPF_F_PSEUDO_HDR | (udp ? BPF_F_MARK_MANGLED_0 : 0));
	check = *field;
	if (udp && !check)
		return 0;
	/* an open field holds a sum, a complete one its complement (RFC 1624, eqn. 3) */
	check = summed == CHECKSUM_PARTIAL ? csum_add(check, diff) : ~csum_add(~check, diff);
	*field = udp && !check ? 0xffff : check;
	return 0;
}

/* The same where the data itself changed, two bytes of it. */
static __always_inline int ctx_l4_csum_data(CTX *skb, __u32 off, __u16 from, __u16 to)
{
	return bpf_l4_csum_replace(skb, nat64_link_hlen + off, from, to, 2);
}

/* The destination address of the frame, in 16-bit parts as they lie in memory. */
static __always_inline int ctx_load_link(CTX *skb, __u16 part[3])
{
	__u16 *dest = (void *)(long)skb->data;

	if ((void *)(dest + 7) > (void *)(long)skb->data_end)
		return -1;
	part[0] = dest[0];
	part[1] = dest[1];
	part[2] = dest[2];
	return 0;
}

static __always_inline int ctx_store_link(CTX *skb, const __u16 part[3])
{
	__u16 *dest = (void *)(long)skb->data;

	if ((void *)(dest + 7) > (void *)(long)skb->data_end)
		return -1;
	dest[0] = part[0];
	dest[1] = part[1];
	dest[2] = part[2];
	return 0;
}

/* Unfolded sum of up to 256 bytes in scratch memory, `len` a multiple of 4. */
static __always_inline __u64 ctx_sum_chunk(const void *chunk, __u32 len)
{
	return (__u32)bpf_csum_diff(NULL, 0, (__be32 *)chunk, len, 0);
}

/* Sends the packet back where it came from, out of the same interface. */
static __always_inline int ctx_return(CTX *skb)
{
	struct ethhdr *eth = (void *)(long)skb->data;
	__u8 mac[ETH_ALEN];

	if (nat64_link_hlen) {
		if ((void *)(eth + 1) > (void *)(long)skb->data_end)
			return -1;
		__builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
		__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
		__builtin_memcpy(eth->h_source, mac, ETH_ALEN);
	}
	return bpf_redirect(skb->ifindex, 0) == TC_ACT_REDIRECT ? 0 : -1;
}

/* Bytes before which the checksum of the packet is complete: from there on the kernel still has to
 * complete it, and the field holds the pseudo-header's sum. `sum`: that stored sum. 0: nothing
 * open. */
static __always_inline __u32 ctx_partial(CTX *skb, __u16 *sum)
{
	struct sk_buff *kernel_skb = (void *)skb;
	__u32 start, off;

	if (BPF_CORE_READ_BITFIELD_PROBED(kernel_skb, ip_summed) != CHECKSUM_PARTIAL)
		return 0;
	start = BPF_CORE_READ(kernel_skb, csum_start) -
		(BPF_CORE_READ(kernel_skb, data) - BPF_CORE_READ(kernel_skb, head)) -
		nat64_link_hlen;
	off = BPF_CORE_READ(kernel_skb, csum_offset);
	if (ctx_load(skb, start + off, sum, sizeof(*sum)))
		return 0;
	return start;
}

/* An address of this host itself? Needed for non-global targets with host = allow only. */
static __always_inline _Bool ctx_is_local4(CTX *skb, __be32 addr)
{
	struct nat64_scratch *s = scratch();
	struct bpf_fib_lookup *fib;

	if (!s)
		return 0;
	fib = (struct bpf_fib_lookup *)s->fib;
	*fib = (struct bpf_fib_lookup){
		.family = AF_INET,
		.ipv4_dst = addr,
		.ifindex = skb->ifindex,
	};
	return bpf_fib_lookup(skb, fib, sizeof(*fib), 0) == BPF_FIB_LKUP_RET_NOT_FWDED;
}
