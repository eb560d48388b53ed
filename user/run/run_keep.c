/* SPDX-License-Identifier: GPL-2.0-only */
/* Following the bindings of a running instance: saved 1 s after a change and at most every 10 s,
 * every hour while there is traffic, forgotten beyond max-lease. A change shows in the allocator's
 * counts, which cost two look-ups a second. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "datapath.h"
#include "file.h"
#include "lock.h"
#include "log.h"
#include "paths.h"
#include "run.h"
#include "state.h"

#define SAVE_GAP (10 * NS_PER_S)
#define SEEN_GAP \
	(3600 * NS_PER_S) /* for the times of last use: what a power cut may take of them */
#define TELL_GAP   (10 * NS_PER_S) /* for changes that no count shows */
#define EXPIRE_GAP (60 * NS_PER_S)

void keeper_close(struct keeper *k)
{
	if (k->bindings.slots) {
		bindings_close(&k->bindings);
		if (k->counters_fd >= 0)
			close(k->counters_fd);
	}
	k->bindings = (struct bindings){};
	k->counters_fd = -1;
}

/* Sum of a counter over the CPUs. */
static uint64_t counted(int fd, uint32_t index)
{
	int cpus = libbpf_num_possible_cpus();
	_free_ struct nat64_counter *each = cpus > 0 ? calloc(cpus, sizeof(*each)) : NULL;
	uint64_t sum = 0;

	if (!each || bpf_map_lookup_elem(fd, &index, each))
		return 0;
	for (int cpu = 0; cpu < cpus; cpu++)
		sum += each[cpu].packets;
	return sum;
}

static bool changed(struct keeper *k)
{
	struct nat64_config *config = &k->bindings.config;
	uint32_t zero = 0;
	uint64_t mark[4];

	bpf_map_lookup_elem(k->bindings.config_fd, &zero, config);
	mark[0] = __atomic_load_n(&k->bindings.alloc->used, __ATOMIC_RELAXED);
	mark[1] = counted(k->counters_fd, NAT64_COUNT_BINDINGS);
	mark[2] = counted(k->counters_fd, NAT64_COUNT_RECLAIMED);
	mark[3] = (uint64_t)config->capacity << 32 | config->extern_count;
	if (!memcmp(mark, k->mark, sizeof(mark)))
		return false;
	memcpy(k->mark, mark, sizeof(mark));
	return true;
}

/* Clients were at work since the file was written, though none came or went. */
static bool outdated(struct keeper *k, uint64_t now)
{
	uint64_t packets;

	if (now - k->saved_at < SEEN_GAP)
		return false;
	packets = counted(k->counters_fd, NAT64_COUNT_IN64) +
		  counted(k->counters_fd, NAT64_COUNT_OUT46);
	if (packets == k->packets)
		return false;
	k->packets = packets;
	return true;
}

/* Opens the maps, or those that were made in their place. False: the instance is not loaded. */
static bool keeper_follow(struct keeper *k, const char *name)
{
	struct bindings_use use;
	char path[PATH_MAX];
	struct stat pin;

	if (stat(path_pin(path, name, "nat64_slots"), &pin)) {
		keeper_close(k);
		return false;
	}
	if (k->bindings.slots && pin.st_ino == k->inode)
		return true;
	keeper_close(k);
	if (bindings_open(name, &k->bindings))
		return false;
	k->counters_fd = datapath_map(name, "nat64_counters");
	k->inode = pin.st_ino;
	changed(k);
	bindings_use(&k->bindings, &use);
	if (use.dynamic) /* made before we listened */
		k->changed_at = clock_boot_ns();
	k->told_at = 0;
	return true;
}

void keeper_save_now(struct keeper *k, const struct config *config)
{
	char path[PATH_MAX];

	if (!k->bindings.slots || !k->changed_at)
		return;
	k->saved_at = clock_boot_ns();
	if (!state_save(&k->bindings, state_path(config, path)))
		k->changed_at = 0;
}

/* Saves in a process of its own, since a slow disk must not delay repairs. It writes beside the
 * state file, takes the lock and renames. If another process has saved meanwhile, that file is
 * newer and stays. 0 or -errno. */
