/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet runner: each vector of a file through one engine, a line of JSON each.
 * docs/design.md, 3.5. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

static const struct engine *const engines[] = {
	&engine_native,
#ifndef NATIVE_ONLY /* for the mutation check, which builds it often */
	&engine_tc,
	&engine_tun,
	&engine_xdp,
#endif
};

static const struct engine *find_engine(const char *name)
{
	for (size_t i = 0; i < sizeof(engines) / sizeof(*engines); i++)
		if (!strcmp(engines[i]->name, name))
			return engines[i];
	return NULL;
}

/* Vector names are plain words; what JSON would escape is left out. */
static void print_outcome(const char *name, const struct outcome *out)
{
	fputs("{\"name\":\"", stdout);
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c >= ' ' && *c != '"' && *c != '\\')
			putchar(*c);
	printf("\",\"verdict\":\"%s\",\"packets\":[", outcome_words[out->verdict]);
	if (out->len) {
		putchar('"');
		for (__u32 i = 0; i < out->len; i++)
			printf("%02x", out->packet[i]);
		putchar('"');
	}
	putchar(']');
	if (out->reason != NAT64_DROP_NONE)
		printf(",\"reason\":\"%s\"", drop_words[out->reason]);
	puts("}");
}

static int run_all(const struct engine *engine, const struct vectors *vectors)
{
	static struct outcome out;

	for (size_t i = 0; i < vectors->count; i++) {
		const struct vector *vector = &vectors->vector[i];
		int err;

		if (vector->is_path) {
			fprintf(stderr, "%s: a path vector\n", vector->name);
			continue;
		}
		if (engine->set_up(vector))
			return 1;
		err = engine->run(vector->is_64, vector->packet, vector->len, &out);
		if (err < 0) {
			fprintf(stderr, "%s: failed\n", vector->name);
			return 1;
		}
		if (err)
			fprintf(stderr, "%s: engine %s cannot take this packet\n", vector->name,
				engine->name);
		else
			print_outcome(vector->name, &out);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "engine", required_argument, NULL, 'e' }, {} };
	const struct engine *engine = &engine_native;
	struct vectors vectors;
	int option, status;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		engine = option == 'e' ? find_engine(optarg) : NULL;
	if (!engine || optind != argc - 1) {
		fprintf(stderr, "usage: run-vectors [--engine native|tc|tun|xdp] FILE.jsonl\n");
		return 2;
	}
	if (vectors_read(argv[optind], &vectors)) {
		vectors_free(&vectors);
		return 2;
	}
	status = engine->open(vectors.pool_size) ? 1 : run_all(engine, &vectors);
	engine->close();
	vectors_free(&vectors);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "standard output: %s\n", strerror(errno));
		return 1;
	}
	return status;
}
