/* SPDX-License-Identifier: GPL-2.0-only */
/* ICMP messages, RFC 7915 sections 4.2, 4.3, 5.2 and 5.3: echo in place; errors are built anew in
 * scratch memory, with the packet in error, padding and extension (RFC 4884) in their new places.
 */
#pragma once

#include "policy.h"
#include "write.h"
#include "xlat_icmp.h"

#define ICMP_HEADER   8	   /* bytes before the packet in error */
#define ERROR6_MAX    1280 /* bytes of an ICMPv6 error, RFC 4443, 2.4 (c) */
/* Bytes of the original datagram field before an extension, RFC 4884, 4. */
#define DATAGRAM_MIN  128
#define QUOTE_MAX     1600 /* bytes of the quoted packet behind its header that are carried over */
#define EXTENSION_MAX 1024 /* bytes of an extension that are carried over */

/* The packet in error: where it lies, what follows it. Offsets in the packet, bytes. */
struct quote {
	__u32 start;	 /* its IP header */
	__u32 end;	 /* behind it and its padding: extension or end of the message */
	__u32 extension; /* bytes of an extension behind it, 0: none */
	_Bool padded;	 /* the message says its length: RFC 4884 */
};

/* What is known of an ICMP error under translation. Too big for the stack: 512 bytes in all. */
struct quote_work {
	struct icmp_message icmp;
	union {
		struct ipv6hdr ip6; /* of the packet in error */
		struct iphdr ip4;
	};
	struct chain chain;
	struct ip_info info;
	struct quote quote;
	struct in6_addr client6;
	struct in6_addr far6;
};
_Static_assert(sizeof(struct quote_work) <= sizeof(((struct nat64_scratch *)0)->work),
	       "scratch too small");

/* Where the quote ends. `length`: RFC 4884 Length attribute in bytes, 0: none. */
static __always_inline verdict_t quote_find(const struct pkt *pkt, __u32 length,
					    struct quote *quote)
{
	*quote = (struct quote){
		.start = pkt->l4 + ICMP_HEADER,
		.end = pkt->len,
	};
	if (!length)
		return VERDICT_OK;
	if (quote->start + length > pkt->len)
		return DROP(ICMP_EXTENSION);
	quote->end = quote->start + length;
	quote->extension = pkt->len - quote->end;
	quote->padded = 1;
	return VERDICT_OK;
}

/* Updates the transport checksum of a quoted packet, if it is there: quotes are cut. `l4`: the
 * `rest` bytes of it. RFC 7915, 4.3 and 5.3. */
static __always_inline void quote_checksum(__u8 *l4, __u32 rest, __u8 proto, __u16 diff)
{
	csum_half *check;

	if (proto == IPPROTO_TCP && rest >= 18) {
		check = (csum_half *)(l4 + 16);
		*check = csum_update(*check, diff);
	} else if (proto != IPPROTO_TCP && proto_check(proto) && rest >= 8) {
		check = (csum_half *)(l4 + 6);
		if (proto == IPPROTO_UDP && !*check)
			return;
		*check = csum_update(*check, diff);
		if (proto == IPPROTO_UDP && !*check)
			*check = 0xffff;
	}
}

/* Type and checksum of a quoted echo message. `type`: its new type; `pseudo`: what the
 * pseudo-header adds. */
static __always_inline void quote_echo(__u8 *l4, __u32 rest, __u8 type, __u64 pseudo)
{
	csum_half *head = (csum_half *)l4, old = head[0];

	l4[0] = type;
	if (rest >= 4)
		head[1] = csum_update(head[1], pseudo + (__u16)~old + head[0]);
}

/* Puts the message together behind its new quoted headers: `head` bytes, the rest of the quote,
 * padding and extension, at most `max` bytes in all. `unit`: bytes of the Length attribute's unit.
 * Yields the length of the message and the Length attribute in units, 0 without extension. */
struct message {
	__u32 len;
	__u32 length;
};

