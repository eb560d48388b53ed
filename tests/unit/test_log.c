/* SPDX-License-Identifier: GPL-2.0-only */
/* Errors in three parts, on stderr and as JSON. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <jansson.h>

#include "child.h"
#include "log.h"

static int fail_twice(const void *arg)
{
	if (log_status() != EXIT_DONE)
		return 99;
	if (log_fail(EXIT_PRIVILEGE, "CAP_BPF is missing", "run as root", "%s: cannot attach",
		     "tun0") != -1)
		return 98;
	log_fail(EXIT_FAILED, "no reason", "none", "second");
	return log_status();
}

static void three_parts(void **state)
{
	const struct outcome *o = child_run(fail_twice, NULL);

	assert_int_equal(o->status, EXIT_PRIVILEGE); /* of the first error */
	assert_string_equal(o->err, "error: tun0: cannot attach\nwhy: CAP_BPF is missing\nfix: run "
				    "as root\n"
				    "error: second\nwhy: no reason\nfix: none\n");
	assert_string_equal(o->out, "");
}

static int fail_json(const void *arg)
{
	log_options.json = true;
	return fail_twice(arg);
}

static void json(void **state)
{
	const struct outcome *o = child_run(fail_json, NULL);

	assert_string_equal(o->out, "{\"error\":{\"what\":\"tun0: cannot "
				    "attach\",\"why\":\"CAP_BPF is missing\","
				    "\"fix\":\"run as root\",\"exit\":4}}\n"); /* once */
	assert_int_equal(occurs(o->err, "error: "), 2); /* words on stderr as well */
}

static void same_fixes(void **state)
{
	static const int privilege[] = { EPERM, EACCES }, memory[] = { ENOMEM, ENOBUFS };

	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(log_fix(privilege[i], "other"),
				    "run it as root: sudo nat64-bpf ...");
		assert_string_equal(log_fix(memory[i], "other"), "free memory and try again");
	}
	assert_string_equal(log_fix(-EPERM, "other"), log_fix(EPERM, "other")); /* either sign */
	assert_non_null(strstr(log_fix(-EMFILE, "other"), "ulimit -n"));
	assert_non_null(strstr(log_fix(-ENFILE, "other"), "fs.file-max"));
	assert_non_null(strstr(log_fix(-ENOSPC, "other"), "free disk space"));
	assert_non_null(strstr(log_fix(-EDQUOT, "other"), "free disk space"));
	assert_non_null(strstr(log_fix(-EROFS, "other"), "writable"));
	assert_string_equal(log_fix(-ENODEV, "other"), "other");
	assert_string_equal(log_fix(0, "other"), "other");
}

static int fail_colour(const void *arg)
{
	log_options.colour = true;
	log_options.json = true;
	log_fail(EXIT_FAILED, "why not", "so", "what");
	log_warn("w", NULL, "careful");
	return 0;
}

static void colour(void **state)
{
	const struct outcome *o = child_run(fail_colour, NULL);

	assert_non_null(strstr(o->err, "\033[1;31merror:\033[0m what\n"));
	assert_non_null(strstr(o->err, "\033[1;33mwarning:\033[0m careful\n"));
	assert_null(strchr(o->out, '\033')); /* never in JSON */
}

