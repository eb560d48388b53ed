/* SPDX-License-Identifier: GPL-2.0-only */
/* ICMP types, codes, pointers and MTUs, RFC 7915 sections 4.2 and 5.2. Pure. */
#pragma once

#include <linux/icmpv6.h>

#include "be.h"
#include "nat64.h"

/* ICMPv4 types and codes of Destination Unreachable. <linux/icmp.h> has them but draws in libc's
 * headers. */
#define ICMP_ECHOREPLY	    0
#define ICMP_DEST_UNREACH   3
#define ICMP_SOURCE_QUENCH  4
#define ICMP_REDIRECT	    5
#define ICMP_ECHO	    8
#define ICMP_TIME_EXCEEDED  11
#define ICMP_PARAMETERPROB  12
#define ICMP_NET_UNREACH    0
#define ICMP_HOST_UNREACH   1
#define ICMP_PROT_UNREACH   2
#define ICMP_PORT_UNREACH   3
#define ICMP_FRAG_NEEDED    4
#define ICMP_SR_FAILED	    5
#define ICMP_NET_UNKNOWN    6
#define ICMP_HOST_UNKNOWN   7
#define ICMP_HOST_ISOLATED  8
#define ICMP_NET_ANO	    9
#define ICMP_HOST_ANO	    10
#define ICMP_NET_UNR_TOS    11
#define ICMP_HOST_UNR_TOS   12
#define ICMP_PKT_FILTERED   13
#define ICMP_PREC_VIOLATION 14
#define ICMP_PREC_CUTOFF    15

/* Names that the UAPI headers lack. */
#define ICMP_PARAM_POINTER 0 /* Parameter Problem: pointer indicates the error */
#define ICMP_PARAM_LENGTH  2 /* bad length */
#define ICMP6_NO_ROUTE	   0 /* codes of Destination Unreachable, RFC 4443, 3.1 */
#define ICMP6_PROHIBITED   1
#define ICMP6_BEYOND_SCOPE 2
#define ICMP6_ADDRESS	   3
#define ICMP6_PORT	   4

#define ICMP_POINTER_NEXT_HEADER 6 /* offset of that field in the IPv6 header */

struct icmp_message { /* first 8 bytes of ICMP of either version */
	__u8 type;
	__u8 code;
	__u16 check;
	union {
		__be32 word;
		__be16 half[2];
		__u8 byte[4];
	};
};

enum icmp_word {	      /* what the second word of the translated message holds */
		 WORD_NONE,   /* there is no such message: drop */
		 WORD_LENGTH, /* 0, or the RFC 4884 Length attribute */
		 WORD_ZERO,
		 WORD_MTU,
		 WORD_POINTER,
		 WORD_NEXT_HEADER, /* ICMP_POINTER_NEXT_HEADER */
};

struct icmp_kind {
	__u8 type;
	__u8 code;
	__u8 word; /* enum icmp_word */
	__u8 drop; /* enum nat64_drop where word is WORD_NONE */
};

/* clang-format off */
/* RFC 7915, 5.2.    ICMPv6 type, code                            ICMPv4 type, code              word */
#define ICMP_64(ROW) \
	ROW(ICMPV6_DEST_UNREACH, ICMP6_NO_ROUTE,     ICMP_DEST_UNREACH, ICMP_HOST_UNREACH,	WORD_LENGTH) \
	ROW(ICMPV6_DEST_UNREACH, ICMP6_PROHIBITED,   ICMP_DEST_UNREACH, ICMP_HOST_ANO,		WORD_LENGTH) \
	ROW(ICMPV6_DEST_UNREACH, ICMP6_BEYOND_SCOPE, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH,	WORD_LENGTH) \
	ROW(ICMPV6_DEST_UNREACH, ICMP6_ADDRESS,	     ICMP_DEST_UNREACH, ICMP_HOST_UNREACH,	WORD_LENGTH) \
	ROW(ICMPV6_DEST_UNREACH, ICMP6_PORT,	     ICMP_DEST_UNREACH, ICMP_PORT_UNREACH,	WORD_LENGTH) \
	ROW(ICMPV6_PARAMPROB,	 ICMPV6_HDR_FIELD,   ICMP_PARAMETERPROB, ICMP_PARAM_POINTER,	WORD_POINTER) \
	ROW(ICMPV6_PARAMPROB,	 ICMPV6_UNK_NEXTHDR, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH,	WORD_ZERO)

