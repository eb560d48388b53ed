/* SPDX-License-Identifier: GPL-2.0-only */
/* ICMPv6 errors that the translator itself sends, RFC 7915 5.4 and RFC 4443 2.4: built in place
 * around the offending packet and sent back out of the same interface, at a limited rate. */
#pragma once

#include "pkt.h"
#include "write.h"
#include "xlat_icmp.h"

#define REPLY_HEAD	(sizeof(struct ipv6hdr) + 8) /* bytes in front of the quoted packet */
#define REPLY_QUOTE	(1280 - REPLY_HEAD)	     /* bytes of it at most */
#define REPLY_HOP_LIMIT 64

/* Sum of `len` bytes at `off` of the offending packet as they will be once the kernel has completed
 * the transport checksum: what it covers then sums up to minus the pseudo-header's sum that the
 * field holds now, whatever the data is and however much of it is cut off. */
static __always_inline __u32 reply_sum(CTX *ctx, __u32 off, __u32 len)
{
	__u32 partial, sum;
	__u16 pseudo;

	partial = ctx_partial(ctx, &pseudo);
	if (partial < off || partial >= off + len)
		return ctx_sum(ctx, off, len);
	if (partial == off)
		return (__u16)~pseudo;
	sum = ctx_sum(ctx, off, partial - off);
	return sum == SUM_FAILED ? sum : csum_fold((__u64)sum + (__u16)~pseudo);
}

/* Turns the packet into the error that `verdict` asks for. 0: sent back, else -1 and the packet is
 * spoilt. */
RARE int reply_send(CTX *ctx, verdict_t verdict)
{
	const struct nat64_config *cfg = config();
	struct {
		struct ipv6hdr ip6;
		struct icmp_message icmp;
	} head = {};
	struct ipv6hdr old;
	__u32 len, sum;

	if (!cfg || ctx_load(ctx, 0, &old, sizeof(old)))
		return -1;
	len = sizeof(old) + cpu16(old.payload_len);
	if (len > REPLY_QUOTE)
		len = REPLY_QUOTE;
	if (len > ctx_len(ctx))
		return -1;
	if (ctx_set_len(ctx, len))
		return -1;
	sum = reply_sum(ctx, sizeof(old), len - sizeof(old));
	if (sum == SUM_FAILED || ctx_grow_64(ctx, REPLY_HEAD))
		return -1;

	switch (verdict_reply(verdict)) {
	case REPLY_NONE:
		return -1;
	case REPLY_PROHIBITED:
		head.icmp.type = ICMPV6_DEST_UNREACH;
		head.icmp.code = ICMP6_PROHIBITED;
		break;
	case REPLY_UNREACHABLE:
		head.icmp.type = ICMPV6_DEST_UNREACH;
		head.icmp.code = ICMP6_ADDRESS;
		break;
	case REPLY_POINTER:
		head.icmp.type = ICMPV6_PARAMPROB;
		head.icmp.code = ICMPV6_HDR_FIELD;
		head.icmp.word = be32(verdict_offset(verdict));
		break;
	}
	head.ip6.version = 6;
	head.ip6.payload_len = be16(sizeof(head.icmp) + len);
	head.ip6.nexthdr = IPPROTO_ICMPV6;
	head.ip6.hop_limit = REPLY_HOP_LIMIT;
	head.ip6.saddr = cfg->own6;
	head.ip6.daddr = old.saddr;
	head.icmp.check = ~csum_fold(sum + csum_words(&head.ip6.saddr, 8) +
				     csum_words(&head.icmp, 2) +
				     csum_pseudo(sizeof(head.icmp) + len, IPPROTO_ICMPV6) +
				     csum_words(&old, sizeof(old) / 4));
	if (ctx_store(ctx, 0, &head, sizeof(head)) ||
	    ctx_store(ctx, sizeof(head), &old, sizeof(old)))
		return -1;
	return ctx_return(ctx);
}

/* Counts and tells of an IPv4 packet that is dropped. */
static __always_inline void drop_46(CTX *ctx, verdict_t verdict)
{
	struct nat64_bucket *b = bucket();

	count_drop(verdict_reason(verdict), ctx_len(ctx));
	if (b && tokens_take(&b->event, NAT64_EVENT_RATE))
		event_drop(ctx, verdict_reason(verdict), 0);
}

/* Counts a packet that is dropped and answers it where that is due. 1: the packet is now the
 * answer, on its way back; 0: drop it. */
RARE int drop_64(CTX *ctx, verdict_t verdict)
{
	const struct nat64_config *cfg = config();
	struct nat64_bucket *b = bucket();

	count_drop(verdict_reason(verdict), ctx_len(ctx));
	if (!cfg || !b)
		return 0;
	if (tokens_take(&b->event, NAT64_EVENT_RATE))
		event_drop(ctx, verdict_reason(verdict), !ctx_is(ctx, ETH_P_IP));
	if (verdict_reply(verdict) == REPLY_NONE || !cfg->icmp_rate)
		return 0;
	if (!tokens_take(&b->error, cfg->icmp_rate)) {
		count(NAT64_COUNT_ERRORS_LIMITED, 0);
		return 0;
	}
	if (reply_send(ctx, verdict))
		return 0;
	count(NAT64_COUNT_ICMP_ERRORS, 0);
	return 1;
}
