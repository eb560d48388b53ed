/* SPDX-License-Identifier: GPL-2.0-only */
/* Bindings added and removed while the programs run: the slot is claimed first, so nobody else can take it; a client
 * that moves never is without a binding. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bindings_slot.h"
#include "csum.h"
#include "log.h"
#include "netlink.h"
#include "prefix.h"

int bindings_write_config(struct bindings *b)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(b->config_fd, &zero, &b->config, BPF_ANY) ? -errno : 0;
}

/* A rare race with the programs' own count costs one binding of a quota until the next load. */
static void quota_change(struct bindings *b, const struct in6_addr *addr6, int by)
{
	struct in6_addr net = *addr6, mask = mask6(b->config.quota_len);
	uint32_t n = 0;

	if (!b->config.quota)
		return;
	for (int i = 0; i < 4; i++)
		net.s6_addr32[i] &= mask.s6_addr32[i];
	bpf_map_lookup_elem(b->quota_fd, &net, &n);
	n += by;
	if (!n || n > b->config.pool_size)
		bpf_map_delete_elem(b->quota_fd, &net);
	else
		bpf_map_update_elem(b->quota_fd, &net, &n, BPF_ANY);
}

static void count_dynamic(struct bindings *b, const struct in6_addr *addr6, int by)
{
	quota_change(b, addr6, by);
	__atomic_fetch_add(&b->alloc->used, by, __ATOMIC_ACQ_REL);
}

static int count_static(struct bindings *b, bool outside, int by)
{
	if (outside)
		b->config.extern_count += by;
	else
		b->config.capacity -= by;
	return bindings_write_config(b);
}

/* A client lost this address. Without memory its flows end by their timeouts. */
static void note_end(struct bindings *b, __be32 addr4)
{
	if (b->ended_count == b->ended_room) {
		size_t room = b->ended_room ? b->ended_room * 2 : 64;
		struct in_addr *more = reallocarray(b->ended, room, sizeof(*more));

		if (!more)
			return;
		b->ended = more;
		b->ended_room = room;
	}
	b->ended[b->ended_count++].s_addr = addr4;
}

static bool outside_pool(const struct bindings *b, struct in_addr addr4)
{
	return ntohl(addr4.s_addr) - b->config.pool_first >= b->config.pool_size;
}

/* Gives a claimed slot back. */
static void slot_free(struct nat64_slot *slot)
{
	memset(&slot->addr6, 0, sizeof(slot->addr6));
	slot->flags = 0;
	slot->generation++;
	slot_set(slot, NAT64_SLOT_FREE);
}

int bindings_remove(struct bindings *b, uint32_t index)
{
	struct nat64_slot *slot = &b->slots[index];
	uint32_t state = slot_state(slot);
	bool outside = index >= b->config.pool_size;

	if ((state != NAT64_SLOT_DYNAMIC && state != NAT64_SLOT_STATIC) || !slot_swap(slot, state, NAT64_SLOT_CLAIMED))
		return 0;
	bpf_map_delete_elem(b->clients_fd, &slot->addr6);
	if (outside)
		bpf_map_delete_elem(b->extern_fd, &slot->addr4);
	if (state == NAT64_SLOT_DYNAMIC)
		count_dynamic(b, &slot->addr6, -1);
	else
		count_static(b, outside, -1);
	note_end(b, slot->addr4);
	slot_free(slot);
	return 1;
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
	return addr->s6_addr[0] != 0xff && !IN6_IS_ADDR_LINKLOCAL(addr) && !IN6_IS_ADDR_UNSPECIFIED(addr) &&
	       !IN6_IS_ADDR_LOOPBACK(addr) && !IN6_IS_ADDR_V4MAPPED(addr);
}

