/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel settings below /proc/sys. Functions return 0 or -errno and say nothing. */
#pragma once

/* KEY with slashes: net/ipv4/ip_forward. Reads one number. */
int sysctl_get(const char *key, long *value);
int sysctl_set(const char *key, long value);
