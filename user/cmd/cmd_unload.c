/* SPDX-License-Identifier: GPL-2.0-only */
/* nat64-bpf unload: take an instance down; its bindings are saved first. */
#include <string.h>

#include "args.h"
#include "datapath.h"
#include "dry_run.h"
#include "host.h"
#include "instances.h"
#include "json.h"
#include "load.h"
#include "lock.h"
#include "log.h"
#include "paths.h"
#include "state.h"

/* Saves the bindings of an instance that is under way. */
static int save(const struct instance *instance)
{
	struct nat64_config config;
	struct bindings bindings;
	char path[PATH_MAX];
	int status;

	if (record_half(&instance->record) || datapath_read_config(instance->config.name, &config))
		return 0; /* half loaded, or of another version: there is nothing that could be read
			   */
	if (bindings_open(instance->config.name, &bindings))
		return -1;
	status = state_save(&bindings, state_path(&instance->config, path));
	bindings_close(&bindings);
	return status;
}

static void say(const char *name, bool changed, bool json)
{
	if (json)
		json_changed(name, changed);
	else if (changed)
		printf("%s: unloaded\n", name);
	else
		log_note("%s: not loaded, nothing changed", name);
}

static int unload(const char *name, const struct args *args)
{
	struct instance instance;
	struct dry_run dry;
	int unread, saved = 0, changed;

	/* settings that cannot be read are said, but do not keep the instance up: its state file
	 * then has its usual place, where they did not name another before they went bad */
	unread = instance_running(&instance, name);
	if (unread && !*instance.config.name)
		return -1;
	if (dry_run_begin(&dry, args)) {
		instance_free(&instance);
		return -1;
	}
	if (dry.to) {
		changed = instance_down(instance.config.name, dry.to);
		if (dry_run_end(&dry, args, instance.config.name, changed))
			changed = -1;
	} else {
		saved = save(&instance);
		changed = instance_down(instance.config.name, NULL);
		if (changed >= 0)
			say(instance.config.name, changed, args->json);
	}
	instance_free(&instance);
	return unread || saved || changed < 0 ? -1 : 0;
}

int cmd_unload(const struct args *args)
{
	char **names = NULL;
	size_t count = 0;
	int status = 0, error;

	if (args_has(args, OPTION_ALL) && args->name)
		return log_fail(EXIT_USAGE, "--all means every instance", "give a name, or --all",
				"%s: a name together with --all", args->name);
	if (host_check_privileges() || lock_take())
		return -1;
	if (!args_has(args, OPTION_ALL)) {
		status = unload(args->name, args);
	} else if ((error = instances_list(&names, &count))) {
		status = instances_unlisted(error);
	} else {
		if (!count && args->json)
			json_changed(NULL, false);
		else if (!count)
			log_note("nothing is loaded");
		for (size_t i = 0; i < count; i++)
			if (unload(names[i], args))
				status = -1;
	}
	instances_free(names, count);
	lock_release();
	return status;
}
