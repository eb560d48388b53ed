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

/* Attaches the pinned programs to the interface, or replaces what is attached there. 1: changed, 0:
 * was so already, -1: said. */
int attach_programs(const char *name, const char *interface, uint32_t ifindex);

/* What is at our places of the hooks of an interface. */
struct attach_look {
	enum attach_hook hook; /* how both are attached; HOOK_NONE: one or none is */
	bool any;	       /* at least one is */
	bool current;	       /* both are the pinned programs, and no others */
};
void attach_look(const char *name, uint32_t ifindex, struct attach_look *look);

/* What is there, to go back to: the links, which stay attached as long as this is held, the
 * programs, the qdisc. NULL: no memory. */
struct attach_saved *attach_save(const char *name, uint32_t ifindex);

/* Attaches again what was attached, by the links that there were, and detaches what came since; the
 * pins of links are datapath_restore()'s. 0 or -errno. */
int attach_restore(const struct attach_saved *saved);
void attach_saved_free(struct attach_saved *saved); /* NULL: nothing */

/* Detaches from the interface `ifindex` and removes a clsact qdisc that is ours and holds no other
 * filter. The interface may be gone. 0 or -errno. */
int attach_remove(const char *name, uint32_t ifindex, bool clsact_ours);

/* The same for filters alone: of an interface that the instance has left. */
int attach_leave(uint32_t ifindex, bool clsact_ours);

/* The interface that the pinned TCX links are on; 0: there are none. */
uint32_t attach_index(const char *name);

/* Does a program of ours hang on the interface by a TCX link? */
bool attach_remains(uint32_t ifindex);
