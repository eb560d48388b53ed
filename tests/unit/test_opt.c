/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of keys, and guesses at mistyped words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <ctype.h>
#include <string.h>

#include "config_keys.h"
#include "suggest.h"

static void table(void **state)
{
	for (int i = 0; i < KEY_MAX; i++) {
		const struct config_key_info *info = &config_keys[i];

		assert_int_equal(config_key_find(info->key), i);
		assert_string_equal(config_key_name((unsigned int)i), info->key);
		for (const char *c = info->key; *c; c++)
			assert_true(islower((unsigned char)*c) || isdigit((unsigned char)*c) ||
				    *c == '-');
		assert_true(strlen(config_key_usage((enum config_key)i)) && strlen(info->help));
		assert_true(info->help[strlen(info->help) - 1] != '.');
	}
	assert_int_equal(config_key_find("Pool"), -1); /* keys match exactly */
	assert_int_equal(config_key_find("poo"), -1);
	assert_int_equal(config_key_find(""), -1);
	assert_null(config_key_name(KEY_MAX));
}

static const struct {
	const char *typed, *meant; /* NULL: resembles nothing */
} guesses[] = {
	/* clang-format off */
	{ "poool",		"pool" },
	{ "pol",		"pool" },
	{ "Pool",		"pool" },
	{ "opol",		"pool" },
	{ "min_lease",		"min-lease" },
	{ "minlease",		"min-lease" },
	{ "maxlease",		"max-lease" },
	{ "statics",		"static" },
	{ "client",		"clients" },
	{ "udp-zero",		"udp-zero-checksum" },
	{ "icmp-error",		"icmp-errors" },
	{ "quota-len",		"quota-length" },
	{ "mss",		"mss-clamp" },
	{ "iface",		"interface" },
	{ "xpd",		"xdp" },
	{ "own5",		"own4" },
	{ "dynamic-pool",	"pool" },
	{ "ipv4-addr",		"own4" },
	{ "tun-device",		"interface" },
	{ "wkpf-strict",	"private" },
	{ "qqq",		NULL },
	{ "",			NULL },
	{ "x",			NULL },
	{ "a-very-long-word-that-resembles-no-key-at-all-and-exceeds-any-table", NULL },
	/* clang-format on */
};

static void guess(void **state)
{
	for (size_t i = 0; i < sizeof(guesses) / sizeof(guesses[0]); i++) {
		const char *found = config_key_suggest(guesses[i].typed);

		print_message("%s -> %s\n", guesses[i].typed, found ? found : "-");
		if (guesses[i].meant)
			assert_string_equal(found ? found : "", guesses[i].meant);
		else
			assert_null(found);
	}
	for (unsigned int i = 0; i < KEY_MAX; i++) /* a right word is its own best guess */
		assert_string_equal(suggest(config_key_name(i), config_key_name, KEY_MAX),
				    config_key_name(i));
	assert_null(suggest("pool", config_key_name, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
