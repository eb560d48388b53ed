/* SPDX-License-Identifier: GPL-2.0-only */
/* What must hold for every packet that comes out of the translator, whatever went in. */
#pragma once

#include "engine.h"

/* NULL, or what is wrong. Written against the RFCs, not against the core: it shares no code with
 * it. */
const char *invariant_broken(const struct nat64_config *config, bool is_64, const __u8 *in,
			     __u32 len, const struct outcome *out);

/* Gives the ICMP or transport checksum of a packet the right value, if it has one: mutations then
 * get behind the checks of it. */
void invariant_repair(__u8 *packet, __u32 len);
