/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions that the shipped programs spend on one packet, by BPF_PROG_TEST_RUN. Runs in a guest
 * of qemu with -icount shift=0, where a nanosecond is an instruction, so that the kernel's own
 * figure of a run's duration counts them.
 *
 *   runs growth LENGTH BINDINGS	a pool of that prefix length with so many bindings
 *   runs flood				new clients: allocation, reclaim, refusal
 *
 * Prints: growth|flood, a name, minimum, median, maximum; separated by tabs. What the kernel spends
 * on taking the time, seen by a program that does nothing, is taken off. A run that does not end as
 * it should is an error. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "be.h"
#include "kernel.h"
#include "nat64_tc.skel.h"

#define LINE                                                                                       \
	"{\"name\":\"runs\",\"direction\":\"v6to4\",\"stage\":\"hook\",\"input\":\"\",\"config\":" \
	"{"                                                                                        \
	"\"vpn_net\":\"fd00::/64\",\"pool\":\"%s\",\"own_v4\":\"%s\"}}"
#define PAYLOAD 64   /* bytes */
#define SAMPLES 65   /* runs of a case, odd: there is a median */
#define FLOODED 1000 /* refusals that use up what may be told in a second */
#define ANY	(-2) /* how a program may end */

struct frame6 {
	struct ethhdr eth;
	struct ipv6hdr ip6;
	__u8 udp[8 + PAYLOAD];
} __attribute__((packed));

struct frame4 {
	struct ethhdr eth;
	struct iphdr ip4;
	__u8 udp[8 + PAYLOAD];
} __attribute__((packed));

static struct nat64_tc *tc;
static struct nat64_config config;
static __u32 clock_cost; /* instructions */
static const char *mode;

/* Duration of one run, which must end with `expected`. */
static __u32 run(int program, void *frame, __u32 size, int expected)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = size, .repeat = 1);

	if (bpf_prog_test_run_opts(program, &opts))
		err(1, "BPF_PROG_TEST_RUN");
	if (expected != ANY && (int)opts.retval != expected)
		errx(1, "a program ended with %d, not %d", (int)opts.retval, expected);
	return opts.duration;
}

static const struct in6_addr web = { .s6_addr = { 0, 0x64, 0xff, 0x9b, [12] = 192, 88, 99, 5 } };

static struct in6_addr address(__u32 client)
{
	struct in6_addr addr = { .s6_addr = { 0xfd } };

	addr.s6_addr32[3] = be32(client + 0x10000);
	return addr;
}

static __u32 run6(struct bpf_program *program, struct in6_addr from, struct in6_addr to,
		  int expected)
{
	struct frame6 frame = {
		.eth = { .h_dest = { 2, 0, 0, 0, 0, 1 },
			 .h_source = { 2, 0, 0, 0, 0, 2 },
			 .h_proto = be16(ETH_P_IPV6) },
		.ip6 = { .version = 6,
			 .payload_len = be16(8 + PAYLOAD),
			 .nexthdr = IPPROTO_UDP,
			 .hop_limit = 64,
			 .saddr = from,
			 .daddr = to },
		.udp = { 0x10, 0, 0, 53, 0, 8 + PAYLOAD, 1, 1 },
	};

	return run(bpf_program__fd(program), &frame, sizeof(frame), expected);
}

static __u32 up(__u32 client, int expected)
{
	return run6(tc->progs.nat64_in, address(client), web, expected);
}

/* To the client that holds addr4, whose link address is learned first, as from its neighbour entry.
 */