static __always_inline verdict_t message_fill(CTX *ctx, __u8 *message, const struct quote *quote,
					      __u32 l4, __u32 head, __u32 unit, __u32 max,
					      _Bool extend, struct message *out)
{
	__u32 rest = quote->end - l4, size, extension = extend ? quote->extension : 0;

	if (rest > max - ICMP_HEADER - head)
		rest = max - ICMP_HEADER - head;
	if (extend && quote->padded)
		__builtin_memset(message + ICMP_HEADER + head, 0, DATAGRAM_MIN);
	if (rest) {
		rest = bounded(rest, NAT64_SCRATCH_LEN - 1);
		if (ctx_load(ctx, l4, message + ICMP_HEADER + head, rest))
			return DROP(QUOTE_MALFORMED);
	}
	*out = (struct message){ .len = ICMP_HEADER + head + rest };
	if (!extend || !quote->padded)
		return VERDICT_OK;

	__builtin_memset(message + ICMP_HEADER + head + rest, 0, 8);
	size = (head + rest + unit - 1) & ~(unit - 1);
	if (size < DATAGRAM_MIN)
		size = DATAGRAM_MIN;
	if (size / unit > 255 || ICMP_HEADER + size >= max)
		return VERDICT_OK;
	if (extension > max - ICMP_HEADER - size)
		extension = max - ICMP_HEADER - size;
	if (!extension || extension > EXTENSION_MAX)
		return VERDICT_OK;
	size = bounded(size, NAT64_SCRATCH_LEN - 1);
	extension = bounded(extension, EXTENSION_MAX - 1);
	if (ctx_load(ctx, quote->end, message + ICMP_HEADER + size, extension))
		return DROP(ICMP_EXTENSION);
	out->len = ICMP_HEADER + size + extension;
	out->length = size / unit;
	return VERDICT_OK;
}

/* Stores a finished message at `off` and gives it its checksum. `pseudo`: sum of the pseudo-header.
 */
static __always_inline verdict_t message_store(CTX *ctx, __u32 off, __u8 *message, __u32 len,
					       __u64 pseudo)
{
	__u32 sum;
	__u16 check;

	len = bounded(len, 2 * NAT64_SCRATCH_LEN - 1);
	if (ctx_store(ctx, off, message, len))
		return DROP(UNREADABLE);
	sum = ctx_sum(ctx, off, len);
	if (sum == SUM_FAILED)
		return DROP(UNREADABLE);
	check = ~csum_fold(sum + pseudo);
	return ctx_store(ctx, off + 2, &check, sizeof(check)) ? DROP(UNREADABLE) : VERDICT_OK;
}

