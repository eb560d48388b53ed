/* SPDX-License-Identifier: GPL-2.0-only */
/* clang-format off */
/* The text of a table: one of its own for an instance, or one that several share. docs/design.md,
 * decisions 11, 12, 16, 18.
 *
 *   chain     hook, priority              which packets   what
 *   new       nat prerouting, dstnat - 1  a flow's first  short timeouts; host = deny before any DNAT
 *   input     filter input, filter        for this host   host = deny for what conntrack does not know
 *   guard     nat postrouting, filter     a flow's first  guard and timeouts, before any other SNAT
 *   nat       nat postrouting, srcnat     a flow's first  NAT44
 *   post      filter postrouting, srcnat + 1   all        guards
 *   pre, forward   filter                 all, with the fast path only: put flows on it, count the rest
 *
 * Only `post` costs every packet something, and most of them one rule: a flow with source NAT is as
 * it should be in both directions. Its packets are rewritten at srcnat, by our chain for the first
 * and by its conntrack entry for the others. What has no source NAT (a flow that began while the
 * table was away) or no entry (conntrack INVALID, untracked) is looked at, and dropped.
 *
 * The rules of a chain come in pieces (pieces[] below). In a table of its own they stand in the hook's
 * chain. In a shared one each piece of each instance is a chain PIECE.INSTANCE, which the hook's chain
 * reaches by one look-up in a verdict map, by interface or by pool: so a packet costs the same however
 * many instances there are, and counters and rules of one stay when another changes.
 */
/* clang-format on */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "nft_run.h"
#include "sysctl.h"

#define LOOPBACK 1 /* ifindex of lo in every namespace */
#define WAYS	 2 /* out of the pool */

static const struct timeout {
	const char *state; /* word of nft */
	const char *key;   /* below net/netfilter/nf_conntrack_ */
	long kernel;	   /* seconds, where the module is not loaded yet */
} tcp_timeouts[] = {
	/* clang-format off */
	{ "syn_sent",	 "tcp_timeout_syn_sent",	120 },
	{ "syn_recv",	 "tcp_timeout_syn_recv",	60 },
	{ "established", "tcp_timeout_established",	432000 },
	{ "fin_wait",	 "tcp_timeout_fin_wait",	120 },
	{ "close_wait",	 "tcp_timeout_close_wait",	60 },
	{ "last_ack",	 "tcp_timeout_last_ack",	30 },
	{ "time_wait",	 "tcp_timeout_time_wait",	120 },
	{ "close",	 "tcp_timeout_close",		10 },
	{ "retrans",	 "tcp_timeout_max_retrans",	300 },
	{ "unack",	 "tcp_timeout_unacknowledged",	300 },
	{ }
	/* clang-format on */
}, udp_timeouts[] = {
	/* clang-format off */
	{ "unreplied",	 "udp_timeout",			30 },
	{ "replied",	 "udp_timeout_stream",		120 },
	{ }
	/* clang-format on */
};

static const char *const counter_names[] = {
#define X(name) #name,
	NFT_COUNTS(X)
#undef X
};

/* What is written. */
struct nft_text {
	FILE *out;
	uint32_t vpn;		    /* ifindex */
	char tag[NAME_LEN_MAX + 2]; /* behind the names of an instance in a shared table: `.tun0` */
	char pool[INET_ADDRSTRLEN + NAME_LEN_MAX]; /* `192.168.240.0/20`, or `@pool4` */
	/* match what goes from the pool to elsewhere: by another interface, or by the VPN's own */
	char leaving[WAYS][192];
};

static void chain(struct nft_text *text, const char *name, const char *hook)
{
	fprintf(text->out, "\tchain %s {\n\t\ttype %s; policy accept\n", name, hook);
}

/* A chain that others jump to, NAME of the instance. */
static void chain_of(struct nft_text *text, const char *name)
{
	fprintf(text->out, "\tchain %s%s {\n", name, text->tag);
}

__attribute__((format(printf, 2, 3))) static void rule(struct nft_text *text, const char *format,
						       ...)
{
	va_list args;

	fputs("\t\t", text->out);
	va_start(args, format);
	vfprintf(text->out, format, args);
	va_end(args);
	fputc('\n', text->out);
}

static void end(struct nft_text *text)
{
	fputs("\t}\n", text->out);
}

/* Each timeout is at most min-lease, so that no entry outlives its binding. The object cannot be
 * changed later and must not be deleted while flows use it: so its name tells its value. */
