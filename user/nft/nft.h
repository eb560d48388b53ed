/* SPDX-License-Identifier: GPL-2.0-only */
/* The nftables part of an instance: one table inet nat64_bpf_NAME with NAT44, guards, conntrack
 * timeouts and the flowtable (libnftables). Touched as a whole, in one transaction. docs/design.md,
 * decisions 11, 12, 16, 18. */
#pragma once

#include <jansson.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config.h"
#include "prefix.h"

struct nft_spec {
	const char *instance;
	uint32_t ifindex; /* of the VPN interface: rules hold numbers, names are hostile */
	struct net4 pool;
	struct in_addr own4;
	const struct static_map *outside; /* statics whose IPv4 address lies outside the pool */
	size_t outside_count;
	enum nat44_mode nat44;
	struct in_addr snat_first, snat_last;
	bool guard;
	bool host_allow;
	uint64_t min_lease; /* seconds */
	bool no_timeouts;   /* this kernel has no ct timeout objects: nft_timeout_fault() */
	const char (*devices)[IFNAMSIZ]; /* flowtable: VPN and wan interfaces; NULL: no fast path */
	size_t device_count;
	uint64_t in64, out46; /* packets translated so far: where slow_64 and slow_46 begin with the
				 fast path */
};

/* Writes a table as an nft script. One instance: its own table, nat64_bpf_NAME, as nft_apply()
 * makes it where there is none yet. Several: one table, nat64_bpf, that they share. 0 or -errno. */
int nft_render(const struct nft_spec *specs, size_t count, FILE *out);

/* Makes or replaces the table; counters keep their values, and ct timeout objects stay: taking one
 * away would give its flows the kernel's timeouts back. `sum` (may be NULL): nft_sum() of it. 0, or
 * -errno after saying what nft said (log_fail). */
int nft_apply(const struct nft_spec *spec, uint32_t *sum);

/* Keeps two children ready, until nft_spare_end(): when no other can be had any more (EAGAIN), they
 * run what nft_restore() needs. 0 or -errno. */
int nft_spare(void);
void nft_spare_end(void);

int nft_delete(const char *instance); /* 0, also if there is none; 1: deleted; -errno */

/* The table as it is, to go back to: a value of jansson's, to be released by json_decref(). 0;
 * -ENOENT: there is none, which is NULL; -errno. */
int nft_save(const char *instance, json_t **saved);

/* Makes the table again what it was, in one transaction; NULL: deletes it. Counters continue at
 * their saved values. 0 or -errno. */
int nft_restore(const char *instance, const json_t *saved);

/* A checksum of all that the kernel lists of the table, without handles and counts: it differs once
 * the table was edited. 1; 0: there is no table; -errno. */
int nft_sum(const char *instance, uint32_t *sum);

/* The counters of the table: a word each, which is its name in nft too. */
/* clang-format off */
#define NFT_COUNTS(X) \
	X(host)		/* targets that are the gateway's own: host-destination */ \
	X(guarded)	/* unsolicited from outside */ \
	X(leaked)	/* un-NATed, dropped */ \
	X(slow_64)	/* not on the fast path, counted while there is one: packets from clients */ \
	X(slow_46)	/* and to clients, those of the gateway itself included */
/* clang-format on */

struct nft_counts { /* packets */
#define X(name) uint64_t name;
	NFT_COUNTS(X)
#undef X
	bool there;
	bool flowtable; /* flows go by the fast path */
};
int nft_counts(const char *instance, struct nft_counts *counts); /* zeros if there is no table */

/* Does this kernel have what a table needs? Tried in a transaction that the kernel checks but does
 * not commit. NULL: yes, else why not (static text). */
const char *nft_flowtable_fault(const char (*devices)[IFNAMSIZ],
				size_t count); /* flowtables on these devices */
const char *nft_timeout_fault(void);	       /* ct timeout objects */
const char *nft_base_fault(void);	       /* all else: nftables, NAT, conntrack, fib, reject */