/* 0/8, 127/8, 224/4 and 240/4 are nobody's. */
static bool is_host4(struct in_addr addr4)
{
	uint8_t first = ntohl(addr4.s_addr) >> 24;

	return first && first != 127 && first < 224;
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
	if (!is_host4(wish->addr4))
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

static enum binding_fault held(const struct bindings *b, int64_t index, struct binding_holder *holder,
			       enum binding_fault fault)
{
	const struct nat64_slot *slot = &b->slots[index];

	if (holder)
		*holder = (struct binding_holder){ { slot->addr4 }, slot->addr6, slot->state == NAT64_SLOT_STATIC,
						   slot->flags & NAT64_SLOT_CONFIG };
	return fault;
}

static enum binding_fault way_fault(const struct bindings *b, const struct binding_wish *wish, struct way *way,
				    struct binding_holder *holder)
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
	if (way->by6 >= 0 && (!wish->replace || slot_state(&b->slots[way->by6]) == NAT64_SLOT_STATIC))
		return held(b, way->by6, holder, BINDING_ADDR6_HELD);
	return BINDING_OK;
}

enum binding_fault
bindings_check(const struct bindings *b, const struct binding_wish *wish, struct binding_holder *holder)
{
	enum binding_fault fault = wish_fault(b, wish);
	struct way way;

	return fault == BINDING_OK ? way_fault(b, wish, &way, holder) : fault;
}

/* The client keeps its address, from now on for good: its packets never meet a free slot. */
static enum binding_fault promote(struct bindings *b, uint32_t index, const struct binding_wish *wish)
{
	struct nat64_slot *slot = &b->slots[index];

	if (!slot_swap(slot, NAT64_SLOT_DYNAMIC, NAT64_SLOT_CLAIMED))
		return BINDING_ADDR4_HELD;
	slot->flags = wish->from_config ? NAT64_SLOT_CONFIG : 0;
	slot_set(slot, NAT64_SLOT_STATIC);
	count_dynamic(b, &slot->addr6, -1);
	return count_static(b, false, 1) ? BINDING_FAILED : BINDING_OK;
}

/* The slot for a wish, claimed: free, or taken from its client. -1: there is none. */
static int64_t claim(struct bindings *b, const struct binding_wish *wish, const struct way *way)
{
	uint32_t index = ntohl(wish->addr4.s_addr) - b->config.pool_first;
	struct nat64_slot *slot;

	if (outside_pool(b, wish->addr4)) {
		for (uint32_t i = b->config.pool_size; i < b->count; i++)
			if (slot_swap(&b->slots[i], NAT64_SLOT_FREE, NAT64_SLOT_CLAIMED))
				return i;
		return -1;
	}
	slot = &b->slots[index];
	if (way->by4 < 0)
		return slot_swap(slot, NAT64_SLOT_FREE, NAT64_SLOT_CLAIMED) ? (int64_t)index : -1;
	if (!slot_swap(slot, NAT64_SLOT_DYNAMIC, NAT64_SLOT_CLAIMED))
		return -1;
	bpf_map_delete_elem(b->clients_fd, &slot->addr6);
	count_dynamic(b, &slot->addr6, -1);
	note_end(b, slot->addr4);
	return index;
}

static void fill(struct nat64_slot *slot, const struct binding_wish *wish)
{
	slot->addr6 = wish->addr6;
	slot->addr4 = wish->addr4.s_addr;
	slot->csum_diff = csum_fold((__u64)(BE_FORCE __u32)slot->addr4 + csum_minus(&slot->addr6, 4));
	slot->last_seen = wish->seen;
	slot->flags = wish->from_config ? NAT64_SLOT_CONFIG : 0;
	slot->mac = 0;
	slot->generation++;
}

/* Makes client and address known. `old`: the client's slot until now, claimed, or NULL. 0 or -errno. */
static int publish(struct bindings *b, uint32_t index, struct nat64_slot *old)
{
	struct nat64_slot *slot = &b->slots[index];

	if (bpf_map_update_elem(b->clients_fd, &slot->addr6, &index, old ? BPF_ANY : BPF_NOEXIST))
		return -errno;
	if (index < b->config.pool_size || !bpf_map_update_elem(b->extern_fd, &slot->addr4, &index, BPF_NOEXIST))
		return 0;
	bpf_map_delete_elem(b->clients_fd, &slot->addr6);
	return -errno;
}

