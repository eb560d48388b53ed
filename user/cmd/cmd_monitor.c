/* SPDX-License-Identifier: GPL-2.0-only */
/* nat64-bpf monitor: events as they happen. Reading the ring of an instance consumes it, so only
 * one monitor can read at a time: it holds a lock on the folder of the instance's pins. `run` does
 * not read the ring: it compares bindings (run_log.c). */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "args.h"
#include "bindings.h"
#include "caps.h"
#include "cleanup.h"
#include "clock.h"
#include "counters.h"
#include "datapath.h"
#include "event_text.h"
#include "instance.h"
#include "instances.h"
#include "log.h"
#include "paths.h"
#include "report.h"
#include "text.h"

#define SOURCES_MAX 64
#define OUT_SIZE    4096 /* bytes: what a pipe that is ready takes without waiting (PIPE_BUF) */

struct monitor;

/* An instance that is followed. */
struct source {
	struct monitor *monitor;
	char name[NAME_LEN_MAX + 1];
	int lock;    /* folder of pins, locked */
	ino_t inode; /* of the pinned ring: one made anew has another */
	struct ring_buffer *ring;
	uint64_t since; /* ns of the boot clock: earlier events in the ring are not shown */
	uint64_t lost;	/* events-lost, as last shown */
	bool gone;	/* was not there at the last look */
};

struct monitor {
	const struct args *args;
	const char *only; /* name of the one instance, NULL: all */
	struct source *sources[SOURCES_MAX];
	unsigned int count;
	int signals, timer;
	bool stop; /* a signal came, or the reader has closed the pipe */
	char out[OUT_SIZE];
	size_t len;
};

/* Writes what has gathered. Waits for the reader, but never without hearing signals. */
static void out_flush(struct monitor *m)
{
	size_t done = 0;

	while (done < m->len) {
		struct pollfd fds[2] = { { STDOUT_FILENO, POLLOUT, 0 }, { m->signals, POLLIN, 0 } };
		ssize_t n = -1;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (!(fds[0].revents & POLLOUT) && fds[1].revents)
			break; /* asked to end while the reader does not read */
		if (fds[0].revents)
			n = write(STDOUT_FILENO, m->out + done, m->len - done);
		if (n > 0) {
			done += n;
		} else if (fds[0].revents && errno != EINTR && errno != EAGAIN) {
			if (errno != EPIPE)
				log_fail(EXIT_FAILED, strerror(errno),
					 "check that the disk is not full", "cannot write events");
			m->stop = true;
			break;
		}
	}
	if (done < m->len)
		m->stop = true;
	m->len = 0;
}

static void out_line(struct monitor *m, const char *line, size_t len)
{
	if (m->len + len > sizeof(m->out))
		out_flush(m);
	if (m->stop)
		return;
	memcpy(m->out + m->len, line, len);
	m->len += len;
}

/* One record of a ring. */
static int take(void *data, void *record, size_t size)
{
	struct source *source = data;
	struct monitor *m = source->monitor;
	const struct nat64_event *event = record;
	char line[EVENT_LINE];

	if (size >= sizeof(*event) && event->time >= source->since)
		out_line(m, line, event_line(event, source->name, m->args->json, line));
	return m->stop ? -ECANCELED : 0;
}

static uint64_t lost_now(const struct source *source)
{
	struct nat64_counter counters[NAT64_COUNTERS];

	return counters_read(source->name, counters) ? source->lost :
						       counters[NAT64_COUNT_EVENTS_LOST].packets;
}

static void tell_lost(struct source *source)
{
	uint64_t lost = lost_now(source);
	char line[EVENT_LINE];

	if (lost > source->lost)
		out_line(source->monitor, line,
			 event_lost_line(lost - source->lost, source->name,
					 source->monitor->args->json, line));
	source->lost = lost;
}

static void source_free(struct source *source)
{
	ring_buffer__free(source->ring);
	if (source->lock >= 0)
		close(source->lock);
	free(source);
}