static int save_aside(const struct keeper *k, const char *path)
{
	_close_ int held = open(path, O_RDONLY | O_NONBLOCK |
					      O_CLOEXEC); /* else a later file may get its inode */
	char aside[PATH_MAX], real[PATH_MAX];
	struct saved_list list;
	struct stat before = {}, now = {};
	int error = savefile_target(path, real);

	if (error)
		return error;
	path = real;
	if (snprintf(aside, sizeof(aside), "%s.run", path) >= (int)sizeof(aside))
		return -ENAMETOOLONG;
	if (held < 0 || fstat(held, &before))
		stat(path, &before);
	error = state_collect(&k->bindings, false, &list);
	if (!error)
		error = savefile_write(aside, list.items, list.count);
	savefile_list_free(&list);
	if (error)
		return error;
	if (lock_take())
		return -EBUSY;
	stat(path, &now);
	if (before.st_ino == now.st_ino && rename(aside, path))
		error = -errno;
	lock_release();
	unlink(aside);
	return error ? error : file_sync_dir(path);
}

static void save_begin(struct keeper *k, const char *name, uint64_t now)
{
	struct instance instance;
	char path[PATH_MAX];

	if (!instance_running(&instance, name)) {
		k->saver = fork();
		if (!k->saver) {
			log_options.quiet = true;
			prctl(PR_SET_PDEATHSIG, SIGKILL); /* the next run saves by the same names */
			if (k->claim_fd >= 0)
				close(k->claim_fd); /* on a disk that hangs not even that ends it */
			_exit(-save_aside(k, state_path(&instance.config, path)));
		}
		k->saved_at = now;
		if (k->saver > 0)
			k->changed_at = 0;
	}
	instance_free(&instance);
}

void keeper_saved(struct keeper *k, const char *name, bool wait)
{
	int status, error;

	if (k->saver <= 0 || waitpid(k->saver, &status, wait ? 0 : WNOHANG) != k->saver)
		return;
	k->saver = 0;
	error = !WIFEXITED(status) ? EINTR : WEXITSTATUS(status);
	if (error) {
		k->changed_at = clock_boot_ns();
		log_warn(strerror(error),
			 "free disk space or make its directory writable; run retries, and the "
			 "kernel keeps the bindings",
			 "%s: cannot save the bindings", name);
	} else if (k->failing) {
		log_note("%s: bindings are saved again", name);
	}
	k->failing = error;
}

/* Forgets the bindings of clients that have not been seen for max-lease. */
static void expire(struct keeper *k, const char *name, uint64_t now)
{
	struct bindings *b = &k->bindings;
	bool locked = false;

	k->expired_at = now;
	for (uint32_t i = 0; i < b->count; i++) {
		struct nat64_slot slot;

		if (b->slots[i].state != NAT64_SLOT_DYNAMIC || !bindings_read(b, i, &slot) ||
		    slot.state != NAT64_SLOT_DYNAMIC || slot.last_seen + b->config.max_lease >= now)
			continue;
		if (!locked && lock_take())
			return;
		locked = true;
		if (bindings_expire(b, i))
			run_log_expired(&k->log, name, i);
	}
	if (locked)
		lock_release();
}

bool keeper_log_more(struct keeper *k, const char *name)
{
	return k->bindings.slots && run_log_more(&k->log, name, &k->bindings);
}

void keeper_log(struct keeper *k, const char *name)
{
	if (!keeper_follow(k, name))
		return;
	run_log_update(&k->log, name, &k->bindings);
	while (keeper_log_more(k, name))
		;
}

void keeper_tick(struct keeper *k, const char *name)
{
	uint64_t now = clock_boot_ns();
	bool news;

	if (!keeper_follow(k, name))
		return;
	news = changed(k);
	if (!k->changed_at && (news || outdated(k, now)))
		k->changed_at = now;
	if (now - k->expired_at >= EXPIRE_GAP || !k->expired_at ||
	    k->bindings.config.max_lease < EXPIRE_GAP)
		expire(k, name, now);
	if (news || now - k->told_at >= TELL_GAP || !k->told_at) {
		run_log_update(&k->log, name, &k->bindings);
		k->told_at = now;
	}
	if (k->changed_at && k->saver <= 0 && (!k->saved_at || now - k->saved_at >= SAVE_GAP))
		save_begin(k, name, now);
}

int keeper_finish(struct keeper *k, const char *name)
{
	struct instance instance;
	int status = 0;

	keeper_saved(k, name, true);
	if (!keeper_follow(k, name))
		return 0;
	keeper_log(k, name);
	if (lock_take())
		return -1;
	if (!instance_running(&instance, name)) {
		k->changed_at = clock_boot_ns(); /* when each client was last seen */
		keeper_save_now(k, &instance.config);
		status = k->changed_at ? -1 : 0;
	}
	instance_free(&instance);
	lock_release();
	return status;
}
