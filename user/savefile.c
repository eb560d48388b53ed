/* SPDX-License-Identifier: GPL-2.0-only */
/* The state file: read whatever is left of it, write it whole or not at all. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <zlib.h>

#include "cleanup.h"
#include "log.h"
#include "savefile.h"

#define FILE_BYTES	(256u << 20)	/* limit; a full /12 pool needs about 64 MB */
#define LINE_BYTES	512		/* limit; an entry needs 80 */
#define LINES_NAMED	10		/* bad lines that are warned of one by one */
#define CRC_WORDS	"# crc32 "
#define STATIC_WORDS	"# static "

static const char header[] =
	"# Bindings of nat64-bpf, in the format of TAYGA's dynamic.map: IPv4, IPv6, last use (seconds since 1970).\n"
	"# The last line is a checksum: remove it from a file that was edited.\n";

struct text {		/* of a file */
	char *data;		/* ends with a zero byte that is not counted */
	size_t len;
};

static int read_all(const char *path, struct text *text)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0;

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n;

		if (text->len + 1 >= size) {
			char *bigger;

			size = size ? size * 2 : 65536;
			bigger = size > FILE_BYTES ? NULL : realloc(text->data, size);
			if (!bigger)
				return size > FILE_BYTES ? -EFBIG : -ENOMEM;
			text->data = bigger;
		}
		n = read(fd, text->data + text->len, size - text->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		text->len += (size_t)n;
	}
	text->data[text->len] = 0;
	return 0;
}

/* The last CRC line that is whole, or what is left of it where its line and the one before have run together.
 * NULL: there is none, so the file is TAYGA's or was cut. */
static const char *crc_line(const struct text *text)
{
	const char *end = memrchr(text->data, '\n', text->len), *next = text->data, *line = NULL;

	while (end && (next = memmem(next, (size_t)(end - next), CRC_WORDS, strlen(CRC_WORDS)))) {
		line = next;
		next += strlen(CRC_WORDS);
	}
	return line;
}

/* Is the line the last, and right for all before it? */
static bool crc_right(const struct text *text, const char *line)
{
	size_t len = (size_t)(line - text->data);
	char expected[sizeof(CRC_WORDS) + 10];

	snprintf(expected, sizeof(expected), CRC_WORDS "%08lx\n",
		 crc32_z(crc32_z(0, NULL, 0), (const unsigned char *)text->data, len));
	return text->len - len == strlen(expected) && !memcmp(line, expected, strlen(expected));
}

int savefile_line(const char *line, struct saved *item)
{
	bool is_static = !strncmp(line, STATIC_WORDS, strlen(STATIC_WORDS));
	char addr4[INET_ADDRSTRLEN], addr6[INET6_ADDRSTRLEN], seen[20] = "", rest;
	struct saved parsed = { .is_static = is_static };
	int n;

	if (is_static)
		line += strlen(STATIC_WORDS);
	line += strspn(line, " \t\r\n");
	if (!*line && !is_static)
		return 0;
	if (*line == '#')
		return 0;
	n = sscanf(line, "%15s %45s %19s %c", addr4, addr6, seen, &rest);
	if (n != 2 && (n != 3 || is_static))
		return -EINVAL;
	if (inet_pton(AF_INET, addr4, &parsed.addr4) != 1 || inet_pton(AF_INET6, addr6, &parsed.addr6) != 1)
		return -EINVAL;
	if (n == 3) {
		if (strspn(seen, "0123456789") != strlen(seen) || strlen(seen) > 18)	/* fits in 63 bits */
			return -EINVAL;
		parsed.seen = strtoll(seen, NULL, 10);
	} else if (!is_static) {
		parsed.seen = time(NULL);
	}
	*item = parsed;
	return 1;
}

static int keep(struct saved_list *list, size_t *room, const struct saved *item)
{
	if (list->count == *room) {
		size_t more = *room ? *room * 2 : 256;
		struct saved *bigger = reallocarray(list->items, more, sizeof(*item));

		if (!bigger)
			return -ENOMEM;
		list->items = bigger;
		*room = more;
	}
	list->items[list->count++] = *item;
	return 0;
}

/* Every whole line: one without newline was being written when the power went, so half an address. */
static int read_lines(const char *path, const struct text *text, struct saved_list *list)
{
	const char *line = text->data, *end;
	size_t room = 0, number = 1;

	for (; (end = memchr(line, '\n', text->len - (size_t)(line - text->data))); line = end + 1, number++) {
		char copy[LINE_BYTES + 1] = "";
		size_t len = (size_t)(end - line);
		struct saved item;
		int kind = -EINVAL;

		if (len <= LINE_BYTES && !memchr(line, 0, len)) {
			memcpy(copy, line, len);
			kind = savefile_line(copy, &item);
		} else if (*line == '#') {
			kind = 0;
		}
		if (kind < 0 && ++list->bad_lines <= LINES_NAMED)
			log_warn("it is not `IPV4 IPV6 SECONDS`", "nothing needs to be done: the line is left out",
				 "%s:%zu: not a binding: `%.60s`", path, number, copy);
		if (kind == 1 && keep(list, &room, &item))
			return -ENOMEM;
	}
	return 0;
}

