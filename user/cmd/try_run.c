/* SPDX-License-Identifier: GPL-2.0-only */
/* A private copy of an instance: the programs as they are for Ethernet, which a test run takes on
 * any host, over maps of their own with the settings, slots and clients of the running one. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "caps.h"
#include "cleanup.h"
#include "log.h"
#include "nat64_tc.skel.h"
#include "tc_open.h"
#include "text.h"
#include "try.h"

static int try_failed(const struct bindings *b, const char *what, int error)
{
	return caps_fail(error, NEED_BPF, "nat64-bpf -v try shows more", "%s: %s", b->instance,
			 what);
}

/* All slots at once by shared memory, then a client for each bound one. 0 or -errno. */
static int copy_slots(struct nat64_tc *skel, const struct bindings *b)
{
	size_t len = b->count * sizeof(*b->slots);
	int clients = bpf_map__fd(skel->maps.nat64_clients),
	    outside = bpf_map__fd(skel->maps.nat64_extern);
	struct nat64_slot *slots = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED,
					bpf_map__fd(skel->maps.nat64_slots), 0);
	int error = 0;

	if (slots == MAP_FAILED)
		return -errno;
	for (uint32_t i = 0; i < b->count && !error; i++) {
		if (b->slots[i].state == NAT64_SLOT_RESERVED)
			slots[i] = b->slots[i];
		if (!bindings_read(b, i, &slots[i]) && slots[i].state != NAT64_SLOT_RESERVED)
			slots[i] = (struct nat64_slot){}; /* free, or just being made */
		if (slots[i].state != NAT64_SLOT_DYNAMIC && slots[i].state != NAT64_SLOT_STATIC)
			continue;
		if (bpf_map_update_elem(clients, &slots[i].addr6, &i, BPF_ANY) ||
		    (i >= b->config.pool_size &&
		     bpf_map_update_elem(outside, &slots[i].addr4, &i, BPF_ANY)))
			error = -errno;
	}
	munmap(slots, len);
	return error;
}

/* What the networks of clients have used of their quotas. */
static int copy_quota(struct nat64_tc *skel, const struct bindings *b)
{
	struct in6_addr net, *last = NULL;
	uint32_t n;

	while (!bpf_map_get_next_key(b->quota_fd, last, &net)) {
		if (!bpf_map_lookup_elem(b->quota_fd, &net, &n) &&
		    bpf_map_update_elem(bpf_map__fd(skel->maps.nat64_quota), &net, &n, BPF_ANY))
			return -errno;
		last = &net;
	}
	return 0;
}

static int copy(struct nat64_tc *skel, const struct bindings *b)
{
	struct nat64_alloc alloc = *b->alloc;
	uint32_t zero = 0;

	if (bpf_map_update_elem(bpf_map__fd(skel->maps.nat64_config), &zero, &b->config, BPF_ANY) ||
	    bpf_map_update_elem(bpf_map__fd(skel->maps.nat64_alloc), &zero, &alloc, BPF_ANY))
		return -errno;
	return copy_slots(skel, b) ?: copy_quota(skel, b);
}

static struct nat64_tc *open_copy(const struct bindings *b)
{
	struct nat64_tc *skel = tc_open(ETH_HLEN);

	if (!skel) {
		try_failed(b, "cannot open the BPF programs", errno);
		return NULL;
	}
	if (bpf_map__set_max_entries(skel->maps.nat64_slots, b->count) ||
	    bpf_map__set_max_entries(skel->maps.nat64_clients, b->count) ||
	    bpf_map__set_max_entries(skel->maps.nat64_quota, b->config.pool_size) ||
	    bpf_map__set_map_flags(skel->maps.nat64_slots, BPF_F_MMAPABLE) ||
	    nat64_tc__load(skel)) {
		try_failed(b, "the kernel rejected a copy of the BPF programs", errno);
		nat64_tc__destroy(skel);
		return NULL;
	}
	return skel;
}