/* Error messages, ICMPv6 to ICMPv4. RFC 7915, 5.2 and 5.3. */
RARE verdict_t icmp_error_64(CTX *ctx, struct pkt *pkt)
{
	const struct nat64_config *cfg = config();
	struct nat64_scratch *s = scratch();
	struct icmp_message *out;
	struct quote_work *w;
	struct icmp_kind kind;
	struct nat64_slot *slot;
	struct message message;
	__u32 sum, len;
	__be32 far4, client4;
	int echo = -1, pointer;

	if (!cfg || !s || !pkt)
		return DROP(UNREADABLE);
	w = (struct quote_work *)s->work;
	if (ctx_load(ctx, pkt->l4, &w->icmp, sizeof(w->icmp)))
		return DROP(SHORT_TRANSPORT);
	kind = icmp_kind_64(w->icmp.type, w->icmp.code);
	if (kind.word == WORD_NONE)
		return kind.drop;
	len = pkt->len - pkt->l4;
	sum = ctx_sum(ctx, pkt->l4, len);
	if (sum == SUM_FAILED ||
	    csum_fold(sum + csum_words(&pkt->src6, 8) + csum_pseudo(len, IPPROTO_ICMPV6)) != 0xffff)
		return DROP(ICMP_CHECKSUM);
	TRY(quote_find(pkt, kind.word == WORD_LENGTH ? w->icmp.byte[0] * 8 : 0, &w->quote));

	/* the packet in error went from the IPv4 host to the client */
	if (w->quote.start + sizeof(struct ipv6hdr) > w->quote.end ||
	    ctx_load(ctx, w->quote.start, &w->ip6, sizeof(struct ipv6hdr)) || w->ip6.version != 6)
		return DROP(QUOTE_MALFORMED);
	if (!net6_contains(&cfg->prefix, &w->ip6.saddr))
		return DROP(QUOTE_FOREIGN);
	far4 = addr_extract(&w->ip6.saddr, cfg->prefix_len);
	client4 = binding_by_addr6(cfg, &w->ip6.daddr, nat64_hash(cfg->seed, &w->ip6.daddr), &slot);
	if (!client4)
		return DROP(QUOTE_FOREIGN);
	if (policy_target(ctx, cfg, far4))
		return DROP(QUOTE_PRIVATE);
	w->chain = (struct chain){
		.off = w->quote.start + sizeof(struct ipv6hdr),
		.end = w->quote.end,
		.proto = w->ip6.nexthdr,
	};
	if (chain_walk(ctx, &w->chain))
		return DROP(QUOTE_MALFORMED);
	w->info.payload = cpu16(w->ip6.payload_len) -
			  (w->chain.off - w->quote.start - sizeof(struct ipv6hdr));
	if (w->info.payload > 0xffff - sizeof(struct iphdr))
		return DROP(QUOTE_MALFORMED);
	w->info.tos = ip6_class(&w->ip6);
	w->info.ttl = w->ip6.hop_limit;
	w->info.proto = w->chain.proto;
	w->info.fragment = w->chain.fragment;
	w->info.more = w->chain.more;
	w->info.offset = w->chain.offset;
	w->info.id = w->chain.id;
	if (w->info.proto == IPPROTO_ICMP)
		return DROP(QUOTE_TYPE);
	if (w->info.proto == IPPROTO_ICMPV6) {
		__u8 type;

		if (w->info.offset || w->info.more)
			return DROP(QUOTE_TYPE);
		if (w->chain.off >= w->quote.end || ctx_load(ctx, w->chain.off, &type, 1))
			return DROP(QUOTE_MALFORMED);
		echo = icmp_echo_64(type);
		if (echo < 0)
			return type & 0x80 ? DROP(QUOTE_TYPE) : DROP(QUOTE_NESTED);
	}

	TRY(message_fill(ctx, s->message, &w->quote, w->chain.off, sizeof(struct iphdr), 4,
			 ICMP_HEADER + sizeof(struct iphdr) + QUOTE_MAX, kind.word == WORD_LENGTH,
			 &message));
	out = (struct icmp_message *)s->message;
	*out = (struct icmp_message){ .type = kind.type, .code = kind.code };
	switch (kind.word) {
	case WORD_LENGTH:
		out->byte[1] = message.length;
		break;
	case WORD_MTU:
		sum = icmp_mtu_64(cpu32(w->icmp.word), w->info.fragment, cfg->vpn_mtu,
				  cfg->wan_mtu);
		if (!sum)
			return DROP(ICMP_MTU);
		out->half[1] = be16(sum);
		break;
	case WORD_POINTER:
		pointer = icmp_pointer_64(cpu32(w->icmp.word));
		if (pointer < 0)
			return DROP(ICMP_POINTER);
		out->byte[0] = pointer;
		break;
	}
	xlat_ip_64(&w->info, w->info.tos, far4, client4, 0, sizeof(struct iphdr) + w->info.payload,
		   (struct iphdr *)(s->message + ICMP_HEADER));
	if (!w->info.offset) {
		__u8 *l4 = s->message + ICMP_HEADER + sizeof(struct iphdr);
		__u32 rest = w->quote.end - w->chain.off;
		__u64 gone = csum_minus(&w->ip6.saddr, 8);

		if (echo >= 0)
			quote_echo(l4, rest, echo,
				   gone + (__u32)~BE_SWAP32(w->info.payload) +
					   (__u32)~BE_SWAP32(IPPROTO_ICMPV6));
		else
			quote_checksum(l4, rest, w->info.proto,
				       csum_fold(gone + bits32(far4) + bits32(client4)));
	}

	if (ctx_set_len(ctx, pkt->l4 + message.len) ||
	    ctx_resize_64(ctx, pkt->l4 - sizeof(struct ipv6hdr)))
		return DROP(RESIZE_FAILED);
	TRY(message_store(ctx, sizeof(struct iphdr), s->message, message.len, 0));
	pkt->info.payload = message.len;
	return write_ip_64(ctx, cfg, pkt, 0, sizeof(struct iphdr) + message.len);
}