/* Lines of static maps, of whatever is left. */
static size_t count_statics(const struct text *text)
{
	size_t count = 0;

	for (const char *line = text->data, *end; line < text->data + text->len; line = end + 1) {
		count += !strncmp(line, STATIC_WORDS, strlen(STATIC_WORDS));
		end = memchr(line, '\n', text->len - (size_t)(line - text->data));
		if (!end)
			break;
	}
	return count;
}

static int set_aside(const char *path)
{
	char bad[PATH_MAX];

	if (snprintf(bad, sizeof(bad), "%s.bad", path) >= (int)sizeof(bad))
		return -ENAMETOOLONG;
	return rename(path, bad) ? -errno : 0;
}

int savefile_read(const char *path, struct saved_list *list)
{
	struct text text = { 0 };
	_free_ char *data = NULL;
	const char *crc;
	int error;

	*list = (struct saved_list){ 0 };
	error = read_all(path, &text);
	data = text.data;
	if (error)
		return error;
	crc = crc_line(&text);
	if (crc && !crc_right(&text, crc)) {
		error = set_aside(path);
		list->lost_statics = count_statics(&text);
		return error ? error : -EBADMSG;
	}
	error = read_lines(path, &text, list);
	if (error)
		saved_list_free(list);
	return error;
}

int savefile_import(const char *path, struct saved_list *list, bool *damaged)
{
	struct text text = { 0 };
	_free_ char *data = NULL;
	const char *crc;
	int error;

	*list = (struct saved_list){ 0 };
	error = read_all(path, &text);
	data = text.data;
	if (!error)
		error = read_lines(path, &text, list);
	if (error) {
		saved_list_free(list);
		return error;
	}
	crc = crc_line(&text);
	*damaged = crc && !crc_right(&text, crc);
	return 0;
}

void saved_list_free(struct saved_list *list)
{
	free(list->items);
	*list = (struct saved_list){ 0 };
}

/* Writes a line, and counts it into the CRC. */
static void put(FILE *out, unsigned long *crc, const char *line)
{
	*crc = crc32_z(*crc, (const unsigned char *)line, strlen(line));
	fputs(line, out);
}

int savefile_print(FILE *out, const struct saved *items, size_t count)
{
	char addr4[INET_ADDRSTRLEN], addr6[INET6_ADDRSTRLEN], line[LINE_BYTES];
	unsigned long crc = crc32_z(0, NULL, 0);

	errno = 0;
	put(out, &crc, header);
	for (size_t i = 0; i < count && !ferror(out); i++) {
		inet_ntop(AF_INET, &items[i].addr4, addr4, sizeof(addr4));
		inet_ntop(AF_INET6, &items[i].addr6, addr6, sizeof(addr6));
		if (items[i].is_static)
			snprintf(line, sizeof(line), STATIC_WORDS "%s %s\n", addr4, addr6);
		else
			snprintf(line, sizeof(line), "%s\t%s\t%lld\n", addr4, addr6,
				 items[i].seen > 0 ? (long long)items[i].seen : 0);
		put(out, &crc, line);
	}
	fprintf(out, CRC_WORDS "%08lx\n", crc);
	return fflush(out) || ferror(out) ? -(errno ? errno : EIO) : 0;
}

/* Makes the folder of a path, and those above it. */
static int make_folder(const char *path)
{
	char part[PATH_MAX];

	if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part))
		return -ENAMETOOLONG;
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(part, 0755) && errno != EEXIST && access(part, X_OK))
			return -errno;
		*slash = '/';
	}
	return 0;
}

/* After a rename only this makes the name last through a power cut. */
static int sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	_free_ char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	_close_ int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	return fd < 0 || fsync(fd) ? -errno : 0;
}

/* Mode 0600: who had which address is nobody else's business. */
static int write_temporary(int fd, const struct saved *items, size_t count)
{
	FILE *out = fdopen(fd, "w");
	int error;

	if (!out) {
		error = -errno;
		close(fd);
		return error;
	}
	error = savefile_print(out, items, count);
	if (!error && (fchmod(fd, 0600) || fsync(fd)))
		error = -errno;
	if (fclose(out) && !error)
		error = -errno;
	return error;
}

int savefile_write(const char *path, const struct saved *items, size_t count)
{
	char temporary[PATH_MAX];
	int error = make_folder(path), fd;

	if (error)
		return error;
	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	error = write_temporary(fd, items, count);
	if (!error && rename(temporary, path))
		error = -errno;
	if (error) {
		unlink(temporary);
		return error;
	}
	return sync_folder(path);
}
