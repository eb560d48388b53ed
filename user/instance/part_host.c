/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of an instance on the host: forwarding, nftables, addresses, neighbours, routes. */
#include "parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "cleanup.h"
#include "forwarding.h"
#include "instances.h"
#include "log.h"
#include "paths.h"
#include "text.h"

/* The placeholder neighbour: its address is locally administered, never on a wire. */
static const struct nl_neigh placeholder = {
	.permanent = true,
	.ours = true,
	.lladdr = { 0x02, 'n', 'a', 't', '6', '4' },
};

static struct in_addr via(const struct instance *instance)
{
	return (struct in_addr){ instance->l2 ? inet_addr(PLACEHOLDER4) : 0 };
}

/* What is gone already counts as removed. */
static int gone_is_fine(int error)
{
	bool gone = error == -ESRCH || error == -ENODEV || error == -ENOENT ||
		    error == -EADDRNOTAVAIL;

	return gone ? 0 : error;
}

/* IPv4 forwarding, of the whole host: net.ipv4.ip_forward. */

static const char *host_undo(char *buf)
{
	return path_run(buf, "", "host.undo");
}

int forwarding_look(struct plan *plan)
{
	char path[PATH_MAX];

	if (forwarding_is_on(host_undo(path)))
		return 0;
	return plan_add(plan, CHANGE_ALTERED, "sysctl -w net.ipv4.ip_forward=1") ? 0 : -1;
}

int forwarding_left(struct plan *plan)
{
	char path[PATH_MAX];
	_free_ char *lines = NULL;
	size_t len = 0;
	FILE *out;
	int error;

	if (!instances_is_last(plan->instance->config.name))
		return 0;
	if (access(host_undo(path), F_OK)) {
		if (plan->apply)
			forwarding_restore(path); /* removes what a write that was killed left */
		return 0;
	}
	out = open_memstream(&lines, &len);
	error = out ? forwarding_show(path, out) : -errno;
	if (out && fclose(out) && !error)
		error = -errno;
	if (error)
		return part_failed(error, "cannot tell how IPv4 forwarding was",
				   plan->instance->config.name);
	if (len)
		lines[len - 1] = 0;
	return plan_add(plan, CHANGE_STRAY, textf("%s", lines)) ? 0 : -1;
}

int forwarding_apply(struct plan *plan, struct change *change)
{
	char path[PATH_MAX];
	int status;

	host_undo(path);
	if (change->kind == CHANGE_STRAY) {
		status = forwarding_restore(path);
		return status ? part_failed(status, "cannot restore IPv4 forwarding",
					    plan->instance->config.name) :
				0;
	}
	status = forwarding_enable(path);
	return status < 0 ? part_failed(status, "cannot turn on IPv4 forwarding",
					"net.ipv4.ip_forward") :
			    0;
}

int forwarding_undo(struct plan *plan, struct change *change)
{
	char path[PATH_MAX];

	(void)plan;
	(void)change;
	return forwarding_restore(host_undo(path));
}

/* The nftables table. */

int table_look(struct plan *plan)
{
	struct instance *instance = plan->instance;
	const char *name = instance->config.name;
	_free_ char *text = NULL;
	struct nft_spec spec;
	struct change *change;
	uint32_t crc, sum = 0;
	size_t len = 0;
	FILE *out;
	int status;

	if (plan_outside(plan))
		return -1;
	instance_nft(instance, &spec);
	out = open_memstream(&text, &len);
	status = out ? nft_render(&spec, 1, out) : -errno;
	if (out && fclose(out) && !status)
		status = -errno;
	if (status)
		return part_failed(status, "cannot write the nft table", name);
	status = nft_sum(name, &sum);
	if (status < 0)
		return part_failed(status, "cannot read its nft table", name);
	crc = crc32(0, (const void *)text, len);
	if (status && crc == plan->next.nft && sum == plan->next.nft_sum)
		return 0;
	change = plan_add(plan, status ? CHANGE_ALTERED : CHANGE_MISSING,
			  textf("nft table inet nat64_bpf_%s", name));
	if (!change)
		return -1;
	change->script = textf("%s", text);
	return 0;
}

