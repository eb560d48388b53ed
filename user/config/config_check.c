/* SPDX-License-Identifier: GPL-2.0-only */
/* What needs more than one key to be seen. */
#include <arpa/inet.h>
#include <string.h>

#include "config.h"
#include "log.h"
#include "text.h"

#define LEASE_SAFE 7440 /* seconds, RFC 5382 REQ-5 */

/* A key that is to blame; element I of a repeatable one. */
struct culprit {
	enum config_key key;
	size_t i;
};

#define KEY(id)	   ((struct culprit){ .key = KEY_##id })
#define NTH(id, n) ((struct culprit){ .key = KEY_##id, .i = (n) })

/* Its line in the config file, 0: it is an option, or the default. */
static unsigned int line_of(const struct config *config, struct culprit culprit)
{
	const struct key_lines *lines = &config->lines[culprit.key];

	return culprit.i < lines->count ? lines->line[culprit.i] : 0;
}

/* "FILE:LINE", "--KEY" for an option, and for a default what there is of the instance: "FILE" or
 * "NAME". */
static const char *where(const struct config *config, struct culprit culprit)
{
	unsigned int line = line_of(config, culprit);

	if (line)
		return textf("%s:%u", config->path, line);
	if (config->given & 1ull << culprit.key)
		return textf("--%s", config_keys[culprit.key].key);
	return config->path ? config->path : config->name;
}

/* Defaults came first, options last. */
static unsigned int order(const struct config *config, struct culprit culprit)
{
	unsigned int line = line_of(config, culprit);

	if (!(config->given & 1ull << culprit.key))
		return 0;
	return line ? line : UINT_MAX;
}

/* Of two that clash the one that came later. */
static struct culprit later(const struct config *config, struct culprit a, struct culprit b)
{
	return order(config, b) > order(config, a) ? b : a;
}

/* Says "WHERE: WHAT". Returns -1. */
static int bad(const struct config *config, struct culprit culprit, const char *why,
	       const char *fix, const char *what)
{
	return log_fail(EXIT_USAGE, why, fix, "%s: %s", where(config, culprit), what);
}

enum warning { WARN_LEASE, WARN_QUOTA, WARN_PRIVATE };

/* The same, but no failure, and once: `run` checks again at every change of the host. */
static void warn(const struct config *config, enum warning warning, struct culprit culprit,
		 const char *why, const char *fix, const char *what)
{
	static unsigned int said;

	if (!(said & 1u << warning))
		log_warn(why, fix, "%s: %s", where(config, culprit), what);
	said |= 1u << warning;
}

static bool same4(struct in_addr a, struct in_addr b)
{
	return a.s_addr == b.s_addr;
}

static struct in_addr first_host(const struct config *config)
{
	return net4_host(&config->pool, 1);
}

static struct in_addr broadcast(const struct config *config)
{
	return net4_host(&config->pool, net4_size(&config->pool) - 1);
}

/* "network" or "broadcast" if the pool cannot give the address to a host, else NULL. */
static const char *reserved(const struct config *config, struct in_addr addr)
{
	if (same4(addr, config->pool.addr))
		return "network";
	return same4(addr, broadcast(config)) ? "broadcast" : NULL;
}

static int check_own4(const struct config *config)
{
	char pool[NET4_TEXT];

	if (!config->own4.s_addr)
		return 0;
	net4_text(&config->pool, pool);
	if (!net4_has(&config->pool, config->own4))
		return bad(config, later(config, KEY(OWN4), KEY(POOL)),
			   textf("the pool is %s", pool),
			   textf("set own4 = %s, or leave it out", text_addr4(first_host(config))),
			   textf("own4 = %s lies outside the pool", text_addr4(config->own4)));
	if (reserved(config, config->own4))
		return bad(config, later(config, KEY(OWN4), KEY(POOL)),
			   textf("a host cannot have the first or the last address of %s", pool),
			   textf("set own4 = %s, or leave it out", text_addr4(first_host(config))),
			   textf("own4 = %s is the %s address of the pool",
				 text_addr4(config->own4), reserved(config, config->own4)));
	return 0;
}

static int check_own6(const struct config *config)
{
	char prefix[NET6_TEXT];

	if (addr6_is_zero(&config->own6) || !net6_has(&config->prefix, &config->own6))
		return 0;
	return bad(config, later(config, KEY(OWN6), KEY(PREFIX)),
		   textf("packets to the prefix %s are translated, so none would reach it",
			 net6_text(&config->prefix, prefix)),
		   "set own6 to an IPv6 address of the interface, or leave it out",
		   textf("own6 = %s lies inside the prefix", text_addr6(&config->own6)));
}

