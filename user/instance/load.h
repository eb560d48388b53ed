/* SPDX-License-Identifier: GPL-2.0-only */
/* Load and unload: a walk through the parts of an instance, forward or back. Whatever a process
 * leaves that was killed in it, the next load or unload finds and puts right. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "parts.h"

struct load_options {
	bool lenient; /* repairing: see struct plan */
	bool replace; /* a change of pool, prefix or mapping is wanted */
};

/* Looks what would be changed of an instance whose settings and host facts are known: into `plan`,
 * for plan_free(). 1: something, 0: nothing, -1: said. */
int instance_look(struct instance *instance, const struct load_options *options, struct plan *plan);

/* Brings it up. `plan` has what was changed. 1: something, 0: it was so already; -1: said, and a
 * running instance is as it was before, of another one nothing is left. */
int instance_up(struct instance *instance, const struct load_options *options, struct plan *plan);

/* Takes an instance down, or what is left of one. 1: changed, 0: there was nothing, -1: said, the
 * rest was done. `show`: writes there what would be done, and changes nothing; NULL: does it. */
int instance_down(const char *name, FILE *show);

/* Makes routes and nft table of a running instance follow `instance->outside`, its static maps
 * outside the pool; the instance is derived. `apply`: does it, else only looks. 0, or -1: said, and
 * undone. After it what was applied is held until instance_outside_end(). */
int instance_outside(struct instance *instance, bool apply, struct plan *plan);

/* `keep`: that is to stay; else back to what was there before. */
void instance_outside_end(struct plan *plan, bool keep);
