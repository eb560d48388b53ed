/* SPDX-License-Identifier: GPL-2.0-only */
/* The programs at the TC hooks of an interface: attach, replace, detach. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum attach_hook { HOOK_NONE, HOOK_TCX, HOOK_CLSACT };

/* Has the kernel TCX (6.6)? 1, 0, or -EPERM: only CAP_NET_ADMIN may ask. */
int attach_has_tcx(void);

/* Will attach_programs() make a clsact qdisc on the interface? */
bool attach_adds_clsact(uint32_t ifindex);

/* Attaches the pinned programs to the interface, or replaces what is attached there. `clsact_ours`:
 * in, a qdisc of the record is ours; out, it is after this. 1: changed, 0: was so already, -1:
 * said. */
int attach_programs(const char *name, const char *interface, uint32_t ifindex, bool *clsact_ours);

/* Detaches from the interface `ifindex` and removes a clsact qdisc that is ours and holds no other
 * filter. The interface may be gone. 0 or -errno. */
int attach_remove(const char *name, uint32_t ifindex, bool clsact_ours);

/* Does a program of ours hang on the interface by a TCX link? */
bool attach_remains(uint32_t ifindex);

/* How the programs of an instance are attached to an interface. */
enum attach_hook attach_hook(const char *name, uint32_t ifindex);
