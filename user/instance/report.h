/* SPDX-License-Identifier: GPL-2.0-only */
/* The condition of a loaded instance: what status, stats and doctor report. Only reads. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bindings.h"
#include "counters.h"
#include "datapath.h"
#include "load.h"
#include "nat64.h"
#include "nft.h"
#include "xdp.h"

enum report_state { STATE_TRANSLATING, STATE_DEGRADED, STATE_WAITING };

#define REPORT_FAULTS 16

struct report {
	struct instance instance; /* settings of the running instance */
	struct nat64_config config;
	struct nl_link link; /* index 0: absent */
	struct attach_look attach;
	enum report_state state;
	struct plan plan; /* changes that a load would make */
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
	int nft_error; /* -errno: the table cannot be read */
	bool nft_whole;
	bool fast;	      /* the flowtable is on */
	const char *fast_why; /* why not, NULL: switched off, or on */
	unsigned int flows;   /* that are on it */
};

/* Reads settings and counters. Says "not loaded" (exit 3) or what went wrong and returns -1. */
int report_read(const char *name, struct report *report);

/* Looks at each part, for state and faults. Says what went wrong and returns -1. */
int report_look(struct report *report);

/* The same where the host was asked already: report->instance is derived. */
int report_look_derived(struct report *report);

/* What cannot be told without CAP_NET_ADMIN is not to be told as zeros: 0, or -1 (exit 4) if it was
 * so. */
int report_permitted(const struct report *report);
void report_free(struct report *report);

/* Packets and bytes of a direction, NAT64_COUNT_IN64 or _OUT46, that took the fast path: those
 * translated less those that the slow path saw; of the bytes as large a part as of the packets. */
struct nat64_counter report_fast(const struct report *report, enum nat64_count count);