static int check_prefix(const struct config *config)
{
	char prefix[NET6_TEXT], clients[NET6_TEXT];

	net6_text(&config->prefix, prefix);
	for (size_t i = 0; i < config->client_count; i++)
		if (net6_overlap(&config->prefix, &config->clients[i]))
			return bad(config, later(config, NTH(CLIENTS, i), KEY(PREFIX)),
				   textf("addresses in %s stand for IPv4 addresses, so no client "
					 "may have one",
					 prefix),
				   "choose a prefix outside the clients' networks, such as "
				   "64:ff9b::/96",
				   textf("clients = %s overlaps the prefix",
					 net6_text(&config->clients[i], clients)));
	return 0;
}

/* Nothing but single addresses. */
static int bad_clients(const struct config *config)
{
	static const char *const theirs =
		"the network that the VPN gives its clients addresses from";
	struct net6 net = { .addr = config->clients[0].addr, .len = 64 };
	const char *fix = textf("set clients to %s", theirs);
	char text[NET6_TEXT], meant[NET6_TEXT];

	memset(&net.addr.s6_addr[8], 0, 8);
	if (!net6_overlap(&net, &config->prefix))
		fix = textf("set clients = %s, or %s", net6_text(&net, meant), theirs);
	return bad(config, NTH(CLIENTS, 0),
		   "a /128 is one address: no other client could use the translator", fix,
		   textf("clients = %s holds one address only",
			 net6_text(&config->clients[0], text)));
}

static int check_clients(const struct config *config)
{
	size_t single = 0;

	for (size_t i = 0; i < config->client_count; i++)
		single += config->clients[i].len == 128;
	if (single && single == config->client_count)
		return bad_clients(config);
	if (config->linear && config->client_count > 1)
		return bad(config, later(config, NTH(CLIENTS, 1), KEY(MAPPING)),
			   "client N gets address N of the pool, which two networks cannot share",
			   "keep one `clients` network, or set mapping = dynamic",
			   textf("mapping = linear with %zu networks of clients",
				 config->client_count));
	return 0;
}

/* One static map against what the translator itself uses. */
static int check_static(const struct config *config, size_t i)
{
	struct in_addr own4 = config->own4.s_addr ? config->own4 : first_host(config);
	struct culprit culprit = config->own4.s_addr ? KEY(OWN4) : KEY(POOL);
	const struct static_map *map = &config->statics[i];
	const char *name = textf("static = %s %s", text_addr4(map->addr4), text_addr6(&map->addr6));

	if (same4(map->addr4, own4))
		return bad(config, later(config, NTH(STATIC, i), culprit),
			   textf("%s is own4, the translator's own address%s", text_addr4(own4),
				 config->own4.s_addr ? "" : " (the first host of the pool)"),
			   "choose another IPv4 address for the client, or set own4 to another one",
			   textf("%s: the IPv4 address is taken", name));
	if (net4_has(&config->pool, map->addr4) && reserved(config, map->addr4))
		return bad(config, later(config, NTH(STATIC, i), KEY(POOL)),
			   textf("it is the %s address of the pool", reserved(config, map->addr4)),
			   "choose another IPv4 address for the client",
			   textf("%s: no host can have the IPv4 address", name));
	if (IN6_ARE_ADDR_EQUAL(&map->addr6, &config->own6))
		return bad(config, later(config, NTH(STATIC, i), KEY(OWN6)),
			   "it is own6, the translator's own address",
			   "give the client's IPv6 address",
			   textf("%s: the IPv6 address is taken", name));
	if (net6_has(&config->prefix, &map->addr6))
		return bad(config, later(config, NTH(STATIC, i), KEY(PREFIX)),
			   "addresses in it stand for IPv4 addresses, so no client may have one",
			   "give the client's own IPv6 address",
			   textf("%s: the IPv6 address lies inside the prefix", name));
	return 0;
}

static int check_statics(const struct config *config)
{
	size_t outside = 0, first_beyond = 0;

	for (size_t i = 0; i < config->static_count; i++) {
		if (check_static(config, i))
			return -1;
		if (!net4_has(&config->pool, config->statics[i].addr4) &&
		    ++outside == NAT64_EXTERN_MAX + 1)
			first_beyond = i;
	}
	if (outside > NAT64_EXTERN_MAX)
		return bad(config, NTH(STATIC, first_beyond),
			   textf("%d is the limit", NAT64_EXTERN_MAX),
			   "choose a pool that holds their addresses",
			   textf("%zu static maps have an IPv4 address outside the pool", outside));
	return 0;
}

