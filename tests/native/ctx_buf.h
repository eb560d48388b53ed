/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet seam of the core over a plain buffer: same functions and meaning as bpf/ctx_skb.h. */
#pragma once

#include "maps_native.h"

#include "csum.h"

#define BUF_ROOM 256 /* bytes in front of the packet, for headers that grow */
#define BUF_MAX	 (0x10000 + 512)

/* An IP packet, from the IP header on. */
struct ctx_buf {
	__u16 ethertype;
	__u32 len; /* bytes of the packet */
	__u32 gso_size;
	bool returned; /* ctx_return() was called */
	__u8 *data;    /* the IP header; inside room */
	__u8 room[BUF_ROOM + BUF_MAX];
};

#define CTX struct ctx_buf

static __always_inline _Bool ctx_is(CTX *ctx, __u16 ethertype)
{
	return ctx->ethertype == ethertype;
}

static __always_inline _Bool ctx_is_arrival_64(CTX *ctx)
{
	return ctx_is(ctx, ETH_P_IPV6);
}

static __always_inline __u32 ctx_len(CTX *ctx)
{
	return ctx->len;
}

static __always_inline __u32 ctx_gso_size(CTX *ctx)
{
	return ctx->gso_size;
}

static inline int ctx_load(CTX *ctx, __u32 off, void *to, __u32 len)
{
	if (off > ctx->len || len > ctx->len - off)
		return -EFAULT;
	memcpy(to, ctx->data + off, len);
	return 0;
}

static __always_inline int ctx_load_head(CTX *ctx, __u32 off, void *to, __u32 len)
{
	return ctx_load(ctx, off, to, len);
}

/* A packet without room for a TCP header takes the other way, as in ctx_skb.h. */
static __always_inline int ctx_load_plain(CTX *ctx, void *to, __u32 len)
{
	return len + 20 > ctx->len ? -EFAULT : ctx_load(ctx, 0, to, len);
}

static inline int ctx_store(CTX *ctx, __u32 off, const void *from, __u32 len)
{
	if (off > ctx->len || len > ctx->len - off)
		return -EFAULT;
	memcpy(ctx->data + off, from, len);
	return 0;
}

static __always_inline int ctx_pull(CTX *ctx, __u32 len)
{
	return 0;
}

static inline int ctx_set_len(CTX *ctx, __u32 len)
{
	if (len > BUF_MAX)
		return -EINVAL;
	if (len > ctx->len)
		memset(ctx->data + ctx->len, 0, len - ctx->len);
	ctx->len = len;
	ctx->gso_size = 0;
	return 0;
}

/* Replaces the first `old` bytes by room for `new` ones. */
static inline int buf_resize(CTX *ctx, __u32 old, __u32 new, __u16 ethertype)
{
	if (old > ctx->len)
		return -EINVAL;
	ctx->data += (long)old - (long)new;
	ctx->len += new - old;
	if (ctx->data < ctx->room)
		abort();
	ctx->ethertype = ethertype;
	return 0;
}

static inline int ctx_resize_64(CTX *ctx, __u32 strip)
{
	return buf_resize(ctx, 40 + strip, 20, ETH_P_IP);
}

static inline int ctx_resize_46(CTX *ctx, __u32 strip, __u32 grow)
{
	return buf_resize(ctx, 20 + strip, 40 + grow, ETH_P_IPV6);
}

static inline int ctx_grow_64(CTX *ctx, __u32 len)
{
	return buf_resize(ctx, 40, 40 + len, ETH_P_IPV6);
}

static inline int ctx_store_head(CTX *ctx, const void *head, __u32 len)
{
	return ctx_store(ctx, 0, head, len);
}

/* As bpf_l4_csum_replace() with BPF_F_PSEUDO_HDR, and BPF_F_MARK_MANGLED_0 for UDP. */
static inline int ctx_l4_csum(CTX *ctx, __u32 off, __u16 diff, _Bool udp)
{
	__u16 check;

	if (ctx_load(ctx, off, &check, 2))
		return -EFAULT;
	if (udp && !check)
		return 0;
	check = csum_update(check, diff);
	if (udp && !check)
		check = 0xffff;
	return ctx_store(ctx, off, &check, 2);
}

static inline int ctx_l4_csum_data(CTX *ctx, __u32 off, __u16 from, __u16 to)
{
	__u16 check;

	if (ctx_load(ctx, off, &check, 2))
		return -EFAULT;
	check = csum_update(check, (__u64)(__u16)~from + to);
	return ctx_store(ctx, off, &check, 2);
}

static inline __u64 ctx_sum_chunk(const void *chunk, __u32 len)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < len; i += 4) {
		__u32 word;

		memcpy(&word, (const __u8 *)chunk + i, 4);
		sum += word;
	}
	return sum;
}

/* No program of XDP runs in front. */
static __always_inline _Bool ctx_is_marked(CTX *ctx, __be32 source)
{
	return false;
}

/* A buffer begins at the IP header: there is no link header to address. */
static __always_inline _Bool ctx_has_link(CTX *ctx)
{
	return false;
}

static __always_inline __u32 ctx_ifindex(CTX *ctx)
{
	return 0;
}

static __always_inline int ctx_load_link(CTX *ctx, __u16 part[3])
{
	return -EINVAL;
}

static __always_inline int ctx_store_link(CTX *ctx, const __u16 part[3])
{
	return -EINVAL;
}

static inline int ctx_return(CTX *ctx)
{
	ctx->returned = true;
	return 0;
}

static inline __u32 ctx_partial(CTX *ctx, __u16 *sum)
{
	return 0;
}

/* The only address of its own that the native host knows. */
static inline _Bool ctx_is_local4(CTX *ctx, __be32 addr)
{
	return addr == native.config.own4;
}
