/* SPDX-License-Identifier: GPL-2.0-only */
/* The translator core as native code. */
#pragma once

#include "ctx_buf.h"
#include "maps_native.h"

/* Runs one packet (buf->data, ->len, ->ethertype) as nat64_in / nat64_out would. The verdict is in
 * the counters; `returned`: an own ICMPv6 error is in buf. True: the packet, changed or not, goes
 * on. */
bool core_64(struct ctx_buf *buf);
bool core_46(struct ctx_buf *buf);
