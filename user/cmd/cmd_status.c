/* SPDX-License-Identifier: GPL-2.0-only */
/* nat64-bpf status: one screen an instance, or JSON; --watch shows it again and again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "args.h"
#include "caps.h"
#include "cleanup.h"
#include "counters.h"
#include "host.h"
#include "instances.h"
#include "json.h"
#include "log.h"
#include "maplog.h"
#include "paths.h"
#include "print.h"
#include "report.h"
#include "status_text.h"
#include "text.h"

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

static json_t *to_json(const struct report *r)
{
	const struct config *config = &r->instance.config;
	const char *interface, *type, *xdp;
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
	fastpath = json_pack("{s:s}", "mode", config->fastpath_auto ? "auto" : "off");
	json_object_set_new(fastpath, "state", json_string(r->fast ? "nft" : "off"));
	json_object_set_new(fastpath, "flows", json_integer(r->flows));
	if (r->fast_why)
		json_object_set_new(fastpath, "why", json_string(r->fast_why));
	interface = r->link.index ? r->link.name : r->instance.record.interface;
	type = r->instance.l2 ? "l2" : "l3";
	xdp = r->xdp.mode == XDP_OFF ? "none" : xdp_words[r->xdp.mode];
	object = json_pack("{s:s, s:s, s:{s:s, s:i, s:s, s:i}, s:{s:s, s:s}}", "name", config->name,
			   "state", status_words[r->state], "interface", "name", interface,
			   "ifindex", r->link.index, "type", type, "mtu", r->link.mtu, "attach",
			   "hook", status_hooks[r->attach.hook], "xdp", xdp);
	attach = json_object_get(object, "attach");
	if (r->xdp_why)
		json_object_set_new(attach, "why", json_string(r->xdp_why));
	if (r->xdp.alone)
		json_object_set_new(attach, "note", json_string(status_xdp_alone(r)));
	json_object_set_new(object, "prefix", json_string(net6_text(&config->prefix, text)));
	json_object_set_new(object, "clients", clients);
	json_object_set_new(
		object, "pool",
		json_pack("{s:s, s:i, s:i, s:i, s:I}", "prefix", net4_text(&config->pool, text),
			  "size", r->use.size, "used", r->use.dynamic + r->use.static_in_pool,
			  "static", r->use.statics, "refused",
			  (json_int_t)r->counters[NAT64_COUNT_MAX + NAT64_DROP_POOL_FULL].packets));
	json_object_set_new(object, "nat44",
			    json_pack("{s:s, s:s}", "mode", status_modes[config->nat44], "state",
				      status_nat44(r)));
	json_object_set_new(object, "fastpath", fastpath);
	json_object_set_new(object, "counters", counters(r));
	if (r->fault_count)
		json_object_set_new(object, "faults", faults);
	else
		json_decref(faults);
	return object;
}

/* What one call shows: all of it goes to `out`, with `watch` also how fast the counters count. */
struct screen {
	const struct args *args;
	FILE *out;
	struct status_watch **watch; /* NULL: one look */
	json_t *array;		     /* of instances */
};

/* One instance. Its state as an exit status. */
static int status_one(const struct screen *screen, const char *name)
{
	struct report report;
	int status = report_read(name, &report);

	if (!status)
		status = report_permitted(&report);
	if (!status)
		status = report_look(&report);
	if (!status) {
		status = report.state == STATE_TRANSLATING ? EXIT_DONE : EXIT_DEGRADED;
		if (screen->args->json)
			json_array_append_new(screen->array, to_json(&report));
		else if (!screen->args->quiet)
			status_text(screen->out, &report, screen->watch);
	}
	report_free(&report);
	return status;
}

/* Instance NAME: its state, EXIT_NOT_LOADED, or -1. */
static int status_named(const struct screen *screen, const char *name)
{
	bool is_path = strchr(name, '/');
	char path[PATH_MAX];
	int error;

	if (!is_path && !config_name_check(name))
		return -1;
	error = is_path ? 0 : path_look(path_pins(path, name));
	if (error == -EACCES)
		return datapath_fail(error, name);
	return error ? EXIT_NOT_LOADED : status_one(screen, name);
}

/* All that are loaded: the last state that is not EXIT_DONE, EXIT_NOT_LOADED, or -1. */
static int status_each(const struct screen *screen)
{
	char **names = NULL;
	size_t count = 0;
	int error = instances_pinned(&names, &count), status = EXIT_DONE;

	if (error)
		return instances_unlisted(error);
	for (size_t i = 0; i < count; i++) {
		int each = status_one(screen, names[i]);

		if (each)
			status = each;
	}
	instances_free(names, count);
	return count ? status : EXIT_NOT_LOADED;
}

static void not_loaded(const struct screen *screen)
{
	const char *name = screen->args->name;
	FILE *out = screen->watch ? screen->out : stderr;

	if (screen->args->quiet)
		return;
	if (!screen->args->json && name)
		fprintf(out, "%s is not loaded; load it: nat64-bpf load %s\n", name, name);
	else if (!screen->args->json)
		fputs("nothing is loaded; load an interface: nat64-bpf load tun0\n", out);
	if (!host_has_bpffs())
		log_warn("it is not a BPF file system",
			 "mount -t bpf bpf /sys/fs/bpf, or run status where it was loaded",
			 "%s: what is loaded elsewhere cannot be seen here", dir_pin());
}

static int status_all(const struct args *args, FILE *out, struct status_watch **watch)
{
	struct screen screen = { args, out, watch, json_array() };
	int status = args->name ? status_named(&screen, args->name) : status_each(&screen);

	if (status == EXIT_NOT_LOADED)
		not_loaded(&screen);
	if (args->json && status >= 0)
		json_out(json_pack("{s:i, s:o}", "schema", 1, "instances", screen.array));
	else
		json_decref(screen.array);
	return status;
}

/* One look of --watch: a frame with its time. 0; -1: nothing more can be read or written. */
static int status_frame(const struct args *args, double seconds, struct status_watch **watch)
{
	_free_ char *text = NULL;
	char now[UTC_TEXT];
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int status;

	if (!out)
		return caps_fail(errno, 0, NULL, "cannot show the status");
	if (!args->json && !args->quiet)
		fprintf(out, "%s, every %g s\n", utc_text(time(NULL), now), seconds);
	status = status_all(args, out, watch);
	if (fclose(out))
		return caps_fail(errno, 0, NULL, "cannot show the status");

	if (status < 0 || fflush(stdout) || print_frame(text, len))
		return -1;
	return 0;
}

int cmd_status(const struct args *args)
{
	const char *every = args->value[OPTION_WATCH];
	double seconds = every ? atof(every) : 2;
	struct status_watch *watch = NULL;

	if (!args_has(args, OPTION_WATCH))
		return status_all(args, stdout, NULL);
	if (seconds < 0.1 || seconds > 86400)
		return log_fail(EXIT_USAGE, "it takes 0.1 to 86400 seconds",
				"nat64-bpf status --watch=2",
				"--watch=%s: not a time between redraws", every);
	for (;;) {
		struct text_mark texts = text_mark();

		if (status_frame(args, seconds, &watch)) {
			status_unwatch(watch);
			return -1;
		}
		text_release(texts);
		nanosleep(&(struct timespec){ .tv_sec = seconds,
					      .tv_nsec = (seconds - (long)seconds) * 1e9 },
			  NULL);
	}
}
