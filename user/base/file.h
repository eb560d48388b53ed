/* SPDX-License-Identifier: GPL-2.0-only */
/* Files written as a whole, and their folders. Functions return 0 or -errno and say nothing. */
#pragma once

#include <stddef.h>
#include <stdio.h>

/* Holds those of descriptors 0 to 2 that are closed, by one that can be neither read nor written:
 * else the next file would get the number, and messages would be written into it. */
void file_hold_standard(void);

/* Makes the folder of a path, and those above it (0755). */
int file_make_parents(const char *path);

/* Makes a folder and its parents. */
int file_make_dir(const char *path, unsigned int mode);

/* Writes a file as a whole: temporary file beside it, fsync, rename, fsync of the folder. On
 * failure the old one stays and nothing else does. */
int file_write(const char *path, const char *text, size_t len, unsigned int mode);

/* Writes all of a text to an open file. */
int file_put(int fd, const char *text, size_t len);

/* Flushes a stream whose writer has set errno to 0 before: -EIO where no other cause is known. */
int file_end(FILE *out);

/* fsync of the folder that a path is in: after a rename only this makes the name last through a
 * power cut. */
int file_sync_dir(const char *path);
