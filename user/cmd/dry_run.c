/* SPDX-License-Identifier: GPL-2.0-only */
/* What a --dry-run prints: lines, or
 * {"schema":1,"instance":"tun0","changed":true,"actions":["..."]}. */
#include "dry_run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "log.h"

static int cannot(int error)
{
	return log_fail(EXIT_FAILED, strerror(error), log_fix(error, "try again"),
			"cannot show what would be done");
}

int dry_run_begin(struct dry_run *dry, const struct args *args)
{
	*dry = (struct dry_run){};
	if (!args_has(args, OPTION_DRY_RUN))
		return 0;
	dry->to = open_memstream(&dry->lines, &dry->len);
	return dry->to ? 0 : cannot(errno);
}

static void dry_run_json(char *lines, const char *instance, int changed)
{
	json_t *actions = json_array();

	for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n"))
		json_array_append_new(actions, json_string(line));
	json_out(json_pack("{s:i, s:s, s:b, s:o}", "schema", 1, "instance", instance, "changed",
			   changed, "actions", actions));
}

int dry_run_end(struct dry_run *dry, const struct args *args, const char *instance, int changed)
{
	int status = 0;

	if (!dry->to)
		return 0;
	if (fclose(dry->to)) {
		status = cannot(errno);
	} else if (changed >= 0 && args->json) {
		dry_run_json(dry->lines, instance, changed);
	} else if (changed >= 0) {
		fputs(dry->lines, stdout);
		if (!changed)
			log_note("%s: nothing would be changed", instance);
	}
	free(dry->lines);
	*dry = (struct dry_run){};
	return status;
}
