/* SPDX-License-Identifier: GPL-2.0-only */
/* The log of assignments (RFC 6888, 4): JSON lines, found by comparing the slots with what was told
 * of them. So nothing is missed when events get lost, and no reader of events is in the way of
 * another. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"
#include "maplog.h"
#include "run.h"

#define RECALL_MAX (64 << 20) /* bytes; of a larger file all is told anew */

static void forget(struct run_log *log)
{
	free(log->told);
	log->told = NULL;
	log->count = 0;
}

static void fault(const struct run_log *log, int error)
{
	log_warn(strerror(error), "make room, or make its folder writable: it is tried again",
		 "%s: assignments of addresses are not logged", log->path);
}

/* The next attempt opens it anew, and tells what is not in it. */
static void failed(struct run_log *log, int error)
{
	close(log->fd);
	log->fd = -1;
	forget(log);
	fault(log, error);
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
	log->fd = open(log->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (log->fd < 0 || fstat(log->fd, &file)) {
		fault(log, errno);
		return;
	}
	log->inode = file.st_ino;
	if (!file.st_size) /* it is to be understood without the one before */
		forget(log);
	else if (!end_line(log->fd, file.st_size))
		failed(log, errno);
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

static void line(FILE *out, const char *instance, const char *event, const struct run_told *told)
{
	char when[32], four[INET_ADDRSTRLEN], six[INET6_ADDRSTRLEN];
	time_t now = time(NULL);
	struct tm utc;
	json_t *object;

	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	object = json_pack("{s:s, s:s, s:s, s:s, s:s}", "time", when, "event", event, "instance",
			   instance, "addr4", inet_ntop(AF_INET, &told->addr4, four, sizeof(four)),
			   "addr6", inet_ntop(AF_INET6, &told->addr6, six, sizeof(six)));
	if (!strcmp(event, "assigned"))
		json_object_set_new(object, "kind",
				    json_string(told->is_static ? "static" : "dynamic"));
	json_dumpf(object, out, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(object);
	fputc('\n', out);
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

/* What the file tells already: of an earlier run. What ended since then is told now, and what goes
 * on is not anew. */
static void recall(struct run_log *log, const char *instance, const struct bindings *b)
{
	_file_ FILE *in = fopen(log->path, "re");
	struct replay replay = { log, b };
	struct stat file;

	if (in && !fstat(fileno(in), &file) && file.st_size <= RECALL_MAX)
		maplog_replay(in, instance, told_before, &replay);
}

/* What became of one slot. */
static void compare(struct run_log *log, FILE *out, const char *instance, const struct bindings *b,
		    uint32_t i)
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
	if (told->addr4 &&
	    !same) /* taken over by another, or forgotten: expired; else somebody released it */
		line(out, instance,
		     bound && slot.state == NAT64_SLOT_DYNAMIC ? "expired" : "released", told);
	*told = bound ? (struct run_told){ slot.addr6, slot.addr4, is_static } :
			(struct run_told){};
	if (bound)
		line(out, instance, "assigned", told);
}

static bool write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			text += n;
			len -= n;
		}
	}
	return true;
}

void run_log_expired(struct run_log *log, const char *instance, uint32_t index)
{
	_free_ char *text = NULL;
	size_t len = 0;
	FILE *out;

	if (log->fd < 0 || index >= log->count || !log->told[index].addr4)
		return;
	out = open_memstream(&text, &len);
	if (!out)
		return;
	line(out, instance, "expired", &log->told[index]);
	log->told[index] = (struct run_told){};
	if (!fclose(out) && !write_all(log->fd, text, len))
		failed(log, errno);
}

void run_log_update(struct run_log *log, const char *instance, const struct bindings *b)
{
	_free_ char *text = NULL;
	struct stat file;
	size_t len = 0;
	FILE *out;

	if (!*log->path)
		return;
	if (log->fd < 0 || stat(log->path, &file) || file.st_ino != log->inode)
		run_log_reopen(log);
	if (log->fd < 0)
		return;
	if (log->count != b->count) {
		forget(log);
		log->told = calloc(b->count, sizeof(*log->told));
		log->count = log->told ? b->count : 0;
		if (log->told)
			recall(log, instance, b);
	}
	out = open_memstream(&text, &len);
	if (!out)
		return;
	for (uint32_t i = 0; i < log->count; i++)
		compare(log, out, instance, b, i);
	if (!fclose(out) && len && !write_all(log->fd, text, len))
		failed(log, errno);
}
