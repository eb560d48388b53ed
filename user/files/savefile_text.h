/* SPDX-License-Identifier: GPL-2.0-only */
/* What reading and writing the state file share, for savefile*.c alone: its keywords, and the file
 * as text. */
#pragma once

#include "savefile.h"

#define LINE_BYTES   512 /* limit; an entry needs 80 */
#define CRC_WORDS    "# crc32 "
#define STATIC_WORDS "# static "

/* Lines before the dynamic bindings whose flows conntrack may keep for long, by their flags; NULL
 * for none. */
#define FLOWS_MAX 4
extern const char *const savefile_flows_lines[FLOWS_MAX];

extern const char savefile_header[]; /* the comment that a file of ours begins with */

struct savefile_text { /* of a file */
	char *data;    /* ends with a zero byte that is not counted */
	size_t len;
};

/* Reads to the end of a file. 0 or -errno; `data` is to be freed in any case. */
int savefile_text_read(int fd, struct savefile_text *text);

/* The last CRC line that is whole, or what is left of it where its line and the one before have run
 * together. NULL: there is none, so the file is TAYGA's or was cut. */
const char *savefile_crc_line(const struct savefile_text *text);
bool savefile_crc_right(const struct savefile_text *text,
			const char *line); /* is it the last, and right for all before it? */

/* One line of `len` bytes. 1: an entry; 0: nothing; -EINVAL. `copy`: its text, of LINE_BYTES + 1.
 */
int savefile_text_line(const char *line, size_t len, char *copy, struct saved *item);

/* Is it one of savefile_flows_lines? Then `flags` are those of the entries behind it. */
bool savefile_flows(const char *line, uint32_t *flags);

/* Appends; `room`: entries that fit so far, 0 at first. 0 or -ENOMEM. */
int savefile_list_keep(struct saved_list *list, size_t *room, const struct saved *item);
