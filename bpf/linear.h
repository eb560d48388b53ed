/* SPDX-License-Identifier: GPL-2.0-only */
/* mapping = linear: client N of its network <-> pool + N, no state. Static maps win; the loader has
 * RESERVED the numbers that nobody may use. docs/design.md, 3.2. */
#pragma once

#include "addr.h"

/* IPv4 address of a client, 0: it has none. */
RARE __be32 linear_64(const struct in6_addr *addr6)
{
	const struct nat64_config *cfg = config();
	struct nat64_slot *slot;
	struct in6_addr client;
	__u32 number, high = 0;
	__s64 index;

	if (!cfg || !addr6)
		return 0;
	client = *addr6;
	if (net6_contains(&cfg->client[0], &client)) {
		UNROLL
		for (int i = 0; i < 3; i++)
			high |= bits32(client.s6_addr32[i] & ~cfg->client[0].mask.s6_addr32[i]);
		number = cpu32(client.s6_addr32[3] & ~cfg->client[0].mask.s6_addr32[3]);
		slot = high || number >= cfg->pool_size ? NULL : slots_at(number);
		if (slot && slot->state == NAT64_SLOT_FREE)
			return be32(cfg->pool_first + number);
	}
	index = clients_find(&client);
	slot = index < 0 ? NULL : slots_at(index);
	return slot && slot->state == NAT64_SLOT_STATIC ? slot->addr4 : 0;
}

/* Client `number`. 0, or 1: there is no such number in the network. */
RARE int linear_46(__u32 number, struct in6_addr *addr6)
{
	const struct nat64_config *cfg = config();

	if (!cfg || !addr6 || number & cpu32(cfg->client[0].mask.s6_addr32[3]))
		return 1;
	*addr6 = cfg->client[0].addr;
	addr6->s6_addr32[3] |= be32(number);
	return 0;
}