/* RFC 7915, 4.2.    ICMPv4 type, code                            ICMPv6 type, code              word */
#define ICMP_46(ROW) \
	ROW(ICMP_DEST_UNREACH, ICMP_NET_UNREACH,	ICMPV6_DEST_UNREACH, ICMP6_NO_ROUTE,	WORD_LENGTH) \
	ROW(ICMP_DEST_UNREACH, ICMP_HOST_UNREACH,	ICMPV6_DEST_UNREACH, ICMP6_NO_ROUTE,	WORD_LENGTH) \
	ROW(ICMP_DEST_UNREACH, ICMP_PROT_UNREACH,	ICMPV6_PARAMPROB, ICMPV6_UNK_NEXTHDR,	WORD_NEXT_HEADER) \
	ROW(ICMP_DEST_UNREACH, ICMP_PORT_UNREACH,	ICMPV6_DEST_UNREACH, ICMP6_PORT,	WORD_LENGTH) \
	ROW(ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,	ICMPV6_PKT_TOOBIG, 0,			WORD_MTU) \
	ROW(ICMP_DEST_UNREACH, ICMP_SR_FAILED,		ICMPV6_DEST_UNREACH, ICMP6_NO_ROUTE,	WORD_LENGTH) \
	ROW(ICMP_DEST_UNREACH, ICMP_NET_UNKNOWN,	ICMPV6_DEST_UNREACH, ICMP6_NO_ROUTE,	WORD_LENGTH) \
	ROW(ICMP_DEST_UNREACH, ICMP_HOST_UNKNOWN,	ICMPV6_DEST_UNREACH, ICMP6_NO_ROUTE,	WORD_LENGTH) \
	ROW(ICMP_DEST_UNREACH, ICMP_HOST_ISOLATED,	ICMPV6_DEST_UNREACH, ICMP6_NO_ROUTE,	WORD_LENGTH) \
	ROW(ICMP_DEST_UNREACH, ICMP_NET_ANO,		ICMPV6_DEST_UNREACH, ICMP6_PROHIBITED,	WORD_LENGTH) \
	ROW(ICMP_DEST_UNREACH, ICMP_HOST_ANO,		ICMPV6_DEST_UNREACH, ICMP6_PROHIBITED,	WORD_LENGTH) \
	ROW(ICMP_DEST_UNREACH, ICMP_NET_UNR_TOS,	ICMPV6_DEST_UNREACH, ICMP6_NO_ROUTE,	WORD_LENGTH) \
	ROW(ICMP_DEST_UNREACH, ICMP_HOST_UNR_TOS,	ICMPV6_DEST_UNREACH, ICMP6_NO_ROUTE,	WORD_LENGTH) \
	ROW(ICMP_DEST_UNREACH, ICMP_PKT_FILTERED,	ICMPV6_DEST_UNREACH, ICMP6_PROHIBITED,	WORD_LENGTH) \
	ROW(ICMP_DEST_UNREACH, ICMP_PREC_CUTOFF,		ICMPV6_DEST_UNREACH, ICMP6_PROHIBITED,	WORD_LENGTH) \
	ROW(ICMP_PARAMETERPROB, ICMP_PARAM_POINTER,	ICMPV6_PARAMPROB, ICMPV6_HDR_FIELD,	WORD_POINTER) \
	ROW(ICMP_PARAMETERPROB, ICMP_PARAM_LENGTH,	ICMPV6_PARAMPROB, ICMPV6_HDR_FIELD,	WORD_POINTER)
/* clang-format on */

#define ICMP_ROW(type_in, code_in, type_out, code_out, word_out) \
	case (type_in) << 8 | (code_in):                         \
		return (struct icmp_kind){ .type = type_out, .code = code_out, .word = word_out };

/* The ICMPv4 error that an ICMPv6 error becomes. */
static __always_inline struct icmp_kind icmp_kind_64(__u8 type, __u8 code)
{
	if (type == ICMPV6_PKT_TOOBIG) /* any code: RFC 4443, 3.2 */
		return (struct icmp_kind){ ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, WORD_MTU, 0 };
	if (type == ICMPV6_TIME_EXCEED)
		return (struct icmp_kind){ ICMP_TIME_EXCEEDED, code, WORD_LENGTH, 0 };
	switch (type << 8 | code) {
		ICMP_64(ICMP_ROW)
	}
	return (struct icmp_kind){ .drop = type == ICMPV6_DEST_UNREACH || type == ICMPV6_PARAMPROB ?
						   NAT64_DROP_ICMP_CODE :
						   NAT64_DROP_ICMP_TYPE };
}

/* The ICMPv6 error that an ICMPv4 error becomes. */
static __always_inline struct icmp_kind icmp_kind_46(__u8 type, __u8 code)
{
	if (type == ICMP_TIME_EXCEEDED)
		return (struct icmp_kind){ ICMPV6_TIME_EXCEED, code, WORD_LENGTH, 0 };
	switch (type << 8 | code) {
		ICMP_46(ICMP_ROW)
	}
	return (struct icmp_kind){ .drop = type == ICMP_DEST_UNREACH || type == ICMP_PARAMETERPROB ?
						   NAT64_DROP_ICMP_CODE :
						   NAT64_DROP_ICMP_TYPE };
}

