/* SPDX-License-Identifier: GPL-2.0-only */
/* Allocation on two CPUs at once, by BPF_PROG_TEST_RUN of the shipped program from two threads:
 * half of the clients come on both CPUs at the same time, the rest on one. No address twice, no
 * client twice, none without. R-4-01: the first packet of a new client is translated like any
 * other.
 *
 *   race [CLIENTS]      default 1000000; all together */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "be.h"
#include "kernel.h"
#include "nat64_tc.skel.h"

#define LINE(config)                                                                               \
	"{\"name\":\"race\",\"direction\":\"v6to4\",\"stage\":\"hook\",\"input\":\"\",\"config\":" \
	"{" config "}}"

struct frame {
	struct ethhdr eth;
	struct ipv6hdr ip6;
	__u8 udp[8];
} __attribute__((packed));

struct worker {
	pthread_t thread;
	struct nat64_tc *tc;
	int cpu;
	__u32 clients;	    /* in all */
	unsigned long lost; /* packets that were not translated */
	__u32 *addr4;	    /* that each client was seen with; 0: not sent by this one */
};

/* Clients below half are sent by both, of the others the even ones by CPU 0 and the odd ones by
 * CPU 1. */
static bool sends(const struct worker *worker, __u32 client)
{
	return client < worker->clients / 2 || (int)(client & 1) == worker->cpu;
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct frame frame = {
		.eth = { .h_proto = be16(ETH_P_IPV6) },
		.ip6 = { .version = 6,
			 .payload_len = be16(8),
			 .nexthdr = IPPROTO_UDP,
			 .hop_limit = 64 },
		.udp = { 0x10, 0, 0, 53, 0, 8, 1, 1 },
	};
	__u8 out[128];
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(worker->cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	frame.ip6.saddr.s6_addr[0] = 0xfd;
	memcpy(&frame.ip6.daddr, (__u8[16]){ 0, 0x64, 0xff, 0x9b, [12] = 192, 88, 99, 5 }, 16);
	for (__u32 i = 0; i < worker->clients; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = &frame,
			    .data_size_in = sizeof(frame), .data_out = out,
			    .data_size_out = sizeof(out));

		if (!sends(worker, i))
			continue;
		frame.ip6.saddr.s6_addr32[3] = be32(i + 0x10000);
		if (bpf_prog_test_run_opts(bpf_program__fd(worker->tc->progs.nat64_in), &opts) ||
		    (int)opts.retval != TC_ACT_UNSPEC || opts.data_size_out != sizeof(frame) - 20)
			worker->lost++;
		else
			memcpy(&worker->addr4[i], out + sizeof(struct ethhdr) + 12, 4);
	}
	return NULL;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(__u32));
}

/* How many of `count` values occur more than once. */
static unsigned long repeated(__u32 *values, __u32 count)
{
	unsigned long twice = 0;

	qsort(values, count, sizeof(*values), compare);
	for (__u32 i = 1; i < count; i++)
		twice += values[i] == values[i - 1];
	return twice;
}

