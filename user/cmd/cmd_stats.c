/* SPDX-License-Identifier: GPL-2.0-only */
/* nat64-bpf stats: every counter, as text, JSON or OpenMetrics. */
#include <errno.h>
#include <string.h>

#include "args.h"
#include "counters.h"
#include "instances.h"
#include "json.h"
#include "log.h"
#include "paths.h"
#include "print.h"
#include "report.h"

/* Packets dropped by our nft table, which the programs do not see. */
#define HOST_TEXT "destination is an address of this host; see `host` in nat64-bpf.conf(5)"

/* Counters that nftables keeps for us: names and sentences beside those of the programs. */
/* clang-format off */
#define NFT_WORDS(X) \
	X(guarded,	"guarded",		"unsolicited inbound packets to the pool, dropped by `guard`") \
	X(leaked,	"leaked",		"packets from the pool that NAT44 did not translate, dropped") \
	X(slow_64,	"slow64",		"packets to IPv4 servers that the slow path forwarded") \
	X(slow_46,	"slow46",		"packets to clients that the slow path forwarded")
/* clang-format on */

/* What took the fast path, which follows from both. */
/* clang-format off */
#define FAST_WORDS(X) \
	X(NAT64_COUNT_IN64,	"fast64",	"packets of in64 that took the fast path") \
	X(NAT64_COUNT_OUT46,	"fast46",	"packets of out46 that took the fast path")
/* clang-format on */

/* A row: packets exact, since people compare two of these. */
static void stats_row(const struct args *args, struct table *table, const char *word,
		      struct nat64_counter count, const char *text)
{
	char packets[NUMBER_TEXT], bytes[NUMBER_TEXT] = "";

	snprintf(packets, sizeof(packets), "%llu", count.packets);
	if (count.bytes)
		bytes_text(count.bytes, bytes);
	table_row(table, (const char *const[]){ word, packets, bytes,
						args_has(args, OPTION_EXPLAIN) ? text : "" });
}

static void stats_print(const struct args *args, const struct report *r)
{
	bool explain = args_has(args, OPTION_EXPLAIN);
	const char *meaning = explain ? "meaning" : "";
	struct nat64_counter host = { .packets = r->nft.host };
	struct table table;

	printf("%s%s%s\n", tone_on(TONE_STRONG), r->instance.config.name, tone_off());
	table_begin(&table, stdout, 2, 4, 6,
		    (const char *const[]){ "counter", "packets", "bytes", meaning });
	for (int i = 0; i < NAT64_COUNT_MAX; i++)
		stats_row(args, &table, counter_words[i], r->counters[i], counter_texts[i]);
#define X(field, word, text) \
	stats_row(args, &table, word, (struct nat64_counter){ .packets = r->nft.field }, text);
	NFT_WORDS(X)
#undef X
#define X(count, word, text) stats_row(args, &table, word, report_fast(r, count), text);
	FAST_WORDS(X)
#undef X
	table_row(&table, (const char *const[]){ "drops", "packets", "", meaning });
	for (int i = 1; i < NAT64_DROP_MAX; i++)
		if (r->counters[NAT64_COUNT_MAX + i].packets || explain)
			stats_row(args, &table, drop_words[i],
				  (struct nat64_counter){
					  .packets = r->counters[NAT64_COUNT_MAX + i].packets },
				  drop_texts[i]);
	if (r->nft.host || explain)
		stats_row(args, &table, HOST_DROP, host, HOST_TEXT);
	table_end(&table); /* main() reports what could not be written */
}

static json_t *entry(const struct args *args, uint64_t packets, uint64_t bytes, const char *text)
{
	json_t *object = json_pack("{s:I, s:I}", "packets", (json_int_t)packets, "bytes",
				   (json_int_t)bytes);

	if (args_has(args, OPTION_EXPLAIN))
		json_object_set_new(object, "text", json_string(text));
	return object;
}

static json_t *to_json(const struct args *args, const struct report *r)
{
	json_t *counts = json_object(), *drops = json_object();

	for (int i = 0; i < NAT64_COUNT_MAX; i++)
		json_object_set_new(counts, counter_words[i],
				    entry(args, r->counters[i].packets, r->counters[i].bytes,
					  counter_texts[i]));
#define X(field, word, text) json_object_set_new(counts, word, entry(args, r->nft.field, 0, text));
	NFT_WORDS(X)
#undef X
#define X(count, word, text)                                           \
	json_object_set_new(counts, word,                              \
			    entry(args, report_fast(r, count).packets, \
				  report_fast(r, count).bytes, text));
	FAST_WORDS(X)
#undef X
	json_object_set_new(counts, HOST_DROP,
			    entry(args, r->nft.host, 0, HOST_TEXT)); /* where it was at first */
	for (int i = 1; i < NAT64_DROP_MAX; i++) {
		const struct nat64_counter *c = &r->counters[NAT64_COUNT_MAX + i];

		json_object_set_new(drops, drop_words[i],
				    entry(args, c->packets, c->bytes, drop_texts[i]));
	}
	json_object_set_new(drops, HOST_DROP, entry(args, r->nft.host, 0, HOST_TEXT));
	return json_pack("{s:s, s:o, s:o}", "name", r->instance.config.name, "counters", counts,
			 "drops", drops);
}

