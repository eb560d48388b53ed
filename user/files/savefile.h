/* SPDX-License-Identifier: GPL-2.0-only */
/* The state file of an instance, docs/design.md 3.3: bindings in the format of TAYGA's dynamic.map,
 * our own facts in comments, a CRC-32 (zlib) over all of it as the last line. */
#pragma once

#include <limits.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct saved {
	struct in_addr addr4;
	struct in6_addr addr6;
	int64_t seen;	  /* seconds since 1970; for a static map 0 */
	bool is_static;	  /* made by `map add`: "# static V4 V6" */
	bool from_config; /* a static map of the settings: exported, not saved */
	uint32_t flags;	  /* of a dynamic one: NAT64_SLOT_REPLIED, NAT64_SLOT_LONG */
	uint32_t line;	  /* of the file it was read from, 0: none */
};

struct saved_list {
	struct saved *items;
	size_t count;
	size_t bad_lines; /* skipped: not of the format; line numbers of the first ones are logged
			   */
	size_t lost_statics; /* "# static" lines of a file whose CRC is wrong */
	bool set_aside;	     /* that file is PATH.bad now */
};

/* Reads a file. 0; -ENOENT: none (list empty); -EBADMSG: it is damaged and was renamed to PATH.bad,
 * where the folder allows it; the list is empty but for lost_statics; other -errno. A file without
 * the CRC line is read line by line, a last line without newline is dropped, bad lines are named by
 * log_warn() (at most 10) and counted. */
int savefile_read(const char *path, struct saved_list *list);

/* The same for a file that the user gives (`map import`, also of a PATH.bad), "-" for standard
 * input: it stays where it is, and is read whatever its CRC; `damaged` is set if that is wrong.
 * Says the first bad line, or that an address is there twice, and returns -1. */
int savefile_import(const char *path, struct saved_list *list, bool *damaged);

/* The file that a path leads to, as there or as it would be made: a symbolic link stays. 0;
 * -ENOTSUP: there is a device, FIFO or socket; -EISDIR; -errno. */
int savefile_target(const char *path, char real[PATH_MAX]);

/* Writes all of it: temporary file beside it, fsync, rename, fsync of the folder. On any failure
 * (-errno) the old file is whole and no temporary file is left. The folder is made (0755) if it is
 * missing. It goes to savefile_target(). */
int savefile_write(const char *path, const struct saved *items, size_t count);

/* The same for a file that the user gives: no folder is made, and a device or FIFO is written to.
 */
int savefile_export(const char *path, const struct saved *items, size_t count);

/* The same to an open stream, for `map export`. Entries come by their flags, those without any
 * first. */
int savefile_print(FILE *out, const struct saved *items, size_t count);

/* Parses one line ("V4<TAB or spaces>V6[<TAB or spaces>epoch]", or "# static V4 V6"), its end (LF,
 * CRLF) cut off or not. Without an epoch `seen` is now. 1: an entry; 0: empty line or comment;
 * -EINVAL. */
int savefile_line(const char *line, struct saved *item);

void savefile_list_free(struct saved_list *list);
