/* SPDX-License-Identifier: GPL-2.0-only */
/* Networks and addresses: text to binary and back, containment, arithmetic. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "be.h"
#include "prefix.h"

/* Splits ADDR[/LEN]. Only digits make a length: no sign, no leading zero. */
static int split(const char *text, char *addr, size_t size, uint8_t max, uint8_t *len)
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	unsigned int value = 0;

	if (n >= size)
		return -EINVAL;
	memcpy(addr, text, n);
	addr[n] = 0;
	*len = max;
	if (!slash)
		return 0;
	n = strlen(slash + 1);
	if (n < 1 || n > 3 || strspn(slash + 1, "0123456789") != n || (n > 1 && slash[1] == '0'))
		return -EINVAL;
	for (const char *digit = slash + 1; *digit; digit++)
		value = value * 10 + (unsigned int)(*digit - '0');
	if (value > max)
		return -EINVAL;
	*len = (uint8_t)value;
	return 0;
}

static struct in_addr and4(struct in_addr addr, struct in_addr mask)
{
	return (struct in_addr){ .s_addr = addr.s_addr & mask.s_addr };
}

static struct in6_addr and6(const struct in6_addr *addr, const struct in6_addr *mask)
{
	struct in6_addr out;

	for (size_t i = 0; i < sizeof(out.s6_addr); i++)
		out.s6_addr[i] = addr->s6_addr[i] & mask->s6_addr[i];
	return out;
}