static int take_lock(struct source *source)
{
	char path[PATH_MAX];

	source->lock = open(path_pins(path, source->name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (source->lock >= 0 && !flock(source->lock, LOCK_EX | LOCK_NB))
		return 0;
	if (source->lock >= 0 && errno == EWOULDBLOCK)
		return log_fail(EXIT_BUSY,
				"only one monitor can read an instance's events, and one is "
				"running",
				textf("stop that one; fuser -v %s shows it", path),
				"%s: already monitored", source->name);
	return caps_fail(errno, NEED_READ, "try again", "%s: cannot be read", path);
}

/* Begins to follow the ring that is pinned now. Earlier events in it are skipped. 0 or -errno. */
static int source_follow(struct source *source)
{
	_close_ int fd = datapath_map(source->name, "nat64_events");
	char path[PATH_MAX];
	struct stat pin;

	if (fd < 0)
		return fd;
	if (stat(path_pin(path, source->name, "nat64_events"), &pin))
		return -errno;
	ring_buffer__free(source->ring);
	source->ring = ring_buffer__new(fd, take, source, NULL);
	if (!source->ring)
		return -errno;
	source->inode = pin.st_ino;
	source->lost = 0;
	source->lost = lost_now(source);
	source->since = clock_boot_ns();
	ring_buffer__consume(source->ring);
	return 0;
}

static int source_add(struct monitor *m, const char *name)
{
	struct source *source;
	struct nat64_config config;
	int error = datapath_read_config(name, &config);

	if (error)
		return datapath_fail(error, name);
	if (m->count == SOURCES_MAX)
		return log_fail(EXIT_FAILED,
				textf("one monitor follows at most %d instances", SOURCES_MAX),
				textf("nat64-bpf monitor %s", name), "%s: too many instances",
				name);
	source = calloc(1, sizeof(*source));
	if (!source)
		return caps_fail(ENOMEM, 0, NULL, "%s: cannot be followed", name);
	source->monitor = m;
	source->lock = -1;
	snprintf(source->name, sizeof(source->name), "%s", name);
	if (take_lock(source)) {
		source_free(source);
		return -1;
	}
	error = source_follow(source);
	if (error) {
		source_free(source);
		return caps_fail(error, 0, textf("nat64-bpf unload %s, then load it again", name),
				 "%s: cannot read its events", name);
	}
	m->sources[m->count++] = source;
	log_note("%s: events follow, until Ctrl-C", name);
	return 0;
}

static bool is_followed(const struct monitor *m, const char *name)
{
	for (unsigned int i = 0; i < m->count; i++)
		if (!strcmp(m->sources[i]->name, name))
			return true;
	return false;
}

/* A fault of an instance that was loaded later is not an error: the others are still followed. */
static void let_be(const struct log_message *message, void *data)
{
	(void)data;
	log_debug("%s: %s", message->what, message->why);
}

/* Instances that are loaded and not yet followed. `first`: what cannot be followed is an error. */
static int find_new(struct monitor *m, bool first)
{
	char **names;
	size_t count;
	int error, status = 0;

	if (m->only)
		return first ? source_add(m, m->only) : 0;
	error = instances_list(&names, &count);
	if (error)
		return instances_unlisted(error);
	for (size_t i = 0; i < count && !status; i++) {
		struct nat64_config config;

		if (is_followed(m, names[i]) || datapath_read_config(names[i], &config) == -ENOENT)
			continue; /* -ENOENT: being loaded, or a record of one that failed */
		log_listen(first ? NULL : let_be, NULL);
		status = source_add(m, names[i]);
		log_listen(NULL, NULL);
		if (!first)
			status = 0;
	}
	instances_free(names, count);
	if (first && !status && !m->count)
		return log_fail(EXIT_NOT_LOADED, "only a loaded instance has events",
				"load an interface: nat64-bpf load tun0", "nothing is loaded");
	return status;
}

/* Once a second: losses; maps that were made anew; instances that came or went. */
static void monitor_look(struct monitor *m)
{
	for (unsigned int i = 0; i < m->count; i++) {
		struct source *source = m->sources[i];
		char path[PATH_MAX];
		struct stat pin;
		bool there = !stat(path_pin(path, source->name, "nat64_events"), &pin);

		tell_lost(source);
		if (there && pin.st_ino != source->inode)
			there = !source_follow(source);
		if (!there && source->gone) { /* twice: not just about to be made anew */
			log_note("%s: was unloaded", source->name);
			source_free(source);
			m->sources[i--] = m->sources[--m->count];
			continue;
		}
		source->gone = !there;
	}
	find_new(m, false);
}

static int loop_open(struct monitor *m)
{
	const struct itimerspec each = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	m->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	m->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (m->signals < 0 || m->timer < 0 || timerfd_settime(m->timer, 0, &each, NULL))
		return caps_fail(errno, 0, "start it again: nat64-bpf monitor",
				 "cannot wait for signals and time");
	return 0;
}

/* Until a signal, until the reader closes the pipe, or until nothing is loaded any more. */
static int loop_run(struct monitor *m)
{
	struct text_mark texts = text_mark();
	uint64_t ticks;

	while (!m->stop && m->count) {
		text_release(texts);
		struct pollfd fds[3 + SOURCES_MAX] = {
			{ m->signals, POLLIN, 0 },
			{ m->timer, POLLIN, 0 },
			{ STDOUT_FILENO, 0, 0 },
		};

		for (unsigned int i = 0; i < m->count; i++)
			fds[3 + i] = (struct pollfd){ ring_buffer__epoll_fd(m->sources[i]->ring),
						      POLLIN, 0 };
		if (poll(fds, 3 + m->count, -1) < 0 && errno != EINTR)
			return caps_fail(errno, 0, "start it again: nat64-bpf monitor",
					 "cannot wait for events");
		for (unsigned int i = 0; i < m->count;
		     i++) /* also what came just before a signal */
			ring_buffer__consume(m->sources[i]->ring);
		if (fds[0].revents || fds[2].revents & (POLLERR | POLLHUP | POLLNVAL))
			break;
		if (fds[1].revents && read(m->timer, &ticks, sizeof(ticks)) > 0)
			monitor_look(m);
		out_flush(m);
	}
	for (unsigned int i = 0; i < m->count; i++)
		tell_lost(m->sources[i]);
	if (!m->stop)
		out_flush(m);
	return log_status() ? -1 : 0;
}

int cmd_monitor(const struct args *args)
{
	struct monitor *m = calloc(1, sizeof(*m));
	struct instance instance = {};
	int status = m ? 0 : caps_fail(ENOMEM, 0, NULL, "cannot monitor");

	if (status)
		return status;
	m->args = args;
	if (args->name) {
		status = instance_running(&instance, args->name);
		m->only = instance.config.name;
	}
	if (!status && !find_new(m, true) && !loop_open(m))
		status = loop_run(m);
	else
		status = -1;
	while (m->count)
		source_free(m->sources[--m->count]);
	free(m);
	instance_free(&instance);
	return status;
}
