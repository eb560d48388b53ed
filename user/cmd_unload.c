/* SPDX-License-Identifier: GPL-2.0-only */
/* nat64-bpf unload: take an instance down; its bindings are saved first. */
#include <string.h>

#include "args.h"
#include "datapath.h"
#include "host.h"
#include "json.h"
#include "load.h"
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
		return 0;	/* half loaded, or of another version: there is nothing that could be read */
	if (bindings_open(instance->config.name, &bindings))
		return -1;
	status = state_save(&bindings, state_path(&instance->config, path));
	bindings_close(&bindings);
	return status;
}

static int unload(const char *name, const struct args *args)
{
	FILE *show = args_has(args, OPTION_DRY_RUN) ? stdout : NULL;
	struct instance instance;
	int unread, saved = 0, changed;

	/* settings that cannot be read are said, but do not keep the instance up: its state file then has its usual
	 * place, where they did not name another before they went bad */
	unread = instance_running(&instance, name);
	if (unread && !*instance.config.name)
		return -1;
	if (!show)
		saved = save(&instance);
	changed = instance_down(instance.config.name, show);
	if (changed >= 0 && args->json && !show)
		json_changed(instance.config.name, changed);
	else if (changed >= 0 && !show)
		changed ? (void)printf("%s: unloaded\n", instance.config.name) :
			  log_note("%s: is not loaded, nothing changed", instance.config.name);
	instance_free(&instance);
	return unread || saved || changed < 0 ? -1 : 0;
}

int cmd_unload(const struct args *args)
{
	char **names = NULL;
	size_t count = 0;
	int status = 0, error;

	if (args_has(args, OPTION_ALL) && args->name)
		return log_fail(EXIT_USAGE, "--all is every instance", "give a name, or --all", "%s: a name and --all",
				args->name);
	if (host_check_privileges() || lock_take())
		return -1;
	if (!args_has(args, OPTION_ALL)) {
		status = unload(args->name, args);
	} else if ((error = instances_list(&names, &count))) {
		status = instances_unlisted(error);
	} else {
		if (!count && !args->json)
			log_note("nothing is loaded");
		for (size_t i = 0; i < count; i++)
			if (unload(names[i], args))
				status = -1;
	}
	names_free(names, count);
	lock_release();
	return status;
}
