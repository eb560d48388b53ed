/* SPDX-License-Identifier: GPL-2.0-only */
/* Taking an instance down, or what is left of one: the parts of a load, the last one first. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "instances.h"
#include "load.h"
#include "log.h"
#include "paths.h"

/* A record that is lost: what pins and kernel know of it. */
static void guess(const char *name, struct record *record)
{
	struct nat64_config config;
	struct nl_neigh neigh;

	record->ifindex = attach_index(name);
	if (!record->ifindex || datapath_read_config(name, &config))
		return;
	record->own4.s_addr = config.own4;
	record->neighbour = !nl_neigh4_get(record->ifindex,
					   (struct in_addr){ inet_addr(PLACEHOLDER4) }, &neigh) &&
			    neigh.ours;
}

/* When the parts are gone. */
static int remove_record(const char *name)
{
	int error;

	xdp_tidy(instances_is_last(name));
	error = record_remove(name);
	return error ? part_failed(error, "cannot remove its record", name) : 0;
}

static int walk(struct plan *plan, const char *name, bool there, FILE *show)
{
	int status;

	/* without the rest it would go on translating, to packets that nothing NATs */
	if (there && !show && host_check_bpffs())
		return -1;
	plan->apply = !show;
	status = plan_walk_back(plan);
	if (show && there)
		plan_show(plan, show);
	if (show)
		return status < 0 ? -1 : there;
	if (status >= 0 && remove_record(name))
		status = -1;
	return status < 0 ? -1 : there || status;
}

int instance_down(const char *name, FILE *show)
{
	struct instance instance = {};
	struct plan plan = { .instance = &instance };
	char path[PATH_MAX];
	bool pins, there;
	int status;

	snprintf(instance.config.name, sizeof(instance.config.name), "%s", name);
	pins = !access(path_pins(path, name), F_OK);
	record_read(name, &instance.record);
	there = pins || instance.record.ifindex;
	if (pins && !instance.record.ifindex)
		guess(name, &instance.record);
	/* index 0: the interface took its part along */
	if (nl_link_by_index(instance.record.ifindex, &instance.link))
		instance.link.index = 0;
	status = walk(&plan, name, there, show);
	plan_free(&plan);
	record_free(&instance.record);
	return status;
}
