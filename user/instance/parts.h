/* SPDX-License-Identifier: GPL-2.0-only */
/* What an instance consists of, part by part. Each part has one look: the kernel against what is
 * wanted, which yields the changes that are to be made, as data. load looks and applies; --dry-run
 * looks and shows; run looks, applies and reports the changes; status and doctor look and name
 * them; unload looks for what is left of ours, and removes it. docs/design.md, decision 13. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "attach.h"
#include "bindings.h"
#include "datapath.h"
#include "instance.h"
#include "netlink.h"
#include "savefile.h"

enum change_kind {
	CHANGE_MISSING, /* a part of the instance is not there */
	CHANGE_ALTERED, /* it is there and not as it is to be */
	CHANGE_STRAY,	/* something of ours is there that is to go */
};

struct part;
struct plan;

struct change {
	const struct part *part;
	enum change_kind kind;
	bool begun;	/* it was applied, perhaps half */
	bool barred;	/* it cannot be made now, and the rest does not depend on it: XDP */
	uint32_t index; /* interface of what is to go */
	struct in_addr addr;
	struct pool_route route,
		was_route; /* of a route: wanted, and as it is unless it is missing */
	struct nl_neigh was_neigh;
	enum xdp_mode was_xdp;
	const char
		*line; /* what is done, as the tool that could do it takes it; texts of the arena */
	const char *script; /* of an nft table, else NULL */
};

struct part {
	const char *name;
	const char *topic; /* of doctor's findings */
	bool outside;	   /* it follows the static maps outside the pool */
	bool barrier; /* unload goes no further where it stays: NAT and guards are needed then */

	/* Adds what has to be changed, by plan_add(). 0; -1: said. */
	int (*look)(struct plan *plan);

	/* Adds what is there of ours, after the record of the plan; for unload. NULL: nothing. */
	int (*left)(struct plan *plan);

	/* Makes one change that one of these two found. 0; -1: said. */
	int (*apply)(struct plan *plan, struct change *change);

	/* Back to what was there before. 0 or -errno. NULL: another part's undo does that. */
	int (*undo)(struct plan *plan, struct change *change);
};

extern const struct part parts[];
extern const size_t part_count;

/* One look at all parts of an instance, the changes that it found, and what they replaced. */
struct plan {
	struct instance *instance; /* as it is to be; for unload its name, record and interface */
	bool replace;		   /* a change of pool, prefix or mapping is wanted */
	bool lenient; /* repairing: without XDP rather than not at all; static maps are left alone
		       */
	bool apply;   /* what is found is applied at once, so that the next part finds it so */
	bool outside; /* only what follows the static maps outside the pool, which are known */

	struct change *changes;
	size_t count, room;

	struct record next;	/* what the record will say */
	struct saved_list kept; /* bindings that go over into fresh maps */
	int reusable;		/* datapath_reusable(), 0 also for maps that were not filled */
	bool moved;		/* from another interface */
	bool outside_known;	/* instance->outside is settled */
	bool xdp_fits;		/* our XDP program is attached as it should be */

	/* to go back to */
	bool record_kept; /* by record_keep() */
	bool had_config;
	struct config old_config;
	struct datapath_saved *old_maps;
	struct attach_saved *old_hooks;
	struct saved_list old_bindings;
	struct bindings old_open; /* if had_bindings */
	bool had_bindings, maps_back;
	json_t *old_table; /* NULL: there was none */
	bool table_saved;  /* old_table is what was there */
};

/* A new change of the part that looks. NULL: no memory, which is said; the pointer holds until the
 * next call. */
struct change *plan_add(struct plan *plan, enum change_kind kind, const char *line);

/* Says that a part failed on `error`, an -errno, and returns -1. */
int part_failed(int error, const char *what, const char *object);

/* Looks at all parts, with `plan->apply` applies. 1: changes, 0: none, -1: said. */
int plan_walk(struct plan *plan);

/* Adds what is there of ours, last part first, with `plan->apply` removes it and goes on where that
 * fails. 1: something, 0: nothing, -1: said. */
int plan_walk_back(struct plan *plan);

/* Takes back what was applied, last change first. What cannot be taken back is said. */
void plan_undo(struct plan *plan);
void plan_free(struct plan *plan);

/* The changes as lines of ip(8), nft(8), sysctl(8), or `# ...` where no tool has one. */
void plan_show(const struct plan *plan, FILE *out);

/* "missing: own4 (ip address add ...)". */
const char *change_text(const struct change *change);

/* part_record.c: fills `next`, from the record and the host; then the routes there will be, of the
 * pool and of instance->outside. 0 or -errno. */
int plan_record(struct plan *plan);
int plan_routes(struct plan *plan);

/* Settles instance->outside and the routes: static maps outside the pool come from settings, state
 * file and `map add`, and once maps are filled these know all of them. 0; -1: said. */
int plan_outside(struct plan *plan);

/* The parts. */
int record_look(struct plan *plan);
int record_apply(struct plan *plan, struct change *change);
int forwarding_look(struct plan *plan);
int forwarding_left(struct plan *plan);
int forwarding_apply(struct plan *plan, struct change *change);
int forwarding_undo(struct plan *plan, struct change *change);
int own4_look(struct plan *plan);
int own4_left(struct plan *plan);
int own4_apply(struct plan *plan, struct change *change);
int own4_undo(struct plan *plan, struct change *change);
int neighbour_look(struct plan *plan);
int neighbour_left(struct plan *plan);
int neighbour_apply(struct plan *plan, struct change *change);
int neighbour_undo(struct plan *plan, struct change *change);
int route_look(struct plan *plan);
int route_look_outside(struct plan *plan);
int route_left(struct plan *plan);
int route_apply(struct plan *plan, struct change *change);
int route_undo(struct plan *plan, struct change *change);
int table_look(struct plan *plan);
int table_left(struct plan *plan);
int table_apply(struct plan *plan, struct change *change);
int table_undo(struct plan *plan, struct change *change);
int leftovers_look(struct plan *plan);
int leftovers_apply(struct plan *plan, struct change *change);
int programs_look(struct plan *plan);
int programs_left(struct plan *plan);
int programs_apply(struct plan *plan, struct change *change);
int maps_look(struct plan *plan);
int maps_apply(struct plan *plan, struct change *change);
int maps_undo(struct plan *plan, struct change *change);
int statics_look(struct plan *plan);
int hooks_look(struct plan *plan);
int hooks_left(struct plan *plan);
int hooks_apply(struct plan *plan, struct change *change);
int hooks_undo(struct plan *plan, struct change *change);
int xdp_off_look(struct plan *plan);
int xdp_off_apply(struct plan *plan, struct change *change);
int xdp_off_undo(struct plan *plan, struct change *change);
int xdp_on_look(struct plan *plan);
int xdp_on_apply(struct plan *plan, struct change *change);
int xdp_left(struct plan *plan);
