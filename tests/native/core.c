/* SPDX-License-Identifier: GPL-2.0-only */
/* The translator core as native code: bpf/path.h over the buffer seam. */
#include "core.h"

#include "path.h"

struct native_state native;

bool core_64(struct ctx_buf *buf)
{
	__u32 verdict = path_64(buf);

	if (verdict == VERDICT_ANY)
		verdict = path_any_64(buf);
	if (verdict == VERDICT_OK || verdict == VERDICT_NOT_OURS)
		return true;
	return drop_64(buf, verdict);
}

bool core_46(struct ctx_buf *buf)
{
	struct nat64_slot *to = NULL;
	__u32 verdict = path_46(buf, &to);

	if (verdict == VERDICT_ANY)
		verdict = path_any_46(buf);
	if (verdict == VERDICT_OK || verdict == VERDICT_NOT_OURS)
		return true;
	drop_46(buf, verdict);
	return false;
}
