/* SPDX-License-Identifier: GPL-2.0-only */
/* Resources that their scope releases. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define _free_	__attribute__((cleanup(cleanup_free)))
/* clang calls a descriptor unused that is only opened and closed */
#define _close_ __attribute__((cleanup(cleanup_close), unused))
#define _file_	__attribute__((cleanup(cleanup_file)))
