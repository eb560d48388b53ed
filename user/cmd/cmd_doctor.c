/* SPDX-License-Identifier: GPL-2.0-only */
/* nat64-bpf doctor: examines host and instances, changes nothing; each finding with its fix. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cleanup.h"
#include "doctor.h"
#include "instances.h"
#include "json.h"
#include "paths.h"
#include "print.h"

static const char *const result_words[] = { "ok", "warning", "failure", "skipped" };

static void findings_print(const struct doctor *d)
{
	static const enum tone tones[] = { TONE_GOOD, TONE_CARE, TONE_BAD, TONE_PLAIN };
	const char *last = NULL;

	for (size_t i = 0; i < d->count; i++) {
		const struct finding *f = &d->findings[i];

		if (!last || strcmp(last, f->instance))
			printf("%s\n", *f->instance ? f->instance : "host");
		last = f->instance;
		printf("  %s%-8s%s %-12s %s\n", tone_on(tones[f->result]), result_words[f->result],
		       tone_off(), f->topic, f->what);
		if (f->fix)
			printf("           %-12s %s\n", "fix:", f->fix);
	}
	printf("%zu failure%s, ", d->failures, d->failures == 1 ? "" : "s");
	printf("%zu warning%s\n", d->warnings, d->warnings == 1 ? "" : "s");
}

static void findings_json(const struct doctor *d)
{
	json_t *array = json_array();

	for (size_t i = 0; i < d->count; i++) {
		const struct finding *f = &d->findings[i];

		json_array_append_new(array, json_pack("{s:s*, s:s, s:s, s:s, s:s*}", "instance",
						       *f->instance ? f->instance : NULL, "topic",
						       f->topic, "result", result_words[f->result],
						       "what", f->what, "fix", f->fix));
	}
	json_out(json_pack("{s:i, s:o, s:I, s:I}", "schema", 1, "findings", array, "failures",
			   (json_int_t)d->failures, "warnings", (json_int_t)d->warnings));
}

static bool is_config(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && !strcmp(entry->d_name + len - 5, ".conf");
}

/* Every instance that is loaded or has a config file. */
static void examine_all(struct doctor *d)
{
	DIR *entries = opendir(dir_conf());
	char **names = NULL;
	struct dirent *entry;
	size_t count = 0;
	int error = instances_list(&names, &count);

	d->topic = "instance";
	if (error)
		doctor_found(d, RESULT_FAILURE, "run it as root: sudo nat64-bpf doctor",
			     "cannot list instances: %s", strerror(-error));
	for (size_t i = 0; i < count; i++)
		doctor_instance(d, names[i]);
	while (entries && (entry = readdir(entries))) {
		char name[sizeof(entry->d_name)];
		bool loaded = false;

		if (!is_config(entry))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)strlen(entry->d_name) - 5, entry->d_name);
		for (size_t i = 0; i < count; i++)
			loaded |= !strcmp(names[i], name);
		if (!loaded)
			doctor_instance(d, name);
	}
	if (entries)
		closedir(entries);
	if (!error)
		instances_free(names, count);
}

int cmd_doctor(const struct args *args)
{
	struct doctor d = { .instance = "",
			    .topic = "host",
			    .no_dns = args_has(args, OPTION_NO_DNS) };
	int status = args->name && !strchr(args->name, '/') && !config_name_check(args->name) ? -1 :
												0;

	if (!status) {
		doctor_host(&d);
		doctor_host_files(&d);
		if (args->name)
			doctor_instance(&d, args->name);
		else
			examine_all(&d);
		if (args->json)
			findings_json(&d);
		else
			findings_print(&d);
		status = d.failures ? EXIT_DEGRADED : EXIT_DONE;
	}
	for (size_t i = 0; i < d.count; i++) {
		free(d.findings[i].what);
		free(d.findings[i].fix);
	}
	free(d.findings);
	json_decref(d.ruleset);
	return status;
}