static void timeout_object(FILE *out, const char *proto, const struct timeout *list,
			   uint64_t min_lease)
{
	fprintf(out, "\tct timeout %s_%llu {\n\t\tprotocol %s\n\t\tl3proto ip\n\t\tpolicy = { ",
		proto, (unsigned long long)min_lease, proto);
	for (const struct timeout *t = list; t->state; t++) {
		char key[64];
		long value;

		snprintf(key, sizeof(key), "net/netfilter/nf_conntrack_%s", t->key);
		if (sysctl_get(key, &value) || value < 1)
			value = t->kernel;
		if ((uint64_t)value > min_lease)
			value = min_lease;
		fprintf(out, "%s%s : %ld", t == list ? "" : ", ", t->state, value);
	}
	fputs(" }\n\t}\n", out);
}

static void put_timeouts(struct nft_text *text, const struct nft_spec *spec)
{
	static const char *const protos[] = { "tcp", "udp" };

	for (size_t i = 0; i < 2 && !spec->no_timeouts; i++)
		rule(text, "meta l4proto %s ct timeout set \"%s_%llu\"", protos[i], protos[i],
		     (unsigned long long)spec->min_lease);
}

/* What clients begin: a reply to what the gateway itself asked of a client begins nothing. */
static void chain_clients(struct nft_text *text, const struct nft_spec *spec)
{
	chain_of(text, "clients");
	put_timeouts(text, spec);
	/* the target as the client wrote it, before any DNAT; the broadcast address of a network of
	 * ours reaches this host's services too */
	if (!spec->host_allow)
		rule(text,
		     "fib daddr type { local, broadcast, multicast } "
		     "counter name \"host%s\" reject with icmp type admin-prohibited",
		     text->tag);
	end(text);
}

/* To a client, not from one, and no reply: what this host begins (it came from no device: 0) and
 * what a DNAT rule lets in. The administrator wrote that rule; a host outside cannot. Not
 * `ct status != dnat drop`: that breaks where there is no entry, and lets the packet pass. */
static void chain_inbound(struct nft_text *text, const struct nft_spec *spec)
{
	chain_of(text, "inbound");
	put_timeouts(text, spec);
	rule(text, "ct status dnat accept");
	if (spec->guard) {
		rule(text,
		     "ct state & (established | related) == 0 iif != 0 iif != %u "
		     "counter name \"guarded%s\" drop",
		     text->vpn, text->tag);
		/* nor does a host of the VPN in IPv4: what comes from there with a source of the
		 * pool was translated, as nat64_in lets no other such packet pass */
		rule(text,
		     "ct state & (established | related) == 0 iif %u ip saddr != %s "
		     "counter name \"guarded%s\" drop",
		     text->vpn, text->pool, text->tag);
	}
	end(text);
}

static void put_new(struct nft_text *text, const struct nft_spec *spec)
{
	rule(text, "iif %u ip saddr %s goto clients%s", text->vpn, text->pool, text->tag);
}

static void put_input(struct nft_text *text, const struct nft_spec *spec)
{
	rule(text,
	     "iif %u ip saddr %s ct state & (new | established | related) == 0 "
	     "counter name \"host%s\" reject with icmp type admin-prohibited",
	     text->vpn, text->pool, text->tag);
}

static void put_pre(struct nft_text *text, const struct nft_spec *spec)
{
	rule(text, "iif %u ip saddr %s counter name \"slow_64%s\"", text->vpn, text->pool,
	     text->tag);
}

static void put_forward_64(struct nft_text *text, const struct nft_spec *spec)
{
	rule(text, "iif %u oif != %u ip saddr %s meta l4proto { tcp, udp } flow add @ft%s",
	     text->vpn, text->vpn, text->pool, text->tag);
}

static void put_forward_46(struct nft_text *text, const struct nft_spec *spec)
{
	rule(text, "oif %u iif != %u ip daddr %s meta l4proto { tcp, udp } flow add @ft%s",
	     text->vpn, text->vpn, text->pool, text->tag);
}

/* No host outside begins a flow to a client. */
static void put_guard(struct nft_text *text, const struct nft_spec *spec)
{
	rule(text, "ip daddr %s oif %u goto inbound%s", text->pool, text->vpn, text->tag);
}

static void put_nat(struct nft_text *text, const struct nft_spec *spec)
{
	char first[INET_ADDRSTRLEN], last[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &spec->snat_first, first, sizeof(first));
	inet_ntop(AF_INET, &spec->snat_last, last, sizeof(last));
	for (size_t way = 0; way < WAYS; way++) {
		const char *leaving = text->leaving[way];

		if (spec->nat44 == NAT44_MASQUERADE)
			rule(text, "%s masquerade", leaving);
		else if (!spec->snat_last.s_addr ||
			 spec->snat_last.s_addr == spec->snat_first.s_addr)
			rule(text, "%s snat ip to %s", leaving, first);
		else /* persistent: a client keeps its address (RFC 4787, REQ-2) */
			rule(text, "%s snat ip to %s-%s persistent", leaving, first, last);
	}
}

