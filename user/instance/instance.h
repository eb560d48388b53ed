/* SPDX-License-Identifier: GPL-2.0-only */
/* An instance: the settings in force, and what is derived from the host. */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "datapath.h"
#include "netlink.h"
#include "nft.h"
#include "record.h"
#include "xdp.h"

#define PLACEHOLDER4 "169.254.64.64" /* next hop of the pool route on an Ethernet interface */

#define INSTANCE_DEVICES 9

struct instance {
	struct config config; /* option over config file, or running instance, over default */
	struct record record; /* of the running instance; ifindex 0: there is none */
	bool running;	      /* there are pins or a record */
	struct nl_link link;  /* the interface; index 0: it is absent */
	const char *awaits; /* what may still come at boot: instance_derive() failed for its lack */
	bool l2;	    /* Ethernet: packets have a header in front of IP */
	struct net6 clients[NAT64_CLIENTS_MAX];
	size_t client_count;
	struct in_addr own4;
	struct in6_addr own6;
	uint32_t route_mtu; /* bytes, of the pool route */
	uint32_t mss;	    /* bytes, 0: off */
	char devices[INSTANCE_DEVICES]
		    [IFNAMSIZ]; /* of the flowtable: the interface, then those towards IPv4 */
	size_t device_count;
	const char
		*fast_fault; /* why there is no fast path; NULL: there is one, or none is wanted */
	bool no_timeouts;    /* the kernel has no conntrack timeout objects */
	struct static_map
		*outside; /* static maps in force whose IPv4 address lies outside the pool */
	size_t outside_count;
};

/* Settings of NAME (an instance, an interface, or a config file's path), with OPTIONS (may be NULL)
 * over them. Checks them in themselves. Says what is wrong and returns -1. */
int instance_settings(struct instance *instance, const char *name, const struct config *options);

/* Settings of NAME as it is loaded, as far as they can be known: those of the running instance,
 * else defaults. Says what is wrong and returns -1: a bad name (config.name is empty), or settings
 * that cannot be read. */
int instance_running(struct instance *instance, const char *name);

/* Fills in what comes from the host; only reads. Says what is wrong and returns -1. */
int instance_derive(struct instance *instance);

/* The settings in force are kept in /run/nat64-bpf/NAME.conf while the instance is loaded. 0 or
 * -errno. */
int instance_remember(const struct instance *instance);

/* What datapath_load(), xdp_attach() and nft_apply() need; they point into the instance. */
void instance_datapath(const struct instance *instance, struct datapath_spec *spec);
void instance_xdp(const struct instance *instance, struct xdp_spec *spec);
void instance_nft(const struct instance *instance, struct nft_spec *spec);

/* Static maps whose IPv4 address lies outside the pool. */
bool static_is_outside(const struct config *config, const struct static_map *map);

/* May an interface be served, and how? -1: it may not (loopback). */
int link_is_l2(const struct nl_link *link);

/* Says that the kernel did not give what a command of iproute2 shows too: `error`, an -errno.
 * Returns -1. */
int instance_unread(int error, const char *command, const char *what);

void instance_free(struct instance *instance);
