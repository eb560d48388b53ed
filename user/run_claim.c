/* SPDX-License-Identifier: GPL-2.0-only */
/* One `run` for an instance: two would write the same files, and tell everything twice. What says so is a unix socket
 * with a name and no file: it belongs to one network namespace, as the instance does, and ends with its process. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"
#include "run.h"

#define WAIT_STEPS	40		/* for one that is just ending */
#define WAIT_NS		50000000	/* each */

static socklen_t claim_name(struct sockaddr_un *to, const char *name)
{
	*to = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return offsetof(struct sockaddr_un, sun_path) + 1 +
	       snprintf(to->sun_path + 1, sizeof(to->sun_path) - 1, "nat64-bpf/run/%s", name);
}

/* The process that has it, 0: it has ended meanwhile. */
static pid_t holder(const struct sockaddr_un *at, socklen_t len)
{
	_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred who = {};
	socklen_t size = sizeof(who);

	if (fd < 0 || connect(fd, (const struct sockaddr *)at, len) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size))
		return 0;
	return who.pid;
}

static int bind_it(int fd, const struct sockaddr_un *at, socklen_t len)
{
	const struct timespec step = { .tv_nsec = WAIT_NS };

	for (int i = 0; bind(fd, (const struct sockaddr *)at, len); i++) {
		if (errno != EADDRINUSE || i == WAIT_STEPS)
			return -errno;
		nanosleep(&step, NULL);
	}
	return listen(fd, SOMAXCONN) ? -errno : 0;	/* nobody accepts: who asks stays in the queue */
}

int run_claim(const char *name)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), error;
	struct sockaddr_un at;
	socklen_t len = claim_name(&at, name);
	pid_t pid;

	error = fd < 0 ? -errno : bind_it(fd, &at, len);
	if (!error)
		return fd;
	if (fd >= 0)
		close(fd);
	if (error != -EADDRINUSE)
		return log_fail(EXIT_FAILED, strerror(-error), log_fix(error, "use a kernel with unix sockets"),
				"%s: cannot tell others that this run is there", name);
	pid = holder(&at, len);
	return log_fail(EXIT_BUSY, pid ? fmt("process %d does that already", (int)pid) : "another process does that already",
			pid ? fmt("leave it at work; kill -HUP %d: it reads its settings again", (int)pid) :
			      fmt("find it: pgrep -af 'nat64-bpf run %s'", name),
			"%s: cannot follow the instance", name);
}
