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

/* An ICMP message under construction. */
struct message {
	__u32 len;    /* bytes */
	__u32 length; /* RFC 4884 Length attribute in its unit; 0: no extension */
};

/* What is known of an ICMP error under translation. In scratch memory, as the stack is too small:
 * 512 bytes along a chain of calls. */
struct icmp_work {
	struct icmp_message icmp; /* its first bytes, as they came */
	struct icmp_kind kind;	  /* what it becomes */
	struct quote quote;	  /* the packet in error */
	union {
		struct ipv6hdr ip6;
		struct iphdr ip4;
	};
	struct ip_info info;
	struct chain chain;
	__u32 l4;		 /* offset of its transport header */
	__s32 echo;		 /* new type of a quoted echo message; -1: it is none */
	struct in6_addr client6; /* the two ends of its flow, where they have been looked up */
	struct in6_addr far6;
	__be32 client4;
	__be32 far4;
	struct message message;
};
_Static_assert(sizeof(struct icmp_work) <= sizeof(((struct nat64_scratch *)0)->work),
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
 */
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

/* The first bytes of an error, of known type and code in `w->kind`: finds where its quote ends.
 * `pseudo`: sum of its pseudo-header. RFC 5508, REQ-3: a wrong checksum is a drop. */
static __always_inline verdict_t error_read(CTX *ctx, const struct pkt *pkt, __u64 pseudo,
					    __u32 length, struct icmp_work *w)
{
	__u32 sum = ctx_sum(ctx, pkt->l4, pkt->len - pkt->l4);

	if (sum == SUM_FAILED || csum_fold(sum + pseudo) != 0xffff)
		return DROP(ICMP_CHECKSUM);
	return quote_find(pkt, length, &w->quote);
}

static __always_inline verdict_t error_read_64(CTX *ctx, const struct pkt *pkt, struct icmp_work *w)
{
	__u64 pseudo = csum_words(&pkt->src6, 8) + csum_pseudo(pkt->len - pkt->l4, IPPROTO_ICMPV6);

	if (ctx_load(ctx, pkt->l4, &w->icmp, sizeof(w->icmp)))
		return DROP(SHORT_TRANSPORT);
	w->kind = icmp_kind_64(w->icmp.type, w->icmp.code);
	if (w->kind.word == WORD_NONE)
		return w->kind.drop;
	return error_read(ctx, pkt, pseudo, w->kind.word == WORD_LENGTH ? w->icmp.byte[0] * 8 : 0,
			  w);
}

/* Types 3, 11 and 12 have a Length attribute: RFC 4884, 4. */
static __always_inline verdict_t error_read_46(CTX *ctx, const struct pkt *pkt, struct icmp_work *w)
{
	if (ctx_load(ctx, pkt->l4, &w->icmp, sizeof(w->icmp)))
		return DROP(SHORT_TRANSPORT);
	w->kind = icmp_kind_46(w->icmp.type, w->icmp.code);
	if (w->kind.word == WORD_NONE)
		return w->kind.drop;
	return error_read(ctx, pkt, 0, w->icmp.byte[1] * 4, w);
}

/* The IP header of the packet in error. */
static __always_inline verdict_t quote_read_64(CTX *ctx, struct icmp_work *w)
{
	if (w->quote.start + sizeof(w->ip6) > w->quote.end ||
	    ctx_load(ctx, w->quote.start, &w->ip6, sizeof(w->ip6)) || w->ip6.version != 6)
		return DROP(QUOTE_MALFORMED);
	return VERDICT_OK;
}

static __always_inline verdict_t quote_read_46(CTX *ctx, struct icmp_work *w)
{
	if (w->quote.start + sizeof(w->ip4) > w->quote.end ||
	    ctx_load(ctx, w->quote.start, &w->ip4, sizeof(w->ip4)))
		return DROP(QUOTE_MALFORMED);
	w->l4 = w->quote.start + w->ip4.ihl * 4;
	if (w->ip4.version != 4 || w->ip4.ihl < 5 || w->l4 > w->quote.end ||
	    cpu16(w->ip4.tot_len) < w->ip4.ihl * 4)
		return DROP(QUOTE_MALFORMED);
	return VERDICT_OK;
}

/* Did the packet in error go from an IPv4 host to a client? RFC 5508, REQ-4. */
static __always_inline verdict_t quote_policy_64(CTX *ctx, const struct nat64_config *cfg,
						 struct icmp_work *w)
{
	struct nat64_slot *slot;

	if (!net6_contains(&cfg->prefix, &w->ip6.saddr))
		return DROP(QUOTE_FOREIGN);
	w->far4 = addr_extract(&w->ip6.saddr, cfg->prefix_len);
	w->client4 = binding_by_addr6(cfg, &w->ip6.daddr, nat64_hash(cfg->seed, &w->ip6.daddr),
				      &slot);
	if (!w->client4)
		return DROP(QUOTE_FOREIGN);
	return policy_target(ctx, cfg, w->far4) ? DROP(QUOTE_PRIVATE) : VERDICT_OK;
}

/* Did the packet in error go from a client to an IPv4 host? */
static __always_inline verdict_t quote_policy_46(CTX *ctx, const struct nat64_config *cfg,
						 struct icmp_work *w)
{
	struct nat64_slot *slot = binding_by_addr4(cfg, w->ip4.saddr);

	if (!slot || !binding_client(cfg, slot, w->ip4.saddr, &w->client6))
		return DROP(QUOTE_FOREIGN);
	if (policy_target(ctx, cfg, w->ip4.daddr))
		return DROP(QUOTE_PRIVATE);
	addr_embed(&cfg->prefix.addr, cfg->prefix_len, w->ip4.daddr, &w->far6);
	return VERDICT_OK;
}

/* Type of a quoted ICMP message. `*type` is left alone if it is cut off. */
static __always_inline verdict_t quote_type(CTX *ctx, const struct icmp_work *w, __u8 *type)
{
	if (w->info.offset || w->info.more)
		return DROP(QUOTE_TYPE);
	if (w->l4 >= w->quote.end || ctx_load(ctx, w->l4, type, 1))
		return DROP(QUOTE_MALFORMED);
	return VERDICT_OK;
}

/* Header chain and protocol of the packet in error, in IPv6's and IPv4's common terms. Of ICMP,
 * only echo can be quoted: RFC 7915, 4.3 and 5.3. */
static __always_inline verdict_t quote_parse_64(CTX *ctx, struct icmp_work *w)
{
	__u32 first = w->quote.start + sizeof(w->ip6);
	__u8 type;

	w->chain = (struct chain){
		.off = first,
		.end = w->quote.end,
		.proto = w->ip6.nexthdr,
	};
	if (chain_walk(ctx, &w->chain))
		return DROP(QUOTE_MALFORMED);
	w->l4 = w->chain.off;
	w->info = ip_info_of_6(&w->ip6);
	ip_info_of_chain(&w->chain, cpu16(w->ip6.payload_len) - (w->l4 - first), &w->info);
	if (w->info.payload > 0xffff - sizeof(struct iphdr))
		return DROP(QUOTE_MALFORMED);

	w->echo = -1;
	if (w->info.proto == IPPROTO_ICMP)
		return DROP(QUOTE_TYPE);
	if (w->info.proto != IPPROTO_ICMPV6)
		return VERDICT_OK;
	TRY(quote_type(ctx, w, &type));
	w->echo = icmp_echo_64(type);
	if (w->echo >= 0)
		return VERDICT_OK;
	return type & 0x80 ? DROP(QUOTE_TYPE) : DROP(QUOTE_NESTED);
}

static __always_inline verdict_t quote_parse_46(CTX *ctx, struct icmp_work *w)
{
	__u8 type;

	w->info = ip_info_of_4(&w->ip4);
	w->echo = -1;
	if (w->ip4.protocol == IPPROTO_ICMPV6 || w->ip4.protocol == IPPROTO_IGMP ||
	    proto_is_chain(w->ip4.protocol))
		return DROP(QUOTE_TYPE);
	if (w->ip4.protocol != IPPROTO_ICMP)
		return VERDICT_OK;
	TRY(quote_type(ctx, w, &type));
	w->echo = icmp_echo_46(type);
	if (w->echo >= 0)
		return VERDICT_OK;
	return icmp4_is_error(type) ? DROP(QUOTE_NESTED) : DROP(QUOTE_TYPE);
}

/* The second word of the new message. */
static __always_inline verdict_t message_word_64(const struct nat64_config *cfg,
						 const struct icmp_work *w,
						 struct icmp_message *out)
{
	__u32 mtu;
	int pointer;

	switch (w->kind.word) {
	case WORD_LENGTH:
		out->byte[1] = w->message.length;
		break;
	case WORD_MTU:
		mtu = icmp_mtu_64(cpu32(w->icmp.word), w->info.fragment, cfg->vpn_mtu,
				  cfg->wan_mtu);
		if (!mtu)
			return DROP(ICMP_MTU);
		out->half[1] = be16(mtu);
		break;
	case WORD_POINTER:
		pointer = icmp_pointer_64(cpu32(w->icmp.word));
		if (pointer < 0)
			return DROP(ICMP_POINTER);
		out->byte[0] = pointer;
		break;
	}
	return VERDICT_OK;
}

static __always_inline verdict_t message_word_46(const struct nat64_config *cfg,
						 const struct icmp_work *w,
						 struct icmp_message *out)
{
	int pointer;

	switch (w->kind.word) {
	case WORD_LENGTH:
		out->byte[0] = w->message.length;
		break;
	case WORD_MTU:
		out->word = be32(icmp_mtu_46(cpu16(w->icmp.half[1]), cpu16(w->ip4.tot_len),
					     cfg->vpn_mtu, cfg->wan_mtu));
		break;
	case WORD_NEXT_HEADER:
		out->word = be32(ICMP_POINTER_NEXT_HEADER);
		break;
	case WORD_POINTER:
		pointer = icmp_pointer_46(w->icmp.byte[0]);
		if (pointer < 0)
			return DROP(ICMP_POINTER);
		out->word = be32(pointer);
		break;
	}
	return VERDICT_OK;
}

/* Type and checksum of the transport header in the new quote, `l4`. */
static __always_inline void message_transport_64(const struct icmp_work *w, __u8 *l4)
{
	__u32 rest = w->quote.end - w->l4;
	__u64 gone = csum_minus(&w->ip6.saddr, 8);

	if (w->info.offset)
		return;
	if (w->echo >= 0)
		quote_echo(l4, rest, w->echo,
			   gone + (__u32)~BE_SWAP32(w->info.payload) +
				   (__u32)~BE_SWAP32(IPPROTO_ICMPV6));
	else
		quote_checksum(l4, rest, w->info.proto,
			       csum_fold(gone + bits32(w->far4) + bits32(w->client4)));
}

static __always_inline void message_transport_46(const struct icmp_work *w, __u8 *l4)
{
	__u32 rest = w->quote.end - w->l4;
	__u64 came = csum_words(&w->client6, 4) + csum_words(&w->far6, 4);

	if (w->info.offset)
		return;
	if (w->echo >= 0)
		quote_echo(l4, rest, w->echo, came + csum_pseudo(w->info.payload, IPPROTO_ICMPV6));
	else
		quote_checksum(l4, rest, w->info.proto,
			       csum_fold(came + ~bits32(w->ip4.saddr) + ~bits32(w->ip4.daddr)));
}

/* The new message in scratch memory, all but its checksum. */
static __always_inline verdict_t message_build_64(CTX *ctx, const struct nat64_config *cfg,
						  struct icmp_work *w, __u8 *message)
{
	struct icmp_message *out = (struct icmp_message *)message;
	struct iphdr *ip4 = (struct iphdr *)(message + ICMP_HEADER);

	TRY(message_fill(ctx, message, &w->quote, w->l4, sizeof(*ip4), 4,
			 ICMP_HEADER + sizeof(*ip4) + QUOTE_MAX, w->kind.word == WORD_LENGTH,
			 &w->message));
	*out = (struct icmp_message){ .type = w->kind.type, .code = w->kind.code };
	TRY(message_word_64(cfg, w, out));
	xlat_ip_64(&w->info, w->info.tos, w->far4, w->client4, 0, sizeof(*ip4) + w->info.payload,
		   ip4);
	message_transport_64(w, message + ICMP_HEADER + sizeof(*ip4));
	return VERDICT_OK;
}

/* `head`, a constant: bytes of the quoted packet's IPv6 headers. */
static __always_inline verdict_t message_build_46(CTX *ctx, const struct nat64_config *cfg,
						  struct icmp_work *w, __u8 *message, __u32 head)
{
	struct icmp_message *out = (struct icmp_message *)message;
	struct ipv6hdr *ip6 = (struct ipv6hdr *)(message + ICMP_HEADER);

	TRY(message_fill(ctx, message, &w->quote, w->l4, head, 8, ERROR6_MAX - sizeof(*ip6),
			 w->kind.word == WORD_LENGTH, &w->message));
	*out = (struct icmp_message){ .type = w->kind.type, .code = w->kind.code };
	TRY(message_word_46(cfg, w, out));
	xlat_ip_46(&w->info, w->info.tos, &w->client6, &w->far6, ip6);
	if (head > sizeof(*ip6))
		xlat_frag_46(&w->info, (struct frag6 *)(ip6 + 1));
	message_transport_46(w, message + ICMP_HEADER + head);
	return VERDICT_OK;
}

/* Gives the packet the length of the new message, which takes the place of the old one. */
static __always_inline verdict_t message_send_64(CTX *ctx, const struct nat64_config *cfg,
						 struct pkt *pkt, __u8 *message, __u32 len)
{
	if (ctx_set_len(ctx, pkt->l4 + len) || ctx_resize_64(ctx, pkt->l4 - sizeof(struct ipv6hdr)))
		return DROP(RESIZE_FAILED);
	TRY(message_store(ctx, sizeof(struct iphdr), message, len, 0));
	pkt->info.payload = len;
	return write_ip_64(ctx, cfg, pkt, 0, sizeof(struct iphdr) + len);
}

static __always_inline verdict_t message_send_46(CTX *ctx, const struct nat64_config *cfg,
						 struct pkt *pkt, __u8 *message, __u32 len)
{
	if (ctx_set_len(ctx, pkt->l4 + len) ||
	    ctx_resize_46(ctx, pkt->l4 - sizeof(struct iphdr), 0))
		return DROP(RESIZE_FAILED);
	TRY(message_store(ctx, sizeof(struct ipv6hdr), message, len,
			  csum_words(&pkt->src6, 8) + csum_pseudo(len, IPPROTO_ICMPV6)));
	pkt->info.payload = len;
	return write_ip_46(ctx, cfg, pkt);
}

/* Error messages, ICMPv6 to ICMPv4. RFC 7915, 5.2 and 5.3. */
RARE verdict_t icmp_error_64(CTX *ctx, struct pkt *pkt)
{
	const struct nat64_config *cfg = config();
	struct nat64_scratch *s = scratch();
	struct icmp_work *w;

	if (!cfg || !s || !pkt)
		return DROP(UNREADABLE);
	w = (struct icmp_work *)s->work;
	TRY(error_read_64(ctx, pkt, w));
	TRY(quote_read_64(ctx, w));
	TRY(quote_policy_64(ctx, cfg, w));
	TRY(quote_parse_64(ctx, w));
	TRY(message_build_64(ctx, cfg, w, s->message));
	return message_send_64(ctx, cfg, pkt, s->message, w->message.len);
}

/* Error messages, ICMPv4 to ICMPv6. RFC 7915, 4.2 and 4.3. */
RARE verdict_t icmp_error_46(CTX *ctx, struct pkt *pkt)
{
	const struct nat64_config *cfg = config();
	struct nat64_scratch *s = scratch();
	struct icmp_work *w;

	if (!cfg || !s || !pkt)
		return DROP(UNREADABLE);
	w = (struct icmp_work *)s->work;
	TRY(error_read_46(ctx, pkt, w));
	TRY(quote_read_46(ctx, w));
	TRY(quote_policy_46(ctx, cfg, w));
	TRY(quote_parse_46(ctx, w));
	if (w->info.fragment)
		TRY(message_build_46(ctx, cfg, w, s->message,
				     sizeof(struct ipv6hdr) + sizeof(struct frag6)));
	else
		TRY(message_build_46(ctx, cfg, w, s->message, sizeof(struct ipv6hdr)));
	return message_send_46(ctx, cfg, pkt, s->message, w->message.len);
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
