/* SPDX-License-Identifier: GPL-2.0-only */
/* An instance: the settings in force, and what is derived from the host. */
#include "instance.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fnmatch.h>
#include <linux/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "caps.h"
#include "cleanup.h"
#include "clock.h"
#include "file.h"
#include "log.h"
#include "paths.h"
#include "counters.h"
#include "csum.h"
#include "text.h"

/* Instance name of a config file: its last part without .conf. */
static int name_of_path(const char *path, char name[NAME_LEN_MAX + 1])
{
	const char *last = strrchr(path, '/') + 1;
	size_t len = strlen(last);

	if (len > 5 && !strcmp(last + len - 5, ".conf"))
		len -= 5;
	if (len > NAME_LEN_MAX)
		len = NAME_LEN_MAX + 1;
	if (len > NAME_LEN_MAX || !len)
		return log_fail(EXIT_USAGE,
				"the instance is named after the file, with 1 to 15 characters",
				"rename the file", "%s: not a name for an instance", path);
	memcpy(name, last, len);
	name[len] = 0;
	return 0;
}

/* Name of the instance that a NAME of the command line means; default settings and the record of
 * it. */
static int begin(struct instance *instance, const char *given)
{
	char name[NAME_LEN_MAX + 1], pins[PATH_MAX];

	*instance = (struct instance){};
	if (strchr(given, '/')) {
		if (name_of_path(given, name))
			return -1;
	} else {
		if (!config_name_check(given))
			return -1;
		snprintf(name, sizeof(name), "%s", given);
	}
	if (!config_name_check(name))
		return -1;
	config_default(&instance->config, name);
	record_read(name, &instance->record);
	instance->running = instance->record.ifindex || !path_look(path_pins(pins, name));
	return 0;
}

int instance_settings(struct instance *instance, const char *given, const struct config *options)
{
	struct config *config = &instance->config;
	char path[PATH_MAX];

	if (begin(instance, given))
		return -1;
	if (strchr(given, '/')) {
		if (config_read(config, given))
			return -1;
	} else if (!path_look(path_conf(path, config->name))) {
		if (config_read(config, path))
			return -1;
	} else if (instance->running && !path_look(path_run(path, config->name, "conf"))) {
		if (config_read(config, path))
			return -1;
	}
	if (options && config_overlay(config, options))
		return -1;
	return config_check(config);
}

int instance_running(struct instance *instance, const char *given)
{
	char path[PATH_MAX], pins[PATH_MAX];
	int error;

	if (begin(instance, given))
		return -1;
	error = path_look(path_run(path, instance->config.name, "conf"));
	if (error == -EACCES && path_look(path_pins(pins, instance->config.name)) != -ENOENT)
		return caps_fail(error, NEED_WRITE /* for the pins, too */, NULL,
				 "%s: cannot be read", path);
	return error ? 0 : config_read(&instance->config, path);
}

int instance_unread(int error, const char *command, const char *what)
{
	return caps_fail(error, NEED_NET_ADMIN,
			 textf("try again; if %s fails too, the kernel or a sandbox denies it",
			       command),
			 "cannot read %s", what);
}

int link_is_l2(const struct nl_link *link)
{
	if (link->type == ARPHRD_LOOPBACK)
		return -1;
	return link->type == ARPHRD_ETHER;
}

/* The one interface that holds an address in `clients`. */
static int link_by_clients(const struct config *config, const struct nl_addr *addrs, size_t count,
			   struct nl_link *link)
{
	uint32_t found = 0;
	int error;

	for (size_t i = 0; i < count; i++) {
		bool inside = false;

		for (size_t c = 0; c < config->client_count && addrs[i].family == AF_INET6; c++)
			inside |= net6_has(&config->clients[c], &addrs[i].addr6);
		if (!inside || addrs[i].index == found)
			continue;
		if (found)
			return log_fail(EXIT_FAILED,
					"more than one interface has an address in `clients`",
					"name it: interface = IFACE",
					"%s: interface = auto matches several interfaces",
					config->name);
		found = addrs[i].index;
	}
	if (!found)
		return log_fail(EXIT_FAILED,
				config->client_count ? "no interface has an address in `clients`" :
						       "interface = auto needs `clients`",
				"start the VPN, or name the interface: interface = IFACE",
				"%s: interface = auto matches no interface", config->name);
	error = nl_link_by_index(found, link);
	return error ? instance_unread(error, "ip link", textf("interface %u", found)) : 0;
}

