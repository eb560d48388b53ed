/* SPDX-License-Identifier: GPL-2.0-only */
/* Events of the programs: a line of text, or a JSON document on a line (docs/schema/event.json). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nat64.h"

#define EVENT_LINE 768 /* bytes: the longest line, with its end */

/* Into `buf` of EVENT_LINE bytes, newline at the end. Number of bytes; 0: of a kind that this
 * program does not know. */
size_t event_line(const struct nat64_event *event, const char *instance, bool json, char *buf);

/* `count` events of the instance are missing. */
size_t event_lost_line(uint64_t count, const char *instance, bool json, char *buf);
