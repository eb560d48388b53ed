/* SPDX-License-Identifier: GPL-2.0-only */
/* The programs and maps of an instance: open the skeleton, load, pin, attach, replace, detach. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "nat64.h"

/* Has what libbpf says kept for the errors of these functions, instead of printed. Once, by main().
 */
void datapath_listen(void);
const char *datapath_heard(void); /* a reason, since datapath_forget(); "" : none */
void datapath_forget(void);

/* What the programs of an instance are to be. */
struct datapath_spec {
	const char *name;	    /* of the instance */
	bool l2;		    /* packets have an Ethernet header in front of IP */
	struct nat64_config config; /* all but seed, capacity and extern_count */
};

/* CRC-32 of the object built into this program: distinguishes versions. */
uint32_t datapath_program(void);

/* Would datapath_load(reuse) change anything in the pinned configuration? */
bool datapath_config_differs(const struct datapath_spec *spec);

/* Can the pinned maps go on under this configuration? 1: yes; 0: there are none, or one is missing;
 * -EBADMSG: of another ABI or unreadable; -EEXIST: of another pool, prefix or mapping. */
int datapath_reusable(const struct datapath_spec *spec);

/* This process stays: datapath_load() then works in a child, since libbpf needs twice the size of
 * the kernel's BTF, some 11 MiB, for a moment. */
void datapath_stay_small(void);

/* Loads the programs over fresh maps, or, with `reuse`, over the pinned ones; pins all of it.
 * Attaches nothing. Says what went wrong and returns -1. */
int datapath_load(const struct datapath_spec *spec, bool reuse);

/* Writes the settings into the pinned maps. Says what went wrong and returns -1. */
int datapath_write_config(const struct datapath_spec *spec);

/* The kernel's numbers of the pinned programs, 0: not there. */
#define DATAPATH_PROGRAMS 3
void datapath_program_ids(const char *name, uint32_t ids[DATAPATH_PROGRAMS]);

/* All pins of an instance and its settings, to go back to; what they hold lives as long as this
 * does. NULL: no memory. */
struct datapath_saved *datapath_save(const char *name);

/* Makes the pins those again, but for that of the XDP program, and the settings in them. 0 or
 * -errno. */
int datapath_restore(const char *name, const struct datapath_saved *saved);
void datapath_saved_free(struct datapath_saved *saved); /* NULL: nothing */

/* Removes all pins. 0 or -errno. */
int datapath_unpin(const char *name);

/* Descriptor of a pinned map, or -errno; says nothing. */
int datapath_map(const char *name, const char *map);

/* Reports why the maps of an instance could not be opened or read on `error`, and returns -1.
 * -ENOENT: it is not loaded (exit 3); -EACCES, -EPERM: the capabilities that are missing (exit 4);
 * else they are from another version, or damaged (exit 1). */
int datapath_fail(int error, const char *name);

/* Reads the pinned configuration. 0; -ENOENT: not loaded; -EBADMSG: another ABI; -errno. */
int datapath_read_config(const char *name, struct nat64_config *config);
