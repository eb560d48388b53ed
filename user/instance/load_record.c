/* SPDX-License-Identifier: GPL-2.0-only */
/* Steps of a load: the record of what will be changed, which says the same as the maps about
 * addresses outside the pool. */
#include "load_steps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bindings.h"
#include "cleanup.h"
#include "datapath.h"
#include "paths.h"

/* What the record will say, but for routes. 0 or -errno. */
int plan_record(struct load *load)
{
	struct instance *instance = load->instance;
	const struct record *old = &instance->record;
	_free_ struct nl_addr *addrs = NULL;
	size_t count = 0;
	bool there = false;
	int error = nl_addrs(&addrs, &count);

	for (size_t i = 0; i < count; i++)
		there |= addrs[i].family == AF_INET && addrs[i].index == instance->link.index &&
			 addrs[i].len == 32 && addrs[i].addr4.s_addr == instance->own4.s_addr;
	load->next = (struct record){
		.ifindex = instance->link.index,
		.clsact = old->clsact && old->ifindex == instance->link.index,
		.neighbour = instance->l2,
		.program = load->reusable == 1 ? old->program : 0,
		.nft = old->nft,
		.quota_len = old->quota_len == instance->config.quota_length ? old->quota_len : 0,
		.xdp = old->ifindex == instance->link.index ? old->xdp : 0,
	};
	memcpy(load->next.xdp_alone, old->xdp_alone, sizeof(old->xdp_alone));
	if (instance->fast_fault)
		snprintf(load->next.fast_fault, sizeof(load->next.fast_fault), "%s",
			 instance->fast_fault);
	memcpy(load->next.interface, instance->link.name, sizeof(load->next.interface));
	if (!there ||
	    (old->own4.s_addr == instance->own4.s_addr && old->ifindex == instance->link.index))
		load->next.own4 = instance->own4;
	return error ? error : record_add_route(&load->next, &instance->config.pool);
}

/* The record of all that the steps behind this one change, written before they do. */
int step_record(struct load *load)
{
	struct instance *instance = load->instance;
	int error = plan_record(load);

	for (size_t i = 0; i < instance->config.static_count && !error; i++) {
		struct net4 one = { instance->config.statics[i].addr4, 32 };

		if (static_is_outside(&instance->config, &instance->config.statics[i]))
			error = record_add_route(&load->next, &one);
	}
	for (size_t i = 0; i < load->kept.count && !error; i++) {
		struct net4 one = { load->kept.items[i].addr4, 32 };

		if (load->kept.items[i].is_static && !net4_has(&instance->config.pool, one.addr))
			error = record_add_route(&load->next, &one);
	}
	if (!error && !load_show(load))
		error = record_write(instance->config.name, &load->next);
	return error ? step_failed(error, "cannot write the record", dir_run()) : 0;
}

/* Static maps outside the pool as they would be: those of the settings, and of `map add`. 0 or
 * -errno. */
static int plan_outside(struct load *load)
{
	struct instance *instance = load->instance;
	const struct config *config = &instance->config;
	_free_ struct static_map *added = NULL;
	struct nat64_config running;
	struct bindings bindings;
	size_t count = 0;
	int error = 0;

	if (load->reusable == 1 && !datapath_read_config(config->name, &running)) {
		if (bindings_open(config->name, &bindings))
			return -EIO;
		error = bindings_outside(&bindings, true, &added, &count);
		bindings_close(&bindings);
	}
	instance->outside_count = 0;
	instance->outside = calloc(config->static_count + count + 1, sizeof(*added));
	if (error || !instance->outside)
		return error ? error : -ENOMEM;
	for (size_t i = 0; i < config->static_count; i++)
		if (static_is_outside(config, &config->statics[i]))
			instance->outside[instance->outside_count++] = config->statics[i];
	for (size_t i = 0; i < count; i++)
		instance->outside[instance->outside_count++] = added[i];
	instance->outside_count = bindings_sort_statics(instance->outside, instance->outside_count);
	return 0;
}

/* Those that the maps hold now. 0 or -errno. */
static int read_outside(struct instance *instance)
{
	struct bindings bindings;
	int error;

	if (bindings_open(instance->config.name, &bindings))
		return -EIO;
	error = bindings_outside(&bindings, false, &instance->outside, &instance->outside_count);
	bindings_close(&bindings);
	return error;
}

/* Routes that there will be: of the pool, and of each static map outside it. 0 or -errno. */
int plan_routes(struct load *load)
{
	const struct instance *instance = load->instance;
	int error;

	load->next.route_count = 0;
	error = record_add_route(&load->next, &instance->config.pool);
	for (size_t i = 0; i < instance->outside_count && !error; i++)
		error = record_add_route(&load->next,
					 &(struct net4){ instance->outside[i].addr4, 32 });
	return error;
}

/* Static maps outside the pool come from settings, state file and `map add`: now the maps know all
 * of them. */
int step_outside(struct load *load)
{
	struct instance *instance = load->instance;
	int error;

	free(instance->outside);
	instance->outside = NULL;
	error = load_show(load) ? plan_outside(load) : read_outside(instance);
	if (!error)
		error = plan_routes(load);
	if (!error && !load_show(load))
		error = record_write(instance->config.name, &load->next);
	return error ? step_failed(error, "cannot settle static maps outside the pool",
				   instance->config.name) :
		       0;
}
