/* SPDX-License-Identifier: GPL-2.0-only */
/* The status of an instance as text, and the words that its JSON shares. */
#pragma once

#include <stdio.h>

#include "report.h"

extern const char *const status_words[], *const status_hooks[], *const status_modes[];

const char *status_nat44(const struct report *report);	   /* ok, missing, none */
const char *status_xdp_alone(const struct report *report); /* what XDP without a dispatcher means */

/* The counters of instances from one look of --watch to the next. */
struct status_watch;

/* One screen. `watch`: the list of instances that are watched, NULL at first; then also how fast
 * the counters have counted since the look before, and in the last minutes. NULL: one look. */
void status_text(FILE *out, const struct report *report, struct status_watch **watch);
void status_unwatch(struct status_watch *watch);
