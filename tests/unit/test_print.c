/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers, bars and tables for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <string.h>

#include "child.h"
#include "print.h"

static const struct {
	uint64_t number;
	const char *count, *bytes;
} numbers[] = {
	/* clang-format off */
	{ 0,			"0",		"0 B" },
	{ 999,			"999",		"999 B" },
	{ 1000,			"1.0k",		"1.0 kB" },
	{ 1234,			"1.2k",		"1.2 kB" },
	{ 99949,		"99.9k",	"99.9 kB" },
	{ 99951,		"100k",		"100 kB" },
	{ 999499,		"999k",		"999 kB" },
	{ 999500,		"1.0M",		"1.0 MB" },
	{ 3400000,		"3.4M",		"3.4 MB" },
	{ 999999999,		"1.0G",		"1.0 GB" },
	{ 12345678901234,	"12.3T",	"12.3 TB" },
	{ UINT64_MAX,		"18.4E",	"18.4 EB" },
	/* clang-format on */
};

static void sizes(void **state)
{
	char buf[NUMBER_TEXT];

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		assert_string_equal(count_text(numbers[i].number, buf), numbers[i].count);
		assert_string_equal(bytes_text(numbers[i].number, buf), numbers[i].bytes);
	}
}

static void ages(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} cases[] = {
		{ 0, "0s" },
		{ 59, "59s" },
		{ 60, "1m" },
		{ 61, "1m1s" },
		{ 3599, "59m59s" },
		{ 3600, "1h" },
		{ 3601, "1h" },
		{ 7440, "2h4m" },
		{ 86399, "23h59m" },
		{ 86400, "1d" },
		{ 86400 + 3599, "1d" },
		{ 86400 + 3600, "1d1h" },
		{ 14 * 86400, "14d" },
		{ UINT64_MAX, "213503982334601d7h" },
	};
	char buf[NUMBER_TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(age_text(cases[i].seconds, buf), cases[i].text);
}

static const struct {
	uint64_t part, whole;
	const char *percent, *bar;
} shares[] = {
	/* clang-format off */
	{ 0, 4093,		"0 %",		"[....................]" },
	{ 1, 4093,		"< 0.1 %",	"[#...................]" },
	{ 37, 4093,		"0.9 %",	"[#...................]" },
	{ 2046, 4093,		"50.0 %",	"[##########..........]" },
	{ 4092, 4093,		"> 99.9 %",	"[###################.]" },
	{ 4093, 4093,		"100 %",	"[####################]" },
	{ 5000, 4093,		"122.2 %",	"[####################]" },
	{ 0, 0,			"0 %",		"[....................]" },
	{ 1ull << 63, UINT64_MAX, "50.0 %",	"[##########..........]" },
	/* clang-format on */
};

static void parts_of_a_whole(void **state)
{
	char buf[NUMBER_TEXT], bar[BAR_TEXT];

	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		assert_string_equal(percent_text(shares[i].part, shares[i].whole, buf),
				    shares[i].percent);
		assert_string_equal(bar_text(shares[i].part, shares[i].whole, bar), shares[i].bar);
	}
}

#define ROW(...)              \
	(const char *const[]) \
	{                     \
		__VA_ARGS__   \
	}

static void table(void **state)
{
	struct table table;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	table_begin(&table, out, 3, 1 << 1, ROW("name", "count", "note"));
	table_row(&table, ROW("tun0", "1", "x"));
	table_row(&table, ROW("t\xc3\xbcn-long", "1234567", ""));
	table_row(&table, ROW("a\033[2J", "12", "a longer one"));
	assert_int_equal(table_end(&table), 0);
	fclose(out);
	assert_string_equal(text, "name        count  note\n"
				  "tun0            1  x\n"
				  "t\xc3\xbcn-long  1234567\n"
				  "a\\x1b[2J       12  a longer one\n");
	free(text);
}

/* More rows than are kept: all are there, in order, none is printed with less room than those
 * before it. */
static void long_table(void **state)
{
	struct table table;
	char *text = NULL, *line, number[32];
	size_t size, n = 0, width = 0;
	FILE *out = open_memstream(&text, &size);

	table_begin(&table, out, 1, 1, ROW("n"));
	for (unsigned int i = 0; i < 10 * TABLE_BLOCK + 7; i++) {
		snprintf(number, sizeof(number), "%u", i);
		table_row(&table, ROW(number));
	}
	assert_int_equal(table_end(&table), 0);
	fclose(out);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), n++) {
		assert_true(strlen(line) >= width);
		width = strlen(line);
		if (n)
			assert_int_equal(atoi(line), n - 1);
	}
	assert_int_equal(n, 10 * TABLE_BLOCK + 8);
	free(text);
}

static void full(void **state)
{
	struct table table;
	FILE *out = fopen("/dev/full", "w");

	table_begin(&table, out, 1, 0, ROW("n"));
	assert_int_equal(table_end(&table), -ENOSPC);
	fclose(out);
}

struct place {
	bool terminal, no_color;
	const char *variable, *value; /* of the environment, NULL: none */
	bool colour;
};

/* In a child: its stdout may be a terminal. */
static int colours(const void *arg)
{
	const struct place *place = arg;
	char bar[BAR_TEXT];
	int master, slave;

	unsetenv("NO_COLOR");
	setenv("TERM", "xterm", 1);
	if (place->variable)
		setenv(place->variable, place->value, 1);
	if (place->terminal &&
	    (openpty(&master, &slave, NULL, NULL, NULL) || dup2(slave, STDOUT_FILENO) < 0))
		return 99;
	print_setup(place->no_color);
	if (print_has_colour() != place->colour)
		return 1;
	if (!!*print_dot(TONE_GOOD) != place->colour || !!*tone_on(TONE_BAD) != place->colour ||
	    !!*tone_off() != place->colour)
		return 2;
	if (*tone_on(TONE_PLAIN))
		return 3;
	bar_text(96, 100, bar);
	if (!!strchr(bar, '\033') != place->colour ||
	    (place->colour && !strstr(bar, "\033[31m###################\033[0m.]")))
		return 4;
	return 0;
}

static void where_colours_are(void **state)
{
	static const struct place places[] = {
		{ true, false, NULL, NULL, true },
		{ false, false, NULL, NULL, false }, /* a pipe */
		{ true, true, NULL, NULL, false },   /* --no-color */
		{ true, false, "NO_COLOR", "1", false },
		{ true, false, "NO_COLOR", "", true }, /* no-color.org: when not empty */
		{ true, false, "TERM", "dumb", false },
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		print_message("%zu\n", i);
		assert_int_equal(child_run(colours, &places[i])->status, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(ages),
		cmocka_unit_test(parts_of_a_whole),
		cmocka_unit_test(table),
		cmocka_unit_test(long_table),
		cmocka_unit_test(full),
		cmocka_unit_test(where_colours_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
