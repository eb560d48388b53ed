/* SPDX-License-Identifier: GPL-2.0-only */
/* Bindings of a loaded instance to its state file and back. */
#pragma once

#include "bindings.h"
#include "config.h"
#include "savefile.h"

/* Path of the instance's state file, into `buf` of PATH_MAX bytes. */
const char *state_path(const struct config *config, char *buf);

/* The bindings as they are now: dynamic ones and the static maps made by `map add`, with `all` also
 * those of the settings. 0 or -ENOMEM. */
int state_collect(const struct bindings *bindings, bool all, struct saved_list *list);

/* Undoes a change: takes away what was `added`, makes again what was there `before`. */
void state_revert(struct bindings *bindings, const struct saved_list *added,
		  const struct saved_list *before);

/* The wish that a saved binding is. */
struct binding_wish state_wish(const struct saved *item);

/* Saves them. Says what went wrong and returns -1; the old file then is whole. */
int state_save(const struct bindings *bindings, const char *path);

/* Makes bindings from a list, as far as they fit: inside the pool, used within max-lease, not held
 * by others; the one used last wins. Number of those that did not fit. */
size_t state_apply(struct bindings *bindings, struct saved_list *list);

/* Reads the state file into an instance that was just loaded; warns of what is wrong with it. */
void state_restore(struct bindings *bindings, const char *path);
