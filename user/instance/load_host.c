/* SPDX-License-Identifier: GPL-2.0-only */
/* Steps of a load on the host: forwarding, nftables, addresses, neighbours, routes. */
#include "attach.h"
#include "forwarding.h"
#include "load_steps.h"

#include <arpa/inet.h>
#include <errno.h>
#include <zlib.h>

#include "cleanup.h"
#include "datapath.h"
#include "log.h"
#include "paths.h"
#include "sysctl.h"
#include "text.h"
#include "xdp.h"

/* The placeholder neighbour's address: locally administered, never on a wire. */
static const uint8_t placeholder_mac[6] = { 0x02, 'n', 'a', 't', '6', '4' };

/* IPv4 forwarding. */
int step_forwarding(struct load *load)
{
	char undo[PATH_MAX];
	long on = 0;
	int status;

	snprintf(undo, sizeof(undo), "%s/.host.undo", dir_run());
	if (load_show(load)) {
		if (!sysctl_get("net/ipv4/ip_forward", &on) && on)
			return 0;
		fprintf(load_show(load), "sysctl -w net.ipv4.ip_forward=1\n");
		return 1;
	}
	status = forwarding_enable(undo);
	return status < 0 ? step_failed(status, "cannot switch IPv4 forwarding on",
					"net.ipv4.ip_forward") :
			    status;
}

/* What an earlier load of this instance left on another interface, or with another own4. The record
 * that has it is replaced behind this step: who is killed in it does it again. */
int step_move(struct load *load)
{
	const struct instance *instance = load->instance;
	const struct record *old = &instance->record;
	bool moved = old->ifindex && old->ifindex != instance->link.index;
	int changed = 0;

	if (old->own4.s_addr && (moved || old->own4.s_addr != instance->own4.s_addr)) {
		if (load_show(load))
			fprintf(load_show(load), "ip address del %s/32 dev %s\n",
				text_addr4(old->own4), old->interface);
		else
			nl_addr4_take(old->ifindex, old->own4);
		changed = 1;
	}
	if (!moved)
		return changed;
	if (load_show(load)) {
		fprintf(load_show(load), "# detach from interface %u %s\n", old->ifindex,
			old->interface);
		return 1;
	}
	if (old->xdp && xdp_detach(instance->config.name, old->ifindex))
		return -1;
	attach_remove(instance->config.name, old->ifindex, old->clsact);
	for (size_t i = 0; i < old->route_count; i++)
		nl_route4_del(&(struct pool_route){ .dst = old->routes[i], .index = old->ifindex });
	if (old->neighbour)
		nl_neigh4_del(old->ifindex, (struct in_addr){ inet_addr(PLACEHOLDER4) });
	return 1;
}

int step_nft(struct load *load)
{
	struct instance *instance = load->instance;
	_free_ char *text = NULL;
	size_t len = 0;
	struct nft_spec spec;
	uint32_t crc;
	FILE *out;
	int error;

	instance_nft(instance, &spec);
	out = open_memstream(&text, &len);
	if (!out)
		return step_failed(-errno, "cannot write the nft table", instance->config.name);
	error = nft_render(&spec, 1, out);
	if (fclose(out) || error)
		return step_failed(error ? error : -errno, "cannot write the nft table",
				   instance->config.name);
	crc = crc32(0, (const void *)text, len);
	if (crc == load->next.nft && nft_present(spec.instance) == 1)
		return 0;
	if (load_show(load)) {
		fprintf(load_show(load), "nft -f - <<'EOF'\n%sEOF\n", text);
		return 1;
	}
	if (load->next.nft) { /* who is killed behind nft_apply() leaves no sum of another table */
		load->next.nft = 0;
		error = record_write(instance->config.name, &load->next);
		if (error)
			return step_failed(error, "cannot write the record", dir_run());
	}
	if (nft_apply(&spec))
		return -1;
	load->next.nft = crc;
	return 1;
}

/* own4 on the interface: the kernel takes no `src` that is not an address of the host. */
int step_address(struct load *load)
{
	struct instance *instance = load->instance;
	_free_ struct nl_addr *addrs = NULL;
	size_t count = 0;
	int error;

	if (load_show(load)) {
		if (nl_addrs(&addrs, &count))
			return 0;
		for (size_t i = 0; i < count; i++)
			if (addrs[i].family == AF_INET && addrs[i].index == instance->link.index &&
			    addrs[i].len == 32 && addrs[i].addr4.s_addr == instance->own4.s_addr)
				return 0;
		fprintf(load_show(load), "ip address add %s/32 dev %s\n",
			text_addr4(instance->own4), instance->link.name);
		return 1;
	}
	error = nl_addr4_add(instance->link.index, instance->own4);
	if (error == -EEXIST)
		return 0;
	return error ? step_failed(error, textf("cannot add %s/32", text_addr4(instance->own4)),
				   instance->link.name) :
		       1;
}

