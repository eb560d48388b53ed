/* SPDX-License-Identifier: GPL-2.0-only */
/* The log of assignments, read back. R-6888-12: who held which address when, and no destinations.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "maplog.h"

#define LINE(time, event, name, four, six)                                                \
	"{\"time\":\"2026-11-25T" time "Z\",\"event\":\"" event "\",\"instance\":\"" name \
	"\",\"addr4\":\"" four "\",\"addr6\":\"" six "\"}\n"

#define KIND(time, four, six, kind)                                                                \
	"{\"time\":\"2026-11-25T" time                                                             \
	"Z\",\"event\":\"assigned\",\"instance\":\"tun0\",\"addr4\":\"" four "\",\"addr6\":\"" six \
	"\",\"kind\":\"" kind "\"}\n"

static char log_text[] = LINE("01:00:00", "assigned", "tun0", "192.168.240.2", "fd00::2")
	LINE("01:00:01", "assigned", "wg0", "192.168.240.2",
	     "fd00::99") "half a li\n" LINE("02:00:00", "released", "tun0", "192.168.240.2",
					    "fd00::2")
		LINE("03:00:00", "assigned", "tun0", "192.168.240.2", "fd00::3")
			LINE("03:00:00", "assigned", "tun0", "192.168.240.7", "fd00::7")
				LINE("04:00:00", "assigned", "tun0", "192.168.240.2",
				     "fd00::4") /* reclaimed: no line of its own */
	LINE("05:00:00", "assigned", "tun0", "192.168.240.8", "fd00::7") /* moved */
	LINE("06:00:00", "expired", "tun0", "192.168.240.2", "fd00::4")
		KIND("07:30:00", "192.168.240.50", "fd00::50", "static")
			KIND("08:00:00", "192.168.240.9", "fd00::9", "dynamic")
				KIND("09:00:00", "192.168.240.9", "fd00::9",
				     "static") /* map add of what it has */
	LINE("25:00:00", "assigned", "tun0", "192.168.240.2", "fd00::5"); /* no such time */

/* Who held, or what was held, at a time of that day: the other address, or "nobody". */
static const char *who(const char *address, const char *time, struct maplog_answer *answer)
{
	static char text[INET6_ADDRSTRLEN];
	struct maplog_query query = { .instance = "tun0",
				      .family = strchr(address, ':') ? AF_INET6 : AF_INET };
	FILE *log = fmemopen(log_text, strlen(log_text), "r");
	char at[32];
	int found;

	assert_int_equal(inet_pton(query.family, address,
				   query.family == AF_INET ? (void *)&query.addr4 :
							     (void *)&query.addr6),
			 1);
	snprintf(at, sizeof(at), "2026-11-25T%sZ", time);
	assert_int_equal(utc_parse(at, &query.at), 0);
	found = maplog_find(log, &query, answer);
	fclose(log);
	assert_in_range(found, 0, 1);
	assert_int_equal(answer->bad_lines, 2);
	if (!found)
		return "nobody";
	return query.family == AF_INET ? inet_ntop(AF_INET6, &answer->addr6, text, sizeof(text)) :
					 inet_ntop(AF_INET, &answer->addr4, text, sizeof(text));
}

static void at_a_time(void **state)
{
	struct maplog_answer answer;
	char text[UTC_TEXT];

	assert_string_equal(who("192.168.240.2", "00:59:59", &answer), "nobody");
	assert_string_equal(who("192.168.240.2", "01:00:00", &answer), "fd00::2");
	assert_string_equal(utc_text(answer.from, text), "2026-11-25T01:00:00Z");
	assert_string_equal(utc_text(answer.until, text), "2026-11-25T02:00:00Z");
	assert_string_equal(who("192.168.240.2", "01:59:59", &answer), "fd00::2");
	assert_string_equal(who("192.168.240.2", "02:00:00", &answer), "nobody");
	assert_string_equal(who("192.168.240.2", "03:30:00", &answer), "fd00::3");
	assert_string_equal(utc_text(answer.until, text), "2026-11-25T04:00:00Z");
	assert_string_equal(who("192.168.240.2", "05:30:00", &answer), "fd00::4");
	assert_string_equal(who("192.168.240.2", "07:00:00", &answer), "nobody");
	assert_string_equal(who("192.168.240.9", "03:30:00", &answer), "nobody");
	assert_string_equal(who("fd00::2", "01:30:00", &answer), "192.168.240.2");
	assert_string_equal(who("fd00::7", "04:30:00", &answer), "192.168.240.7");
	assert_string_equal(who("fd00::7", "09:00:00", &answer), "192.168.240.8");
	assert_int_equal(answer.until, 0);
	assert_string_equal(who("192.168.240.7", "06:00:00", &answer), "nobody");
	assert_string_equal(who("fd00::99", "06:00:00", &answer),
			    "nobody"); /* of another instance */
}

