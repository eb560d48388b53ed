/* SPDX-License-Identifier: GPL-2.0-only */
/* load and unload as lists of reversible steps (docs/design.md, decision 13): each step looks, and
 * changes only what is not so already; so the next load or unload mends what a killed one left. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "instance.h"

struct load_options {
	bool lenient; /* mending, rolling back: without XDP rather than not at all */
	bool replace; /* a change of pool, prefix or mapping is wanted */
	FILE *show;   /* --dry-run: write here what would be done, change nothing; NULL: do it */
};

/* Brings an instance up whose settings and host facts are known. 1: something was changed, 0: it
 * was so already, -1: said; the instance is as it was before. */
int instance_up(struct instance *instance, const struct load_options *options);

/* Takes an instance down, or what is left of one. 1: changed, 0: there was nothing, -1: said, the
 * rest was done. */
int instance_down(const char *name, FILE *show);

/* Makes routes and nft table of a running instance follow `instance->outside`, its static maps
 * outside the pool; the instance is derived. `show`: as above. 0, or -1: said. */
int instance_outside(struct instance *instance, FILE *show);
