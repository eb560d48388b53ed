/* SPDX-License-Identifier: GPL-2.0-only */
/* Where things lie, files written as a whole, the lock. */
#include "paths.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "caps.h"
#include "cleanup.h"
#include "config.h"
#include "log.h"

#define LOCK_WAIT_MS 10000
#define LOCK_POLL_MS 50

static const char *dir(const char *variable, const char *fallback)
{
	const char *value = getenv(variable);

	return value && *value ? value : fallback;
}

const char *dir_state(void)
{
	return dir("NAT64_BPF_STATE_DIR", "/var/lib/nat64-bpf");
}

const char *dir_conf(void)
{
	return dir("NAT64_BPF_CONF_DIR", "/etc/nat64-bpf");
}

const char *dir_pin(void)
{
	return dir("NAT64_BPF_PIN_DIR", "/sys/fs/bpf/nat64-bpf");
}

const char *dir_run(void)
{
	return dir("NAT64_BPF_RUN_DIR", "/run/nat64-bpf");
}

/* bpffs allows no dot in a name, so it is a colon there; instance names hold no colon. */
static void swap_chars(char *text, char from, char to)
{
	for (; *text; text++)
		if (*text == from)
			*text = to;
}

const char *path_pins(char *buf, const char *instance)
{
	int len = snprintf(buf, PATH_MAX, "%s/", dir_pin());

	snprintf(buf + len, PATH_MAX - len, "%s", instance);
	swap_chars(buf + len, '.', ':');
	return buf;
}

const char *path_pin(char *buf, const char *instance, const char *object)
{
	size_t len = strlen(path_pins(buf, instance));

	snprintf(buf + len, PATH_MAX - len, "/%s", object);
	return buf;
}

const char *path_conf(char *buf, const char *instance)
{
	snprintf(buf, PATH_MAX, "%s/%s.conf", dir_conf(), instance);
	return buf;
}

const char *path_state(char *buf, const char *instance)
{
	snprintf(buf, PATH_MAX, "%s/%s.map", dir_state(), instance);
	return buf;
}

const char *path_run(char *buf, const char *instance, const char *suffix)
{
	snprintf(buf, PATH_MAX, "%s/%s.%s", dir_run(), instance, suffix);
	return buf;
}

int path_look(const char *path)
{
	struct stat there; /* access(2) would ask for the real user, without capabilities */

	return stat(path, &there) ? -errno : 0;
}

int make_dir(const char *path, unsigned int mode)
{
	char part[PATH_MAX];

	snprintf(part, sizeof(part), "%s", path);
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(part, 0755) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(part, mode) && errno != EEXIST ? -errno : 0;
}

int sync_dir_of(const char *path)
{
	char folder[PATH_MAX], *slash;
	_close_ int fd = -1;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (!slash)
		return 0;
	*slash = 0;
	fd = open(*folder ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) ? -errno : 0;
}

int write_file(const char *path, const char *text, size_t len, unsigned int mode)
{
	char temporary[PATH_MAX + 8];
	int fd, error = 0;

	/* one name, so that what a killed writer left is found again; the lock is held */
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	while (!error && len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			error = -errno;
		if (n > 0) {
			text += n;
			len -= n;
		}
	}
	if (!error && (fchmod(fd, mode) || fsync(fd)))
		error = -errno;
	if (close(fd) && !error)
		error = -errno;
	if (!error && rename(temporary, path))
		error = -errno;
	if (error)
		unlink(temporary);
	return error ? error : sync_dir_of(path);
}

static int lock_fd = -1;

/* Waits for the lock of the open file. 0; -EBUSY; another -errno. */
static int lock_wait(void)
{
	for (int waited = 0; flock(lock_fd, LOCK_EX | LOCK_NB); waited += LOCK_POLL_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (waited >= LOCK_WAIT_MS)
			return -EBUSY;
		nanosleep(&(struct timespec){ .tv_nsec = LOCK_POLL_MS * 1000000L }, NULL);
	}
	return 0;
}

int lock_take(void)
{
	char path[PATH_MAX];
	int error = make_dir(dir_run(), 0755);

	snprintf(path, sizeof(path), "%s/lock", dir_run());
	if (!error) {
		lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		error = lock_fd < 0 ? -errno : 0;
	}
	if (error)
		return log_fail(error == -EACCES || error == -EPERM ? EXIT_PRIVILEGE : EXIT_FAILED,
				caps_why(error, error == -EACCES ? NEED_WRITE : 0),
				"run as root, or set NAT64_BPF_RUN_DIR to a folder you may write",
				"%s: cannot open the lock", path);
	error = lock_wait();
	if (!error)
		return 0;
	lock_release();
	if (error == -EBUSY)
		return log_fail(EXIT_BUSY, "another nat64-bpf has been changing things for 10 s",
				fmt("wait for it, or find it with: fuser -v %s", path),
				"%s: locked", path);
	return log_fail(EXIT_FAILED, strerror(-error),
			log_fix(error, "set NAT64_BPF_RUN_DIR to a folder of a local file system"),
			"%s: cannot lock", path);
}

void lock_release(void)
{
	if (lock_fd >= 0)
		close(lock_fd);
	lock_fd = -1;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_name(char ***names, size_t *count, const char *name)
{
	char **more;

	for (size_t i = 0; i < *count; i++)
		if (!strcmp((*names)[i], name))
			return 0;
	more = realloc(*names, (*count + 1) * sizeof(**names));
	if (!more)
		return -ENOMEM;
	*names = more;
	more[*count] = strdup(name);
	if (!more[*count])
		return -ENOMEM;
	++*count;
	return 0;
}

/* Adds the entries of a folder that end with `suffix`, without it. */
static int add_entries(char ***names, size_t *count, const char *folder, const char *suffix)
{
	DIR *entries = opendir(folder);
	struct dirent *entry;
	int error = 0;

	if (!entries)
		return errno == ENOENT ? 0 : -errno;
	while (!error && (entry = readdir(entries))) {
		size_t len = strlen(entry->d_name), tail = strlen(suffix);
		char name[NAME_MAX + 1];

		if (entry->d_name[0] == '.' || len <= tail ||
		    strcmp(entry->d_name + len - tail, suffix))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(len - tail), entry->d_name);
		swap_chars(name, ':', '.');
		error = add_name(names, count, name);
	}
	closedir(entries);
	return error;
}

static int list(char ***names, size_t *count, bool records)
{
	int error;

	*names = NULL;
	*count = 0;
	error = add_entries(names, count, dir_pin(), "");
	if (!error && records)
		error = add_entries(names, count, dir_run(), ".undo");
	if (error) {
		names_free(*names, *count);
		*names = NULL;
		*count = 0;
		return error;
	}
	if (*count)
		qsort(*names, *count, sizeof(**names), by_name);
	return 0;
}

int instances_list(char ***names, size_t *count)
{
	return list(names, count, true);
}

int instances_pinned(char ***names, size_t *count)
{
	return list(names, count, false);
}

int instances_unlisted(int error)
{
	return log_fail(error == -EACCES || error == -EPERM ? EXIT_PRIVILEGE : EXIT_FAILED,
			caps_why(error,
				 error == -EACCES ? NEED_WRITE : 0), /* of the pins inside, too */
			log_fix(error,
				fmt("both must be folders: ls -ld %s %s", dir_pin(), dir_run())),
			"cannot list instances");
}

void names_free(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}
