/* SPDX-License-Identifier: GPL-2.0-only */
/* Which way would packets of clients and the replies take through this host? Asked of the kernel,
 * by route look-ups as those packets have them. */
#include "host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "cleanup.h"
#include "sysctl.h"
#include "text.h"

#define WAYS_OUT 8 /* interfaces towards IPv4 */

/* Servers that every host's routes reach: public resolvers and root name servers, in both halves
 * of the address space. Several, so that each next hop of a multipath route is met. */
static const char *const servers[] = {
	"8.8.8.8",     "9.9.9.9",      "1.1.1.1",      "198.41.0.4",
	"199.7.91.13", "193.0.14.129", "202.12.27.33", "192.5.5.241"
};

#define SERVERS (sizeof(servers) / sizeof(*servers))

struct ways {
	const struct instance *instance;
	struct in_addr client;	/* an address of the pool */
	struct in_addr server;	/* one that the kernel routes */
	uint32_t out[WAYS_OUT]; /* interfaces towards IPv4 */
	size_t out_count;
	struct host_fault *faults;
	size_t count;
};

static void found(struct ways *ways, const char *what, const char *why, const char *fix)
{
	if (ways->count < HOST_FAULTS)
		ways->faults[ways->count++] = (struct host_fault){ what, why, fix };
}

static const char *link_name(uint32_t index)
{
	struct nl_link link;

	return nl_link_by_index(index, &link) ? textf("interface %u", index) :
						textf("%s", link.name);
}

/* Routing sees to `forwarding` of the interface by which a packet comes in. */
static bool forwards(struct ways *ways, const char *name)
{
	long on = 1;

	if (strchr(name, '/') || sysctl_get(textf("net/ipv4/conf/%s/forwarding", name), &on) || on)
		return true;
	found(ways, textf("%s: IPv4 forwarding is off on this interface", name),
	      textf("net/ipv4/conf/%s/forwarding is 0, though net.ipv4.ip_forward is 1", name),
	      textf("sysctl -w net/ipv4/conf/%s/forwarding=1; systemd-networkd: IPv4Forwarding=yes",
		    name));
	return false;
}

/* Is the reverse path filter on, other than loose (2)? */
static bool is_strict(const char *name)
{
	long all = 0, one = 0;

	if (strchr(name, '/'))
		return false;
	sysctl_get("net/ipv4/conf/all/rp_filter", &all);
	sysctl_get(textf("net/ipv4/conf/%s/rp_filter", name), &one);
	return all + one && all != 2 && one != 2;
}

static const char *refusal(int error)
{
	switch (error) {
	case -EXDEV: /* which of the two it is, newer kernels (6.18) do not say */
	case -EINVAL:
		return "a blackhole, or the reverse path filter (rp_filter), drops them";
	case -EACCES:
		return "a prohibit route or rule rejects them";
	case -EHOSTUNREACH:
		return "an unreachable route rejects them";
	case -ENETUNREACH:
		return "there is no route";
	default:
		return strerror(-error);
	}
}

static const char *question(const struct ways *ways, struct in_addr from, struct in_addr to,
			    const char *iif)
{
	return textf("see ip rule, and ip route get %s from %s iif %s", text_addr4(to),
		     text_addr4(from), iif);
}

static void add_out(struct ways *ways, uint32_t oif)
{
	for (size_t i = 0; i < ways->out_count; i++)
		if (ways->out[i] == oif)
			return;
	if (ways->out_count < WAYS_OUT)
		ways->out[ways->out_count++] = oif;
}

/* A table that has an IPv4 default route; 0: none. */
static uint32_t default_table(void)
{
	_free_ struct nl_route *routes = NULL;
	size_t count = 0;

	if (nl_routes(AF_INET, &routes, &count))
		return 0;
	for (size_t i = 0; i < count; i++)
		if (!routes[i].len && routes[i].type == RTN_UNICAST)
			return routes[i].table;
	return 0;
}

/* Packets of clients. False: they do not get out; without a default route they may have no way. */
static bool look_out(struct ways *ways, bool loaded)
{
	const char *vpn = ways->instance->link.name;
	struct in_addr server;
	struct nl_way way;
	int error = 0, first = 0;
	uint32_t elsewhere;

	for (size_t i = 0; i < SERVERS; i++) {
		inet_pton(AF_INET, servers[i], &server);
		error = nl_way4(ways->instance->link.index, ways->client, server, &way);
		if (error && !first)
			first = error;
		if (error)
			continue;
		ways->server = server;
		if (way.oif && way.oif != ways->instance->link.index)
			add_out(ways, way.oif);
	}
	if (ways->server.s_addr)
		return true;
	if (first == -ENETUNREACH && (elsewhere = default_table())) {
		found(ways, textf("packets of clients from %s to IPv4 are not routed", vpn),
		      textf("the default route is in table %u, which no rule asks for them",
			    elsewhere),
		      textf("ip rule add iif %s lookup %u", vpn, elsewhere));
		return false;
	}
	/* before the pool's route is there, the filter sees none back to the source */
	if (first == -ENETUNREACH || (!loaded && is_strict(vpn)))
		return false;
	found(ways, textf("packets of clients from %s to IPv4 are not routed", vpn), refusal(first),
	      question(ways, ways->client, server, vpn));
	return false;
}

/* Replies that come in by an interface towards IPv4. */
static void look_back(struct ways *ways, uint32_t index)
{
	const struct instance *instance = ways->instance;
	const char *wan = link_name(index), *ask;
	char pool[NET4_TEXT];
	struct nl_way way;
	int error = nl_way4(index, ways->server, ways->client, &way);

	net4_text(&instance->config.pool, pool);
	ask = question(ways, ways->server, ways->client, wan);
	if (error)
		found(ways, textf("replies from %s to the pool %s are not routed", wan, pool),
		      refusal(error), ask);
	else if (way.oif != instance->link.index)
		found(ways,
		      textf("replies from %s to the pool %s are not routed to %s", wan, pool,
			    instance->link.name),
		      textf("table %u is asked before table main, and leads to %s", way.table,
			    link_name(way.oif)),
		      textf("ip rule add to %s lookup main pref 1; %s", pool, ask));
}

size_t host_ways(const struct instance *instance, bool loaded,
		 struct host_fault faults[HOST_FAULTS])
{
	struct ways ways = {
		.instance = instance,
		.client = net4_host(&instance->config.pool, 2),
		.faults = faults,
	};
	long on = 0;

	/* off: load turns it on, and with it that of each interface */
	if (sysctl_get("net/ipv4/ip_forward", &on) || !on)
		return 0;
	if (!forwards(&ways, instance->link.name) || !look_out(&ways, loaded))
		return ways.count;
	for (size_t i = 0; i < ways.out_count; i++)
		if (forwards(&ways, link_name(ways.out[i])) && loaded)
			look_back(&ways, ways.out[i]);
	return ways.count;
}
