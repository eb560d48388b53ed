/* SPDX-License-Identifier: GPL-2.0-only */
/* nat64-bpf map lookup and export. */
#include <arpa/inet.h>
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "clock.h"
#include "cmd_map.h"
#include "json.h"
#include "lock.h"
#include "log.h"
#include "paths.h"
#include "print.h"
#include "state.h"
#include "text.h"

int map_address(const char *word, struct in_addr *addr4, struct in6_addr *addr6)
{
	if (inet_pton(AF_INET, word, addr4) == 1)
		return AF_INET;
	if (inet_pton(AF_INET6, word, addr6) == 1)
		return AF_INET6;
	return log_fail(EXIT_USAGE, "it is neither an IPv4 nor an IPv6 address",
			"give one without a length, such as 192.168.240.7 or fd00::7",
			"%s: not an address", word);
}

static const char *const kinds[] = {
	[NAT64_SLOT_DYNAMIC] = "dynamic", [NAT64_SLOT_STATIC] = "static"
};

/* Seconds since a client was last seen. */
static uint64_t idle_of(const struct nat64_slot *slot, uint64_t now)
{
	return now > slot->last_seen ? (now - slot->last_seen) / NS_PER_S : 0;
}

static void list_json(const struct nat64_slot *slot, uint64_t now, bool first)
{
	char four[INET_ADDRSTRLEN], six[INET6_ADDRSTRLEN], idle[24] = "null";

	if (slot->state == NAT64_SLOT_DYNAMIC)
		snprintf(idle, sizeof(idle), "%llu", (unsigned long long)idle_of(slot, now));
	printf("%s{\"addr4\":\"%s\",\"addr6\":\"%s\",\"kind\":\"%s\",\"idle_s\":%s}",
	       first ? "" : ",", inet_ntop(AF_INET, &slot->addr4, four, sizeof(four)),
	       inet_ntop(AF_INET6, &slot->addr6, six, sizeof(six)), kinds[slot->state], idle);
}

static void list_row(struct table *table, const struct nat64_slot *slot, uint64_t now, bool first)
{
	static const char *const titles[] = { "address", "client", "kind", "idle" };
	char four[INET_ADDRSTRLEN], six[INET6_ADDRSTRLEN], idle[NUMBER_TEXT] = "-";

	if (first)
		table_begin(table, stdout, 0, 4, 0, titles);
	if (slot->state == NAT64_SLOT_DYNAMIC)
		age_text(idle_of(slot, now), idle);
	table_row(table,
		  (const char *const[]){ inet_ntop(AF_INET, &slot->addr4, four, sizeof(four)),
					 inet_ntop(AF_INET6, &slot->addr6, six, sizeof(six)),
					 kinds[slot->state], idle });
}

int map_list(struct map_call *call)
{
	const struct bindings *b = &call->bindings;
	bool json = call->args->json, first = true, linear = b->config.flags & NAT64_LINEAR;
	uint64_t now = clock_boot_ns();
	struct table table;

	if (json)
		printf("{\"schema\":1,\"instance\":\"%s\",\"mapping\":\"%s\",\"bindings\":[",
		       b->instance, linear ? "linear" : "dynamic");
	for (uint32_t i = 0; i < b->count; i++) {
		struct nat64_slot slot;

		if (!bindings_read(b, i, &slot))
			continue;
		if (json)
			list_json(&slot, now, first);
		else
			list_row(&table, &slot, now, first);
		first = false;
	}

	if (json)
		printf("]}\n");
	else if (!first)
		table_end(&table); /* main() reports what could not be written */
	if (linear && !json)
		log_note("%s: mapping = linear: only static maps are listed; look up other "
			 "addresses with nat64-bpf map lookup %s ADDRESS",
			 b->instance, b->instance);
	else if (first && !json)
		log_note("%s: no bindings yet", b->instance);
	return 0;
}

struct answer {
	struct in_addr addr4;
	struct in6_addr addr6;
	const char *kind;
	int64_t idle_s; /* -1: none */
};

/* mapping = linear: client N of the one network is pool + N. Is there such a pair? */
static bool lookup_linear(const struct bindings *b, int family, struct in_addr addr4,
			  const struct in6_addr *addr6, struct answer *answer)
{
	const struct nat64_config *config = &b->config;
	const struct nat64_net6 *net = &config->client[0];
	uint32_t own6 = ntohl(config->own6.s6_addr32[3] & ~net->mask.s6_addr32[3]);
	uint32_t own4 = ntohl(config->own4) - config->pool_first;
	struct in6_addr host = net->addr;
	uint32_t n = ntohl(addr4.s_addr) - config->pool_first;

	if (family == AF_INET6) {
		n = ntohl(addr6->s6_addr32[3] & ~net->mask.s6_addr32[3]);
		host = *addr6;
		for (int i = 0; i < 4; i++)
			if ((addr6->s6_addr32[i] ^ net->addr.s6_addr32[i]) &
				    net->mask.s6_addr32[i] ||
			    (i < 3 && addr6->s6_addr32[i] & ~net->mask.s6_addr32[i]))
				return false;
	} else if (n & ntohl(net->mask.s6_addr32[3])) {
		return false; /* the network ends before */
	} else {
		host.s6_addr32[3] |= htonl(n);
	}
	if (!(config->flags & NAT64_LINEAR) || !n || n >= config->pool_size - 1 || n == own4 ||
	    n == own6 || bindings_find6(b, &host) >= 0)
		return false;
	*answer = (struct answer){ { htonl(config->pool_first + n) }, host, "linear", -1 };
	return true;
}

