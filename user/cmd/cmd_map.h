/* SPDX-License-Identifier: GPL-2.0-only */
/* What the verbs of `map` share. */
#pragma once

#include "args.h"
#include "bindings.h"
#include "dry_run.h"
#include "load.h"
#include "savefile.h"

struct map_call {
	const struct args *args;
	const char *words[2];	  /* behind NAME; NULL: not given */
	struct instance instance; /* settings of the running instance */
	struct bindings bindings;
};

int map_list(struct map_call *call);
int map_lookup(struct map_call *call);
int map_lookup_at(struct map_call *call); /* bindings are not open */
int map_export(struct map_call *call);
int map_add(struct map_call *call);
int map_del(struct map_call *call);
int map_flush(struct map_call *call);
int map_import(struct map_call *call);

/* An IPv4 or IPv6 address. AF_INET, AF_INET6, or -1 after saying what is wrong. */
int map_address(const char *word, struct in_addr *addr4, struct in6_addr *addr6);

/* One change of bindings: begun, made step by step, ended. */
struct map_change {
	struct map_call *call;
	struct saved_list before; /* all bindings */
	struct saved_list added;
	struct static_map *outside; /* static maps outside the pool, before */
	size_t outside_count;
	struct dry_run dry;
	struct plan plan;    /* what followed of routes and nft table */
	size_t removed;	     /* bindings */
	struct in_addr gone; /* of a dry run: the last of them; of addresses outside the pool there
				is one at most */
};

/* 0, or -1: said; map_change_end() has to follow in any case. */
int map_change_begin(struct map_change *change, struct map_call *call);
enum binding_fault map_change_add(struct map_change *change, const struct binding_wish *wish,
				  struct binding_holder *holder);
void map_change_remove(struct map_change *change, uint32_t index);

/* With `status` 0: lets routes and nft table follow, saves the state file, ends flows; what fails
 * is undone. With status -1 undoes the change. Prints the result, `words` where it is text. 0 or
 * -1. */
int map_change_end(struct map_change *change, int status, const char *words);
