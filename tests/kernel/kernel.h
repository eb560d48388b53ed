/* SPDX-License-Identifier: GPL-2.0-only */
/* The shipped programs in the kernel, with maps of their own, for the engines tc, tun and xdp. */
#pragma once

#include <linux/if_ether.h>

#include "engine.h"

struct bpf_program;
struct nat64_tc;

/* Loads the programs for a link layer with a header of `link_hlen` bytes. NULL, said on stderr. */
struct nat64_tc *kernel_open(__u32 link_hlen, __u32 pool_size);

/* Writes settings and bindings of a vector into the maps. 0 or -errno, said on stderr. */
int kernel_set_up(struct nat64_tc *tc, const struct vector *vector);

/* Reads the counters, summed over CPUs. */
int kernel_counts(struct nat64_tc *tc, struct counts *counts);

/* A test run of a program on a frame. */
struct kernel_run {
	struct kernel_frame {
		struct ethhdr eth;
		__u8 packet[ENGINE_PACKET_MAX];
	} __attribute__((packed)) in, out;
	__u32 in_len, out_len; /* bytes, of the whole frame */
	__u32 ifindex;	       /* for a program of TC: where the frame is; 0: lo */
	__u32 code;	       /* what the program returned */
};

/* Runs a program on `run->in`. 0; 1: the kernel takes no such frame; -errno, said on stderr. */
int kernel_run(const struct bpf_program *prog, struct kernel_run *run);

/* The same on a packet, for which it makes a frame. */
int kernel_run_packet(const struct bpf_program *prog, bool is_64, const __u8 *packet, __u32 len,
		      struct kernel_run *run);

/* Engine tc while it is open: engine xdp shares its maps and goes on through it. */
struct engine_tc_state {
	struct nat64_tc *tc;
	struct counts before; /* the counters, before the next packet */
};
extern struct engine_tc_state engine_tc_state;
