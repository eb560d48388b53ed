/* SPDX-License-Identifier: GPL-2.0-only */
/* One kernel setting below /proc/sys: read, write. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "sysctl.h"

#define NUMBER_LEN 32 /* bytes, more than a long and its newline */

/* Opens /proc/sys/KEY. The key may come from a file: it shall not lead elsewhere. */
static int open_key(const char *key, int flags)
{
	char path[PATH_MAX];
	int fd;

	if (strstr(key, "..") && (strstr(key, "/../") || !strncmp(key, "../", 3)))
		return -EINVAL;
	if (snprintf(path, sizeof(path), "/proc/sys/%s", key) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

int sysctl_get(const char *key, long *value)
{
	_close_ int fd = open_key(key, O_RDONLY);
	char text[NUMBER_LEN], *end;
	ssize_t len;
	long number;

	if (fd < 0)
		return fd;
	len = read(fd, text, sizeof(text) - 1);
	if (len < 0)
		return -errno;
	text[len] = '\0';
	errno = 0;
	number = strtol(text, &end, 10);
	if (errno || end == text || (*end && *end != '\n'))
		return -EBADMSG;
	*value = number;
	return 0;
}

int sysctl_set(const char *key, long value)
{
	_close_ int fd = open_key(key, O_WRONLY);
	char text[NUMBER_LEN];
	int len = snprintf(text, sizeof(text), "%ld\n", value);

	if (fd < 0)
		return fd;
	return write(fd, text, len) == len ? 0 : -errno;
}
