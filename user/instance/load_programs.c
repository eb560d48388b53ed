/* SPDX-License-Identifier: GPL-2.0-only */
/* Steps of a load: programs and maps, and where they are attached. */
#include "attach.h"
#include "load_steps.h"

#include <errno.h>

#include "bindings.h"
#include "datapath.h"
#include "paths.h"
#include "state.h"
#include "xdp.h"

static bool wants_xdp(const struct instance *instance)
{
	return instance->config.xdp == XDP_NATIVE || instance->config.xdp == XDP_GENERIC;
}

/* An XDP program that is not to stay: before its maps go, as it would go on with the old ones. TC
 * does the work until another is attached. */
int step_xdp_off(struct load *load)
{
	struct instance *instance = load->instance;
	const char *name = instance->config.name;
	struct xdp_look look;
	int error = xdp_look(name, instance->link.index, instance->config.xdp, &look);

	if (error)
		return step_failed(error, "cannot ask for its XDP program", instance->link.name);
	load->xdp = wants_xdp(instance) && look.mode == instance->config.xdp && look.current &&
		    look.pinned && load->reusable == 1 && load->next.xdp == xdp_version();
	if (load->xdp || (look.mode == XDP_OFF && !load->next.xdp))
		return 0;
	if (load_show(load)) {
		if (look.mode == XDP_OFF)
			return 0;
		fprintf(load_show(load), "# detach nat64_xdp from XDP (%s) of %s\n",
			xdp_words[look.mode], instance->link.name);
		return 1;
	}
	if (xdp_detach(name, instance->link.index))
		return -1;
	load->next.xdp = 0;
	*load->next.xdp_alone = 0;
	return look.mode != XDP_OFF;
}

/* Fills fresh or reused maps. 1: static maps changed, 0: they did not. */
static int fill_maps(struct load *load, bool reuse)
{
	const struct config *config = &load->instance->config;
	struct bindings bindings;
	char path[PATH_MAX];
	int error, fault;

	if (bindings_open(config->name, &bindings))
		return -1;
	error = bindings_settle(&bindings, config);
	if (error >= 0 && load->next.quota_len != config->quota_length &&
	    (fault = bindings_count_quota(&bindings)))
		error = step_failed(fault, "cannot count the bindings of client networks",
				    config->name);
	load->next.quota_len = config->quota_length;
	if (error > 0 && bindings_end_flows(&bindings))
		error = -1;
	if (error >= 0 && !reuse) {
		if (load->kept.items)
			state_apply(&bindings, &load->kept);
		else
			state_restore(&bindings, state_path(config, path));
	}
	bindings_close(&bindings);
	return error;
}

/* Static maps of the settings, where the maps go on. */
static int show_statics(struct load *load)
{
	const struct instance *instance = load->instance;
	struct datapath_spec spec;
	struct bindings bindings;
	int status;

	if (load->options
		    ->lenient) /* what `map del` took away is missing to a load, not to mending */
		return 0;
	if (bindings_open(instance->config.name, &bindings))
		return -1;
	instance_datapath(instance, &spec);
	bindings.config = spec.config;
	status = bindings_show_settle(&bindings, &instance->config, load_show(load));
	bindings_close(&bindings);
	return status;
}

/* Programs and maps. */
int step_programs(struct load *load)
{
	struct instance *instance = load->instance;
	bool reuse = load->reusable == 1;
	struct datapath_spec spec;
	int error;

	instance_datapath(instance, &spec);
	/* an interface may come back under its name with a link header that the other had not */
	if (reuse && instance->record.program == datapath_program() &&
	    instance->record.neighbour == instance->l2 && !datapath_config_differs(&spec)) {
		return load_show(load) ? show_statics(load) : fill_maps(load, true);
	}
	if (load_show(load)) {
		fprintf(load_show(load), "# %s programs and maps in %s/%s\n",
			reuse ? "update" : "load", dir_pin(), instance->config.name);
		return reuse && show_statics(load) < 0 ? -1 : 1;
	}
	if (datapath_load(&spec, reuse) || fill_maps(load, reuse) < 0)
		return -1;
	/* before the record says that these maps are whole: who is killed behind that has their
	 * settings as well */
	error = reuse ? 0 : instance_remember(instance);
	if (error)
		return step_failed(error, "cannot keep the settings", dir_run());
	load->next.program = datapath_program();
	return 1;
}

/* Last, so that nothing is translated before all the rest stands. */
int step_attach(struct load *load)
{
	struct instance *instance = load->instance;
	int status;

	if (load_show(load)) {
		if (attach_hook(instance->config.name, instance->link.index) != HOOK_NONE)
			return 0;
		fprintf(load_show(load),
			"# attach nat64_in at TC ingress and nat64_out at TC egress of %s\n",
			instance->link.name);
		return 1;
	}
	if (!load->next.clsact && attach_adds_clsact(instance->link.index)) {
		load->next.clsact = true; /* written down before it is done */
		status = record_write(instance->config.name, &load->next);
		if (status)
			return step_failed(status, "cannot write the record", dir_run());
	}
	status = attach_programs(instance->config.name, instance->link.name, instance->link.index,
				 &load->next.clsact);
	return status;
}

/* In XDP last of all: what it leaves alone goes on to TC. */
int step_xdp(struct load *load)
{
	struct instance *instance = load->instance;
	const char *name = instance->config.name;
	struct xdp_look look;
	struct xdp_spec spec;
	int error;

	if (!wants_xdp(instance) || load->xdp) {
		if (!load_show(load) && !load->next.xdp)
			xdp_tidy(false);
		return 0;
	}
	if (load->options->lenient &&
	    (!instance->l2 || xdp_look(name, instance->link.index, instance->config.xdp, &look) ||
	     look.taken))
		return 0; /* status tells of it */
	if (load_show(load)) {
		fprintf(load_show(load), "# attach nat64_xdp in XDP (%s) of %s\n",
			xdp_words[instance->config.xdp], instance->link.name);
		return 1;
	}
	load->next.xdp = xdp_version(); /* written down before it is done */
	error = record_write(name, &load->next);
	if (error)
		return step_failed(error, "cannot write the record", dir_run());
	instance_xdp(instance, &spec);
	if (!xdp_attach(&spec, load->next.xdp_alone, sizeof(load->next.xdp_alone)))
		return 1;
	load->next.xdp = 0;
	xdp_tidy(false);
	return load->options->lenient ? 0 : -1;
}
