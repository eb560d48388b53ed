/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line: a table of verbs, a table of options; what was given. Help, completion and the
 * check of the man page come from the same rows. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

/* clang-format off */
/* enum, option, value, default, help */
#define VERB_OPTIONS(X) \
	X(DRY_RUN, "dry-run", NULL, NULL, "print what would be done, change nothing") \
	X(REPLACE, "replace", NULL, NULL, "allow a change that ends bindings or flows") \
	X(WAIT, "wait", "SEC", "5", "how long to wait for the interface's address and link, 0: not") \
	X(ALL, "all", NULL, NULL, "all instances") \
	X(AT, "at", "TIME", NULL, "the holder at that time: YYYY-MM-DDTHH:MM:SSZ, or seconds") \
	X(WATCH, "watch", "[=SEC]", "2", "redraw every SEC seconds") \
	X(EXPLAIN, "explain", NULL, NULL, "a sentence for each counter") \
	X(OPENMETRICS, "openmetrics", NULL, NULL, "text for Prometheus' textfile collector") \
	X(UNLOAD, "unload", NULL, NULL, "unload the instance at the end") \
	X(NO_DNS, "no-dns", NULL, NULL, "query no resolver") \
	X(FROM, "from", "ADDR", NULL, "source of the packet") \
	X(TO, "to", "ADDR", NULL, "its destination") \
	X(PROTO, "proto", "tcp|udp|icmp", NULL, "its protocol (tcp with --dport, else icmp)") \
	X(SPORT, "sport", "PORT", "40000", "its source port") \
	X(DPORT, "dport", "PORT", "443", "its destination port") \
	X(SIZE, "size", "BYTES", NULL, "its length from the IP header on")

enum verb_option {
#define X(id, ...) OPTION_##id,
	VERB_OPTIONS(X)
#undef X
	OPTION_MAX
};
/* clang-format on */
#define OPTION(id) (1u << OPTION_##id)

struct args;

struct verb {
	const char *name;
	const char *operands;		     /* as in the usage line */
	const char *help;		     /* half a sentence */
	uint32_t options;		     /* bits OPTION(...) */
	bool config;			     /* takes the config keys as options too */
	int least, most;		     /* operands */
	int (*run)(const struct args *args); /* exit status, or -1 after log_fail() */
};

struct verb_option_info {
	const char *name;
	const char *value;    /* NULL: none; in brackets: may be left out */
	const char *fallback; /* default of the value, NULL: none */
	const char *help;
};

extern const struct verb_option_info verb_options[OPTION_MAX];

/* Options that every verb takes. */
#define GLOBAL_OPTIONS 6

struct global_option {
	char letter; /* 0: none */
	const char *name;
	const char *help;
};

extern const struct global_option global_options[GLOBAL_OPTIONS];

struct args {
	const struct verb *verb;
	const char *operands[8];
	int count;	  /* of operands */
	const char *name; /* operands[0], NULL: none */
	bool json, quiet, help;
	uint32_t given;		       /* bits OPTION(...) */
	const char *value[OPTION_MAX]; /* NULL: without */
	struct config config;	       /* options that are config keys; config.given says which */
};

static inline bool args_has(const struct args *args, enum verb_option option)
{
	return args->given & 1u << option;
}

/* Parses the command line by a table of `count` verbs; sets log_options too. Says what is wrong and
 * returns -1 (exit 2). */
int args_parse(struct args *args, const struct verb *table, unsigned int count, int argc,
	       char **argv);
void args_free(struct args *args);

/* Verb I of the table, NULL behind the last; the verb that was probably meant by a word, or NULL.
 */
const struct verb *args_verb(unsigned int i);
const char *args_suggest_verb(const char *word);

int cmd_load(const struct args *args);
int cmd_unload(const struct args *args);
int cmd_status(const struct args *args);
int cmd_stats(const struct args *args);
int cmd_check(const struct args *args);
int cmd_import_tayga(const struct args *args);
int cmd_map(const struct args *args);
int cmd_run(const struct args *args);
int cmd_monitor(const struct args *args);
int cmd_doctor(const struct args *args);
int cmd_try(const struct args *args);
int cmd_help(const struct args *args);
int cmd_version(const struct args *args);
