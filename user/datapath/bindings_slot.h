/* SPDX-License-Identifier: GPL-2.0-only */
/* What the bindings*.c files share: a slot changes hands by compare-and-swap of its state. */
#pragma once

#include "bindings.h"

static inline uint32_t slot_state(const struct nat64_slot *slot)
{
	return __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
}

static inline bool slot_swap(struct nat64_slot *slot, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&slot->state, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

/* One request to the running programs; see include/nat64.h. Its result, or -errno. */
int bindings_control(const struct bindings *bindings, struct nat64_request *request);

/* Notes that a client lost this address, for bindings_end_flows(). Without memory its flows end by
 * their timeouts. */
void bindings_note_end(struct bindings *bindings, __be32 addr4);

/* One static map outside the pool more (1) or fewer (-1). 0 or -errno. */
int bindings_count_outside(struct bindings *bindings, int by);

/* Writes the settings that follow from the bindings. 0 or -errno. */
int bindings_write_config(struct bindings *bindings);

/* Reserves network, broadcast and own4 address, and with linear mapping what the numbers of clients
 * leave no room for; `capacity` follows. 0 or -errno. */
int bindings_reserve(struct bindings *bindings);

/* A static map of the client in slot `index` came or went: with linear mapping its number, and that
 * slot, may now be reserved, or free. */
void bindings_number(struct bindings *bindings, uint32_t index, const struct in6_addr *addr6);

/* A slot that is reserved only since its client has another address may be given to a static map.
 */
void bindings_unreserve(struct bindings *bindings, uint32_t index);
