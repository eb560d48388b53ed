/* SPDX-License-Identifier: GPL-2.0-only */
/* The bindings of a loaded instance: look up, add, remove. */
#include "bindings.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "csum.h"
#include "datapath.h"
#include "log.h"
#include "prefix.h"

uint64_t boot_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void *map_memory(int fd, size_t len)
{
	void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

int bindings_open(const char *instance, struct bindings *b)
{
	int error, alloc;

	*b = (struct bindings){ .instance = instance, .config_fd = -1, .clients_fd = -1, .extern_fd = -1,
				.quota_fd = -1, .slots_fd = -1 };
	error = datapath_read_config(instance, &b->config);
	if (error == -ENOENT)
		return log_fail(EXIT_NOT_LOADED, "there is no such instance under way",
				fmt("nat64-bpf load %s", instance), "%s: not loaded", instance);
	if (error == -EACCES || error == -EPERM)
		return log_fail(EXIT_PRIVILEGE, "its maps are root's", "run it as root: sudo nat64-bpf ...",
				"%s: not permitted", instance);
	if (error)
		return log_fail(EXIT_FAILED, "its maps are of another version, or damaged",
				fmt("nat64-bpf unload %s, then load it again", instance), "%s: cannot read its maps",
				instance);
	b->count = b->config.pool_size + NAT64_EXTERN_MAX;
	b->config_fd = datapath_map(instance, "nat64_config");
	b->clients_fd = datapath_map(instance, "nat64_clients");
	b->extern_fd = datapath_map(instance, "nat64_extern");
	b->quota_fd = datapath_map(instance, "nat64_quota");
	b->slots_fd = datapath_map(instance, "nat64_slots");
	alloc = datapath_map(instance, "nat64_alloc");
	if (b->slots_fd >= 0)
		b->slots = map_memory(b->slots_fd, b->count * sizeof(*b->slots));
	if (alloc >= 0) {
		b->alloc = map_memory(alloc, sizeof(*b->alloc));
		close(alloc);
	}
	if (b->slots && b->alloc && b->config_fd >= 0 && b->clients_fd >= 0 && b->extern_fd >= 0 && b->quota_fd >= 0)
		return 0;
	error = errno;
	bindings_close(b);
	return log_fail(EXIT_FAILED, strerror(error), fmt("nat64-bpf unload %s, then load it again", instance),
			"%s: cannot open its maps", instance);
}

void bindings_close(struct bindings *b)
{
	int fds[] = { b->config_fd, b->clients_fd, b->extern_fd, b->quota_fd, b->slots_fd };

	if (b->slots)
		munmap(b->slots, b->count * sizeof(*b->slots));
	if (b->alloc)
		munmap(b->alloc, sizeof(*b->alloc));
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	*b = (struct bindings){ .config_fd = -1, .clients_fd = -1, .extern_fd = -1, .quota_fd = -1, .slots_fd = -1 };
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

	return bpf_map_lookup_elem(b->clients_fd, addr6, &index) || index >= b->count ? -1 : (int64_t)index;
}

static uint32_t state_of(const struct nat64_slot *slot)
{
	return __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
}

static bool swap_state(struct nat64_slot *slot, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&slot->state, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

bool bindings_read(const struct bindings *b, uint32_t index, struct nat64_slot *slot)
{
	const struct nat64_slot *shared = &b->slots[index];

	for (int i = 0; i < 3; i++) {	/* an owner that changed while it was copied: again */
		uint32_t state = state_of(shared), generation = shared->generation;

		if (state != NAT64_SLOT_DYNAMIC && state != NAT64_SLOT_STATIC)
			return false;
		memcpy(slot, shared, sizeof(*slot));
		slot->state = state;
		if (state_of(shared) == state && shared->generation == generation)
			return true;
	}
	return false;
}

/* Settings that follow from the bindings. */
static int write_config(struct bindings *b)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(b->config_fd, &zero, &b->config, BPF_ANY) ? -errno : 0;
}

static struct in6_addr quota_network(const struct bindings *b, const struct in6_addr *addr6)
{
	struct in6_addr net = *addr6, mask = mask6(b->config.quota_len);

	for (int i = 0; i < 16; i++)
		net.s6_addr[i] &= mask.s6_addr[i];
	return net;
}

/* A rare race with the programs' own count costs one binding of a quota until the next load. */
static void quota_change(struct bindings *b, const struct in6_addr *addr6, int by)
{
	struct in6_addr net = quota_network(b, addr6);
	uint32_t n = 0;

	if (!b->config.quota)
		return;
	bpf_map_lookup_elem(b->quota_fd, &net, &n);
	n += by;
	if (!n || n > b->config.pool_size)
		bpf_map_delete_elem(b->quota_fd, &net);
	else
		bpf_map_update_elem(b->quota_fd, &net, &n, BPF_ANY);
}

int bindings_remove(struct bindings *b, uint32_t index)
{
	struct nat64_slot *slot = &b->slots[index];
	uint32_t state = state_of(slot);
	bool outside = index >= b->config.pool_size;

	if ((state != NAT64_SLOT_DYNAMIC && state != NAT64_SLOT_STATIC) ||
	    !swap_state(slot, state, NAT64_SLOT_CLAIMED))
		return 0;
	bpf_map_delete_elem(b->clients_fd, &slot->addr6);
	if (outside)
		bpf_map_delete_elem(b->extern_fd, &slot->addr4);
	if (state == NAT64_SLOT_DYNAMIC) {
		quota_change(b, &slot->addr6, -1);
		__atomic_fetch_sub(&b->alloc->used, 1, __ATOMIC_ACQ_REL);
	} else {
		if (outside)
			b->config.extern_count--;
		else
			b->config.capacity++;
		write_config(b);
	}
	memset(&slot->addr6, 0, sizeof(slot->addr6));
	slot->flags = 0;
	slot->generation++;
	__atomic_store_n(&slot->state, NAT64_SLOT_FREE, __ATOMIC_RELEASE);
	return 1;
}

/* A free slot for an address outside the pool, claimed; -1: none. */
static int64_t claim_outside(struct bindings *b)
{
	for (uint32_t i = b->config.pool_size; i < b->count; i++)
		if (swap_state(&b->slots[i], NAT64_SLOT_FREE, NAT64_SLOT_CLAIMED))
			return i;
	return -1;
}

static bool is_unicast6(const struct in6_addr *addr)
{
	return addr->s6_addr[0] != 0xff && !IN6_IS_ADDR_LINKLOCAL(addr) && !IN6_IS_ADDR_UNSPECIFIED(addr) &&
	       !IN6_IS_ADDR_LOOPBACK(addr);
}

static bool inside_prefix(const struct nat64_config *config, const struct in6_addr *addr)
{
	for (int i = 0; i < 4; i++)
		if ((addr->s6_addr32[i] ^ config->prefix.addr.s6_addr32[i]) & config->prefix.mask.s6_addr32[i])
			return false;
	return true;
}

static enum binding_fault held(const struct bindings *b, int64_t index, struct binding_holder *holder,
			       enum binding_fault fault)
{
	const struct nat64_slot *slot = &b->slots[index];

	if (holder)
		*holder = (struct binding_holder){ { slot->addr4 }, slot->addr6, slot->state == NAT64_SLOT_STATIC };
	return fault;
}

/* What is wrong with the addresses in themselves. */
static enum binding_fault wish_fault(const struct bindings *b, const struct binding_wish *wish)
{
	uint32_t offset = ntohl(wish->addr4.s_addr) - b->config.pool_first;

	if (!memcmp(&wish->addr6, &b->config.own6, sizeof(wish->addr6)))
		return BINDING_OWN6;
	if (!is_unicast6(&wish->addr6) || inside_prefix(&b->config, &wish->addr6))
		return BINDING_PREFIX;
	if (offset >= b->config.pool_size)
		return wish->is_static ? BINDING_OK : BINDING_OUTSIDE;
	if (!offset || offset == b->config.pool_size - 1 || wish->addr4.s_addr == b->config.own4)
		return BINDING_RESERVED;
	return BINDING_OK;
}

/* Clears the way for a wish: what its address and its client hold now. */
static enum binding_fault make_way(struct bindings *b, const struct binding_wish *wish,
				   struct binding_holder *holder)
{
	int64_t by4 = bindings_find4(b, wish->addr4), by6 = bindings_find6(b, &wish->addr6);
	bool bound4 = by4 >= 0 && (state_of(&b->slots[by4]) == NAT64_SLOT_DYNAMIC ||
				   state_of(&b->slots[by4]) == NAT64_SLOT_STATIC);

	if (bound4 && by4 == by6) {
		bool is_static = state_of(&b->slots[by4]) == NAT64_SLOT_STATIC;

		if (is_static || !wish->is_static) {
			if (is_static && wish->from_config)
				b->slots[by4].flags |= NAT64_SLOT_CONFIG;
			return BINDING_SAME;
		}
		bindings_remove(b, by4);	/* the client keeps its address, from now on for good */
		return BINDING_OK;
	}
	if (bound4 && (!wish->replace || state_of(&b->slots[by4]) == NAT64_SLOT_STATIC))
		return held(b, by4, holder, BINDING_ADDR4_HELD);
	if (by6 >= 0 && (!wish->replace || state_of(&b->slots[by6]) == NAT64_SLOT_STATIC))
		return held(b, by6, holder, BINDING_ADDR6_HELD);
	if (bound4)
		bindings_remove(b, by4);
	if (by6 >= 0)
		bindings_remove(b, by6);
	return BINDING_OK;
}

enum binding_fault
bindings_add(struct bindings *b, const struct binding_wish *wish, struct binding_holder *holder)
{
	enum binding_fault fault = wish_fault(b, wish);
	bool outside = ntohl(wish->addr4.s_addr) - b->config.pool_first >= b->config.pool_size;
	struct nat64_slot *slot;
	uint32_t index;
	int64_t found;

	if (fault == BINDING_OK)
		fault = make_way(b, wish, holder);
	if (fault != BINDING_OK)
		return fault;
	found = outside ? claim_outside(b) : bindings_find4(b, wish->addr4);
	if (found < 0)
		return BINDING_EXTERN_FULL;
	index = found;
	slot = &b->slots[index];
	if (!outside && !swap_state(slot, NAT64_SLOT_FREE, NAT64_SLOT_CLAIMED))
		return held(b, index, holder, BINDING_ADDR4_HELD);
	slot->addr6 = wish->addr6;
	slot->addr4 = wish->addr4.s_addr;
	slot->csum_diff = csum_fold((__u64)(BE_FORCE __u32)slot->addr4 + csum_minus(&slot->addr6, 4));
	slot->last_seen = wish->seen;
	slot->flags = wish->from_config ? NAT64_SLOT_CONFIG : 0;
	slot->generation++;
	if (bpf_map_update_elem(b->clients_fd, &wish->addr6, &index, BPF_NOEXIST) ||
	    (outside && bpf_map_update_elem(b->extern_fd, &slot->addr4, &index, BPF_NOEXIST))) {
		int error = errno;

		__atomic_store_n(&slot->state, NAT64_SLOT_FREE, __ATOMIC_RELEASE);
		errno = error;
		return error == EEXIST ? BINDING_ADDR6_HELD : BINDING_FAILED;
	}
	__atomic_store_n(&slot->state, wish->is_static ? NAT64_SLOT_STATIC : NAT64_SLOT_DYNAMIC, __ATOMIC_RELEASE);
	if (!wish->is_static) {
		quota_change(b, &wish->addr6, 1);
		__atomic_fetch_add(&b->alloc->used, 1, __ATOMIC_ACQ_REL);
		return BINDING_OK;
	}
	if (outside)
		b->config.extern_count++;
	else
		b->config.capacity--;
	return write_config(b) ? BINDING_FAILED : BINDING_OK;
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
	case BINDING_ADDR4_HELD:
		return fmt("%s holds it%s", inet_ntop(AF_INET6, &holder->addr6, text, sizeof(text)),
			   holder->is_static ? " by a static map" : "");
	case BINDING_ADDR6_HELD:
		return fmt("the client holds %s%s", inet_ntop(AF_INET, &holder->addr4, text, sizeof(text)),
			   holder->is_static ? " by a static map" : "");
	case BINDING_EXTERN_FULL:
		return fmt("there are %d addresses outside the pool already, the most possible", NAT64_EXTERN_MAX);
	case BINDING_OUTSIDE:
		return "the address lies outside the pool";
	case BINDING_FAILED:
		return strerror(errno);
	}
	return NULL;
}

