/* SPDX-License-Identifier: GPL-2.0-only */
/* tayga.conf as a config file of ours: each line is translated, or named as not needed, and why. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "log.h"
#include "tayga.h"
#include "text.h"

struct writer {
	const struct tayga *tayga;
	FILE *out;
	struct net4 pool;
	struct net6 prefix;
	struct in_addr own4;
	bool linear;		    /* the one `map` is a whole pool */
	struct static_map *statics; /* written so far */
	size_t static_count;
	uint64_t outside; /* of them, outside the pool */
};

static bool is_yes(const char *value)
{
	return !strcmp(value, "yes") || !strcmp(value, "on") || !strcmp(value, "true") ||
	       !strcmp(value, "1");
}

/* A line of TAYGA, and what becomes of it. */
static void comment(struct writer *w, const struct tayga_line *line, const char *words)
{
	fprintf(w->out, "\n# %s\n", line->text);
	if (words)
		fprintf(w->out, "#   %s\n", words);
}

static void write_own4(struct writer *w, const struct tayga_line *line)
{
	char pool[NET4_TEXT];

	if (w->own4.s_addr == w->tayga->addr4.s_addr)
		comment(w, line, NULL);
	else
		comment(w, line,
			textf("it is no free host address of the pool %s, to which own4 belongs; "
			      "instead:",
			      net4_text(&w->pool, pool)));
	fprintf(w->out, "own4 = %s\n", text_addr4(w->own4));
}

static void write_own6(struct writer *w, const struct tayga_line *line)
{
	const struct in6_addr *addr6 = &w->tayga->addr6;

	for (size_t i = 0; i < w->tayga->map_count; i++)
		if (net6_has(&w->tayga->maps[i].net6, addr6)) {
			comment(w, line,
				"left out: a `map` has it; own6 is the interface's own address");
			return;
		}
	if (net6_has(&w->prefix, addr6)) {
		comment(w, line,
			"left out: it lies inside the prefix; own6 is the interface's own address");
		return;
	}
	comment(w, line, NULL);
	fprintf(w->out, "own6 = %s\n", text_addr6(addr6));
}

static void write_pool(struct writer *w, const struct tayga_line *line)
{
	char text[NET4_TEXT];

	if (w->pool.len == w->tayga->pool.len)
		comment(w, line, NULL);
	else
		comment(w, line,
			w->pool.len < w->tayga->pool.len ?
				"too small: a pool has at least 4 addresses, network, broadcast "
				"and own4 among them" :
				"too large: a pool has at most 1,048,576 addresses; this is the "
				"first part of it");
	fprintf(w->out, "pool = %s\n", net4_text(&w->pool, text));
}

static void write_udp(struct writer *w, const struct tayga_line *line)
{
	const char *value = line->value, *ours = NULL;

	if (!strcmp(value, "drop"))
		ours = "drop";
	else if (!strncmp(value, "calc", 4))
		ours = "compute";
	else if (!strcmp(value, "fwd") || !strcmp(value, "forward"))
		ours = "forward";
	comment(w, line,
		ours ? NULL : "left out: no such mode is known here; the default is compute");
	if (ours)
		fprintf(w->out, "udp-zero-checksum = %s\n", ours);
}

static void write_strict(struct writer *w, const struct tayga_line *line)
{
	if (!prefix_is_well_known(&w->prefix)) {
		comment(w, line, "not needed: it is about the prefix 64:ff9b::/96 only");
		return;
	}
	comment(w, line,
		is_yes(line->value) ? NULL :
				      "better: the networks that are meant, `private = 10.0.0.0/8` "
				      "and so on; the server's own addresses are `host`");
	fprintf(w->out, "private = %s\n", is_yes(line->value) ? "deny" : "allow");
}

static void write_prefix(struct writer *w, const struct tayga_line *line)
{
	char text[NET6_TEXT];

	comment(w, line, NULL);
	fprintf(w->out, "prefix = %s\n", net6_text(&w->prefix, text));
}

#define NO_TUN "not needed: no TUN of our own, and no route for the prefix"