static int check_leases(const struct config *config)
{
	const char *fix = "make max-lease the longer of the two";
	char min[TEXT_TIME], max[TEXT_TIME];

	text_time(config->min_lease, min);
	text_time(config->max_lease, max);
	if (!(config->given & 1ull << KEY_MIN_LEASE))
		fix = textf("set max-lease = %s or more, or a shorter min-lease", min);
	if (config->max_lease < config->min_lease)
		return bad(config, later(config, KEY(MAX_LEASE), KEY(MIN_LEASE)),
			   textf("a binding would be removed before min-lease = %s is over", min),
			   fix, textf("max-lease = %s is shorter than min-lease", max));
	if (config->min_lease < LEASE_SAFE)
		warn(config, WARN_LEASE, KEY(MIN_LEASE),
		     "TCP connections may be idle for 2h4m (RFC 5382 REQ-5); their client may lose "
		     "its address",
		     "set min-lease = 2h4m, unless the pool is too small for the clients",
		     textf("min-lease = %s ends idle TCP connections", min));
	return 0;
}

static int check_nat44(const struct config *config)
{
	char pool[NET4_TEXT];

	if (config->nat44 != NAT44_SNAT)
		return 0;
	if (ntohl(config->snat_first.s_addr) <= ntohl(broadcast(config).s_addr) &&
	    ntohl(config->snat_last.s_addr) >= ntohl(config->pool.addr.s_addr))
		return bad(config, later(config, KEY(NAT44), KEY(POOL)),
			   textf("the pool %s is what NAT44 hides: replies to it would not come "
				 "back",
				 net4_text(&config->pool, pool)),
			   "give the gateway's address towards the Internet, or set nat44 = "
			   "masquerade",
			   textf("nat44 = snat %s-%s overlaps the pool",
				 text_addr4(config->snat_first), text_addr4(config->snat_last)));
	return 0;
}

static int check_quota(const struct config *config)
{
	bool length_given = config->given & 1ull << KEY_QUOTA_LENGTH;
	char net[NET6_TEXT];

	if (!config->quota) {
		if (length_given && config->quota_length != 64)
			warn(config, WARN_QUOTA, KEY(QUOTA_LENGTH), "it applies only with a quota",
			     "set quota = N, or leave quota-length out",
			     textf("quota-length = %u has no effect", config->quota_length));
		return 0;
	}
	if (config->linear) {
		warn(config, WARN_QUOTA, later(config, KEY(QUOTA), KEY(MAPPING)),
		     "linear mapping makes no dynamic bindings",
		     "leave quota out, or set mapping = dynamic",
		     textf("quota = %u has no effect", config->quota));
		return 0;
	}
	for (size_t i = 0; i < config->client_count; i++)
		if (!length_given && config->clients[i].len >= config->quota_length)
			warn(config, WARN_QUOTA, KEY(QUOTA),
			     textf("quota-length is %u, so all clients of %s share one quota",
				   config->quota_length, net6_text(&config->clients[i], net)),
			     "set quota-length = 128 to count each client by itself",
			     textf("quota = %u limits the whole network", config->quota));
	return 0;
}

/* RFC 6052, 3.1 bars them under the well-known prefix only; one's own prefix is a wish to reach
 * them. */
static int check_private(const struct config *config)
{
	char prefix[NET6_TEXT];

	if (config->given & 1ull << KEY_PRIVATE && !config->private_allow &&
	    !prefix_is_well_known(&config->prefix))
		warn(config, WARN_PRIVATE, later(config, KEY(PRIVATE), KEY(PREFIX)),
		     textf("it controls destinations under 64:ff9b::/96; under %s all that are not "
			   "global can be reached",
			   net6_text(&config->prefix, prefix)),
		     "set prefix = 64:ff9b::/96, or block them with nftables, and leave `private` "
		     "out",
		     "private has no effect with this prefix");
	return 0;
}

static int check_files(const struct config *config)
{
	const char *itself = NULL;

	if (*config->state && !strcmp(config->state, config->log))
		return bad(config, later(config, KEY(STATE), KEY(LOG)),
			   "saving the bindings would overwrite the log",
			   "give each a file of its own",
			   textf("state and log are the same file, %.100s", config->state));
	if (config->path && !strcmp(config->state, config->path))
		itself = "state";
	else if (config->path && !strcmp(config->log, config->path))
		itself = "log";
	if (!itself)
		return 0;
	return bad(config, *itself == 's' ? KEY(STATE) : KEY(LOG), "it would be overwritten",
		   "give another file", textf("%s is this config file itself", itself));
}

int config_check(const struct config *config)
{
	int (*const checks[])(const struct config *) = {
		check_prefix, check_clients, check_own4,  check_own6,	 check_statics,
		check_leases, check_nat44,   check_quota, check_private, check_files,
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (checks[i](config))
			return -1;
	return 0;
}
