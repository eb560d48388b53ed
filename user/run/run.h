/* SPDX-License-Identifier: GPL-2.0-only */
/* What the resident helper consists of: repair, keep the bindings, write the log of assignments. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bindings.h"
#include "instance.h"
#include "log.h"
#include "nat64.h"

enum run_state { RUN_WAITING, RUN_TRANSLATING, RUN_DEGRADED };

/* The log of assignments: bindings as they were last logged, by slot. */
struct run_log {
	int fd; /* -1: off, or it cannot be opened */
	char path[PATH_MAX];
	ino_t inode; /* of the open file: logrotate puts another in its place */
	struct run_told {
		struct in6_addr addr6;
		uint32_t addr4; /* network order, 0: nothing is logged of this slot */
		bool is_static;
	} * told;
	uint32_t count;
	uint32_t next;	/* slot to compare next */
	uint32_t left;	/* slots that are still to be compared, once around */
	FILE *replayed; /* the file as it is read back at first, NULL: it was */
};

/* The bindings of the instance, followed. */
struct keeper {
	struct bindings bindings; /* slots NULL: not open */
	ino_t inode;		  /* of the pin: maps made anew have another */
	int counters_fd;
	uint64_t mark[4];    /* what changes with the bindings, as last seen */
	uint64_t changed_at; /* ns of the boot clock: first change that is not saved, 0: none */
	uint64_t saved_at;   /* ns: last attempt to save */
	uint64_t packets;    /* translated when last it was saved for the times of last use */
	pid_t saver;	     /* process that saves, 0: none */
	uint64_t expired_at; /* ns: last look for bindings beyond max-lease */
	uint64_t told_at;    /* ns: last comparison for the log */
	bool failing;	     /* the last save failed */
	int claim_fd;	     /* of run_claim(); -1: none */
	struct run_log log;
};

struct run {
	const char *given;	     /* NAME of the command line */
	char name[NAME_LEN_MAX + 1]; /* of the instance */
	bool up;		     /* run brought it up, and no unload took it down */
	enum run_state state;
	char why[256];	    /* of the state, as last said; "" : none */
	bool deriving;	    /* what is said now is a reason to wait */
	uint64_t look_at;   /* ns of the boot clock: when to look next, 0: nothing has happened */
	uint64_t looked_at; /* ns: end of the last look */
	uint64_t look_ns;   /* how long it took */
	uint32_t retries;   /* failed repairs in a row */
	struct instance instance; /* as last brought up, or found whole */
	int hold_fd;		  /* owns the table of nl_hold(); -1: there is none */
	uint32_t hold_crc;	  /* of what that table was made for */
	struct keeper keeper;
};

/* A message of one of the modules: kept as the state's reason, and said, but not again and again.
 * `data`: the run. */
void run_hear(const struct log_message *message, void *data);

/* Opens a socket; while it is open no other `run` of this instance starts in this network
 * namespace. 0; -1: another one runs, which is reported. Waits up to 2 s for one that is ending. */
int run_claim(const char *name, int *claim_fd);

/* For other verbs: asks the run of an instance, if there is one, to log what has changed, and waits
 * for that at most 0.5 s. */
void run_note(const char *name);
void run_noted(struct keeper *keeper,
	       const char *name); /* run_note() of another process asked for that */

/* The first load. 0: up, or waiting for the interface; -1: said. */
int run_begin(struct run *run);

/* Checks whether the instance is whole and repairs it. `reread`: reads the config file anew, as
 * `load` does. 0; 1: it was unloaded; -1: it could not be repaired, which is reported; the next
 * check is planned. */
int run_mend(struct run *run, bool reread);

/* The quick way for a table that was flushed: makes it anew as it last was, if that still is what
 * the instance wants. The check that follows repairs the rest. */
void run_mend_table(struct run *run);

/* Rules of other tables changed. Flows on the fast path pass them by, so our table is made anew,
 * which brings these flows before the rules again. 1: it was, and the notifications about that are
 * ours; 0: not needed, or it could not be made; -1: the lock was not to be had, which is said; the
 * next look is planned. */
int run_ruleset_changed(struct run *run);

/* Follows the bindings, once a second: has saved what is due, forgets what is beyond max-lease,
 * writes the log. */
void keeper_tick(struct keeper *keeper, const char *name);

/* Writes all of the log now. */
void keeper_log(struct keeper *keeper, const char *name);

/* Goes on with what a tick left of the log. False: nothing is left. */
bool keeper_log_more(struct keeper *keeper, const char *name);

/* Looks whether a save has ended (SIGCHLD), or waits for that, and says how. */
void keeper_saved(struct keeper *keeper, const char *name, bool wait);

/* Before the end: saves. 0, or -1 after saying what went wrong. */
int keeper_finish(struct keeper *keeper, const char *name);

/* Before the maps may be made anew: saves what is not yet saved. The caller holds the lock. */
void keeper_save_now(struct keeper *keeper, const struct config *config);
void keeper_close(struct keeper *keeper);

/* Opens the log, or another file of that name; "" : off. A file that is new begins with all
 * bindings there are. */
void run_log_open(struct run_log *log, const char *path);
void run_log_reopen(struct run_log *log);

/* Begins to write what has changed since the last call: assigned, released, expired. */
void run_log_update(struct run_log *log, const char *instance, const struct bindings *bindings);

/* Goes on with that for some 20 ms. False: nothing is left. */
bool run_log_more(struct run_log *log, const char *instance, const struct bindings *bindings);
void run_log_expired(struct run_log *log, const char *instance,
		     uint32_t index); /* the binding that was there */
void run_log_close(struct run_log *log);
