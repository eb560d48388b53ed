/* SPDX-License-Identifier: GPL-2.0-only */
/* The shipped programs in the kernel, with maps of their own. Nothing is pinned or attached. */
#include "kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "be.h"
#include "nat64_tc.skel.h"
#include "tc_open.h"

static int fail(int err, const char *what)
{
	fprintf(stderr, "error: %s: %s\n", what, strerror(-err));
	return err;
}

struct nat64_tc *kernel_open(__u32 link_hlen, __u32 pool_size)
{
	struct nat64_tc *tc;
	int err;

	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	tc = tc_open(link_hlen);
	if (!tc) {
		fail(-errno, "BPF object");
		return NULL;
	}
	bpf_map__set_max_entries(tc->maps.nat64_slots, pool_size + NAT64_EXTERN_MAX);
	bpf_map__set_max_entries(tc->maps.nat64_clients, pool_size + NAT64_EXTERN_MAX);
	bpf_map__set_max_entries(tc->maps.nat64_quota, pool_size);
	err = nat64_tc__load(tc);
	if (err) {
		fail(err, "BPF programs refused");
		nat64_tc__destroy(tc);
		return NULL;
	}
	return tc;
}

/* Empties a hash map and fills it with indices of slots. */
static int refill(struct bpf_map *map, const struct state_entry *entry, __u32 count,
		  size_t key_offset)
{
	int fd = bpf_map__fd(map), err = 0;
	struct in6_addr key;

	while (!bpf_map_get_next_key(fd, NULL, &key))
		bpf_map_delete_elem(fd, &key);
	for (__u32 i = 0; i < count && !err; i++)
		err = bpf_map_update_elem(fd, (const char *)&entry[i] + key_offset, &entry[i].index,
					  BPF_NOEXIST);
	return err;
}

static int write_slots(struct bpf_map *map, const struct state *state)
{
	size_t size = state->slot_count * sizeof(*state->slots);
	void *slots = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (slots == MAP_FAILED)
		return -errno;
	memcpy(slots, state->slots, size);
	munmap(slots, size);
	return 0;
}

int kernel_set_up(struct nat64_tc *tc, const struct vector *vector)
{
	struct timespec ts;
	struct state state;
	__u32 zero = 0;
	int err;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	err = state_build(vector, ts.tv_sec * 1000000000ull + ts.tv_nsec, &state);
	if (err)
		return fail(err, vector->name);
	err = write_slots(tc->maps.nat64_slots, &state);
	if (!err)
		err = refill(tc->maps.nat64_clients, state.clients, state.client_count,
			     offsetof(struct state_entry, addr6));
	if (!err)
		err = refill(tc->maps.nat64_extern, state.externs, state.extern_count,
			     offsetof(struct state_entry, addr4));
	if (!err)
		err = bpf_map_update_elem(bpf_map__fd(tc->maps.nat64_alloc), &zero, &state.alloc,
					  0);
	if (!err)
		err = bpf_map_update_elem(bpf_map__fd(tc->maps.nat64_config), &zero, &state.config,
					  0);
	state_free(&state);
	return err ? fail(err, vector->name) : 0;
}

int kernel_counts(struct nat64_tc *tc, struct counts *counts)
{
	static struct nat64_counter *values;
	static int cpus;
	__u32 keys[NAT64_COUNTERS], count = NAT64_COUNTERS, out;

	if (!values) {
		cpus = libbpf_num_possible_cpus();
		values = calloc((size_t)cpus * NAT64_COUNTERS, sizeof(*values));
		if (!values)
			return fail(-ENOMEM, "counters");
	}
	/* ENOENT: the end of the map was reached */
	if (bpf_map_lookup_batch(bpf_map__fd(tc->maps.nat64_counters), NULL, &out, keys, values,
				 &count, NULL) &&
	    errno != ENOENT)
		return fail(-errno, "counters");
	*counts = (struct counts){};
	for (__u32 i = 0; i < count; i++)
		for (int cpu = 0; cpu < cpus; cpu++)
			counts->packets[keys[i]] += values[(size_t)i * cpus + cpu].packets;
	return 0;
}

int kernel_run(const struct bpf_program *prog, struct kernel_run *run)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = &run->in, .data_size_in = run->in_len,
		    .data_out = &run->out, .data_size_out = sizeof(run->out));
	struct __sk_buff skb = { .ifindex = run->ifindex };

	if (run->ifindex) {
		opts.ctx_in = &skb;
		opts.ctx_size_in = sizeof(skb);
	}
	if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts))
		return errno == EINVAL ?
			       1 :
			       fail(-errno, "test run"); /* EINVAL: more than a page holds */
	run->out_len = opts.data_size_out;
	run->code = opts.retval;
	return 0;
}

int kernel_run_packet(const struct bpf_program *prog, bool is_64, const __u8 *packet, __u32 len,
		      struct kernel_run *run)
{
	__u16 ethertype = engine_ethertype(is_64, packet, len);

	if (len < (ethertype == ETH_P_IPV6 ? 40 : 20)) /* newer kernels take no less */
		return 1;
	/* for this host: the kernel runs it on lo, whose address is all 0 */
	run->in.eth = (struct ethhdr){ .h_source = { 2, 0, 0, 0, 0, 2 },
				       .h_proto = be16(ethertype) };
	run->in_len = sizeof(run->in.eth) + len;
	memcpy(run->in.packet, packet, len);
	return kernel_run(prog, run);
}
