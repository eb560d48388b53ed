/* SPDX-License-Identifier: GPL-2.0-only */
/* Random changes of packets, reproducible by a seed. */
#pragma once

#include "vector.h"

struct mutator {
	__u64 random; /* state; the seed at first, not 0 */
	const struct vectors *vectors;
};

/* Changes a copy of a vector's packet, 1 to 4 times. Yields its new length; `packet`:
 * VECTOR_PACKET_MAX. */
__u32 mutate(struct mutator *mutator, const struct vector *vector, __u8 *packet);
