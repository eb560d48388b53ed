/* SPDX-License-Identifier: GPL-2.0-only */
/* nat64-bpf map: the verbs of it, and the list. */
#include <arpa/inet.h>
#include <string.h>

#include "cmd_map.h"
#include "clock.h"
#include "json.h"
#include "lock.h"
#include "log.h"
#include "paths.h"
#include "suggest.h"
#include "text.h"

static const struct subverb {
	const char *name, *operands;
	int least, most; /* arguments after NAME */
	uint32_t options;
	bool changes;
	int (*run)(struct map_call *call);
} subverbs[] = {
	{ "list", "NAME", 0, 0, 0, false, map_list },
	{ "lookup", "NAME ADDRESS", 1, 1, OPTION(AT), false, map_lookup },
	/* clang-format off */
	{ "add",    "NAME V4 V6",    2, 2, OPTION(REPLACE) | OPTION(DRY_RUN),	 true,	map_add },
	{ "del",    "NAME V4|V6",    1, 1, OPTION(DRY_RUN),			 true,	map_del },
	{ "flush",  "NAME",	     0, 0, OPTION(DRY_RUN),			 true,	map_flush },
	{ "export", "NAME [FILE]",   0, 1, 0,					 false, map_export },
	{ "import", "NAME FILE",     1, 1, OPTION(REPLACE) | OPTION(DRY_RUN),	 true,	map_import },
	/* clang-format on */
};

#define SUBVERBS (sizeof(subverbs) / sizeof(*subverbs))

static const char *subverb_name(unsigned int i)
{
	return subverbs[i].name;
}

static const struct subverb *find_subverb(const char *word)
{
	const char *near;

	for (size_t i = 0; i < SUBVERBS; i++)
		if (!strcmp(subverbs[i].name, word))
			return &subverbs[i];
	near = suggest(word, subverb_name, SUBVERBS);
	log_fail(EXIT_USAGE, "`map` has no such verb",
		 near ? textf("did you mean: nat64-bpf map %s", near) :
			"use one of list, lookup, add, del, flush, export and import",
		 "map %s", word);
	return NULL;
}

static int check_words(const struct subverb *verb, const struct args *args)
{
	const char *usage = textf("nat64-bpf map %s %s", verb->name, verb->operands);
	int words = args->count - 2;

	for (unsigned int i = 0; i < OPTION_MAX; i++)
		if (args->given & ~verb->options & 1u << i)
			return log_fail(EXIT_USAGE, textf("map %s has no such option", verb->name),
					usage, "--%s", verb_options[i].name);
	if (words < verb->least)
		return log_fail(EXIT_USAGE, textf("missing argument: it takes %s", verb->operands),
				usage, "nat64-bpf map %s", verb->name);
	if (words > verb->most)
		return log_fail(EXIT_USAGE, textf("too many arguments for map %s", verb->name),
				usage, "%s", args->operands[2 + verb->most]);
	return 0;
}

static int open_and_run(const struct subverb *verb, struct map_call *call)
{
	int status = bindings_open(call->instance.config.name, &call->bindings);

	if (!status) {
		status = verb->run(call);
		bindings_close(&call->bindings);
	}
	return status;
}

int cmd_map(const struct args *args)
{
	const struct subverb *verb = find_subverb(args->operands[0]);
	struct map_call call = { .args = args, .words = { args->operands[2], args->operands[3] } };
	int status;

	if (!verb || check_words(verb, args) || (verb->changes && lock_take()))
		return -1;
	status = instance_running(&call.instance, args->operands[1]);
	if (!status)
		status = args_has(args, OPTION_AT) ? map_lookup_at(&call) :
						     open_and_run(verb, &call);
	instance_free(&call.instance);
	if (verb->changes)
		lock_release();
	return status;
}
