/* SPDX-License-Identifier: GPL-2.0-only */
/* tayga.conf, of version 0.9.2 and later ones, as a config file of ours. Pure: text in, text out.
 */
#pragma once

#include <limits.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "prefix.h"

/* Addresses of `map` lines with lengths that become static maps one by one. */
#define TAYGA_EXPAND_MAX 4096

/* Directives. ADDR4 to MAP_FILE: see struct tayga; the others are kept as text. */
/* clang-format off */
#define TAYGA_WORDS(X) \
	X(TUN_DEVICE,	"tun-device") \
	X(ADDR4,	"ipv4-addr") \
	X(ADDR6,	"ipv6-addr") \
	X(PREFIX,	"prefix") \
	X(POOL,		"dynamic-pool") \
	X(DATA_DIR,	"data-dir") \
	X(MAP_FILE,	"map-file") \
	X(FRAGMENTS,	"strict-frag-hdr") \
	X(STRICT,	"wkpf-strict") \
	X(UDP,		"udp-cksum-mode") \
	X(OFFLINK,	"offlink-mtu") \
	X(LOG,		"log") \
	X(TUN_UP,	"tun-up") \
	X(TUN_IP,	"tun-ip") \
	X(TUN_ROUTE,	"tun-route") \
	X(MAP,		"map")

enum tayga_word {
#define X(id, word) TAYGA_##id,
	TAYGA_WORDS(X)
#undef X
	TAYGA_UNKNOWN,		/* of a version that we do not know */
	TAYGA_MAX = TAYGA_UNKNOWN
};
/* clang-format on */

struct tayga_map {
	struct net4 net4;
	struct net6 net6;
	unsigned int line;
};

struct tayga_line {
	enum tayga_word word;
	char text[200];	      /* of the line, words with a blank between */
	char value[PATH_MAX]; /* the second word */
};

struct tayga {
	struct tayga_line *lines; /* all but `map` */
	size_t line_count;
	struct tayga_map *maps;
	size_t map_count;
	struct in_addr addr4;
	struct in6_addr addr6;
	struct net6 prefix;
	struct net4 pool;
	bool given[TAYGA_MAX];
	struct in_addr
		*taken; /* addresses of dynamic.map: own4 must be none of them; may be NULL */
	size_t taken_count;
};

/* Reads a file; with `only_maps` one named by map-file. Adds to what is there. Says what is wrong,
 * with PATH:LINE, and returns -1. */
int tayga_read(struct tayga *tayga, FILE *in, const char *path, bool only_maps);

/* What it means: pool and own4 of ours. */
struct net4 tayga_pool(const struct tayga *tayga);
struct in_addr tayga_own4(const struct tayga *tayga);

/* Second word of a directive, NULL: it is not given. */
const char *tayga_value(const struct tayga *tayga, enum tayga_word word);

/* Is it an address of the pool that a host can have, and no `map` has? */
bool tayga_is_host(const struct tayga *tayga, struct in_addr addr4);

/* Writes the config file. 0 or -errno. */
int tayga_write(const struct tayga *tayga, const char *path, FILE *out);

void tayga_free(struct tayga *tayga);