static void put_slow_46(struct nft_text *text, const struct nft_spec *spec)
{
	rule(text, "oif %u ip daddr %s counter name \"slow_46%s\"", text->vpn, text->pool,
	     text->tag);
}

static void put_leaks(struct nft_text *text, const struct nft_spec *spec)
{
	/* replies to whom guard = off let in: that host knows the pool's address, it is no leak */
	for (size_t way = 0; way < WAYS && !spec->guard; way++)
		rule(text, "%s ct direction reply accept", text->leaving[way]);
	for (size_t way = 0; way < WAYS; way++)
		rule(text, "%s counter name \"leaked%s\" drop", text->leaving[way], text->tag);
}

static void put_unknown(struct nft_text *text, const struct nft_spec *spec)
{
	rule(text, "ip daddr %s ct state & (established | related) == 0 oif %u goto inbound%s",
	     text->pool, text->vpn, text->tag);
}

static bool wants_always(const struct nft_spec *spec)
{
	return true;
}

static bool wants_input(const struct nft_spec *spec)
{
	return !spec->host_allow;
}

static bool wants_fast(const struct nft_spec *spec)
{
	return spec->devices;
}

static bool wants_guard(const struct nft_spec *spec)
{
	return spec->guard;
}

static bool wants_inbound(const struct nft_spec *spec)
{
	return spec->guard || !spec->no_timeouts;
}

static bool wants_nat(const struct nft_spec *spec)
{
	return spec->nat44 != NAT44_NONE;
}

static const struct hook {
	const char *name;
	const char *type;
} hooks[] = {
	/* clang-format off */
	{ "input",   "filter hook input priority filter" },
	{ "pre",     "filter hook prerouting priority mangle" },
	{ "forward", "filter hook forward priority filter" },
	{ "guard",   "nat hook postrouting priority filter" },
	{ "nat",     "nat hook postrouting priority srcnat" },
	{ "post",    "filter hook postrouting priority srcnat + 1" },
	{ "new",     "nat hook prerouting priority dstnat - 1" },
	/* clang-format on */
};

/* The pieces of each hook's chain in their order. `key`: what a shared table finds the instance by.
 * `first`: a rule in front of the piece, once for all instances. */
static const struct piece {
	const char *hook;
	const char *name; /* of the piece's chains in a shared table */
	const char *key;  /* iif, oif: the VPN interface; saddr, daddr: the pool */
	bool (*wanted)(const struct nft_spec *spec);
	void (*put)(struct nft_text *text, const struct nft_spec *spec);
	const char *first;
} pieces[] = {
	/* clang-format off */
	{ "input",   "to_host",  "iif",   wants_input,  put_input,      NULL },
	{ "pre",     "slow_in",  "iif",   wants_fast,   put_pre,        NULL },
	/* first: in a flood of new flows nearly all packets are of these */
	{ "forward", "fast_64",  "iif",   wants_fast,   put_forward_64, "ct state != established accept" },
	{ "forward", "fast_46",  "oif",   wants_fast,   put_forward_46, NULL },
	{ "guard",   "new_to",   "oif",   wants_inbound, put_guard,     NULL },
	{ "nat",     "nat_from", "saddr", wants_nat,    put_nat,        NULL },
	{ "post",    "slow_out", "oif",   wants_fast,   put_slow_46,    NULL },
	/* breaks where there is no entry. The address comes first behind it: most packets differ in it,
	 * and a register's look-up is cheaper than that of a device. */
	{ "post",    "leak_from", "saddr", wants_nat,   put_leaks,      "ct status snat accept" },
	{ "post",    "odd_to",   "oif",   wants_guard,  put_unknown,    NULL },
	{ "new",     "new_from", "iif",   wants_always, put_new,        NULL },
	/* clang-format on */
};

#define HOOKS  (sizeof(hooks) / sizeof(*hooks))
#define PIECES (sizeof(pieces) / sizeof(*pieces))

/* The instances that share a table, or the one that has it to itself. */
struct group {
	const struct nft_spec *specs;
	struct nft_text *texts; /* one for each */
	size_t count;
	bool shared;
};

