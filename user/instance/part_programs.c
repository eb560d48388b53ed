/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of an instance in BPF: programs, maps and what they hold, where the programs are attached.
 */
#include "parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bindings.h"
#include "cleanup.h"
#include "log.h"
#include "paths.h"
#include "state.h"
#include "text.h"
#include "xdp.h"

/* Before the first change of it: what runs now. A fresh load has nothing to go back to. */
static int keep_maps(struct plan *plan)
{
	const struct instance *instance = plan->instance;
	const char *name = instance->config.name;
	uint32_t index = plan->moved ? instance->record.ifindex : instance->link.index;

	if (!instance->running || plan->old_maps)
		return 0;
	plan->old_maps = datapath_save(name);
	plan->old_hooks = attach_save(name, index);
	if (!plan->old_maps || !plan->old_hooks)
		return part_failed(-ENOMEM, "cannot keep what runs", name);
	return 0;
}

static int keep_bindings(struct plan *plan, const struct bindings *bindings)
{
	const char *name = plan->instance->config.name;
	int error;

	if (plan->had_bindings || !plan->instance->running || plan->reusable != 1)
		return 0;
	/* open from now on: on the way back there may be no memory to map them */
	if (bindings_open(name, &plan->old_open))
		return -1;
	plan->had_bindings = true;
	error = state_collect(bindings, true, &plan->old_bindings);
	return error ? part_failed(error, "cannot read its bindings", name) : 0;
}

/* Static maps of the settings, counts, and in fresh maps the bindings that there were. */
static int fill(struct plan *plan)
{
	const struct config *config = &plan->instance->config;
	struct bindings bindings;
	char path[PATH_MAX];
	int status, error = 0;

	if (bindings_open(config->name, &bindings))
		return -1;
	status = keep_bindings(plan, &bindings);
	if (!status)
		status = bindings_settle(&bindings, config);
	if (status >= 0 && plan->next.quota_len != config->quota_length)
		error = bindings_count_quota(&bindings);
	if (error)
		status = part_failed(error, "cannot count the bindings of client networks",
				     config->name);
	plan->next.quota_len = config->quota_length;
	if (status > 0)
		status = bindings_end_flows(&bindings);
	if (status >= 0 && plan->reusable != 1 && plan->kept.items)
		state_apply(&bindings, &plan->kept);
	else if (status >= 0 && plan->reusable != 1)
		state_restore(&bindings, state_path(config, path));
	bindings_close(&bindings);
	return status < 0 ? -1 : 0;
}

/* Programs, and the maps as such. */

int programs_look(struct plan *plan)
{
	const struct instance *instance = plan->instance;
	const char *name = instance->config.name, *verb = "load";
	uint32_t ids[DATAPATH_PROGRAMS];
	enum change_kind kind = CHANGE_MISSING;

	datapath_program_ids(name, ids);
	/* an interface may come back under its name with a link header that the other had not */
	if (plan->reusable == 1 && instance->record.program == datapath_program() &&
	    !memcmp(instance->record.programs, ids, sizeof(ids)) &&
	    instance->record.neighbour == instance->l2)
		return 0;
	if (plan->reusable == 1) {
		verb = "update";
		kind = CHANGE_ALTERED;
	}
	return plan_add(plan, kind,
			textf("# %s programs and maps in %s/%s", verb, dir_pin(), name)) ?
		       0 :
		       -1;
}

int programs_left(struct plan *plan)
{
	const char *name = plan->instance->config.name;
	char path[PATH_MAX];

	if (access(path_pins(path, name), F_OK)) {
		if (plan->apply)
			datapath_unpin(name); /* perhaps the folder above was just made */
		return 0;
	}
	return plan_add(plan, CHANGE_STRAY, textf("# remove pins of %s", name)) ? 0 : -1;
}

int programs_apply(struct plan *plan, struct change *change)
{
	const char *name = plan->instance->config.name;
	struct datapath_spec spec;
	int error;

	if (change->kind == CHANGE_STRAY) {
		error = datapath_unpin(name);
		return error ? part_failed(error, "cannot remove its pins", name) : 0;
	}
	instance_datapath(plan->instance, &spec);
	if (keep_maps(plan) || datapath_load(&spec, plan->reusable == 1) || fill(plan))
		return -1;
	plan->next.program = datapath_program();
	datapath_program_ids(name, plan->next.programs);
	for (size_t i = 0; i < DATAPATH_PROGRAMS; i++)
		if (!plan->next.programs[i])
			return part_failed(-EIO, "cannot read back its pins", name);
	return 0;
}

/* What the maps hold: the settings, and static maps. */

