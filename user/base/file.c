/* SPDX-License-Identifier: GPL-2.0-only */
/* Files written as a whole, and their folders. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

void file_hold_standard(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/", O_PATH) != fd)
			_exit(1); /* there is no place left to say so */
}

int file_make_parents(const char *path)
{
	char part[PATH_MAX];

	if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part))
		return -ENAMETOOLONG;
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int error;

		*slash = 0;
		error = mkdir(part, 0755) ? -errno : 0;
		if (error && error != -EEXIST && access(part, X_OK))
			return error;
		*slash = '/';
	}
	return 0;
}

int file_end(FILE *out)
{
	if (!fflush(out) && !ferror(out))
		return 0;
	return errno ? -errno : -EIO;
}

int file_make_dir(const char *path, unsigned int mode)
{
	int error = file_make_parents(path);

	if (!error && mkdir(path, mode) && errno != EEXIST)
		error = -errno;
	return error;
}

int file_sync_dir(const char *path)
{
	char folder[PATH_MAX], *slash;
	_close_ int fd = -1;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash)
		slash[1] = 0;
	fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) ? -errno : 0;
}

int file_put(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			len -= n;
		}
	}
	return 0;
}

int file_write(const char *path, const char *text, size_t len, unsigned int mode)
{
	char temporary[PATH_MAX + 8];
	int fd, error;

	/* one name, so that what a killed writer left is found again; the lock is held */
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	error = file_put(fd, text, len);
	if (!error && (fchmod(fd, mode) || fsync(fd)))
		error = -errno;
	if (close(fd) && !error)
		error = -errno;
	if (!error && rename(temporary, path))
		error = -errno;
	if (error)
		unlink(temporary);
	return error ? error : file_sync_dir(path);
}
