/* SPDX-License-Identifier: GPL-2.0-only */
/* The XDP program of an instance: attached by libxdp's dispatcher where that loads, else alone. It
 * works on the pinned maps, and what it leaves alone goes on to TC: so it may come and go at any
 * time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

struct xdp_look {
	enum xdp_mode mode; /* XDP_NATIVE, XDP_GENERIC: how ours is attached; XDP_OFF: it is not */
	bool alone;	    /* without a dispatcher: no other program fits beside it */
	bool current;	    /* it works on the maps that are pinned now */
	bool taken;	    /* another program is there, and ours does not fit beside it */
	uint32_t id;	    /* of our program */
	bool pinned;	    /* by us, under its name */
};

extern const char *const xdp_words[]; /* by enum xdp_mode, as in the settings */

/* What is attached to an interface; `wanted`: as which ours would be. 0 or -errno. */
int xdp_look(const char *instance, uint32_t ifindex, enum xdp_mode wanted, struct xdp_look *look);

/* CRC-32 of the object built into this program: distinguishes versions. */
uint32_t xdp_version(void);

/* What an instance wants in XDP. */
struct xdp_spec {
	const char *name;      /* of the instance */
	const char *interface; /* its name, for messages */
	uint32_t ifindex;
	bool l2; /* packets have an Ethernet header */
	enum xdp_mode mode;
};

/* Can the instance have what its settings ask for? Says why not and returns -1. */
int xdp_check(const struct xdp_spec *spec);

/* Loads the program over the pinned maps, attaches and pins it. `why_alone`: "" or why libxdp's
 * dispatcher is not used. Says what went wrong and returns -1; nothing is attached then. */
int xdp_attach(const struct xdp_spec *spec, char *why_alone, size_t size);

/* Detaches ours from an interface, which may be gone. 0, or -1: said. */
int xdp_detach(const char *instance, uint32_t ifindex);

/* Removes the folder that libxdp made in bpffs, if it was not there before and is empty. `last`: no
 * instance is left. */
void xdp_tidy(bool last);