/* The one interface that a pattern matches. */
static int link_by_pattern(const struct config *config, struct nl_link *link)
{
	_free_ struct nl_link *links = NULL;
	char list[256] = "";
	size_t count = 0, found = 0, len = 0;
	int error = nl_links(&links, &count);

	if (error)
		return instance_unread(error, "ip link", "the interfaces");
	for (size_t i = 0; i < count; i++) {
		if (fnmatch(config->interface, links[i].name, 0))
			continue;
		*link = links[i];
		found++;
		if (len < sizeof(list) - IFNAMSIZ - 2)
			len += sprintf(list + len, "%s%s", len ? " " : "", links[i].name);
	}
	if (found == 1)
		return 0;
	if (!found)
		return log_fail(EXIT_FAILED, "no interface matches it", "start the VPN first",
				"%s: interface = %s must match exactly one interface", config->name,
				config->interface);
	return log_fail(EXIT_FAILED, textf("it matches %zu: %s", found, list),
			"name one of them: interface = IFACE",
			"%s: interface = %s must match exactly one interface", config->name,
			config->interface);
}

/* The table of a VRF is asked before table main, where the pool's route is, and what comes in by
 * the interface is shown to netfilter once more, as coming in by the VRF. */
static int check_vrf(const struct nl_link *link)
{
	struct nl_link master;

	if (!link->master || nl_link_by_index(link->master, &master) || strcmp(master.kind, "vrf"))
		return 0;
	return log_fail(EXIT_FAILED,
			"the pool's route is in table main, and packets of a VRF do not meet it",
			textf("ip link set dev %s nomaster; ip rule add iif %s lookup TABLE routes "
			      "its packets by the VRF's table",
			      link->name, link->name),
			"%s: cannot be served in the VRF %s", link->name, master.name);
}

static int find_link(struct instance *instance, const struct nl_addr *addrs, size_t count)
{
	const struct config *config = &instance->config;
	struct nl_link *link = &instance->link;
	int error;

	if (!strcmp(config->interface, "auto")) {
		if (link_by_clients(config, addrs, count, link))
			return -1;
	} else if (strpbrk(config->interface, "*?[")) {
		if (link_by_pattern(config, link))
			return -1;
	} else {
		error = nl_link_by_name(config->interface, link);
		if (error == -ENODEV)
			return log_fail(EXIT_FAILED, "there is no interface of that name",
					"start the VPN first, or name its interface: interface = "
					"IFACE; ip -br link lists them",
					"%s: interface absent", config->interface);
		if (error)
			return instance_unread(error, "ip link",
					       textf("interface %s", config->interface));
	}
	if (link_is_l2(link) < 0)
		return log_fail(EXIT_FAILED,
				"it is the loopback interface, which has no clients behind it",
				"name the interface of the VPN", "%s: cannot be the VPN interface",
				link->name);
	if (check_vrf(link))
		return -1;
	if (link->mtu < NAT64_MIN_MTU)
		return log_fail(EXIT_FAILED,
				textf("its MTU is %u, and IPv6 needs 1280 (RFC 8200, 5)",
				      link->mtu),
				textf("ip link set dev %s mtu 1280, or more", link->name),
				"%s: MTU too small", link->name);
	if (!(link->flags & IFF_UP)) {
		instance->awaits = "the link";
		return log_fail(EXIT_FAILED,
				"it is down, and the kernel accepts no route through it",
				textf("ip link set dev %s up", link->name), "%s: interface is down",
				link->name);
	}
	instance->l2 = link_is_l2(link);
	return 0;
}

