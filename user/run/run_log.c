/* SPDX-License-Identifier: GPL-2.0-only */
/* The log of assignments (RFC 6888, 4): JSON lines, found by comparing the slots with what was told
 * of them. So nothing is missed when events get lost, and no reader of events is in the way of
 * another. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "log.h"
#include "maplog.h"
#include "run.h"

#define LINE_MAX_BYTES 256		/* bytes of the longest line */
#define SLICE_NS       (20 * NS_PER_MS) /* work between two looks at what else there is to do */
#define SLICE_SLOTS    1024		/* compared between two looks at the clock */
#define SLICE_LINES    256		/* replayed likewise */

static void forget(struct run_log *log)
{
	if (log->replayed)
		fclose(log->replayed);
	log->replayed = NULL;
	free(log->told);
	log->told = NULL;
	log->count = log->next = log->left = 0;
}

static void log_fault(const struct run_log *log, int error)
{
	log_warn(strerror(error), "free disk space or make its directory writable; run retries",
		 "%s: address assignments are not logged", log->path);
}

/* The next attempt opens it anew and logs what is not in it. */
static void log_failed(struct run_log *log, int error)
{
	close(log->fd);
	log->fd = -1;
	forget(log);
	log_fault(log, error);
}

/* A line that was cut off, as by a full disk, stays one of its own. */
static bool end_line(int fd, off_t size)
{
	char last;

	return pread(fd, &last, 1, size - 1) == 1 && (last == '\n' || write(fd, "\n", 1) == 1);
}

void run_log_reopen(struct run_log *log)
{
	struct stat file;

	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
	if (!*log->path)
		return;
	log->fd = open(log->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		       0640);
	if (log->fd < 0 || fstat(log->fd, &file)) {
		log_fault(log, errno);
		return;
	}
	if (!S_ISREG(file.st_mode)) { /* it could neither be read back nor be waited for */
		log_failed(log, EINVAL);
		return;
	}
	log->inode = file.st_ino;
	if (!file.st_size) /* it is to be understood without the one before */
		forget(log);
	else if (!end_line(log->fd, file.st_size))
		log_failed(log, errno);
}

void run_log_open(struct run_log *log, const char *path)
{
	if (!strcmp(log->path, path))
		return;
	snprintf(log->path, sizeof(log->path), "%s", path);
	forget(log);
	run_log_reopen(log);
}

void run_log_close(struct run_log *log)
{
	if (log->fd >= 0)
		close(log->fd);
	forget(log);
	*log = (struct run_log){ .fd = -1 };
}

/* Lines on their way to the file. */
struct output {
	int fd;
	int error;	     /* errno of the first failure */
	char when[UTC_TEXT]; /* time of all lines of a slice */
	size_t len;
	char text[1 << 16];
};

static void output_flush(struct output *out)
{
	if (!out->error)
		out->error = -file_put(out->fd, out->text, out->len);
	out->len = 0;
}

/* One event. Neither the name of an instance nor an address has a character that JSON escapes. */
static void output_line(struct output *out, const char *instance, const char *event,
			const struct run_told *told)
{
	char four[INET_ADDRSTRLEN], six[INET6_ADDRSTRLEN];
	const char *kind = "";

	if (!strcmp(event, "assigned"))
		kind = told->is_static ? ",\"kind\":\"static\"" : ",\"kind\":\"dynamic\"";
	if (out->len > sizeof(out->text) - LINE_MAX_BYTES)
		output_flush(out);
	out->len += (size_t)snprintf(out->text + out->len, sizeof(out->text) - out->len,
				     "{\"time\":\"%s\",\"event\":\"%s\",\"instance\":\"%s\","
				     "\"addr4\":\"%s\",\"addr6\":\"%s\"%s}\n",
				     out->when, event, instance,
				     inet_ntop(AF_INET, &told->addr4, four, sizeof(four)),
				     inet_ntop(AF_INET6, &told->addr6, six, sizeof(six)), kind);
}

static struct output *output_begin(const struct run_log *log)
{
	static struct output out; /* one log at a time is written; too large for the stack */

	out.fd = log->fd;
	out.error = 0;
	out.len = 0;
	utc_text(time(NULL), out.when);
	return &out;
}

/* Writes what there is. What fails is tried again from the beginning. */
static void output_end(struct run_log *log, struct output *out)
{
	output_flush(out);
	if (out->error)
		log_failed(log, out->error);
}

/* Where the assignment of an address is told of; NULL: nowhere, there are too many outside the
 * pool. */
