/* SPDX-License-Identifier: GPL-2.0-only */
/* Where things lie. */
#include "paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

void path_swap_chars(char *text, char from, char to)
{
	for (; *text; text++)
		if (*text == from)
			*text = to;
}

const char *path_pins(char *buf, const char *instance)
{
	int len = snprintf(buf, PATH_MAX, "%s/", dir_pin());

	snprintf(buf + len, PATH_MAX - len, "%s", instance);
	path_swap_chars(buf + len, '.', ':');
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
