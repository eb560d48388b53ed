/* SPDX-License-Identifier: GPL-2.0-only */
/* nat64-bpf map add, del, flush and import: the verbs that change bindings. */
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include "cmd_map.h"
#include "log.h"
#include "state.h"
#include "text.h"

/* What can be done about a refusal. */
static const char *fix_of(const struct map_call *call, const struct binding_wish *wish,
			  enum binding_fault fault, const struct binding_holder *holder)
{
	const char *name = call->bindings.instance;
	char pool[NET4_TEXT];

	switch (fault) {
	case BINDING_ADDR4_HELD:
	case BINDING_ADDR6_HELD:
		if (holder->from_config)
			return textf("change `static = %s %s` in the config file, then: nat64-bpf "
				     "load %s",
				     text_addr4(holder->addr4), text_addr6(&holder->addr6), name);
		if (holder->is_static)
			return textf("nat64-bpf map del %s %s first, if it is no longer needed",
				     name, text_addr4(holder->addr4));
		return wish->replace ? "try again: that binding was made just now" :
				       "--replace removes that binding and ends its flows";
	case BINDING_RESERVED:
	case BINDING_NO_HOST:
	case BINDING_OUTSIDE:
		return textf("choose another IPv4 address, in the pool %s%s",
			     net4_text(&call->instance.config.pool, pool),
			     wish->is_static ? " or outside it" : "");
	case BINDING_OWN6:
	case BINDING_PREFIX:
	case BINDING_NO_CLIENT:
		return "give the client's own IPv6 address";
	case BINDING_EXTERN_FULL:
		return "choose addresses in the pool";
	case BINDING_LINEAR:
		return "remove the line, or make it a static map: `# static V4 V6`";
	case BINDING_OK:
	case BINDING_SAME:
	case BINDING_FAILED:
		break;
	}
	return "try again";
}

/* `where`: what is refused. */
static int map_refuse(const struct map_call *call, const struct binding_wish *wish,
		      enum binding_fault fault, const struct binding_holder *holder,
		      const char *where)
{
	bool in_itself = fault == BINDING_RESERVED || fault == BINDING_OWN6 ||
			 fault == BINDING_PREFIX || fault == BINDING_NO_HOST;

	return log_fail(in_itself ? EXIT_USAGE : EXIT_FAILED, binding_fault_text(fault, holder),
			fix_of(call, wish, fault, holder), "%s: %s %s: refused", where,
			text_addr4(wish->addr4), text_addr6(&wish->addr6));
}

int map_add(struct map_call *call)
{
	struct binding_wish wish = { .is_static = true,
				     .replace = args_has(call->args, OPTION_REPLACE) };
	struct binding_holder holder = {};
	struct map_change change;
	enum binding_fault fault;
	struct in6_addr no6;
	struct in_addr no4;
	int first, second, status;

	first = map_address(call->words[0], &wish.addr4, &no6);
	second = first < 0 ? -1 : map_address(call->words[1], &no4, &wish.addr6);
	if (second < 0)
		return -1;
	if (first != AF_INET || second != AF_INET6)
		return log_fail(EXIT_USAGE,
				"the IPv4 address comes first, the client's IPv6 address second",
				textf("nat64-bpf map add %s 192.168.240.50 fd00::50",
				      call->bindings.instance),
				"%s %s: not an IPv4 and an IPv6 address", call->words[0],
				call->words[1]);
	status = map_change_begin(&change, call);
	if (status)
		return map_change_end(&change, status, NULL);
	fault = map_change_add(&change, &wish, &holder);
	if (fault > BINDING_SAME)
		status = map_refuse(call, &wish, fault, &holder, call->bindings.instance);
	return map_change_end(&change, status,
			      textf("%s is %s, static", text_addr4(wish.addr4),
				    text_addr6(&wish.addr6)));
}

int map_del(struct map_call *call)
{
	struct bindings *b = &call->bindings;
	struct in6_addr addr6;
	struct in_addr addr4;
	int family = map_address(call->words[0], &addr4, &addr6), status;
	struct map_change change;
	struct nat64_slot slot;
	const char *words;
	int64_t index;

	if (family < 0)
		return -1;
	status = map_change_begin(&change, call);
	if (status)
		return map_change_end(&change, status, NULL);
	index = family == AF_INET ? bindings_find4(b, addr4) : bindings_find6(b, &addr6);
	if (index < 0 || !bindings_read(b, index, &slot))
		return map_change_end(&change, 0, textf("%s has no binding", call->words[0]));
	if (slot.flags & NAT64_SLOT_CONFIG)
		log_warn("it comes from `static` in the settings",
			 "remove the line from the config file as well",
			 "%s: the next load restores this map", call->words[0]);
	words = textf("removed %s %s", text_addr4((struct in_addr){ slot.addr4 }),
		      text_addr6(&slot.addr6));
	map_change_remove(&change, index);
	return map_change_end(&change, 0, words);
}

int map_flush(struct map_call *call)
{
	struct bindings *b = &call->bindings;
	struct map_change change;
	int status = map_change_begin(&change, call);

	for (uint32_t i = 0; !status && i < b->config.pool_size; i++)
		if (b->slots[i].state == NAT64_SLOT_DYNAMIC)
			map_change_remove(&change, i);
	return map_change_end(&change, status,
			      change.removed ?
				      textf("%zu dynamic bindings removed", change.removed) :
				      "no dynamic bindings");
}

/* Makes each binding of a file, or says which cannot be. */
static int take_over(struct map_change *change, const struct saved_list *list, const char *path,
		     size_t *old)
{
	struct map_call *call = change->call;
	int64_t now = time(NULL), lease = call->bindings.config.max_lease / 1000000000;

	for (size_t i = 0; i < list->count; i++) {
		struct binding_wish wish = state_wish(&list->items[i]);
		struct binding_holder holder = {};
		enum binding_fault fault;

		if (!wish.is_static && now - list->items[i].seen > lease) {
			++*old;
			continue;
		}
		wish.replace = args_has(call->args, OPTION_REPLACE);
		fault = map_change_add(change, &wish, &holder);
		if (fault > BINDING_SAME)
			return map_refuse(call, &wish, fault, &holder,
					  textf("%s:%u", path, list->items[i].line));
	}
	return 0;
}

int map_import(struct map_call *call)
{
	const char *path = call->words[0];
	struct saved_list list = {};
	struct map_change change;
	bool damaged = false;
	size_t old = 0;
	int status;

	if (savefile_import(path, &list, &damaged))
		return -1;
	if (damaged)
		log_warn("the file was edited or is damaged, although each line is well-formed",
			 "check its bindings", "%s: its checksum is wrong", path);
	status = map_change_begin(&change, call);
	if (!status)
		status = take_over(&change, &list, strcmp(path, "-") ? path : "standard input",
				   &old);
	if (!status && old)
		log_note("%s: left out %zu bindings that were idle for longer than max-lease", path,
			 old);
	status = map_change_end(&change, status,
				change.added.count ?
					textf("%zu bindings imported", change.added.count) :
					"the file has no new bindings");
	savefile_list_free(&list);
	return status;
}
