/* SPDX-License-Identifier: GPL-2.0-only */
/* The TC programs in the form that the running kernel takes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct nat64_tc; /* nat64_tc.skel.h */

/* The object file, `*len` bytes, constant. */
const void *tc_object(size_t *len);

/* Opens it, maps and programs not yet in the kernel; `link_hlen`: bytes of link-layer header, 14 or
 * 0. NULL: errno. */
struct nat64_tc *tc_open(uint32_t link_hlen);
