/* SPDX-License-Identifier: GPL-2.0-only */
/* The part `record`: what will be changed, written before it is; and the addresses outside the
 * pool, of which it says the same as the maps. */
#include "parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bindings.h"
#include "cleanup.h"
#include "log.h"
#include "paths.h"
#include "text.h"
#include "xdp.h"

/* Did an earlier load add the address that own4 is to be? */
static bool is_ours(const struct plan *plan)
{
	const struct instance *instance = plan->instance;
	const struct record *old = &instance->record;
	struct nat64_config now;

	if (old->ifindex)
		return old->ifindex == instance->link.index &&
		       (old->own4.s_addr == instance->own4.s_addr ||
			old->left_own4.s_addr == instance->own4.s_addr);
	/* the record is lost: the running programs know it */
	return instance->running && !datapath_read_config(instance->config.name, &now) &&
	       now.own4 == instance->own4.s_addr;
}

static int has_own4(const struct instance *instance, bool *there)
{
	_free_ struct nl_addr *addrs = NULL;
	size_t count = 0;
	int error = nl_addrs(&addrs, &count);

	*there = false;
	for (size_t i = 0; i < count; i++)
		*there |= nl_addr4_is(&addrs[i], instance->link.index, instance->own4);
	return error;
}

/* What an earlier load left on another interface, or as another own4. */
static void plan_leftovers(struct plan *plan)
{
	const struct instance *instance = plan->instance;
	const struct record *old = &instance->record;

	plan->moved = old->ifindex && old->ifindex != instance->link.index;
	plan->next.left_index = old->left_index;
	plan->next.left_clsact = old->left_clsact;
	if (old->left_own4.s_addr != instance->own4.s_addr)
		plan->next.left_own4 = old->left_own4;
	if (plan->moved) {
		plan->next.left_index = old->ifindex;
		plan->next.left_clsact = old->clsact;
	}
	if (old->own4.s_addr && (plan->moved || old->own4.s_addr != instance->own4.s_addr)) {
		plan->next.left_own4 = old->own4;
		plan->next.left_index = old->ifindex;
	}
}

int plan_record(struct plan *plan)
{
	struct instance *instance = plan->instance;
	const struct record *old = &instance->record;
	bool there, same = old->ifindex == instance->link.index;
	int error = has_own4(instance, &there);

	plan->next = (struct record){
		.ifindex = instance->link.index,
		.clsact = (old->clsact && same) || attach_adds_clsact(instance->link.index),
		.neighbour = instance->l2,
		.nft = old->nft,
		.nft_sum = old->nft_sum,
	};
	if (plan->reusable == 1) {
		plan->next.program = old->program;
		memcpy(plan->next.programs, old->programs, sizeof(old->programs));
	}
	if (old->quota_len == instance->config.quota_length)
		plan->next.quota_len = old->quota_len;
	if (same)
		plan->next.xdp = old->xdp;
	memcpy(plan->next.xdp_alone, old->xdp_alone, sizeof(old->xdp_alone));
	if (instance->fast_fault)
		snprintf(plan->next.fast_fault, sizeof(plan->next.fast_fault), "%s",
			 instance->fast_fault);
	memcpy(plan->next.interface, instance->link.name, sizeof(plan->next.interface));
	if (!there || is_ours(plan))
		plan->next.own4 = instance->own4;
	plan_leftovers(plan);
	return error ? error : record_add_route(&plan->next, &instance->config.pool);
}

/* Routes that the steps behind it may set: those of static maps outside the pool that are known by
 * now. */
static int add_routes(struct plan *plan)
{
	const struct config *config = &plan->instance->config;
	int error = 0;

	for (size_t i = 0; i < config->static_count && !error; i++)
		if (static_is_outside(config, &config->statics[i]))
			error = record_add_route(&plan->next,
						 &(struct net4){ config->statics[i].addr4, 32 });
	for (size_t i = 0; i < plan->kept.count && !error; i++) {
		struct net4 one = { plan->kept.items[i].addr4, 32 };

		if (plan->kept.items[i].is_static && !net4_has(&config->pool, one.addr))
			error = record_add_route(&plan->next, &one);
	}
	return error;
}

