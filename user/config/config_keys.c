/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of config keys, and guesses at what a mistyped word meant. */
#include "config_keys.h"

#include <string.h>

#include "config.h"
#include "suggest.h"
#include "text.h"

/* clang-format off */
#define KIND(kind_)    .kind = KIND_##kind_
#define WORDS(...)     .words = { __VA_ARGS__ }
#define TAKES(text)    .takes = text
#define DEFAULT(text)  .fallback = text
#define DERIVED(text)  .fallback = text, .derived = true
#define RANGE(lo, hi)  .min = lo, .max = hi
#define DENY_ALLOW     { "deny", false }, { "allow", true }
#define ON_OFF	       { "on", true }, { "off", false }
#define AT(field) .at = offsetof(struct config, field), .size = sizeof(((struct config *)0)->field)
#define SPAN(first, last)                                                              \
	.at = offsetof(struct config, first), .size = offsetof(struct config, last) -  \
						      offsetof(struct config, first) + \
						      sizeof(((struct config *)0)->last)
#define LIST(elements, number)                                         \
	.repeatable = true, .list = offsetof(struct config, elements), \
	.count = offsetof(struct config, number),                      \
	.element = sizeof(*((struct config *)0)->elements)

const struct config_key_info config_keys[KEY_MAX] = {
#define X(id, name, text, ...) [KEY_##id] = { .key = name, .help = text, __VA_ARGS__ },
	CONFIG_KEYS(X)
#undef X
};
/* clang-format on */

const char *config_key_name(unsigned int i)
{
	return i < KEY_MAX ? config_keys[i].key : NULL;
}

int config_key_find(const char *key)
{
	for (int i = 0; i < KEY_MAX; i++)
		if (!strcmp(config_keys[i].key, key))
			return i;
	return -1;
}

const char *config_key_suggest(const char *key)
{
	/* Words of other translators (TAYGA, Jool) and of those who come from them. */
	static const char *const others[][2] = {
		/* clang-format off */
		{ "tun-device",		"interface" },
		{ "dev",		"interface" },
		{ "iface",		"interface" },
		{ "ipv4-addr",		"own4" },
		{ "ipv6-addr",		"own6" },
		{ "dynamic-pool",	"pool" },
		{ "ipv4-pool",		"pool" },
		{ "pool4",		"pool" },
		{ "pool6",		"prefix" },
		{ "map",		"static" },
		{ "wkpf-strict",	"private" },
		{ "udp-cksum-mode",	"udp-zero-checksum" },
		{ "data-dir",		"state" },
		{ "lease",		"min-lease" },
		{ "mss",		"mss-clamp" },
		{ "allow",		"clients" },
		{ "source",		"clients" },
		/* clang-format on */
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcasecmp(key, others[i][0]))
			return others[i][1];
	return suggest(key, config_key_name, KEY_MAX);
}

const struct config_word *config_key_word(enum config_key key, const char *text)
{
	for (const struct config_word *word = config_keys[key].words; word->text; word++)
		if (!strcmp(word->text, text))
			return word;
	return NULL;
}

const struct config_word *config_key_word_of(enum config_key key, int value)
{
	for (const struct config_word *word = config_keys[key].words; word->text; word++)
		if (word->value == value)
			return word;
	return NULL;
}

/* The words with `between` between them. */
static const char *words(enum config_key key, const char *between)
{
	const char *list = "";

	for (const struct config_word *word = config_keys[key].words; word->text; word++)
		list = textf("%s%s%s", list, *list ? between : "", word->text);
	return list;
}

const char *config_key_usage(enum config_key key)
{
	const char *takes = config_keys[key].takes, *list = words(key, "|");

	if (!takes || !*list)
		return takes ?: list;
	return textf("%s|%s", list, takes);
}

const char *config_key_range(enum config_key key)
{
	const struct config_key_info *row = &config_keys[key];
	const char *list = words(key, ", "), *rest = row->takes, *suffix = row->suffix ?: "";

	if (!rest)
		return textf("one of %s", list);
	if (row->kind == KIND_NUMBER)
		rest = textf("%llu%s to %llu%s%s", (unsigned long long)row->min, suffix,
			     (unsigned long long)row->max, suffix, row->unit ?: "");
	return *list ? textf("%s, or %s", list, rest) : rest;
}
