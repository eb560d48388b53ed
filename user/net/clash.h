/* SPDX-License-Identifier: GPL-2.0-only */
/* May a pool be used on this host, and is the prefix free of native routes? Pure: lists in, a
 * finding out. */
#pragma once

#include "netlink.h"
#include "prefix.h"

#define CLASH_TEXT 96

struct clash_host {		     /* as nl_addrs() and nl_routes() read them */
	const struct nl_addr *addrs; /* those of other families are skipped */
	size_t addr_count;
	const struct nl_route *routes; /* of all tables */
	size_t route_count;
};

enum clash_kind {
	CLASH_NONE,
	CLASH_ADDRESS, /* the pool holds an address of the host */
	CLASH_NETWORK, /* it holds or equals a connected network, or lies inside one */
	CLASH_ROUTE,   /* it holds or equals a route */
};

struct clash {
	enum clash_kind kind;
	struct net4 net; /* the address, network or route */
	bool inside;	 /* the pool lies inside that network */
	uint32_t index;	 /* its interface, 0: none or several */
	uint32_t table;	 /* of a route */
};

/* The first clash of a pool with the host. Not counted: own4/32 on interface `index`, and what the
 * instance on it has set itself (routes of protocol NAT64_RTPROT through it, and the local route of
 * own4). A route through a gateway that contains the pool is no clash, nor is any default route. */
struct clash clash_pool(const struct net4 *pool, struct in_addr own4, uint32_t index,
			const struct clash_host *host);

/* As text: "it holds this host's address 10.1.2.3". Returns buf, of CLASH_TEXT bytes. */
const char *clash_text(const struct clash *clash, char *buf);

/* All networks in use, for net4_free(). 0 or -ENOMEM; to be freed. */
int clash_taken(const struct clash_host *host, struct net4 **taken, size_t *count);

/* The first native IPv6 route inside a translation prefix, which the clients' packets would not
 * take; NULL: none. */
const struct nl_route *clash_native_route(const struct net6 *prefix, const struct nl_route *routes,
					  size_t count);