/* Error messages, ICMPv4 to ICMPv6. RFC 7915, 4.2 and 4.3. */
RARE verdict_t icmp_error_46(CTX *ctx, struct pkt *pkt)
{
	const struct nat64_config *cfg = config();
	struct nat64_scratch *s = scratch();
	struct icmp_message *out;
	struct quote_work *w;
	struct icmp_kind kind;
	struct nat64_slot *slot;
	struct message message;
	__u32 sum, len, l4, length;
	__u16 frag_off;
	int echo = -1, pointer;

	if (!cfg || !s || !pkt)
		return DROP(UNREADABLE);
	w = (struct quote_work *)s->work;
	if (ctx_load(ctx, pkt->l4, &w->icmp, sizeof(w->icmp)))
		return DROP(SHORT_TRANSPORT);
	kind = icmp_kind_46(w->icmp.type, w->icmp.code);
	if (kind.word == WORD_NONE)
		return kind.drop;
	len = pkt->len - pkt->l4;
	sum = ctx_sum(ctx, pkt->l4, len);
	if (sum == SUM_FAILED || (__u16)sum != 0xffff)
		return DROP(ICMP_CHECKSUM);
	length = w->icmp.byte[1] * 4; /* types 3, 11 and 12 have it: RFC 4884, 4 */
	TRY(quote_find(pkt, length, &w->quote));

	/* the packet in error went from the client to the IPv4 host */
	if (w->quote.start + sizeof(struct iphdr) > w->quote.end ||
	    ctx_load(ctx, w->quote.start, &w->ip4, sizeof(struct iphdr)))
		return DROP(QUOTE_MALFORMED);
	l4 = w->quote.start + w->ip4.ihl * 4;
	len = cpu16(w->ip4.tot_len);
	if (w->ip4.version != 4 || w->ip4.ihl < 5 || l4 > w->quote.end || len < w->ip4.ihl * 4)
		return DROP(QUOTE_MALFORMED);
	slot = binding_by_addr4(cfg, w->ip4.saddr);
	if (!slot || !binding_client(cfg, slot, w->ip4.saddr, &w->client6))
		return DROP(QUOTE_FOREIGN);
	if (policy_target(ctx, cfg, w->ip4.daddr))
		return DROP(QUOTE_PRIVATE);
	addr_embed(&cfg->prefix.addr, cfg->prefix_len, w->ip4.daddr, &w->far6);
	frag_off = cpu16(w->ip4.frag_off);
	w->info.payload = len - w->ip4.ihl * 4;
	w->info.tos = w->ip4.tos;
	w->info.ttl = w->ip4.ttl;
	w->info.proto = proto_46(w->ip4.protocol);
	w->info.fragment = !!(frag_off & (IP4_MF | IP4_OFFSET));
	w->info.more = !!(frag_off & IP4_MF);
	w->info.offset = frag_off & IP4_OFFSET;
	w->info.id = cpu16(w->ip4.id);
	if (w->ip4.protocol == IPPROTO_ICMPV6 || w->ip4.protocol == IPPROTO_IGMP ||
	    proto_is_chain(w->ip4.protocol))
		return DROP(QUOTE_TYPE);
	if (w->ip4.protocol == IPPROTO_ICMP) {
		__u8 type;

		if (w->info.fragment)
			return DROP(QUOTE_TYPE);
		if (l4 >= w->quote.end || ctx_load(ctx, l4, &type, 1))
			return DROP(QUOTE_MALFORMED);
		echo = icmp_echo_46(type);
		if (echo < 0)
			return icmp4_is_error(type) ? DROP(QUOTE_NESTED) : DROP(QUOTE_TYPE);
	}

	if (w->info.fragment) {
		TRY(message_fill(ctx, s->message, &w->quote, l4,
				 sizeof(struct ipv6hdr) + sizeof(struct frag6), 8,
				 ERROR6_MAX - sizeof(struct ipv6hdr), kind.word == WORD_LENGTH,
				 &message));
		xlat_frag_46(&w->info,
			     (struct frag6 *)(s->message + ICMP_HEADER + sizeof(struct ipv6hdr)));
	} else {
		TRY(message_fill(ctx, s->message, &w->quote, l4, sizeof(struct ipv6hdr), 8,
				 ERROR6_MAX - sizeof(struct ipv6hdr), kind.word == WORD_LENGTH,
				 &message));
	}
	out = (struct icmp_message *)s->message;
	*out = (struct icmp_message){ .type = kind.type, .code = kind.code };
	switch (kind.word) {
	case WORD_LENGTH:
		out->byte[0] = message.length;
		break;
	case WORD_MTU:
		out->word = be32(
			icmp_mtu_46(cpu16(w->icmp.half[1]), len, cfg->vpn_mtu, cfg->wan_mtu));
		break;
	case WORD_NEXT_HEADER:
		out->word = be32(6);
		break;
	case WORD_POINTER:
		pointer = icmp_pointer_46(w->icmp.byte[0]);
		if (pointer < 0)
			return DROP(ICMP_POINTER);
		out->word = be32(pointer);
		break;
	}
	xlat_ip_46(&w->info, w->info.tos, &w->client6, &w->far6,
		   (struct ipv6hdr *)(s->message + ICMP_HEADER));
	if (!w->info.offset) {
		__u8 *transport = s->message + ICMP_HEADER + sizeof(struct ipv6hdr);
		__u64 came = csum_words(&w->client6, 4) + csum_words(&w->far6, 4);
		__u32 rest = w->quote.end - l4;

		if (echo >= 0)
			quote_echo(transport, rest, echo,
				   came + csum_pseudo(w->info.payload, IPPROTO_ICMPV6));
		else
			quote_checksum(w->info.fragment ? transport + sizeof(struct frag6) :
							  transport,
				       rest, w->info.proto,
				       csum_fold(came + ~bits32(w->ip4.saddr) +
						 ~bits32(w->ip4.daddr)));
	}

	if (ctx_set_len(ctx, pkt->l4 + message.len) ||
	    ctx_resize_46(ctx, pkt->l4 - sizeof(struct iphdr), 0))
		return DROP(RESIZE_FAILED);
	TRY(message_store(ctx, sizeof(struct ipv6hdr), s->message, message.len,
			  csum_words(&pkt->src6, 8) + csum_pseudo(message.len, IPPROTO_ICMPV6)));
	pkt->info.payload = message.len;
	return write_ip_46(ctx, cfg, pkt);
}