static struct run_told *told_of(struct run_log *log, const struct bindings *b, uint32_t addr4)
{
	uint32_t index = ntohl(addr4) - b->config.pool_first, room = log->count;

	if (index < b->config.pool_size)
		return &log->told[index];
	for (uint32_t i = b->config.pool_size; i < log->count; i++) {
		struct nat64_slot slot;
		bool bound = bindings_read(b, i, &slot);

		if (log->told[i].addr4 == addr4 || (bound && slot.addr4 == addr4))
			return &log->told[i];
		if (!bound && !log->told[i].addr4)
			room = i;
	}
	return room < log->count ? &log->told[room] : NULL;
}

struct replay {
	struct run_log *log;
	const struct bindings *bindings;
};

static void told_before(const struct maplog_event *event, void *data)
{
	struct replay *replay = data;
	struct run_told *told = told_of(replay->log, replay->bindings, event->addr4.s_addr);

	if (!told)
		return;
	if (event->assigned)
		*told = (struct run_told){ event->addr6, event->addr4.s_addr, event->is_static };
	else if (told->addr4 == event->addr4.s_addr &&
		 !memcmp(&told->addr6, &event->addr6, sizeof(event->addr6)))
		*told = (struct run_told){};
}

/* Goes on reading what the file says already, of an earlier run: what ended since then is logged
 * now, and what goes on is not logged again. */
static void replay_some(struct run_log *log, const char *instance, const struct bindings *b)
{
	struct replay replay = { log, b };

	if (maplog_replay(log->replayed, instance, SLICE_LINES, told_before, &replay) > 0)
		return;
	fclose(log->replayed);
	log->replayed = NULL;
}

/* What became of one slot. */
static void compare(struct run_log *log, struct output *out, const char *instance,
		    const struct bindings *b, uint32_t i)
{
	struct run_told *told = &log->told[i];
	struct nat64_slot slot;
	bool bound = bindings_read(b, i, &slot),
	     is_static = bound && slot.state == NAT64_SLOT_STATIC;
	bool same = bound && told->addr4 == slot.addr4 &&
		    !memcmp(&told->addr6, &slot.addr6, sizeof(slot.addr6));

	if (same && told->is_static == is_static)
		return;
	if (!bound && !told->addr4)
		return;
	/* taken over by another client, or forgotten: expired; else a verb released it */
	if (told->addr4 && !same)
		output_line(out, instance,
			    bound && slot.state == NAT64_SLOT_DYNAMIC ? "expired" : "released",
			    told);
	*told = bound ? (struct run_told){ slot.addr6, slot.addr4, is_static } :
			(struct run_told){};
	if (bound)
		output_line(out, instance, "assigned", told);
}

void run_log_expired(struct run_log *log, const char *instance, uint32_t index)
{
	struct output *out;

	if (log->fd < 0 || index >= log->count || !log->told[index].addr4)
		return;
	out = output_begin(log);
	output_line(out, instance, "expired", &log->told[index]);
	log->told[index] = (struct run_told){};
	output_end(log, out);
}

/* Slots of other maps than those followed so far: the file says what was logged of them. */
static void log_follow(struct run_log *log, const struct bindings *b)
{
	forget(log);
	log->told = calloc(b->count, sizeof(*log->told));
	if (!log->told)
		return;
	log->count = b->count;
	log->replayed = fopen(log->path, "re");
}

void run_log_update(struct run_log *log, const char *instance, const struct bindings *b)
{
	struct stat file;

	if (!*log->path)
		return;
	if (log->fd < 0 || stat(log->path, &file) || file.st_ino != log->inode)
		run_log_reopen(log);
	if (log->fd < 0)
		return;
	if (log->count != b->count)
		log_follow(log, b);
	log->left = log->count; /* once around, from where it stands */
	run_log_more(log, instance, b);
}

bool run_log_more(struct run_log *log, const char *instance, const struct bindings *b)
{
	uint64_t until = clock_boot_ns() + SLICE_NS;
	struct output *out;

	if (log->fd < 0 || log->count != b->count || !log->left)
		return false;
	while (log->replayed && clock_boot_ns() < until)
		replay_some(log, instance, b);
	if (log->replayed)
		return true;

	out = output_begin(log);
	while (log->left && !out->error && clock_boot_ns() < until) {
		for (int i = 0; i < SLICE_SLOTS && log->left; i++, log->left--) {
			compare(log, out, instance, b, log->next);
			log->next = (log->next + 1) % log->count;
		}
	}
	output_end(log, out);
	return log->left;
}
