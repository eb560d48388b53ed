/* SPDX-License-Identifier: GPL-2.0-only */
/* The bindings of a loaded instance: open, look up. */
#include "bindings.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bindings_slot.h"
#include "caps.h"
#include "datapath.h"
#include "log.h"
#include "netlink.h"
#include "prefix.h"
#include "text.h"

static void *map_memory(int fd, size_t len)
{
	void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

int bindings_open(const char *instance, struct bindings *b)
{
	int error, alloc;

	*b = (struct bindings){ .instance = instance,
				.config_fd = -1,
				.clients_fd = -1,
				.extern_fd = -1,
				.quota_fd = -1,
				.slots_fd = -1,
				.control_fd = -1 };
	error = datapath_read_config(instance, &b->config);
	if (error)
		return datapath_fail(error, instance);
	b->count = b->config.pool_size + NAT64_EXTERN_MAX;
	b->config_fd = datapath_map(instance, "nat64_config");
	b->clients_fd = datapath_map(instance, "nat64_clients");
	b->extern_fd = datapath_map(instance, "nat64_extern");
	b->quota_fd = datapath_map(instance, "nat64_quota");
	b->slots_fd = datapath_map(instance, "nat64_slots");
	b->control_fd = datapath_map(instance,
				     "nat64_control"); /* absent: nothing can be changed */
	alloc = datapath_map(instance, "nat64_alloc");
	if (b->slots_fd >= 0)
		b->slots = map_memory(b->slots_fd, b->count * sizeof(*b->slots));
	if (alloc >= 0) {
		b->alloc = map_memory(alloc, sizeof(*b->alloc));
		close(alloc);
	}
	if (b->slots && b->alloc && b->config_fd >= 0 && b->clients_fd >= 0 && b->extern_fd >= 0 &&
	    b->quota_fd >= 0)
		return 0;
	error = errno;
	bindings_close(b);
	return caps_fail(error, 0, textf("nat64-bpf unload %s, then load it again", instance),
			 "%s: cannot open its maps", instance);
}

void bindings_close(struct bindings *b)
{
	int fds[] = { b->config_fd, b->clients_fd, b->extern_fd,
		      b->quota_fd,  b->slots_fd,   b->control_fd };

	if (b->slots)
		munmap(b->slots, b->count * sizeof(*b->slots));
	if (b->alloc)
		munmap(b->alloc, sizeof(*b->alloc));
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(b->ended);
	*b = (struct bindings){ .config_fd = -1,
				.clients_fd = -1,
				.extern_fd = -1,
				.quota_fd = -1,
				.slots_fd = -1,
				.control_fd = -1 };
}

int64_t bindings_find4(const struct bindings *b, struct in_addr addr4)
{
	uint32_t index = ntohl(addr4.s_addr) - b->config.pool_first;

	if (index < b->config.pool_size)
		return index;
	return bpf_map_lookup_elem(b->extern_fd, &addr4.s_addr, &index) ? -1 : (int64_t)index;
}

int64_t bindings_find6(const struct bindings *b, const struct in6_addr *addr6)
{
	uint32_t index;

	return bpf_map_lookup_elem(b->clients_fd, addr6, &index) || index >= b->count ?
		       -1 :
		       (int64_t)index;
}

bool bindings_read(const struct bindings *b, uint32_t index, struct nat64_slot *slot)
{
	const struct nat64_slot *shared = &b->slots[index];

	for (int i = 0; i < 3; i++) { /* an owner that changed while it was copied: again */
		uint32_t state = slot_state(shared), generation = shared->generation;

		if (state != NAT64_SLOT_DYNAMIC && state != NAT64_SLOT_STATIC)
			return false;
		memcpy(slot, shared, sizeof(*slot));
		slot->state = state;
		if (slot_state(shared) == state && shared->generation == generation)
			return true;
	}
	return false;
}

void bindings_use(const struct bindings *b, struct bindings_use *use)
{
	uint32_t reserved = 0;

	*use = (struct bindings_use){};
	for (uint32_t i = 0; i < b->count; i++) {
		switch (slot_state(&b->slots[i])) {
		case NAT64_SLOT_DYNAMIC:
			use->dynamic++;
			break;
		case NAT64_SLOT_STATIC:
			use->statics++;
			use->static_in_pool += i < b->config.pool_size;
			break;
		case NAT64_SLOT_RESERVED:
			reserved++;
			break;
		}
	}
	use->size = b->config.pool_size - reserved;
}

static int by_addr4(const void *a, const void *b)
{
	const struct static_map *x = a, *y = b;
	uint32_t p = ntohl(x->addr4.s_addr), q = ntohl(y->addr4.s_addr);

	return (p > q) - (p < q);
}

size_t bindings_sort_statics(struct static_map *maps, size_t count)
{
	size_t kept = 0;

	qsort(maps, count, sizeof(*maps), by_addr4);
	for (size_t i = 0; i < count; i++)
		if (!kept || maps[i].addr4.s_addr != maps[kept - 1].addr4.s_addr)
			maps[kept++] = maps[i];
	return kept;
}

int bindings_outside(const struct bindings *b, bool added_only, struct static_map **maps,
		     size_t *count)
{
	*count = 0;
	*maps = calloc(NAT64_EXTERN_MAX, sizeof(**maps));
	if (!*maps)
		return -ENOMEM;
	for (uint32_t i = b->config.pool_size; i < b->count; i++) {
		const struct nat64_slot *slot = &b->slots[i];

		if (slot_state(slot) == NAT64_SLOT_STATIC &&
		    !(added_only && slot->flags & NAT64_SLOT_CONFIG))
			(*maps)[(*count)++] = (struct static_map){ { slot->addr4 }, slot->addr6 };
	}
	*count = bindings_sort_statics(*maps, *count);
	return 0;
}
