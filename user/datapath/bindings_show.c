/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes of bindings as lines of a --dry-run. */
#include <arpa/inet.h>

#include "bindings_slot.h"

static void show_map(FILE *out, const char *verb, const char *instance, struct in_addr addr4,
		     const struct in6_addr *addr6, const char *more)
{
	char four[INET_ADDRSTRLEN], six[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET, &addr4, four, sizeof(four));
	inet_ntop(AF_INET6, addr6, six, sizeof(six));
	fprintf(out, "# map %s %s %s %s%s\n", verb, instance, four, six, more);
}

void bindings_show_removal(const struct bindings *b, uint32_t index, FILE *out)
{
	char four[INET_ADDRSTRLEN];
	struct nat64_slot slot;

	if (!bindings_read(b, index, &slot))
		return;
	show_map(out, "del", b->instance, (struct in_addr){ slot.addr4 }, &slot.addr6, "");
	fprintf(out, "conntrack -D -s %s\n", inet_ntop(AF_INET, &slot.addr4, four, sizeof(four)));
}

/* Only a dynamic binding gives way. */
static void show_way(const struct bindings *b, int64_t index, FILE *out)
{
	if (index >= 0 && slot_state(&b->slots[index]) == NAT64_SLOT_DYNAMIC)
		bindings_show_removal(b, index, out);
}

void bindings_show_addition(const struct bindings *b, const struct binding_wish *wish, FILE *out)
{
	int64_t by4 = bindings_find4(b, wish->addr4), by6 = bindings_find6(b, &wish->addr6);

	if (by4 != by6) {
		show_way(b, by4, out);
		show_way(b, by6, out);
	}
	show_map(out, "add", b->instance, wish->addr4, &wish->addr6,
		 wish->is_static ? "" : ", dynamic");
}
