/* SPDX-License-Identifier: GPL-2.0-only */
/* IP header translation, RFC 7915 sections 4.1 and 5.1. Pure: headers in, headers out. */
#pragma once

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include "be.h"
#include "csum.h"

#define IP4_DF	   0x4000
#define IP4_MF	   0x2000
#define IP4_OFFSET 0x1fff
#define IP6_MF	   0x0001 /* of the second 16-bit word of a Fragment Header */

#define IP4_ALWAYS_FITS 1260 /* IPv4 size of an IPv6 packet of 1280 bytes: RFC 7915, 5.1 */

struct frag6 { /* Fragment Header, RFC 8200, 4.5 */
	__u8 nexthdr;
	__u8 reserved;
	__be16 off_more; /* offset in 8 bytes << 3 | M */
	__be32 id;
};

/* What an IP header says, in terms that both versions share. */
struct ip_info {
	__u32 payload; /* bytes behind the IP header and what is skipped of it */
	__u8 tos;
	__u8 ttl;
	__u8 proto;	/* as IPv6 calls it: 58 for ICMP */
	_Bool fragment; /* a Fragment Header is there (6), MF or an offset is set (4) */
	_Bool more;	/* more fragments follow */
	__u16 offset;	/* of the fragment, in 8 bytes */
	__u32 id;	/* of the fragment, host order */
};

static __always_inline __u8 proto_64(__u8 proto)
{
	return proto == IPPROTO_ICMPV6 ? IPPROTO_ICMP : proto;
}

static __always_inline __u8 proto_46(__u8 proto)
{
	return proto == IPPROTO_ICMP ? IPPROTO_ICMPV6 : proto;
}

static __always_inline __u8 ip6_class(const struct ipv6hdr *ip6)
{
	return ip6->priority << 4 | ip6->flow_lbl[0] >> 4;
}

/* What an IPv6 header says, extension headers taken for payload. */
static __always_inline struct ip_info ip_info_of_6(const struct ipv6hdr *ip6)
{
	return (struct ip_info){
		.payload = cpu16(ip6->payload_len),
		.tos = ip6_class(ip6),
		.ttl = ip6->hop_limit,
		.proto = ip6->nexthdr,
	};
}

/* What an IPv4 header says. Its lengths need not be true: the caller checks them. */
static __always_inline struct ip_info ip_info_of_4(const struct iphdr *ip4)
{
	__u16 frag_off = cpu16(ip4->frag_off);

	return (struct ip_info){
		.payload = cpu16(ip4->tot_len) - ip4->ihl * 4,
		.tos = ip4->tos,
		.ttl = ip4->ttl,
		.proto = proto_46(ip4->protocol),
		.fragment = !!(frag_off & (IP4_MF | IP4_OFFSET)),
		.more = !!(frag_off & IP4_MF),
		.offset = frag_off & IP4_OFFSET,
		.id = cpu16(ip4->id),
	};
}

/* RFC 7915, 5.1 and 5.1.1. Hop Limit is copied: the kernel forwards next and decrements once.
 * `id`: Identification for a packet that is no fragment; `segment`: IPv4 bytes of what goes on the
 * wire (less than the packet for GSO), which decides DF. */
static __always_inline void xlat_ip_64(const struct ip_info *info, __u8 tos, __be32 src, __be32 dst,
				       __u16 id, __u32 segment, struct iphdr *ip4)
{
	__u16 frag_off = segment > IP4_ALWAYS_FITS ? IP4_DF : 0;

	if (info->fragment) {
		frag_off = info->offset | (info->more ? IP4_MF : 0);
		id = info->id;
	}
	*ip4 = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tos = tos,
		.tot_len = be16(sizeof(*ip4) + info->payload),
		.id = be16(id),
		.frag_off = be16(frag_off),
		.ttl = info->ttl,
		.protocol = proto_64(info->proto),
		.saddr = src,
		.daddr = dst,
	};
	ip4->check = (BE_FORCE __sum16)csum_ip4(ip4);
}

/* RFC 7915, 4.1. The Fragment Header, if any, is part of the payload. TTL is copied: the kernel has
 * forwarded already. */
static __always_inline void xlat_ip_46(const struct ip_info *info, __u8 tos,
				       const struct in6_addr *src, const struct in6_addr *dst,
				       struct ipv6hdr *ip6)
{
	*ip6 = (struct ipv6hdr){
		.version = 6,
		.priority = tos >> 4,
		.flow_lbl = { tos << 4 },
		.payload_len = be16(info->payload + (info->fragment ? sizeof(struct frag6) : 0)),
		.nexthdr = info->fragment ? IPPROTO_FRAGMENT : info->proto,
		.hop_limit = info->ttl,
		.saddr = *src,
		.daddr = *dst,
	};
}

static __always_inline void xlat_frag_46(const struct ip_info *info, struct frag6 *frag)
{
	*frag = (struct frag6){
		.nexthdr = info->proto,
		.off_more = be16(info->offset << 3 | info->more),
		.id = be32(info->id),
	};
}