static __u32 down(__u32 client, __be32 addr4)
{
	struct frame4 frame = {
		.eth = { .h_dest = { 2, 0, 0, 0, 0, 2 },
			 .h_source = { 2, 0, 0, 0, 0, 1 },
			 .h_proto = be16(ETH_P_IP) },
		.ip4 = { .version = 4,
			 .ihl = 5,
			 .tot_len = be16(sizeof(frame) - ETH_HLEN),
			 .ttl = 64,
			 .protocol = IPPROTO_UDP,
			 .saddr = be32(0xc0586305),
			 .daddr = addr4 },
		.udp = { 0, 53, 0x10, 0, 0, 8 + PAYLOAD, 1, 1 },
	};
	__u16 words[sizeof(frame.ip4) / 2];
	__u32 sum = 0;

	memcpy(words, &frame.ip4, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / 2; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	frame.ip4.check = ~((sum & 0xffff) + (sum >> 16));
	run6(tc->progs.nat64_out, web, address(client), TC_ACT_UNSPEC);
	return run(bpf_program__fd(tc->progs.nat64_out), &frame, sizeof(frame), TC_ACT_UNSPEC);
}

static int ascending(const void *a, const void *b)
{
	const __u32 *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void report(const char *name, __u32 *cost)
{
	qsort(cost, SAMPLES, sizeof(*cost), ascending);
	printf("%s\t%s\t%u\t%u\t%u\n", mode, name, cost[0] - clock_cost,
	       cost[SAMPLES / 2] - clock_cost, cost[SAMPLES - 1] - clock_cost);
	fflush(stdout);
}

static void value(const char *name, unsigned long long number)
{
	printf("%s\t%s\t%llu\t%llu\t%llu\n", mode, name, number, number, number);
}

static void measure_clock(void)
{
	struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = TC_ACT_UNSPEC },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int program = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "nothing", "GPL", nothing, 2, NULL);
	struct frame6 frame = { .eth = { .h_proto = be16(ETH_P_IPV6) } };

	if (program < 0)
		err(1, "a program that does nothing");
	clock_cost = ~0u;
	for (int i = 0; i < SAMPLES; i++) {
		__u32 cost = run(program, &frame, sizeof(frame), TC_ACT_UNSPEC);

		if (cost < clock_cost)
			clock_cost = cost;
	}
}

static unsigned long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* Bytes of memory behind the maps, as the kernel accounts for them. */
static unsigned long long memory(void)
{
	unsigned long long total = 0, bytes;
	char path[64], line[128];
	struct bpf_map *map;

	bpf_object__for_each_map(map, tc->obj)
	{
		FILE *file;

		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", bpf_map__fd(map));
		file = fopen(path, "re");
		if (!file)
			err(1, "%s", path);
		while (fgets(line, sizeof(line), file))
			if (sscanf(line, "memlock: %llu", &bytes) == 1)
				total += bytes;
		fclose(file);
	}
	return total;
}

/* Programs and maps for a pool of that prefix length; says what loading took. */
static void open_pool(int length)
{
	const char *pool = length < 16 ? "10.0.0.0" : "192.168.240.0",
		   *own4 = length < 16 ? "10.0.0.1" : "192.168.240.1";
	char line[512], text[32], error[160];
	struct vector vector;
	unsigned long long start;
	__u32 zero = 0;

	snprintf(text, sizeof(text), "%s/%d", pool, length);
	snprintf(line, sizeof(line), LINE, text, own4);
	if (!vector_parse(line, &vector, error))
		errx(1, "%s", error);
	start = now();
	tc = kernel_open(ETH_HLEN, vector.config.pool_size);
	value("load", now() - start);
	if (!tc || kernel_set_up(tc, &vector) ||
	    bpf_map_lookup_elem(bpf_map__fd(tc->maps.nat64_config), &zero, &config))
		errx(1, "pool %s", text);
	vector_free(&vector);
}

static void configure(__u32 quota, __u32 icmp_rate, __u64 min_lease)
{
	__u32 zero = 0;

	config.quota = quota;
	config.quota_len = 64;
	config.icmp_rate = icmp_rate;
	config.min_lease = min_lease;
	if (bpf_map_update_elem(bpf_map__fd(tc->maps.nat64_config), &zero, &config, 0))
		err(1, "nat64_config");
}

static struct nat64_alloc alloc_state(void)
{
	struct nat64_alloc alloc;
	__u32 zero = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(tc->maps.nat64_alloc), &zero, &alloc))
		err(1, "nat64_alloc");
	return alloc;
}

/* Whether a full pool is looked through again for an idle address. */
static void retry_at(__u64 boot_ns)
{
	struct nat64_alloc alloc = alloc_state();
	__u32 zero = 0;

	alloc.retry_after = boot_ns;
	alloc.swept = 0;
	if (bpf_map_update_elem(bpf_map__fd(tc->maps.nat64_alloc), &zero, &alloc, 0))
		err(1, "nat64_alloc");
}

static int no_event(void *ctx, void *data, size_t size)
{
	(void)ctx;
	(void)data;
	(void)size;
	return 0;
}

/* Empties the ring of events: what finds it full is cheaper. The next event wakes the reader, so
 * one case takes one. */
