/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of parts, in the order in which a load makes them, and the walks through it. */
#include "parts.h"

#include "log.h"

/* clang-format off */
const struct part parts[] = {
	{ "record",		"instance", false, false, record_look, NULL, record_apply, NULL },
	{ "IPv4 forwarding",	"sysctl", false, false, forwarding_look, forwarding_left, forwarding_apply, forwarding_undo },
	/* before its maps go, as it would go on with the old ones: TC does the work until another is attached */
	{ "old XDP program",	"attach", false, false, xdp_off_look, NULL, xdp_off_apply, xdp_off_undo },
	{ "programs and maps",	"instance", false, false, programs_look, programs_left, programs_apply, maps_undo },
	{ "settings",		"instance", false, false, maps_look, NULL, maps_apply, maps_undo },
	{ "static maps",	"instance", false, false, statics_look, NULL, maps_apply, maps_undo },
	{ "nft table",		"nft", true, false, table_look, table_left, table_apply, table_undo },
	{ "own4",		"route", false, false, own4_look, own4_left, own4_apply, own4_undo },
	{ "placeholder neighbour", "route", false, false, neighbour_look, neighbour_left, neighbour_apply, neighbour_undo },
	{ "pool route",		"route", true, false, route_look, NULL, route_apply, route_undo },
	{ "routes outside the pool", "route", true, false, route_look_outside, route_left, route_apply, route_undo },
	/* nothing is translated before all the rest stands */
	{ "hooks",		"attach", false, true, hooks_look, hooks_left, hooks_apply, hooks_undo },
	/* what it leaves alone goes on to TC */
	{ "XDP program",	"attach", false, true, xdp_on_look, xdp_left, xdp_on_apply, xdp_off_undo },
	{ "leftovers",		"instance", false, false, leftovers_look, NULL, leftovers_apply, own4_undo },
};
/* clang-format on */

const size_t part_count = sizeof(parts) / sizeof(*parts);

/* The changes from `first` on are those of this part. `go_on`: what fails does not keep the rest.
 */
static int apply_all(struct plan *plan, const struct part *part, size_t first, bool go_on)
{
	int status = 0;

	for (size_t i = first; i < plan->count; i++)
		plan->changes[i].part = part;
	for (size_t i = first; i < plan->count && plan->apply; i++) {
		if (plan->changes[i].barred)
			continue;
		plan->changes[i].begun = true;
		if (part->apply(plan, &plan->changes[i]))
			status = -1;
		if (status && !go_on)
			break;
	}
	return status;
}

static int outcome(const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (!plan->changes[i].barred)
			return 1;
	return 0;
}

int plan_walk(struct plan *plan)
{
	for (size_t i = 0; i < part_count; i++) {
		size_t first = plan->count;

		if (plan->outside && !parts[i].outside)
			continue;
		if (plan->apply)
			log_debug("%s: part: %s", plan->instance->config.name, parts[i].name);
		if (parts[i].look(plan) || apply_all(plan, &parts[i], first, false))
			return -1;
	}
	return outcome(plan);
}

int plan_walk_back(struct plan *plan)
{
	int status = 0;

	for (size_t i = part_count; i-- > 0;) {
		size_t first = plan->count;

		if (!parts[i].left)
			continue;
		if (parts[i].left(plan) || apply_all(plan, &parts[i], first, true))
			status = -1;
		if (status && parts[i].barrier)
			return -1;
	}
	return status ? -1 : outcome(plan);
}
