/* SPDX-License-Identifier: GPL-2.0-only */
/* Text to settings: the keys that can be given more than once. */
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "config_parse.h"
#include "log.h"
#include "text.h"

int put_clients(struct put *put)
{
	static const char *const theirs =
		"give the network that the VPN hands its clients addresses from";
	struct config *config = put->config;
	struct net6 net, meant, *list;
	char text[NET6_TEXT];

	if (put_network6(put, &net))
		return -1;
	if (IN6_IS_ADDR_MULTICAST(&net.addr) || (IN6_IS_ADDR_LINKLOCAL(&net.addr) && net.len >= 10))
		return put_bad(put,
			       "packets from multicast and link-local addresses are not forwarded",
			       theirs, "cannot be a network of clients");
	meant = put_around6(put, 64);
	if (!strchr(put->value, '/'))
		return put_bad(
			put,
			"without a length it is one address: no other client could use the translator",
			net6_overlap(&meant, &config->prefix) ?
				theirs :
				put_fix(put, net6_text(&meant, text)),
			"has no length");
	for (size_t i = 0; i < config->client_count; i++)
		if (config->clients[i].len == net.len && net6_has(&net, &config->clients[i].addr))
			return put_bad(put, "each network is named once", "keep one of the two",
				       "is given twice");
	if (config->client_count == NAT64_CLIENTS_MAX)
		return put_bad(put,
			       textf("an instance has at most %d networks of clients",
				     NAT64_CLIENTS_MAX),
			       "name a larger network that holds several of them",
			       "is one too many");
	if (put_whole6(put, net6_overlap(&net, &config->prefix) ? theirs : NULL))
		return -1;
	list = put_append(config->clients, &config->client_count, &net, sizeof(net));
	if (!list)
		return -1;
	config->clients = list;
	return 0;
}

int put_static(struct put *put)
{
	char first[INET6_ADDRSTRLEN], second[INET6_ADDRSTRLEN], rest;
	struct config *config = put->config;
	struct static_map map, *list;
	struct in6_addr addr6;

	if (sscanf(put->value, "%45s %45s %c", first, second, &rest) != 2)
		return put_bad(
			put,
			"a static map is an IPv4 address and an IPv6 address, with a space between",
			put_fix(put, "192.168.240.50 fd00::50"), "is not a static map");
	if (inet_pton(AF_INET6, first, &addr6) == 1 && !strchr(second, ':')) {
		if (put_address4(put, second, ADDR4_CLIENT, &map.addr4) ||
		    put_address6(put, first, &map.addr6))
			return -1;
		return put_bad(put, "the IPv4 address comes first",
			       put_fix(put, textf("%s %s", second, first)),
			       "is the wrong way round");
	}
	if (put_address4(put, first, ADDR4_CLIENT, &map.addr4) ||
	    put_address6(put, second, &map.addr6))
		return -1;
	for (size_t i = 0; i < config->static_count; i++) {
		const struct static_map *other = &config->statics[i];
		bool same4 = other->addr4.s_addr == map.addr4.s_addr;
		bool same6 = IN6_ARE_ADDR_EQUAL(&other->addr6, &map.addr6);

		if (same4 && same6)
			return put_bad(put, "each static map is given once", "keep one of the two",
				       "is given twice");
		if (same4 || same6)
			return put_bad(
				put,
				textf("%s has a static map already, so packets could not be told apart",
				      same4 ? first : second),
				"keep one map for each IPv4 address and for each IPv6 address",
				"contradicts another static map");
	}
	list = put_append(config->statics, &config->static_count, &map, sizeof(map));
	if (!list)
		return -1;
	config->statics = list;
	return 0;
}

int put_private(struct put *put)
{
	struct config *config = put->config;
	bool given = config->given & 1ull << KEY_PRIVATE;
	struct net4 net, *list;
	const char *fault;

	if (put_is(put, 0) || put_is(put, 1)) {
		if (given)
			return put_bad(
				put,
				"`private` is deny, or allow, or a list of networks that are allowed",
				"keep the networks (all others are denied), or the one word",
				"contradicts what was given before");
		config->private_allow = put_is(put, 1);
		return 0;
	}
	if (!isdigit((unsigned char)*put->value)) {
		int number;

		return put_choice(put, &number);
	}
	if (put_network4(put, &net))
		return -1;
	fault = net4_fault(&net, ADDR4_TARGET);
	if (fault)
		return put_bad(put, textf("%s: such addresses are never translated", fault),
			       "leave this line out", "cannot be allowed");
	if (given && !config->private_count)
		return put_bad(put,
			       textf("`private = %s` was given before",
				     config->private_allow ? "allow" : "deny"),
			       "keep the networks (all others are denied), or the one word",
			       "contradicts what was given before");
	for (size_t i = 0; i < config->private_count; i++)
		if (config->private_ok[i].len == net.len &&
		    net4_has(&net, config->private_ok[i].addr))
			return put_bad(put, "each network is named once", "keep one of the two",
				       "is given twice");
	if (config->private_count == NAT64_PRIVATE_MAX)
		return put_bad(put, textf("at most %d networks can be allowed", NAT64_PRIVATE_MAX),
			       "name larger networks that hold several of them", "is one too many");
	if (put_whole4(put))
		return -1;
	list = put_append(config->private_ok, &config->private_count, &net, sizeof(net));
	if (!list)
		return -1;
	config->private_ok = list;
	return 0;
}

int put_wan(struct put *put)
{
	struct config *config = put->config;
	bool given = config->given & 1ull << KEY_WAN, automatic = !strcmp(put->value, "auto");
	char name[IFNAMSIZ] = "", (*list)[IFNAMSIZ];

	if (automatic ? given : given && !config->wan_count)
		return put_bad(put, "`wan` is auto, or a list of interfaces",
			       "keep the interfaces, or `auto`",
			       "contradicts what was given before");
	if (automatic)
		return 0;
	if (put_interface(put, name))
		return -1;
	if (strpbrk(name, "*?["))
		return put_bad(put, "only `interface` takes a pattern",
			       "name each interface by itself", "is a pattern");
	for (size_t i = 0; i < config->wan_count; i++)
		if (!strcmp(config->wan[i], name))
			return put_bad(put, "each interface is named once", "keep one of the two",
				       "is given twice");
	list = put_append(config->wan, &config->wan_count, name, sizeof(name));
	if (!list)
		return -1;
	config->wan = list;
	return 0;
}
