/* SPDX-License-Identifier: GPL-2.0-only */
/* What a resident process may do: no more than it needs. */
#include "caps.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>

#include "log.h"

int caps_drop(void)
{
	static const unsigned int needed[] = { CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON };
	capng_select_t which = CAPNG_SELECT_CAPS;
	bool keep[3], whole;

	if (capng_get_caps_process())
		return log_fail(EXIT_FAILED, "libcap-ng cannot read them",
				"allow it capget(): a sandbox (SystemCallFilter=, a container) does not",
				"cannot read own capabilities");
	for (size_t i = 0; i < 3; i++)
		keep[i] = capng_have_capability(CAPNG_EFFECTIVE, needed[i]);
	whole = keep[0] && keep[1] && keep[2];
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))	/* the bounding set needs it */
		which = CAPNG_SELECT_BOTH;
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < 3; i++)
		if (keep[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET, needed[i]);
	if (!whole)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET, CAP_SYS_ADMIN);
	if (capng_apply(which) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return log_fail(EXIT_FAILED, strerror(errno),
				"allow it capset() and prctl(): a sandbox (SystemCallFilter=, a container) does not",
				"cannot give up capabilities");
	return 0;
}
