/* SPDX-License-Identifier: GPL-2.0-only */
/* Engine tc: BPF_PROG_TEST_RUN on the shipped programs for Ethernet. */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <string.h>

#include "be.h"
#include "kernel.h"
#include "nat64_tc.skel.h"

struct engine_tc_state engine_tc_state;

static int tc_open(__u32 pool_size)
{
	engine_tc_state.tc = kernel_open(ETH_HLEN, pool_size);
	return engine_tc_state.tc ? kernel_counts(engine_tc_state.tc, &engine_tc_state.before) :
				    -EINVAL;
}

static void tc_close(void)
{
	nat64_tc__destroy(engine_tc_state.tc);
	engine_tc_state.tc = NULL;
}

static int tc_set_up(const struct vector *vector)
{
	return kernel_set_up(engine_tc_state.tc, vector);
}

static int tc_end(__u32 code)
{
	switch (code) {
	case (__u32)TC_ACT_UNSPEC:
		return END_ON;
	case TC_ACT_REDIRECT:
		return END_AWAY;
	case TC_ACT_SHOT:
		return END_SHOT;
	default:
		return -1;
	}
}

static const struct counts *tc_counts(void)
{
	return &engine_tc_state.before;
}

static int tc_run(bool is_64, const __u8 *packet, __u32 len, struct outcome *out)
{
	struct bpf_program *prog = is_64 ? engine_tc_state.tc->progs.nat64_in :
					   engine_tc_state.tc->progs.nat64_out;
	static struct kernel_run run;
	struct counts after;
	bool returned;
	int end, err = kernel_run_packet(prog, is_64, packet, len, &run);

	if (err)
		return err;
	if (kernel_counts(engine_tc_state.tc, &after))
		return -EIO;
	end = tc_end(run.code);
	if (end < 0) {
		fprintf(stderr, "error: tc: the program returned %d\n", (int)run.code);
		return -EPROTO;
	}
	/* the egress program redirects what it translated to the neighbour, the ingress program its
	 * errors back */
	returned = is_64 && end == END_AWAY;
	if (!is_64 && end == END_ON &&
	    after.packets[NAT64_COUNT_OUT46] != engine_tc_state.before.packets[NAT64_COUNT_OUT46]) {
		fprintf(stderr,
			"error: tc: a translated packet is left with the placeholder neighbour\n");
		return -EPROTO;
	}
	out->len = end == END_SHOT ? 0 : run.out_len - sizeof(run.out.eth);
	memcpy(out->packet, run.out.packet, out->len);
	if (out->len &&
	    run.out.eth.h_proto != be16(engine_ethertype(is_64, out->packet, out->len))) {
		fprintf(stderr, "error: tc: Ethernet type and version of the packet differ\n");
		return -EPROTO;
	}
	end = outcome_judge("tc", is_64, returned, end, &engine_tc_state.before, &after, out);
	engine_tc_state.before = after;
	return end;
}

const struct engine engine_tc = {
	.name = "tc",
	.open = tc_open,
	.set_up = tc_set_up,
	.run = tc_run,
	.counts = tc_counts,
	.close = tc_close,
};
