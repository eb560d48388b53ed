/* SPDX-License-Identifier: GPL-2.0-only */
/* Bindings added and removed while the programs run, by their own nat64_control. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bindings_slot.h"
#include "log.h"
#include "netlink.h"
#include "text.h"

#define TRIES 100 /* while clients' packets are in the way */

static bool outside_pool(const struct bindings *b, struct in_addr addr4)
{
	return ntohl(addr4.s_addr) - b->config.pool_first >= b->config.pool_size;
}

static bool in_net6(const struct nat64_net6 *net, const struct in6_addr *addr)
{
	for (int i = 0; i < 4; i++)
		if ((addr->s6_addr32[i] ^ net->addr.s6_addr32[i]) & net->mask.s6_addr32[i])
			return false;
	return true;
}

static bool is_unicast6(const struct in6_addr *addr)
{
	return addr->s6_addr[0] != 0xff && !IN6_IS_ADDR_LINKLOCAL(addr) &&
	       !IN6_IS_ADDR_UNSPECIFIED(addr) && !IN6_IS_ADDR_LOOPBACK(addr) &&
	       !IN6_IS_ADDR_V4MAPPED(addr);
}

static bool is_client(const struct bindings *b, const struct in6_addr *addr6)
{
	for (uint32_t i = 0; i < b->config.client_count && i < NAT64_CLIENTS_MAX; i++)
		if (in_net6(&b->config.client[i], addr6))
			return true;
	return false;
}

/* What is wrong with the addresses in themselves. */
static enum binding_fault wish_fault(const struct bindings *b, const struct binding_wish *wish)
{
	uint32_t offset = ntohl(wish->addr4.s_addr) - b->config.pool_first;

	if (!memcmp(&wish->addr6, &b->config.own6, sizeof(wish->addr6)))
		return BINDING_OWN6;
	if (!is_unicast6(&wish->addr6) || in_net6(&b->config.prefix, &wish->addr6))
		return BINDING_PREFIX;
	if (addr4_fault(wish->addr4, ADDR4_CLIENT))
		return BINDING_NO_HOST;
	if (offset < b->config.pool_size &&
	    (!offset || offset == b->config.pool_size - 1 || wish->addr4.s_addr == b->config.own4))
		return BINDING_RESERVED;
	if (wish->is_static)
		return BINDING_OK;
	if (b->config.flags & NAT64_LINEAR)
		return BINDING_LINEAR;
	if (offset >= b->config.pool_size)
		return BINDING_OUTSIDE;
	return is_client(b, &wish->addr6) ? BINDING_OK : BINDING_NO_CLIENT;
}

/* What address and client of a wish hold now: slots, or -1. */
struct way {
	int64_t by4, by6;
};

static enum binding_fault held(const struct bindings *b, int64_t index,
			       struct binding_holder *holder, enum binding_fault fault)
{
	const struct nat64_slot *slot = &b->slots[index];

	if (holder)
		*holder = (struct binding_holder){ { slot->addr4 },
						   slot->addr6,
						   slot->state == NAT64_SLOT_STATIC,
						   slot->flags & NAT64_SLOT_CONFIG };
	return fault;
}

static enum binding_fault way_fault(const struct bindings *b, const struct binding_wish *wish,
				    struct way *way, struct binding_holder *holder)
{
	uint32_t state4;

	way->by4 = bindings_find4(b, wish->addr4);
	way->by6 = bindings_find6(b, &wish->addr6);
	state4 = way->by4 < 0 ? NAT64_SLOT_FREE : slot_state(&b->slots[way->by4]);
	if (state4 != NAT64_SLOT_DYNAMIC && state4 != NAT64_SLOT_STATIC)
		way->by4 = -1;
	if (way->by4 >= 0 && way->by4 == way->by6)
		return state4 == NAT64_SLOT_STATIC || !wish->is_static ? BINDING_SAME : BINDING_OK;
	if (way->by4 >= 0 && (!wish->replace || state4 == NAT64_SLOT_STATIC))
		return held(b, way->by4, holder, BINDING_ADDR4_HELD);
	if (way->by6 >= 0 &&
	    (!wish->replace || slot_state(&b->slots[way->by6]) == NAT64_SLOT_STATIC))
		return held(b, way->by6, holder, BINDING_ADDR6_HELD);
	return BINDING_OK;
}

enum binding_fault bindings_check(const struct bindings *b, const struct binding_wish *wish,
				  struct binding_holder *holder)
{
	enum binding_fault fault = wish_fault(b, wish);
	struct way way;

	return fault == BINDING_OK ? way_fault(b, wish, &way, holder) : fault;
}

/* A slot for an address outside the pool, -1: all are taken. */
static int64_t free_outside(const struct bindings *b)
{
	for (uint32_t i = b->config.pool_size; i < b->count; i++)
		if (slot_state(&b->slots[i]) == NAT64_SLOT_FREE)
			return i;
	return -1;
}

/* Makes a binding in the slot `request->index`. `replace`: dynamic ones give way, also those that
 * the programs make meanwhile, for a client that just lost its address. 0 or -errno. */
static int make(struct bindings *b, struct nat64_request *request, bool replace)
{
	uint32_t index = request->index;
	int error = -EBUSY;

	for (int i = 0; i < TRIES && (error == -EBUSY || error == -EEXIST); i++) {
		if (i)
			bindings_remove(b, request->index);
		request->index = index;
		error = bindings_control(b, request);
		if (error &&
		    (!replace || slot_state(&b->slots[request->index]) == NAT64_SLOT_STATIC))
			return error;
	}
	if (!error && request->flags) /* of a binding that became static in its place */
		__atomic_fetch_or(&b->slots[index].flags, request->flags, __ATOMIC_ACQ_REL);
	return error;
}

