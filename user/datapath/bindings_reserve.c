/* SPDX-License-Identifier: GPL-2.0-only */
/* A slot changes hands: a binding ends, an address becomes RESERVED or FREE; how many dynamic
 * bindings each client network has. */
#include "bindings_slot.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "prefix.h"

#define TRIES 100 /* while clients' packets are in the way */

int bindings_write_config(struct bindings *b)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(b->config_fd, &zero, &b->config, BPF_ANY) ? -errno : 0;
}

int bindings_control(const struct bindings *b, struct nat64_request *request)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = request, .ctx_size_in = sizeof(*request));

	return bpf_prog_test_run_opts(b->control_fd, &opts) ? -errno : request->result;
}

int bindings_count_outside(struct bindings *b, int by)
{
	b->config.extern_count += by;
	return bindings_write_config(b);
}

void bindings_note_end(struct bindings *b, __be32 addr4)
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

/* Ends the binding of a slot by `op`. 1: it is ended, 0: there was none, or it is in use
 * (NAT64_EXPIRE). */
static int end(struct bindings *b, uint32_t index, enum nat64_op op)
{
	struct nat64_slot slot;

	for (int i = 0; i < TRIES && bindings_read(b, index, &slot); i++) {
		struct nat64_request request = { .op = op, .index = index, .addr6 = slot.addr6 };
		int error = bindings_control(b, &request);

		if (error && (op == NAT64_EXPIRE || (error != -EBUSY && error != -ENOENT)))
			return 0;
		if (error) /* it changed hands while we looked */
			continue;
		bindings_note_end(b, slot.addr4);
		if (index >= b->config.pool_size)
			bindings_count_outside(b, -1);
		if (slot.state == NAT64_SLOT_STATIC)
			bindings_number(b, index, &slot.addr6);
		return 1;
	}
	return 0;
}

int bindings_remove(struct bindings *b, uint32_t index)
{
	return end(b, index, NAT64_UNBIND);
}

int bindings_expire(struct bindings *b, uint32_t index)
{
	return end(b, index, NAT64_EXPIRE);
}

/* Network, broadcast or own4 address. */
static bool is_nobodys(const struct bindings *b, uint32_t index)
{
	return !index || index == b->config.pool_size - 1 ||
	       index == ntohl(b->config.own4) - b->config.pool_first;
}

/* Number of a client in the one network of linear mapping, UINT32_MAX: it has none that the pool
 * holds. */
static uint32_t number_of(const struct bindings *b, const struct in6_addr *addr6)
{
	const struct nat64_net6 *net = &b->config.client[0];
	uint32_t high = 0, number;

	for (int i = 0; i < 4; i++)
		if ((addr6->s6_addr32[i] ^ net->addr.s6_addr32[i]) & net->mask.s6_addr32[i])
			return UINT32_MAX;
	for (int i = 0; i < 3; i++)
		high |= addr6->s6_addr32[i] & ~net->mask.s6_addr32[i];
	number = ntohl(addr6->s6_addr32[3] & ~net->mask.s6_addr32[3]);
	return high || number >= b->config.pool_size ? UINT32_MAX : number;
}

/* With linear mapping: is pool + `number` of no use to client `number`, as it is own6, or has a
 * static map? */
static bool is_elsewhere(const struct bindings *b, uint32_t number)
{
	const struct nat64_net6 *net = &b->config.client[0];
	struct in6_addr client = net->addr;
	int64_t index;

	if (!(b->config.flags & NAT64_LINEAR) || number & ntohl(net->mask.s6_addr32[3]))
		return false;
	client.s6_addr32[3] |= htonl(number);
	if (!memcmp(&client, &b->config.own6, sizeof(client)))
		return true;
	index = bindings_find6(b, &client);
	return index >= 0 && index != number && slot_state(&b->slots[index]) == NAT64_SLOT_STATIC;
}

/* One slot of the pool becomes RESERVED or FREE, as it should be; a static map that has it stays.
 */
