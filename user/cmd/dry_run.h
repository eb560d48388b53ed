/* SPDX-License-Identifier: GPL-2.0-only */
/* What a --dry-run prints. */
#pragma once

#include <stdio.h>

#include "args.h"

/* Its lines are kept until it is sure that nothing failed: then they are printed as they are, or as
 * JSON. */
struct dry_run {
	FILE *to; /* lines go here, nothing is changed; NULL: it is to be done */
	char *lines;
	size_t len;
};

/* Begins one if --dry-run was given. 0, or -1: said. */
int dry_run_begin(struct dry_run *dry, const struct args *args);

/* Prints what `instance` would do, unless `changed` is below 0: it failed. Nothing if there was
 * none. 0, or -1: said. */
int dry_run_end(struct dry_run *dry, const struct args *args, const char *instance, int changed);