static uint64_t counted(struct nat64_tc *skel, uint32_t index)
{
	int cpus = libbpf_num_possible_cpus();
	_free_ struct nat64_counter *each = cpus > 0 ? calloc(cpus, sizeof(*each)) : NULL;
	uint64_t packets = 0;

	if (!each || bpf_map_lookup_elem(bpf_map__fd(skel->maps.nat64_counters), &index, each))
		return 0;
	for (int cpu = 0; cpu < cpus; cpu++)
		packets += each[cpu].packets;
	return packets;
}

/* The verdict from what the program returned and counted; the counters of the copy begin at 0. */
static void judge(struct nat64_tc *skel, bool is_64, uint32_t code, struct try_result *result)
{
	for (uint32_t i = 1; i < NAT64_DROP_MAX; i++)
		if (counted(skel, NAT64_COUNT_MAX + i))
			result->reason = i;
	if (code == TC_ACT_SHOT)
		result->verdict = TRY_DROPPED;
	else if (counted(skel, is_64 ? NAT64_COUNT_IN64 : NAT64_COUNT_OUT46))
		result->verdict = TRY_TRANSLATED;
	else
		result->verdict = result->reason ? TRY_ICMP_ERROR : TRY_PASSED;
}

static int run(struct nat64_tc *skel, const struct bindings *b, const struct try_packet *in,
	       struct try_result *result)
{
	static uint8_t frame[ETH_HLEN + TRY_PACKET_MAX],
		back[ETH_HLEN + sizeof(result->packet.bytes)];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = ETH_HLEN + in->len,
		    .data_out = back, .data_size_out = sizeof(back));
	bool is_64 = in->bytes[0] >> 4 == 6;
	int program = bpf_program__fd(is_64 ? skel->progs.nat64_in : skel->progs.nat64_out);
	/* for this host: the kernel runs it on lo, whose address is all 0 */
	struct ethhdr eth = { .h_source = { 2, 0, 0, 0, 0, 2 },
			      .h_proto = htons(is_64 ? ETH_P_IPV6 : ETH_P_IP) };

	memcpy(frame, &eth, sizeof(eth));
	memcpy(frame + ETH_HLEN, in->bytes, in->len);
	if (bpf_prog_test_run_opts(program, &opts))
		return try_failed(b, "the kernel cannot run this packet through the programs",
				  errno);
	judge(skel, is_64, opts.retval, result);
	if (result->verdict == TRY_DROPPED || opts.data_size_out < ETH_HLEN)
		return 0;
	result->packet.len = opts.data_size_out - ETH_HLEN;
	memcpy(result->packet.bytes, back + ETH_HLEN, result->packet.len);
	return 0;
}

int try_run(const struct bindings *b, const struct try_packet *in, struct try_result *result)
{
	size_t least = in->bytes[0] >> 4 == 6 ? 40 : 20;
	struct nat64_tc *skel;
	int status;

	*result = (struct try_result){};
	if (in->bytes[0] >> 4 != 6 && in->bytes[0] >> 4 != 4)
		return log_fail(EXIT_USAGE,
				textf("its first nibble is %d, but only IP versions 4 and 6 are "
				      "translated",
				      in->bytes[0] >> 4),
				"begin with the IP header, without an Ethernet header",
				"not an IP packet");
	if (in->len < least)
		return log_fail(EXIT_USAGE,
				textf("it has %zu bytes, but its IP header alone takes %zu",
				      in->len, least),
				"give the whole packet, or describe it: --from fd00::2 --to "
				"64:ff9b::9.9.9.9",
				"the packet is too short");
	skel = open_copy(b);
	if (!skel)
		return -1;
	status = copy(skel, b);
	status = status ? try_failed(b, "cannot copy its maps", -status) : run(skel, b, in, result);
	nat64_tc__destroy(skel);
	return status;
}