/* `clients` as given, else the interface's own networks. */
static int find_clients(struct instance *instance, const struct nl_addr *addrs, size_t count)
{
	const struct config *config = &instance->config;
	const char *name = instance->link.name;
	size_t hosts = 0, n = config->client_count;

	if (n > NAT64_CLIENTS_MAX)
		return log_fail(EXIT_USAGE,
				textf("there are %zu, the maximum is %d", n, NAT64_CLIENTS_MAX),
				"give larger networks", "%s: too many `clients`", config->name);
	if (n) {
		memcpy(instance->clients, config->clients, n * sizeof(*config->clients));
		instance->client_count = n;
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		const struct nl_addr *a = &addrs[i];
		struct net6 net = net6_of(&a->addr6, a->len);
		bool known = false;

		if (a->family != AF_INET6 || a->index != instance->link.index ||
		    IN6_IS_ADDR_LINKLOCAL(&a->addr6))
			continue;
		if (a->len == 128) {
			hosts++;
			continue;
		}
		for (size_t c = 0; c < n; c++)
			known |= net6_has(&instance->clients[c], &net.addr) &&
				 instance->clients[c].len == net.len;
		if (!known && n < NAT64_CLIENTS_MAX)
			instance->clients[n++] = net;
	}
	instance->client_count = n;
	if (n)
		return 0;
	instance->awaits = "an IPv6 address";
	return log_fail(EXIT_FAILED,
			hosts ? "it has only /128 addresses, which give no network of clients" :
				"it has no IPv6 address that would give the clients' network",
			"set it: --clients fd00::/64, or clients = fd00::/64 in the config file",
			"%s: cannot tell which networks are its clients", name);
}

static int find_own(struct instance *instance, const struct nl_addr *addrs, size_t count)
{
	const struct config *config = &instance->config;

	instance->own4 = config->own4.s_addr ? config->own4 : net4_host(&config->pool, 1);
	instance->own6 = config->own6;
	for (size_t i = 0; i < count && addr6_is_zero(&instance->own6); i++) {
		if (addrs[i].family != AF_INET6 || addrs[i].index != instance->link.index)
			continue;
		for (size_t c = 0; c < instance->client_count; c++)
			if (net6_has(&instance->clients[c], &addrs[i].addr6))
				instance->own6 = addrs[i].addr6;
	}
	if (addr6_is_zero(&instance->own6)) {
		instance->awaits = "an IPv6 address";
		return log_fail(EXIT_FAILED,
				"it has no IPv6 address in `clients`, and ICMPv6 errors to clients "
				"need a source",
				"set it: --own6 fd00::1, or own6 = fd00::1 in the config file",
				"%s: no IPv6 address for the translator", instance->link.name);
	}
	for (size_t i = 0; i < config->static_count; i++)
		if (!memcmp(&config->statics[i].addr6, &instance->own6, sizeof(instance->own6)))
			return log_fail(EXIT_FAILED,
					"it is the translator's own IPv6 address, own6",
					"give the client another address, or set own6",
					"%s: a static map for the translator itself", config->name);
	return 0;
}

static int find_mtu(struct instance *instance)
{
	const struct config *config = &instance->config;
	uint32_t most = instance->link.mtu - 20;

	instance->route_mtu = config->mtu ? config->mtu : instance->link.mtu - 28;
	if (instance->route_mtu > most)
		return log_fail(EXIT_FAILED,
				textf("an IPv4 packet of %u bytes grows by 20 as IPv6, and the MTU "
				      "of %s is %u",
				      instance->route_mtu, instance->link.name, instance->link.mtu),
				textf("mtu = auto, or at most %u (%u leaves room for Fragment "
				      "Headers)",
				      most, most - 8),
				"mtu = %u: too large", instance->route_mtu);
	instance->mss = config->mss_clamp < 0 ? instance->route_mtu - 40 :
						(uint32_t)config->mss_clamp;
	return 0;
}

