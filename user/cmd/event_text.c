/* SPDX-License-Identifier: GPL-2.0-only */
/* Events of the programs as text. */
#include "event_text.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "clock.h"
#include "counters.h"
#include "print.h"
#include "report.h"
#include "text.h"

#define TEXT_TIME 32

static const char *const kind_words[] = {
	[NAT64_EVENT_MADE] = "made",	   [NAT64_EVENT_RECLAIMED] = "reclaimed",
	[NAT64_EVENT_EXPIRED] = "expired", [NAT64_EVENT_RELEASED] = "released",
	[NAT64_EVENT_REFUSED] = "refused", [NAT64_EVENT_DROP] = "dropped",
};

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* A time of the boot clock as ISO 8601, UTC, to the millisecond. */
static const char *time_line(uint64_t boot, char buf[TEXT_TIME])
{
	/* unsigned: a time that no clock has must not overflow */
	int64_t ns = (uint64_t)clock_ns(CLOCK_REALTIME) - (uint64_t)clock_ns(CLOCK_BOOTTIME) + boot;
	time_t seconds = ns / NS_PER_S;
	struct tm utc;
	size_t len = strftime(buf, TEXT_TIME, "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &utc));

	snprintf(buf + len, TEXT_TIME - len, ".%03dZ", (int)(ns % NS_PER_S / 1000000));
	return buf;
}

static bool is_packet(const struct nat64_event *e)
{
	return e->kind == NAT64_EVENT_REFUSED || e->kind == NAT64_EVENT_DROP;
}

static const char *reason_word(const struct nat64_event *e)
{
	return e->reason < NAT64_DROP_MAX && drop_words[e->reason] ? drop_words[e->reason] :
								     "unknown";
}

/* Addresses of a dropped packet. */
static void packet_ends(const struct nat64_event *e, char source[INET6_ADDRSTRLEN],
			char target[INET6_ADDRSTRLEN])
{
	int family = e->is_64 ? AF_INET6 : AF_INET;

	inet_ntop(family, e->is_64 ? (const void *)&e->client6 : &e->remote4, source,
		  INET6_ADDRSTRLEN);
	inet_ntop(family, e->is_64 ? (const void *)&e->target6 : &e->pool4, target,
		  INET6_ADDRSTRLEN);
}

static size_t put_json(json_t *object, char *buf)
{
	size_t len = json_dumpb(object, buf, EVENT_LINE - 1, JSON_COMPACT | JSON_PRESERVE_ORDER);

	json_decref(object);
	if (!len || len >= EVENT_LINE)
		return 0;
	buf[len++] = '\n';
	return len;
}

static size_t event_json(const struct nat64_event *e, const char *instance, char *buf)
{
	char when[TEXT_TIME], four[INET_ADDRSTRLEN], six[INET6_ADDRSTRLEN],
		target[INET6_ADDRSTRLEN];
	json_t *packet,
		*object = json_pack("{s:i, s:s, s:s, s:s}", "schema", 1, "instance", instance,
				    "time", time_line(e->time, when), "event", kind_words[e->kind]);

	if (!is_packet(e)) {
		json_object_set_new(object, "addr4",
				    json_string(inet_ntop(AF_INET, &e->pool4, four, sizeof(four))));
		json_object_set_new(object, "addr6",
				    json_string(
					    inet_ntop(AF_INET6, &e->client6, six, sizeof(six))));
		if (e->kind != NAT64_EVENT_MADE)
			json_object_set_new(object, "idle_s",
					    json_integer((e->time - e->last_seen) / NS_PER_S));
		return put_json(object, buf);
	}
	packet_ends(e, six, target);
	packet = json_pack("{s:s, s:s, s:i, s:i}", "source", six, "destination", target, "protocol",
			   e->proto, "length", (int)e->len);
	if (e->sport || e->dport) {
		json_object_set_new(packet, "sport", json_integer(ntohs(e->sport)));
		json_object_set_new(packet, "dport", json_integer(ntohs(e->dport)));
	}
	json_object_set_new(object, "reason", json_string(reason_word(e)));
	json_object_set_new(object, "packet", packet);
	return put_json(object, buf);
}

static const char *proto_word(uint8_t proto, char buf[16])
{
	switch (proto) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return "icmp";
	}
	snprintf(buf, 16, "protocol %u", proto);
	return buf;
}

static size_t event_text(const struct nat64_event *e, const char *instance, char *buf)
{
	char when[TEXT_TIME], four[INET_ADDRSTRLEN], six[INET6_ADDRSTRLEN],
		target[INET6_ADDRSTRLEN];
	char idle[NUMBER_TEXT], proto[16], sport[8] = "", dport[8] = "";
	int len = snprintf(buf, EVENT_LINE, "%s %s %-9s ", time_line(e->time, when), instance,
			   kind_words[e->kind]);

	if (!is_packet(e)) {
		len += snprintf(buf + len, EVENT_LINE - len, "%s %s",
				inet_ntop(AF_INET, &e->pool4, four, sizeof(four)),
				inet_ntop(AF_INET6, &e->client6, six, sizeof(six)));
		if (e->kind != NAT64_EVENT_MADE)
			len += snprintf(buf + len, EVENT_LINE - len, ", idle %s",
					age_text((e->time - e->last_seen) / NS_PER_S, idle));
		return len + snprintf(buf + len, EVENT_LINE - len, "\n");
	}
	packet_ends(e, six, target);
	if (e->sport || e->dport) {
		snprintf(sport, sizeof(sport), " %u", ntohs(e->sport));
		snprintf(dport, sizeof(dport), " %u", ntohs(e->dport));
	}
	return len + snprintf(buf + len, EVENT_LINE - len, "%s: %s%s > %s%s, %s, %u bytes\n",
			      reason_word(e), six, sport, target, dport,
			      proto_word(e->proto, proto), e->len);
}

size_t event_line(const struct nat64_event *e, const char *instance, bool json, char *buf)
{
	if (e->kind >= sizeof(kind_words) / sizeof(*kind_words))
		return 0;
	return json ? event_json(e, instance, buf) : event_text(e, instance, buf);
}

size_t event_lost_line(uint64_t count, const char *instance, bool json, char *buf)
{
	char when[TEXT_TIME];

	time_line(clock_ns(CLOCK_BOOTTIME), when);
	if (json)
		return put_json(json_pack("{s:i, s:s, s:s, s:s, s:I}", "schema", 1, "instance",
					  instance, "time", when, "event", "lost", "count",
					  (json_int_t)count),
				buf);
	return snprintf(buf, EVENT_LINE,
			"%s %s %-9s %llu events, which came faster than they were read\n", when,
			instance, "lost", (unsigned long long)count);
}
