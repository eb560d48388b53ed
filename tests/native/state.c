/* SPDX-License-Identifier: GPL-2.0-only */
/* Settings and bindings of a vector as the maps hold them: what the loader does for a real
 * instance. */
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "be.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#include "csum.h"

static void bind_slot(struct state *state, __u32 index, const struct in6_addr *addr6, __be32 addr4,
		      __u32 kind, __u64 now)
{
	state->slots[index] = (struct nat64_slot){
		.addr6 = *addr6,
		.addr4 = addr4,
		.state = kind,
		.last_seen = now,
		.csum_diff = csum_fold(bits32(addr4) + csum_minus(addr6, 4)),
		.generation = 1,
	};
	state->clients[state->client_count++] = (struct state_entry){ *addr6, addr4, index };
}

static void bind_vector(struct state *state, const struct vector_binding *binding, __u64 now)
{
	__u32 offset = cpu32(binding->addr4) - state->config.pool_first;

	if (offset >= state->config.pool_size) {
		offset = state->config.pool_size + state->extern_count;
		state->externs[state->extern_count++] =
			(struct state_entry){ binding->addr6, binding->addr4, offset };
	}
	bind_slot(state, offset, &binding->addr6, binding->addr4,
		  binding->is_static ? NAT64_SLOT_STATIC : NAT64_SLOT_DYNAMIC, now);
}

/* A client for every free slot: numbers at the end of the client network. */
static void fill_pool(struct state *state, __u64 now)
{
	for (__u32 i = 0; i < state->config.pool_size; i++) {
		struct in6_addr addr6 = state->config.client[0].addr;

		if (state->slots[i].state != NAT64_SLOT_FREE)
			continue;
		addr6.s6_addr[10] = 0xf0;
		addr6.s6_addr32[3] = be32(i);
		bind_slot(state, i, &addr6, be32(state->config.pool_first + i), NAT64_SLOT_DYNAMIC,
			  now);
	}
}

int state_build(const struct vector *vector, __u64 now, struct state *state)
{
	__u32 size = vector->config.pool_size,
	      own = cpu32(vector->config.own4) - vector->config.pool_first;

	*state = (struct state){
		.config = vector->config,
		.slot_count = size + NAT64_EXTERN_MAX,
	};
	state->slots = calloc(state->slot_count, sizeof(*state->slots));
	state->clients = calloc((size_t)size + VECTOR_BINDINGS_MAX, sizeof(*state->clients));
	state->externs = calloc(VECTOR_BINDINGS_MAX, sizeof(*state->externs));
	if (!state->slots || !state->clients || !state->externs) {
		state_free(state);
		return -ENOMEM;
	}
	state->slots[0].state = state->slots[size - 1].state = NAT64_SLOT_RESERVED;
	if (own < size)
		state->slots[own].state = NAT64_SLOT_RESERVED;
	for (size_t i = 0; i < vector->binding_count; i++)
		bind_vector(state, &vector->bindings[i], now);
	if (vector->pool_full)
		fill_pool(state, now);
	for (__u32 i = 0; i < size; i++) {
		__u32 kind = state->slots[i].state;

		state->config.capacity += kind != NAT64_SLOT_RESERVED;
		state->alloc.used += kind == NAT64_SLOT_DYNAMIC || kind == NAT64_SLOT_STATIC;
	}
	state->config.extern_count = state->extern_count;
	return 0;
}

void state_free(struct state *state)
{
	free(state->slots);
	free(state->clients);
	free(state->externs);
	*state = (struct state){};
}
