/* SPDX-License-Identifier: GPL-2.0-only */
/* The condition of a loaded instance: what status, stats and doctor tell. Only reads. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bindings.h"
#include "attach.h"
#include "counters.h"
#include "datapath.h"
#include "instance.h"
#include "nat64.h"
#include "nft.h"
#include "xdp.h"

enum report_state { STATE_TRANSLATING, STATE_DEGRADED, STATE_WAITING };

#define REPORT_FAULTS 8

struct report {
	struct instance instance; /* settings of the running instance */
	struct nat64_config config;
	struct nl_link link; /* index 0: absent */
	enum attach_hook hook;
	enum report_state state;
	struct xdp_look xdp;
	const char *xdp_why; /* why XDP is not in use although it may be, NULL: it is, or is
				switched off */
	struct {
		const char *what, *fix;
	} faults[REPORT_FAULTS];
	size_t fault_count;
	struct bindings_use use;
	struct nat64_counter counters[NAT64_COUNTERS];
	struct nft_counts nft;
	int nft_present;      /* 1, 0, -errno */
	bool fast;	      /* the flowtable is on */
	const char *fast_why; /* why not, NULL: switched off, or on */
	unsigned int flows;   /* that are on it */
};

/* Reads all of it. Says "not loaded" (exit 3) or what went wrong and returns -1. */
int report_read(const char *name, struct report *report);

/* What cannot be told without CAP_NET_ADMIN is not to be told as zeros: 0, or -1 (exit 4) if it was
 * so. */
int report_permitted(const struct report *report);
void report_free(struct report *report);

/* Packets and bytes of a direction, NAT64_COUNT_IN64 or _OUT46, that took the fast path: those
 * translated less those that the slow path saw; of the bytes as large a part as of the packets. */
struct nat64_counter report_fast(const struct report *report, enum nat64_count count);