/* The client gets back what it had. */
static void make_again(struct bindings *b, uint32_t index, const struct nat64_slot *old)
{
	struct nat64_request request = {
		.op = NAT64_BIND,
		.index = index,
		.addr6 = old->addr6,
		.addr4 = old->addr4,
		.state = old->state,
		.flags = old->flags,
		.last_seen = old->last_seen,
	};

	make(b, &request, true);
}

static enum binding_fault bind_fault(const struct bindings *b, int error,
				     const struct binding_wish *wish, struct binding_holder *holder)
{
	int64_t by4 = bindings_find4(b, wish->addr4), by6 = bindings_find6(b, &wish->addr6);

	if (error == -EEXIST && by6 >= 0)
		return held(b, by6, holder, BINDING_ADDR6_HELD);
	if (error == -EBUSY && by4 >= 0)
		return held(b, by4, holder, BINDING_ADDR4_HELD);
	errno = -error;
	return error == -EADDRNOTAVAIL ? BINDING_RESERVED : BINDING_FAILED;
}

enum binding_fault bindings_add(struct bindings *b, const struct binding_wish *wish,
				struct binding_holder *holder)
{
	enum binding_fault fault = wish_fault(b, wish);
	bool outside = outside_pool(b, wish->addr4), had = false;
	struct nat64_request request = {
		.op = NAT64_BIND,
		.addr6 = wish->addr6,
		.addr4 = wish->addr4.s_addr,
		.state = wish->is_static ? NAT64_SLOT_STATIC : NAT64_SLOT_DYNAMIC,
		.flags = wish->flags | (wish->from_config ? NAT64_SLOT_CONFIG : 0),
		.last_seen = wish->seen,
	};
	struct nat64_slot old;
	int64_t index;
	struct way way;
	int error = 0;

	if (fault == BINDING_OK)
		fault = way_fault(b, wish, &way, holder);
	if (fault == BINDING_SAME && wish->from_config)
		__atomic_fetch_or(&b->slots[way.by4].flags, NAT64_SLOT_CONFIG, __ATOMIC_ACQ_REL);
	if (fault != BINDING_OK)
		return fault;
	index = outside ? free_outside(b) : ntohl(wish->addr4.s_addr) - b->config.pool_first;
	if (index < 0)
		return BINDING_EXTERN_FULL;
	if (way.by4 != way.by6) {
		if (way.by4 >= 0)
			bindings_remove(b, way.by4);
		had = way.by6 >= 0 && bindings_read(b, way.by6, &old) &&
		      bindings_remove(b, way.by6);
	}
	if (!outside)
		bindings_unreserve(b, index);
	else
		error = bindings_count_outside(
			b, 1); /* first: packets to it find it as soon as it is there */
	request.index = index;
	if (!error)
		error = make(b, &request, wish->replace);
	if (error && outside)
		bindings_count_outside(b, -1);
	if (error && had)
		make_again(b, way.by6, &old);
	if (wish->is_static)
		bindings_number(b, index, &wish->addr6);
	return error ? bind_fault(b, error, wish, holder) : BINDING_OK;
}

const char *binding_fault_text(enum binding_fault fault, const struct binding_holder *holder)
{
	char text[INET6_ADDRSTRLEN];

	switch (fault) {
	case BINDING_OK:
	case BINDING_SAME:
		return NULL;
	case BINDING_RESERVED:
		return "it is the pool's network or broadcast address, or own4";
	case BINDING_OWN6:
		return "the client's address is own6, the translator's own address";
	case BINDING_PREFIX:
		return "the client's address lies inside the prefix, or is not unicast";
	case BINDING_NO_HOST:
		return "the IPv4 address is not a usable host address";
	case BINDING_ADDR4_HELD:
		return textf("%s holds it%s",
			     inet_ntop(AF_INET6, &holder->addr6, text, sizeof(text)),
			     holder->is_static ? " (static map)" : " (dynamic binding)");
	case BINDING_ADDR6_HELD:
		return textf("the client holds %s%s",
			     inet_ntop(AF_INET, &holder->addr4, text, sizeof(text)),
			     holder->is_static ? " (static map)" : " (dynamic binding)");
	case BINDING_EXTERN_FULL:
		return textf("there are already %d addresses outside the pool, the maximum",
			     NAT64_EXTERN_MAX);
	case BINDING_OUTSIDE:
		return "the address lies outside the pool";
	case BINDING_NO_CLIENT:
		return "the client lies outside `clients`";
	case BINDING_LINEAR:
		return "with linear mapping a client's address follows from its number";
	case BINDING_FAILED:
		return strerror(errno);
	}
	return NULL;
}

static int by_address(const void *a, const void *b)
{
	const struct in_addr *x = a, *y = b;

	return (x->s_addr > y->s_addr) - (x->s_addr < y->s_addr);
}

static bool is_ended(struct in_addr addr, const void *data)
{
	const struct bindings *b = data;

	return bsearch(&addr, b->ended, b->ended_count, sizeof(addr), by_address);
}

int bindings_end_flows(struct bindings *b)
{
	int status;

	if (!b->ended_count)
		return 0;
	qsort(b->ended, b->ended_count, sizeof(*b->ended), by_address);
	status = nl_conntrack_delete_if(is_ended, b);
	b->ended_count = 0;
	return status >= 0 ? 0 :
			     log_fail(EXIT_FAILED, strerror(-status),
				      "conntrack -D -s ADDRESS, or wait for min-lease",
				      "%s: cannot delete the conntrack entries of addresses that "
				      "clients lost",
				      b->instance);
}
