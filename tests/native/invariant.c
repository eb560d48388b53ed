/* SPDX-License-Identifier: GPL-2.0-only */
/* What must hold for every packet that comes out of the translator, whatever went in. */
#include "invariant.h"

#include <string.h>

#define ERROR_MAX 1280 /* bytes of an own ICMPv6 error, RFC 4443, 2.4 (c) */

static __u32 get16(const __u8 *at)
{
	return at[0] << 8 | at[1];
}

/* Sum of big-endian 16-bit words, folded. */
static __u32 add_words(__u32 sum, const __u8 *at, __u32 len)
{
	for (__u32 i = 0; i + 1 < len; i += 2)
		sum += get16(at + i);
	if (len & 1)
		sum += at[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* A transport header with a checksum that can be checked: whole packet, no fragment. */
struct transport {
	__u32 off;    /* of the header */
	__u32 end;    /* of the packet, by the IP header */
	__u32 check;  /* of the checksum field */
	__u32 pseudo; /* sum of the pseudo-header; 0 for ICMPv4 */
	bool found;
	bool udp;
};

static __u32 check_offset(__u8 proto)
{
	return proto == 6 ? 16 : proto == 17 ? 6 : proto == 1 || proto == 58 ? 2 : 0;
}

static struct transport find_transport(const __u8 *p, __u32 len)
{
	struct transport t = {};
	__u8 proto;

	if (len >= 20 && p[0] >> 4 == 4) {
		t.off = (p[0] & 15) * 4;
		t.end = get16(p + 2);
		proto = p[9];
		if (t.off < 20 || get16(p + 6) & 0x3fff || proto == 58)
			return t;
		t.pseudo = proto == 1 ? 0 : add_words(proto + t.end - t.off, p + 12, 8);
	} else if (len >= 40 && p[0] >> 4 == 6) {
		t.off = 40;
		t.end = 40 + get16(p + 4);
		proto = p[6];
		while ((proto == 0 || proto == 43 || proto == 60) && t.off + 8 <= len) {
			proto = p[t.off];
			t.off += (p[t.off + 1] + 1) * 8;
		}
		if (proto == 1)
			return t;
		t.pseudo = add_words(proto + t.end - t.off, p + 8, 32);
	} else {
		return t;
	}
	t.check = t.off + check_offset(proto);
	t.udp = proto == 17;
	t.found = check_offset(proto) && t.end <= len && t.check + 2 <= t.end;
	return t;
}

static bool transport_right(const __u8 *p, const struct transport *t)
{
	return add_words(t->pseudo, p + t->off, t->end - t->off) == 0xffff;
}

/* UDP whose sender made none. What it holds may sum up as if there were one. */
static bool no_checksum(const __u8 *p, const struct transport *t)
{
	return t->udp && !get16(p + t->check);
}

void invariant_repair(__u8 *packet, __u32 len)
{
	struct transport t = find_transport(packet, len);
	__u32 check;

	if (!t.found)
		return;
	packet[t.check] = packet[t.check + 1] = 0;
	check = 0xffff ^ add_words(t.pseudo, packet + t.off, t.end - t.off);
	if (t.udp && !check)
		check = 0xffff;
	packet[t.check] = check >> 8;
	packet[t.check + 1] = check;
}

static bool in_prefix(const struct nat64_config *config, const __u8 *addr)
{
	for (int i = 0; i < 16; i++)
		if ((addr[i] ^ config->prefix.addr.s6_addr[i]) & config->prefix.mask.s6_addr[i])
			return false;
	return true;
}

/* R-5.1-09: the header checksum is right, among other things. */
static const char *broken_ip4(const __u8 *p, __u32 len)
{
	if (len < 20 || p[0] != 0x45)
		return "no IPv4 header of 20 bytes";
	if (get16(p + 2) < 20 || get16(p + 2) > len)
		return "Total Length";
	if (add_words(0, p, 20) != 0xffff)
		return "IPv4 header checksum";
	return NULL;
}

static const char *broken_ip6(const __u8 *p, __u32 len)
{
	if (len < 40 || p[0] >> 4 != 6)
		return "no IPv6 header";
	return 40 + get16(p + 4) > len ? "Payload Length" : NULL;
}

static const char *broken_error(const __u8 *p, __u32 len)
{
	struct transport t = find_transport(p, len);

	if (broken_ip6(p, len) || p[6] != 58 || len < 48 || p[40] & 0x80 || !t.found)
		return "not an ICMPv6 error";
	if (40 + get16(p + 4) != len || len > ERROR_MAX)
		return "length of an ICMPv6 error";
	return transport_right(p, &t) ? NULL : "checksum of an ICMPv6 error";
}

const char *invariant_broken(const struct nat64_config *config, bool is_64, const __u8 *in,
			     __u32 len, const struct outcome *out)
{
	bool ours = is_64 && len >= 40 && in[0] >> 4 == 6 && in_prefix(config, in + 24);
	struct transport before, after;
	const char *broken;

	switch (out->verdict) {
	case OUTCOME_DROPPED:
		return out->len ? "a dropped packet came out" : NULL;
	case OUTCOME_PASSED:
		if (ours)
			return "a packet of the prefix passed untranslated";
		return out->len != len || memcmp(in, out->packet, len) ?
			       "a passed packet was touched" :
			       NULL;
	case OUTCOME_ICMP_ERROR:
		return is_64 ? broken_error(out->packet, out->len) : "an ICMPv6 error at egress";
	case OUTCOME_TRANSLATED:
		break;
	case OUTCOME_MAX:
		return "no verdict";
	}
	broken = is_64 ? broken_ip4(out->packet, out->len) : broken_ip6(out->packet, out->len);
	if (broken)
		return broken;
	before = find_transport(in, len);
	after = find_transport(out->packet, out->len);
	if (before.found && after.found && !no_checksum(in, &before) &&
	    transport_right(in, &before) && !transport_right(out->packet, &after))
		return "transport checksum was right and is wrong";
	return NULL;
}