static __always_inline _Bool icmp4_is_error(__u8 type)
{
	return type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT ||
	       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
}

/* Echo only: type of the other version, or -1. RFC 7915, 4.2 and 5.2. */
static __always_inline int icmp_echo_64(__u8 type)
{
	if (type == ICMPV6_ECHO_REQUEST)
		return ICMP_ECHO;
	return type == ICMPV6_ECHO_REPLY ? ICMP_ECHOREPLY : -1;
}

static __always_inline int icmp_echo_46(__u8 type)
{
	if (type == ICMP_ECHO)
		return ICMPV6_ECHO_REQUEST;
	return type == ICMP_ECHOREPLY ? ICMPV6_ECHO_REPLY : -1;
}

/* clang-format off */
/* RFC 7915, figure 6. Bytes of the IPv6 header, first and last, and the offset in the IPv4 header.
 * What is not listed (the Flow Label) has none. */
#define POINTER_64(ROW) \
	ROW(0,	0,	0)	/* Version, Traffic Class: Version, IHL */ \
	ROW(1,	1,	1)	/* Traffic Class, Flow Label: Type of Service */ \
	ROW(4,	5,	2)	/* Payload Length: Total Length */ \
	ROW(6,	6,	9)	/* Next Header: Protocol */ \
	ROW(7,	7,	8)	/* Hop Limit: Time to Live */ \
	ROW(8,	23,	12)	/* Source Address */ \
	ROW(24,	39,	16)	/* Destination Address */

/* RFC 7915, figure 3. Bytes of the IPv4 header, first and last, and the offset in the IPv6 header.
 * What is not listed (Identification, Flags, Fragment Offset, Checksum, options) has none. */
#define POINTER_46(ROW) \
	ROW(0,	0,	0)	/* Version, IHL: Version, Traffic Class */ \
	ROW(1,	1,	1)	/* Type of Service: Traffic Class, Flow Label */ \
	ROW(2,	3,	4)	/* Total Length: Payload Length */ \
	ROW(8,	8,	7)	/* Time to Live: Hop Limit */ \
	ROW(9,	9,	ICMP_POINTER_NEXT_HEADER) /* Protocol: Next Header */ \
	ROW(12,	15,	8)	/* Source Address */ \
	ROW(16,	19,	24)	/* Destination Address */
/* clang-format on */

#define POINTER_ROW(first, last, to) \
	case first ... last:         \
		return to;

/* Pointer of a Parameter Problem in the new packet in error; -1: there is none, drop. */
static __always_inline int icmp_pointer_64(__u32 pointer)
{
	switch (pointer) {
		POINTER_64(POINTER_ROW)
	}
	return -1;
}

static __always_inline int icmp_pointer_46(__u8 pointer)
{
	switch (pointer) {
		POINTER_46(POINTER_ROW)
	}
	return -1;
}

/* Bytes; below, not even 8 bytes behind the headers would fit IPv4's 68. */
#define ICMP_MTU_LEAST 88

static __always_inline __u32 min_mtu(__u32 mtu, __u32 link)
{
	return link && link < mtu ? link : mtu;
}

/* MTU field of Fragmentation Needed for that of a Packet Too Big, RFC 7915, 5.2; 0: drop.
 * `link_mtu`s: 0 where unknown; `fragment`: the packet in error has a Fragment Header. */
static __always_inline __u32 icmp_mtu_64(__u32 mtu, _Bool fragment, __u32 vpn_mtu, __u32 wan_mtu)
{
	if (mtu < ICMP_MTU_LEAST)
		return 0;
	mtu -= fragment ? 28 : 20;
	mtu = min_mtu(mtu, wan_mtu);
	mtu = min_mtu(mtu, vpn_mtu ? vpn_mtu - 20 : 0);
	return mtu > 0xffff ? 0xffff : mtu;
}

/* MTU of a Packet Too Big for that of a Fragmentation Needed, RFC 7915, 4.2. `len`: Total Length of
 * the packet in error, from which RFC 1191's plateaus take over where a router left the field 0. */
static __always_inline __u32 icmp_mtu_46(__u32 mtu, __u32 len, __u32 vpn_mtu, __u32 wan_mtu)
{
	static const __u16 plateaus[] = { 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296 };

	if (!mtu) {
		mtu = 68;
		UNROLL
		for (int i = sizeof(plateaus) / sizeof(*plateaus) - 1; i >= 0; i--)
			if (plateaus[i] < len)
				mtu = plateaus[i];
	}
	mtu = min_mtu(mtu + 20, vpn_mtu);
	mtu = min_mtu(mtu, wan_mtu ? wan_mtu + 20 : 0);
	return mtu < NAT64_MIN_MTU ? NAT64_MIN_MTU : mtu;
}
