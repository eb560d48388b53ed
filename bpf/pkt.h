/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet on its way through the core, and what can become of it. Types, and what reads them. */
#pragma once

#include <linux/in6.h>

#include "nat64.h"
#include "xlat_ip.h"

/* What became of a packet. A drop is the reason, in the lowest byte, the ICMPv6 error that its
 * sender is due, above it, and the pointer of that error in the upper 16 bits; read it by the
 * functions below. A scalar, as a function that the verifier sees on its own returns nothing else.
 * The entry points turn it into codes of their hook. */
typedef __u32 verdict_t;

enum nat64_verdict {
	VERDICT_OK = 0,		   /* translated; of a check: go on */
	VERDICT_NOT_OURS = 0x1000, /* goes on as it came */
	VERDICT_FULL = 0x2000,	   /* not the common packet: path_64_full(), path_46_full() */
	VERDICT_SENT = 0x4000,	   /* translated, and its frame addressed to the client */
};

/* The ICMPv6 error that the sender of a dropped packet is due. */
enum nat64_reply {
	REPLY_NONE = 0,
	REPLY_PROHIBITED = 0x100,  /* Destination Unreachable 1/1 */
	REPLY_UNREACHABLE = 0x200, /* Destination Unreachable 1/3 */
	REPLY_POINTER = 0x300,	   /* Parameter Problem 4/0 */
};

/* Returns from the caller unless x is VERDICT_OK. The only macro that controls the flow. */
#define TRY(x)                            \
	do {                              \
		verdict_t verdict_ = (x); \
                                          \
		if (verdict_)             \
			return verdict_;  \
	} while (0)

#define DROP(reason) ((verdict_t)NAT64_DROP_##reason)

/* A Parameter Problem about the byte at offset `pointer` of the packet. */
static __always_inline verdict_t verdict_pointer(verdict_t drop, __u16 pointer)
{
	return drop | REPLY_POINTER | (__u32)pointer << 16;
}

static __always_inline enum nat64_drop verdict_reason(verdict_t drop)
{
	return drop & 0xff;
}

static __always_inline enum nat64_reply verdict_reply(verdict_t drop)
{
	return drop & 0xf00;
}

/* Of REPLY_POINTER: the offset, bytes. */
static __always_inline __u32 verdict_offset(verdict_t drop)
{
	return drop >> 16;
}

static __always_inline _Bool verdict_goes_on(verdict_t verdict)
{
	return verdict == VERDICT_OK || verdict == VERDICT_NOT_OURS;
}

struct pkt {
	union {
		struct ipv6hdr ip6; /* as it came; IPv4 packets have but the addresses */
		struct {
			__u32 front[2];
			struct in6_addr src6;
			struct in6_addr dst6;
		};
	};
	__be32 src4;
	__be32 dst4;
	__u32 len;     /* bytes from the IP header on, as the IP header says */
	__u32 l4;      /* offset of the transport header */
	__u32 pointer; /* offset of a Segments Left byte that is not 0, or 0 */
	struct ip_info info;
} __attribute__((aligned(8)));

/* A walk along IPv6 extension headers. */
struct chain {
	__u32 off;	/* in: first header; out: transport header */
	__u32 end;	/* bytes that may be looked at, an offset */
	__u32 pointer;	/* out: offset of a Segments Left byte that is not 0, or 0 */
	__u32 id;	/* out: of the Fragment Header, host order */
	__u16 offset;	/* out: of the fragment, in 8 bytes */
	__u8 proto;	/* in: Next Header; out: transport protocol */
	_Bool fragment; /* out: there is a Fragment Header */
	_Bool more;	/* out: more fragments follow */
	__u8 reserved[3];
};
