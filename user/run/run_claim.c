/* SPDX-License-Identifier: GPL-2.0-only */
/* One `run` for an instance: two would write the same files and report everything twice. Each run
 * binds a unix socket with an abstract name (no file). Such a name belongs to one network
 * namespace, as the instance does, and ends with its process. A process that connects asks run to
 * log changes at once; run closes the connection when that is done. Any user can bind such a name,
 * so only a process of the same user counts. */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"
#include "run.h"
#include "text.h"

#define WAIT_STEPS 40	    /* for one that is just ending */
#define WAIT_NS	   50000000 /* each */
#define NOTE_MS	   500

static int open_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static socklen_t claim_name(struct sockaddr_un *to, const char *name)
{
	*to = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return offsetof(struct sockaddr_un, sun_path) + 1 +
	       snprintf(to->sun_path + 1, sizeof(to->sun_path) - 1, "nat64-bpf/run/%s", name);
}

/* The other end of a connection, 0: it is another user's, or has ended. */
static pid_t peer(int fd)
{
	struct ucred who = {};
	socklen_t size = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) || who.uid != geteuid() ?
		       0 :
		       who.pid;
}

/* A socket connected to the process that holds the name; -1: there is none. */
static int reach(const char *name)
{
	struct sockaddr_un at;
	socklen_t len = claim_name(&at, name);
	int fd = open_socket();

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&at, len)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* 0 or -errno. */
static int bind_it(int fd, const char *name)
{
	const struct timespec step = { .tv_nsec = WAIT_NS };
	struct sockaddr_un at;
	socklen_t len = claim_name(&at, name);

	for (int i = 0; bind(fd, (const struct sockaddr *)&at, len); i++) {
		if (errno != EADDRINUSE || i == WAIT_STEPS)
			return -errno;
		nanosleep(&step, NULL);
	}
	return listen(fd, SOMAXCONN) ? -errno : 0;
}

int run_claim(const char *name, int *claim_fd)
{
	int fd = open_socket(), error = fd < 0 ? -errno : bind_it(fd, name);
	_close_ int other = -1;
	pid_t pid;

	*claim_fd = error ? -1 : fd;
	if (!error)
		return 0;
	if (fd >= 0)
		close(fd);
	other = error == -EADDRINUSE ? reach(name) : -1;
	pid = other < 0 ? 0 : peer(other);
	if (pid)
		return log_fail(EXIT_BUSY, textf("already running as process %d", (int)pid),
				textf("leave it running; kill -HUP %d makes it read its settings "
				      "again",
				      (int)pid),
				"%s: cannot run", name);
	log_warn(strerror(-error),
		 textf("check that only one is running: pgrep -af 'nat64-bpf run %s'", name),
		 "%s: cannot tell whether another `run` of it is active", name);
	return 0;
}

void run_note(const char *name)
{
	_close_ int fd = reach(name);
	struct pollfd hung_up = { .fd = fd, .events = POLLIN };

	if (fd >= 0 && peer(fd))
		poll(&hung_up, 1, NOTE_MS);
}

void run_noted(struct keeper *keeper, const char *name)
{
	_close_ int fd = accept4(keeper->claim_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0 && peer(fd))
		keeper_log(keeper, name);
}