/* What becomes of a directive: a function, or a comment and lines of example. */
static const struct {
	void (*write)(struct writer *w, const struct tayga_line *line);
	const char *words, *example;
} directives[TAYGA_UNKNOWN] = {
	[TAYGA_ADDR4] = { write_own4 },
	[TAYGA_ADDR6] = { write_own6 },
	[TAYGA_PREFIX] = { write_prefix },
	[TAYGA_POOL] = { write_pool },
	[TAYGA_STRICT] = { write_strict },
	[TAYGA_UDP] = { write_udp },
	[TAYGA_TUN_DEVICE] = { .words = "not needed: no TUN of our own, the programs are attached "
					"to the VPN's interface. "
					"Default: the instance's name",
			       .example = "# interface = tun0\n# clients = fd00::/64\n" },
	[TAYGA_DATA_DIR] = { .words = "not needed: bindings are kept in /var/lib/nat64-bpf, or in "
				      "the file `state`" },
	[TAYGA_MAP_FILE] = { .words = "its maps are below; at run time: nat64-bpf map add, del, "
				      "import" },
	[TAYGA_FRAGMENTS] = { .words = "not needed: Fragment Headers follow RFC 7915, 4.1" },
	[TAYGA_OFFLINK] = { .words = "not needed: the kernel fragments to the MTU of the pool's "
				     "route; RFC 7915's lower "
				     "limit of 1280:",
			    .example = "# mtu = 1252\n" },
	[TAYGA_LOG] = { .words = "not needed: nat64-bpf status counts drops by reason, nat64-bpf "
				 "monitor shows them. "
				 "Assignments of addresses:",
			.example = "# log = /var/log/nat64-bpf.json\n" },
	[TAYGA_TUN_UP] = { .words = NO_TUN },
	[TAYGA_TUN_IP] = { .words = NO_TUN },
	[TAYGA_TUN_ROUTE] = { .words = NO_TUN },
};

static void write_line(struct writer *w, const struct tayga_line *line)
{
	if (line->word == TAYGA_UNKNOWN) {
		comment(w, line, "left out: no such directive is known here");
	} else if (directives[line->word].write) {
		directives[line->word].write(w, line);
	} else {
		comment(w, line, directives[line->word].words);
		fputs(directives[line->word].example ?: "", w->out);
	}
}

/* Why there can be no static map, NULL: there can. */
static const char *static_fault(const struct writer *w, const struct static_map *map)
{
	const struct in6_addr *addr6 = &map->addr6;

	if (addr4_fault(map->addr4, ADDR4_CLIENT))
		return "no host can have the IPv4 address";
	if (map->addr4.s_addr == w->own4.s_addr)
		return "the IPv4 address is own4";
	if (map->addr4.s_addr == w->pool.addr.s_addr ||
	    map->addr4.s_addr == net4_host(&w->pool, net4_size(&w->pool) - 1).s_addr)
		return "the IPv4 address is the pool's network or broadcast address";
	if (net6_has(&w->prefix, addr6))
		return "the client's address lies inside the prefix, where TAYGA needs no map";
	if (IN6_IS_ADDR_MULTICAST(addr6) || IN6_IS_ADDR_LINKLOCAL(addr6) ||
	    IN6_IS_ADDR_UNSPECIFIED(addr6) || IN6_IS_ADDR_LOOPBACK(addr6))
		return "no client can have the IPv6 address";
	for (size_t i = 0; i < w->static_count; i++)
		if (w->statics[i].addr4.s_addr == map->addr4.s_addr ||
		    IN6_ARE_ADDR_EQUAL(&w->statics[i].addr6, addr6))
			return "another map has one of the two";
	if (!net4_has(&w->pool, map->addr4) && w->outside >= NAT64_EXTERN_MAX)
		return "too many addresses lie outside the pool";
	return NULL;
}

static void write_static(struct writer *w, const struct tayga_map *map, uint32_t n)
{
	struct static_map one = { net4_host(&map->net4, n), map->net6.addr };
	const char *fault;

	one.addr6.s6_addr32[3] |= htonl(n);
	fault = static_fault(w, &one);
	if (fault) {
		fprintf(w->out, "# map %s %s\n#   left out: %s\n", text_addr4(one.addr4),
			text_addr6(&one.addr6), fault);
		return;
	}
	fprintf(w->out, "static = %s %s\n", text_addr4(one.addr4), text_addr6(&one.addr6));
	w->outside += !net4_has(&w->pool, one.addr4);
	w->statics[w->static_count++] = one;
}

