/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the halves of config: one value on its way into the settings. Functions that return int
 * say what is wrong with the value and return -1. Not for other modules. */
#pragma once

#include "config.h"

/* What a row names in the settings: a field, or the list of a repeatable key and its length. */
static inline void *config_field(const struct config *config, size_t offset)
{
	return (char *)config + offset;
}

static inline void **config_list(const struct config *config, const struct config_key_info *row)
{
	return config_field(config, row->list);
}

static inline size_t *config_count(const struct config *config, const struct config_key_info *row)
{
	return config_field(config, row->count);
}

struct put {
	struct config *config;
	enum config_key key;
	const char *value; /* without white space around it, not empty */
	const char *where; /* "FILE:LINE", or "--KEY" */
};

/* Takes the value, which is not empty, by the row of its key. */
int put_value(struct put *put);

/* Says "WHERE: KEY: `VALUE` WHAT"; why and fix may be texts of textf(). Returns -1. */
int put_bad(const struct put *put, const char *why, const char *fix, const char *what);
int put_no_memory(void);

/* The value is outside the range of its row. NEAR: what was probably meant, NULL: unknown. */
int put_bad_range(const struct put *put, const char *near);

/* The fix that is the same setting with another value; and with the example of its row. */
const char *put_fix(const struct put *put, const char *value);
const char *put_example(const struct put *put);

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

/* Appends an element of SIZE bytes to a list of *count. The list, which may have moved; NULL, after
 * saying so, if there is no memory. */
void *put_append(void *list, size_t *count, const void *element, size_t size);

/* The repeatable kinds (config_lists.c). */
int put_clients(struct put *put);
int put_static(struct put *put);
int put_private(struct put *put);
int put_wan(struct put *put);

/* Are two fields, or two elements of the list, of a row the same? */
bool config_value_same(const struct config_key_info *row, const void *a, const void *b);

/* The number that the row's field holds; 0 if it has none. */
int config_value_number(const struct config *config, const struct config_key_info *row);