int table_left(struct plan *plan)
{
	const char *name = plan->instance->config.name;
	uint32_t sum;

	if (!nft_sum(name, &sum))
		return 0;
	return plan_add(plan, CHANGE_STRAY, textf("nft delete table inet nat64_bpf_%s", name)) ? 0 :
												 -1;
}

int table_apply(struct plan *plan, struct change *change)
{
	const char *name = plan->instance->config.name;
	struct nft_spec spec;
	int status;

	if (change->kind == CHANGE_STRAY) {
		status = nft_delete(name);
		return status < 0 ? part_failed(status, "cannot delete its nft table", name) : 0;
	}
	status = nft_save(name, &plan->old_table);
	if (status && status != -ENOENT)
		return part_failed(status, "cannot read its nft table", name);
	status = nft_spare(); /* the way back shall need nothing that may be refused then */
	if (status)
		return part_failed(status, "cannot prepare the way back of its nft table", name);
	instance_nft(plan->instance, &spec);
	plan->table_saved = true;
	if (nft_apply(&spec, &plan->next.nft_sum))
		return -1;
	plan->next.nft = crc32(0, (const void *)change->script, strlen(change->script));
	return 0;
}

int table_undo(struct plan *plan, struct change *change)
{
	(void)change;
	if (!plan->table_saved) /* it was not touched, and what it was is not known */
		return 0;
	return nft_restore(plan->instance->config.name, plan->old_table);
}

/* own4 on the interface: the kernel takes no `src` that is not an address of the host. */

int own4_look(struct plan *plan)
{
	const struct instance *instance = plan->instance;
	_free_ struct nl_addr *addrs = NULL;
	size_t count = 0;
	int error = nl_addrs(&addrs, &count);

	if (error)
		return part_failed(error, "cannot list addresses", instance->config.name);
	for (size_t i = 0; i < count; i++)
		if (nl_addr4_is(&addrs[i], instance->link.index, instance->own4))
			return 0;
	return plan_add(plan, CHANGE_MISSING,
			textf("ip address add %s/32 dev %s", text_addr4(instance->own4),
			      instance->link.name)) ?
		       0 :
		       -1;
}

static int add_left_own4(struct plan *plan, uint32_t index, struct in_addr addr)
{
	struct change *change;
	struct nl_link link;

	if (!addr.s_addr || nl_link_by_index(index, &link))
		return 0; /* the interface took it along */
	change = plan_add(plan, CHANGE_STRAY,
			  textf("ip address del %s/32 dev %s", text_addr4(addr), link.name));
	if (!change)
		return -1;
	change->index = index;
	change->addr = addr;
	return 0;
}

int own4_left(struct plan *plan)
{
	const struct record *record = &plan->instance->record;

	if (add_left_own4(plan, record->ifindex, record->own4))
		return -1;
	return add_left_own4(plan, record->left_index, record->left_own4);
}

int own4_apply(struct plan *plan, struct change *change)
{
	const struct instance *instance = plan->instance;
	int error;

	if (change->kind == CHANGE_STRAY) {
		error = gone_is_fine(nl_addr4_take(change->index, change->addr));
		return error ? part_failed(error, "cannot remove its address",
					   instance->config.name) :
			       0;
	}
	error = nl_addr4_add(instance->link.index, instance->own4);
	if (!error || error == -EEXIST)
		return 0;
	return part_failed(error, textf("cannot add %s/32", text_addr4(instance->own4)),
			   instance->link.name);
}

/* Also that of a leftover. */
int own4_undo(struct plan *plan, struct change *change)
{
	const struct instance *instance = plan->instance;
	int error = 0;

	if (change->kind == CHANGE_MISSING)
		return gone_is_fine(nl_addr4_take(instance->link.index, instance->own4));
	if (change->addr.s_addr)
		error = nl_addr4_add(change->index, change->addr);
	return error == -EEXIST ? 0 : error;
}

/* The placeholder neighbour of an Ethernet interface. */

