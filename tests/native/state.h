/* SPDX-License-Identifier: GPL-2.0-only */
/* What the maps of an instance hold before a vector is run. */
#pragma once

#include "vector.h"

struct state_entry { /* of nat64_clients, or of nat64_extern with addr4 */
	struct in6_addr addr6;
	__be32 addr4;
	__u32 index;
};

struct state {
	struct nat64_config config;
	struct nat64_alloc alloc;
	struct nat64_slot *slots; /* pool_size + NAT64_EXTERN_MAX */
	__u32 slot_count;
	struct state_entry *clients;
	__u32 client_count;
	struct state_entry *externs;
	__u32 extern_count;
};

/* `now`: ns of the boot clock. 0 or -ENOMEM. */
int state_build(const struct vector *vector, __u64 now, struct state *state);
void state_free(struct state *state);
