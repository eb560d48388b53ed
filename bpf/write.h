/* SPDX-License-Identifier: GPL-2.0-only */
/* Sums over packets, resizing, storing the new headers. */
#pragma once

#include "binding.h"
#include "parse.h"
#include "xlat_ip.h"

#define SUM_CHUNK  512
#define SUM_FAILED 0xffffffff

/* `len`, of 1 to mask + 1 bytes, in a form in which every verifier sees these bounds: that of 6.1
 * learns nothing from a comparison with 0, and compilers like to compare a copy. `mask`: a power of
 * two - 1. */
static __always_inline __u32 bounded(__u32 len, __u32 mask)
{
	len--;
	OPAQUE(len);
	return (len & mask) + 1;
}

/* Folded one's complement sum of `len` bytes at `off`, or SUM_FAILED if the packet is shorter. */
RARE __u32 ctx_sum(CTX *ctx, __u32 off, __u32 len)
{
	struct nat64_scratch *s = scratch();
	__u8 *chunk;
	__u64 sum = 0;

	if (!s)
		return SUM_FAILED;
	chunk = s->chunk;
	OPAQUE(chunk); /* one pointer on the stack, not two */
	for (int i = 0; i < 0x10000 / SUM_CHUNK; i++) {
		__u32 n = len;

		if (n < SUM_CHUNK)
			break;
		if (ctx_load(ctx, off, chunk, SUM_CHUNK))
			return SUM_FAILED;
		sum += ctx_sum_chunk(chunk, SUM_CHUNK);
		off += SUM_CHUNK;
		len -= SUM_CHUNK;
	}
	if (len) {
		len = bounded(len, SUM_CHUNK - 1);
		if (ctx_load(ctx, off, chunk, len))
			return SUM_FAILED;
		__builtin_memset(chunk + len, 0, 4);
		sum += ctx_sum_chunk(chunk, (len + 3) & ~3);
	}
	return csum_fold(sum);
}

/* Lowers the MSS option of a SYN to `mss`, never raises it. RFC 9293, 3.7.1. `tcp`: offset of the
 * header; `len`: of the packet, behind which there may be bytes that no checksum covers. */
RARE int mss_clamp(CTX *ctx, __u32 tcp, __u32 len, __u16 mss)
{
	__u32 off = tcp + 20, end;
	__u8 doff;

	if (ctx_load(ctx, tcp + 12, &doff, 1))
		return 0;
	end = tcp + (doff >> 4) * 4;
	if (end > len)
		end = len;
	for (int i = 0; i < 40; i++) {
		__u8 option[4]; /* kind, length, MSS */
		__be16 old, new;

		if (off + 2 > end || ctx_load(ctx, off, option, 2) || option[0] == 0)
			break;
		if (option[0] == 1) {
			off++;
			continue;
		}
		if (option[1] < 2)
			break;
		if (option[0] != 2 || option[1] != 4) {
			off += option[1];
			continue;
		}
		if (off + 4 > end || ctx_load(ctx, off + 2, &old, 2) || cpu16(old) <= mss)
			break;
		new = be16(mss);
		if ((off - tcp) &
		    1) { /* at an odd offset each byte counts in the other half of a word */
			if (ctx_l4_csum_data(ctx, tcp + 16, BE_SWAP16(bits16(old)),
					     BE_SWAP16(bits16(new))))
				break;
		} else if (ctx_l4_csum_data(ctx, tcp + 16, bits16(old), bits16(new))) {
			break;
		}
		if (!ctx_store(ctx, off + 2, &new, 2))
			count(NAT64_COUNT_MSS_CLAMPED, 0);
		break;
	}
	return 0;
}

/* Checks the options of a SYN; other segments and later fragments have no business here. */
static __always_inline void write_mss(CTX *ctx, const struct nat64_config *cfg,
				      const struct pkt *pkt)
{
	__u8 flags;

	if (!cfg->mss || pkt->info.proto != IPPROTO_TCP || pkt->info.offset)
		return;
	if (pkt->l4 == sizeof(struct ipv6hdr)) {
		if (ctx_load_head(ctx, sizeof(struct ipv6hdr) + 13, &flags, 1))
			return;
	} else if (pkt->l4 == sizeof(struct iphdr)) {
		if (ctx_load_head(ctx, sizeof(struct iphdr) + 13, &flags, 1))
			return;
	} else if (ctx_load(ctx, pkt->l4 + 13, &flags, 1)) {
		return;
	}
	if (flags & 2)
		mss_clamp(ctx, pkt->l4, pkt->len, cfg->mss);
}

/* Sum of the addresses of the new version less those of the old one; the pseudo-headers differ by
 * nothing else (RFC 7915, 4.5 and 5.5). */
static __always_inline __u16 write_diff_64(const struct pkt *pkt)
{
	return csum_fold((__u64)bits32(pkt->src4) + bits32(pkt->dst4) + csum_minus(&pkt->src6, 4) +
			 csum_minus(&pkt->dst6, 4));
}

static __always_inline __u16 write_diff_46(const struct pkt *pkt)
{
	return csum_fold((__u64)~bits32(pkt->src4) + ~bits32(pkt->dst4) +
			 csum_words(&pkt->src6, 4) + csum_words(&pkt->dst6, 4));
}

/* The same under a /96 for a client that has a slot: the slot knows one half, and of the other the
 * prefix remains. */
static __always_inline __u16 write_slot_64(const struct nat64_config *cfg,
					   const struct nat64_slot *slot)
{
	return csum_add(slot->csum_diff, ~cfg->prefix_csum);
}

