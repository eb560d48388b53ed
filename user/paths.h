/* SPDX-License-Identifier: GPL-2.0-only */
/* Where things lie (docs/design.md 3.3), and the lock that changing verbs hold. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* Folders; NAT64_BPF_STATE_DIR, _CONF_DIR, _PIN_DIR and _RUN_DIR override them. */
const char *dir_state(void);
const char *dir_conf(void);
const char *dir_pin(void);
const char *dir_run(void);

/* `buf` of PATH_MAX bytes; all return buf. */
const char *path_pins(char *buf, const char *instance); /* folder of pins */
const char *path_pin(char *buf, const char *instance, const char *object);
const char *path_conf(char *buf, const char *instance);	 /* /etc/nat64-bpf/NAME.conf */
const char *path_state(char *buf, const char *instance); /* NAME.map */
const char *path_run(char *buf, const char *instance, const char *suffix); /* NAME.undo ... */

/* Is something there, as far as this process, with its capabilities, may look? 0, -ENOENT, -EACCES,
 * -errno. */
int path_look(const char *path);

/* Makes a folder and its parents. 0 or -errno. */
int make_dir(const char *path, unsigned int mode);

/* Writes a file as a whole: temporary file beside it, fsync, rename, fsync of the folder. 0 or
 * -errno; on failure the old one stays and nothing else does. */
int write_file(const char *path, const char *text, size_t len, unsigned int mode);

/* fsync of the folder that a path is in. 0 or -errno. */
int sync_dir_of(const char *path);

/* Takes the lock of /run/nat64-bpf; waits up to 10 s for another nat64-bpf. Says what went wrong
 * and returns -1. */
int lock_take(void);
void lock_release(void);

/* Names of the instances that are loaded or half loaded: those with pins or with an undo record.
 * `names`: fresh array of fresh strings, sorted. 0 or -errno. */
int instances_list(char ***names, size_t *count);
int instances_pinned(char ***names, size_t *count); /* only those with pins */
int instances_unlisted(int error); /* says that this failed on `error`, an -errno, and returns -1 */
void names_free(char **names, size_t count);