int neighbour_look(struct plan *plan)
{
	const struct instance *instance = plan->instance;
	struct nl_neigh there = {};
	struct change *change;
	int error;

	if (!instance->l2)
		return 0;
	error = nl_neigh4_get(instance->link.index, via(instance), &there);
	if (error && error != -ENOENT)
		return part_failed(error, "cannot read the placeholder neighbour",
				   instance->link.name);
	if (!error && nl_neigh4_is(&there, placeholder.lladdr))
		return 0;
	change = plan_add(plan, there.permanent ? CHANGE_ALTERED : CHANGE_MISSING,
			  textf("ip neigh replace %s lladdr 02:6e:61:74:36:34 nud permanent dev %s "
				"protocol %d",
				PLACEHOLDER4, instance->link.name, NAT64_RTPROT));
	if (!change)
		return -1;
	change->was_neigh = there;
	return 0;
}

int neighbour_left(struct plan *plan)
{
	const struct instance *instance = plan->instance;
	struct change *change;

	if (!instance->record.neighbour || !instance->link.index)
		return 0;
	change = plan_add(plan, CHANGE_STRAY,
			  textf("ip neigh del %s dev %s", PLACEHOLDER4, instance->link.name));
	if (!change)
		return -1;
	change->index = instance->link.index;
	return 0;
}

int neighbour_apply(struct plan *plan, struct change *change)
{
	const struct instance *instance = plan->instance;
	struct in_addr addr = { inet_addr(PLACEHOLDER4) };
	int error;

	if (change->kind == CHANGE_STRAY) {
		error = gone_is_fine(nl_neigh4_del(change->index, addr));
		return error ? part_failed(error, "cannot remove the placeholder neighbour",
					   instance->config.name) :
			       0;
	}
	error = nl_neigh4_set(instance->link.index, addr, &placeholder);
	return error ? part_failed(error, "cannot set the placeholder neighbour",
				   instance->link.name) :
		       0;
}

int neighbour_undo(struct plan *plan, struct change *change)
{
	const struct instance *instance = plan->instance;
	int error = gone_is_fine(nl_neigh4_del(instance->link.index, via(instance)));

	if (error || !change->was_neigh.permanent)
		return error;
	return nl_neigh4_set(instance->link.index, via(instance), &change->was_neigh);
}

/* Routes: of the pool, and of static maps outside it. */

struct route_list {
	struct nl_route *routes;
	size_t count;
};

static int read_routes(const struct plan *plan, struct route_list *now)
{
	int error = nl_routes(AF_INET, &now->routes, &now->count);

	return error ? part_failed(error, "cannot list IPv4 routes", plan->instance->config.name) :
		       0;
}

static const char *route_line(const struct instance *instance, const struct pool_route *route)
{
	const char *form = route->via.s_addr ? "via " PLACEHOLDER4 " dev %s onlink" : "dev %s";
	char dst[NET4_TEXT], way[64];

	snprintf(way, sizeof(way), form, instance->link.name);
	return textf("ip route replace %s %s proto %d mtu %u src %s", net4_text(&route->dst, dst),
		     way, NAT64_RTPROT, route->mtu, text_addr4(route->src));
}

/* One route that is to be there: the only predicate of a route of ours. */
static int look_route(struct plan *plan, const struct net4 *dst, const struct route_list *now)
{
	const struct instance *instance = plan->instance;
	const struct pool_route wanted = {
		.dst = *dst,
		.index = instance->link.index,
		.mtu = instance->route_mtu,
		.src = instance->own4,
		.via = via(instance),
	};
	const struct nl_route *there = NULL;
	struct change *change;

	for (size_t i = 0; i < now->count && !there; i++)
		if (nl_route4_at(&now->routes[i], dst))
			there = &now->routes[i];
	if (there && nl_route4_is(there, &wanted))
		return 0;
	change = plan_add(plan, there ? CHANGE_ALTERED : CHANGE_MISSING,
			  route_line(instance, &wanted));
	if (!change)
		return -1;
	change->route = wanted;
	if (there)
		change->was_route = nl_route4_copy(there);
	return 0;
}

int route_look(struct plan *plan)
{
	struct route_list now = {};
	int status = plan_outside(plan);

	if (!status)
		status = read_routes(plan, &now);
	if (!status)
		status = look_route(plan, &plan->instance->config.pool, &now);
	free(now.routes);
	return status;
}

