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

static int read_all(int fd, struct text *text)
{
	size_t size = 0;

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

/* A pipe in its place must not make us wait. */
static int read_file(const char *path, struct text *text)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? -errno : read_all(fd, text);
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
	size_t rest = text->len - len;

	snprintf(expected, sizeof(expected), CRC_WORDS "%08lx\n",
		 crc32_z(crc32_z(0, NULL, 0), (const unsigned char *)text->data, len));
	/* its newline may have been cut off */
	return rest >= strlen(expected) - 1 && rest <= strlen(expected) && !memcmp(line, expected, rest);
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

/* One line of `len` bytes. 1: an entry; 0: nothing; -EINVAL. `copy`: its text, of LINE_BYTES + 1. */
static int read_line(const char *line, size_t len, char *copy, struct saved *item)
{
	*copy = 0;
	if (len > LINE_BYTES || memchr(line, 0, len))
		return *line == '#' ? 0 : -EINVAL;
	memcpy(copy, line, len);
	copy[len] = 0;
	return savefile_line(copy, item);
}

/* Every whole line: one without newline was being written when the power went, so half an address. */
static int read_lines(const char *path, const struct text *text, struct saved_list *list)
{
	const char *line = text->data, *end;
	size_t room = 0, number = 1;

	for (; (end = memchr(line, '\n', text->len - (size_t)(line - text->data))); line = end + 1, number++) {
		char copy[LINE_BYTES + 1];
		struct saved item;
		int kind = read_line(line, (size_t)(end - line), copy, &item);

		if (kind < 0 && ++list->bad_lines <= LINES_NAMED)
			log_warn("it is not `IPV4 IPV6 SECONDS`", "nothing needs to be done: the line is left out",
				 "%s:%zu: not a binding: `%.60s`", path, number, copy);
		item.line = number;
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

static bool set_aside(const char *path)
{
	char bad[PATH_MAX];

	return snprintf(bad, sizeof(bad), "%s.bad", path) < (int)sizeof(bad) && !rename(path, bad);
}

/* Has the text those letters at its beginning, but for a few that were damaged? */
static bool is_like(const char *text, const char *letters)
{
	size_t same = 0, len = strlen(letters);

	for (size_t i = 0; i < len; i++)
		same += text[i] == letters[i];
	return same > len / 2;
}

/* Was the line a CRC line? */
static bool like_crc_line(const char *line, size_t len)
{
	return len == strlen(CRC_WORDS) + 8 && is_like(line, CRC_WORDS);
}

/* Is it one of ours whose end is neither the CRC line nor what a cut leaves? A cut leaves whole lines and the
 * beginning of one; a damaged CRC line is neither. */
static bool end_is_damaged(const struct text *text)
{
	const char *end = memrchr(text->data, '\n', text->len), *before, *line;
	bool ours = text->len >= strlen(header) && is_like(text->data, header);
	char copy[LINE_BYTES + 1];
	struct saved item;
	size_t rest;
	int kind;

	if (!end)
		return false;
	rest = text->len - (size_t)(end + 1 - text->data);
	if (rest)	/* what a cut leaves; a CRC line that lost only its newline must be right */
		return rest >= strlen(CRC_WORDS) + 8 && is_like(end + 1, CRC_WORDS) && !crc_right(text, end + 1);
	before = memrchr(text->data, '\n', (size_t)(end - text->data));
	line = before ? before + 1 : text->data;
	kind = read_line(line, (size_t)(end - line), copy, &item);
	if (like_crc_line(line, (size_t)(end - line)))
		return true;
	return ours && (kind < 0 || (!kind && (size_t)(end + 1 - text->data) > strlen(header)));
}

int savefile_read(const char *path, struct saved_list *list)
{
	struct text text = { 0 };
	_free_ char *data = NULL;
	const char *crc;
	int error;

	*list = (struct saved_list){ 0 };
	error = read_file(path, &text);
	data = text.data;
	if (error)
		return error;
	crc = crc_line(&text);
	if (crc ? !crc_right(&text, crc) : end_is_damaged(&text)) {
		list->set_aside = set_aside(path);
		list->lost_statics = count_statics(&text);
		return -EBADMSG;
	}
	error = read_lines(path, &text, list);
	if (error)
		saved_list_free(list);
	return error;
}

void saved_list_free(struct saved_list *list)
{
	free(list->items);
	*list = (struct saved_list){ 0 };
}

static int bad_line(const char *path, size_t number, const char *text)
{
	return log_fail(EXIT_USAGE, "a line is `IPV4 IPV6`, `IPV4 IPV6 SECONDS`, `# static IPV4 IPV6` or another comment",
			"correct the line, or take it out; nothing was changed", "%s:%zu: not a binding: `%.60s`", path,
			number, text);
}

/* As read_lines(), but the first bad line is an error. */
static int read_strictly(const char *path, const struct text *text, struct saved_list *list)
{
	const char *line = text->data, *end, *stop = text->data + text->len;
	size_t room = 0, number = 1;

	for (; line < stop; line = end + 1, number++) {
		char copy[LINE_BYTES + 1];
		struct saved item;
		int kind;

		end = memchr(line, '\n', (size_t)(stop - line));
		kind = read_line(line, (size_t)((end ? end : stop) - line), copy, &item);
		if (kind < 0)
			return bad_line(path, number, copy);
		if (!end && kind)
			return log_fail(EXIT_USAGE, "it has no end, so the file may have been cut off there",
					"end it with a newline if it is whole; nothing was changed",
					"%s:%zu: half a line? `%.60s`", path, number, copy);
		item.line = number;
		if (kind && keep(list, &room, &item))
			return log_fail(EXIT_FAILED, strerror(ENOMEM), "import a smaller file", "%s: too large", path);
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

static int twice(const char *path, const struct saved *a, const struct saved *b, const char *which)
{
	return log_fail(EXIT_USAGE, fmt("line %u gives it another %s", a->line, which),
			"take one of the two out; nothing was changed", "%s:%u: an address is there twice", path, b->line);
}

/* The same binding twice is one, static if one of them is, with the later use. */
static int fold(const char *path, struct saved_list *list)
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
			return twice(path, last, item, "client");
		last->is_static |= item->is_static;
		last->seen = last->is_static ? 0 : last->seen > item->seen ? last->seen : item->seen;
	}
	list->count = kept;
	qsort(list->items, kept, sizeof(*list->items), by_addr6);
	for (size_t i = 1; i < kept; i++)
		if (!by_addr6(&list->items[i - 1], &list->items[i]))
			return twice(path, &list->items[i - 1], &list->items[i], "address");
	return 0;
}

int savefile_import(const char *path, struct saved_list *list, bool *damaged)
{
	bool standard = !strcmp(path, "-");
	_close_ int fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	struct text text = { 0 };
	_free_ char *data = NULL;
	const char *crc;
	int error;

	if (standard)
		path = "standard input";
	*list = (struct saved_list){ 0 };
	error = fd < 0 ? -errno : read_all(fd, &text);
	data = text.data;
	if (error)
		return log_fail(EXIT_FAILED, strerror(-error), "give a file in the format of the state file, or -",
				"%s: cannot read it", path);
	crc = crc_line(&text);
	*damaged = crc && !crc_right(&text, crc);
	if (!read_strictly(path, &text, list) && !fold(path, list))
		return 0;
	saved_list_free(list);
	return -1;
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
