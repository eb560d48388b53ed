/* SPDX-License-Identifier: GPL-2.0-only */
/* The ends of a measurement: network namespaces and socket addresses. */
#pragma once

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Goes into a namespace that `ip netns` made; ends the program if there is none. */
static inline void enter(const char *space)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", space);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(1, "%s", path);
	close(fd);
}

/* Writes the address that `text` is, IPv4 or IPv6, and the port (host order), into `out`, which has
 * room for either. Its length in bytes; ends the program if `text` is none. */
static inline socklen_t address(const char *text, unsigned int port, struct sockaddr_in6 *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		return sizeof(*in);
	}
	if (inet_pton(AF_INET6, text, &out->sin6_addr) != 1)
		errx(2, "%s: not an address", text);
	out->sin6_family = AF_INET6;
	out->sin6_port = htons(port);
	return sizeof(*out);
}
