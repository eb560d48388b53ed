/* SPDX-License-Identifier: GPL-2.0-only */
/* nat64-bpf map: the verbs of it, and the list. */
#include <arpa/inet.h>
#include <string.h>

#include "cmd_map.h"
#include "json.h"
#include "log.h"
#include "paths.h"

const char *map_text4(struct in_addr addr)
{
	char text[INET_ADDRSTRLEN];

	return fmt("%s", inet_ntop(AF_INET, &addr, text, sizeof(text)));
}

const char *map_text6(const struct in6_addr *addr)
{
	char text[INET6_ADDRSTRLEN];

	return fmt("%s", inet_ntop(AF_INET6, addr, text, sizeof(text)));
}

int map_address(const char *word, struct in_addr *addr4, struct in6_addr *addr6)
{
	if (inet_pton(AF_INET, word, addr4) == 1)
		return AF_INET;
	if (inet_pton(AF_INET6, word, addr6) == 1)
		return AF_INET6;
	return log_fail(EXIT_USAGE, "it is neither an IPv4 nor an IPv6 address",
			"give one without a length, such as 192.168.240.7 or fd00::7",
			"%s: no address", word);
}

static const char *const kinds[] = {
	[NAT64_SLOT_DYNAMIC] = "dynamic", [NAT64_SLOT_STATIC] = "static"
};

static void list_one(const struct nat64_slot *slot, uint64_t now, bool json, bool first)
{
	char four[INET_ADDRSTRLEN], six[INET6_ADDRSTRLEN], idle[24] = "null";

	inet_ntop(AF_INET, &slot->addr4, four, sizeof(four));
	inet_ntop(AF_INET6, &slot->addr6, six, sizeof(six));
	if (slot->state == NAT64_SLOT_DYNAMIC)
		snprintf(idle, sizeof(idle), "%llu",
			 now > slot->last_seen ?
				 (unsigned long long)(now - slot->last_seen) / 1000000000 :
				 0);
	if (json)
		printf("%s{\"addr4\":\"%s\",\"addr6\":\"%s\",\"kind\":\"%s\",\"idle_s\":%s}",
		       first ? "" : ",", four, six, kinds[slot->state], idle);
	else
		printf("%-15s  %-39s  %-7s  %s%s%s\n", four, six, kinds[slot->state],
		       slot->state == NAT64_SLOT_DYNAMIC ? "idle " : "",
		       slot->state == NAT64_SLOT_DYNAMIC ? idle : "-",
		       slot->state == NAT64_SLOT_DYNAMIC ? " s" : "");
}

int map_list(struct map_call *call)
{
	const struct bindings *b = &call->bindings;
	bool json = call->args->json, first = true, linear = b->config.flags & NAT64_LINEAR;
	uint64_t now = boot_ns();

	if (json)
		printf("{\"schema\":1,\"instance\":\"%s\",\"mapping\":\"%s\",\"bindings\":[",
		       b->instance, linear ? "linear" : "dynamic");
	for (uint32_t i = 0; i < b->count; i++) {
		struct nat64_slot slot;

		if (!bindings_read(b, i, &slot))
			continue;
		list_one(&slot, now, json, first);
		first = false;
	}
	if (json)
		printf("]}\n");
	else if (linear)
		log_note(
			"%s: mapping = linear: only static maps are listed, all else follows from the clients' numbers: "
			"nat64-bpf map lookup %s ADDRESS",
			b->instance, b->instance);
	else if (first)
		log_note("%s: no bindings yet", b->instance);
	return 0;
}

static const struct subverb {
	const char *name, *operands;
	int least, most; /* words behind NAME */
	uint32_t options;
	bool changes;
	int (*run)(struct map_call *call);
} subverbs[] = {
	{ "list", "NAME", 0, 0, 0, false, map_list },
	{ "lookup", "NAME ADDRESS", 1, 1, OPTION(AT), false, map_lookup },
	/* clang-format off */
	{ "add",    "NAME V4 V6",    2, 2, OPTION(REPLACE) | OPTION(DRY_RUN),	 true,	map_add },
	{ "del",    "NAME V4|V6",    1, 1, OPTION(DRY_RUN),			 true,	map_del },
	{ "flush",  "NAME",	     0, 0, OPTION(DRY_RUN),			 true,	map_flush },
	{ "export", "NAME [FILE]",   0, 1, 0,					 false, map_export },
	{ "import", "NAME FILE",     1, 1, OPTION(REPLACE) | OPTION(DRY_RUN),	 true,	map_import },
	/* clang-format on */
};

#define SUBVERBS (sizeof(subverbs) / sizeof(*subverbs))

static const char *subverb_name(unsigned int i)
{
	return subverbs[i].name;
}

static const struct subverb *find_subverb(const char *word)
{
	const char *near;

	for (size_t i = 0; i < SUBVERBS; i++)
		if (!strcmp(subverbs[i].name, word))
			return &subverbs[i];
	near = suggest(word, subverb_name, SUBVERBS);
	log_fail(EXIT_USAGE, "there is no such verb of map",
		 near ? fmt("did you mean: nat64-bpf map %s", near) :
			"they are list, lookup, add, del, flush, export and import",
		 "map %s", word);
	return NULL;
}

static int check_words(const struct subverb *verb, const struct args *args)
{
	const char *usage = fmt("nat64-bpf map %s %s", verb->name, verb->operands);
	int words = args->count - 2;

	for (unsigned int i = 0; i < OPTION_MAX; i++)
		if (args->given & ~verb->options & 1u << i)
			return log_fail(EXIT_USAGE, fmt("map %s has no such option", verb->name),
					usage, "--%s", verb_options[i].name);
	if (words < verb->least)
		return log_fail(EXIT_USAGE, "a word is missing", usage, "nat64-bpf map %s: which?",
				verb->name);
	if (words > verb->most)
		return log_fail(EXIT_USAGE, fmt("map %s takes no more words", verb->name), usage,
				"%s", args->operands[2 + verb->most]);
	return 0;
}

static int open_and_run(const struct subverb *verb, struct map_call *call)
{
	int status = bindings_open(call->instance.config.name, &call->bindings);

	if (!status) {
		status = verb->run(call);
		bindings_close(&call->bindings);
	}
	return status;
}

int cmd_map(const struct args *args)
{
	const struct subverb *verb = find_subverb(args->operands[0]);
	struct map_call call = { .args = args, .words = { args->operands[2], args->operands[3] } };
	int status;

	if (!verb || check_words(verb, args) || (verb->changes && lock_take()))
		return -1;
	status = instance_running(&call.instance, args->operands[1]);
	if (!status)
		status = args_has(args, OPTION_AT) ? map_lookup_at(&call) :
						     open_and_run(verb, &call);
	instance_free(&call.instance);
	if (verb->changes)
		lock_release();
	return status;
}
