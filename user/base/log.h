/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages to the user: errors in three parts, warnings, notes. stdout carries results only, stderr
 * the messages. */
#pragma once

#include <stdbool.h>

#include "text.h"

/* Exit status of the tool, docs/design.md 3.1. */
enum nat64_exit {
	EXIT_DONE = 0,
	EXIT_FAILED = 1, /* failed, state rolled back; right in itself but impossible here */
	EXIT_USAGE = 2,	 /* usage or config error, wrong in itself */
	EXIT_NOT_LOADED = 3,
	EXIT_PRIVILEGE = 4,
	EXIT_KERNEL = 5, /* kernel lacks a feature */
	EXIT_BUSY = 6,
	EXIT_DEGRADED = 7,
};

/* Set once by main() from the command line and the environment. */
struct log_options {
	bool json;    /* errors go to stdout as {"error":{...}}, and to stderr as text */
	bool quiet;   /* no notes */
	bool verbose; /* log_debug() speaks */
	bool colour;  /* stderr is a terminal and NO_COLOR is not set */
};
extern struct log_options log_options;

/* Reports an error once: "error: WHAT", "why: WHY", "fix: FIX". WHAT is a format; none of the three
 * may be missing. Keeps the exit status of the first error. Returns -1. */
int log_fail(enum nat64_exit status, const char *why, const char *fix, const char *what, ...)
	__attribute__((format(printf, 4, 5), nonnull(2, 3)));

/* The fix for an errno (either sign) whose fix is the same wherever it is met: privileges, memory,
 * open files, room on a disk; for any other `otherwise`. */
const char *log_fix(int error, const char *otherwise);

/* Exit status for an errno (either sign): EXIT_PRIVILEGE for EPERM and EACCES, else EXIT_FAILED. */
enum nat64_exit log_exit(int error);

/* Exit status of the first log_fail(), EXIT_DONE if there was none. */
enum nat64_exit log_status(void);

/* The fix may be NULL. */
void log_warn(const char *why, const char *fix, const char *what, ...)
	__attribute__((format(printf, 3, 4)));
void log_note(const char *format, ...)
	__attribute__((format(printf, 1, 2))); /* stderr, not with -q */
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2))); /* stderr, with -v */

/* Sends errors and warnings to a listener instead of the user: doctor makes findings of them, run
 * its status. log_fail() then leaves the exit status alone. NULL: to the user again. The texts live
 * as long as the call. */
struct log_message {
	enum nat64_exit code; /* EXIT_DONE: a warning */
	const char *what, *why, *fix;
};
void log_listen(void (*listener)(const struct log_message *message, void *data), void *data);
