/* SPDX-License-Identifier: GPL-2.0-only */
/* Does the pool, or the prefix, get in the way of what this host has already? Pure: lists in, words out. */
#pragma once

#include "config.h"
#include "netlink.h"

/* A pool, or a static address outside it, that holds or equals an address, a network or a route of this host, or
 * lies inside a connected network, is an error that offers a free network of the same size. Not counted: own4/32
 * on INDEX, routes of ours there, default routes, routes through a gateway that merely contain the pool. 0 or -1. */
int clash_pool(const struct config *config, uint32_t index, struct in_addr own4, const struct nl_addr *addrs,
	       size_t addr_count, const struct nl_route *routes, size_t route_count);

/* Warns of each native IPv6 route inside the prefix: translation goes before routing. Number of warnings. */
int clash_prefix(const struct net6 *prefix, const struct nl_route *routes, size_t route_count);