static void sample(const char *family, const char *name, const char *label, const char *word,
		   uint64_t value)
{
	printf("nat64_%s_total{instance=\"%s\",%s=\"%s\"} %llu\n", family, name, label, word,
	       (unsigned long long)value);
}

/* OpenMetrics wants the samples of one family together, over all instances. */
static void metrics(const struct report *reports, size_t count)
{
	printf("# TYPE nat64_packets counter\n# HELP nat64_packets Packets by what became of "
	       "them.\n");
	for (size_t n = 0; n < count; n++) {
		const char *name = reports[n].instance.config.name;

		for (int i = 0; i < NAT64_COUNT_MAX; i++)
			sample("packets", name, "counter", counter_words[i],
			       reports[n].counters[i].packets);
#define X(field, word, text) sample("packets", name, "counter", word, reports[n].nft.field);
		NFT_WORDS(X)
#undef X
#define X(count, word, text) \
	sample("packets", name, "counter", word, report_fast(&reports[n], count).packets);
		FAST_WORDS(X)
#undef X
		sample("packets", name, "counter", HOST_DROP,
		       reports[n].nft.host); /* where it was at first */
	}
	printf("# TYPE nat64_bytes counter\n# UNIT nat64_bytes bytes\n"
	       "# HELP nat64_bytes Bytes translated, of the IPv6 side from the IP header on.\n");
	for (size_t n = 0; n < count; n++) {
		const char *name = reports[n].instance.config.name;

		for (int i = 0; i <= NAT64_COUNT_OUT46; i++)
			sample("bytes", name, "counter", counter_words[i],
			       reports[n].counters[i].bytes);
#define X(count, word, text) \
	sample("bytes", name, "counter", word, report_fast(&reports[n], count).bytes);
		FAST_WORDS(X)
#undef X
	}
	printf("# TYPE nat64_drops counter\n# HELP nat64_drops Packets dropped, by reason.\n");
	for (size_t n = 0; n < count; n++) {
		const char *name = reports[n].instance.config.name;

		for (int i = 1; i < NAT64_DROP_MAX; i++)
			sample("drops", name, "reason", drop_words[i],
			       reports[n].counters[NAT64_COUNT_MAX + i].packets);
		sample("drops", name, "reason", HOST_DROP, reports[n].nft.host);
	}
	printf("# TYPE nat64_pool_addresses gauge\n# HELP nat64_pool_addresses Addresses that "
	       "clients can have.\n");
	for (size_t n = 0; n < count; n++)
		printf("nat64_pool_addresses{instance=\"%s\"} %u\n",
		       reports[n].instance.config.name, reports[n].use.size);
	printf("# TYPE nat64_pool_used gauge\n# HELP nat64_pool_used Addresses that clients "
	       "have.\n");
	for (size_t n = 0; n < count; n++)
		printf("nat64_pool_used{instance=\"%s\"} %u\n", reports[n].instance.config.name,
		       reports[n].use.dynamic + reports[n].use.static_in_pool);
	printf("# TYPE nat64_translating gauge\n# HELP nat64_translating 1 if all parts are in "
	       "place.\n");
	for (size_t n = 0; n < count; n++)
		printf("nat64_translating{instance=\"%s\"} %d\n", reports[n].instance.config.name,
		       reports[n].state == STATE_TRANSLATING);
	printf("# EOF\n");
}

int cmd_stats(const struct args *args)
{
	char *given[] = { (char *)args->name }, **names = given;
	size_t count = 1, read = 0;
	struct report *reports;
	json_t *array;
	int status = 0, error;

	if (!args->name) {
		error = instances_pinned(&names, &count);
		if (error)
			return instances_unlisted(error);
	}
	array = json_array();
	reports = calloc(count + 1, sizeof(*reports));
	for (size_t i = 0; i < count && !status && reports; i++) {
		status = report_read(names[i], &reports[read++]);
		if (!status)
			status = report_permitted(&reports[i]);
		if (!status && args->json)
			json_array_append_new(array, to_json(args, &reports[i]));
		else if (!status && !args_has(args, OPTION_OPENMETRICS))
			stats_print(args, &reports[i]);
	}
	if (!count)
		status = log_fail(EXIT_NOT_LOADED, "only a loaded instance has counters",
				  "load an interface: nat64-bpf load tun0", "nothing is loaded");
	if (!status && args->json) {
		json_out(json_pack("{s:i, s:O}", "schema", 1, "instances", array));
	} else if (!status && args_has(args, OPTION_OPENMETRICS)) {
		metrics(reports, count);
	}
	json_decref(array);
	for (size_t i = 0; i < read; i++)
		report_free(&reports[i]);
	free(reports);
	if (names != given)
		instances_free(names, count);
	return status;
}
