/* SPDX-License-Identifier: GPL-2.0-only */
/* Byte order conversions, typed so that `sparse -Wbitwise` finds a host value in a network field.
 */
#pragma once

#include <linux/types.h>

#ifdef __CHECKER__
#define BE_FORCE __attribute__((force))
#else
#define BE_FORCE
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BE_SWAP16(x) __builtin_bswap16(x)
#define BE_SWAP32(x) __builtin_bswap32(x)
#else
#define BE_SWAP16(x) (x)
#define BE_SWAP32(x) (x)
#endif

static inline __be16 be16(__u16 host)
{
	return (BE_FORCE __be16)BE_SWAP16(host);
}

static inline __be32 be32(__u32 host)
{
	return (BE_FORCE __be32)BE_SWAP32(host);
}

/* The bits as they lie in memory, for one's complement sums, which need no byte order (RFC 1071, 2
 * (B)). */
static inline __u16 bits16(__be16 net)
{
	return (BE_FORCE __u16)net;
}

static inline __u32 bits32(__be32 net)
{
	return (BE_FORCE __u32)net;
}

static inline __u16 cpu16(__be16 net)
{
	return BE_SWAP16((BE_FORCE __u16)net);
}

static inline __u32 cpu32(__be32 net)
{
	return BE_SWAP32((BE_FORCE __u32)net);
}
