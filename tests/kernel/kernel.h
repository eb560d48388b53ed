/* SPDX-License-Identifier: GPL-2.0-only */
/* The shipped programs in the kernel, with maps of their own, for the engines tc, tun and xdp. */
#pragma once

#include "engine.h"

struct nat64_tc;

/* Loads the programs for a link layer with a header of `link_hlen` bytes. NULL, said on stderr. */
struct nat64_tc *kernel_open(__u32 link_hlen, __u32 pool_size);

/* Writes settings and bindings of a vector into the maps. 0 or -errno, said on stderr. */
int kernel_set_up(struct nat64_tc *tc, const struct vector *vector);

/* Reads the counters, summed over CPUs. */
int kernel_counts(struct nat64_tc *tc, struct counts *counts);

/* Engine tc while it is open: engine xdp shares its maps and goes on through it. */
struct engine_tc_state {
	struct nat64_tc *tc;
	struct counts before;		/* the counters, before the next packet */
};
extern struct engine_tc_state engine_tc_state;
