/* SPDX-License-Identifier: GPL-2.0-only */
/* What this process may do, and what a resident one keeps. */
#pragma once

/* What an operation needs, to be or-ed. */
enum caps_need {
	NEED_NET_ADMIN = 1 << 0,
	NEED_BPF = 1 << 1,
	NEED_PERFMON = 1 << 2,
	NEED_READ = 1 << 3,  /* files and folders that are others', to look into */
	NEED_WRITE = 1 << 4, /* and to write; pinned maps are opened so */
};

/* Those of `needed` that this process lacks, "CAP_NET_ADMIN CAP_BPF", "" : none. Valid as a text of
 * textf(). NULL after saying that they cannot be read. */
const char *caps_missing(unsigned int needed);

/* Why something was denied on `error`, an errno of either sign: its text, and of `needed` what this
 * process lacks. */
const char *caps_why(int error, unsigned int needed);

/* Reports that WHAT failed on `error`, an errno of either sign: exit status log_exit(), reason
 * caps_why(), fix log_fix() with `otherwise`. Of `needed` the reason names file capabilities after
 * EACCES and the others after EPERM. Returns -1. */
int caps_fail(int error, unsigned int needed, const char *otherwise, const char *what, ...)
	__attribute__((format(printf, 4, 5)));

/* Keeps CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON (or CAP_SYS_ADMIN where it stands for two of them)
 * and gains none by any execve(2). Files below /proc/sys/net need CAP_NET_ADMIN only. 0 or -1 after
 * saying what went wrong. */
int caps_drop(void);
