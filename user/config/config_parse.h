/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the halves of config: one value on its way into the settings. Functions that return int
 * say what is wrong with the value and return -1. Not for other modules. */
#pragma once

#include "config.h"

struct put {
	struct config *config;
	enum config_key key;
	const char *value; /* without white space around it, not empty */
	const char *where; /* "FILE:LINE", or "--KEY" */
};

/* Says "WHERE: KEY: `VALUE` WHAT"; why and fix may be texts of textf(). Returns -1. */
int put_bad(const struct put *put, const char *why, const char *fix, const char *what);

/* The fix that is the same setting with another value. */
const char *put_fix(const struct put *put, const char *value);

int put_choice(const struct put *put,
	       int *number); /* of the word, among those in config_keys[].value */
int put_number(const struct put *put, uint64_t min, uint64_t max, const char *unit,
	       uint64_t *number);
int put_time(const struct put *put, uint64_t min, uint64_t *seconds);
int put_address4(const struct put *put, const char *text, enum addr4_use use, struct in_addr *addr);
int put_address6(const struct put *put, const char *text, struct in6_addr *addr);

/* The network of the value. Bits behind the length are cut off here and refused by put_whole*(),
 * which suggests the network without them: so it comes last, when all else of that network has been
 * found right. OTHER: the fix if it would not do all the same, else NULL. */
int put_network4(const struct put *put, struct net4 *net);
int put_network6(const struct put *put, struct net6 *net);
int put_whole4(const struct put *put);
int put_whole6(const struct put *put, const char *other);

/* The network of another length that the value's address is in. */
struct net4 put_around4(const struct put *put, uint8_t len);
struct net6 put_around6(const struct put *put, uint8_t len);

int put_interface(const struct put *put, char out[IFNAMSIZ]);
int put_path(const struct put *put, char out[PATH_MAX]);

/* Is the value the key's word number I? */
bool put_is(const struct put *put, int i);

/* Appends an element of SIZE bytes to a list of *count. The list, which may have moved; NULL, after
 * saying so, if there is no memory. */
void *put_append(void *list, size_t *count, const void *element, size_t size);

/* The repeatable keys (config_lists.c). */
int put_clients(struct put *put);
int put_static(struct put *put);
int put_private(struct put *put);
int put_wan(struct put *put);