static bool equal6(const struct in6_addr *a, const struct in6_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

int net4_parse(const char *text, struct net4 *net)
{
	char buf[INET_ADDRSTRLEN];
	struct in_addr addr;
	uint8_t len;

	if (split(text, buf, sizeof(buf), 32, &len) || inet_pton(AF_INET, buf, &addr) != 1)
		return -EINVAL;
	*net = (struct net4){ .addr = and4(addr, mask4(len)), .len = len };
	return net->addr.s_addr == addr.s_addr ? 0 : -EDOM;
}

int net6_parse(const char *text, struct net6 *net)
{
	char buf[INET6_ADDRSTRLEN];
	struct in6_addr addr, mask;
	uint8_t len;

	if (split(text, buf, sizeof(buf), 128, &len) || inet_pton(AF_INET6, buf, &addr) != 1)
		return -EINVAL;
	mask = mask6(len);
	*net = (struct net6){ .addr = and6(&addr, &mask), .len = len };
	return equal6(&net->addr, &addr) ? 0 : -EDOM;
}

const char *net4_text(const struct net4 *net, char *buf)
{
	char addr[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &net->addr, addr, sizeof(addr));
	snprintf(buf, NET4_TEXT, "%s/%u", addr, net->len);
	return buf;
}

const char *net6_text(const struct net6 *net, char *buf)
{
	char addr[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, &net->addr, addr, sizeof(addr));
	snprintf(buf, NET6_TEXT, "%s/%u", addr, net->len);
	return buf;
}

struct in_addr mask4(uint8_t len)
{
	/* a shift by 32 is undefined */
	return (struct in_addr){ .s_addr = be32(len ? UINT32_MAX << (32 - len) : 0) };
}

struct in6_addr mask6(uint8_t len)
{
	struct in6_addr mask = { 0 };

	memset(mask.s6_addr, 0xff, len / 8);
	if (len % 8)
		mask.s6_addr[len / 8] = (uint8_t)(0xff << (8 - len % 8));
	return mask;
}

struct net6 net6_of(const struct in6_addr *addr, uint8_t len)
{
	struct in6_addr mask = mask6(len);

	return (struct net6){ .addr = and6(addr, &mask), .len = len };
}

bool net4_has(const struct net4 *net, struct in_addr addr)
{
	return and4(addr, mask4(net->len)).s_addr == net->addr.s_addr;
}

bool net6_has(const struct net6 *net, const struct in6_addr *addr)
{
	struct in6_addr mask = mask6(net->len), masked = and6(addr, &mask);

	return equal6(&masked, &net->addr);
}

bool net4_overlap(const struct net4 *a, const struct net4 *b)
{
	return a->len <= b->len ? net4_has(a, b->addr) : net4_has(b, a->addr);
}

bool net6_overlap(const struct net6 *a, const struct net6 *b)
{
	return a->len <= b->len ? net6_has(a, &b->addr) : net6_has(b, &a->addr);
}

bool addr6_is_zero(const struct in6_addr *addr)
{
	return IN6_IS_ADDR_UNSPECIFIED(addr);
}

struct in_addr net4_host(const struct net4 *net, uint32_t n)
{
	return (struct in_addr){ .s_addr = be32(cpu32(net->addr.s_addr) + n) };
}

uint32_t net4_size(const struct net4 *net)
{
	return net->len ? 1u << (32 - net->len) : 0;
}

/* 240.0.0.0/4 can be reached where a network uses it, but map and pool leave it alone. */
const char *addr4_fault(struct in_addr addr, enum addr4_use use)
{
	uint32_t host = cpu32(addr.s_addr), first = host >> 24;

	if (!first)
		return "0.0.0.0/8 holds no address of a host (RFC 1122, 3.2.1.3)";
	if (first == 127)
		return "127.0.0.0/8 is loopback and never leaves a host";
	if (first >> 4 == 14)
		return "224.0.0.0/4 is multicast";
	if (use != ADDR4_TARGET && first >> 4 == 15)
		return "240.0.0.0/4 is reserved (RFC 1112, 4), and 255.255.255.255 is broadcast";
	if (use == ADDR4_TARGET && host >> 16 == 0xa9fe)
		return "169.254.0.0/16 is link-local and never forwarded (RFC 3927, 2.7)";
	if (use == ADDR4_TARGET && host == UINT32_MAX)
		return "255.255.255.255 is broadcast";
	if (use == ADDR4_CLIENT && host == 0xa9fe4040)
		return "169.254.64.64 is the next hop of the pool's route on Ethernet interfaces";
	return NULL;
}

/* Each reason but the single addresses is a block: a network with both ends has all of it. */
const char *net4_fault(const struct net4 *net, enum addr4_use use)
{
	struct in_addr last = { .s_addr = net->addr.s_addr | ~mask4(net->len).s_addr };
	const char *fault = addr4_fault(net->addr, use);

	return fault == addr4_fault(last, use) ? fault : NULL;
}

const char *prefix_fault(const struct net6 *prefix)
{
	const uint8_t *byte = prefix->addr.s6_addr;

	switch (prefix->len) {
	case 32:
	case 40:
	case 48:
	case 56:
	case 64:
		break;
	case 96:
		if (byte[8])
			return "bits 64 to 71 of a translation prefix must be zero (RFC 6052, 2.2)";
		break;
	default:
		return "a translation prefix is a /32, /40, /48, /56, /64 or /96 (RFC 6052, 2.2)";
	}
	if (byte[0] == 0xff)
		return "multicast addresses cannot be a translation prefix";
	if (byte[0] == 0xfe && (byte[1] & 0xc0) == 0x80)
		return "link-local addresses are not forwarded, so they cannot be a translation "
		       "prefix";
	if (!byte[0] && !byte[1] && prefix->addr.s6_addr32[0] == 0 &&
	    prefix->addr.s6_addr32[1] == 0)
		return "::/64 holds the unspecified, loopback and IPv4-mapped addresses (RFC 4291, "
		       "2.5)";
	return NULL;
}

bool prefix_is_well_known(const struct net6 *prefix)
{
	static const struct in6_addr well_known = { .s6_addr = { 0x00, 0x64, 0xff, 0x9b } };

	return prefix->len == 96 && equal6(&prefix->addr, &well_known);
}

/* The one of TAKEN that overlaps NET and ends last, NULL: none does. */
static const struct net4 *blocker(const struct net4 *net, const struct net4 *taken, size_t count)
{
	const struct net4 *found = NULL;

	for (size_t i = 0; i < count; i++)
		if (net4_overlap(net, &taken[i]) && (!found || taken[i].len < found->len))
			found = &taken[i];
	return found;
}

bool net4_free(uint8_t len, const struct net4 *taken, size_t count, struct net4 *out)
{
	static const struct {
		uint32_t first; /* host order */
		uint8_t len;
	} areas[] = {
		{ 0xc0a80000, 16 }, /* 192.168/16 */
		{ 0xac100000, 12 }, /* 172.16/12 */
		{ 0x0a000000, 8 },  /* 10/8 */
		{ 0x64400000, 10 }, /* 100.64/10, RFC 6598 */
		{ 0xc6120000, 15 }, /* 198.18/15, RFC 2544 */
	};

	if (len > 32)
		return false;
	for (size_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
		uint64_t end = areas[i].first + (1ull << (32 - areas[i].len));
		uint64_t size = 1ull << (32 - len), next = areas[i].first;

		if (len < areas[i].len)
			continue;
		while (next < end) { /* each turn leaves one of TAKEN behind, or ends */
			struct net4 net = { .addr = { be32((uint32_t)next) }, .len = len };
			const struct net4 *in_way = blocker(&net, taken, count);

			if (!in_way) {
				*out = net;
				return true;
			}
			if (in_way->len < len)
				next = cpu32(in_way->addr.s_addr) + (1ull << (32 - in_way->len));
			else
				next += size;
		}
	}
	return false;
}
