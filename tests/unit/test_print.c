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

static void rates(void **state)
{
	static const struct {
		double rate;
		const char *text;
	} cases[] = {
		{ 0, "0" },	{ 0.04, "0.0" }, { 0.5, "0.5" },     { 9.94, "9.9" },
		{ 9.95, "10" }, { 12.4, "12" },	 { 1234.5, "1.2k" },
	};
	char buf[NUMBER_TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(rate_text(cases[i].rate, buf), cases[i].text);
	assert_string_equal(bits_text(1234567, buf), "1.2 Mbit");
}

#define S 1000000000ull

/* Looks at times in seconds, what counts then, and what is shown. */
static void watched(void **state)
{
	static const struct {
		uint64_t at, count;
		double now;
		const char *spark;
	} looks[] = {
		{ 100, 1000, 0, "" },  { 102, 1000, 0, "_" },  { 104, 1020, 10, "#" },
		{ 106, 1020, 0, "#" }, { 108, 1020, 0, "#_" }, { 112, 1024, 1, "#:" },
		{ 112, 1030, 0, "" },			  /* not later: anew */
		{ 114, 1032, 1, "#" }, { 116, 5, 0, "" }, /* counted backward: anew */
		{ 118, 7, 1, "#" },
	};
	struct rate rate = {};
	char buf[SPARK_TEXT];

	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		print_message("%zu\n", i);
		rate_look(&rate, looks[i].count, looks[i].at * S);
		assert_true(rate.now == looks[i].now);
		assert_string_equal(spark_text(&rate, buf), looks[i].spark);
	}
	/* more than it keeps: the oldest cells leave at the left, one look a cell */
	for (unsigned int i = 0; i < 3 * RATE_CELLS; i++)
		rate_look(&rate, rate.count + (i == 2 * RATE_CELLS + 5) * 100, rate.at + 10 * S);
	assert_int_equal(strlen(spark_text(&rate, buf)), RATE_CELLS - 1);
	assert_int_equal(strchr(buf, '#') - buf, 4);
	assert_int_equal(strspn(buf + 5, "_"), RATE_CELLS - 6);
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

	table_begin(&table, out, 0, 3, 1 << 1, ROW("name", "count", "note"));
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

	table_begin(&table, out, 0, 1, 1, ROW("n"));
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

	table_begin(&table, out, 0, 1, 0, ROW("n"));
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

/* In a child, whose stdout is a terminal of three lines, or a pipe. */
static int frames(const void *arg)
{
	static const char text[] = "one\ntwo \xe2\x96\x81\nthree\nfour\n";
	static const char shown[] =
		"\033[H\033[?7lone\033[K\r\ntwo \xe2\x96\x81\033[K\r\n\033[J\033[?7h";
	struct winsize three = { .ws_row = 3, .ws_col = 40 };
	int master, slave, fd = *(const bool *)arg ? -1 : STDOUT_FILENO;
	char buf[256] = "";

	setenv("TERM", "xterm", 1);
	if (fd < 0 &&
	    (openpty(&master, &slave, NULL, NULL, &three) || dup2(slave, STDOUT_FILENO) < 0))
		return 99;
	print_setup(true); /* a frame takes no colours */
	if (print_frame(text, strlen(text)))
		return 1;
	if (fd < 0 && (read(master, buf, sizeof(buf) - 1) < 0 || strcmp(buf, shown)))
		return 2;
	return 0;
}

static void what_a_frame_is(void **state)
{
	static const bool terminal = true, pipe = false;

	assert_int_equal(child_run(frames, &terminal)->status, 0);
	assert_string_equal(child_run(frames, &pipe)->out, "one\ntwo \xe2\x96\x81\nthree\nfour\n");
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
		cmocka_unit_test(rates),
		cmocka_unit_test(watched),
		cmocka_unit_test(parts_of_a_whole),
		cmocka_unit_test(table),
		cmocka_unit_test(long_table),
		cmocka_unit_test(full),
		cmocka_unit_test(where_colours_are),
		cmocka_unit_test(what_a_frame_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
