/* SPDX-License-Identifier: GPL-2.0-only */
/* May a pool be used on this host, and is the prefix free of native routes? */

#include "clash.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>

/* Does `outer` hold or equal `inner`? */
static bool holds(const struct net4 *outer, const struct net4 *inner)
{
	return outer->len <= inner->len && net4_has(outer, inner->addr);
}

/* The network that an address is connected to: the peer's, if it has one. */
static struct net4 connected(const struct nl_addr *addr)
{
	return (struct net4){
		.addr.s_addr = addr->peer4.s_addr & mask4(addr->len).s_addr,
		.len = addr->len,
	};
}

static struct net4 target(const struct nl_route *route)
{
	return (struct net4){ .addr = route->dst4, .len = route->len };
}

static struct clash check_addr(const struct net4 *pool, const struct nl_addr *addr)
{
	struct net4 net = connected(addr);

	if (net4_has(pool, addr->addr4))
		return (struct clash){ .kind = CLASH_ADDRESS,
				       .net = { addr->addr4, 32 },
				       .index = addr->index };
	if (holds(pool, &net) || holds(&net, pool))
		return (struct clash){
			.kind = CLASH_NETWORK,
			.net = net,
			.inside = !holds(pool, &net),
			.index = addr->index,
		};
	return (struct clash){};
}

static struct clash check_route(const struct net4 *pool, const struct nl_route *route)
{
	struct net4 net = target(route);

	if (holds(pool, &net))
		return (struct clash){
			.kind = CLASH_ROUTE,
			.net = net,
			.index = route->oif,
			.table = route->table,
		};
	/* A local route wins over the pool's own, as its table comes first. */
	if (route->len && !route->gateway && holds(&net, pool) &&
	    (route->type == RTN_UNICAST || route->type == RTN_LOCAL))
		return (struct clash){
			.kind = CLASH_NETWORK,
			.net = net,
			.inside = true,
			.index = route->oif,
			.table = route->table,
		};
	return (struct clash){};
}

static bool own_route(const struct nl_route *route, struct in_addr own4, uint32_t index)
{
	if (route->oif != index)
		return false;
	return route->protocol == NAT64_RTPROT ||
	       (route->type == RTN_LOCAL && route->len == 32 && route->dst4.s_addr == own4.s_addr);
}

struct clash clash_pool(const struct net4 *pool, struct in_addr own4, uint32_t index,
			const struct clash_host *host)
{
	struct clash clash = {};

	for (size_t i = 0; i < host->addr_count && !clash.kind; i++) {
		const struct nl_addr *addr = &host->addrs[i];

		if (addr->family == AF_INET &&
		    !(addr->index == index && addr->len == 32 &&
		      addr->addr4.s_addr == own4.s_addr && addr->peer4.s_addr == own4.s_addr))
			clash = check_addr(pool, addr);
	}
	for (size_t i = 0; i < host->route_count && !clash.kind; i++) {
		const struct nl_route *route = &host->routes[i];

		if (route->family == AF_INET && !own_route(route, own4, index))
			clash = check_route(pool, route);
	}
	return clash;
}

const char *clash_text(const struct clash *clash, char *buf)
{
	char net[NET4_TEXT], addr[INET_ADDRSTRLEN];

	net4_text(&clash->net, net);
	switch (clash->kind) {
	case CLASH_NONE:
		*buf = '\0';
		break;
	case CLASH_ADDRESS:
		inet_ntop(AF_INET, &clash->net.addr, addr, sizeof(addr));
		snprintf(buf, CLASH_TEXT, "it contains this host's address %s", addr);
		break;
	case CLASH_NETWORK:
		snprintf(buf, CLASH_TEXT, "it %s the connected network %s",
			 clash->inside ? "lies inside" : "contains", net);
		break;
	case CLASH_ROUTE:
		snprintf(buf, CLASH_TEXT, "it contains this host's route to %s", net);
		break;
	}
	return buf;
}

int clash_taken(const struct clash_host *host, struct net4 **taken, size_t *count)
{
	struct net4 *list = calloc(host->addr_count + host->route_count + 1, sizeof(*list));
	size_t n = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < host->addr_count; i++) {
		if (host->addrs[i].family == AF_INET)
			list[n++] = connected(&host->addrs[i]);
	}
	for (size_t i = 0; i < host->route_count; i++) {
		if (host->routes[i].family == AF_INET && host->routes[i].len)
			list[n++] = target(&host->routes[i]);
	}
	*taken = list;
	*count = n;
	return 0;
}

const struct nl_route *clash_native_route(const struct net6 *prefix, const struct nl_route *routes,
					  size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (routes[i].family == AF_INET6 && routes[i].type == RTN_UNICAST &&
		    routes[i].len >= prefix->len && net6_has(prefix, &routes[i].dst6))
			return &routes[i];
	}
	return NULL;
}
