/* SPDX-License-Identifier: GPL-2.0-only */
/* The status of an instance as text: facts, a table of traffic, a table of drops. */
#include "status_text.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "print.h"
#include "text.h"

const char *const status_words[] = { "translating", "degraded", "waiting" };
const char *const status_hooks[] = { "none", "tcx", "clsact" };
const char *const status_modes[] = { "masquerade", "snat", "none" };

/* What is watched: the counters of the programs, and three that follow from nftables'. */
enum { SERIES_HOST = NAT64_COUNTERS, SERIES_FAST64, SERIES_FAST46, SERIES_MAX };

struct status_watch {
	struct status_watch *next;
	char name[NAME_LEN_MAX + 1];
	struct rate packets[SERIES_MAX], bits[SERIES_MAX];
};

/* The tables of one look. */
struct look {
	FILE *out;
	struct nat64_counter now[SERIES_MAX];
	const struct status_watch *watch; /* NULL: without rates */
	struct table table;
};

const char *status_nat44(const struct report *r)
{
	if (r->instance.config.nat44 == NAT44_NONE)
		return "none";
	return r->nft_whole ? "ok" : "missing";
}

const char *status_xdp_alone(const struct report *r)
{
	const char *why = r->instance.record.xdp_alone;

	return textf("without libxdp's dispatcher: no other XDP program fits beside it%s",
		     *why ? textf(" (%s)", why) : "");
}

static struct status_watch *watch_of(struct status_watch **all, const char *name)
{
	struct status_watch *watch = *all;

	while (watch && strcmp(watch->name, name))
		watch = watch->next;
	if (watch)
		return watch;
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return NULL; /* this look goes without rates */
	snprintf(watch->name, sizeof(watch->name), "%s", name);
	watch->next = *all;
	*all = watch;
	return watch;
}

void status_unwatch(struct status_watch *watch)
{
	while (watch) {
		struct status_watch *next = watch->next;

		free(watch);
		watch = next;
	}
}

static void look_begin(struct look *look, FILE *out, const struct report *r,
		       struct status_watch **all)
{
	struct status_watch *watch = all ? watch_of(all, r->instance.config.name) : NULL;
	uint64_t at = clock_boot_ns();

	*look = (struct look){ .out = out, .watch = watch };
	memcpy(look->now, r->counters, sizeof(r->counters));
	look->now[SERIES_HOST].packets = r->nft.host;
	look->now[SERIES_FAST64] = report_fast(r, NAT64_COUNT_IN64);
	look->now[SERIES_FAST46] = report_fast(r, NAT64_COUNT_OUT46);
	for (int i = 0; watch && i < SERIES_MAX; i++) {
		rate_look(&watch->packets[i], look->now[i].packets, at);
		rate_look(&watch->bits[i], 8 * look->now[i].bytes, at);
	}
}

/* Columns: title, packets, bytes; with rates also packets/s, bit/s, the last minutes. */
static void look_table(struct look *look, const char *title)
{
	table_begin(&look->table, look->out, 2, look->watch ? 6 : 3, 0x1e,
		    (const char *const[]){ title, "packets", "bytes", "per s", "bit/s",
					   "last 3 minutes" });
}

static void look_row(struct look *look, const char *name, int series)
{
	char packets[NUMBER_TEXT], bytes[NUMBER_TEXT] = "", rate[NUMBER_TEXT] = "",
				   bits[NUMBER_TEXT] = "", spark[SPARK_TEXT] = "";
	const struct nat64_counter *now = &look->now[series];
	const struct status_watch *watch = look->watch;

	count_text(now->packets, packets);
	if (now->bytes)
		bytes_text(now->bytes, bytes);
	if (watch) {
		rate_text(watch->packets[series].now, rate);
		spark_text(&watch->packets[series], spark);
	}
	if (watch && now->bytes)
		bits_text((uint64_t)(watch->bits[series].now + 0.5), bits);
	table_row(&look->table, (const char *const[]){ name, packets, bytes, rate, bits, spark });
}

