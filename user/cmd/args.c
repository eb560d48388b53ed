/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line, parsed by the tables of verbs and options. */
#include "args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "print.h"
#include "suggest.h"
#include "text.h"

/* clang-format off */
const struct verb_option_info verb_options[OPTION_MAX] = {
#define X(id, ...) [OPTION_##id] = { __VA_ARGS__ },
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

const struct global_option global_options[GLOBAL_OPTIONS] = {
	{ 'j', "json", "results as JSON" },
	{ 'q', "quiet", "no notes; status: the exit status only" },
	{ 'v', "verbose", "each step as it is taken, on stderr" },
	{ 0, "no-color", "no colour, as with NO_COLOR set" },
	{ 'h', "help", "this text; with a verb: its options" },
	{ 'V', "version", "as the verb version" },
};

#define OPTIONS (OPTION_MAX + KEY_MAX + GLOBAL_OPTIONS)

/* Options of all kinds by one number: of verbs, keys, and those of every verb. */
static const char *option_name(unsigned int i)
{
	if (i < OPTION_MAX)
		return verb_options[i].name;
	i -= OPTION_MAX;
	return i < KEY_MAX ? config_keys[i].key : global_options[i - KEY_MAX].name;
}

static bool takes(const struct verb *verb, unsigned int i)
{
	if (i < OPTION_MAX)
		return verb->options & 1u << i;
	return i >= OPTION_MAX + KEY_MAX || verb->config;
}

static const struct verb *guessing; /* suggest() has no room for it */

static const char *option_of_verb(unsigned int i)
{
	return takes(guessing, i) ? option_name(i) : "";
}

static int usage(const struct verb *verb, const char *why, const char *what)
{
	const char *options = verb->options || verb->config ? " [options]" : "";

	return log_fail(EXIT_USAGE, why,
			textf("nat64-bpf %s%s%s%s; for more: nat64-bpf help %s", verb->name,
			      *verb->operands ? " " : "", verb->operands, options, verb->name),
			"%s", what);
}

static int unknown_verb(const char *word)
{
	const char *near = args_suggest_verb(word), *fix = "nat64-bpf help lists the verbs";

	if (near)
		fix = textf("did you mean: nat64-bpf %s", near);
	return log_fail(EXIT_USAGE, "there is no such verb", fix, "%s", word);
}

/* "load, check and run": those that take an option. */
static const char *verbs_with(unsigned int option)
{
	const char *list = "", *last = NULL;

	for (unsigned int i = 0; i < verb_count; i++) {
		if (!takes(&verbs[i], option))
			continue;
		if (last)
			list = textf("%s%s%s", list, *list ? ", " : "", last);
		last = verbs[i].name;
	}
	return *list ? textf("%s and %s", list, last) : last;
}

/* An option that the verb does not take: what is suggested is one that it takes. */
static int unknown_option(const struct verb *verb, const char *word)
{
	const char *start = word + strspn(word, "-"), *near;
	const char *fix = textf("nat64-bpf help %s lists its options", verb->name);
	char name[40];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(start, "="), start);
	for (unsigned int i = 0; i < OPTIONS; i++) {
		if (takes(verb, i) || strcmp(name, option_name(i)))
			continue;
		return log_fail(EXIT_USAGE,
				textf("%s has no such option, it is one of %s", verb->name,
				      verbs_with(i)),
				textf("leave it out; nat64-bpf help %s lists the options of %s",
				      verb->name, verb->name),
				"%s", word);
	}
	guessing = verb;
	near = suggest(name, option_of_verb, OPTIONS);
	if (near)
		fix = textf("did you mean: --%s", near);
	return log_fail(EXIT_USAGE, textf("%s has no such option", verb->name), fix, "%s", word);
}