/* But for what follows from the other parts. */
static bool is_same(const struct record *a, const struct record *b)
{
	return a->ifindex == b->ifindex && a->clsact == b->clsact && a->neighbour == b->neighbour &&
	       a->own4.s_addr == b->own4.s_addr && !strcmp(a->interface, b->interface);
}

/* Before the first change: with a mark where an XDP program may come to be attached. */
static int write_ahead(struct plan *plan)
{
	struct record ahead = plan->next;

	if (!ahead.xdp)
		ahead.xdp = plan->instance->config.xdp == XDP_NATIVE ||
			    plan->instance->config.xdp == XDP_GENERIC;
	return record_write(plan->instance->config.name, &ahead);
}

int record_look(struct plan *plan)
{
	const struct instance *instance = plan->instance;
	const char *name = instance->config.name;
	char path[PATH_MAX];
	int error = plan_record(plan);

	if (!error)
		error = add_routes(plan);
	if (!error && plan->apply) {
		error = record_keep(name);
		plan->record_kept = !error;
	}
	if (!error && plan->apply)
		error = write_ahead(plan);
	if (error)
		return part_failed(error, "cannot write the record", dir_run());
	if (is_same(&plan->next, &instance->record))
		return 0;
	return -!plan_add(plan, instance->record.ifindex ? CHANGE_ALTERED : CHANGE_MISSING,
			  textf("# write %s", path_run(path, name, "undo")));
}

/* It is written already, and again when all is done. */
int record_apply(struct plan *plan, struct change *change)
{
	(void)plan;
	(void)change;
	return 0;
}

/* Static maps outside the pool as they would be: those of the settings, and of `map add`. 0 or
 * -errno. */
static int outside_ahead(struct plan *plan)
{
	struct instance *instance = plan->instance;
	const struct config *config = &instance->config;
	_free_ struct static_map *added = NULL;
	struct nat64_config running;
	struct bindings bindings;
	size_t count = 0;
	int error = 0;

	if (plan->reusable == 1 && !datapath_read_config(config->name, &running)) {
		if (bindings_open(config->name, &bindings))
			return -EIO;
		error = bindings_outside(&bindings, true, &added, &count);
		bindings_close(&bindings);
	}
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
static int outside_now(struct instance *instance)
{
	struct bindings bindings;
	int error;

	if (bindings_open(instance->config.name, &bindings))
		return -EIO;
	error = bindings_outside(&bindings, false, &instance->outside, &instance->outside_count);
	bindings_close(&bindings);
	return error;
}

int plan_routes(struct plan *plan)
{
	const struct instance *instance = plan->instance;
	int error;

	plan->next.route_count = 0;
	error = record_add_route(&plan->next, &instance->config.pool);
	for (size_t i = 0; i < instance->outside_count && !error; i++)
		error = record_add_route(&plan->next,
					 &(struct net4){ instance->outside[i].addr4, 32 });
	return error;
}

int plan_outside(struct plan *plan)
{
	struct instance *instance = plan->instance;
	int error;

	if (plan->outside_known)
		return 0;
	free(instance->outside);
	instance->outside = NULL;
	instance->outside_count = 0;
	/* a repair takes the maps as they are: what `map del` took away is missing to a load only
	 */
	if (plan->apply || (plan->lenient && plan->reusable == 1))
		error = outside_now(instance);
	else
		error = outside_ahead(plan);
	if (!error)
		error = plan_routes(plan);
	plan->outside_known = !error;
	return error ? part_failed(error, "cannot settle static maps outside the pool",
				   instance->config.name) :
		       0;
}
