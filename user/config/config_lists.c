/* SPDX-License-Identifier: GPL-2.0-only */
/* Text to settings: the keys that can be given more than once. */
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "config_parse.h"
#include "log.h"
#include "text.h"

/* May the list take one more, and this one? */
static int check_new(const struct put *put, const void *element)
{
	const struct config_key_info *row = &config_keys[put->key];
	size_t count = *config_count(put->config, row);
	const char *list = *config_list(put->config, row);

	for (size_t i = 0; i < count; i++)
		if (config_value_same(row, list + i * row->element, element))
			return put_bad(put, "each is given once", "keep one of the two",
				       "is given twice");
	if (row->max && count == row->max)
		return put_bad(put,
			       textf("%s takes at most %u networks", row->key,
				     (unsigned int)row->max),
			       "name a larger network that holds several of them",
			       "is one too many");
	return 0;
}

static int append(const struct put *put, const void *element)
{
	const struct config_key_info *row = &config_keys[put->key];
	void **list = config_list(put->config, row);
	void *bigger = put_append(*list, config_count(put->config, row), element, row->element);

	if (!bigger)
		return -1;
	*list = bigger;
	return 0;
}

/* A key that takes a word or a list: not both. */
static int check_before(const struct put *put, const struct config_word *word)
{
	const struct config_key_info *row = &config_keys[put->key];
	char before[NET4_TEXT + IFNAMSIZ];

	if (!(put->config->given & 1ull << put->key) || (!word && *config_count(put->config, row)))
		return 0;
	config_value(put->config, put->key, 0, before, sizeof(before));
	return put_bad(put, textf("`%s = %s` was given before", row->key, before),
		       "keep either the list or the single value",
		       "contradicts what was given before");
}

int put_clients(struct put *put)
{
	static const char *const theirs =
		"give the network that the VPN hands its clients addresses from";
	const struct net6 *prefix = &put->config->prefix;
	struct net6 net, meant;
	char text[NET6_TEXT];

	if (put_network6(put, &net))
		return -1;
	if (IN6_IS_ADDR_MULTICAST(&net.addr) || (IN6_IS_ADDR_LINKLOCAL(&net.addr) && net.len >= 10))
		return put_bad(put,
			       "packets from multicast and link-local addresses are not forwarded",
			       theirs, "cannot be a network of clients");
	meant = put_around6(put, 64);
	if (!strchr(put->value, '/'))
		return put_bad(put,
			       "without a length it is one address: no other client could use the "
			       "translator",
			       net6_overlap(&meant, prefix) ? theirs :
							      put_fix(put, net6_text(&meant, text)),
			       "has no length");
	if (check_new(put, &net) || put_whole6(put, net6_overlap(&net, prefix) ? theirs : NULL))
		return -1;
	return append(put, &net);
}

/* An address that has a map already; the same map twice is found before. */
static int check_static(const struct put *put, const struct static_map *map)
{
	const struct config *config = put->config;

	if (check_new(put, map))
		return -1;
	for (size_t i = 0; i < config->static_count; i++) {
		const struct static_map *other = &config->statics[i];
		const char *taken = NULL;

		if (other->addr4.s_addr == map->addr4.s_addr)
			taken = text_addr4(map->addr4);
		else if (IN6_ARE_ADDR_EQUAL(&other->addr6, &map->addr6))
			taken = text_addr6(&map->addr6);
		if (taken)
			return put_bad(put,
				       textf("%s has a static map already, so packets could not be "
					     "told apart",
					     taken),
				       "keep one map for each IPv4 address and for each IPv6 "
				       "address",
				       "contradicts another static map");
	}
	return 0;
}

int put_static(struct put *put)
{
	char first[INET6_ADDRSTRLEN], second[INET6_ADDRSTRLEN], rest;
	struct in6_addr addr6;
	struct static_map map;

	if (sscanf(put->value, "%45s %45s %c", first, second, &rest) != 2)
		return put_bad(put,
			       "a static map is an IPv4 address and an IPv6 address, with a space "
			       "between",
			       put_example(put), "is not a static map");
	if (inet_pton(AF_INET6, first, &addr6) == 1 && !strchr(second, ':')) {
		if (put_address4(put, second, ADDR4_CLIENT, &map.addr4) ||
		    put_address6(put, first, &map.addr6))
			return -1;
		return put_bad(put, "the IPv4 address comes first",
			       put_fix(put, textf("%s %s", second, first)),
			       "has its IPv4 and IPv6 address swapped");
	}
	if (put_address4(put, first, ADDR4_CLIENT, &map.addr4) ||
	    put_address6(put, second, &map.addr6) || check_static(put, &map))
		return -1;
	return append(put, &map);
}

int put_private(struct put *put)
{
	const struct config_word *word = config_key_word(put->key, put->value);
	const char *fault;
	struct net4 net;

	if (word) {
		if (check_before(put, word))
			return -1;
		put->config->private_allow = word->value;
		return 0;
	}
	if (!isdigit((unsigned char)*put->value))
		return put_bad_range(put, NULL);
	if (put_network4(put, &net))
		return -1;
	fault = net4_fault(&net, ADDR4_TARGET);
	if (fault)
		return put_bad(put, textf("%s: such addresses are never translated", fault),
			       "leave this line out", "cannot be allowed");
	if (check_before(put, NULL) || check_new(put, &net) || put_whole4(put))
		return -1;
	return append(put, &net);
}

int put_wan(struct put *put)
{
	const struct config_word *word = config_key_word(put->key, put->value);
	char name[IFNAMSIZ] = "";

	if (check_before(put, word))
		return -1;
	if (word)
		return 0;
	if (put_interface(put, name))
		return -1;
	if (strpbrk(name, "*?["))
		return put_bad(put, "only `interface` takes a pattern",
			       "name each interface by itself", "is a pattern");
	return check_new(put, name) ? -1 : append(put, name);
}
