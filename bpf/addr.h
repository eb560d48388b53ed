/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses: RFC 6052 embedding, classes of IPv4 and IPv6 addresses, the allocation hash. Pure. */
#pragma once

#include <linux/in6.h>
#include <linux/types.h>

#include "be.h"
#include "nat64.h"

/* The two halves of an address as they lie in memory. */
struct addr6_halves {
	__u64 half[2];
};

static __always_inline struct addr6_halves addr6_halves(const struct in6_addr *addr)
{
	struct addr6_halves h;

	__builtin_memcpy(&h, addr, sizeof(h));
	return h;
}

static __always_inline _Bool addr6_equal(const struct in6_addr *a, const struct in6_addr *b)
{
	struct addr6_halves x = addr6_halves(a), y = addr6_halves(b);

	return x.half[0] == y.half[0] && x.half[1] == y.half[1];
}

/* Of what lies in a map, aligned to 8 bytes: the compiler is not to put halves together from words.
 */
typedef __u64 __attribute__((__may_alias__)) addr6_half;

static __always_inline void addr6_copy(struct in6_addr *to, const struct in6_addr *from)
{
	const addr6_half *half = (const addr6_half *)from;
	struct addr6_halves h = { { half[0], half[1] } };

	__builtin_memcpy(to, &h, sizeof(h));
}

static __always_inline _Bool net6_contains(const struct nat64_net6 *net,
					   const struct in6_addr *addr)
{
	const addr6_half *n = (const addr6_half *)&net->addr,
			 *mask = (const addr6_half *)&net->mask;
	struct addr6_halves a = addr6_halves(addr);

	return !(((a.half[0] ^ n[0]) & mask[0]) | ((a.half[1] ^ n[1]) & mask[1]));
}

static __always_inline __be32 addr4_of(__u32 a, __u32 b, __u32 c, __u32 d)
{
	return be32(a << 24 | b << 16 | c << 8 | d);
}

/* RFC 6052, figure 1: where the bytes of an IPv4 address a.b.c.d lie in one of the prefix. `u`:
 *bits 64 to 71, always 0; the suffix, dots, is 0 too. Both are ignored on the way in.
 *
 *	     0           4           8           12
 *	/32  P  P  P  P  a  b  c  d  u  .  .  .  .  .  .  .
 *	/40  P  P  P  P  P  a  b  c  u  d  .  .  .  .  .  .
 *	/48  P  P  P  P  P  P  a  b  u  c  d  .  .  .  .  .
 *	/56  P  P  P  P  P  P  P  a  u  b  c  d  .  .  .  .
 *	/64  P  P  P  P  P  P  P  P  u  a  b  c  d  .  .  .
 *	/96  P  P  P  P  P  P  P  P  P  P  P  P  a  b  c  d
 */

/* IPv4 address inside an address of the prefix. `len`: bits of the prefix, one of these. */
static __always_inline __be32 addr_extract(const struct in6_addr *addr6, __u32 len)
{
	const __u8 *b = addr6->s6_addr;

	if (len == 96) /* nearly always */
		return addr6->s6_addr32[3];
	switch (len) {
	case 32:
		return addr6->s6_addr32[1];
	case 40:
		return addr4_of(b[5], b[6], b[7], b[9]);
	case 48:
		return addr4_of(b[6], b[7], b[9], b[10]);
	case 56:
		return addr4_of(b[7], b[9], b[10], b[11]);
	default:
		return addr4_of(b[9], b[10], b[11], b[12]);
	}
}

/* Address of the prefix that stands for addr4. `prefix`: in a map. */
static __always_inline void addr_embed(const struct in6_addr *prefix, __u32 len, __be32 addr4,
				       struct in6_addr *addr6)
{
	__u32 addr = cpu32(addr4);
	__u8 *b = addr6->s6_addr;