static struct in_addr via(const struct instance *instance)
{
	return (struct in_addr){ instance->l2 ? inet_addr(PLACEHOLDER4) : 0 };
}

int step_neighbour(struct load *load)
{
	struct instance *instance = load->instance;
	int status;

	if (!instance->l2)
		return 0;
	if (load_show(load)) {
		if (instance->record.neighbour && instance->record.ifindex == instance->link.index)
			return 0;
		fprintf(load_show(load),
			"ip neigh replace %s lladdr 02:6e:61:74:36:34 nud permanent dev %s\n",
			PLACEHOLDER4, instance->link.name);
		return 1;
	}
	status = nl_neigh4_set(instance->link.index, via(instance), placeholder_mac);
	return status < 0 ? step_failed(status, "cannot set the placeholder neighbour",
					instance->link.name) :
			    !status;
}

static bool has_route(const struct record *record, const struct net4 *route)
{
	for (size_t i = 0; i < record->route_count; i++)
		if (record->routes[i].addr.s_addr == route->addr.s_addr &&
		    record->routes[i].len == route->len)
			return true;
	return false;
}

static void show_route(FILE *out, const struct instance *instance, const struct net4 *dst)
{
	char text[NET4_TEXT];

	fprintf(out, "ip route replace %s %sdev %s%s proto %d mtu %u src %s\n",
		net4_text(dst, text), instance->l2 ? "via " PLACEHOLDER4 " " : "",
		instance->link.name, instance->l2 ? " onlink" : "", NAT64_RTPROT,
		instance->route_mtu, text_addr4(instance->own4));
}

struct route_list {
	struct nl_route *routes;
	size_t count;
};

/* The route as it should be is there already. */
static bool route_is_set(const struct instance *instance, const struct net4 *dst,
			 const struct route_list *now)
{
	for (size_t i = 0; i < now->count; i++)
		if (now->routes[i].protocol == NAT64_RTPROT &&
		    now->routes[i].oif == instance->link.index && now->routes[i].len == dst->len &&
		    now->routes[i].dst4.s_addr == dst->addr.s_addr &&
		    now->routes[i].mtu == instance->route_mtu &&
		    now->routes[i].src4.s_addr == instance->own4.s_addr)
			return true;
	return false;
}

static int set_route(struct load *load, const struct net4 *dst)
{
	struct instance *instance = load->instance;
	struct pool_route route = {
		.dst = *dst,
		.index = instance->link.index,
		.mtu = instance->route_mtu,
		.src = instance->own4,
		.via = via(instance),
	};
	char text[NET4_TEXT];
	int status;

	if (load_show(load)) {
		show_route(load_show(load), instance, dst);
		return 0;
	}
	status = nl_route4_set(&route);
	return status < 0 ?
		       step_failed(status, textf("cannot set the route %s", net4_text(dst, text)),
				   instance->link.name) :
		       0;
}

/* Routes of ours that the kernel has and nobody needs, also those that a killed process set. */
static int drop_routes(struct load *load, const struct route_list *now)
{
	const struct instance *instance = load->instance;
	int changed = 0;

	for (size_t i = 0; i < now->count; i++) {
		struct net4 dst = { now->routes[i].dst4, now->routes[i].len };
		char text[NET4_TEXT];

		if (now->routes[i].protocol != NAT64_RTPROT ||
		    now->routes[i].oif != instance->link.index || has_route(&load->next, &dst))
			continue;
		changed = 1;
		if (load_show(load))
			fprintf(load_show(load), "ip route del %s dev %s proto %d\n",
				net4_text(&dst, text), instance->link.name, NAT64_RTPROT);
		else
			nl_route4_del(
				&(struct pool_route){ .dst = dst, .index = instance->link.index });
	}
	return changed;
}

int step_routes(struct load *load)
{
	_free_ struct nl_route *routes = NULL;
	struct route_list now = {};
	int changed = 0, error = nl_routes(AF_INET, &routes, &now.count);

	if (error)
		return step_failed(error, "cannot list IPv4 routes", load->instance->config.name);
	now.routes = routes;
	for (size_t i = 0; i < load->next.route_count; i++) {
		if (route_is_set(load->instance, &load->next.routes[i], &now))
			continue;
		changed = 1;
		if (set_route(load, &load->next.routes[i]))
			return -1;
	}
	return changed | drop_routes(load, &now);
}
