/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line, parsed by the tables of verbs and options. */
#include "args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "suggest.h"
#include "text.h"

/* clang-format off */
const struct verb_option_info verb_options[OPTION_MAX] = {
#define X(id, name, value, help) [OPTION_##id] = { name, value, help },
	VERB_OPTIONS(X)
#undef X
};
/* clang-format on */

static const struct verb *verbs; /* the table, of main() */
static unsigned int verb_count;

const struct verb *args_verb(unsigned int i)
{
	return i < verb_count ? &verbs[i] : NULL;
}

static const char *verb_name(unsigned int i)
{
	return verbs[i].name;
}

const char *args_suggest_verb(const char *word)
{
	return suggest(word, verb_name, verb_count);
}

static const char *const global_options[] = { "json",	  "quiet", "verbose",
					      "no-color", "help",  "version" };

#define GLOBALS (sizeof(global_options) / sizeof(global_options[0]))
#define OPTIONS (OPTION_MAX + KEY_MAX + GLOBALS)

static const char *option_name(unsigned int i)
{
	return i < OPTION_MAX		? verb_options[i].name :
	       i < OPTION_MAX + KEY_MAX ? config_keys[i - OPTION_MAX].key :
					  global_options[i - OPTION_MAX - KEY_MAX];
}

static bool takes(const struct verb *verb, unsigned int i)
{
	return i < OPTION_MAX		? verb->options & 1u << i :
	       i < OPTION_MAX + KEY_MAX ? verb->config :
					  true;
}

static const struct verb *guessing; /* suggest() has no room for it */

static const char *option_of_verb(unsigned int i)
{
	return takes(guessing, i) ? option_name(i) : "";
}

static int usage(const struct verb *verb, const char *why, const char *what)
{
	return log_fail(EXIT_USAGE, why,
			verb ? textf("nat64-bpf %s%s%s%s; nat64-bpf help %s tells more", verb->name,
				     *verb->operands ? " " : "", verb->operands,
				     verb->options || verb->config ? " [options]" : "",
				     verb->name) :
			       "nat64-bpf help lists the verbs",
			"%s", what);
}

static int unknown_verb(const char *word)
{
	const char *near = args_suggest_verb(word);

	return log_fail(EXIT_USAGE, "there is no such verb",
			near ? textf("did you mean: nat64-bpf %s", near) :
			       "nat64-bpf help lists the verbs",
			"%s", word);
}

/* "load, check and run": those that take an option. */
static void verbs_with(unsigned int option, char out[128])
{
	unsigned int left = 0;
	int len = 0;

	for (unsigned int i = 0; i < verb_count; i++)
		left += takes(&verbs[i], option);
	*out = 0;
	for (unsigned int i = 0; i < verb_count && len < 128; i++)
		if (takes(&verbs[i], option))
			len += snprintf(out + len, (size_t)(128 - len), "%s%s", verbs[i].name,
					--left > 1 ? ", " :
					left	   ? " and " :
						     "");
}

/* An option that the verb does not take: what is suggested is one that it takes. */
static int unknown_option(const struct verb *verb, const char *word)
{
	const char *start = word + strspn(word, "-"), *near;
	char name[40], others[128];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(start, "="), start);
	for (unsigned int i = 0; i < OPTIONS; i++) {
		if (takes(verb, i) || strcmp(name, option_name(i)))
			continue;
		verbs_with(i, others);
		return log_fail(EXIT_USAGE,
				textf("%s has no such option, it is one of %s", verb->name, others),
				textf("leave it out; nat64-bpf help %s lists the options of %s",
				      verb->name, verb->name),
				"%s", word);
	}
	guessing = verb;
	near = suggest(name, option_of_verb, OPTIONS);
	return log_fail(EXIT_USAGE, textf("%s has no such option", verb->name),
			near ? textf("did you mean: --%s", near) :
			       textf("nat64-bpf help %s lists its options", verb->name),
			"%s", word);
}

/* The verb is the first word that is no option; without one it is status. */
static int find_verb(struct args *args, int argc, char **argv)
{
	const char *word = "status";

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help")) {
			word = "help";
		} else if (!strcmp(argv[i], "--version")) {
			word = "version";
		} else if (argv[i][0] != '-') {
			word = argv[i];
			argv[i] = NULL;
			break;
		}
	}
	for (unsigned int i = 0; i < verb_count; i++)
		if (!strcmp(verbs[i].name, word))
			args->verb = &verbs[i];
	return args->verb ? 0 : unknown_verb(word);
}