static bool piece_wanted(const struct piece *piece, const struct group *group)
{
	bool wanted = false;

	for (size_t i = 0; i < group->count; i++)
		wanted |= piece->wanted(&group->specs[i]);
	return wanted;
}

static bool hook_wanted(const struct hook *hook, const struct group *group)
{
	bool wanted = false;

	for (size_t p = 0; p < PIECES; p++)
		if (!strcmp(pieces[p].hook, hook->name))
			wanted |= piece_wanted(&pieces[p], group);
	return wanted;
}

/* The elements of a shared table's verdict map for one instance: its interface, or its pool with
 * the addresses outside it. */
static void put_elements(FILE *out, const struct piece *piece, const struct nft_spec *spec,
			 const char *name)
{
	char addr[INET_ADDRSTRLEN];

	if (strcmp(piece->key, "saddr") && strcmp(piece->key, "daddr")) {
		fprintf(out, "%u : jump %s.%s", spec->ifindex, piece->name, name);
		return;
	}
	inet_ntop(AF_INET, &spec->pool.addr, addr, sizeof(addr));
	fprintf(out, "%s/%u : jump %s.%s", addr, spec->pool.len, piece->name, name);
	for (size_t i = 0; i < spec->outside_count; i++)
		fprintf(out, ", %s : jump %s.%s",
			inet_ntop(AF_INET, &spec->outside[i].addr4, addr, sizeof(addr)),
			piece->name, name);
}

/* The chains of a piece, and the map that leads to them. */
static void put_shared(const struct piece *piece, const struct group *group)
{
	bool by_pool = strstr(piece->key, "addr"), first = true;
	FILE *out = group->texts->out;

	for (size_t i = 0; i < group->count; i++) {
		if (!piece->wanted(&group->specs[i]))
			continue;
		chain_of(&group->texts[i], piece->name);
		piece->put(&group->texts[i], &group->specs[i]);
		end(&group->texts[i]);
	}
	fprintf(out, "\tmap %s {\n\t\ttype %s\n\t\telements = { ", piece->name,
		by_pool ? "ipv4_addr : verdict\n\t\tflags interval" : "iface_index : verdict");
	for (size_t i = 0; i < group->count; i++) {
		if (!piece->wanted(&group->specs[i]))
			continue;
		fputs(first ? "" : ", ", out);
		put_elements(out, piece, &group->specs[i], group->specs[i].instance);
		first = false;
	}
	fputs(" }\n\t}\n", out);
}

/* A piece in its hook's chain: the rules themselves, or the way to those of the packet's instance.
 */
static void put_piece(const struct piece *piece, const struct group *group)
{
	struct nft_text *text = group->texts;

	if (piece->first)
		rule(text, "%s", piece->first);
	if (!group->shared)
		piece->put(text, group->specs);
	else if (strstr(piece->key, "addr"))
		rule(text, "ip %s vmap @%s", piece->key, piece->name);
	else
		rule(text, "%s vmap @%s", piece->key, piece->name);
}

static void put_hook(const struct hook *hook, const struct group *group)
{
	for (size_t p = 0; p < PIECES && group->shared; p++)
		if (!strcmp(pieces[p].hook, hook->name) && piece_wanted(&pieces[p], group))
			put_shared(&pieces[p], group);
	chain(group->texts, hook->name, hook->type);
	for (size_t p = 0; p < PIECES; p++)
		if (!strcmp(pieces[p].hook, hook->name) && piece_wanted(&pieces[p], group))
			put_piece(&pieces[p], group);
	end(group->texts);
}

/* What nft_write() makes below, but for the timeout objects: taken away in the same transaction. An
 * `add` before each `delete`, as only what is there can be deleted. */
static void clear(const char *name, const struct nft_table *old, FILE *out)
{
	static const char *const chains[] = { "new",   "clients", "input", "pre",    "forward",
					      "guard", "nat",	  "post",  "inbound" };

	fprintf(out, "add table inet %s\nflush table inet %s\n", name, name);
	for (size_t i = 0; i < sizeof(chains) / sizeof(*chains); i++)
		fprintf(out, "add chain inet %s %s\ndelete chain inet %s %s\n", name, chains[i],
			name, chains[i]);
	for (size_t i = 0; i < NFT_COUNTER_MAX; i++)
		fprintf(out, "add counter inet %s %s\ndelete counter inet %s %s\n", name,
			counter_names[i], name, counter_names[i]);
	fprintf(out,
		"add set inet %s pool4 { type ipv4_addr; flags interval; }\ndelete set inet %s "
		"pool4\n",
		name, name);
	if (old->flowtable)
		fprintf(out, "delete flowtable inet %s ft\n", name);
}

