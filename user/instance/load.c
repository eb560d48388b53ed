/* SPDX-License-Identifier: GPL-2.0-only */
/* Bringing an instance up, and the way back. */
#include "load.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bindings.h"
#include "cleanup.h"
#include "log.h"
#include "paths.h"
#include "state.h"

/* Bindings of the running instance, for maps that must be made anew. */
static int keep_bindings(struct plan *plan)
{
	const char *name = plan->instance->config.name;
	struct nat64_config config;
	struct bindings bindings;
	int error;

	if (plan->reusable == 1 || plan->reusable == 0 || datapath_read_config(name, &config))
		return 0; /* of another version, or damaged: the state file has them */
	if (bindings_open(name, &bindings))
		return -1;
	error = state_collect(&bindings, false, &plan->kept);
	bindings_close(&bindings);
	return error ? part_failed(error, "cannot read its bindings", name) : 0;
}

/* Settings of the running instance, to compare with and to go back to. */
static void read_old_config(struct plan *plan)
{
	const char *name = plan->instance->config.name;
	char path[PATH_MAX];

	if (!plan->instance->running || access(path_run(path, name, "conf"), F_OK))
		return;
	config_default(&plan->old_config, name);
	plan->had_config = !config_read(&plan->old_config, path);
	if (!plan->had_config)
		config_free(&plan->old_config);
}

static int load_begin(struct plan *plan, struct instance *instance,
		      const struct load_options *options)
{
	struct datapath_spec spec;

	*plan = (struct plan){
		.instance = instance,
		.lenient = options->lenient,
		.replace = options->replace,
	};
	instance_datapath(instance, &spec);
	if (!record_half(&instance->record))
		plan->reusable = datapath_reusable(&spec);
	if (plan->reusable == -EEXIST && !options->replace)
		return log_fail(EXIT_FAILED,
				"pool, prefix or mapping differ from the running instance",
				"add --replace: bindings that still fit are kept, flows of the "
				"others end",
				"%s: such a change needs --replace", instance->config.name);
	return keep_bindings(plan);
}

int instance_look(struct instance *instance, const struct load_options *options, struct plan *plan)
{
	return load_begin(plan, instance, options) ? -1 : plan_walk(plan);
}

/* All is done: the record says so. The settings first, which the record then vouches for. */
static int load_finish(struct plan *plan)
{
	const char *name = plan->instance->config.name;
	int error = instance_remember(plan->instance);

	plan->next.left_index = 0;
	plan->next.left_own4.s_addr = 0;
	plan->next.left_clsact = false;
	if (!error)
		error = record_write(name, &plan->next);
	if (error)
		return part_failed(error, "cannot write the record", dir_run());
	record_drop_kept(name);
	return 0;
}

/* A running instance goes on as it was; of another one, or half of one, nothing is left. */
static void go_back(struct plan *plan)
{
	const char *name = plan->instance->config.name;

	if (!plan->instance->running || record_half(&plan->instance->record)) {
		instance_down(name, NULL);
		return;
	}
	plan_undo(plan);
	if (plan->record_kept)
		record_back(name);
}

int instance_up(struct instance *instance, const struct load_options *options, struct plan *plan)
{
	int changed;

	if (load_begin(plan, instance, options))
		return -1;
	plan->apply = true;
	read_old_config(plan);
	changed = plan_walk(plan);
	if (changed >= 0 && load_finish(plan))
		changed = -1;
	if (changed < 0)
		go_back(plan);
	else if (plan->had_config && !config_equal(&plan->old_config, &instance->config))
		changed = 1; /* one that no part looks at, as the place of the log */
	return changed;
}

int instance_outside(struct instance *instance, bool apply, struct plan *plan)
{
	const char *name = instance->config.name;
	int error;

	*plan = (struct plan){
		.instance = instance,
		.apply = apply,
		.outside = true,
		.outside_known = true,
		.reusable = 1, /* it runs */
	};
	error = plan_record(plan);
	if (!error)
		error = plan_routes(plan);
	if (!error && apply) {
		error = record_keep(name);
		plan->record_kept = !error;
	}
	if (!error && apply)
		error = record_write(name, &plan->next);
	if (error)
		return part_failed(error, "cannot write the record", dir_run());
	if (plan_walk(plan) < 0) {
		instance_outside_end(plan, false);
		return -1;
	}
	error = apply ? record_write(name, &plan->next) : 0;
	if (!error)
		return 0;
	instance_outside_end(plan, false);
	return part_failed(error, "cannot write the record", dir_run());
}

void instance_outside_end(struct plan *plan, bool keep)
{
	if (plan->instance && plan->apply && keep)
		record_drop_kept(plan->instance->config.name);
	if (plan->instance && plan->apply && !keep) {
		plan_undo(plan);
		if (plan->record_kept)
			record_back(plan->instance->config.name);
	}
	plan_free(plan);
}