static int settle(struct bindings *b, uint32_t index)
{
	struct nat64_slot *slot = &b->slots[index];
	bool nobodys = is_nobodys(b, index);

	if (!nobodys && !is_elsewhere(b, index)) {
		slot_swap(slot, NAT64_SLOT_RESERVED, NAT64_SLOT_FREE);
		return 0;
	}
	for (int i = 0; i < TRIES; i++) {
		if (slot_state(slot) == NAT64_SLOT_RESERVED ||
		    slot_swap(slot, NAT64_SLOT_FREE, NAT64_SLOT_RESERVED))
			return 0;
		if (!nobodys && slot_state(slot) == NAT64_SLOT_STATIC)
			return 0;
		bindings_remove(b, index);
	}
	return -EAGAIN;
}

static int write_capacity(struct bindings *b)
{
	b->config.capacity = b->config.pool_size;
	for (uint32_t i = 0; i < b->config.pool_size; i++)
		b->config.capacity -= slot_state(&b->slots[i]) == NAT64_SLOT_RESERVED;
	return bindings_write_config(b);
}

int bindings_reserve(struct bindings *b)
{
	uint32_t number = number_of(b, &b->config.own6);
	int error = 0;

	for (uint32_t i = 0; i < b->config.pool_size && !error; i++)
		if (is_nobodys(b, i) || slot_state(&b->slots[i]) == NAT64_SLOT_RESERVED)
			error = settle(b, i);
	if (b->config.flags & NAT64_LINEAR && number != UINT32_MAX && !error)
		error = settle(b, number);
	return error ? error : write_capacity(b);
}

void bindings_number(struct bindings *b, uint32_t index, const struct in6_addr *addr6)
{
	uint32_t number = number_of(b, addr6);

	if (!(b->config.flags & NAT64_LINEAR))
		return;
	if (number != UINT32_MAX)
		settle(b, number);
	if (index < b->config.pool_size)
		settle(b, index);
	write_capacity(b);
}

void bindings_unreserve(struct bindings *b, uint32_t index)
{
	if (b->config.flags & NAT64_LINEAR && !is_nobodys(b, index))
		slot_swap(&b->slots[index], NAT64_SLOT_RESERVED, NAT64_SLOT_FREE);
}

static int by_net(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct in6_addr));
}

/* Networks of the dynamic bindings, one for each, sorted. NULL: there is no memory. */
static struct in6_addr *list_nets(const struct bindings *b, size_t *count)
{
	struct in6_addr *nets = calloc(b->config.pool_size, sizeof(*nets)),
			mask = mask6(b->config.quota_len);
	struct nat64_slot slot;

	*count = 0;
	for (uint32_t i = 0; nets && i < b->config.pool_size; i++) {
		if (!bindings_read(b, i, &slot) || slot.state != NAT64_SLOT_DYNAMIC)
			continue;
		for (int j = 0; j < 4; j++)
			nets[*count].s6_addr32[j] = slot.addr6.s6_addr32[j] & mask.s6_addr32[j];
		++*count;
	}
	if (*count)
		qsort(nets, *count, sizeof(*nets), by_net);
	return nets;
}

/* A binding that a packet makes meanwhile may be left out: its network may have one more than its
 * quota. */
int bindings_count_quota(struct bindings *b)
{
	struct in6_addr net, *nets;
	size_t count;
	int error = 0;

	while (!bpf_map_get_next_key(b->quota_fd, NULL, &net))
		if (bpf_map_delete_elem(b->quota_fd, &net) && errno != ENOENT)
			return -errno;
	nets = list_nets(b, &count);
	if (!nets)
		return -ENOMEM;
	for (size_t i = 0; i < count && !error;) {
		size_t first = i;
		uint32_t n;

		while (i < count && !by_net(&nets[i], &nets[first]))
			i++;
		n = i - first;
		if (bpf_map_update_elem(b->quota_fd, &nets[first], &n, BPF_ANY))
			error = -errno;
	}
	free(nets);
	return error;
}
