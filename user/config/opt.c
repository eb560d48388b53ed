/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of config keys, and guesses at what a mistyped word meant. */
#include "opt.h"

#include <stddef.h>
#include <string.h>

#include "suggest.h"

/* clang-format off */
const struct config_key_info config_keys[KEY_MAX] = {
#define X(id, key, value, fallback, repeatable, help) { key, value, fallback, repeatable, help },
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
