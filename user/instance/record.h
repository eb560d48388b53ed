/* SPDX-License-Identifier: GPL-2.0-only */
/* The record of what load changed on the host, /run/nat64-bpf/NAME.undo: written before the first
 * change, so that unload, or the next load, can mend what a killed one left. */
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datapath.h"
#include "prefix.h"

struct record {
	uint32_t ifindex; /* 0: no record */
	char interface[IFNAMSIZ];
	bool clsact;	     /* the qdisc is ours */
	bool neighbour;	     /* the placeholder neighbour is ours */
	struct in_addr own4; /* the address we added, 0.0.0.0: it was there */
	struct net4 *routes; /* pool, and static maps outside it */
	size_t route_count;
	uint32_t program; /* CRC-32 of the object whose programs are pinned over filled maps, 0:
			     none */
	uint32_t programs[DATAPATH_PROGRAMS]; /* the kernel's numbers of those pinned */
	uint32_t nft;			      /* CRC-32 of the nft table's text, 0: none */
	uint32_t nft_sum;		      /* nft_sum() of the table as load made it */
	uint8_t quota_len; /* bits of the networks that nat64_quota was counted by, 0: unknown */
	uint32_t xdp; /* CRC-32 of the object whose program is, or will be, attached in XDP, 0: none
		       */
	uint32_t left_index; /* an interface that the instance has left, or is about to leave, 0:
				none */
	struct in_addr left_own4; /* address of ours that is to go, on that interface, or on this */
	bool left_clsact;	  /* the qdisc there is ours */
	char xdp_alone[96]; /* why it is not in libxdp's dispatcher, "" : it is, or there is none */
	char fast_fault[96]; /* why there is no fast path, "" : it is on, or not wanted */
};

/* A load was killed, or failed, before fresh maps had been filled: nothing in them is worth
 * keeping. */
static inline bool record_half(const struct record *record)
{
	return record->ifindex && !record->program;
}

/* 0; -ENOENT: none, the record is empty; -errno. */
int record_read(const char *instance, struct record *record);
int record_write(const char *instance, const struct record *record);
int record_remove(const char *instance); /* 0 also if there is none */

/* Before a change: keeps the record, the settings in force and the host-wide values under a second
 * name, so that to go back takes no room. 0 or -errno. */
int record_keep(const char *instance);
void record_back(const char *instance);	     /* the kept ones are in force again */
void record_drop_kept(const char *instance); /* with what a writer left that was killed */
int record_add_route(struct record *record,
		     const struct net4 *route); /* 0, also if it is in; -ENOMEM */
void record_free(struct record *record);
