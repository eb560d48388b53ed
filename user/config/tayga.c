/* SPDX-License-Identifier: GPL-2.0-only */
/* tayga.conf: read it, and see what it means. Written out by tayga_write.c. */
#include "tayga.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config.h"
#include "log.h"
#include "text.h"

#define LINES 100000 /* a file that never ends is an error, not a wait */
#define WORDS 8

static const char *const words[TAYGA_MAX] = {
#define X(id, word) [TAYGA_##id] = word,
	TAYGA_WORDS(X)
#undef X
};

struct line {
	const char *path;
	unsigned int number;
	char *word[WORDS];
	size_t count;
};

static int refuse(const struct line *line, const char *why, const char *fix)
{
	return log_fail(EXIT_USAGE, why, fix, "%s:%u: %s", line->path, line->number, line->word[0]);
}

static int split(struct line *line, char *text)
{
	char *rest = NULL;

	line->count = 0;
	for (char *word = strtok_r(text, " \t\r\n", &rest); word && *word != '#';
	     word = strtok_r(NULL, " \t\r\n", &rest)) {
		if (line->count == WORDS)
			return refuse(line, "no directive of TAYGA takes so many arguments",
				      "correct the line");
		line->word[line->count++] = word;
	}
	return 0;
}

static int keep_line(struct tayga *tayga, const struct line *line, enum tayga_word word)
{
	struct tayga_line *more = reallocarray(tayga->lines, tayga->line_count + 1, sizeof(*more)),
			  *kept;
	size_t len = 0;

	if (!more)
		return refuse(line, strerror(ENOMEM), "free memory and try again");
	tayga->lines = more;
	kept = &more[tayga->line_count++];
	*kept = (struct tayga_line){ .word = word };
	for (size_t i = 0; i < line->count && len < sizeof(kept->text); i++)
		len += snprintf(kept->text + len, sizeof(kept->text) - len, "%s%s", i ? " " : "",
				text_printable(line->word[i]));
	if (line->count > 1)
		snprintf(kept->value, sizeof(kept->value), "%s", line->word[1]);
	return 0;
}

static int net_fault(const struct line *line, const char *what)
{
	return refuse(line,
		      textf("`%s` is not %s", line->count > 1 ? text_printable(line->word[1]) : "",
			    what),
		      "correct the line; TAYGA rejects it too");
}

/* A network; TAYGA ignores host bits. */
static int put_net4(const char *text, struct net4 *net)
{
	return net4_parse(text, net) == -EINVAL ? -EINVAL : 0;
}

static int put_map(struct tayga *tayga, const struct line *line)
{
	struct tayga_map map = { .line = line->number }, *more;

	if (line->count != 3 || put_net4(line->word[1], &map.net4) ||
	    net6_parse(line->word[2], &map.net6) == -EINVAL)
		return refuse(line, "it is not `map IPV4[/LENGTH] IPV6[/LENGTH]`",
			      "correct the line");
	if (32 - map.net4.len != 128 - map.net6.len)
		return refuse(line,
			      textf("/%u and /%u differ in their number of addresses", map.net4.len,
				    map.net6.len),
			      textf("/%u belongs to /%u", map.net4.len, map.net4.len + 96));
	more = reallocarray(tayga->maps, tayga->map_count + 1, sizeof(*more));
	if (!more)
		return refuse(line, strerror(ENOMEM), "free memory and try again");
	tayga->maps = more;
	more[tayga->map_count++] = map;
	return 0;
}

static int put(struct tayga *tayga, const struct line *line, enum tayga_word word)
{
	const char *value = line->count > 1 ? line->word[1] : NULL;

	if (word == TAYGA_MAP)
		return put_map(tayga, line);
	if (word == TAYGA_UNKNOWN)
		return keep_line(tayga, line, word);
	if (!value)
		return refuse(line, "it needs a value", "correct the line");
	if (tayga->given[word] && word != TAYGA_TUN_IP && word != TAYGA_TUN_ROUTE)
		return refuse(line, "it is given twice", "keep one of the two lines");
	tayga->given[word] = true;
	if (word == TAYGA_ADDR4 && inet_pton(AF_INET, value, &tayga->addr4) != 1)
		return net_fault(line, "an IPv4 address");
	if (word == TAYGA_ADDR6 && inet_pton(AF_INET6, value, &tayga->addr6) != 1)
		return net_fault(line, "an IPv6 address");
	if (word == TAYGA_PREFIX &&
	    (net6_parse(value, &tayga->prefix) == -EINVAL || prefix_fault(&tayga->prefix)))
		return net_fault(line,
				 "a prefix of /32, /40, /48, /56, /64 or /96 (RFC 6052, 2.2)");
	if (word == TAYGA_POOL &&
	    (put_net4(value, &tayga->pool) || tayga->pool.len > 31 || tayga->pool.len < 1))
		return net_fault(line, "an IPv4 network of /1 to /31");
	if (word == TAYGA_POOL) {
		const struct net4 pool = tayga_pool(tayga);
		const char *fault = config_pool_fault(&pool);

		if (fault)
			return refuse(line, fault,
				      "give a network of addresses that hosts can have");
	}
	return keep_line(tayga, line, word);
}

