/* SPDX-License-Identifier: GPL-2.0-only */
/* The lock that changing verbs hold. */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "caps.h"
#include "file.h"
#include "log.h"
#include "paths.h"
#include "text.h"

#define LOCK_WAIT_MS 10000
#define LOCK_POLL_MS 50

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
	int error = file_make_dir(dir_run(), 0755);

	snprintf(path, sizeof(path), "%s/lock", dir_run());
	if (!error) {
		lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		error = lock_fd < 0 ? -errno : 0;
	}
	if (error)
		return caps_fail(error, NEED_WRITE,
				 "set NAT64_BPF_RUN_DIR to a directory that can be written to",
				 "%s: cannot open the lock file", path);
	error = lock_wait();
	if (!error)
		return 0;
	lock_release();
	if (error == -EBUSY)
		return log_fail(EXIT_BUSY, "another nat64-bpf has held the lock for 10 s",
				textf("wait for it, or find it with: fuser -v %s", path),
				"%s: locked", path);
	return caps_fail(error, 0, "set NAT64_BPF_RUN_DIR to a directory on a local file system",
			 "%s: cannot be locked", path);
}

void lock_release(void)
{
	if (lock_fd >= 0)
		close(lock_fd);
	lock_fd = -1;
}
