/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that the user gives to `map import`, in the format of the state file: read whole, or not
 * at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"
#include "savefile_text.h"
#include "text.h"

static int bad_line(const char *path, size_t number, const char *text)
{
	return log_fail(EXIT_USAGE,
			"a line must be `IPV4 IPV6`, `IPV4 IPV6 SECONDS`, `# static IPV4 IPV6` or "
			"another comment",
			"correct or remove the line; nothing was changed",
			"%s:%zu: not a binding: `%.60s`", path, number, text);
}

/* As for the state file, but the first bad line is an error. */
static int read_strictly(const char *path, const struct savefile_text *text,
			 struct saved_list *list)
{
	const char *line = text->data, *end, *stop = text->data + text->len;
	size_t room = 0, number = 1;
	uint32_t flags = 0;

	for (; line < stop; line = end + 1, number++) {
		char copy[LINE_BYTES + 1];
		struct saved item;
		int kind;

		end = memchr(line, '\n', (size_t)(stop - line));
		kind = savefile_text_line(line, (size_t)((end ? end : stop) - line), copy, &item);
		if (kind < 0)
			return bad_line(path, number, copy);
		if (!end && kind)
			return log_fail(EXIT_USAGE,
					"the last line has no newline, so the file may be "
					"truncated",
					"add a newline if the line is complete; nothing was "
					"changed",
					"%s:%zu: incomplete line: `%.60s`", path, number, copy);
		if (!kind) {
			savefile_flows(copy, &flags);
		} else {
			item.line = number;
			item.flags = item.is_static ? 0 : flags;
			if (savefile_list_keep(list, &room, &item))
				return log_fail(EXIT_FAILED, strerror(ENOMEM),
						"import a smaller file", "%s: too large", path);
		}
		if (!end)
			break;
	}
	return 0;
}

static int by_addr4(const void *a, const void *b)
{
	const struct saved *x = a, *y = b;
	int order = memcmp(&x->addr4, &y->addr4, sizeof(x->addr4));

	return order ? order : memcmp(&x->addr6, &y->addr6, sizeof(x->addr6));
}

static int by_addr6(const void *a, const void *b)
{
	const struct saved *x = a, *y = b;

	return memcmp(&x->addr6, &y->addr6, sizeof(x->addr6));
}

static int import_twice(const char *path, const struct saved *a, const struct saved *b,
			const char *which)
{
	return log_fail(EXIT_USAGE, textf("line %u gives it a different %s", a->line, which),
			"remove one of the two; nothing was changed", "%s:%u: duplicate address",
			path, b->line);
}

/* The same binding twice is one, static if one of them is, with the later use. */
static int import_fold(const char *path, struct saved_list *list)
{
	size_t kept = 0;

	if (!list->count)
		return 0;
	qsort(list->items, list->count, sizeof(*list->items), by_addr4);
	for (size_t i = 0; i < list->count; i++) {
		struct saved *last = kept ? &list->items[kept - 1] : NULL, *item = &list->items[i];

		if (!last || last->addr4.s_addr != item->addr4.s_addr) {
			list->items[kept++] = *item;
			continue;
		}
		if (by_addr6(last, item))
			return import_twice(path, last, item, "client");
		last->is_static |= item->is_static;
		last->flags = last->is_static ? 0 : last->flags | item->flags;
		if (last->is_static)
			last->seen = 0;
		else if (last->seen < item->seen)
			last->seen = item->seen;
	}
	list->count = kept;
	qsort(list->items, kept, sizeof(*list->items), by_addr6);
	for (size_t i = 1; i < kept; i++)
		if (!by_addr6(&list->items[i - 1], &list->items[i]))
			return import_twice(path, &list->items[i - 1], &list->items[i], "address");
	return 0;
}

int savefile_import(const char *path, struct saved_list *list, bool *damaged)
{
	bool standard = !strcmp(path, "-");
	_close_ int fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	struct savefile_text text = { 0 };
	_free_ char *data = NULL;
	const char *crc;
	int error;

	if (standard)
		path = "standard input";
	*list = (struct saved_list){ 0 };
	error = fd < 0 ? -errno : savefile_text_read(fd, &text);
	data = text.data;
	if (error)
		return log_fail(EXIT_FAILED, strerror(-error),
				"give a file in the state file's format, or - for standard input",
				"%s: cannot be read", path);
	crc = savefile_crc_line(&text);
	*damaged = crc && !savefile_crc_right(&text, crc);
	if (!read_strictly(path, &text, list) && !import_fold(path, list))
		return 0;
	savefile_list_free(list);
	return -1;
}
