/* SPDX-License-Identifier: GPL-2.0-only */
/* The programs and maps of an instance: open the skeleton, load, pin, attach, replace, detach. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "instance.h"
#include "nat64.h"

/* Has what libbpf says kept for the errors of these functions, instead of printed. Once, by main().
 */
void datapath_listen(void);
const char *datapath_heard(void); /* a reason, since datapath_forget(); "" : none */
void datapath_forget(void);

/* Fills in what the programs read. `capacity` is left to the bindings. */
void datapath_config(const struct instance *instance, struct nat64_config *config);

/* CRC-32 of the object built into this program: tells versions apart. */
uint32_t datapath_program(void);

/* Would datapath_load(reuse) change anything in the pinned configuration? */
bool datapath_config_differs(const struct instance *instance);

/* Can the pinned maps go on under this configuration? 1: yes; 0: there are none; -EBADMSG: of
 * another ABI or unreadable; -EEXIST: of another pool, prefix or mapping. */
int datapath_reusable(const struct instance *instance);

enum datapath_hook { HOOK_NONE, HOOK_TCX, HOOK_CLSACT };

/* Loads the programs over fresh maps, or, with `reuse`, over the pinned ones; pins all of it.
 * Attaches nothing. Says what went wrong and returns -1. */
int datapath_load(const struct instance *instance, bool reuse);

/* Has the kernel TCX (6.6)? 1, 0, or -EPERM: only CAP_NET_ADMIN may ask. */
int datapath_has_tcx(void);

/* Will datapath_attach() make a clsact qdisc on the interface? */
bool datapath_adds_clsact(uint32_t ifindex);

/* Attaches the pinned programs to the interface, or replaces what is attached there. `clsact_ours`:
 * in, a qdisc of the record is ours; out, it is after this. 1: changed, 0: was so already, -1:
 * said. */
int datapath_attach(const struct instance *instance, bool *clsact_ours);

/* Detaches from the interface `ifindex` and removes a clsact qdisc that is ours and holds no other
 * filter. The interface may be gone. 0 or -errno. */
int datapath_detach(const char *name, uint32_t ifindex, bool clsact_ours);

/* Does a program of ours hang on the interface by a TCX link? */
bool datapath_still_attached(uint32_t ifindex);

/* Removes all pins. 0 or -errno. */
int datapath_unpin(const char *name);

/* How the programs of an instance are attached to an interface. */
enum datapath_hook datapath_hook(const char *name, uint32_t ifindex);

/* Descriptor of a pinned map, or -errno; says nothing. */
int datapath_map(const char *name, const char *map);

/* Says that datapath_map() was denied on `error`, -EACCES or -EPERM, naming the capabilities that
 * are missing, and returns -1 (exit 4). */
int datapath_denied(int error, const char *name);

/* Reads the pinned configuration. 0; -ENOENT: not loaded; -EBADMSG: another ABI; -errno. */
int datapath_read_config(const char *name, struct nat64_config *config);
