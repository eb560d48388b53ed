/* SPDX-License-Identifier: GPL-2.0-only */
/* Words to the user: errors in three parts, warnings, notes. */
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "log.h"
#include "text.h"

#define RED    "\033[1;31m"
#define YELLOW "\033[1;33m"
#define BOLD   "\033[1m"
#define PLAIN  "\033[0m"

struct log_options log_options;
static enum nat64_exit status;
static void (*listener)(const struct log_message *message, void *data);
static void *listener_data;

/* One write for the whole message, so that those of two processes do not mix. NULL parts are left
 * out. */
static void log_say(const char *kind, const char *colour, const char *what, const char *why,
		    const char *fix)
{
	const char *on = log_options.colour ? colour : "";
	const char *bold = log_options.colour ? BOLD : "";
	const char *off = log_options.colour ? PLAIN : "";
	_free_ char *text = NULL;
	size_t size;
	FILE *out;

	fflush(stdout); /* results so far come before the messages about them */
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

static void log_say_json(enum nat64_exit code, const char *what, const char *why, const char *fix)
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
	parts->what = text_escape(what);
	parts->why = why ? text_escape(why) : NULL;
	parts->fix = fix ? text_escape(fix) : NULL;
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

/* Gives the message to the listener. False: there is none, so the user is to see it. */
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
		log_say("error", RED, parts.what, parts.why, parts.fix);
		if (log_options.json && status == EXIT_DONE)
			log_say_json(code, parts.what, parts.why, parts.fix);
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
		return "raise the limit of open files: ulimit -n 1024, or LimitNOFILE= in the unit";
	case ENFILE:
		return "stop programs that hold many open files, or raise fs.file-max; sysctl "
		       "fs.file-nr counts them";
	case ENOSPC:
	case EDQUOT:
		return "free disk space there and try again";
	case EROFS:
		return "make the file system writable and try again";
	}
	return otherwise;
}

enum nat64_exit log_exit(int error)
{
	return abs(error) == EPERM || abs(error) == EACCES ? EXIT_PRIVILEGE : EXIT_FAILED;
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
		log_say("warning", YELLOW, parts.what, parts.why, parts.fix);
	va_end(args);
	parts_free(&parts);
}

static void log_line(const char *format, va_list args)
{
	_free_ char *text = NULL, *safe = NULL;

	if (vasprintf(&text, format, args) < 0) {
		text = NULL;
		return;
	}
	safe = text_escape(text);
	if (safe) {
		fflush(stdout);
		fprintf(stderr, "%s\n", safe);
	}
}

void log_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (!log_options.quiet)
		log_line(format, args);
	va_end(args);
}

void log_debug(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (log_options.verbose)
		log_line(format, args);
	va_end(args);
}
