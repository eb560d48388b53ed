/* SPDX-License-Identifier: GPL-2.0-only */
/* doctor: one instance, loaded or not: its settings against what the host has. */
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "doctor.h"
#include "host.h"
#include "paths.h"
#include "report.h"
#include "sysctl.h"
#include "text.h"

#define POOL_CARE 90 /* per cent of the pool in use */

static const char *again(const struct instance *instance)
{
	return textf("nat64-bpf load %s", instance->config.name);
}

/* Has it a config file? The settings of a running one without are read from what load keeps of
 * them. */
static bool has_file(const struct instance *instance)
{
	const char *path = instance->config.path;

	return path && strncmp(path, dir_run(), strlen(dir_run()));
}

/* Are the settings in force those of the config file? */
static void compare_settings(struct doctor *d, const struct instance *wanted,
			     const struct instance *running)
{
	d->topic = "config";
	if (has_file(wanted) && !config_equal(&wanted->config, &running->config))
		doctor_found(d, RESULT_WARNING, again(wanted),
			     "the running settings differ from %s: it was changed, or load had "
			     "options",
			     wanted->config.path);
}

/* An altered route may differ in its MTU only, which has a topic of its own. */
static bool is_mtu(const struct change *change)
{
	const struct pool_route *was = &change->was_route, *now = &change->route;

	return was->mtu && was->mtu != now->mtu && was->index == now->index &&
	       was->dst.addr.s_addr == now->dst.addr.s_addr && was->dst.len == now->dst.len &&
	       was->src.s_addr == now->src.s_addr && was->via.s_addr == now->via.s_addr;
}

/* What a load would change, each part under its topic. */
static void parts_changed(struct doctor *d, const struct report *r)
{
	const char *name = r->instance.config.name;

	for (size_t i = 0; i < r->plan.count; i++) {
		const struct change *change = &r->plan.changes[i];
		bool nft = !strcmp(change->part->topic, "nft");

		d->topic = is_mtu(change) ? "mtu" : change->part->topic;
		doctor_found(d, RESULT_FAILURE,
			     nft ? textf("nat64-bpf load %s; nat64-bpf run %s does so by itself",
					 name, name) :
				   again(&r->instance),
			     "%s", change_text(change));
	}
}

static bool is_whole(const struct report *r, const char *topic)
{
	for (size_t i = 0; i < r->plan.count; i++)
		if (!strcmp(r->plan.changes[i].part->topic, topic))
			return false;
	return true;
}

/* What is as it should be. */
static void parts_whole(struct doctor *d, const struct report *r)
{
	static const char *const hooks[] = { "nothing", "TCX links", "clsact" };
	const struct instance *now = &r->instance;
	char pool[NET4_TEXT];

	d->topic = "attach";
	if (is_whole(r, d->topic))
		doctor_found(d, RESULT_OK, NULL, "both programs are attached by %s",
			     hooks[r->attach.hook]);
	d->topic = "route";
	if (is_whole(r, d->topic))
		doctor_found(d, RESULT_OK, NULL, "%s via %s", net4_text(&now->config.pool, pool),
			     r->link.name);
	d->topic = "mtu";
	if (is_whole(r, "route"))
		doctor_found(d, RESULT_OK, NULL,
			     "%s %u, route to the pool %u, TCP segments of at most %u bytes",
			     r->link.name, r->link.mtu, now->route_mtu,
			     now->mss ? now->mss : now->route_mtu - 40);
	d->topic = "nft";
	if (!r->nft_error && is_whole(r, d->topic))
		doctor_found(d, RESULT_OK, NULL, "table inet nat64_bpf_%s is whole",
			     now->config.name);
}

static void settings(struct doctor *d, const struct report *r)
{
	long all = 0, one = 0;

	d->topic = "sysctl";
	sysctl_get("net/ipv4/conf/all/rp_filter", &all);
	if (!strchr(r->link.name, '/') &&
	    !sysctl_get(textf("net/ipv4/conf/%s/rp_filter", r->link.name), &one) &&
	    (all == 1 || one == 1) && all != 2 && one != 2)
		doctor_found(d, RESULT_OK, NULL,
			     "rp_filter = 1 (strict) on %s: passes, as the pool's route leads "
			     "there",
			     r->link.name);
}

static void fast_path(struct doctor *d, const struct report *r)
{
	d->topic = "nft";
	if (r->nft_error)
		doctor_found(d, RESULT_SKIPPED, NULL, "tables cannot be read: %s",
			     strerror(-r->nft_error));
	d->topic = "fastpath";
	if (r->fast)
		doctor_found(d, RESULT_OK, NULL, "flowtable, %u flows", r->flows);
	else if (r->fast_why)
		doctor_found(d, RESULT_WARNING,
			     "no action needed: the slow path handles everything; fastpath = off "
			     "silences this",
			     "off: %s", r->fast_why);
	else
		doctor_found(d, RESULT_OK, NULL, "switched off");
}