	addr6_copy(addr6, prefix);
	if (len == 96) {
		addr6->s6_addr32[3] = addr4;
		return;
	}
	switch (len) {
	case 32:
		addr6->s6_addr32[1] = addr4;
		return;
	case 40:
		b[5] = addr >> 24, b[6] = addr >> 16, b[7] = addr >> 8, b[9] = addr;
		return;
	case 48:
		b[6] = addr >> 24, b[7] = addr >> 16, b[9] = addr >> 8, b[10] = addr;
		return;
	case 56:
		b[7] = addr >> 24, b[9] = addr >> 16, b[10] = addr >> 8, b[11] = addr;
		return;
	default:
		b[9] = addr >> 24, b[10] = addr >> 16, b[11] = addr >> 8, b[12] = addr;
	}
}

/* Never a source or target on a wire: RFC 1122 3.2.1.3, RFC 3927 2.7, RFC 1112 4. Host order. */
static __always_inline _Bool addr4_is_martian(__u32 addr)
{
	__u32 first = addr >> 24;

	return first == 0 || first == 127 || addr >> 16 == (169 << 8 | 254) || first >> 4 == 14 ||
	       addr == 0xffffffff;
}

/* Not global in IANA's IPv4 Special-Purpose Address Registry (RFC 6890), and not a martian; these
 * are what RFC 6052, 3.1 bars under the well-known prefix. 192.88.99.0/24 is not in the list. Host
 * order. */
static __always_inline _Bool addr4_is_private(__u32 addr)
{
	switch (addr >> 24) {
	case 10: /* RFC 1918 */
		return 1;
	case 100: /* 100.64.0.0/10, RFC 6598 */
		return (addr >> 22 & 3) == 1;
	case 172: /* 172.16.0.0/12, RFC 1918 */
		return (addr >> 20 & 15) == 1;
	case 192:
		if (addr >> 8 == 0xc00000) /* 192.0.0.0/24, RFC 6890; .9, .10 are global */
			return addr != 0xc0000009 && addr != 0xc000000a;
		return addr >> 8 == 0xc00002 || /* 192.0.2.0/24, RFC 5737 */
		       addr >> 16 == 0xc0a8;	/* 192.168.0.0/16, RFC 1918 */
	case 198:
		return addr >> 17 == 0xc612 >> 1 || /* 198.18.0.0/15, RFC 2544 */
		       addr >> 8 == 0xc63364;	    /* 198.51.100.0/24, RFC 5737 */
	case 203:				    /* 203.0.113.0/24, RFC 5737 */
		return addr >> 8 == 0xcb0071;
	default: /* 240.0.0.0/4, RFC 1112 4 */
		return addr >> 28 == 15;
	}
}

/* First octets in which there are martians or private addresses: bit n of the word for 64 * word +
 * n. */
static __always_inline _Bool addr4_may_be_special(__u32 addr)
{
	__u32 first = addr >> 24;
	__u64 word;

	if (first < 64)
		word = 1ull << 0 | 1ull << 10;
	else if (first < 128)
		word = 1ull << (100 - 64) | 1ull << (127 - 64);
	else if (first < 192)
		word = 1ull << (169 - 128) | 1ull << (172 - 128);
	else
		word = 1ull << 0 | 1ull << (198 - 192) | 1ull << (203 - 192) | ~0ull << (224 - 192);
	return word >> (first & 63) & 1;
}

/* Illegal as a source, RFC 7915, 5.1: ::, ::1, multicast, link-local. */
static __always_inline _Bool addr6_is_illegal(const struct in6_addr *addr)
{
	const __u8 *b = addr->s6_addr;

	if (b[0] == 0xff || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80))
		return 1;
	return !(addr->s6_addr32[0] | addr->s6_addr32[1] | addr->s6_addr32[2]) &&
	       (cpu32(addr->s6_addr32[3]) | 1) == 1;
}

/* Keyed hash of a client: its low bits are the first slot that allocation tries, so the client gets
 * the same address again even if all state was lost, and nobody can aim at a slot without the key.
 */
static __always_inline __u32 nat64_hash(const __u64 seed[2], const struct in6_addr *addr)
{
	struct addr6_halves a = addr6_halves(addr);
	__u64 x = (a.half[1] ^ seed[0]) * 0x9e3779b97f4a7c15ull;

	x ^= x >> 32;
	x = (x + (a.half[0] ^ seed[1])) * 0xbf58476d1ce4e5b9ull;
	return x >> 32;
}
