/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet on its way through the core, and what can become of it. Types only. */
#pragma once

#include <linux/in6.h>

#include "nat64.h"
#include "xlat_ip.h"

/* What became of a packet: OK (go on, or translated), not ours, or a drop reason, which may ask for
 * an ICMPv6 error to the sender. The entry points turn it into codes of their hook. */
enum nat64_verdict {
	VERDICT_OK = 0,
	VERDICT_REASON = 0xff,	   /* mask: enum nat64_drop */
	VERDICT_REPLY = 0xf00,	   /* mask: the error to send */
	REPLY_PROHIBITED = 0x100,  /* Destination Unreachable 1/1 */
	REPLY_UNREACHABLE = 0x200, /* Destination Unreachable 1/3 */
	REPLY_POINTER = 0x300,	   /* Parameter Problem 4/0; pointer in the upper 16 bits */
	VERDICT_POINTER_SHIFT = 16,
	VERDICT_NOT_OURS = 0x1000,
	VERDICT_ANY = 0x2000,  /* not the common packet: path_any_64(), path_any_46() */
	VERDICT_SENT = 0x4000, /* translated, and its frame addressed to the client */
};

/* Returns from the caller unless x is VERDICT_OK. The only macro that controls the flow. */
#define TRY(x)                           \
	do {                             \
		__u32 verdict_ = (x);    \
                                         \
		if (verdict_)            \
			return verdict_; \
	} while (0)

#define DROP(reason) ((__u32)NAT64_DROP_##reason)

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