static void count_event(const struct maplog_event *event, void *data)
{
	int *counts = data;

	counts[event->assigned]++;
	counts[2] += event->is_static;
}

/* All lines of an instance, and none of others or that cannot be read. */
static void replays(void **state)
{
	static const char text[] =
		"{\"time\":\"2026-11-25T01:00:00Z\",\"event\":\"assigned\",\"instance\":\"a\","
		"\"addr4\":\"10.0.0.1\",\"addr6\":\"fd00::1\"}\n"
		"{\"time\":\"2026\n\n"
		"{\"time\":\"2026-11-25T01:00:00Z\",\"event\":\"assigned\",\"instance\":\"b\","
		"\"addr4\":\"10.0.0.1\",\"addr6\":\"fd00::1\"}\n"
		"{\"time\":\"2026-11-25T01:00:01Z\",\"event\":\"assigned\",\"instance\":\"a\","
		"\"addr4\":\"10.0.0.1\",\"addr6\":\"fd00::1\",\"kind\":\"static\"}\n"
		"{\"time\":\"2026-11-25T01:00:02Z\",\"event\":\"expired\",\"instance\":\"a\","
		"\"addr4\":\"10.0.0.1\",\"addr6\":\"fd00::1\"}\n";
	FILE *log = fmemopen((char *)text, sizeof(text) - 1, "r");
	int counts[3] = {};

	assert_non_null(log);
	assert_int_equal(maplog_replay(log, "a", 1000, count_event, counts), 0);
	fclose(log);
	assert_int_equal(counts[0], 1);
	assert_int_equal(counts[1], 2);
	assert_int_equal(counts[2], 1);
}

static void kinds(void **state)
{
	struct maplog_answer answer;
	char text[UTC_TEXT];

	assert_string_equal(who("192.168.240.2", "01:30:00", &answer),
			    "fd00::2"); /* a line without kind */
	assert_false(answer.is_static);
	assert_string_equal(who("fd00::50", "08:00:00", &answer), "192.168.240.50");
	assert_true(answer.is_static);
	assert_string_equal(who("192.168.240.9", "08:59:59", &answer), "fd00::9");
	assert_false(answer.is_static);
	assert_string_equal(who("192.168.240.9", "09:00:00", &answer), "fd00::9");
	assert_true(answer.is_static);
	assert_string_equal(utc_text(answer.from, text), "2026-11-25T08:00:00Z");
	assert_int_equal(answer.until, 0);
}

static void times(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; /* -1: refused */
	} all[] = {
		{ "0", 0 },
		{ "1764032523", 1764032523 },
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-11-25T01:02:03Z", 1795568523 },
		{ "2026-11-25T01:02:03.25Z", 1795568523 },
		{ "2026-11-25T02:02:03+01:00", 1795568523 },
		{ "2026-11-24T23:32:03-01:30", 1795568523 },
		{ "2024-02-29T00:00:00Z", 1709164800 },
		{ "2026-02-29T00:00:00Z", -1 },
		{ "2026-11-25T25:00:00Z", -1 },
		{ "2026-11-25 01:02:03Z", -1 },
		{ "2026-11-25T01:02:03", -1 },
		{ "2026-11-25T01:02:03.Z", -1 },
		{ "2026-11-25T01:02:03Zx", -1 },
		{ "2026-11-25T01:02:03+1:00", -1 },
		{ "2026-11-25", -1 },
		{ "yesterday", -1 },
		{ "", -1 },
		{ "-5", -1 },
		{ "99999999999999999999", -1 },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		int64_t seconds = -1;

		if (utc_parse(all[i].text, &seconds) != (all[i].seconds < 0 ? -EINVAL : 0) ||
		    seconds != all[i].seconds)
			fail_msg("%s: %lld", all[i].text, (long long)seconds);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_a_time),
		cmocka_unit_test(kinds),
		cmocka_unit_test(replays),
		cmocka_unit_test(times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