static void add_device(struct instance *instance, const char *name)
{
	if (instance->device_count == INSTANCE_DEVICES)
		return;
	for (size_t i = 0; i < instance->device_count; i++)
		if (!strcmp(instance->devices[i], name))
			return;
	snprintf(instance->devices[instance->device_count++], IFNAMSIZ, "%s", name);
}

/* Interfaces towards IPv4: `wan` as far as it is there, else those of the default routes. */
static int add_wan(struct instance *instance)
{
	const struct config *config = &instance->config;
	_free_ struct nl_route *routes = NULL;
	size_t count = 0;
	struct nl_link link;
	int error;

	for (size_t i = 0; i < config->wan_count; i++)
		if (!nl_link_by_name(config->wan[i], &link))
			add_device(instance, link.name);
	if (config->wan_count)
		return 0;
	error = nl_routes(AF_INET, &routes, &count);
	for (size_t i = 0; i < count; i++)
		if (!routes[i].len && routes[i].oif && !nl_link_by_index(routes[i].oif, &link))
			add_device(instance, link.name);
	return error;
}

/* What this kernel's nftables can do for the instance. */
static int find_fast_path(struct instance *instance)
{
	const struct config *config = &instance->config;
	int error;

	instance->no_timeouts = nft_timeout_fault();
	if (!config->fastpath_auto)
		return 0;
	add_device(instance, instance->link.name);
	error = add_wan(instance);
	if (error)
		return instance_unread(error, "ip route", "the IPv4 routes");
	if (instance->device_count < 2)
		instance->fast_fault = config->wan_count ?
					       "none of the interfaces in `wan` exists" :
					       "there is no IPv4 default route; set `wan`";
	else
		instance->fast_fault = nft_flowtable_fault(instance->devices,
							   instance->device_count);
	return 0;
}

/* mapping = linear: client N of the one network <-> pool + N. */
static int check_linear(const struct instance *instance)
{
	const struct config *config = &instance->config;
	const struct net6 *net = &instance->clients[0];
	uint32_t size = net4_size(&config->pool);

	if (!config->linear)
		return 0;
	if (instance->client_count != 1)
		return log_fail(EXIT_FAILED,
				textf("client N of the network becomes pool + N, and there are %zu "
				      "networks",
				      instance->client_count),
				"clients = the one network",
				"%s: mapping = linear needs one `clients` network", config->name);
	if (net->len <= 96 || 1ull << (128 - net->len) > size)
		log_warn(textf("the network has more addresses than the pool's %u", size),
			 "number the clients from its beginning, or enlarge `pool`",
			 "%s: mapping = linear: clients from number %u on have no address",
			 config->name, size);
	return 0;
}

int instance_derive(struct instance *instance)
{
	_free_ struct nl_addr *addrs = NULL;
	size_t count = 0;
	int error = nl_addrs(&addrs, &count);

	if (error)
		return instance_unread(error, "ip address", "the addresses");
	instance->awaits = NULL;
	if (find_link(instance, addrs, count) || find_clients(instance, addrs, count) ||
	    find_own(instance, addrs, count) || find_mtu(instance) || find_fast_path(instance))
		return -1;
	return check_linear(instance);
}

int instance_remember(const struct instance *instance)
{
	char path[PATH_MAX];
	_free_ char *text = config_text(&instance->config);

	return text ? file_write(path_run(path, instance->config.name, "conf"), text, strlen(text),
				 0644) :
		      -ENOMEM;
}

bool static_is_outside(const struct config *config, const struct static_map *map)
{
	return !net4_has(&config->pool, map->addr4);
}

/* docs/design.md, decision 18: what the flowtable may keep. */
#define FAST_LEASE (86400 * NS_PER_S)

static struct nat64_net6 abi_net6(const struct net6 *net)
{
	return (struct nat64_net6){ net->addr, mask6(net->len) };
}