/* A name as Linux allows it for an interface, and how it may be shown. */
static const struct {
	const char *name, *shown;
} names[] = {
	/* clang-format off */
	{ "tun0",			"tun0" },
	{ "a\";list",			"a\";list" },
	{ "x$(id)",			"x$(id)" },
	{ "\033[31mred",		"\\x1b[31mred" },
	{ "a\nerror: b",		"a\\x0aerror: b" },
	{ "a\rb\tc\177",		"a\\x0db\\x09c\\x7f" },
	{ "gr\xc3\xbc\xc3\x9f",		"gr\xc3\xbc\xc3\x9f" },			/* UTF-8 stays */
	{ "\xe2\x82\xac\xf0\x9f\x98\x80", "\xe2\x82\xac\xf0\x9f\x98\x80" },
	{ "c1\xc2\x9bx",		"c1\\xc2\\x9bx" },			/* CSI as one character */
	{ "rtl\xe2\x80\xae",		"rtl\\xe2\\x80\\xae" },			/* right-to-left override */
	{ "iso\xe2\x81\xa6",		"iso\\xe2\\x81\\xa6" },
	{ "bad\xff\xfe",		"bad\\xff\\xfe" },
	{ "cut\xe2\x82",		"cut\\xe2\\x82" },
	{ "long\xc0\xaf",		"long\\xc0\\xaf" },			/* overlong */
	{ "long\xe0\x80\xaf",		"long\\xe0\\x80\\xaf" },
	{ "sur\xed\xa0\x80",		"sur\\xed\\xa0\\x80" },
	{ "big\xf4\x90\x80\x80",	"big\\xf4\\x90\\x80\\x80" },
	{ "",				"" },
	/* clang-format on */
};

static int fail_name(const void *arg)
{
	log_options.json = true;
	log_fail(EXIT_FAILED, textf("why %s", (const char *)arg),
		 textf("fix %s", (const char *)arg), "%s: what", (const char *)arg);
	log_note("note %s", (const char *)arg);
	return 0;
}

static void hostile_names(void **state)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct outcome *o = child_run(fail_name, names[i].name);
		json_t *root = json_loads(o->out, 0, NULL);
		char expected[256];

		snprintf(expected, sizeof(expected),
			 "error: %s: what\nwhy: why %s\nfix: fix %s\nnote %s\n", names[i].shown,
			 names[i].shown, names[i].shown, names[i].shown);
		assert_string_equal(o->err, expected);
		assert_string_equal(text_printable(names[i].name), names[i].shown);
		snprintf(expected, sizeof(expected), "%s: what", names[i].shown);
		assert_non_null(root);
		assert_string_equal(json_string_value(
					    json_object_get(json_object_get(root, "error"),
							    "what")),
				    expected);
		json_decref(root);
	}
}

struct levels {
	bool quiet, verbose;
	const char *err;
};

static int speak(const void *arg)
{
	const struct levels *levels = arg;

	log_options.quiet = levels->quiet;
	log_options.verbose = levels->verbose;
	log_note("note");
	log_debug("debug");
	log_warn("why", NULL, "warn");
	log_warn("why", "fix", "warn");
	return log_status();
}

static void levels(void **state)
{
	static const struct levels cases[] = {
		{ false, false,
		  "note\nwarning: warn\nwhy: why\nwarning: warn\nwhy: why\nfix: fix\n" },
		{ true, false, "warning: warn\nwhy: why\nwarning: warn\nwhy: why\nfix: fix\n" },
		{ false, true,
		  "note\ndebug\nwarning: warn\nwhy: why\nwarning: warn\nwhy: why\nfix: fix\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct outcome *o = child_run(speak, &cases[i]);

		assert_string_equal(o->err, cases[i].err);
		assert_string_equal(o->out, "");
		assert_int_equal(o->status, 0); /* a warning is no failure */
	}
}

/* Texts live until their mark is released, however many come after them, and marks nest. */
static void arena(void **state)
{
	struct text_mark before = text_mark(), inner;
	const char *texts[100];
	char expected[16], *big = malloc(100001);

	for (int i = 0; i < 100; i++)
		texts[i] = textf("text %d", i);
	inner = text_mark();
	memset(big, 'x', 100000);
	big[100000] = 0;
	assert_int_equal(strlen(textf("%s", big)), 100000); /* never cut */
	text_release(inner);
	for (int i = 0; i < 100; i++) {
		snprintf(expected, sizeof(expected), "text %d", i);
		assert_string_equal(texts[i], expected);
	}
	assert_string_equal(textf("%s%s", texts[6], texts[7]), "text 6text 7");
	text_release(before);
	assert_ptr_equal(text_mark().newest, before.newest);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_parts),	 cmocka_unit_test(json),
		cmocka_unit_test(same_fixes),	 cmocka_unit_test(colour),
		cmocka_unit_test(hostile_names), cmocka_unit_test(levels),
		cmocka_unit_test(arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