static bool lookup_find(const struct bindings *b, int family, struct in_addr addr4,
			const struct in6_addr *addr6, struct answer *answer)
{
	int64_t index = family == AF_INET ? bindings_find4(b, addr4) : bindings_find6(b, addr6);
	uint64_t now = clock_boot_ns();
	struct nat64_slot slot;

	if (index < 0 || !bindings_read(b, index, &slot))
		return lookup_linear(b, family, addr4, addr6, answer);
	*answer = (struct answer){ { slot.addr4 }, slot.addr6, "static", -1 };
	if (slot.state == NAT64_SLOT_DYNAMIC) {
		answer->kind = "dynamic";
		answer->idle_s = (int64_t)idle_of(&slot, now);
	}
	return true;
}

int map_lookup(struct map_call *call)
{
	const struct bindings *b = &call->bindings;
	struct in6_addr addr6 = {};
	struct in_addr addr4 = {};
	int family = map_address(call->words[0], &addr4, &addr6);
	char idle[NUMBER_TEXT];
	struct answer answer;

	if (family < 0)
		return -1;
	if (!lookup_find(b, family, addr4, &addr6, &answer))
		return log_fail(EXIT_FAILED,
				family == AF_INET ? "no client holds it" :
						    "the client holds no address",
				textf("nat64-bpf map list %s; for the past: --at TIME",
				      b->instance),
				"%s: no binding", call->words[0]);
	if (call->args->json)
		json_out(json_pack("{s:i, s:s, s:s, s:s, s:s, s:o}", "schema", 1, "instance",
				   b->instance, "addr4", text_addr4(answer.addr4), "addr6",
				   text_addr6(&answer.addr6), "kind", answer.kind, "idle_s",
				   answer.idle_s < 0 ? json_null() : json_integer(answer.idle_s)));
	else if (answer.idle_s < 0)
		printf("%s  %s  %s\n", text_addr4(answer.addr4), text_addr6(&answer.addr6),
		       answer.kind);
	else
		printf("%s  %s  %s  idle %s\n", text_addr4(answer.addr4), text_addr6(&answer.addr6),
		       answer.kind, age_text((uint64_t)answer.idle_s, idle));
	return 0;
}

static bool same_inode(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Do both lead to one file, or would they, if it were there? */
static bool same_file(const char *a, const char *b)
{
	_free_ char *folder_a = strdup(a), *folder_b = strdup(b), *name_a = strdup(a),
		    *name_b = strdup(b);

	if (!folder_a || !folder_b || !name_a || !name_b || same_inode(a, b))
		return true;
	return !strcmp(basename(name_a), basename(name_b)) &&
	       same_inode(dirname(folder_a), dirname(folder_b));
}

int map_export(struct map_call *call)
{
	const char *path = call->words[0], *name = call->bindings.instance;
	struct saved_list list;
	char state[PATH_MAX];
	bool to_file = path && strcmp(path, "-");
	int error;

	if (to_file && same_file(path, state_path(&call->instance.config, state)))
		return log_fail(EXIT_USAGE,
				"it is the state file, which nat64-bpf keeps up to date",
				"give another file, or copy this one", "%s: not overwritten", path);
	if (!to_file && call->args->json)
		return map_list(call);
	if (to_file && lock_take()) /* two at once would write one temporary file */
		return -1;
	error = state_collect(&call->bindings, true, &list);
	if (!error)
		error = to_file ? savefile_export(path, list.items, list.count) :
				  savefile_print(stdout, list.items, list.count);
	if (error)
		log_fail(EXIT_FAILED, strerror(-error),
			 "check that its directory exists, is writable and has space left",
			 "%s: cannot write the bindings", to_file ? path : "standard output");
	else if (to_file && call->args->json)
		json_out(json_pack("{s:i, s:s, s:s, s:I}", "schema", 1, "instance", name, "file",
				   path, "bindings", (json_int_t)list.count));
	else if (to_file)
		printf("%s: %zu bindings written to %s\n", name, list.count, path);
	savefile_list_free(&list);
	if (to_file)
		lock_release();
	return error ? -1 : 0;
}
