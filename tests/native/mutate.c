/* SPDX-License-Identifier: GPL-2.0-only */
/* Random changes of packets: bits, bytes, lengths, cuts, splices; headers more often than payload.
 */
#include "mutate.h"

#include <string.h>

#include "invariant.h"

#define GROWTH_MAX 2000 /* bytes; more is no new path, and engine tc takes no more than 3.4 KB */

/* xorshift64*, Vigna 2016. */
static __u32 next(struct mutator *m)
{
	m->random ^= m->random >> 12;
	m->random ^= m->random << 25;
	m->random ^= m->random >> 27;
	return m->random * 0x2545f4914f6cdd1d >> 32;
}

static __u32 below(struct mutator *m, __u32 limit)
{
	return limit ? next(m) % limit : 0;
}

/* An offset, mostly in the headers. */
static __u32 place(struct mutator *m, __u32 len)
{
	__u32 near = below(m, 4) ? 80 : 8 << below(m, 8);

	return below(m, near < len ? near : len);
}

static __u8 interesting(struct mutator *m)
{
	static const __u8 values[] = { 0,  1,	2,   3,	  4,   5,   6,	 8,   11,  12,
				       13, 17,	33,  41,  43,  44,  50,	 51,  58,  59,
				       60, 127, 128, 129, 131, 135, 136, 137, 254, 255 };

	return values[below(m, sizeof(values))];
}

static __u32 change(struct mutator *m, __u8 *p, __u32 len)
{
	const struct vector *other;
	__u32 at = place(m, len), n;
	__u16 word;

	if (!len)
		return len;
	switch (below(m, 11)) {
	case 0:
		p[at] ^= 1 << below(m, 8);
		return len;
	case 1:
		p[at] = next(m);
		return len;
	case 2:
	case 3:
		p[at] = interesting(m);
		return len;
	case 4: /* a length or another 16-bit field a little off */
		at &= ~1u;
		if (at + 2 > len)
			return len;
		word = (p[at] << 8 | p[at + 1]) + below(m, 33) - 16;
		p[at] = word >> 8;
		p[at + 1] = word;
		return len;
	case 5: /* the IP header's own length field, made to fit */
		if (p[0] >> 4 == 4 && len >= 20)
			p[2] = len >> 8, p[3] = len;
		else if (len >= 40)
			p[4] = (len - 40) >> 8, p[5] = len - 40;
		return len;
	case 6: /* cut */
		return below(m, 2) ? len - below(m, len < 64 ? len : 64) : at + 1;
	case 7: /* grow */
		n = below(m, below(m, 8) ? 64 : GROWTH_MAX);
		for (__u32 i = 0; i < n; i++)
			p[len + i] = next(m);
		return len + n;
	case 8: /* repeat 8 bytes, as extension headers and options do */
		if (at + 8 > len)
			return len;
		memmove(p + at + 8, p + at, len - at);
		return len + 8;
	case 9: /* take out 8 bytes */
		if (at + 8 > len)
			return len;
		memmove(p + at, p + at + 8, len - at - 8);
		return len - 8;
	default: /* the rest of another vector */
		other = &m->vectors->vector[below(m, m->vectors->count)];
		if (at >= other->len)
			return len;
		memcpy(p + at, other->packet + at, other->len - at);
		return other->len;
	}
}

/* Gives back the version and the destination, without which a packet is simply not ours. */
static void aim(const struct vector *vector, __u8 *p, __u32 len)
{
	__u32 at = vector->is_64 ? 24 : 16, n = vector->is_64 ? 16 : 4;

	if (vector->len < at + n || len < at + n)
		return;
	p[0] = (p[0] & 15) | (vector->packet[0] & 0xf0);
	memcpy(p + at, vector->packet + at, n);
}

__u32 mutate(struct mutator *m, const struct vector *vector, __u8 *packet)
{
	__u32 len = vector->len, changes = 1 + below(m, 4);

	memcpy(packet, vector->packet, len);
	while (changes--)
		len = change(m, packet, len);
	if (below(m, 8))
		aim(vector, packet, len);
	if (below(m, 3))
		invariant_repair(packet, len);
	return len;
}
