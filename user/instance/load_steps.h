/* SPDX-License-Identifier: GPL-2.0-only */
/* The steps of a load, for load.c alone: what they share, and each of them in the order in which
 * they are taken. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "instance.h"
#include "load.h"
#include "savefile.h"

struct load {
	struct instance *instance;
	const struct load_options *options;
	struct record next;	/* what the record will say */
	struct saved_list kept; /* bindings that go over into fresh maps */
	int reusable;		/* datapath_reusable() */
	bool xdp;		/* our XDP program is attached as it should be */
	struct config before;	/* settings of the running instance, if has_before */
	bool has_before;
};

/* Where a dry run writes what would be done; NULL: it is to be done. */
static inline FILE *load_show(const struct load *load)
{
	return load->options->show;
}

/* Says that a step failed on `error`, an -errno, and returns -1. */
int step_failed(int error, const char *what, const char *object);

/* datapath_reusable() of an instance; load_reusable(): but maps that were not filled are none. */
int load_maps(const struct instance *instance);
int load_reusable(const struct instance *instance);

/* Each looks, and changes only what is not so already. 1: changed, or would be; 0: it was so; -1:
 * said. */
int step_move(struct load *load); /* load_host.c: what an earlier load left, before the record of it
				     goes */
int step_record(struct load *load); /* load_record.c: all that the steps behind it change, written
				       before they do */
int step_forwarding(struct load *load); /* load_host.c: IPv4 forwarding */
int step_xdp_off(struct load *load);	/* load_programs.c: an XDP program that is not to stay */
int step_programs(
	struct load *load); /* load_programs.c: programs and maps, and what the maps hold */
int step_outside(struct load *load); /* load_record.c: static maps outside the pool, for the steps
					that follow */
int step_nft(struct load *load);     /* load_host.c: the nftables table */
int step_address(struct load *load); /* load_host.c: own4 on the interface */
int step_neighbour(
	struct load *load); /* load_host.c: the placeholder neighbour of an Ethernet interface */
int step_routes(struct load *load); /* load_host.c: those of the pool and of addresses outside it */
int step_attach(struct load *load); /* load_programs.c: the programs at TC */
int step_xdp(struct load *load);    /* load_programs.c: the program in XDP */

/* load_record.c: fills `next` but for routes outside the pool; then the routes there will be, of
 * the pool and of instance->outside. 0 or -errno. */
int plan_record(struct load *load);
int plan_routes(struct load *load);
