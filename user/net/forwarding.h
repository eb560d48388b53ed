/* SPDX-License-Identifier: GPL-2.0-only */
/* IPv4 forwarding of the host, on and back. Functions return 0 or -errno and say nothing. */
#pragma once

#include <stdio.h>

/* IPv4 forwarding, docs/design.md 3.3: writing net/ipv4/ip_forward flips conf/NAME/forwarding of
 * every interface and conf/all/accept_redirects too, so what it overwrites goes into the file UNDO
 * first (fsync, rename). 1: switched on; 0: it was on already. */
int forwarding_enable(const char *undo);

/* Is it on, and no restore was cut short? 1, 0. */
int forwarding_is_on(const char *undo);

/* Puts back what UNDO holds, where the value is still the one that forwarding_enable() left;
 * removes UNDO. 0 also if there is no UNDO. */
int forwarding_restore(const char *undo);

/* Writes what forwarding_restore() would do as lines of sysctl(8), those that change something;
 * changes nothing. */
int forwarding_show(const char *undo, FILE *out);
