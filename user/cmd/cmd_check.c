/* SPDX-License-Identifier: GPL-2.0-only */
/* nat64-bpf check: validate settings in themselves; the host is not looked at (that is doctor's).
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "args.h"
#include "instance.h"
#include "json.h"
#include "log.h"
#include "paths.h"

static int check(const char *name, const struct args *args)
{
	struct instance instance;
	int status = instance_settings(&instance, name, &args->config);

	if (!status && !args->json && !args->quiet)
		printf("%s: fine\n", instance.config.name);
	instance_free(&instance);
	return status;
}

/* Every config file of the folder. */
static int check_all(const struct args *args, json_t *array)
{
	DIR *entries = opendir(dir_conf());
	struct dirent *entry;
	int status = 0, found = 0;

	while (entries && (entry = readdir(entries))) {
		char path[PATH_MAX];
		size_t len = strlen(entry->d_name);

		if (len < 6 || strcmp(entry->d_name + len - 5, ".conf"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir_conf(), entry->d_name);
		found++;
		if (check(path, args))
			status = -1;
		else
			json_array_append_new(array, json_stringn(entry->d_name, len - 5));
	}
	if (entries)
		closedir(entries);
	if (!found && !args->json && !args->quiet)
		log_note("no config file in %s; the name of an interface alone means the defaults",
			 dir_conf());
	return status;
}

int cmd_check(const struct args *args)
{
	json_t *array = json_array();
	int status;

	if (args->name) {
		status = check(args->name, args);
		if (!status)
			json_array_append_new(array, json_string(args->name));
	} else {
		status = check_all(args, array);
	}
	if (!status && args->json)
		json_out(json_pack("{s:i, s:O}", "schema", 1, "fine", array));
	json_decref(array);
	return status;
}