static bool global_option(struct args *args, const char *word)
{
	if (!strcmp(word, "--json"))
		log_options.json = args->json = true;
	else if (!strcmp(word, "--quiet"))
		log_options.quiet = args->quiet = true;
	else if (!strcmp(word, "--verbose"))
		log_options.verbose = true;
	else if (!strcmp(word, "--no-color"))
		log_options.colour = false;
	else
		return !strcmp(word, "--help") || !strcmp(word, "--version");
	return true;
}

static int short_options(struct args *args, const char *word)
{
	for (const char *c = word + 1; *c; c++) {
		static const struct {
			char letter;
			const char *word;
		} all[] = { { 'j', "--json" },
			    { 'q', "--quiet" },
			    { 'v', "--verbose" },
			    { 'h', "--help" } };
		size_t i;

		for (i = 0; i < sizeof(all) / sizeof(*all) && all[i].letter != *c; i++)
			;
		if (i == sizeof(all) / sizeof(*all))
			return unknown_option(args->verb, word);
		global_option(args, all[i].word);
	}
	return 0;
}

/* One of the two would not hold, and nobody would see which. */
static int twice(const struct verb *verb, const char *name)
{
	return usage(verb, "it may be given once only", textf("%s: given twice", name));
}

/* One --option; `next` is the word behind it. Number of words it takes, or -1. */
static int long_option(struct args *args, const char *word, const char *next)
{
	const struct verb *verb = args->verb;
	const char *equals = strchr(word, '='), *value = equals ? equals + 1 : NULL;
	char name[32];
	int key;

	snprintf(name, sizeof(name), "%.*s", (int)(equals ? equals - word : (long)strlen(word)),
		 word);
	for (unsigned int i = 0; i < OPTION_MAX; i++) {
		const struct verb_option_info *option = &verb_options[i];

		if (!(verb->options & 1u << i) || strcmp(name + 2, option->name))
			continue;
		if (!option->value && value)
			return usage(verb, "it takes no value", word);
		if (option->value && option->value[0] != '[' && !value) {
			if (!next)
				return usage(verb, textf("it needs a value: %s", option->value),
					     word);
			value = next;
		}
		if (args->given & 1u << i && option->value)
			return twice(verb, name);
		args->given |= 1u << i;
		args->value[i] = value;
		return value == next && value ? 2 : 1;
	}
	for (size_t i = 0; i < GLOBALS; i++)
		if (!strcmp(name + 2, global_options[i]))
			return usage(verb, "it takes no value", word);
	key = verb->config ? config_key_find(name + 2) : -1;
	if (key >= 0) {
		if (!value && !next)
			return usage(verb, textf("it needs a value: %s", config_keys[key].value),
				     word);
		if (args->config.given & 1ull << key && !config_keys[key].repeatable)
			return twice(verb, name);
		if (config_put(&args->config, name + 2, value ? value : next, name))
			return -1;
		return value ? 1 : 2;
	}
	return unknown_option(verb, word);
}

int args_parse(struct args *args, const struct verb *table, unsigned int count, int argc,
	       char **argv)
{
	bool words_only = false;

	*args = (struct args){};
	verbs = table;
	verb_count = count;
	log_options.colour = isatty(STDERR_FILENO) && !getenv("NO_COLOR");
	config_default(&args->config, "");
	for (int i = 1; i < argc;
	     i++) /* so that errors of what follows come out in the right form */
		if (!strcmp(argv[i], "-j") || !strcmp(argv[i], "--json"))
			log_options.json = args->json = true;
	if (find_verb(args, argc, argv))
		return -1;
	for (int i = 1; i < argc; i++) {
		int taken = 1;

		if (!argv[i])
			continue;
		if (!words_only && !strcmp(argv[i], "--")) {
			words_only = true;
		} else if (!words_only && argv[i][0] == '-' && argv[i][1] == '-') {
			if (!global_option(args, argv[i]))
				taken = long_option(args, argv[i],
						    i + 1 < argc ? argv[i + 1] : NULL);
			if (taken < 0)
				return -1;
			i += taken - 1;
		} else if (!words_only && argv[i][0] == '-' && argv[i][1]) {
			if (short_options(args, argv[i]))
				return -1;
		} else if (args->count == args->verb->most ||
			   args->count == sizeof(args->operands) / sizeof(*args->operands)) {
			return usage(args->verb, textf("%s takes no more words", args->verb->name),
				     argv[i]);
		} else {
			args->operands[args->count++] = argv[i];
		}
	}
	if (log_options.quiet && log_options.verbose)
		return log_fail(EXIT_USAGE, "one asks for fewer words, the other for more",
				"give one of the two", "-q and -v together");
	args->name = args->operands[0];
	if (args->count < args->verb->least && !args_has(args, OPTION_ALL))
		return usage(args->verb, "a word is missing",
			     textf("nat64-bpf %s: which?", args->verb->name));
	return 0;
}

void args_free(struct args *args)
{
	config_free(&args->config);
}
