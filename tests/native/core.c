/* SPDX-License-Identifier: GPL-2.0-only */
/* The translator core as native code: bpf/path.h over the buffer seam. */
#include "core.h"

#include "path.h"

struct native_state native;

bool core_64(struct ctx_buf *buf)
{
	verdict_t verdict = path_64(buf);

	return verdict_goes_on(verdict) || drop_64(buf, verdict);
}

bool core_46(struct ctx_buf *buf)
{
	verdict_t verdict = path_46(buf);

	if (verdict_goes_on(verdict))
		return true;

	drop_46(buf, verdict);
	return false;
}
