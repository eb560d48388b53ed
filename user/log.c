/* SPDX-License-Identifier: GPL-2.0-only */
/* Words to the user: errors in three parts, warnings, notes. */
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "log.h"

#define RING 16 /* texts of fmt() and printable() that live at a time */

#define RED    "\033[1;31m"
#define YELLOW "\033[1;33m"
#define BOLD   "\033[1m"
#define PLAIN  "\033[0m"

struct log_options log_options;
static enum nat64_exit status;
static void (*listener)(const struct log_message *message, void *data);
static void *listener_data;

/* Length of the UTF-8 character at `text` if a terminal may see it as it is, else 0. Not so:
 * control characters, those that reorder what stands around them (a name could otherwise rewrite
 * its line), and what is not UTF-8. */
static size_t harmless(const unsigned char *text)
{
	uint32_t code;
	size_t len;

	if (text[0] < 0x80)
		return text[0] >= 0x20 && text[0] != 0x7f;
	len = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
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

/* Fresh text with every byte that is not harmless as \xNN. NULL: no memory. */
static char *escape(const char *text)
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

/* Keeps a fresh text for as long as the ring says. */
static const char *keep(char *text)
{
	static char *ring[RING];
	static unsigned int next;

	if (!text)
		return "(out of memory)";
	free(ring[next]);
	ring[next] = text;
	next = (next + 1) % RING;
	return text;
}

const char *fmt(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return keep(text);
}

const char *printable(const char *text)
{
	return keep(escape(text));
}

/* One write for the whole message, so that those of two processes do not mix. NULL parts are left
 * out. */
static void say(const char *kind, const char *colour, const char *what, const char *why,
		const char *fix)
{
	const char *on = log_options.colour ? colour : "", *bold = log_options.colour ? BOLD : "";
	const char *off = log_options.colour ? PLAIN : "";
	_free_ char *text = NULL;
	size_t size;
	FILE *out;

	fflush(stdout); /* results so far come before the words about them */
	out = open_memstream(&text, &size);
	if (!out)
		return;
	fprintf(out, "%s%s:%s %s\n", on, kind, off, what);
	if (why)
		fprintf(out, "%swhy:%s %s\n", bold, off, why);
	if (fix)
		fprintf(out, "%sfix:%s %s\n", bold, off, fix);
	if (!fclose(out))
		fputs(text, stderr);
}

static void say_json(enum nat64_exit code, const char *what, const char *why, const char *fix)
{
	json_t *error = json_pack("{s:{s:s, s:s?, s:s?, s:i}}", "error", "what", what, "why", why,
				  "fix", fix, "exit", (int)code);

	if (!error)
		return;
	json_dumpf(error, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(error);
}

/* The parts of a message, made harmless. */
struct parts {
	char *what, *why, *fix;
};

static bool parts_make(struct parts *parts, const char *why, const char *fix, const char *format,
		       va_list args)
{
	_free_ char *what = NULL;

	*parts = (struct parts){ 0 };
	if (vasprintf(&what, format, args) < 0) {
		what = NULL;
		return false;
	}
	parts->what = escape(what);
	parts->why = why ? escape(why) : NULL;
	parts->fix = fix ? escape(fix) : NULL;
	return parts->what;
}

static void parts_free(struct parts *parts)
{
	free(parts->what);
	free(parts->why);
	free(parts->fix);
}

void log_listen(void (*hear)(const struct log_message *message, void *data), void *data)
{
	listener = hear;
	listener_data = data;
}

/* Is somebody else to hear it? Then he has. */
static bool listened(enum nat64_exit code, const struct parts *parts)
{
	struct log_message message = { code, parts->what, parts->why, parts->fix };

	if (listener)
		listener(&message, listener_data);
	return listener;
}

int log_fail(enum nat64_exit code, const char *why, const char *fix, const char *what, ...)
{
	struct parts parts;
	va_list args;

	va_start(args, what);
	if (!parts_make(&parts, why, fix, what, args)) {
		fputs("error: out of memory\n", stderr);
	} else if (listened(code, &parts)) {
		code = status;
	} else {
		say("error", RED, parts.what, parts.why, parts.fix);
		if (log_options.json && status == EXIT_DONE)
			say_json(code, parts.what, parts.why, parts.fix);
	}
	va_end(args);
	parts_free(&parts);
	if (status == EXIT_DONE)
		status = code;
	return -1;
}

const char *log_fix(int error, const char *otherwise)
{
	switch (abs(error)) {
	case EPERM:
	case EACCES:
		return "run it as root: sudo nat64-bpf ...";
	case ENOMEM:
	case ENOBUFS:
		return "free memory and try again";
	case EMFILE:
		return "let it open more files: ulimit -n 1024, or LimitNOFILE= in its unit";
	case ENFILE:
		return "end programs that have many files open, or raise fs.file-max; sysctl fs.file-nr counts them";
	case ENOSPC:
	case EDQUOT:
		return "make room there and try again";
	case EROFS:
		return "make it writable and try again";
	}
	return otherwise;
}

enum nat64_exit log_status(void)
{
	return status;
}

void log_warn(const char *why, const char *fix, const char *what, ...)
{
	struct parts parts;
	va_list args;

	va_start(args, what);
	if (parts_make(&parts, why, fix, what, args) && !listened(EXIT_DONE, &parts))
		say("warning", YELLOW, parts.what, parts.why, parts.fix);
	va_end(args);
	parts_free(&parts);
}

static void line(const char *format, va_list args)
{
	_free_ char *text = NULL, *safe = NULL;

	if (vasprintf(&text, format, args) < 0) {
		text = NULL;
		return;
	}
	safe = escape(text);
	if (safe) {
		fflush(stdout);
		fprintf(stderr, "%s\n", safe);
	}
}

void log_note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (!log_options.quiet)
		line(fmt, args);
	va_end(args);
}

void log_debug(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (log_options.verbose)
		line(fmt, args);
	va_end(args);
}