static void print_facts(FILE *out, const struct report *r)
{
	static const enum tone tones[] = { TONE_GOOD, TONE_BAD, TONE_CARE };
	const char *on = tone_on(tones[r->state]), *off = tone_off();

	fprintf(out, "%s%s%s%s: %s%s%s\n", print_dot(tones[r->state]), tone_on(TONE_STRONG),
		r->instance.config.name, off, on, status_words[r->state], off);
	for (size_t i = 0; i < r->fault_count; i++)
		fprintf(out, "  %sfault%s      %s\n  fix        %s\n", tone_on(TONE_BAD), off,
			r->faults[i].what, r->faults[i].fix);
	if (r->link.index)
		fprintf(out, "  interface  %s, %s, MTU %u, attached by %s\n",
			text_printable(r->link.name),
			r->instance.l2 ? "Ethernet (l2)" : "no link header (l3)", r->link.mtu,
			status_hooks[r->attach.hook]);
	if (r->xdp.mode != XDP_OFF)
		fprintf(out, "  xdp        %s%s\n", xdp_words[r->xdp.mode],
			r->xdp.alone ? textf(", %s", status_xdp_alone(r)) : "");
	else if (r->xdp_why)
		fprintf(out, "  xdp        off: %s\n", r->xdp_why);
}

static void print_settings(FILE *out, const struct report *r)
{
	const struct config *config = &r->instance.config;
	uint32_t used = r->use.dynamic + r->use.static_in_pool;
	char prefix[NET6_TEXT], pool[NET4_TEXT], bar[BAR_TEXT], percent[NUMBER_TEXT];
	const char *fast = r->fast_why ? textf("off: %s", r->fast_why) : "off";

	if (r->fast)
		fast = textf("nft flowtable, %u flows", r->flows);
	fprintf(out, "  prefix     %s\n", net6_text(&config->prefix, prefix));
	fprintf(out, "  pool       %s, own4 %s\n", net4_text(&config->pool, pool),
		text_addr4((struct in_addr){ r->config.own4 }));
	fprintf(out, "  in use     %s %u of %u (%s), %u static\n", bar_text(used, r->use.size, bar),
		used, r->use.size, percent_text(used, r->use.size, percent), r->use.statics);
	fprintf(out, "  nat44      %s, %s\n", status_modes[config->nat44], status_nat44(r));
	fprintf(out, "  fast path  %s\n", fast);
	if (r->nft.guarded)
		fprintf(out, "  guard      %llu unsolicited inbound packets dropped\n",
			(unsigned long long)r->nft.guarded);
	if (r->nft.leaked)
		fprintf(out, "  guard      %llu packets without NAT44 dropped\n",
			(unsigned long long)r->nft.leaked);
}

/* Dynamic bindings made, and how fast. */
static void print_bindings(const struct look *look)
{
	char made[NUMBER_TEXT], rate[NUMBER_TEXT], spark[SPARK_TEXT];

	count_text(look->now[NAT64_COUNT_BINDINGS].packets, made);
	fprintf(look->out, "  bindings   %s made", made);
	if (look->watch) {
		const struct rate *new = &look->watch->packets[NAT64_COUNT_BINDINGS];

		fprintf(look->out, ", %s per s  %s", rate_text(new->now, rate),
			spark_text(new, spark));
	}
	fputc('\n', look->out);
}

static void print_traffic(struct look *look, const struct report *r)
{
	look_table(look, "traffic");
	look_row(look, "in64", NAT64_COUNT_IN64);
	look_row(look, "out46", NAT64_COUNT_OUT46);
	if (r->fast) {
		look_row(look, "fast64", SERIES_FAST64);
		look_row(look, "fast46", SERIES_FAST46);
	}
	table_end(&look->table);
}

static void print_drops(struct look *look)
{
	bool any = look->now[SERIES_HOST].packets;

	for (int i = 1; i < NAT64_DROP_MAX; i++)
		any |= look->now[NAT64_COUNT_MAX + i].packets != 0;
	if (!any)
		return;
	look_table(look, "drops");
	for (int i = 1; i < NAT64_DROP_MAX; i++)
		if (look->now[NAT64_COUNT_MAX + i].packets)
			look_row(look, drop_words[i], NAT64_COUNT_MAX + i);
	if (look->now[SERIES_HOST].packets)
		look_row(look, HOST_DROP, SERIES_HOST);
	table_end(&look->table);
}

void status_text(FILE *out, const struct report *r, struct status_watch **watch)
{
	struct look look;

	look_begin(&look, out, r, watch);
	print_facts(out, r);
	print_settings(out, r);
	print_bindings(&look);
	print_traffic(&look, r);
	print_drops(&look);
}
