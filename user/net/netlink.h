/* SPDX-License-Identifier: GPL-2.0-only */
/* Links, addresses, routes and neighbours by rtnetlink, conntrack entries by ctnetlink (libmnl).
 * Functions return 0 or -errno and say nothing, unless noted; lists are to be freed. */
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "prefix.h"

#define NAT64_RTPROT 64 /* route and neighbour protocol number of our own */

struct nl_link {
	uint32_t index;
	char name[IFNAMSIZ];
	uint16_t type;	 /* ARPHRD_ETHER, ARPHRD_NONE ... */
	uint32_t mtu;	 /* bytes */
	uint32_t flags;	 /* IFF_UP ... */
	uint32_t master; /* ifindex, 0: none */
	char kind[16];	 /* "vrf", "veth" ...; "": none is known */
};

struct nl_addr {
	uint32_t index; /* of the interface */
	uint8_t family; /* AF_INET, AF_INET6 */
	uint8_t scope;	/* RT_SCOPE_LINK ... */
	uint8_t len;	/* bits */
	union {		/* the host's own address (IFA_LOCAL), not the peer's */
		struct in_addr addr4;
		struct in6_addr addr6;
	};
	struct in_addr peer4; /* IFA_ADDRESS: equal to addr4 without a peer */
};

struct nl_route {
	uint8_t family;
	uint8_t len; /* bits of dst */
	uint8_t protocol;
	uint8_t type; /* RTN_UNICAST ... */
	uint8_t scope;
	uint32_t table;
	uint32_t oif; /* 0: none or several */
	uint32_t metric;
	uint32_t mtu; /* bytes, 0: none */
	bool gateway; /* goes through one */
	union {
		struct in_addr dst4;
		struct in6_addr dst6;
	};
	struct in_addr src4; /* preferred source, 0.0.0.0: none */
	struct in_addr via4;
};

/* The kernel's own sentence about the last call that failed in this thread, "" if it gave none. */
const char *nl_fault(void);

int nl_links(struct nl_link **links, size_t *count);
int nl_link_by_name(const char *name, struct nl_link *link); /* -ENODEV */
int nl_link_by_index(uint32_t index, struct nl_link *link);  /* -ENODEV */
int nl_addrs(struct nl_addr **addrs, size_t *count);	     /* both families, all interfaces */
int nl_routes(uint8_t family, struct nl_route **routes,
	      size_t *count); /* all tables, no cached clones */

/* ADDR/32 on an interface, scope link, no broadcast. -EEXIST if it is there. */
int nl_addr4_add(uint32_t index, struct in_addr addr);
int nl_addr4_del(uint32_t index, struct in_addr addr); /* -EADDRNOTAVAIL */

/* The same; routes of others through the interface stay, also if it was the last IPv4 address
 * there. */
int nl_addr4_take(uint32_t index, struct in_addr addr);

/* own4 as load sets it: ADDR/32 on the interface. */
bool nl_addr4_is(const struct nl_addr *there, uint32_t index, struct in_addr addr);

/* The route of a pool, or of a static map outside it: protocol NAT64_RTPROT, table main. */
struct pool_route {
	struct net4 dst;
	uint32_t index;	    /* interface */
	uint32_t mtu;	    /* bytes */
	struct in_addr src; /* own4 */
	struct in_addr via; /* 0.0.0.0, or the placeholder neighbour, onlink */
};

/* Is a route of ours, whatever it is like, at the place of the wanted one: the same network, table
 * main, metric 0? And is it exactly the wanted one? */
bool nl_route4_at(const struct nl_route *there, const struct net4 *dst);
bool nl_route4_is(const struct nl_route *there, const struct pool_route *wanted);

/* A route of ours as it is, to be set again. */
struct pool_route nl_route4_copy(const struct nl_route *there);

/* Makes it, -EEXIST if another has this place; or, with `replace`, takes the place of whatever is
 * there. */