/* Compares what the packets showed with what the maps hold. */
static int check(struct nat64_tc *tc, const struct worker *w, __u32 clients, __u32 pool_size)
{
	size_t size = (size_t)bpf_map__max_entries(tc->maps.nat64_slots) *
		      sizeof(struct nat64_slot);
	const struct nat64_slot *slots = mmap(NULL, size, PROT_READ, MAP_SHARED,
					      bpf_map__fd(tc->maps.nat64_slots), 0);
	unsigned long split = 0, missing = 0, wrong = 0, bound = 0, twice;
	__u32 *seen = calloc(clients, sizeof(*seen)), zero = 0;
	struct nat64_alloc alloc;

	if (slots == MAP_FAILED || !seen ||
	    bpf_map_lookup_elem(bpf_map__fd(tc->maps.nat64_alloc), &zero, &alloc))
		return 1;
	for (__u32 i = 0; i < clients; i++) {
		__u32 a = w[0].addr4[i], b = w[1].addr4[i];

		split += a && b && a != b;
		missing += !a && !b;
		seen[i] = a ? a : b;
	}
	twice = repeated(seen, clients);
	for (__u32 i = 0; i < pool_size; i++) {
		__u32 index;

		if (slots[i].state != NAT64_SLOT_DYNAMIC) {
			wrong += slots[i].state == NAT64_SLOT_CLAIMED;
			continue;
		}
		bound++;
		if (i % 16) /* a sample: a system call each */
			continue;
		wrong += bpf_map_lookup_elem(bpf_map__fd(tc->maps.nat64_clients), &slots[i].addr6,
					     &index) ||
			 index != i;
	}
	printf("%u clients: %lu bound, %u counted, %lu lost, %lu with two addresses, %lu without, "
	       "%lu addresses twice, "
	       "%lu slots wrong\n",
	       clients, bound, alloc.used, w[0].lost + w[1].lost, split, missing, twice, wrong);
	free(seen);
	return split || missing || twice || wrong || w[0].lost || w[1].lost || bound != clients ||
	       alloc.used != clients + 2; /* two static maps */
}

/* How many instructions of a program are READ_ORDERED(): "add 0", which clang writes as "or 0",
 * with the old value handed back. `size`: BPF_W or BPF_DW. */
static int ordered_reads(const struct bpf_program *prog, __u8 size)
{
	const struct bpf_insn *insns = bpf_program__insns(prog);
	int found = 0;

	for (size_t i = 0; i < bpf_program__insn_cnt(prog); i++)
		found += insns[i].code == (BPF_STX | BPF_ATOMIC | size) &&
			 insns[i].imm == (BPF_OR | BPF_FETCH);
	return found;
}

/* Where order between CPUs is wanted, an operation is compiled that gives it (bpf/order.h): a
 * compare-and-swap that fails does not. */
static int check_order(const struct nat64_tc *tc)
{
	int making = ordered_reads(tc->progs.nat64_in, BPF_W);
	int mac = ordered_reads(tc->progs.nat64_out, BPF_DW);
	int state = ordered_reads(tc->progs.nat64_control, BPF_W);

	printf("ordered reads: %d of making, %d of a MAC address, %d of a slot's state\n", making,
	       mac, state);
	return making < 2 || mac < 1 || state < 1;
}

int main(int argc, char **argv)
{
	__u32 clients = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
	struct worker worker[2] = {};
	struct vector vector;
	char error[160];
	int status;

	if (getenv("NAT64_SLOW")) /* a machine that is emulated */
		clients /= 50;
	if (!vector_parse(LINE("\"vpn_net\":\"fd00::/64\",\"pool\":\"10.0.0.0/"
			       "12\",\"own_v4\":\"10.0.0.1\","
			       "\"static\":{\"fd00::2\":\"10.0.0.2\",\"fd00::3\":\"10.0.0.3\"}"),
			  &vector, error))
		return 1;
	worker[0].tc = kernel_open(ETH_HLEN, vector.config.pool_size);
	if (!worker[0].tc || kernel_set_up(worker[0].tc, &vector))
		return 1;
	status = check_order(worker[0].tc);
	for (int i = 0; i < 2; i++) {
		worker[i].tc = worker[0].tc;
		worker[i].cpu = i;
		worker[i].clients = clients;
		worker[i].addr4 = calloc(clients, sizeof(*worker[i].addr4));
		if (!worker[i].addr4 || pthread_create(&worker[i].thread, NULL, work, &worker[i]))
			return 1;
	}
	for (int i = 0; i < 2; i++)
		pthread_join(worker[i].thread, NULL);
	status |= check(worker[0].tc, worker, clients, vector.config.pool_size);
	for (int i = 0; i < 2; i++)
		free(worker[i].addr4);
	nat64_tc__destroy(worker[0].tc);
	vector_free(&vector);
	return status;
}