static __always_inline __u16 write_slot_46(const struct nat64_config *cfg,
					   const struct nat64_slot *slot)
{
	return csum_add(~slot->csum_diff, cfg->prefix_csum);
}

/* Bytes of the IP packet as it goes on the wire: those of a segment for GSO. `header`: of IP. */
static __always_inline __u32 write_segment(CTX *ctx, const struct pkt *pkt, __u32 header)
{
	__u32 gso = ctx_gso_size(ctx);

	return header + (gso ? gso + proto_header(pkt->info.proto) : pkt->info.payload);
}

#define ID_CPU_STEP 0x9e37 /* between the Identifications of CPUs: as far apart as they get */

/* The IPv4 header; counts the packet. The Identification has to differ from packet to packet of one
 * client, RFC 7915, 5.1: this CPU's count of packets, shifted by the client's hash, and by the CPU,
 * as those that take turns have counted about as far. */
static __always_inline verdict_t write_ip_64(CTX *ctx, const struct nat64_config *cfg,
					     const struct pkt *pkt, __u32 hash, __u32 segment)
{
	struct nat64_counter *counter = counter_at(NAT64_COUNT_IN64);
	__u8 tos = cfg->flags & NAT64_TOS_64_FIXED ? cfg->tos_64 : pkt->info.tos;
	struct iphdr ip4;

	if (!counter)
		return DROP(UNREADABLE);
	xlat_ip_64(&pkt->info, tos, pkt->src4, pkt->dst4,
		   counter->packets + (hash >> 16) + cpu_number() * ID_CPU_STEP, segment, &ip4);
	if (ctx_store_head(ctx, &ip4, sizeof(ip4)))
		return DROP(UNREADABLE);
	counter->packets++;
	counter->bytes += pkt->len;
	return VERDICT_OK;
}

static __always_inline __u8 write_class_46(const struct nat64_config *cfg, __u8 tos)
{
	return cfg->flags & NAT64_TOS_46_ZERO ? 0 : tos;
}

/* A packet whose transport has a checksum over a pseudo-header, or none. */
static __always_inline verdict_t write_64(CTX *ctx, const struct nat64_config *cfg,
					  const struct pkt *pkt, __u16 diff, __u32 hash)
{
	__u32 check = pkt->info.offset ? 0 : proto_check(pkt->info.proto);
	__u32 segment = write_segment(ctx, pkt, sizeof(struct iphdr));

	write_mss(ctx, cfg, pkt);
	if (ctx_resize_64(ctx, pkt->l4 - sizeof(struct ipv6hdr)))
		return DROP(RESIZE_FAILED);
	if (check &&
	    ctx_l4_csum(ctx, sizeof(struct iphdr) + check, diff, pkt->info.proto == IPPROTO_UDP))
		return DROP(UNREADABLE);
	return write_ip_64(ctx, cfg, pkt, hash, segment);
}

/* The headers in front of a translated payload. */
static __always_inline verdict_t write_ip_46(CTX *ctx, const struct nat64_config *cfg,
					     const struct pkt *pkt)
{
	struct ipv6hdr ip6;
	struct frag6 frag;

	xlat_ip_46(&pkt->info, write_class_46(cfg, pkt->info.tos), &pkt->src6, &pkt->dst6, &ip6);
	if (ctx_store_head(ctx, &ip6, sizeof(ip6)))
		return DROP(UNREADABLE);
	if (pkt->info.fragment) {
		xlat_frag_46(&pkt->info, &frag);
		if (ctx_store(ctx, sizeof(ip6), &frag, sizeof(frag)))
			return DROP(UNREADABLE);
	}
	count(NAT64_COUNT_OUT46, sizeof(ip6) + cpu16(ip6.payload_len));
	return VERDICT_OK;
}

static __always_inline verdict_t write_46(CTX *ctx, const struct nat64_config *cfg,
					  const struct pkt *pkt, __u16 diff)
{
	__u32 check = pkt->info.offset ? 0 : proto_check(pkt->info.proto);
	__u32 grow = pkt->info.fragment ? sizeof(struct frag6) : 0;
	__u32 segment = write_segment(ctx, pkt, sizeof(struct ipv6hdr) + grow);

	if (cfg->vpn_mtu && segment > cfg->vpn_mtu)
		return DROP(TOO_BIG);
	write_mss(ctx, cfg, pkt);
	if (ctx_resize_46(ctx, pkt->l4 - sizeof(struct iphdr), grow))
		return DROP(RESIZE_FAILED);
	if (check && ctx_l4_csum(ctx, sizeof(struct ipv6hdr) + grow + check, diff,
				 pkt->info.proto == IPPROTO_UDP))
		return DROP(UNREADABLE);
	return write_ip_46(ctx, cfg, pkt);
}

/* The same for packets of any kind, in functions of their own: what they have on the stack is not
 * there while an ICMP error is translated. */
RARE verdict_t write_64_full(CTX *ctx, const struct pkt *pkt, __u32 diff, __u32 hash)
{
	const struct nat64_config *cfg = config();

	return cfg && pkt ? write_64(ctx, cfg, pkt, diff, hash) : DROP(UNREADABLE);
}

RARE verdict_t write_46_full(CTX *ctx, const struct pkt *pkt, __u32 diff)
{
	const struct nat64_config *cfg = config();

	return cfg && pkt ? write_46(ctx, cfg, pkt, diff) : DROP(UNREADABLE);
}
