/* SPDX-License-Identifier: GPL-2.0-only */
/* What the steps of a load share. */
#include "load_steps.h"

#include <errno.h>
#include <string.h>

#include "log.h"
#include "text.h"

int step_failed(int error, const char *what, const char *object)
{
	const char *kernel = nl_fault();

	return log_fail(error == -EPERM ? EXIT_PRIVILEGE : EXIT_FAILED,
			*kernel ? textf("%s: %s", strerror(-error), kernel) : strerror(-error),
			log_fix(error, "nat64-bpf doctor looks for what is wrong on this host"),
			"%s: %s", object, what);
}

int load_maps(const struct instance *instance)
{
	struct datapath_spec spec;

	instance_datapath(instance, &spec);
	return datapath_reusable(&spec);
}

int load_reusable(const struct instance *instance)
{
	return record_half(&instance->record) ? 0 : load_maps(instance);
}
