/* SPDX-License-Identifier: GPL-2.0-only */
/* nat64-bpf map lookup --at TIME: which client held an address then, from the file named by `log`.
 */
#include <errno.h>
#include <string.h>

#include "caps.h"
#include "cleanup.h"
#include "cmd_map.h"
#include "json.h"
#include "log.h"
#include "maplog.h"
#include "text.h"

/* Of the running instance, else of the config file: the past needs nothing that is loaded. */
static int find_log(struct map_call *call, const char *name)
{
	if (!call->instance.running) {
		instance_free(&call->instance);
		if (instance_settings(&call->instance, name, NULL))
			return -1;
	}
	if (*call->instance.config.log)
		return 0;
	return log_fail(EXIT_FAILED, "`log` is off, so assignments were not recorded",
			"set log = FILE in the config file and keep nat64-bpf run NAME running, "
			"which writes it",
			"%s: no history is recorded", call->instance.config.name);
}

static void map_at_print(const struct map_call *call, const struct maplog_answer *answer)
{
	const char *kind = answer->is_static ? "static" : "dynamic";
	char from[UTC_TEXT], until[UTC_TEXT];

	utc_text(answer->from, from);
	utc_text(answer->until, until);
	if (call->args->json)
		json_out(json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:o}", "schema", 1, "instance",
				   call->instance.config.name, "addr4", text_addr4(answer->addr4),
				   "addr6", text_addr6(&answer->addr6), "kind", kind, "from", from,
				   "until", answer->until ? json_string(until) : json_null()));
	else
		printf("%s  %s  %s  from %s until %s\n", text_addr4(answer->addr4),
		       text_addr6(&answer->addr6), kind, from, answer->until ? until : "now");
}

int map_lookup_at(struct map_call *call)
{
	const char *at = call->args->value[OPTION_AT], *path;
	struct maplog_query query = {};
	struct maplog_answer answer = {};
	_file_ FILE *log = NULL;
	int found;

	query.family = map_address(call->words[0], &query.addr4, &query.addr6);
	if (query.family < 0)
		return -1;
	if (utc_parse(at, &query.at))
		return log_fail(EXIT_USAGE,
				"a time must be YYYY-MM-DDTHH:MM:SSZ (UTC), or seconds since 1970",
				"--at 2026-11-25T01:02:03Z", "--at %s: not a time", at);
	if (find_log(call, call->args->operands[1]))
		return -1;
	query.instance = call->instance.config.name;
	path = call->instance.config.log;
	log = fopen(path, "re");
	found = log ? maplog_find(log, &query, &answer) : -errno;
	if (found < 0)
		return caps_fail(found, NEED_READ,
				 "check the path of `log`; nat64-bpf run NAME writes that file",
				 "%s: cannot read the log", path);
	if (answer.bad_lines)
		log_warn("the disk was full, or the file was edited",
			 "no action needed: they are skipped", "%s: %zu lines are not events", path,
			 answer.bad_lines);
	if (!found)
		return log_fail(EXIT_FAILED, "the log has no assignment of it at that time",
				"try another time, or an older log file", "%s: no binding at %s",
				call->words[0], at);
	map_at_print(call, &answer);
	return 0;
}
