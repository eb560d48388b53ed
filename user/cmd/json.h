/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON results on stdout. */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "log.h"

/* Prints one object and frees it. */
static inline void json_out(json_t *object)
{
	json_dumpf(object, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(object);
}

/* {"schema":1,"instance":"tun0","changed":true}, what every changing verb says. `instance` NULL:
 * there was none. Nothing after an error, which is a document of its own. */
static inline void json_changed(const char *instance, int changed)
{
	if (log_status() == EXIT_DONE)
		json_out(json_pack("{s:i, s:s?, s:b}", "schema", 1, "instance", instance, "changed",
				   changed));
}