static void pool(struct doctor *d, const struct report *r)
{
	uint64_t used = r->use.dynamic + r->use.static_in_pool;

	d->topic = "pool";
	if (r->use.size && used * 100 >= (uint64_t)r->use.size * POOL_CARE)
		doctor_found(d, RESULT_WARNING,
			     "a larger pool (load --replace), a shorter min-lease, or a quota",
			     "%llu of %u addresses are in use", (unsigned long long)used,
			     r->use.size);
	else
		doctor_found(d, RESULT_OK, NULL, "%llu of %u addresses are in use",
			     (unsigned long long)used, r->use.size);
}

/* The interface and the host as the settings want them. True: all is derived. */
static bool derive(struct doctor *d, struct instance *instance)
{
	const char *kind;
	int status;

	doctor_hear(d, "interface");
	status = instance_derive(instance);
	doctor_unhear(d);
	if (status)
		return false;
	kind = instance->l2 ? "Ethernet" : "no link header";
	doctor_found(d, RESULT_OK, NULL, "%s: up, %s, MTU %u, %zu network%s of clients",
		     instance->link.name, kind, instance->link.mtu, instance->client_count,
		     instance->client_count == 1 ? "" : "s");
	doctor_hear(d, "route");
	host_check_network(instance);
	if (!doctor_unhear(d))
		doctor_found(d, RESULT_OK, NULL,
			     "the pool is not used elsewhere, and no native route lies in the "
			     "prefix");
	return true;
}

/* The way of packets through this host. */
static void ways(struct doctor *d, const struct instance *instance, bool loaded)
{
	struct host_fault faults[HOST_FAULTS];
	size_t count = host_ways(instance, loaded, faults);

	d->topic = "route";
	for (size_t i = 0; i < count; i++)
		doctor_found(d, RESULT_FAILURE, faults[i].fix, "%s: %s", faults[i].what,
			     faults[i].why);
}

/* Each part, where the host has what the settings want. */
static void examine(struct doctor *d, struct report *r)
{
	int status;

	if (!derive(d, &r->instance))
		return;
	doctor_hear(d, "status");
	status = report_look_derived(r);
	doctor_unhear(d);
	if (status)
		return;
	parts_changed(d, r);
	parts_whole(d, r);
	settings(d, r);
	ways(d, &r->instance, is_whole(r, "route"));
}

static void loaded(struct doctor *d, const struct instance *wanted)
{
	struct report r;
	int status;

	doctor_hear(d, "instance");
	status = report_read(wanted->config.name, &r);
	doctor_unhear(d);
	if (!status) {
		compare_settings(d, wanted, &r.instance);
		examine(d, &r);
		fast_path(d, &r);
		pool(d, &r);
		doctor_firewall(d, &r.instance);
		doctor_files(d, &r.instance);
		doctor_dns64(d, &r.instance);
	}
	report_free(&r);
}

static void not_loaded(struct doctor *d, struct instance *instance)
{
	bool fits = derive(d, instance);

	if (fits)
		ways(d, instance, false);
	d->topic = "instance";
	if (fits)
		doctor_found(d, RESULT_WARNING, again(instance), "not loaded");
	else
		doctor_found(d, RESULT_WARNING,
			     textf("fix what is above, then %s", again(instance)), "not loaded");
	doctor_firewall(d, instance);
	doctor_files(d, instance);
	doctor_dns64(d, instance);
}

void doctor_instance(struct doctor *d, const char *given)
{
	struct nat64_config config;
	struct instance wanted;
	char name[NAME_LEN_MAX + 1];
	int status;

	d->instance = "";
	if (!strchr(given, '/') && strlen(given) <= NAME_LEN_MAX)
		d->instance = given;
	doctor_hear(d, "config");
	status = instance_settings(&wanted, given, NULL);
	doctor_unhear(d);
	if (!status) {
		snprintf(name, sizeof(name), "%s", wanted.config.name);
		d->instance = name;
		if (has_file(&wanted))
			doctor_found(d, RESULT_OK, NULL, "%s: fine", wanted.config.path);
		else
			doctor_found(d, RESULT_OK, NULL, "no file: %s; the interface is %s",
				     wanted.running ? "as it was loaded" : "defaults",
				     wanted.config.interface);
		if (datapath_read_config(name, &config) == -ENOENT && !wanted.running)
			not_loaded(d, &wanted);
		else
			loaded(d, &wanted);
	}
	instance_free(&wanted);
	d->instance = "";
}
