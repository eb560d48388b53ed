/* SPDX-License-Identifier: GPL-2.0-only */
/* The counters of the programs, their names and sentences. */
#pragma once

#include "nat64.h"

/* Sums the counters of all CPUs. 0 or -errno. */
int counters_read(const char *name, struct nat64_counter counters[NAT64_COUNTERS]);

extern const char *const counter_words[NAT64_COUNT_MAX], *const counter_texts[NAT64_COUNT_MAX];
/* Packets for addresses of this host are dropped by our nft table, which counts them. */
#define HOST_DROP "host-destination"

extern const char *const drop_words[NAT64_DROP_MAX], *const drop_texts[NAT64_DROP_MAX];
