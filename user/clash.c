/* SPDX-License-Identifier: GPL-2.0-only */
/* Does the pool, or the prefix, get in the way of what this host has already? */
#include "clash.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>

#include "cleanup.h"
#include "log.h"

/* "set --pool 10.64.0.0/20, which is free here" */
static const char *free_pool(const struct config *config, const struct nl_addr *addrs, size_t addr_count,
			     const struct nl_route *routes, size_t route_count)
{
	_free_ struct net4 *taken = calloc(addr_count + route_count + 1, sizeof(*taken));
	struct net4 found;
	char text[NET4_TEXT];
	size_t n = 0;

	for (size_t i = 0; taken && i < addr_count; i++)
		if (addrs[i].family == AF_INET)
			taken[n++] = (struct net4){ addrs[i].peer4, addrs[i].len };
	for (size_t i = 0; taken && i < route_count; i++)
		if (routes[i].len)
			taken[n++] = (struct net4){ routes[i].dst4, routes[i].len };
	for (size_t i = 0; i < n; i++)
		taken[i].addr.s_addr &= mask4(taken[i].len).s_addr;
	if (!taken || !net4_free(config->pool.len, taken, n, &found))
		return "choose a network that this host does not use: pool = ...";
	return fmt("pool = %s is free here: --pool %s", net4_text(&found, text), text);
}

static bool is_ours(const struct nl_route *route, uint32_t index)
{
	return route->protocol == NAT64_RTPROT && route->oif == index;
}

/* What a network of ours meets among the routes; NULL: nothing. `lone`: one address, which may lie in a
 * connected network. */
static const char *route_in_the_way(const struct net4 *ours, bool lone, uint32_t index,
				    const struct nl_route *routes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct net4 dst = { routes[i].dst4, routes[i].len };
		char text[NET4_TEXT];

		if (!dst.len || is_ours(&routes[i], index) || !net4_overlap(ours, &dst) ||
		    (routes[i].table == RT_TABLE_LOCAL && routes[i].protocol == RTPROT_KERNEL))
			continue;
		net4_text(&dst, text);
		if (dst.len >= ours->len)
			return dst.len == ours->len ? fmt("this host has a route for just that: %s", text) :
						      fmt("this host has a route inside it: %s", text);
		if (!routes[i].gateway && routes[i].type == RTN_UNICAST && !lone)
			return fmt("it lies inside %s, a network connected to this host", text);
	}
	return NULL;
}

static const char *addr_in_the_way(const struct net4 *ours, uint32_t index, struct in_addr own4,
				   const struct nl_addr *addrs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct nl_addr *a = &addrs[i];
		char text[INET_ADDRSTRLEN];

		if (a->family != AF_INET || (a->index == index && a->len == 32 && a->addr4.s_addr == own4.s_addr))
			continue;
		if (net4_has(ours, a->addr4))
			return fmt("this host has the address %s", inet_ntop(AF_INET, &a->addr4, text, sizeof(text)));
		if (net4_has(ours, a->peer4))
			return fmt("this host has a neighbour %s",
				   inet_ntop(AF_INET, &a->peer4, text, sizeof(text)));
	}
	return NULL;
}

int clash_pool(const struct config *config, uint32_t index, struct in_addr own4, const struct nl_addr *addrs,
	       size_t addr_count, const struct nl_route *routes, size_t route_count)
{
	char text[NET4_TEXT];
	const char *why = addr_in_the_way(&config->pool, index, own4, addrs, addr_count);

	if (!why)
		why = route_in_the_way(&config->pool, false, index, routes, route_count);
	if (why)
		return log_fail(EXIT_FAILED, why, free_pool(config, addrs, addr_count, routes, route_count),
				"pool = %s is in use on this host", net4_text(&config->pool, text));
	for (size_t i = 0; i < config->static_count; i++) {
		struct net4 one = { config->statics[i].addr4, 32 };

		if (net4_has(&config->pool, one.addr))
			continue;
		why = addr_in_the_way(&one, index, own4, addrs, addr_count);
		if (!why)
			why = route_in_the_way(&one, true, index, routes, route_count);
		if (why)
			return log_fail(EXIT_FAILED, why, "give the client another address",
					"static = %s ...: in use on this host",
					inet_ntop(AF_INET, &one.addr, text, sizeof(text)));
	}
	return 0;
}

int clash_prefix(const struct net6 *prefix, const struct nl_route *routes, size_t route_count)
{
	char inside[NET6_TEXT], text[NET6_TEXT];
	int found = 0;

	for (size_t i = 0; i < route_count; i++) {
		struct net6 dst = { routes[i].dst6, routes[i].len };

		if (dst.len < prefix->len || !net6_overlap(prefix, &dst) || routes[i].table == RT_TABLE_LOCAL)
			continue;
		found++;
		log_warn("clients' packets to the prefix are translated before routing, so this route does not see them",
			 "give those hosts addresses outside the prefix, or remove the route",
			 "route %s lies inside the prefix %s", net6_text(&dst, inside), net6_text(prefix, text));
	}
	return found;
}