enum binding_fault
bindings_add(struct bindings *b, const struct binding_wish *wish, struct binding_holder *holder)
{
	enum binding_fault fault = wish_fault(b, wish);
	bool outside = outside_pool(b, wish->addr4);
	struct nat64_slot *slot, *old;
	struct way way;
	int64_t index;
	int error;

	if (fault == BINDING_OK)
		fault = way_fault(b, wish, &way, holder);
	if (fault == BINDING_SAME && wish->from_config)
		b->slots[way.by4].flags |= NAT64_SLOT_CONFIG;
	if (fault != BINDING_OK)
		return fault;
	if (way.by4 >= 0 && way.by4 == way.by6)
		return promote(b, way.by4, wish);
	old = way.by6 < 0 ? NULL : &b->slots[way.by6];
	if (old && !slot_swap(old, NAT64_SLOT_DYNAMIC, NAT64_SLOT_CLAIMED))
		return held(b, way.by6, holder, BINDING_ADDR6_HELD);
	index = claim(b, wish, &way);
	if (index < 0) {
		if (old)
			slot_set(old, NAT64_SLOT_DYNAMIC);
		return outside ? BINDING_EXTERN_FULL :
				 held(b, bindings_find4(b, wish->addr4), holder, BINDING_ADDR4_HELD);
	}
	slot = &b->slots[index];
	fill(slot, wish);
	error = publish(b, index, old);
	if (old) {
		count_dynamic(b, &old->addr6, -1);
		note_end(b, old->addr4);
		slot_free(old);
	}
	if (error) {
		slot_free(slot);
		errno = -error;
		return error == -EEXIST ? BINDING_ADDR6_HELD : BINDING_FAILED;
	}
	slot_set(slot, wish->is_static ? NAT64_SLOT_STATIC : NAT64_SLOT_DYNAMIC);
	if (wish->is_static)
		return count_static(b, outside, 1) ? BINDING_FAILED : BINDING_OK;
	count_dynamic(b, &wish->addr6, 1);
	return BINDING_OK;
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
		return "the client's address is the translator's own, own6";
	case BINDING_PREFIX:
		return "the client's address lies inside the prefix, or is no unicast address";
	case BINDING_NO_HOST:
		return "the IPv4 address is none that a host can have";
	case BINDING_ADDR4_HELD:
		return fmt("%s holds it%s", inet_ntop(AF_INET6, &holder->addr6, text, sizeof(text)),
			   holder->is_static ? " by a static map" : " by a dynamic binding");
	case BINDING_ADDR6_HELD:
		return fmt("the client holds %s%s", inet_ntop(AF_INET, &holder->addr4, text, sizeof(text)),
			   holder->is_static ? " by a static map" : " by a dynamic binding");
	case BINDING_EXTERN_FULL:
		return fmt("there are %d addresses outside the pool already, the most possible", NAT64_EXTERN_MAX);
	case BINDING_OUTSIDE:
		return "the address lies outside the pool";
	case BINDING_NO_CLIENT:
		return "the client lies outside `clients`";
	case BINDING_LINEAR:
		return "the mapping is linear: clients' addresses follow from their numbers";
	case BINDING_FAILED:
		return strerror(errno);
	}
	return NULL;
}

static int by_address(const void *a, const void *b)
{
	const struct in_addr *x = a, *y = b;

	return x->s_addr == y->s_addr ? 0 : x->s_addr < y->s_addr ? -1 : 1;
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
	return status >= 0 ? 0 : log_fail(EXIT_FAILED, strerror(-status),
					  "conntrack -D -s ADDRESS, or wait for min-lease",
					  "%s: cannot end the flows of addresses that were taken away", b->instance);
}