int maps_look(struct plan *plan)
{
	struct datapath_spec spec;

	instance_datapath(plan->instance, &spec);
	if (plan->reusable != 1 || !datapath_config_differs(&spec))
		return 0;
	return plan_add(plan, CHANGE_ALTERED, "# map nat64_config: write the settings") ? 0 : -1;
}

int statics_look(struct plan *plan)
{
	const struct instance *instance = plan->instance;
	struct datapath_spec spec;
	struct bindings bindings;
	_free_ char *lines = NULL;
	size_t len = 0;
	FILE *out;
	int status;

	/* what `map del` took away is missing to a load, not to a repair */
	if (plan->reusable != 1 || plan->lenient)
		return 0;
	out = open_memstream(&lines, &len);
	if (!out)
		return part_failed(-errno, "cannot compare its static maps", instance->config.name);
	status = bindings_open(instance->config.name, &bindings);
	if (!status) {
		instance_datapath(instance, &spec);
		bindings.config = spec.config;
		status = bindings_show_settle(&bindings, &instance->config, out);
		bindings_close(&bindings);
	}
	if (fclose(out) && status >= 0)
		return part_failed(-errno, "cannot compare its static maps", instance->config.name);
	if (status <= 0)
		return status;
	if (len)
		lines[len - 1] = 0;
	return plan_add(plan, CHANGE_ALTERED, textf("%s", lines)) ? 0 : -1;
}

int maps_apply(struct plan *plan, struct change *change)
{
	struct datapath_spec spec;

	(void)change;
	instance_datapath(plan->instance, &spec);
	return keep_maps(plan) || datapath_write_config(&spec) || fill(plan) ? -1 : 0;
}

/* Pins, settings and bindings together: once, for whichever part comes first on the way back. */
int maps_undo(struct plan *plan, struct change *change)
{
	const char *name = plan->instance->config.name;
	struct bindings *bindings = &plan->old_open;
	struct saved_list none = {};
	int error;

	(void)change;
	if (plan->maps_back || !plan->old_maps)
		return 0;
	plan->maps_back = true;
	error = datapath_restore(name, plan->old_maps);
	if (error || !plan->had_bindings)
		return error;
	error = datapath_read_config(name, &bindings->config);
	if (error)
		return error;
	if (plan->had_config && bindings_settle(bindings, &plan->old_config) < 0)
		error = -EIO;
	state_revert(bindings, &none, &plan->old_bindings);
	if (bindings->config.quota_len != plan->instance->config.quota_length)
		bindings_count_quota(bindings);
	return error;
}

/* Where they are attached at TC. */

int hooks_look(struct plan *plan)
{
	const struct instance *instance = plan->instance;
	struct attach_look look;
	const char *line;

	attach_look(instance->config.name, instance->link.index, &look);
	if (look.hook != HOOK_NONE && look.current)
		return 0;
	line = textf("# attach nat64_in at TC ingress and nat64_out at TC egress of %s",
		     instance->link.name);
	return -!plan_add(plan, look.any ? CHANGE_ALTERED : CHANGE_MISSING, line);
}

int hooks_left(struct plan *plan)
{
	const struct instance *instance = plan->instance;

	if (!instance->link.index)
		return 0;
	return plan_add(plan, CHANGE_STRAY, textf("# detach from %s", instance->link.name)) ? 0 :
											      -1;
}

static int detach(const struct plan *plan)
{
	const struct record *record = &plan->instance->record;
	const char *name = plan->instance->config.name;
	int error = attach_remove(name, record->ifindex, record->clsact);

	if (error && error != -ENODEV && error != -ENOENT)
		return part_failed(error, "cannot detach the programs", name);
	if (record->left_index && record->left_index != record->ifindex)
		attach_leave(record->left_index, record->left_clsact);
	if (!attach_remains(record->ifindex))
		return 0;
	return log_fail(EXIT_FAILED,
			"their links are pinned in another BPF file system, which this process "
			"cannot see",
			textf("run it where it was loaded: nsenter --mount=/proc/PID/ns/mnt "
			      "nat64-bpf unload %s",
			      name),
			"%s: its programs stay attached to %s", name, record->interface);
}

int hooks_apply(struct plan *plan, struct change *change)
{
	const struct instance *instance = plan->instance;

	if (change->kind == CHANGE_STRAY)
		return detach(plan);
	if (keep_maps(plan))
		return -1;
	return attach_programs(instance->config.name, instance->link.name, instance->link.index) <
			       0 ?
		       -1 :
		       0;
}

