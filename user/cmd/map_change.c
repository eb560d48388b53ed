/* SPDX-License-Identifier: GPL-2.0-only */
/* One change of bindings by a verb of `map`: the kernel's first, then routes and nft table, then
 * the state file; what fails on the way is undone. Flows of addresses that were taken away end
 * last, when it is sure that they were. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "caps.h"
#include "cmd_map.h"
#include "host.h"
#include "json.h"
#include "load.h"
#include "log.h"
#include "run.h"
#include "state.h"

/* What came or goes by a verb may last for less than the second between two looks of run. */
static void note(const struct map_change *c)
{
	const struct config *config = &c->call->instance.config;

	if (*config->log && !c->dry.to)
		run_note(config->name);
}

int map_change_begin(struct map_change *c, struct map_call *call)
{
	int error;

	*c = (struct map_change){ .call = call };
	if (dry_run_begin(&c->dry, call->args))
		return -1;
	note(c);
	error = state_collect(&call->bindings, true, &c->before);
	if (!error)
		error = bindings_outside(&call->bindings, false, &c->outside, &c->outside_count);
	return error ? caps_fail(error, 0, "try again", "%s: cannot read its bindings",
				 call->bindings.instance) :
		       0;
}

static bool is_outside(const struct map_change *c, struct in_addr addr4)
{
	const struct nat64_config *config = &c->call->bindings.config;

	return ntohl(addr4.s_addr) - config->pool_first >= config->pool_size;
}

static enum binding_fault show_addition(struct map_change *c, const struct binding_wish *wish,
					struct binding_holder *holder)
{
	enum binding_fault fault = bindings_check(&c->call->bindings, wish, holder);

	if (fault == BINDING_OK)
		bindings_show_addition(&c->call->bindings, wish, c->dry.to);
	return fault;
}

enum binding_fault map_change_add(struct map_change *c, const struct binding_wish *wish,
				  struct binding_holder *holder)
{
	enum binding_fault fault = c->dry.to ? show_addition(c, wish, holder) :
					       bindings_add(&c->call->bindings, wish, holder);
	struct saved *more;

	if (fault != BINDING_OK)
		return fault;
	if (!(c->added.count & (c->added.count - 1))) { /* a power of two, or 0: full */
		more = reallocarray(c->added.items, c->added.count ? c->added.count * 2 : 1,
				    sizeof(*more));
		if (!more) {
			errno = ENOMEM;
			return BINDING_FAILED;
		}
		c->added.items = more;
	}
	c->added.items[c->added.count++] = (struct saved){ .addr4 = wish->addr4,
							   .addr6 = wish->addr6 };
	return fault;
}

void map_change_remove(struct map_change *c, uint32_t index)
{
	struct bindings *b = &c->call->bindings;
	struct nat64_slot slot;

	if (!c->dry.to) {
		c->removed += bindings_remove(b, index);
	} else if (bindings_read(b, index, &slot)) {
		bindings_show_removal(b, index, c->dry.to);
		c->gone.s_addr = slot.addr4;
		c->removed++;
	}
}

/* Static maps outside the pool after the change: in a dry run, before, less what would go, and what
 * would be added. */
static int outside_after(struct map_change *c, struct static_map **maps, size_t *count)
{
	if (!c->dry.to)
		return bindings_outside(&c->call->bindings, false, maps, count);
	*maps = calloc(c->outside_count + c->added.count + 1, sizeof(**maps));
	if (!*maps)
		return -ENOMEM;
	*count = 0;
	for (size_t i = 0; i < c->outside_count; i++)
		if (c->outside[i].addr4.s_addr != c->gone.s_addr)
			(*maps)[(*count)++] = c->outside[i];
	for (size_t i = 0; i < c->added.count; i++)
		if (is_outside(c, c->added.items[i].addr4))
			(*maps)[(*count)++] = (struct static_map){ c->added.items[i].addr4,
								   c->added.items[i].addr6 };
	*count = bindings_sort_statics(*maps, *count);
	return 0;
}

/* Routes and nft table follow the static maps outside the pool. */
static int follow_outside(struct map_change *c)
{
	struct instance *instance = &c->call->instance;
	const char *name = instance->config.name;
	struct static_map *maps = NULL;
	struct nl_link link;
	size_t count = 0;
	int error = outside_after(c, &maps, &count);

	if (error)
		return caps_fail(error, 0, "try again", "%s: cannot list its static maps", name);
	free(instance->outside);
	instance->outside = maps;
	instance->outside_count = count;
	if (count == c->outside_count)
		return 0;
	if (!instance->record.ifindex ||
	    nl_link_by_index(instance->record.ifindex, &link) == -ENODEV) {
		log_note("%s: the interface is absent; the next load sets the routes", name);
		return 0;
	}
	if (instance_derive(instance) || host_check_statics(instance, maps, count))
		return -1;
	if (instance_outside(instance, !c->dry.to, &c->plan))
		return -1;
	if (c->dry.to)
		plan_show(&c->plan, c->dry.to);
	return 0;
}

/* Routes and table as they were, then the bindings. */
static void undo(struct map_change *c)
{
	instance_outside_end(&c->plan, false);
	state_revert(&c->call->bindings, &c->added, &c->before);
	c->call->bindings.ended_count = 0;
}

static int finish(struct map_change *c)
{
	struct bindings *b = &c->call->bindings;
	char path[PATH_MAX];

	if (follow_outside(c) || state_save(b, state_path(&c->call->instance.config, path))) {
		undo(c);
		return -1;
	}
	instance_outside_end(&c->plan, true);
	return bindings_end_flows(b);
}

int map_change_end(struct map_change *c, int status, const char *words)
{
	const char *name = c->call->bindings.instance;
	bool changed = c->added.count || c->removed;

	if (c->dry.to) {
		if (!status && changed)
			status = follow_outside(c);
		if (dry_run_end(&c->dry, c->call->args, name, status ? -1 : changed))
			status = -1;
	} else if (status) {
		undo(c);
	} else {
		if (changed)
			status = finish(c);
		if (changed)
			note(c);
		if (!status && c->call->args->json)
			json_changed(name, changed);
		else if (!status && changed)
			printf("%s: %s\n", name, words);
		else if (!status)
			log_note("%s: %s; nothing changed", name, words);
	}
	plan_free(&c->plan);
	savefile_list_free(&c->before);
	savefile_list_free(&c->added);
	free(c->outside);
	return status;
}