int nl_route4_set(const struct pool_route *route, bool replace);
int nl_route4_del(const struct pool_route *route); /* -ESRCH */

/* What the kernel would do with an IPv4 packet that comes in by interface `iif`. 0, or why it would
 * not forward it: -ENETUNREACH no route; -EHOSTUNREACH an unreachable route, or forwarding is off
 * on `iif`; -EINVAL a blackhole, or `src` is an address of this host; -EACCES a prohibit route or
 * rule; -EXDEV, and -EINVAL in newer kernels, the reverse path filter. */
struct nl_way {
	uint8_t type; /* RTN_UNICAST, RTN_LOCAL ... */
	uint32_t oif;
	uint32_t table; /* that the route was found in */
};
int nl_way4(uint32_t iif, struct in_addr src, struct in_addr dst, struct nl_way *way);

/* An IPv4 neighbour. */
struct nl_neigh {
	bool permanent;
	bool ours;	   /* of protocol NAT64_RTPROT */
	uint8_t lladdr[6]; /* zeros: none */
};
int nl_neigh4_get(uint32_t index, struct in_addr addr, struct nl_neigh *neigh); /* -ENOENT */

/* Is it a permanent one of ours with this address? */
bool nl_neigh4_is(const struct nl_neigh *there, const uint8_t lladdr[6]);

/* Makes or replaces it. */
int nl_neigh4_set(uint32_t index, struct in_addr addr, const struct nl_neigh *neigh);
int nl_neigh4_del(uint32_t index, struct in_addr addr); /* -ENOENT */

/* Has the interface a clsact (or ingress) qdisc? 1, 0 or -errno. */
int nl_tc_clsact(uint32_t index);

/* Are there filters at the hooks of an interface's clsact qdisc? Their number and that of their
 * priorities; 0: none; -errno. */
int nl_tc_filters(uint32_t index);

/* Entries whose original source lies in NET and which a flowtable serves. Number of them, or
 * -errno. */
int nl_conntrack_offloaded(const struct net4 *net);

/* Deletes conntrack entries (IPv4) for which `wanted` is true of the source, original or of the
 * replies. Number of them, or -errno. A kernel without ctnetlink has none. */
int nl_conntrack_delete_if(bool (*wanted)(struct in_addr addr, const void *data), const void *data);

/* The same for those that `wanted` hosts began, to others than these, without source NAT: NAT is
 * decided at a flow's first packet, and there was none then. */
int nl_conntrack_delete_un_nated(bool (*wanted)(struct in_addr addr, const void *data),
				 const void *data);

/* Notifications for a resident helper: bits for what to hear. */
enum nl_watch {
	NL_WATCH_LINKS = 1 << 0,
	NL_WATCH_ADDRS = 1 << 1,
	NL_WATCH_ROUTES = 1 << 2,
	NL_WATCH_NFT = 1 << 3,	/* nftables: by table name */
	NL_WATCH_CONF = 1 << 4, /* net/ipv4/conf: forwarding, rp_filter */
};
struct nl_monitor;
int nl_monitor_open(unsigned int watch, struct nl_monitor **monitor);
int nl_monitor_fd(const struct nl_monitor *monitor,
		  unsigned int i); /* i = 0, 1, ...; -1: no more */
/* Reads what is there from descriptor i without waiting: bits of what changed (an overrun sets them
 * all), or -errno. Changes of the nft table named by `own_table` (may be NULL) count only when it
 * is deleted. */
int nl_monitor_read(struct nl_monitor *monitor, unsigned int i, const char *own_table);
void nl_monitor_close(struct nl_monitor *monitor);

/* Makes `table inet TABLE`, which keeps conntrack and NAT at work in this network namespace
 * whatever others flush, and drops what comes from SOURCES, has no source NAT and leaves by another
 * interface than lo or VPN (an ifindex). It lasts as long as the descriptor that is returned; else
 * -errno. */
int nl_hold(const char *table, uint32_t vpn, const struct net4 *sources, size_t count);