static bool is_wanted(const struct record *record, const struct nl_route *route)
{
	for (size_t i = 0; i < record->route_count; i++)
		if (record->routes[i].addr.s_addr == route->dst4.s_addr &&
		    record->routes[i].len == route->len)
			return true;
	return false;
}

/* Routes of ours through an interface that nothing needs, also those that a killed process set.
 * `wanted`: of this record, NULL: none. */
static int stray_routes(struct plan *plan, uint32_t index, const struct record *wanted,
			const struct route_list *now)
{
	for (size_t i = 0; i < now->count; i++) {
		const struct nl_route *there = &now->routes[i];
		const struct net4 dst = { there->dst4, there->len };
		char text[NET4_TEXT], name[IF_NAMESIZE];
		struct change *change;

		if (there->protocol != NAT64_RTPROT || there->oif != index ||
		    (wanted && is_wanted(wanted, there)))
			continue;
		change = plan_add(plan, CHANGE_STRAY,
				  textf("ip route del %s dev %s proto %d", net4_text(&dst, text),
					if_indextoname(index, name) ? name : "?", NAT64_RTPROT));
		if (!change)
			return -1;
		change->route = change->was_route = nl_route4_copy(there);
	}
	return 0;
}

int route_look_outside(struct plan *plan)
{
	struct route_list now = {};
	int status = read_routes(plan, &now);

	for (size_t i = 1; i < plan->next.route_count && !status; i++)
		status = look_route(plan, &plan->next.routes[i], &now);
	if (!status)
		status = stray_routes(plan, plan->instance->link.index, &plan->next, &now);
	free(now.routes);
	return status;
}

int route_left(struct plan *plan)
{
	uint32_t index = plan->instance->link.index;
	struct route_list now = {};
	int status = read_routes(plan, &now);

	if (!status && index)
		status = stray_routes(plan, index, NULL, &now);
	free(now.routes);
	return status;
}

int route_apply(struct plan *plan, struct change *change)
{
	char dst[NET4_TEXT];
	int error;

	if (change->kind == CHANGE_STRAY) {
		error = gone_is_fine(nl_route4_del(&change->route));
		return error ? part_failed(error, "cannot remove its routes",
					   plan->instance->config.name) :
			       0;
	}
	error = nl_route4_set(&change->route, change->kind == CHANGE_ALTERED);
	return error ? part_failed(error,
				   textf("cannot set the route %s",
					 net4_text(&change->route.dst, dst)),
				   plan->instance->link.name) :
		       0;
}

int route_undo(struct plan *plan, struct change *change)
{
	(void)plan;
	if (change->kind == CHANGE_MISSING)
		return gone_is_fine(nl_route4_del(&change->route));
	return nl_route4_set(&change->was_route, true);
}

/* What an earlier load left on another interface, or as another own4. Last, when it is sure that
 * the new is whole: the record has both meanwhile. */

int leftovers_look(struct plan *plan)
{
	const struct instance *instance = plan->instance;
	const struct record *next = &plan->next;
	struct change *change;
	struct nl_link link;

	if (add_left_own4(plan, next->left_index, next->left_own4))
		return -1;
	if (!next->left_index || next->left_index == instance->link.index ||
	    nl_link_by_index(next->left_index, &link))
		return 0;
	change = plan_add(plan, CHANGE_STRAY, textf("# detach from %s", link.name));
	if (!change)
		return -1;
	change->index = next->left_index;
	return 0;
}

int leftovers_apply(struct plan *plan, struct change *change)
{
	struct pool_route route = { .index = change->index };

	if (change->addr.s_addr)
		return own4_apply(plan, change);
	attach_leave(change->index, plan->next.left_clsact);
	nl_neigh4_del(change->index, (struct in_addr){ inet_addr(PLACEHOLDER4) });
	for (size_t i = 0; i < plan->instance->record.route_count; i++) {
		route.dst = plan->instance->record.routes[i];
		nl_route4_del(&route);
	}
	return 0;
}