static const struct verb *verb_named(const char *name)
{
	for (unsigned int i = 0; i < verb_count; i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

/* Is the word this option, or does it hold its letter: -Vj? */
static bool gives(const char *word, char letter, const char *name)
{
	if (word[0] == '-' && word[1] != '-')
		return strchr(word, letter);
	return !strcmp(word, name);
}

/* The verb is the first word that is no option; without one it is status. */
static int find_verb(struct args *args, int argc, char **argv)
{
	const char *word = "status";

	for (int i = 1; i < argc; i++) {
		if (gives(argv[i], 'h', "--help")) {
			word = "help";
		} else if (gives(argv[i], 'V', "--version")) {
			word = "version";
		} else if (argv[i][0] != '-') {
			word = argv[i];
			argv[i] = NULL;
			break;
		}
	}
	args->verb = verb_named(word);
	return args->verb ? 0 : unknown_verb(word);
}

/* NAME without the dashes. False: no such option. */
static bool global_option(struct args *args, const char *name)
{
	if (!strcmp(name, "json"))
		log_options.json = args->json = true;
	else if (!strcmp(name, "quiet"))
		log_options.quiet = args->quiet = true;
	else if (!strcmp(name, "verbose"))
		log_options.verbose = true;
	else if (!strcmp(name, "no-color"))
		print_setup(true);
	else if (!strcmp(name, "help"))
		args->help = true;
	else
		return !strcmp(name, "version"); /* seen by find_verb() */
	return true;
}

static int short_options(struct args *args, const char *word)
{
	for (const char *c = word + 1; *c; c++) {
		size_t i = 0;

		while (i < GLOBAL_OPTIONS && global_options[i].letter != *c)
			i++;
		if (i == GLOBAL_OPTIONS)
			return unknown_option(args->verb, word);
		global_option(args, global_options[i].name);
	}
	return 0;
}

/* Only one of the two could be used, and the user would not see which. */
static int twice(const struct verb *verb, const char *name)
{
	return usage(verb, "it may be given once only", textf("--%s: given twice", name));
}

/* One --option: its name, and its value or the next word, which may be it. */
struct option {
	const char *word, *name, *value, *next;
};

static int needs_value(const struct verb *verb, const struct option *option, const char *value)
{
	return usage(verb, textf("it needs a value: %s", value), option->word);
}

/* The functions that take an option return the number of arguments that it takes up, or -1. */
static int verb_option(struct args *args, const struct option *option, unsigned int i)
{
	const struct verb_option_info *info = &verb_options[i];
	const char *value = option->value;

	if (!info->value && value)
		return usage(args->verb, "it takes no value", option->word);
	if (info->value && info->value[0] != '[' && !value) {
		if (!option->next)
			return needs_value(args->verb, option, info->value);
		value = option->next;
	}
	if (args->given & 1u << i && info->value)
		return twice(args->verb, option->name);

	args->given |= 1u << i;
	args->value[i] = value;
	return value && !option->value ? 2 : 1;
}

static int key_option(struct args *args, const struct option *option, int key)
{
	const char *value = option->value ?: option->next;

	if (!value)
		return needs_value(args->verb, option, config_key_usage((enum config_key)key));
	if (args->config.given & 1ull << key && !config_keys[key].repeatable)
		return twice(args->verb, option->name);
	if (config_put(&args->config, option->name, value, textf("--%s", option->name)))
		return -1;
	return option->value ? 1 : 2;
}

static int long_option(struct args *args, const char *word, const char *next)
{
	size_t len = strcspn(word, "=");
	struct option option = { .word = word, .next = next };
	int key;

	option.name = textf("%.*s", (int)len - 2, word + 2);
	if (word[len])
		option.value = word + len + 1;
	for (unsigned int i = 0; i < OPTION_MAX; i++)
		if (args->verb->options & 1u << i && !strcmp(option.name, verb_options[i].name))
			return verb_option(args, &option, i);
	for (unsigned int i = 0; i < GLOBAL_OPTIONS && option.value; i++)
		if (!strcmp(option.name, global_options[i].name))
			return usage(args->verb, "it takes no value", word);
	if (global_option(args, option.name))
		return 1;
	key = args->verb->config ? config_key_find(option.name) : -1;
	return key < 0 ? unknown_option(args->verb, word) : key_option(args, &option, key);
}

static int operand(struct args *args, const char *word)
{
	size_t room = sizeof(args->operands) / sizeof(*args->operands);

	if (args->count == args->verb->most || (size_t)args->count == room)
		return usage(args->verb, "too many arguments", word);
	args->operands[args->count++] = word;
	return 1;
}

static int parse_words(struct args *args, int argc, char **argv)
{
	bool operands_only = false;
	int taken;

	for (int i = 1; i < argc; i += taken) {
		const char *word = argv[i];

		taken = 1;
		if (!word)
			continue;
		if (operands_only || word[0] != '-' || !word[1])
			taken = operand(args, word);
		else if (!strcmp(word, "--"))
			operands_only = true;
		else if (word[1] == '-')
			taken = long_option(args, word, i + 1 < argc ? argv[i + 1] : NULL);
		else if (short_options(args, word))
			taken = -1;
		if (taken < 0)
			return -1;
	}
	return 0;
}

/* "NAME" of "FILE [NAME]" for operand 0. */
static const char *missing(const struct verb *verb, int count)
{
	const char *operands = verb->operands;

	while (count-- > 0)
		operands = strchrnul(operands, ' ') + !!strchr(operands, ' ');
	return textf("%.*s", (int)strcspn(operands, " "), operands);
}

int args_parse(struct args *args, const struct verb *table, unsigned int count, int argc,
	       char **argv)
{
	*args = (struct args){};
	verbs = table;
	verb_count = count;
	print_setup(false);
	config_default(&args->config, "");
	for (int i = 1; i < argc;
	     i++) /* so that errors of what follows come out in the right form */
		if (!strcmp(argv[i], "-j") || !strcmp(argv[i], "--json"))
			log_options.json = args->json = true;
	if (find_verb(args, argc, argv) || parse_words(args, argc, argv))
		return -1;
	if (log_options.quiet && log_options.verbose)
		return log_fail(EXIT_USAGE, "one asks for fewer messages, the other for more",
				"give one of the two", "-q and -v together");
	if (args->help && args->verb != verb_named("help")) { /* load vpn0 --help: help load */
		args->operands[0] = args->verb->name;
		args->count = 1;
		args->verb = verb_named("help");
	}
	args->name = args->operands[0];
	if (args->count >= args->verb->least || args_has(args, OPTION_ALL))
		return 0;
	return usage(args->verb, textf("missing argument %s", missing(args->verb, args->count)),
		     textf("nat64-bpf %s", args->verb->name));
}

void args_free(struct args *args)
{
	config_free(&args->config);
}
