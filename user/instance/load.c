/* SPDX-License-Identifier: GPL-2.0-only */
/* Bringing an instance up: the order of the steps, and the way back. */
#include "load_steps.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bindings.h"
#include "cleanup.h"
#include "datapath.h"
#include "log.h"
#include "paths.h"
#include "state.h"

static const struct step {
	int (*take)(struct load *load);
	const char *what; /* for -v */
} steps[] = {
	/* clang-format off */
	{ step_move,		"what an earlier load left" },
	{ step_record,		"record of what will be changed" },
	{ step_forwarding,	"IPv4 forwarding" },
	{ step_xdp_off,		"XDP program that is not to stay" },
	{ step_programs,	"programs and maps" },
	{ step_outside,		"addresses outside the pool" },
	{ step_nft,		"nft table" },
	{ step_address,		"own4" },
	{ step_neighbour,	"placeholder neighbour" },
	{ step_routes,		"routes" },
	{ step_attach,		"programs at TC" },
	{ step_xdp,		"program in XDP" },
	/* clang-format on */
};

static int run_steps(struct load *load)
{
	int changed = 0;

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		int status;

		if (!load_show(load)) /* mending looks often */
			log_debug("%s: step: %s", load->instance->config.name, steps[i].what);
		status = steps[i].take(load);
		if (status < 0)
			return -1;
		changed |= status;
	}
	return changed;
}

/* Bindings of the running instance, for maps that must be made anew. */
static int keep_bindings(struct load *load)
{
	struct bindings bindings;
	struct nat64_config config;
	int error;

	if (datapath_read_config(load->instance->config.name, &config))
		return 0; /* of another version, or damaged: the state file has them */
	if (bindings_open(load->instance->config.name, &bindings))
		return -1;
	error = state_collect(&bindings, false, &load->kept);
	bindings_close(&bindings);
	return error ? step_failed(error, "cannot read its bindings", load->instance->config.name) :
		       0;
}

/* Back to what was there before: the running instance with its own settings, or nothing. */
static void roll_back(struct load *load)
{
	const char *name = load->instance->config.name;
	struct load_options options = { .replace = true, .lenient = true };
	struct instance old = {};
	struct load again = { .instance = &old, .options = &options };
	bool ok = false;

	if (load->has_before) {
		old.config = load->before;
		old.running = true;
		load->has_before = false;
		ok = !instance_derive(&old);
		if (ok) {
			record_read(name, &old.record);
			again.reusable = load_reusable(&old);
			/* The pinned configuration is taken away first: where the old one is there,
			 * so are its maps and programs. To load them again might fail as the new
			 * ones did. */
			if (load->reusable == -EEXIST && load_maps(&old) == 1) {
				again.reusable = 1;
				old.record.program = load->instance->record.program;
			}
			again.kept = load->kept;
			ok = run_steps(&again) >= 0 && !record_write(name, &again.next) &&
			     !instance_remember(&old);
		}
		record_free(&again.next);
		instance_free(&old);
	}
	if (!ok)
		instance_down(name, NULL);
}

int instance_up(struct instance *instance, const struct load_options *options)
{
	struct load load = { .instance = instance, .options = options };
	const char *name = instance->config.name;
	char path[PATH_MAX];
	int changed, error;

	load.reusable = load_reusable(instance);
	if (load.reusable == -EEXIST && !options->replace)
		return log_fail(
			EXIT_FAILED,
			"pool, prefix or mapping differ from those of the running instance",
			"add --replace: bindings that still fit are kept, flows of the others end",
			"%s: such a change needs --replace", name);
	if (load.reusable != 1 && load.reusable != 0 && keep_bindings(&load))
		return -1;
	if (instance->running && !options->show && !access(path_run(path, name, "conf"), F_OK)) {
		config_default(&load.before, name);
		load.has_before = true;
		if (config_read(&load.before, path)) {
			config_free(&load.before);
			load.has_before = false;
		}
	}
	changed = run_steps(&load);
	if (changed >= 0 && !options->show) {
		error = record_write(name, &load.next);
		if (!error)
			error = instance_remember(instance);
		if (error)
			changed = step_failed(error, "cannot write the record", dir_run());
		else if (load.has_before && !config_equal(&load.before, &instance->config))
			changed = 1; /* one that no step looks at, as the place of the log */
	}
	if (changed < 0 && !options->show)
		roll_back(&load);
	if (load.has_before)
		config_free(&load.before);
	savefile_list_free(&load.kept);
	record_free(&load.next);
	return changed;
}

int instance_outside(struct instance *instance, FILE *show_to)
{
	const struct load_options options = { .show = show_to };
	struct load load = { .instance = instance,
			     .options = &options,
			     .reusable = 1 }; /* it runs */
	const char *name = instance->config.name;
	int status, error = plan_record(&load);

	if (!error)
		error = plan_routes(&load);
	if (!error && !show_to)
		error = record_write(name, &load.next);
	status = error ? step_failed(error, "cannot write the record", dir_run()) : 0;
	if (status >= 0)
		status = step_nft(&load);
	if (status >= 0)
		status = step_routes(&load);
	if (status >= 0 && !show_to && (error = record_write(name, &load.next)))
		status = step_failed(error, "cannot write the record", dir_run());
	record_free(&load.next);
	return status < 0 ? -1 : 0;
}
