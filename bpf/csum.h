/* SPDX-License-Identifier: GPL-2.0-only */
/* One's complement arithmetic, RFC 1071 and RFC 1624. Pure. Sums are of 16-bit words as they lie in
 * memory, so they need no byte order; a sum is unfolded (u64) or folded (u16), never complemented.
 */
#pragma once

#include <linux/ip.h>
#include <linux/types.h>

#include "be.h"

/* Words of headers of any type: without may_alias the compiler may not expect them to be read so.
 */
typedef __u32 __attribute__((__may_alias__)) csum_word;
typedef __u16 __attribute__((__may_alias__)) csum_half;

/* In front of a loop of few rounds, whose number is constant. */
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* Adds up `words` 32-bit words, a constant of at most 10. No loop: until it is unrolled, which
 * happens late, it keeps what it reads in memory. */
static __always_inline __u64 csum_words(const void *data, __u32 words)
{
	const csum_word *word = data;
	__u64 sum = 0;

#define ADD(i) sum += i < words ? word[i] : 0
	ADD(0), ADD(1), ADD(2), ADD(3), ADD(4), ADD(5), ADD(6), ADD(7), ADD(8), ADD(9);
#undef ADD
	return sum;
}

static __always_inline __u16 csum_fold(__u64 sum)
{
	sum = (sum >> 32) + (__u32)sum;
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (sum >> 16) + sum;
}

/* The folded sum of two folded sums. */
static __always_inline __u16 csum_add(__u16 a, __u16 b)
{
	__u32 sum = (__u32)a + b;

	return sum + (sum >> 16);
}

/* What to add so that `words` words no longer count. */
static __always_inline __u64 csum_minus(const void *data, __u32 words)
{
	const csum_word *word = data;
	__u64 sum = 0;

#define ADD(i) sum += i < words ? (__u32)~word[i] : 0
	ADD(0), ADD(1), ADD(2), ADD(3), ADD(4), ADD(5), ADD(6), ADD(7), ADD(8), ADD(9);
#undef ADD
	return sum;
}

/* A checksum field after its data has changed by `diff` (new minus old). RFC 1624, eqn. 3. */
static __always_inline __u16 csum_update(__u16 check, __u64 diff)
{
	return ~csum_fold((__u16)~check + diff);
}

/* Checksum field of an IPv4 header without options whose own field is 0. */
static __always_inline __u16 csum_ip4(const struct iphdr *ip4)
{
	return ~csum_fold(csum_words(ip4, sizeof(*ip4) / 4));
}

/* Pseudo-header of IPv6 without the addresses (RFC 8200, 8.1): length and Next Header. */
static __always_inline __u64 csum_pseudo(__u32 len, __u8 proto)
{
	return (__u64)BE_SWAP32(len) + BE_SWAP32((__u32)proto);
}
