/* SPDX-License-Identifier: GPL-2.0-only */
/* The log of assignments (`log = FILE`), read back: which client held an address at a time. Pure.
 * One JSON object a line:
 * {"time":"2026-11-25T01:02:03Z","event":"assigned","instance":"tun0",
 *  "addr4":"192.168.240.2","addr6":"fd00::2","kind":"dynamic"}
 * event: assigned, released (taken away) or expired (not used for max-lease, or given to another
 * client). kind: dynamic or static, of those assigned; files of versions before it have none, which
 * reads as dynamic. The same pair assigned again is the same binding still, of that kind from then
 * on. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define UTC_TEXT sizeof("2026-11-25T01:02:03Z")

/* Seconds since 1970 from "YYYY-MM-DDTHH:MM:SSZ" (a fraction of a second, an offset instead of Z)
 * or from digits. 0 or -EINVAL. */
int utc_parse(const char *text, int64_t *seconds);
const char *utc_text(int64_t seconds, char buf[UTC_TEXT]);

struct maplog_query {
	const char *instance;
	int family; /* AF_INET: of addr4; AF_INET6: of addr6 */
	struct in_addr addr4;
	struct in6_addr addr6;
	int64_t at; /* seconds since 1970 */
};

struct maplog_answer {
	struct in_addr addr4;
	struct in6_addr addr6;
	int64_t from, until; /* until: 0: it lasts, as far as the log shows */
	bool is_static;	     /* it was a static map then */
	size_t bad_lines;    /* that could not be read */
};

/* An event: an assignment, or the end of one. */
struct maplog_event {
	int64_t time;
	bool assigned, is_static;
	struct in_addr addr4;
	struct in6_addr addr6;
};

/* Gives the events of an instance among the next `lines` of a log, in their order. 1: the log goes
 * on, 0: this was its end, -errno. */
int maplog_replay(FILE *log, const char *instance, size_t lines,
		  void (*each)(const struct maplog_event *event, void *data), void *data);

/* 1: found, 0: no client held it then, -errno. `bad_lines` is set in any case. */
int maplog_find(FILE *log, const struct maplog_query *query, struct maplog_answer *answer);
