/* SPDX-License-Identifier: GPL-2.0-only */
/* The bindings of a loaded instance: slots in shared memory (the programs change them at the same
 * time, by compare-and-swap), the hash of clients. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config.h"
#include "nat64.h"

struct bindings {
	const char *instance;
	struct nat64_config config;
	struct nat64_slot *slots;  /* mapped: pool_size + NAT64_EXTERN_MAX */
	struct nat64_alloc *alloc; /* mapped */
	uint32_t count;		   /* slots */
	int config_fd, clients_fd, extern_fd, quota_fd, slots_fd, control_fd;
	struct in_addr *ended; /* addresses that a client lost: bindings_end_flows() */
	size_t ended_count, ended_room;
};

/* Opens those of a loaded instance. Says "not loaded" (exit 3) or what went wrong and returns -1.
 */
int bindings_open(const char *instance, struct bindings *bindings);
void bindings_close(struct bindings *bindings);

/* Marks network, broadcast and own4 addresses, and makes the static maps of the settings exactly
 * those: adds what is missing, drops those of an earlier config. 1: a static map changed, 0: it was
 * so. Says clashes and returns -1. */
int bindings_settle(struct bindings *bindings, const struct config *config);

/* The same as lines of a --dry-run; changes nothing. `bindings->config` is as it will be. */
int bindings_show_settle(const struct bindings *bindings, const struct config *config, FILE *out);

/* Why an addition was refused; see bindings_add(). */
enum binding_fault {
	BINDING_OK,
	BINDING_SAME,	  /* it is there already */
	BINDING_RESERVED, /* network, broadcast, own4 */
	BINDING_OWN6,
	BINDING_PREFIX,	     /* the client lies inside the prefix, or is no unicast address */
	BINDING_NO_HOST,     /* the IPv4 address cannot be a client's: addr4_fault() */
	BINDING_ADDR4_HELD,  /* by another client */
	BINDING_ADDR6_HELD,  /* the client holds another address */
	BINDING_EXTERN_FULL, /* too many addresses outside the pool */
	BINDING_OUTSIDE,     /* a dynamic binding outside the pool */
	BINDING_NO_CLIENT,   /* a dynamic binding of one outside `clients` */
	BINDING_LINEAR,	     /* a dynamic binding under linear mapping */
	BINDING_FAILED,	     /* errno */
};

/* Who holds the address, or which address the client holds, where that is the fault. */
struct binding_holder {
	struct in_addr addr4;
	struct in6_addr addr6;
	bool is_static;
	bool from_config;
};

struct binding_wish {
	struct in_addr addr4;
	struct in6_addr addr6;
	bool is_static;	  /* may lie outside the pool */
	bool from_config; /* a static map of the settings, not of `map add` */
	bool replace;	  /* a dynamic binding in the way gives way */
	uint64_t seen;	  /* of a dynamic one: ns of the boot clock */
	uint32_t flags;	  /* of a dynamic one: NAT64_SLOT_REPLIED, NAT64_SLOT_LONG */
};

/* What bindings_add() would say; changes nothing. */
enum binding_fault bindings_check(const struct bindings *bindings, const struct binding_wish *wish,
				  struct binding_holder *holder);

/* Makes a binding. `holder` (may be NULL) is set with BINDING_ADDR4_HELD and BINDING_ADDR6_HELD. */
enum binding_fault bindings_add(struct bindings *bindings, const struct binding_wish *wish,
				struct binding_holder *holder);

/* Lines of a --dry-run: what an addition that bindings_check() permits would do, with what gives
 * way to it; what a removal would do. */
void bindings_show_addition(const struct bindings *bindings, const struct binding_wish *wish,
			    FILE *out);
void bindings_show_removal(const struct bindings *bindings, uint32_t index, FILE *out);

/* Sentence for a fault; NULL for BINDING_OK and BINDING_SAME. */
const char *binding_fault_text(enum binding_fault fault, const struct binding_holder *holder);

/* Removes the binding in a slot. 1: removed, 0: it was free. */
int bindings_remove(struct bindings *bindings, uint32_t index);

/* The same for a dynamic binding that has not been used for max_lease; one that has been is left
 * alone (0). */
int bindings_expire(struct bindings *bindings, uint32_t index);

/* Counts the dynamic bindings of each client network anew, after a change of quota_len. 0 or
 * -errno. */
int bindings_count_quota(struct bindings *bindings);

/* Deletes the conntrack entries of addresses that clients lost since bindings_open(): a flow must
 * not go on with the next holder. Says what went wrong and returns -1. */
int bindings_end_flows(struct bindings *bindings);

/* Static maps outside the pool, into a fresh array, sorted; `added_only`: not those of the
 * settings. 0 or -ENOMEM. */
int bindings_outside(const struct bindings *bindings, bool added_only, struct static_map **maps,
		     size_t *count);

/* By address, each of them once: the nft table's text, and so its checksum, is the same wherever
 * the list came from. How many there are. */
size_t bindings_sort_statics(struct static_map *maps, size_t count);

/* Slot index of an address, or -1: none. */
int64_t bindings_find4(const struct bindings *bindings, struct in_addr addr4);
int64_t bindings_find6(const struct bindings *bindings, const struct in6_addr *addr6);

struct bindings_use {
	uint32_t size; /* addresses that clients can have */
	uint32_t dynamic, statics, static_in_pool;
};
void bindings_use(const struct bindings *bindings, struct bindings_use *use);

/* Copies slot `index` at one moment; false: it holds no binding. */
bool bindings_read(const struct bindings *bindings, uint32_t index, struct nat64_slot *slot);
