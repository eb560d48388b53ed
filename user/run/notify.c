/* SPDX-License-Identifier: GPL-2.0-only */
/* Telling the service manager our state: one datagram to the socket that NOTIFY_SOCKET names. */
#include "notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"

static void send_text(const char *path, const char *text)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || len >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, len);
	if (to.sun_path[0] == '@') /* a name without a file */
		to.sun_path[0] = 0;
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&to,
		   offsetof(struct sockaddr_un, sun_path) + len) < 0)
		log_debug("NOTIFY_SOCKET: %m");
}

void notify(const char *format, ...)
{
	const char *path = getenv("NOTIFY_SOCKET");
	_free_ char *text = NULL;
	va_list args;

	if (!path || (*path != '/' && *path != '@'))
		return;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (text)
		send_text(path, text);
}

void notify_reloading(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	notify("RELOADING=1\nMONOTONIC_USEC=%llu", now.tv_sec * 1000000ull + now.tv_nsec / 1000);
}
