/* SPDX-License-Identifier: GPL-2.0-only */
/* The log of assignments, read back. */
#include "maplog.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"

static bool is_digits(const char *text, size_t least, size_t most)
{
	size_t len = strspn(text, "0123456789");

	return !text[len] && len >= least && len <= most;
}

/* "Z", "+01:00", "-01:30": seconds east of UTC. 0 or -EINVAL. */
static int offset_parse(const char *text, int64_t *east)
{
	int hours, minutes, end = 0;
	char sign;

	*east = 0;
	if (!strcmp(text, "Z") || !strcmp(text, "z"))
		return 0;
	if (sscanf(text, "%c%2d:%2d%n", &sign, &hours, &minutes, &end) != 3 || text[end] ||
	    end != 6 || !strchr("+-", sign) || hours < 0 || hours > 23 || minutes < 0 ||
	    minutes > 59)
		return -EINVAL;
	*east = (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return 0;
}

int utc_parse(const char *text, int64_t *seconds)
{
	struct tm tm = {}, back;
	const char *rest;
	int64_t east;
	time_t t;

	if (is_digits(text, 1, 18)) {
		*seconds = strtoll(text, NULL, 10);
		return 0;
	}
	rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest)
		return -EINVAL;
	if (*rest == '.') {
		rest++;
		if (!isdigit((unsigned char)*rest))
			return -EINVAL;
		rest += strspn(rest, "0123456789");
	}
	if (offset_parse(rest, &east))
		return -EINVAL;
	back = tm;
	t = timegm(&back);
	if (back.tm_mday != tm.tm_mday) /* a 31st of February */
		return -EINVAL;
	*seconds = t - east;
	return 0;
}

const char *utc_text(int64_t seconds, char buf[UTC_TEXT])
{
	time_t t = seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || tm.tm_year > 9999 - 1900 ||
	    !strftime(buf, UTC_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(buf, UTC_TEXT, "?");
	return buf;
}

/* One line. 1: an event of the instance, 0: of another one, -EINVAL. */
static int event_parse(const char *line, const char *instance, struct maplog_event *event)
{
	const char *time, *word, *name, *four, *six, *kind = "dynamic";
	json_t *object = json_loads(line, 0, NULL);
	int status = -EINVAL;

	if (!json_unpack(object, "{s:s, s:s, s:s, s:s, s:s, s?s}", "time", &time, "event", &word,
			 "instance", &name, "addr4", &four, "addr6", &six, "kind", &kind) &&
	    !utc_parse(time, &event->time) && inet_pton(AF_INET, four, &event->addr4) == 1 &&
	    inet_pton(AF_INET6, six, &event->addr6) == 1) {
		event->assigned = !strcmp(word, "assigned");
		event->is_static = !strcmp(kind, "static");
		if (event->assigned || !strcmp(word, "released") || !strcmp(word, "expired"))
			status = !strcmp(name, instance);
	}
	json_decref(object);
	return status;
}

static bool same6(const struct in6_addr *a, const struct in6_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* Does the event end the binding? Its release does, and so does the next holder, or the client's
 * next address. */
static bool ends(const struct maplog_event *event, const struct maplog_answer *holder)
{
	bool by4 = event->addr4.s_addr == holder->addr4.s_addr,
	     by6 = same6(&event->addr6, &holder->addr6);

	return event->assigned ? by4 != by6 : by4 && by6;
}

int maplog_replay(FILE *log, const char *instance, size_t lines,
		  void (*each)(const struct maplog_event *event, void *data), void *data)
{
	_free_ char *line = NULL;
	size_t room = 0;

	for (; lines; lines--) {
		struct maplog_event event = {};

		if (getline(&line, &room, log) <= 0)
			return ferror(log) ? -EIO : 0;
		if (event_parse(line, instance, &event) == 1)
			each(&event, data);
	}
	return 1;
}

int maplog_find(FILE *log, const struct maplog_query *query, struct maplog_answer *answer)
{
	struct maplog_answer holder = {};
	_free_ char *line = NULL;
	bool found = false;
	size_t room = 0;

	answer->bad_lines = 0;
	while (getline(&line, &room, log) > 0) {
		struct maplog_event event = {};
		int kind = line[strspn(line, " \t\r\n")] ?
				   event_parse(line, query->instance, &event) :
				   0;

		answer->bad_lines += kind < 0;
		if (kind != 1)
			continue;
		if (found && !holder.until && ends(&event, &holder)) {
			holder.until = event.time;
			found = holder.until > query->at;
		}
		if (found && event.assigned && event.time <= query->at &&
		    event.addr4.s_addr == holder.addr4.s_addr && same6(&event.addr6, &holder.addr6))
			holder.is_static = event.is_static;
		if (event.assigned && event.time <= query->at && !found &&
		    (query->family == AF_INET ? event.addr4.s_addr == query->addr4.s_addr :
						same6(&event.addr6, &query->addr6))) {
			holder = (struct maplog_answer){
				.addr4 = event.addr4,
				.addr6 = event.addr6,
				.from = event.time,
				.is_static = event.is_static,
			};
			found = true;
		}
	}
	if (ferror(log))
		return -EIO;
	if (!found)
		return 0;
	holder.bad_lines = answer->bad_lines;
	*answer = holder;
	return 1;
}
