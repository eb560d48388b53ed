/* SPDX-License-Identifier: GPL-2.0-only */
/* Which instances are loaded, or half loaded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Their names: those with pins or with an undo record. `names`: fresh array of fresh strings,
 * sorted. 0 or -errno. */
int instances_list(char ***names, size_t *count);
int instances_pinned(char ***names, size_t *count); /* only those with pins */
bool instances_is_last(
	const char *name);	   /* none but this is there; false also if that is unknown */
int instances_unlisted(int error); /* says that this failed on `error`, an -errno, and returns -1 */
void instances_free(char **names, size_t count);
