/* SPDX-License-Identifier: GPL-2.0-only */
/* nat64-bpf status: one screen an instance, or JSON. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "args.h"
#include "counters.h"
#include "host.h"
#include "instances.h"
#include "json.h"
#include "log.h"
#include "paths.h"
#include "report.h"
#include "text.h"

static const char *const state_words[] = { "translating", "degraded", "waiting" };
static const char *const hook_words[] = { "none", "tcx", "clsact" };
static const char *const nat44_words[] = { "masquerade", "snat", "none" };

static const char *nat44_state(const struct report *r)
{
	return r->instance.config.nat44 == NAT44_NONE ? "none" :
	       r->nft_present == 1		      ? "ok" :
							"missing";
}

static json_t *counter(struct nat64_counter c)
{
	return json_pack("{s:I, s:I}", "packets", (json_int_t)c.packets, "bytes",
			 (json_int_t)c.bytes);
}

static json_t *drops(const struct report *r)
{
	json_t *object = json_object();

	for (int i = 1; i < NAT64_DROP_MAX; i++)
		if (r->counters[NAT64_COUNT_MAX + i].packets)
			json_object_set_new(object, drop_words[i],
					    json_integer(r->counters[NAT64_COUNT_MAX + i].packets));
	if (r->nft.host)
		json_object_set_new(object, HOST_DROP, json_integer(r->nft.host));
	return object;
}

static json_t *counters(const struct report *r)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "in64",
			 counter(r->counters[NAT64_COUNT_IN64]), "out46",
			 counter(r->counters[NAT64_COUNT_OUT46]), "fast64",
			 counter(report_fast(r, NAT64_COUNT_IN64)), "fast46",
			 counter(report_fast(r, NAT64_COUNT_OUT46)), "drops", drops(r));
}

/* What an XDP program without a dispatcher means. */
static const char *alone(const struct report *r)
{
	const char *why = r->instance.record.xdp_alone;

	return textf("without libxdp's dispatcher: no other XDP program fits beside it%s%s%s",
		     *why ? " (" : "", why, *why ? ")" : "");
}

static void print_xdp(const struct report *r)
{
	if (r->xdp.mode != XDP_OFF)
		printf("  xdp        %s%s%s\n", xdp_words[r->xdp.mode], r->xdp.alone ? ", " : "",
		       r->xdp.alone ? alone(r) : "");
	else if (r->xdp_why)
		printf("  xdp        off: %s\n", r->xdp_why);
}

static json_t *to_json(const struct report *r)
{
	const struct config *config = &r->instance.config;
	char text[NET6_TEXT];
	json_t *clients = json_array(), *faults = json_array(), *fastpath, *object, *attach;

	for (uint32_t i = 0; i < r->config.client_count; i++) {
		struct net6 net = { r->config.client[i].addr, 0 };

		while (net.len < 128 &&
		       r->config.client[i].mask.s6_addr[net.len / 8] >> (7 - net.len % 8) & 1)
			net.len++;
		json_array_append_new(clients, json_string(net6_text(&net, text)));
	}
	for (size_t i = 0; i < r->fault_count; i++)
		json_array_append_new(faults, json_pack("{s:s, s:s}", "what", r->faults[i].what,
							"fix", r->faults[i].fix));
	fastpath = json_pack("{s:s, s:s, s:i}", "mode", config->fastpath_auto ? "auto" : "off",
			     "state", r->fast ? "nft" : "off", "flows", (int)r->flows);
	if (r->fast_why)
		json_object_set_new(fastpath, "why", json_string(r->fast_why));
	object = json_pack("{s:s, s:s, s:{s:s, s:i, s:s, s:i}, s:{s:s, s:s}}", "name", config->name,
			   "state", state_words[r->state], "interface", "name",
			   r->link.index ? r->link.name : r->instance.record.interface, "ifindex",
			   r->link.index, "type", r->instance.l2 ? "l2" : "l3", "mtu", r->link.mtu,
			   "attach", "hook", hook_words[r->hook], "xdp",
			   r->xdp.mode == XDP_OFF ? "none" : xdp_words[r->xdp.mode]);
	attach = json_object_get(object, "attach");
	if (r->xdp_why)
		json_object_set_new(attach, "why", json_string(r->xdp_why));
	if (r->xdp.alone)
		json_object_set_new(attach, "note", json_string(alone(r)));
	json_object_set_new(object, "prefix", json_string(net6_text(&config->prefix, text)));
	json_object_set_new(object, "clients", clients);
	json_object_set_new(
		object, "pool",
		json_pack("{s:s, s:i, s:i, s:i, s:I}", "prefix", net4_text(&config->pool, text),
			  "size", r->use.size, "used", r->use.dynamic + r->use.static_in_pool,
			  "static", r->use.statics, "refused",
			  (json_int_t)r->counters[NAT64_COUNT_MAX + NAT64_DROP_POOL_FULL].packets));
	json_object_set_new(object, "nat44",
			    json_pack("{s:s, s:s}", "mode", nat44_words[config->nat44], "state",
				      nat44_state(r)));
	json_object_set_new(object, "fastpath", fastpath);
	json_object_set_new(object, "counters", counters(r));
	if (r->fault_count)
		json_object_set_new(object, "faults", faults);
	else
		json_decref(faults);
	return object;
}

