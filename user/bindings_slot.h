/* SPDX-License-Identifier: GPL-2.0-only */
/* What the bindings*.c files share: a slot changes hands by compare-and-swap of its state. */
#pragma once

#include "bindings.h"

static inline uint32_t slot_state(const struct nat64_slot *slot)
{
	return __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
}

static inline void slot_set(struct nat64_slot *slot, uint32_t state)
{
	__atomic_store_n(&slot->state, state, __ATOMIC_RELEASE);
}

static inline bool slot_swap(struct nat64_slot *slot, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&slot->state, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* Writes the settings that follow from the bindings. 0 or -errno. */
int bindings_write_config(struct bindings *bindings);
