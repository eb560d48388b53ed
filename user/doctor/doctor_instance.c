/* SPDX-License-Identifier: GPL-2.0-only */
/* doctor: one instance, loaded or not: its settings against what the host has. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "attach.h"
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
		doctor_found(
			d, RESULT_WARNING, again(wanted),
			"the settings in force are not those of %s: it was changed, or loaded with options",
			wanted->config.path);
}

static void interface(struct doctor *d, const struct report *r)
{
	static const char *const hooks[] = { "nothing", "TCX links", "clsact" };

	d->topic = "attach";
	if (r->hook == HOOK_NONE)
		doctor_found(d, RESULT_FAILURE, again(&r->instance),
			     "the programs are not attached to %s", r->link.name);
	else
		doctor_found(d, RESULT_OK, NULL, "both programs are attached by %s",
			     hooks[r->hook]);
}

static void routes(struct doctor *d, const struct report *r, const struct instance *now)
{
	_free_ struct nl_route *list = NULL;
	_free_ struct nl_addr *addrs = NULL;
	size_t count = 0, addr_count = 0;
	const struct nl_route *route = NULL;
	bool own4 = false;
	char pool[NET4_TEXT], addr[INET_ADDRSTRLEN];

	net4_text(&now->config.pool, pool);
	d->topic = "route";
	if (nl_routes(AF_INET, &list, &count) || nl_addrs(&addrs, &addr_count)) {
		doctor_found(d, RESULT_SKIPPED, NULL, "routes and addresses cannot be read");
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (list[i].protocol == NAT64_RTPROT && list[i].oif == r->link.index &&
		    list[i].len == now->config.pool.len &&
		    list[i].dst4.s_addr == now->config.pool.addr.s_addr)
			route = &list[i];
	if (!route)
		doctor_found(d, RESULT_FAILURE, again(now),
			     "there is no route to the pool %s by %s: answers go astray", pool,
			     r->link.name);
	else if (route->src4.s_addr != now->own4.s_addr)
		doctor_found(d, RESULT_FAILURE, again(now),
			     "the route to the pool %s has another source than own4", pool);
	else
		doctor_found(d, RESULT_OK, NULL, "%s by %s", pool, r->link.name);
	for (size_t i = 0; i < addr_count; i++)
		own4 |= addrs[i].family == AF_INET && addrs[i].index == r->link.index &&
			addrs[i].addr4.s_addr == now->own4.s_addr;
	if (!own4)
		doctor_found(d, RESULT_FAILURE, again(now),
			     "own4 %s is missing on %s: ICMP errors have a wrong source",
			     inet_ntop(AF_INET, &now->own4, addr, sizeof(addr)), r->link.name);
	d->topic = "mtu";
	if (route && route->mtu != now->route_mtu)
		doctor_found(
			d, RESULT_FAILURE, again(now),
			"%s has an MTU of %u, and the route to the pool one of %u instead of %u",
			r->link.name, r->link.mtu, route->mtu, now->route_mtu);
	else if (route)
		doctor_found(d, RESULT_OK, NULL,
			     "%s %u, route to the pool %u, TCP segments of at most %u bytes",
			     r->link.name, r->link.mtu, route->mtu,
			     now->mss ? now->mss : route->mtu - 40);
}

static void settings(struct doctor *d, const struct report *r)
{
	long forward = 1, all = 0, one = 0;

	d->topic = "sysctl";
	if (!sysctl_get("net/ipv4/ip_forward", &forward) && !forward)
		doctor_found(d, RESULT_FAILURE, again(&r->instance),
			     "net.ipv4.ip_forward = 0: nothing is forwarded");
	sysctl_get("net/ipv4/conf/all/rp_filter", &all);
	if (!strchr(r->link.name, '/') &&
	    !sysctl_get(textf("net/ipv4/conf/%s/rp_filter", r->link.name), &one) &&
	    (all == 1 || one == 1) && all != 2 && one != 2)
		doctor_found(d, RESULT_OK, NULL,
			     "rp_filter = 1 (strict) on %s: fits, as the pool's route is there",
			     r->link.name);
}

static void tables(struct doctor *d, const struct report *r)
{
	const struct instance *instance = &r->instance;

	d->topic = "nft";
	if (r->nft_present < 0)
		doctor_found(d, RESULT_SKIPPED, NULL, "tables cannot be read: %s",
			     strerror(-r->nft_present));
	else if (!r->nft_present)
		doctor_found(
			d, RESULT_FAILURE,
			textf("%s; nat64-bpf run %s does so by itself", again(instance),
			      instance->config.name),
			"table inet nat64_bpf_%s is missing or incomplete: was the ruleset flushed? Nothing is NATed",
			instance->config.name);
	else
		doctor_found(d, RESULT_OK, NULL, "table inet nat64_bpf_%s is whole",
			     instance->config.name);
	d->topic = "fastpath";
	if (r->fast)
		doctor_found(d, RESULT_OK, NULL, "flowtable, %u flows", r->flows);
	else if (r->fast_why)
		doctor_found(
			d, RESULT_WARNING,
			"nothing needs to be done: the slow path does all; fastpath = off silences this",
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
	int status;

	doctor_hear(d, "interface");
	status = instance_derive(instance);
	doctor_unhear(d);
	if (status)
		return false;
	doctor_found(d, RESULT_OK, NULL, "%s: up, %s, MTU %u, %zu network%s of clients",
		     instance->link.name, instance->l2 ? "Ethernet" : "no link header",
		     instance->link.mtu, instance->client_count,
		     instance->client_count == 1 ? "" : "s");
	doctor_hear(d, "route");
	host_check_network(instance);
	if (!doctor_unhear(d))
		doctor_found(d, RESULT_OK, NULL,
			     "nobody else uses the pool, and no native route lies in the prefix");
	return true;
}

static void loaded(struct doctor *d, const struct instance *wanted)
{
	size_t failures = d->failures;
	struct instance now = {};
	struct report r;
	int status;

	doctor_hear(d, "instance");
	status = report_read(wanted->config.name, &r);
	if (!status)
		status = instance_running(&now, wanted->config.name);
	doctor_unhear(d);
	if (!status) {
		compare_settings(d, wanted, &now);
		if (derive(d, &now)) {
			interface(d, &r);
			routes(d, &r, &now);
			settings(d, &r);
		}
		tables(d, &r);
		pool(d, &r);
		d->topic = "status";
		for (size_t i = 0; i < r.fault_count && d->failures == failures; i++)
			doctor_found(d, RESULT_FAILURE, r.faults[i].fix, "%s", r.faults[i].what);
		doctor_firewall(d, &now);
		doctor_files(d, &now);
		doctor_dns64(d, &now);
	}
	report_free(&r);
	instance_free(&now);
}

static void not_loaded(struct doctor *d, struct instance *instance)
{
	bool fits = derive(d, instance);

	d->topic = "instance";
	if (fits)
		doctor_found(d, RESULT_WARNING, again(instance), "not loaded");
	else
		doctor_found(d, RESULT_WARNING,
			     textf("mend what is above, then %s", again(instance)), "not loaded");
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