int hooks_undo(struct plan *plan, struct change *change)
{
	int error = plan->old_hooks ? attach_restore(plan->old_hooks) : 0;
	int maps = maps_undo(plan, change);

	return error ? error : maps;
}

/* In XDP, beside TC. */

static bool wants_xdp(const struct instance *instance)
{
	return instance->config.xdp == XDP_NATIVE || instance->config.xdp == XDP_GENERIC;
}

static int look_at_xdp(const struct plan *plan, struct xdp_look *look)
{
	const struct instance *instance = plan->instance;
	int error = xdp_look(instance->config.name, instance->link.index, instance->config.xdp,
			     look);

	return error ? part_failed(error, "cannot query its XDP program", instance->link.name) : 0;
}

/* One that is not to stay. */
int xdp_off_look(struct plan *plan)
{
	const struct instance *instance = plan->instance;
	bool elsewhere = plan->moved && instance->record.xdp;
	struct change *change;
	struct xdp_look look;

	if (look_at_xdp(plan, &look))
		return -1;
	plan->xdp_fits = wants_xdp(instance) && look.mode == instance->config.xdp && look.current &&
			 look.pinned && plan->reusable == 1 && plan->next.xdp == xdp_version();
	if (plan->xdp_fits || (look.mode == XDP_OFF && !plan->next.xdp && !elsewhere))
		return 0;
	if (look.mode == XDP_OFF && wants_xdp(instance) && !elsewhere)
		return 0; /* gone by itself: its pin makes room for that of the next */
	change = plan_add(plan, CHANGE_STRAY,
			  textf("# detach nat64_xdp from XDP (%s) of %s", xdp_words[look.mode],
				instance->link.name));
	if (!change)
		return -1;
	change->index = elsewhere ? instance->record.ifindex : instance->link.index;
	change->was_xdp = look.mode;
	return 0;
}

int xdp_off_apply(struct plan *plan, struct change *change)
{
	if (xdp_detach(plan->instance->config.name, change->index))
		return -1;
	plan->next.xdp = 0;
	*plan->next.xdp_alone = 0;
	return 0;
}

/* Of both parts: as it was attached before, if it was. */
int xdp_off_undo(struct plan *plan, struct change *change)
{
	const char *name = plan->instance->config.name;
	struct xdp_spec spec;
	char alone[sizeof(plan->next.xdp_alone)];

	instance_xdp(plan->instance, &spec);
	if (change->kind != CHANGE_STRAY)
		return xdp_detach(name, spec.ifindex) ? -EIO : 0;
	spec.ifindex = change->index;
	spec.mode = change->was_xdp;
	if (spec.mode == XDP_NATIVE || spec.mode == XDP_GENERIC)
		xdp_attach(&spec, alone, sizeof(alone));
	return 0;
}

int xdp_on_look(struct plan *plan)
{
	const struct instance *instance = plan->instance;
	struct change *change;
	struct xdp_look look;

	if (!wants_xdp(instance) || plan->xdp_fits) {
		if (plan->apply && !plan->next.xdp)
			xdp_tidy(false);
		return 0;
	}
	if (look_at_xdp(plan, &look))
		return -1;
	change = plan_add(plan, look.mode == XDP_OFF ? CHANGE_MISSING : CHANGE_ALTERED,
			  textf("# attach nat64_xdp in XDP (%s) of %s",
				xdp_words[instance->config.xdp], instance->link.name));
	if (!change)
		return -1;
	change->barred = plan->lenient && (!instance->l2 || look.taken);
	return 0;
}

int xdp_on_apply(struct plan *plan, struct change *change)
{
	const char *name = plan->instance->config.name;
	struct xdp_spec spec;

	if (change->kind == CHANGE_STRAY)
		return xdp_detach(name, change->index);
	instance_xdp(plan->instance, &spec);
	if (!xdp_attach(&spec, plan->next.xdp_alone, sizeof(plan->next.xdp_alone))) {
		plan->next.xdp = xdp_version();
		return 0;
	}
	plan->next.xdp = 0;
	change->begun = false;
	change->barred = plan->lenient;
	xdp_tidy(false);
	return plan->lenient ? 0 : -1;
}

int xdp_left(struct plan *plan)
{
	const struct record *record = &plan->instance->record;
	const uint32_t indices[] = { record->ifindex, record->left_index };

	for (size_t i = 0; i < 2 && record->xdp; i++) {
		struct change *change;

		if (i && (!indices[i] || indices[i] == indices[0]))
			continue;
		change = plan_add(plan, CHANGE_STRAY,
				  textf("# detach nat64_xdp from XDP of %s", record->interface));
		if (!change)
			return -1;
		change->index = indices[i];
	}
	return 0;
}
