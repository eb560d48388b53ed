/* SPDX-License-Identifier: GPL-2.0-only */
/* Agreement of the core's forms: random mutations of all vectors must give the same verdict, reason
 * and bytes on engine native and on one in the kernel, and what comes out must hold what
 * invariant.c says.
 *
 * R-SYS-14: no content makes the program pass an untranslated packet of the prefix. R-4-02: the
 * data is unchanged.
 *
 *   agree [--engine tc|tun|xdp] [--count N] [--seed S] FILE.jsonl */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "invariant.h"
#include "mutate.h"

static void print_hex(const char *what, const __u8 *bytes, __u32 len)
{
	printf("  %s: ", what);
	for (__u32 i = 0; i < len; i++)
		printf("%02x", bytes[i]);
	putchar('\n');
}

static void print_outcome(const char *engine, const struct outcome *out)
{
	printf("  %s: %s %s\n", engine, outcome_words[out->verdict],
	       out->reason ? drop_words[out->reason] : "");
	print_hex(engine, out->packet, out->len);
}

/* The IPv4 Identification counts packets of one CPU: all on one, and native's count is set to that.
 */
static int pin_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set); /* whose number is in the Identification, as in the native engine's */
	return sched_setaffinity(0, sizeof(set), &set);
}

struct tally {
	unsigned long verdicts[OUTCOME_MAX];
	unsigned long not_taken;
};

/* One input on both. 0, or 1 with the difference on stdout. */
static int compare(const struct engine *engine, const struct vector *vector, const __u8 *packet,
		   __u32 len, struct tally *tally)
{
	static struct outcome a, b;
	const char *broken;
	int err = engine->run(vector->is_64, packet, len, &b);

	if (err > 0) {
		tally->not_taken++;
		return 0;
	}
	if (!err)
		err = engine_native.run(vector->is_64, packet, len, &a);
	broken = err ? "an engine failed" :
		       invariant_broken(&vector->config, vector->is_64, packet, len, &a);
	if (!broken && (a.verdict != b.verdict || a.reason != b.reason))
		broken = "verdicts differ";
	if (!broken && (a.len != b.len || memcmp(a.packet, b.packet, a.len)))
		broken = "packets differ";
	tally->verdicts[a.verdict]++;
	if (!broken)
		return 0;
	printf("%s, a mutation of it: %s\n", vector->name, broken);
	print_hex("input", packet, len);
	print_outcome("native", &a);
	print_outcome(engine->name, &b);
	return 1;
}

static int run_all(const struct engine *engine, const struct vectors *vectors, unsigned long count,
		   __u64 seed)
{
	static __u8 packet[2 * VECTOR_PACKET_MAX];
	struct mutator mutator = { .random = seed, .vectors = vectors };
	struct tally tally = {};
	unsigned long done = 0;
	int differ = 0;

	for (size_t i = 0; i < vectors->count && differ < 5; i++) {
		const struct vector *vector = &vectors->vector[i];
		unsigned long until = count * (i + 1) / vectors->count;

		if (engine->set_up(vector) || engine_native.set_up(vector))
			return 1;
		native_count_from(engine->counts());
		for (; done < until && differ < 5; done++)
			differ += compare(engine, vector, packet, mutate(&mutator, vector, packet),
					  &tally);
	}
	printf("%s: %lu inputs, seed %llu:", engine->name, done, seed);
	for (int i = 0; i < OUTCOME_MAX; i++)
		printf(" %s %lu,", outcome_words[i], tally.verdicts[i]);
	printf(" not taken %lu, different %d\n", tally.not_taken, differ);
	/* inputs that an engine refuses prove nothing: most must be taken, and all verdicts must
	 * occur */
	for (int i = 0; i < OUTCOME_MAX; i++)
		if (!tally.verdicts[i])
			differ++;
	return differ || tally.not_taken > done / 5;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "engine", required_argument, NULL, 'e' },
						 { "count", required_argument, NULL, 'c' },
						 { "seed", required_argument, NULL, 's' },
						 {} };
	const struct engine *engine = &engine_tc;
	unsigned long count = 100000;
	struct vectors vectors;
	__u64 seed = 1;
	int option, status = 1;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'e')
			engine = !strcmp(optarg, "xdp") ? &engine_xdp :
				 strcmp(optarg, "tun")	? &engine_tc :
							  &engine_tun;
		else if (option == 'c')
			count = strtoul(optarg, NULL, 10);
		else if (option == 's')
			seed = strtoull(optarg, NULL, 10);
		else
			return 2;
	}
	if (getenv("NAT64_SLOW")) /* a machine that is emulated */
		count /= 20;
	if (optind != argc - 1 || !seed) {
		fprintf(stderr,
			"usage: agree [--engine tc|tun|xdp] [--count N] [--seed S] FILE.jsonl\n");
		return 2;
	}
	if (!pin_cpu() && !vectors_read(argv[optind], &vectors)) {
		if (!engine_native.open(vectors.pool_size) && !engine->open(vectors.pool_size))
			status = run_all(engine, &vectors, count, seed);
		engine->close();
		engine_native.close();
		vectors_free(&vectors);
	}
	return status;
}