static uint64_t map_size(const struct tayga_map *map)
{
	return 1ull << (32 - map->net4.len);
}

static void write_maps(struct writer *w)
{
	uint64_t total = 0;

	for (size_t i = 0; i < w->tayga->map_count; i++) {
		const struct tayga_map *map = &w->tayga->maps[i];
		char four[NET4_TEXT], six[NET6_TEXT];
		uint64_t size = map_size(map);

		if (size > 1) {
			fprintf(w->out, "\n# map %s %s\n", net4_text(&map->net4, four),
				net6_text(&map->net6, six));
			if (total + size > TAYGA_EXPAND_MAX) {
				fprintf(w->out,
					"#   left out: %llu addresses; at most %d become static "
					"maps. As an "
					"instance of its own: pool, clients, mapping = linear\n",
					(unsigned long long)size, TAYGA_EXPAND_MAX);
				continue;
			}
			total += size;
		} else if (!i || map_size(map - 1) > 1) {
			fputc('\n', w->out);
		}
		for (uint64_t n = 0; n < size; n++)
			write_static(w, map, n);
	}
}

/* The only `map` is a network, without a pool: client N is address N, which is linear mapping. */
static bool is_linear(const struct tayga *tayga)
{
	return tayga->map_count == 1 && !tayga->given[TAYGA_POOL] &&
	       map_size(tayga->maps) > TAYGA_EXPAND_MAX &&
	       tayga->maps[0].net4.len >= NAT64_POOL_MIN_LEN;
}

static void write_linear(struct writer *w)
{
	char four[NET4_TEXT], six[NET6_TEXT];

	net4_text(&w->pool, four);
	net6_text(&w->tayga->maps[0].net6, six);
	fprintf(w->out, "\n# map %s %s\n#   client N of the network has address N of the pool\n",
		four, six);
	fprintf(w->out, "pool = %s\nclients = %s\nmapping = linear\n", four, six);
}

static void write_absent(struct writer *w)
{
	const struct tayga *tayga = w->tayga;
	char text[NET4_TEXT];

	if (!tayga->given[TAYGA_POOL] && !w->linear)
		fprintf(w->out,
			"\n# (no dynamic-pool)\n#   TAYGA refuses clients without a map; here they "
			"get addresses of "
			"the default pool\n# pool = %s\n",
			net4_text(&w->pool, text));
	if (!tayga->given[TAYGA_PREFIX])
		fprintf(w->out, "\n# (no prefix)\n#   TAYGA reaches IPv4 hosts by their maps only; "
				"here clients reach "
				"them by the prefix\n# prefix = 64:ff9b::/96\n");
	fprintf(w->out, "\n# TAYGA lets clients reach each other through the pool, the server's "
			"own IPv4 addresses, and be\n"
			"# reached from outside. Here that is off; to have it:\n# hairpin = "
			"allow\n# host = allow\n# guard = off\n");
}

int tayga_write(const struct tayga *tayga, const char *path, FILE *out)
{
	struct writer w = { .tayga = tayga,
			    .out = out,
			    .pool = tayga_pool(tayga),
			    .own4 = tayga_own4(tayga),
			    .prefix = tayga->prefix,
			    .linear = is_linear(tayga) };

	if (!tayga->given[TAYGA_PREFIX])
		net6_parse("64:ff9b::/96", &w.prefix);
	if (w.linear) {
		w.pool = tayga->maps[0].net4;
		w.own4 = net4_has(&w.pool, tayga->addr4) ? tayga->addr4 : net4_host(&w.pool, 1);
	}
	w.statics = calloc(tayga->map_count + TAYGA_EXPAND_MAX, sizeof(*w.statics));
	if (!w.statics)
		return -ENOMEM;
	fprintf(out,
		"# %s, by nat64-bpf import-tayga. Each line of it, and what it is here.\n[nat64]\n",
		text_printable(path));
	for (size_t i = 0; i < tayga->line_count; i++)
		write_line(&w, &tayga->lines[i]);
	if (w.linear)
		write_linear(&w);
	else
		write_maps(&w);
	write_absent(&w);
	free(w.statics);
	return ferror(out) ? -EIO : 0;
}
