/* SPDX-License-Identifier: GPL-2.0-only */
/* Static maps of the settings: made exactly those, or shown how. */
#include <arpa/inet.h>
#include <string.h>

#include "bindings_slot.h"
#include "log.h"
#include "text.h"

static bool is_in_config(const struct config *config, __be32 addr4, const struct in6_addr *addr6)
{
	for (size_t i = 0; i < config->static_count; i++)
		if (config->statics[i].addr4.s_addr == addr4 &&
		    !memcmp(&config->statics[i].addr6, addr6, sizeof(*addr6)))
			return true;
	return false;
}

/* A static map of an earlier config? */
static bool is_old(const struct nat64_slot *slot, const struct config *config)
{
	return slot->state == NAT64_SLOT_STATIC && slot->flags & NAT64_SLOT_CONFIG &&
	       !is_in_config(config, slot->addr4, &slot->addr6);
}

static struct binding_wish wish_of(const struct static_map *map)
{
	return (struct binding_wish){
		.addr4 = map->addr4,
		.addr6 = map->addr6,
		.is_static = true,
		.from_config = true,
		.replace = true,
	};
}

static int settle_refuse(const struct bindings *b, const struct binding_wish *wish,
			 enum binding_fault fault, const struct binding_holder *holder)
{
	bool held = fault == BINDING_ADDR4_HELD || fault == BINDING_ADDR6_HELD;
	const char *fix = "edit the line in the config file";

	if (held)
		fix = textf("nat64-bpf map del %s %s removes the conflicting binding; or edit the "
			    "line",
			    b->instance, text_addr4(holder->addr4));
	return log_fail(EXIT_FAILED, binding_fault_text(fault, holder), fix,
			"%s: static = %s %s: refused", b->instance, text_addr4(wish->addr4),
			text_addr6(&wish->addr6));
}

int bindings_settle(struct bindings *b, const struct config *config)
{
	int error = bindings_reserve(b), changed = 0;

	if (error)
		return log_fail(EXIT_FAILED, strerror(-error), "try again",
				"%s: cannot reserve addresses", b->instance);
	for (uint32_t i = 0; i < b->count; i++) {
		if (!is_old(&b->slots[i], config))
			continue;
		bindings_remove(b, i);
		changed = 1;
	}
	for (size_t i = 0; i < config->static_count; i++) {
		struct binding_wish wish = wish_of(&config->statics[i]);
		struct binding_holder holder = {};
		enum binding_fault fault = bindings_add(b, &wish, &holder);

		changed |= fault == BINDING_OK;
		if (fault > BINDING_SAME)
			return settle_refuse(b, &wish, fault, &holder);
	}
	return changed;
}

/* As bindings_check(), but a static map of an earlier config does not stand in the way. */
static enum binding_fault check(const struct bindings *b, const struct config *config,
				const struct binding_wish *wish, struct binding_holder *holder)
{
	enum binding_fault fault = bindings_check(b, wish, holder);

	if ((fault == BINDING_ADDR4_HELD || fault == BINDING_ADDR6_HELD) && holder->from_config &&
	    !is_in_config(config, holder->addr4.s_addr, &holder->addr6))
		return BINDING_OK;
	return fault;
}

int bindings_show_settle(const struct bindings *b, const struct config *config, FILE *out)
{
	int changed = 0;

	for (uint32_t i = 0; i < b->count; i++) {
		if (!is_old(&b->slots[i], config))
			continue;
		bindings_show_removal(b, i, out);
		changed = 1;
	}
	for (size_t i = 0; i < config->static_count; i++) {
		struct binding_wish wish = wish_of(&config->statics[i]);
		struct binding_holder holder = {};
		enum binding_fault fault = check(b, config, &wish, &holder);

		if (fault > BINDING_SAME)
			return settle_refuse(b, &wish, fault, &holder);
		if (fault == BINDING_SAME)
			continue;
		bindings_show_addition(b, &wish, out);
		changed = 1;
	}
	return changed;
}
