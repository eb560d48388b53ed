/* SPDX-License-Identifier: GPL-2.0-only */
/* Engine xdp: what an instance with XDP does. From the client the shipped XDP program by
 * BPF_PROG_TEST_RUN and, where that passes a frame as it came, engine tc; to the client engine tc
 * alone. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <stdio.h>
#include <string.h>

#include "be.h"
#include "kernel.h"
#include "nat64_tc.skel.h"
#include "nat64_xdp.skel.h"

static struct nat64_xdp *xdp;
static unsigned long translated, passed; /* by the XDP program */

static int fail(int err, const char *what)
{
	fprintf(stderr, "error: xdp: %s: %s\n", what, strerror(-err));
	return err;
}

static int xdp_open(__u32 pool_size)
{
	struct bpf_map *map, *shared;
	int err = engine_tc.open(pool_size);

	if (err)
		return err;
	xdp = nat64_xdp__open();
	if (!xdp)
		return fail(-errno, "BPF object");
	bpf_object__for_each_map(map, xdp->obj)
	{
		shared = bpf_object__find_map_by_name(engine_tc_state.tc->obj, bpf_map__name(map));
		if (shared && !err)
			err = bpf_map__reuse_fd(map, bpf_map__fd(shared));
	}
	if (!err)
		err = nat64_xdp__load(xdp);
	return err ? fail(err, "BPF program refused") : 0;
}

static void xdp_close(void)
{
	fprintf(stderr, "xdp: %lu packets translated in XDP, %lu left to TC ingress\n", translated,
		passed);
	nat64_xdp__destroy(xdp);
	xdp = NULL;
	engine_tc.close();
}

static int xdp_set_up(const struct vector *vector)
{
	return engine_tc.set_up(vector);
}

static const struct counts *xdp_counts(void)
{
	return engine_tc.counts();
}

/* The kernel hands out a frame with its metadata in front: the mark for TC, then the frame, whose
 * Ethernet header must be that of before but for the type. */
static int take_translated(struct kernel_run *run, struct outcome *out)
{
	struct {
		struct nat64_mark mark;
		struct ethhdr eth;
		struct iphdr ip4;
	} __attribute__((packed)) head;
	const __u8 *frame = (const __u8 *)&run->out;
	const __u32 front = sizeof(head) - sizeof(head.ip4);

	if (run->out_len < sizeof(head))
		return fail(-EPROTO, "no metadata in front of a translated packet");
	memcpy(&head, frame, sizeof(head));
	if (head.mark.magic != NAT64_MARK || head.mark.source != head.ip4.saddr)
		return fail(-EPROTO, "metadata of a translated packet");
	run->in.eth.h_proto = be16(ETH_P_IP);
	if (memcmp(&run->in.eth, &head.eth, sizeof(head.eth)))
		return fail(-EPROTO, "Ethernet header of a translated packet");
	out->len = run->out_len - front;
	memcpy(out->packet, frame + front, out->len);
	return 0;
}

static int xdp_run(bool is_64, const __u8 *packet, __u32 len, struct outcome *out)
{
	static struct kernel_run run;
	struct counts after;
	int err;

	if (!is_64)
		return engine_tc.run(is_64, packet, len, out);
	err = kernel_run_packet(xdp->progs.nat64_xdp, is_64, packet, len, &run);
	if (err)
		return err;
	if (kernel_counts(engine_tc_state.tc, &after))
		return -EIO;
	if (run.code != XDP_PASS && run.code != XDP_DROP)
		return fail(-EPROTO, "neither passed nor dropped");
	if (run.code == XDP_PASS && !memcmp(&after, &engine_tc_state.before, sizeof(after))) {
		passed++;
		if (run.out_len != run.in_len || memcmp(&run.in, &run.out, run.in_len))
			return fail(-EPROTO, "passed on, but not as it came");
		return engine_tc.run(is_64, packet, len, out);
	}
	translated++;
	out->len = 0;
	if (run.code == XDP_PASS) {
		err = take_translated(&run, out);
		if (err)
			return err;
	}
	err = outcome_judge("xdp", is_64, false, out->len ? END_ON : END_SHOT,
			    &engine_tc_state.before, &after, out);
	engine_tc_state.before = after;
	return err;
}

const struct engine engine_xdp = {
	.name = "xdp",
	.open = xdp_open,
	.set_up = xdp_set_up,
	.run = xdp_run,
	.counts = xdp_counts,
	.close = xdp_close,
};
