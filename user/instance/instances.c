/* SPDX-License-Identifier: GPL-2.0-only */
/* Which instances are loaded, or half loaded. */
#include "instances.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caps.h"
#include "log.h"
#include "paths.h"
#include "text.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_name(char ***names, size_t *count, const char *name)
{
	char **more;

	for (size_t i = 0; i < *count; i++)
		if (!strcmp((*names)[i], name))
			return 0;
	more = realloc(*names, (*count + 1) * sizeof(**names));
	if (!more)
		return -ENOMEM;
	*names = more;
	more[*count] = strdup(name);
	if (!more[*count])
		return -ENOMEM;
	++*count;
	return 0;
}

/* Adds the entries of a folder that end with `suffix`, without it. */
static int add_entries(char ***names, size_t *count, const char *folder, const char *suffix)
{
	DIR *entries = opendir(folder);
	struct dirent *entry;
	int error = 0;

	if (!entries)
		return errno == ENOENT ? 0 : -errno;
	while (!error && (entry = readdir(entries))) {
		size_t len = strlen(entry->d_name), tail = strlen(suffix);
		char name[NAME_MAX + 1];

		if (entry->d_name[0] == '.' || len <= tail ||
		    strcmp(entry->d_name + len - tail, suffix))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(len - tail), entry->d_name);
		path_swap_chars(name, ':', '.');
		error = add_name(names, count, name);
	}
	closedir(entries);
	return error;
}

static int list(char ***names, size_t *count, bool records)
{
	int error;

	*names = NULL;
	*count = 0;
	error = add_entries(names, count, dir_pin(), "");
	if (!error && records)
		error = add_entries(names, count, dir_run(), ".undo");
	if (error) {
		instances_free(*names, *count);
		*names = NULL;
		*count = 0;
		return error;
	}
	if (*count)
		qsort(*names, *count, sizeof(**names), by_name);
	return 0;
}

int instances_list(char ***names, size_t *count)
{
	return list(names, count, true);
}

int instances_pinned(char ***names, size_t *count)
{
	return list(names, count, false);
}

bool instances_is_last(const char *name)
{
	char **names;
	size_t count;
	bool last = true;

	if (instances_list(&names, &count))
		return false;
	for (size_t i = 0; i < count; i++)
		last &= !strcmp(names[i], name);
	instances_free(names, count);
	return last;
}

int instances_unlisted(int error)
{
	return caps_fail(error, NEED_WRITE /* of the pins inside, too */,
			 textf("both must be directories: ls -ld %s %s", dir_pin(), dir_run()),
			 "cannot list instances");
}

void instances_free(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}
