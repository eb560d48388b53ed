/* SPDX-License-Identifier: GPL-2.0-only */
/* What a resident process may do: no more than it needs. */
#pragma once

/* Keeps CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON (or CAP_SYS_ADMIN where it stands for two of them) and gains none by
 * any execve(2). Files below /proc/sys/net need CAP_NET_ADMIN only. 0 or -1 after saying what went wrong. */
int caps_drop(void);