static void read_events(void)
{
	static struct ring_buffer *ring;

	if (!ring)
		ring = ring_buffer__new(bpf_map__fd(tc->maps.nat64_events), no_event, NULL, NULL);
	if (!ring || ring_buffer__consume(ring) < 0)
		err(1, "nat64_events");
}

static void growth(int length, __u32 bindings)
{
	__u32 cost[SAMPLES], client[SAMPLES], index;
	struct nat64_slot slot;

	open_pool(length);
	value("memory", memory());
	if (bindings >
	    config.capacity - alloc_state().used) /* static maps of the vector format's defaults */
		bindings = config.capacity - alloc_state().used;
	for (__u32 i = 0; i < bindings; i++)
		up(i, TC_ACT_UNSPEC);
	value("bindings", alloc_state().used);
	for (int i = 0; i < SAMPLES; i++) {
		client[i] = (__u64)bindings * i / SAMPLES;
		cost[i] = up(client[i], TC_ACT_UNSPEC);
	}
	report("up", cost);
	for (int i = 0; i < SAMPLES; i++) {
		struct in6_addr addr6 = address(client[i]);

		if (bpf_map_lookup_elem(bpf_map__fd(tc->maps.nat64_clients), &addr6, &index) ||
		    bpf_map_lookup_elem(bpf_map__fd(tc->maps.nat64_slots), &index, &slot))
			errx(1, "client %u has no binding", client[i]);
		cost[i] = down(client[i], slot.addr4);
	}
	report("down", cost);
}

/* New clients from `next` on; the pool is filled up to `percent` before. */
static __u32 allocations(__u32 next, unsigned int percent)
{
	__u32 cost[SAMPLES];
	char name[32];

	while (alloc_state().used < config.capacity * percent / 100)
		up(next++, TC_ACT_UNSPEC);
	read_events();
	for (int i = 0; i < SAMPLES; i++)
		cost[i] = up(next++, TC_ACT_UNSPEC);
	snprintf(name, sizeof(name), "new client, %u %% used", percent);
	report(name, cost);
	return next;
}

/* New clients that get nothing; `swept`: after a look at 64 slots. `flooded`: as in a flood, where
 * nearly all are above the rates of events and of ICMPv6 errors. */
static __u32 refusals(const char *name, __u32 next, bool swept, bool flooded, int expected)
{
	__u32 cost[SAMPLES];

	retry_at(~0ull);
	for (int i = 0; flooded && i < FLOODED; i++)
		up(next++, ANY);
	read_events();
	for (int i = 0; i < SAMPLES; i++) {
		if (swept)
			retry_at(0);
		cost[i] = up(next++, expected);
	}
	report(name, cost);
	return next;
}

static void flood(void)
{
	const __u64 hours = 7440000000000ull; /* 2h4m, ns */
	__u32 cost[SAMPLES], next = 1;

	open_pool(20);
	configure(0, 0, hours);
	up(0, TC_ACT_UNSPEC);
	for (int i = 0; i < SAMPLES; i++)
		cost[i] = up(0, TC_ACT_UNSPEC);
	report("translated", cost);
	next = allocations(next, 1);
	next = allocations(next, 50);
	next = allocations(next, 90);
	while (alloc_state().used < config.capacity)
		up(next++, TC_ACT_UNSPEC);
	configure(0, 0, 0);
	next = allocations(next, 100);
	configure(0, 0, hours);
	next = refusals("pool full, with an event", next, false, false, TC_ACT_SHOT);
	configure(0, 1000000000, hours); /* each is told */
	next = refusals("pool full, told by ICMPv6", next, false, true, TC_ACT_REDIRECT);
	configure(0, 10, hours);
	next = refusals("pool full", next, false, true, TC_ACT_SHOT);
	next = refusals("pool full, 64 slots looked at", next, true, true, TC_ACT_SHOT);
	configure(1, 10, hours);
	refusals("quota", next, false, true, TC_ACT_SHOT);
}

int main(int argc, char **argv)
{
	mode = argc > 1 ? argv[1] : "";
	measure_clock();
	if (argc == 4 && !strcmp(mode, "growth"))
		growth(atoi(argv[2]), strtoul(argv[3], NULL, 10));
	else if (argc == 2 && !strcmp(mode, "flood"))
		flood();
	else
		errx(2, "see the head of runs.c");
	nat64_tc__destroy(tc);
	return 0;
}