static int read_line(struct tayga *tayga, struct line *line, char *text, bool only_maps)
{
	enum tayga_word word = 0;

	line->word[0] = text;
	if (split(line, text))
		return -1;
	if (!line->count)
		return 0;
	while (word < TAYGA_MAX && strcmp(words[word], line->word[0]))
		word++;
	if (only_maps && word != TAYGA_MAP)
		return refuse(line, "a map-file holds `map` lines only",
			      "move the line to tayga.conf");
	return put(tayga, line, word);
}

int tayga_read(struct tayga *tayga, FILE *in, const char *path, bool only_maps)
{
	struct line line = { .path = path };
	_free_ char *text = NULL;
	size_t room = 0;

	while (getline(&text, &room, in) > 0) {
		line.word[0] = "";
		if (++line.number > LINES)
			return refuse(&line, textf("more than %d lines", LINES),
				      "give a config file of TAYGA");
		if (read_line(tayga, &line, text, only_maps))
			return -1;
	}
	if (ferror(in))
		return log_fail(EXIT_FAILED, strerror(errno), "give a file that can be read",
				"%s: cannot read it", path);
	return 0;
}

const char *tayga_value(const struct tayga *tayga, enum tayga_word word)
{
	for (size_t i = 0; i < tayga->line_count; i++)
		if (tayga->lines[i].word == word)
			return tayga->lines[i].value;
	return NULL;
}

struct net4 tayga_pool(const struct tayga *tayga)
{
	struct config config;
	struct net4 pool;

	if (!tayga->given[TAYGA_POOL]) {
		config_default(&config, "");
		pool = config.pool;
		config_free(&config);
		return pool;
	}
	pool = tayga->pool;
	if (pool.len > NAT64_POOL_MAX_LEN)
		pool.len = NAT64_POOL_MAX_LEN;
	if (pool.len < NAT64_POOL_MIN_LEN)
		pool.len = NAT64_POOL_MIN_LEN;
	pool.addr.s_addr &= mask4(pool.len).s_addr;
	return pool;
}

/* An address of the pool that a host can have, without a `map`; those of networks count with
 * `networks`. */
static bool is_host(const struct tayga *tayga, struct in_addr addr4, bool networks)
{
	struct net4 pool = tayga_pool(tayga);

	if (!net4_has(&pool, addr4) || addr4.s_addr == pool.addr.s_addr ||
	    addr4.s_addr == net4_host(&pool, net4_size(&pool) - 1).s_addr)
		return false;
	for (size_t i = 0; i < tayga->map_count; i++)
		if ((networks || tayga->maps[i].net4.len == 32) &&
		    net4_has(&tayga->maps[i].net4, addr4))
			return false;
	return true;
}

bool tayga_is_host(const struct tayga *tayga, struct in_addr addr4)
{
	return is_host(tayga, addr4, true);
}

static bool is_taken(const struct tayga *tayga, struct in_addr addr4)
{
	for (size_t i = 0; i < tayga->taken_count; i++)
		if (tayga->taken[i].s_addr == addr4.s_addr)
			return true;
	return false;
}

struct in_addr tayga_own4(const struct tayga *tayga)
{
	struct net4 pool = tayga_pool(tayga);

	if (is_host(tayga, tayga->addr4,
		    false)) /* TAYGA's own address wins over the `map` of a network */
		return tayga->addr4;
	for (uint32_t n = 1; n < net4_size(&pool) - 1; n++)
		if (tayga_is_host(tayga, net4_host(&pool, n)) &&
		    !is_taken(tayga, net4_host(&pool, n)))
			return net4_host(&pool, n);
	return net4_host(&pool, 1);
}

void tayga_free(struct tayga *tayga)
{
	free(tayga->lines);
	free(tayga->maps);
	free(tayga->taken);
	*tayga = (struct tayga){};
}
