/* SPDX-License-Identifier: GPL-2.0-only */
/* Engine xdp: what an instance with XDP does. From the client the shipped XDP program by BPF_PROG_TEST_RUN and,
 * where that passes a frame as it came, engine tc; to the client engine tc alone. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>

#include "be.h"
#include "kernel.h"
#include "nat64_tc.skel.h"
#include "nat64_xdp.skel.h"

static struct nat64_xdp *xdp;
static unsigned long translated, passed;	/* by the XDP program */

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
	bpf_object__for_each_map(map, xdp->obj) {
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
	fprintf(stderr, "xdp: %lu packets translated in XDP, %lu left to TC ingress\n", translated, passed);
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

static int xdp_run(bool is_64, const __u8 *packet, __u32 len, struct outcome *out)
{
	static __u8 in[ETH_HLEN + VECTOR_PACKET_MAX], result[ETH_HLEN + ENGINE_PACKET_MAX];
	struct ethhdr *eth = (struct ethhdr *)in;
	struct counts after;
	LIBBPF_OPTS(bpf_test_run_opts, opts,
		.data_in = in,
		.data_size_in = sizeof(*eth) + len,
		.data_out = result,
		.data_size_out = sizeof(result));
	__u16 ethertype = engine_ethertype(is_64, packet, len);
	int err;

	if (!is_64 || len < 40)
		return engine_tc.run(is_64, packet, len, out);
	*eth = (struct ethhdr){ .h_dest = { 2, 0, 0, 0, 0, 1 }, .h_source = { 2, 0, 0, 0, 0, 2 },
				.h_proto = be16(ethertype) };
	memcpy(in + sizeof(*eth), packet, len);
	if (bpf_prog_test_run_opts(bpf_program__fd(xdp->progs.nat64_xdp), &opts))
		return errno == EINVAL ? 1 : fail(-errno, "test run");	/* EINVAL: more than a page holds */
	if (kernel_counts(engine_tc_state.tc, &after))
		return -EIO;
	if (opts.retval != XDP_PASS && opts.retval != XDP_DROP)
		return fail(-EPROTO, "neither passed nor dropped");
	if (opts.retval == XDP_PASS && !memcmp(&after, &engine_tc_state.before, sizeof(after))) {
		passed++;
		if (opts.data_size_out != opts.data_size_in || memcmp(in, result, opts.data_size_in))
			return fail(-EPROTO, "passed on, but not as it came");
		return engine_tc.run(is_64, packet, len, out);
	}
	translated++;
	out->len = opts.retval == XDP_DROP ? 0 : opts.data_size_out - sizeof(*eth);
	memcpy(out->packet, result + sizeof(*eth), out->len);
	eth->h_proto = be16(ETH_P_IP);
	if (out->len && memcmp(eth, result, sizeof(*eth)))
		return fail(-EPROTO, "Ethernet header of a translated packet");
	err = outcome_judge("xdp", is_64, false, out->len ? END_ON : END_SHOT, &engine_tc_state.before, &after, out);
	engine_tc_state.before = after;
	return err;
}

const struct engine engine_xdp = {
	.name	= "xdp",
	.open	= xdp_open,
	.set_up	= xdp_set_up,
	.run	= xdp_run,
	.counts	= xdp_counts,
	.close	= xdp_close,
};
