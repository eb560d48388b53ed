/* SPDX-License-Identifier: GPL-2.0-only */
/* The settings of an instance as the user gave them: config file and options of `load`. */
#pragma once

#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config_keys.h"
#include "nat64.h"
#include "prefix.h"

#define NAME_LEN_MAX 15 /* instance names: [A-Za-z0-9_.-]{1,15}, not beginning with - or . */

struct static_map {
	struct in_addr addr4;
	struct in6_addr addr6;
};

enum nat44_mode { NAT44_MASQUERADE, NAT44_SNAT, NAT44_NONE };
enum xdp_mode { XDP_OFF, XDP_AUTO, XDP_NATIVE, XDP_GENERIC };

/* Which keys were given; the rest are defaults, or come from a running instance. Bit: enum
 * config_key. */
typedef uint64_t config_set;
_Static_assert(KEY_MAX <= 64, "config_set is too small");

/* Lines of `path` that gave a key: one, or one for each element of a repeatable key. Options have
 * none. */
struct key_lines {
	unsigned int *line;
	size_t count;
};

struct config {
	char name[NAME_LEN_MAX + 1]; /* of the instance */
	char *path;		     /* config file, NULL: none */
	config_set given;	     /* bits 1ull << enum config_key */
	struct key_lines lines[KEY_MAX];

	char interface[IFNAMSIZ]; /* a name, "auto", or a glob such as tun* */
	struct net6 *clients;	  /* empty: derive from the interface */
	size_t client_count;
	struct net6 prefix;
	struct net4 pool;
	struct in_addr own4;  /* 0.0.0.0: first host of the pool */
	struct in6_addr own6; /* ::: derive from the interface */
	struct static_map *statics;
	size_t static_count;
	bool linear;		 /* mapping = linear */
	bool private_allow;	 /* private = allow */
	struct net4 *private_ok; /* private = PREFIX ... */
	size_t private_count;
	bool host_allow;
	bool hairpin_allow;
	uint64_t min_lease; /* seconds */
	uint64_t max_lease; /* seconds */
	uint32_t quota;
	uint8_t quota_length;
	enum nat64_udp_zero udp_zero;
	uint32_t icmp_rate; /* own errors a second and CPU, 0: off */
	bool echo_errors;   /* also about refused echo requests */
	int tos_64;	    /* -1: copy */
	bool tos_46_zero;
	int mss_clamp; /* -1: auto, 0: off */
	uint32_t mtu;  /* 0: auto = interface MTU - 28 */
	enum nat44_mode nat44;
	struct in_addr snat_first, snat_last; /* next to nat44: one value, one row */
	bool guard;
	bool fastpath_auto;
	char (*wan)[IFNAMSIZ]; /* empty: auto */
	size_t wan_count;
	enum xdp_mode xdp;
	char state[PATH_MAX]; /* "" : STATE_DIR/NAME.map */
	char log[PATH_MAX];   /* "" : off */
};

/* Defaults of the rows for an instance. */
void config_default(struct config *config, const char *name);
void config_free(struct config *config);

/* Sets KEY as a config line or an option `--KEY VALUE` would. A repeatable key appends; the caller
 * clears the list first where a new source begins. WHERE names the source for the error text
 * ("/etc/nat64-bpf/tun0.conf:7" or "--pool"). Says what is wrong and returns -1. */
int config_put(struct config *config, const char *key, const char *value, const char *where);

/* Forgets what a key was set to: it has its default again. */
void config_clear(struct config *config, enum config_key key);

/* Takes over every key that was given in FROM: a repeatable one replaces the whole list. Says what
 * went wrong and returns -1. */
int config_overlay(struct config *config, const struct config *from);

/* Keys whose values differ, given or not. */
config_set config_differs(const struct config *a, const struct config *b);

/* Do both give the same keys the same values? Then config_write() writes the same of both. */
bool config_equal(const struct config *a, const struct config *b);

/* Writes the given keys as a config file that config_read() reads back to the same. -errno. */
int config_write(const struct config *config, FILE *out);
char *config_text(const struct config *config); /* the same as fresh text; NULL: no memory */

/* A key's value as in the file, list element I of a repeatable key; false: no such element. */
bool config_value(const struct config *config, enum config_key key, size_t i, char *out,
		  size_t size);

/* May this be an instance's name? Says why not and returns false. */
bool config_name_check(const char *name);

/* Reads a config file. Says what is wrong, with file:line, and returns -1. */
int config_read(struct config *config, const char *path);

/* Why a network of a pool's length cannot be the pool. Static text; NULL: it can. */
const char *config_pool_fault(const struct net4 *net);

/* Checks what needs more than one key (own4 in pool, lease order, linear ...). Says it, with the
 * line or the option that is most to blame, and returns -1. */
int config_check(const struct config *config);