void bindings_use(const struct bindings *b, struct bindings_use *use)
{
	uint32_t reserved = 0;

	*use = (struct bindings_use){};
	for (uint32_t i = 0; i < b->count; i++) {
		switch (state_of(&b->slots[i])) {
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

/* The addresses that no client gets; `capacity` follows. */
static int reserve(struct bindings *b)
{
	uint32_t last = b->config.pool_size - 1, own = ntohl(b->config.own4) - b->config.pool_first, statics = 0;

	for (uint32_t i = 0; i <= last; i++) {
		struct nat64_slot *slot = &b->slots[i];
		bool wanted = !i || i == last || i == own;

		if (wanted && slot->state != NAT64_SLOT_RESERVED) {
			bindings_remove(b, i);
			if (!swap_state(slot, NAT64_SLOT_FREE, NAT64_SLOT_RESERVED))
				return -EAGAIN;
		} else if (!wanted && slot->state == NAT64_SLOT_RESERVED) {
			__atomic_store_n(&slot->state, NAT64_SLOT_FREE, __ATOMIC_RELEASE);
		}
		statics += slot->state == NAT64_SLOT_STATIC;
	}
	b->config.capacity = b->config.pool_size - 2 - (own > 0 && own < last) - statics;
	return write_config(b);
}

static bool is_in_config(const struct config *config, const struct nat64_slot *slot)
{
	for (size_t i = 0; i < config->static_count; i++)
		if (config->statics[i].addr4.s_addr == slot->addr4 &&
		    !memcmp(&config->statics[i].addr6, &slot->addr6, sizeof(slot->addr6)))
			return true;
	return false;
}

int bindings_settle(struct bindings *b, const struct config *config)
{
	int error = reserve(b);

	if (error)
		return log_fail(EXIT_FAILED, strerror(-error), "try again", "%s: cannot reserve addresses",
				b->instance);
	for (uint32_t i = 0; i < b->count; i++)
		if (b->slots[i].state == NAT64_SLOT_STATIC && b->slots[i].flags & NAT64_SLOT_CONFIG &&
		    !is_in_config(config, &b->slots[i]))
			bindings_remove(b, i);
	for (size_t i = 0; i < config->static_count; i++) {
		struct binding_wish wish = { config->statics[i].addr4, config->statics[i].addr6, true, true, true, 0 };
		struct binding_holder holder = {};
		char four[INET_ADDRSTRLEN], six[INET6_ADDRSTRLEN];
		const char *why = binding_fault_text(bindings_add(b, &wish, &holder), &holder);

		if (why)
			return log_fail(EXIT_FAILED, why, fmt("nat64-bpf map del %s the other one, or change the line",
							      b->instance),
					"%s: static = %s %s: refused", b->instance,
					inet_ntop(AF_INET, &wish.addr4, four, sizeof(four)),
					inet_ntop(AF_INET6, &wish.addr6, six, sizeof(six)));
	}
	return 0;
}