static void status_print(const struct report *r)
{
	const struct config *config = &r->instance.config;
	const struct nat64_counter *in = &r->counters[NAT64_COUNT_IN64],
				   *out = &r->counters[NAT64_COUNT_OUT46];
	char prefix[NET6_TEXT], pool[NET4_TEXT], own4[INET_ADDRSTRLEN];
	bool any = false;

	printf("%s: %s\n", config->name, state_words[r->state]);
	for (size_t i = 0; i < r->fault_count; i++)
		printf("  fault      %s\n  fix        %s\n", r->faults[i].what, r->faults[i].fix);
	if (r->link.index)
		printf("  interface  %s, %s, MTU %u, attached by %s\n", r->link.name,
		       r->instance.l2 ? "Ethernet (l2)" : "no link header (l3)", r->link.mtu,
		       hook_words[r->hook]);
	print_xdp(r);
	printf("  prefix     %s\n", net6_text(&config->prefix, prefix));
	printf("  pool       %s, %u of %u in use, %u static, own4 %s\n",
	       net4_text(&config->pool, pool), r->use.dynamic + r->use.static_in_pool, r->use.size,
	       r->use.statics, inet_ntop(AF_INET, &r->config.own4, own4, sizeof(own4)));
	printf("  nat44      %s, %s\n", nat44_words[config->nat44], nat44_state(r));
	printf("  fast path  %s\n", r->fast	? textf("nft flowtable, %u flows", r->flows) :
				    r->fast_why ? textf("off: %s", r->fast_why) :
						  "off");
	printf("  in64       %llu packets, %llu bytes\n", in->packets, in->bytes);
	printf("  out46      %llu packets, %llu bytes\n", out->packets, out->bytes);
	for (int i = 1; i < NAT64_DROP_MAX; i++) {
		if (!r->counters[NAT64_COUNT_MAX + i].packets)
			continue;
		printf("  %-10s %-22s %llu\n", any ? "" : "drops", drop_words[i],
		       r->counters[NAT64_COUNT_MAX + i].packets);
		any = true;
	}
	if (r->nft.host)
		printf("  %-10s %-22s %llu\n", any ? "" : "drops", HOST_DROP,
		       (unsigned long long)r->nft.host);
	if (r->nft.guarded)
		printf("  guard      %llu unsolicited packets from outside barred\n",
		       (unsigned long long)r->nft.guarded);
	if (r->nft.leaked)
		printf("  guard      %llu packets that were not NATed held back\n",
		       (unsigned long long)r->nft.leaked);
}

/* One instance: into `array`, or printed. Its state as an exit status. */
static int one(const struct args *args, const char *name, json_t *array)
{
	struct report report;
	int status = report_read(name, &report);

	if (!status)
		status = report_permitted(&report);
	if (!status) {
		status = report.state == STATE_TRANSLATING ? EXIT_DONE : EXIT_DEGRADED;
		if (args->json)
			json_array_append_new(array, to_json(&report));
		else if (!args->quiet)
			status_print(&report);
	}
	report_free(&report);
	return status;
}

static int status_all(const struct args *args)
{
	json_t *array = json_array();
	char **names = NULL, path[PATH_MAX];
	size_t count = 0;
	int status = EXIT_DONE, error;

	if (args->name) {
		if (!strchr(args->name, '/') && !config_name_check(args->name)) {
			json_decref(array);
			return -1;
		}
		error = strchr(args->name, '/') ? 0 : path_look(path_pins(path, args->name));
		if (error == -EACCES) {
			json_decref(array);
			return datapath_fail(error, args->name);
		}
		if (!error) {
			status = one(args, args->name, array);
			count = 1;
		}
	} else {
		error = instances_pinned(&names, &count);
		if (error) {
			json_decref(array);
			return instances_unlisted(error);
		}
		for (size_t i = 0; i < count; i++) {
			int each = one(args, names[i], array);

			if (each)
				status = each;
		}
	}
	if (!count) {
		if (!args->quiet && !args->json)
			fprintf(stderr,
				args->name ?
					"%s is not loaded; load it: nat64-bpf load %s\n" :
					"nothing is loaded; load an interface: nat64-bpf load tun0\n",
				args->name, args->name);
		if (!args->quiet && !host_has_bpffs())
			log_warn("it is no BPF file system",
				 "mount -t bpf bpf /sys/fs/bpf, or ask where it was loaded",
				 "%s: what is loaded elsewhere cannot be seen here", dir_pin());
		status = EXIT_NOT_LOADED;
	}
	if (args->json && status >= 0)
		json_out(json_pack("{s:i, s:o}", "schema", 1, "instances", array));
	else
		json_decref(array);
	instances_free(names, count && names ? count : 0);
	return status;
}

int cmd_status(const struct args *args)
{
	const char *every = args->value[OPTION_WATCH];
	double seconds = every ? atof(every) : 2;
	int status;

	if (!args_has(args, OPTION_WATCH))
		return status_all(args);
	if (seconds < 0.1 || seconds > 86400)
		return log_fail(EXIT_USAGE, "it takes 0.1 to 86400 seconds",
				"nat64-bpf status --watch=2",
				"--watch=%s: not a time between redraws", every);
	for (;;) {
		struct text_mark texts = text_mark();

		if (isatty(STDOUT_FILENO))
			printf("\033[H\033[2J");
		status = status_all(args);
		text_release(texts);
		if (status < 0 || fflush(stdout))
			return status;
		nanosleep(&(struct timespec){ .tv_sec = seconds,
					      .tv_nsec = (seconds - (long)seconds) * 1e9 },
			  NULL);
	}
}