static uint32_t abi_flags(const struct instance *instance)
{
	const struct config *given = &instance->config;
	const struct {
		bool set;
		uint32_t flag;
	} all[] = {
		{ given->private_allow, NAT64_PRIVATE_ALLOW },
		{ prefix_is_well_known(&given->prefix), NAT64_WELL_KNOWN },
		{ given->hairpin_allow, NAT64_HAIRPIN_ALLOW },
		{ given->host_allow, NAT64_HOST_ALLOW },
		{ given->linear, NAT64_LINEAR },
		{ !given->echo_errors, NAT64_ECHO_SILENT },
		{ given->tos_64 >= 0, NAT64_TOS_64_FIXED },
		{ given->tos_46_zero, NAT64_TOS_46_ZERO },
		{ given->fastpath_auto && !instance->fast_fault, NAT64_FLOWTABLE },
	};
	uint32_t flags = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (all[i].set)
			flags |= all[i].flag;
	return flags;
}

static void abi_config(const struct instance *instance, struct nat64_config *config)
{
	const struct config *given = &instance->config;

	*config = (struct nat64_config){
		.abi = NAT64_ABI,
		.flags = abi_flags(instance),
		.prefix = abi_net6(&given->prefix),
		.prefix_len = given->prefix.len,
		.prefix_csum = csum_fold(csum_words(&given->prefix.addr, 4)),
		.own6 = instance->own6,
		.own4 = instance->own4.s_addr,
		.pool_first = ntohl(given->pool.addr.s_addr),
		.pool_size = net4_size(&given->pool),
		.vpn_mtu = instance->link.mtu,
		.mss = instance->mss,
		.icmp_rate = given->icmp_rate,
		.tos_64 = given->tos_64 >= 0 ? given->tos_64 : 0,
		.udp_zero = given->udp_zero,
		.quota = given->quota,
		.quota_len = given->quota_length,
		.min_lease = given->min_lease * NS_PER_S,
		.fast_lease = FAST_LEASE,
		.max_lease = given->max_lease * NS_PER_S,
		.client_count = instance->client_count,
		.private_count = given->private_count,
	};
	for (size_t i = 0; i < instance->client_count; i++)
		config->client[i] = abi_net6(&instance->clients[i]);
	for (size_t i = 0; i < given->private_count && i < NAT64_PRIVATE_MAX; i++)
		config->private_ok[i] = (struct nat64_net4){
			given->private_ok[i].addr.s_addr, mask4(given->private_ok[i].len).s_addr
		};
}

void instance_datapath(const struct instance *instance, struct datapath_spec *spec)
{
	*spec = (struct datapath_spec){ .name = instance->config.name, .l2 = instance->l2 };
	abi_config(instance, &spec->config);
}

void instance_xdp(const struct instance *instance, struct xdp_spec *spec)
{
	*spec = (struct xdp_spec){
		.name = instance->config.name,
		.interface = instance->link.name,
		.ifindex = instance->link.index,
		.l2 = instance->l2,
		.mode = instance->config.xdp,
	};
}

void instance_nft(const struct instance *instance, struct nft_spec *spec)
{
	const struct config *config = &instance->config;

	*spec = (struct nft_spec){
		.instance = config->name,
		.ifindex = instance->link.index,
		.pool = config->pool,
		.own4 = instance->own4,
		.outside = instance->outside,
		.outside_count = instance->outside_count,
		.nat44 = config->nat44,
		.snat_first = config->snat_first,
		.snat_last = config->snat_last,
		.guard = config->guard,
		.host_allow = config->host_allow,
		.min_lease = config->min_lease,
		.no_timeouts = instance->no_timeouts,
	};
	if (config->fastpath_auto && !instance->fast_fault) {
		struct nat64_counter counters[NAT64_COUNTERS];

		counters_read(config->name, counters); /* zeros if it is not loaded yet */
		spec->in64 = counters[NAT64_COUNT_IN64].packets;
		spec->out46 = counters[NAT64_COUNT_OUT46].packets;
		spec->devices = instance->devices;
		spec->device_count = instance->device_count;
	}
}

void instance_free(struct instance *instance)
{
	config_free(&instance->config);
	record_free(&instance->record);
	free(instance->outside);
	*instance = (struct instance){};
}
