/* SPDX-License-Identifier: GPL-2.0-only */
/* Where things lie, docs/design.md 3.3. */
#pragma once

#include <limits.h>

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

/* bpffs allows no dot in a name, so it is a colon there; instance names hold no colon. */
void path_swap_chars(char *text, char from, char to);