/* Echo, ICMPv6 to ICMPv4; other informational messages have no translation. RFC 7915, 5.2. */
RARE verdict_t icmp_inform_64(CTX *ctx, struct pkt *pkt, __u32 hash)
{
	const struct nat64_config *cfg = config();
	struct icmp_message icmp;
	__u32 len;
	__u16 old;
	int type;

	if (!cfg || !pkt || ctx_load(ctx, pkt->l4, &icmp, sizeof(icmp)))
		return DROP(SHORT_TRANSPORT);
	type = icmp_echo_64(icmp.type);
	if (type < 0)
		return DROP(ICMP_TYPE);
	len = pkt->info.payload;
	__builtin_memcpy(&old, &icmp, sizeof(old));
	icmp.type = type;
	icmp.check = csum_update(icmp.check, csum_minus(&pkt->src6, 8) + (__u32)~BE_SWAP32(len) +
						     (__u32)~BE_SWAP32(IPPROTO_ICMPV6) +
						     (__u16)~old + *(csum_half *)&icmp);
	if (ctx_store(ctx, pkt->l4, &icmp, 4))
		return DROP(UNREADABLE);
	if (ctx_resize_64(ctx, pkt->l4 - sizeof(struct ipv6hdr)))
		return DROP(RESIZE_FAILED);
	return write_ip_64(ctx, cfg, pkt, hash, sizeof(struct iphdr) + len);
}

/* Echo, ICMPv4 to ICMPv6; other informational messages have no translation. RFC 7915, 4.2. */
RARE verdict_t icmp_inform_46(CTX *ctx, struct pkt *pkt)
{
	const struct nat64_config *cfg = config();
	struct icmp_message icmp;
	__u32 len;
	__u16 old;
	int type;

	if (!cfg || !pkt || ctx_load(ctx, pkt->l4, &icmp, sizeof(icmp)))
		return DROP(SHORT_TRANSPORT);
	type = icmp_echo_46(icmp.type);
	if (type < 0)
		return DROP(ICMP_TYPE);
	len = pkt->info.payload;
	if (cfg->vpn_mtu && sizeof(struct ipv6hdr) + len > cfg->vpn_mtu)
		return DROP(TOO_BIG);
	__builtin_memcpy(&old, &icmp, sizeof(old));
	icmp.type = type;
	icmp.check = csum_update(icmp.check, csum_words(&pkt->src6, 8) +
						     csum_pseudo(len, IPPROTO_ICMPV6) +
						     (__u16)~old + *(csum_half *)&icmp);
	if (ctx_store(ctx, pkt->l4, &icmp, 4))
		return DROP(UNREADABLE);
	if (ctx_resize_46(ctx, pkt->l4 - sizeof(struct iphdr), 0))
		return DROP(RESIZE_FAILED);
	return write_ip_46(ctx, cfg, pkt);
}

static __always_inline verdict_t icmp_64(CTX *ctx, struct pkt *pkt, __u32 hash)
{
	__u8 type;

	if (ctx_load(ctx, pkt->l4, &type, sizeof(type)))
		return DROP(SHORT_TRANSPORT);
	return type & 0x80 ? icmp_inform_64(ctx, pkt, hash) : icmp_error_64(ctx, pkt);
}

static __always_inline verdict_t icmp_46(CTX *ctx, struct pkt *pkt)
{
	__u8 type;

	if (ctx_load(ctx, pkt->l4, &type, sizeof(type)))
		return DROP(SHORT_TRANSPORT);
	return icmp4_is_error(type) ? icmp_error_46(ctx, pkt) : icmp_inform_46(ctx, pkt);
}
