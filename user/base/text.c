/* SPDX-License-Identifier: GPL-2.0-only */
/* Short texts for messages, in an arena; numbers and times as text. */
#include "text.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define NO_MEMORY "(out of memory)"

struct chunk {
	struct chunk *older;
	char text[];
};
static struct chunk *newest;

/* Room for a text of LEN bytes and its zero byte. NULL: no memory. */
static char *arena_add(size_t len)
{
	struct chunk *chunk = malloc(sizeof(*chunk) + len + 1);

	if (!chunk)
		return NULL;
	chunk->older = newest;
	newest = chunk;
	return chunk->text;
}

struct text_mark text_mark(void)
{
	return (struct text_mark){ newest };
}

void text_release(struct text_mark mark)
{
	while (newest && newest != mark.newest) {
		struct chunk *chunk = newest;

		newest = chunk->older;
		free(chunk);
	}
}

const char *textf(const char *format, ...)
{
	va_list args, again;
	char *text = NULL;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	if (len >= 0)
		text = arena_add((size_t)len);
	if (text)
		vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	va_end(args);
	return text ? text : NO_MEMORY;
}

/* Length of the UTF-8 character at `text` if a terminal may see it as it is, else 0. Not so:
 * control characters, those that reorder what stands around them (a name could otherwise rewrite
 * its line), and what is not UTF-8. */
static size_t harmless(const unsigned char *text)
{
	uint32_t code;
	size_t len;

	if (text[0] < 0x80)
		return text[0] >= 0x20 && text[0] != 0x7f;
	len = 2u + (text[0] >= 0xe0) + (text[0] >= 0xf0);
	if (text[0] < 0xc2 || text[0] > 0xf4)
		return 0;
	code = text[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if ((len == 3 && code < 0x800) || (len == 4 && code < 0x10000) || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	if (code < 0xa0 || code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069))
		return 0;
	return len;
}

char *text_escape(const char *text)
{
	char *out = malloc(strlen(text) * 4 + 1), *end = out;

	if (!out)
		return NULL;
	while (*text) {
		size_t len = harmless((const unsigned char *)text);

		if (len) {
			end = mempcpy(end, text, len);
			text += len;
		} else {
			end += sprintf(end, "\\x%02x", (unsigned char)*text++);
		}
	}
	*end = 0;
	return out;
}

const char *text_printable(const char *text)
{
	_free_ char *escaped = text_escape(text);

	return escaped ? textf("%s", escaped) : NO_MEMORY;
}

const char *text_addr4(struct in_addr addr)
{
	char buf[INET_ADDRSTRLEN];

	return textf("%s", inet_ntop(AF_INET, &addr, buf, sizeof(buf)));
}

const char *text_addr6(const struct in6_addr *addr)
{
	char buf[INET6_ADDRSTRLEN];

	return textf("%s", inet_ntop(AF_INET6, addr, buf, sizeof(buf)));
}

static const struct {
	char letter;
	uint64_t seconds;
} units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };

#define UNITS (sizeof(units) / sizeof(units[0]))

bool text_number(const char *text, uint64_t max, uint64_t *number)
{
	uint64_t value = 0;

	if (!*text || strspn(text, "0123456789") != strlen(text))
		return false;
	for (; *text; text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		if (digit > max || value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*number = value;
	return true;
}

bool text_seconds(const char *text, uint64_t *seconds)
{
	uint64_t total = 0;
	size_t unit = 0;

	if (!*text)
		return false;
	while (*text) {
		size_t digits = strspn(text, "0123456789");
		uint64_t value = 0;

		if (!digits)
			return false;
		for (size_t i = 0; i < digits; i++)
			value = value > TEXT_TIME_MAX ? value :
							value * 10 + (uint64_t)(text[i] - '0');
		text += digits;
		if (!*text && !unit) { /* plain seconds */
			unit = UNITS - 1;
		} else {
			while (unit < UNITS && units[unit].letter != *text)
				unit++;
			if (unit == UNITS) /* no unit, or not a smaller one */
				return false;
			text++;
		}
		total += value * units[unit++].seconds;
		total = total > TEXT_TIME_MAX ? TEXT_TIME_MAX + 1 : total;
	}
	*seconds = total;
	return true;
}

const char *text_time(uint64_t seconds, char buf[TEXT_TIME])
{
	char *end = buf;

	if (!seconds)
		return strcpy(buf, "0s");
	for (size_t i = 0; i < UNITS; i++) {
		if (seconds / units[i].seconds)
			end += sprintf(end, "%llu%c",
				       (unsigned long long)(seconds / units[i].seconds),
				       units[i].letter);
		seconds %= units[i].seconds;
	}
	return buf;
}
