/* SPDX-License-Identifier: GPL-2.0-only */
/* The state file: write it whole or not at all. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "file.h"
#include "savefile_text.h"

/* Writes a line, and counts it into the CRC. */
static void put(FILE *out, unsigned long *crc, const char *line)
{
	*crc = crc32_z(*crc, (const unsigned char *)line, strlen(line));
	fputs(line, out);
}

static void put_entry(FILE *out, unsigned long *crc, const struct saved *item)
{
	char addr4[INET_ADDRSTRLEN], addr6[INET6_ADDRSTRLEN], line[LINE_BYTES];

	inet_ntop(AF_INET, &item->addr4, addr4, sizeof(addr4));
	inet_ntop(AF_INET6, &item->addr6, addr6, sizeof(addr6));
	if (item->is_static)
		snprintf(line, sizeof(line), STATIC_WORDS "%s %s\n", addr4, addr6);
	else
		snprintf(line, sizeof(line), "%s\t%s\t%lld\n", addr4, addr6,
			 item->seen > 0 ? (long long)item->seen : 0);
	put(out, crc, line);
}

int savefile_print(FILE *out, const struct saved *items, size_t count)
{
	unsigned long crc = crc32_z(0, NULL, 0);

	errno = 0;
	put(out, &crc, savefile_header);
	for (uint32_t flags = 0; flags < FLOWS_MAX; flags++) {
		bool told = !flags;

		for (size_t i = 0; i < count && !ferror(out); i++) {
			if (items[i].flags != flags)
				continue;
			if (!told) {
				put(out, &crc, savefile_flows_lines[flags]);
				put(out, &crc, "\n");
			}
			told = true;
			put_entry(out, &crc, &items[i]);
		}
	}
	fprintf(out, CRC_WORDS "%08lx\n", crc);
	return file_end(out);
}

/* Mode 0600: which client had which address is private. */
static int write_temporary(int fd, const struct saved *items, size_t count)
{
	FILE *out = fdopen(fd, "w");
	int error;

	if (!out) {
		error = -errno;
		close(fd);
		return error;
	}
	error = savefile_print(out, items, count);
	if (!error && (fchmod(fd, 0600) || fsync(fd)))
		error = -errno;
	if (fclose(out) && !error)
		error = -errno;
	return error;
}

int savefile_target(const char *path, char real[PATH_MAX])
{
	struct stat at;

	if (stat(path, &at)) {
		if (errno != ENOENT)
			return -errno;
		return snprintf(real, PATH_MAX, "%s", path) < PATH_MAX ? 0 : -ENAMETOOLONG;
	}
	if (S_ISDIR(at.st_mode))
		return -EISDIR;
	if (!S_ISREG(at.st_mode))
		return -ENOTSUP;
	return realpath(path, real) ? 0 : -errno;
}

static int replace(const char *path, const struct saved *items, size_t count)
{
	char temporary[PATH_MAX];
	int error, fd;

	/* one name, so that what a killed writer left is found again; the lock is held, or the path
	 * is one writer's */
	if (snprintf(temporary, sizeof(temporary), "%s.nat64-bpf-new", path) >=
	    (int)sizeof(temporary))
		return -ENAMETOOLONG;
	unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	error = write_temporary(fd, items, count);
	if (!error && rename(temporary, path))
		error = -errno;
	if (error) {
		unlink(temporary);
		return error;
	}
	return file_sync_dir(path);
}

int savefile_write(const char *path, const struct saved *items, size_t count)
{
	char real[PATH_MAX];
	int error = file_make_parents(path);

	if (!error)
		error = savefile_target(path, real);
	return error ? error : replace(real, items, count);
}

int savefile_export(const char *path, const struct saved *items, size_t count)
{
	char real[PATH_MAX];
	int error = savefile_target(path, real);
	FILE *out;

	if (error != -ENOTSUP)
		return error ? error : replace(real, items, count);
	out = fopen(path, "we");
	if (!out)
		return -errno;
	error = savefile_print(out, items, count);
	if (fclose(out) && !error)
		error = -errno;
	return error;
}