/* The counters, sets and the flowtable of one instance. Timeout objects are the table's. */
static void objects(struct nft_text *text, const struct nft_spec *spec, const struct nft_table *old)
{
	char addr[INET_ADDRSTRLEN];

	for (size_t i = 0; i < NFT_COUNTER_MAX; i++)
		fprintf(text->out, "\tcounter %s%s { packets %llu bytes %llu\n\t}\n",
			counter_names[i], text->tag, (unsigned long long)old->tally[i].packets,
			(unsigned long long)old->tally[i].bytes);
	inet_ntop(AF_INET, &spec->pool.addr, addr, sizeof(addr));
	snprintf(text->pool, sizeof(text->pool), "%s/%u", addr, spec->pool.len);
	if (spec->outside_count) { /* else a prefix in the rule itself: cheaper for each packet */
		fprintf(text->out,
			"\tset pool4%s {\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\telements = { "
			"%s",
			text->tag, text->pool);
		for (size_t i = 0; i < spec->outside_count; i++)
			fprintf(text->out, ", %s",
				inet_ntop(AF_INET, &spec->outside[i].addr4, addr, sizeof(addr)));
		fputs(" }\n\t}\n", text->out);
		snprintf(text->pool, sizeof(text->pool), "@pool4%s", text->tag);
	}
	snprintf(text->leaving[0], sizeof(text->leaving[0]), "ip saddr %s oif != %u oif != %u",
		 text->pool, LOOPBACK, text->vpn);
	snprintf(text->leaving[1], sizeof(text->leaving[1]),
		 "iif %u oif %u ip saddr %s ip daddr != %s", text->vpn, text->vpn, text->pool,
		 text->pool);
	if (spec->devices) {
		fprintf(text->out,
			"\tflowtable ft%s {\n\t\thook ingress priority filter\n"
			"\t\tdevices = { ",
			text->tag);
		for (size_t i = 0; i < spec->device_count; i++)
			fprintf(text->out, "%s\"%s\"", i ? ", " : "", spec->devices[i]);
		fputs(" }\n\t}\n", text->out);
	}
}

/* Instances with the same min-lease share the objects. */
static void timeout_objects(const struct group *group)
{
	for (size_t i = 0; i < group->count; i++) {
		bool there = group->specs[i].no_timeouts;

		for (size_t j = 0; j < i; j++)
			there |= !group->specs[j].no_timeouts &&
				 group->specs[j].min_lease == group->specs[i].min_lease;
		if (there)
			continue;
		timeout_object(group->texts->out, "tcp", tcp_timeouts, group->specs[i].min_lease);
		timeout_object(group->texts->out, "udp", udp_timeouts, group->specs[i].min_lease);
	}
}

static int put_table(const struct group *group, const char *name, const struct nft_table *old)
{
	FILE *out = group->texts->out;

	fprintf(out, "table inet %s {\n", name);
	for (size_t i = 0; i < group->count; i++)
		objects(&group->texts[i], &group->specs[i], old);
	timeout_objects(group);
	for (size_t i = 0; i < group->count; i++) {
		chain_clients(&group->texts[i], &group->specs[i]);
		if (wants_inbound(&group->specs[i]))
			chain_inbound(&group->texts[i], &group->specs[i]);
	}
	for (size_t h = 0; h < HOOKS; h++)
		if (hook_wanted(&hooks[h], group))
			put_hook(&hooks[h], group);
	fputs("}\n", out);
	return ferror(out) ? -EIO : 0;
}

int nft_write(const struct nft_spec *spec, const struct nft_table *old, FILE *out)
{
	struct nft_text text = { .out = out, .vpn = spec->ifindex };
	struct group group = { spec, &text, 1, false };
	char name[sizeof(TABLE_PREFIX) + NAME_LEN_MAX];

	snprintf(name, sizeof(name), TABLE_PREFIX "%s", spec->instance);
	if (old->there)
		clear(name, old, out);
	return put_table(&group, name, old);
}

int nft_render(const struct nft_spec *specs, size_t count, FILE *out)
{
	_free_ struct nft_text *texts = calloc(count, sizeof(*texts));
	struct group group = { specs, texts, count, true };

	if (count == 1)
		return nft_write(specs, &(struct nft_table){}, out);
	if (!texts)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		texts[i].out = out;
		texts[i].vpn = specs[i].ifindex;
		snprintf(texts[i].tag, sizeof(texts[i].tag), ".%s", specs[i].instance);
	}
	return put_table(&group, TABLE_SHARED, &(struct nft_table){});
}
