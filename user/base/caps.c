/* SPDX-License-Identifier: GPL-2.0-only */
/* What this process may do, and what a resident one keeps: no more than it needs. */
#include "caps.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "cleanup.h"
#include "log.h"
#include "text.h"

static int unreadable(void)
{
	return log_fail(EXIT_FAILED, "libcap-ng could not read them",
			"allow capget(): a sandbox (SystemCallFilter=, a container) blocks it",
			"cannot read the capabilities of this process");
}

/* What this process lacks; its own capabilities were read. */
static const char *missing(unsigned int needed)
{
	static const struct {
		unsigned int need, cap, other; /* `other` stands for it */
		const char *name;
	} all[] = {
		{ NEED_NET_ADMIN, CAP_NET_ADMIN, CAP_NET_ADMIN, "CAP_NET_ADMIN" },
		{ NEED_BPF, CAP_BPF, CAP_SYS_ADMIN, "CAP_BPF" },
		{ NEED_PERFMON, CAP_PERFMON, CAP_SYS_ADMIN, "CAP_PERFMON" },
		{ NEED_READ, CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE, "CAP_DAC_READ_SEARCH" },
		{ NEED_WRITE, CAP_DAC_OVERRIDE, CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE" },
	};
	char names[96] = "";

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (!(needed & all[i].need) || capng_have_capability(CAPNG_EFFECTIVE, all[i].cap) ||
		    capng_have_capability(CAPNG_EFFECTIVE, all[i].other))
			continue;
		strcat(names, *names ? " " : "");
		strcat(names, all[i].name);
	}
	return textf("%s", names);
}

const char *caps_missing(unsigned int needed)
{
	if (capng_get_caps_process()) {
		unreadable();
		return NULL;
	}
	return missing(needed);
}

const char *caps_why(int error, unsigned int needed)
{
	const char *names = capng_get_caps_process() ? "" : missing(needed);

	return *names ? textf("%s: this process lacks %s", strerror(abs(error)), names) :
			strerror(abs(error));
}

int caps_fail(int error, unsigned int needed, const char *otherwise, const char *what, ...)
{
	const unsigned int files = NEED_READ | NEED_WRITE;
	_free_ char *text = NULL;
	va_list args;

	if (abs(error) == EACCES)
		needed &= files;
	else
		needed &= abs(error) == EPERM ? ~files : 0;
	va_start(args, what);
	if (vasprintf(&text, what, args) < 0)
		text = NULL;
	va_end(args);
	return log_fail(log_exit(error), caps_why(error, needed), log_fix(error, otherwise), "%s",
			text ? text : what);
}

int caps_drop(void)
{
	static const unsigned int needed[] = { CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON };
	capng_select_t which = CAPNG_SELECT_CAPS;
	bool keep[3], whole;

	if (capng_get_caps_process())
		return unreadable();
	for (size_t i = 0; i < 3; i++)
		keep[i] = capng_have_capability(CAPNG_EFFECTIVE, needed[i]);
	whole = keep[0] && keep[1] && keep[2];
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP)) /* the bounding set needs it */
		which = CAPNG_SELECT_BOTH;
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < 3; i++)
		if (keep[i])
			capng_update(CAPNG_ADD,
				     CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
				     needed[i]);
	if (!whole)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
			     CAP_SYS_ADMIN);
	if (capng_apply(which) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return log_fail(EXIT_FAILED, strerror(errno),
				"allow capset() and prctl(): a sandbox (SystemCallFilter=, a "
				"container) blocks one of them",
				"cannot drop capabilities");
	return 0;
}
