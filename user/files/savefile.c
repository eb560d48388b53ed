/* SPDX-License-Identifier: GPL-2.0-only */
/* The state file: read whatever is left of it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "cleanup.h"
#include "log.h"
#include "nat64.h"
#include "savefile_text.h"

#define FILE_BYTES  (256u << 20) /* limit; a full /12 pool needs about 64 MB */
#define LINES_NAMED 10		 /* bad lines that are warned of one by one */

int savefile_text_read(int fd, struct savefile_text *text)
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

/* Does not wait for a writer where a pipe stands in its place. */
static int read_file(const char *path, struct savefile_text *text)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? -errno : savefile_text_read(fd, text);
}

const char *savefile_crc_line(const struct savefile_text *text)
{
	const char *end = memrchr(text->data, '\n', text->len), *next = text->data, *line = NULL;

	while (end && (next = memmem(next, (size_t)(end - next), CRC_WORDS, strlen(CRC_WORDS)))) {
		line = next;
		next += strlen(CRC_WORDS);
	}
	return line;
}

bool savefile_crc_right(const struct savefile_text *text, const char *line)
{
	size_t len = (size_t)(line - text->data);
	char expected[sizeof(CRC_WORDS) + 10];
	size_t rest = text->len - len;

	snprintf(expected, sizeof(expected), CRC_WORDS "%08lx\n",
		 crc32_z(crc32_z(0, NULL, 0), (const unsigned char *)text->data, len));
	/* its newline may have been cut off */
	return rest >= strlen(expected) - 1 && rest <= strlen(expected) &&
	       !memcmp(line, expected, rest);
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
	if (inet_pton(AF_INET, addr4, &parsed.addr4) != 1 ||
	    inet_pton(AF_INET6, addr6, &parsed.addr6) != 1)
		return -EINVAL;
	if (n == 3) {
		if (strspn(seen, "0123456789") != strlen(seen) ||
		    strlen(seen) > 18) /* fits in 63 bits */
			return -EINVAL;
		parsed.seen = strtoll(seen, NULL, 10);
	} else if (!is_static) {
		parsed.seen = time(NULL);
	}
	*item = parsed;
	return 1;
}

const char savefile_header[] =
	"# Bindings of nat64-bpf, in the format of TAYGA's dynamic.map: IPv4, IPv6, last use "
	"(seconds since 1970).\n"
	"# The last line is a checksum: remove it from a file that was edited.\n";

const char *const savefile_flows_lines[FLOWS_MAX] = {
	[NAT64_SLOT_REPLIED] = "# flows replied",
	[NAT64_SLOT_LONG] = "# flows long",
	[NAT64_SLOT_REPLIED | NAT64_SLOT_LONG] = "# flows replied long",
};

bool savefile_flows(const char *line, uint32_t *flags)
{
	size_t len = strcspn(line, "\r\n");

	for (uint32_t i = 1; i < FLOWS_MAX; i++)
		if (len == strlen(savefile_flows_lines[i]) &&
		    !memcmp(line, savefile_flows_lines[i], len)) {
			*flags = i;
			return true;
		}
	return false;
}

int savefile_list_keep(struct saved_list *list, size_t *room, const struct saved *item)
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

int savefile_text_line(const char *line, size_t len, char *copy, struct saved *item)
{
	*copy = 0;
	if (len > LINE_BYTES || memchr(line, 0, len))
		return *line == '#' ? 0 : -EINVAL;
	memcpy(copy, line, len);
	copy[len] = 0;
	return savefile_line(copy, item);
}

/* Every whole line: one without newline was being written when the power went, so half an address.
 */
static int read_lines(const char *path, const struct savefile_text *text, struct saved_list *list)
{
	const char *line = text->data, *end;
	size_t room = 0, number = 1;
	uint32_t flags = 0;

	for (; (end = memchr(line, '\n', text->len - (size_t)(line - text->data)));
	     line = end + 1, number++) {
		char copy[LINE_BYTES + 1];
		struct saved item;
		int kind = savefile_text_line(line, (size_t)(end - line), copy, &item);

		if (kind < 0 && ++list->bad_lines <= LINES_NAMED)
			log_warn("the line is not `IPV4 IPV6 SECONDS`",
				 "no action needed: the line is skipped",
				 "%s:%zu: not a binding: `%.60s`", path, number, copy);
		if (!kind)
			savefile_flows(copy, &flags);
		if (kind != 1) /* `item` holds nothing */
			continue;
		item.line = number;
		item.flags = item.is_static ? 0 : flags;
		if (savefile_list_keep(list, &room, &item))
			return -ENOMEM;
	}
	return 0;
}

/* Lines of static maps, of whatever is left. */
static size_t count_statics(const struct savefile_text *text)
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

/* Is it one of ours whose end is neither the CRC line nor what a cut leaves? A cut leaves whole
 * lines and the beginning of one; a damaged CRC line is neither. */
static bool end_is_damaged(const struct savefile_text *text)
{
	const char *end = memrchr(text->data, '\n', text->len), *before, *line;
	bool ours = text->len >= strlen(savefile_header) && is_like(text->data, savefile_header);
	char copy[LINE_BYTES + 1];
	struct saved item;
	uint32_t flags;
	size_t rest;
	int kind;

	if (!end)
		return false;
	rest = text->len - (size_t)(end + 1 - text->data);
	if (rest) /* what a cut leaves; a CRC line that lost only its newline must be right */
		return rest >= strlen(CRC_WORDS) + 8 && is_like(end + 1, CRC_WORDS) &&
		       !savefile_crc_right(text, end + 1);
	before = memrchr(text->data, '\n', (size_t)(end - text->data));
	line = before ? before + 1 : text->data;
	kind = savefile_text_line(line, (size_t)(end - line), copy, &item);
	if (like_crc_line(line, (size_t)(end - line)))
		return true;
	if (!kind && savefile_flows(copy, &flags))
		return false;
	return ours &&
	       (kind < 0 || (!kind && (size_t)(end + 1 - text->data) > strlen(savefile_header)));
}

int savefile_read(const char *path, struct saved_list *list)
{
	struct savefile_text text = { 0 };
	_free_ char *data = NULL;
	const char *crc;
	int error;

	*list = (struct saved_list){ 0 };
	error = read_file(path, &text);
	data = text.data;
	if (error)
		return error;
	crc = savefile_crc_line(&text);
	if (crc ? !savefile_crc_right(&text, crc) : end_is_damaged(&text)) {
		list->set_aside = set_aside(path);
		list->lost_statics = count_statics(&text);
		return -EBADMSG;
	}
	error = read_lines(path, &text, list);
	if (error)
		savefile_list_free(list);
	return error;
}

void savefile_list_free(struct saved_list *list)
{
	free(list->items);
	*list = (struct saved_list){ 0 };
}
