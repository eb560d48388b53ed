/* SPDX-License-Identifier: GPL-2.0-only */
/* The text of an instance's table. docs/design.md, decisions 11, 12, 16, 18.
 *
 *   chain	hook, priority			which packets		what
 *   new	nat prerouting, dstnat - 1	a flow's first		short timeouts, host = deny
 * before anybody's DNAT input	filter input, filter		for this host
 * host = deny for what conntrack does not know guard	nat postrouting, filter
 * a flow's first		guard, before anybody's SNAT
 *   nat	nat postrouting, srcnat		a flow's first		NAT44
 *   post	filter postrouting, srcnat + 1	all			guards
 *   pre, forward	filter			all, with the fast path only: put flows on it, count
 * what is not
 *
 * Only `post` costs every packet something, and most of them one rule: a flow with source NAT is as
 * it should be in both directions. Its packets are rewritten at srcnat, by our chain for the first
 * and by its conntrack entry for the others. What has no source NAT (a flow that began while the
 * table was away) or no entry (conntrack INVALID, untracked) is looked at, and dropped.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <string.h>

#include "nft_run.h"
#include "sysctl.h"

#define LOOPBACK 1 /* ifindex of lo in every namespace */

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

/* What is written: chains and rules are counted. */
struct nft_text {
	FILE *out;
	unsigned int parts;
	uint32_t vpn;			/* ifindex */
	char pool[INET_ADDRSTRLEN + 8]; /* `192.168.240.0/20`, or `@pool4` */
	char leaving[96];		/* matches what goes from the pool to elsewhere */
};

static void chain(struct nft_text *text, const char *name, const char *hook)
{
	fprintf(text->out, "\tchain %s {\n\t\ttype %s; policy accept\n", name, hook);
	text->parts++;
}

__attribute__((format(printf, 2, 3))) static void rule(struct nft_text *text, const char *textf,
						       ...)
{
	va_list args;

	fputs("\t\t", text->out);
	va_start(args, textf);
	vfprintf(text->out, textf, args);
	va_end(args);
	fputc('\n', text->out);
	text->parts++;
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

/* What clients begin: an answer to what the gateway itself asked of a client begins nothing. */
static void chain_clients(struct nft_text *text, const struct nft_spec *spec)
{
	fputs("\tchain clients {\n", text->out);
	text->parts++;
	if (!spec->no_timeouts) {
		rule(text, "meta l4proto tcp ct timeout set \"tcp_%llu\"",
		     (unsigned long long)spec->min_lease);
		rule(text, "meta l4proto udp ct timeout set \"udp_%llu\"",
		     (unsigned long long)spec->min_lease);
	}
	/* the target as the client wrote it, before anybody's DNAT */
	if (!spec->host_allow)
		rule(text,
		     "fib daddr type local counter name host reject with icmp type admin-prohibited");
	end(text);
}

/* The last that is written: the comment tells how many parts there are. */
static void chain_new(struct nft_text *text, const struct nft_spec *spec)
{
	static const char *const protos[] = { "tcp", "udp" };

	chain(text, "new", "nat hook prerouting priority dstnat - 1");
	/* what guard = off lets in from outside */
	for (size_t i = 0; i < 2 && !spec->guard && !spec->no_timeouts; i++)
		rule(text, "ip daddr %s meta l4proto %s ct timeout set \"%s_%llu\"", text->pool,
		     protos[i], protos[i], (unsigned long long)spec->min_lease);
	rule(text, "iif %u ip saddr %s goto clients comment \"" WHOLE_COMMENT "%u\"", text->vpn,
	     text->pool, text->parts + 1);
	end(text);
}

static void chain_input(struct nft_text *text, const struct nft_spec *spec)
{
	if (spec->host_allow)
		return;
	chain(text, "input", "filter hook input priority filter");
	rule(text,
	     "iif %u ip saddr %s ct state & (new | established | related) == 0 "
	     "counter name host reject with icmp type admin-prohibited",
	     text->vpn, text->pool);
	end(text);
}

static void chains_fast(struct nft_text *text, const struct nft_spec *spec)
{
	const char *pool = text->pool;

	if (!spec->devices)
		return;
	chain(text, "pre", "filter hook prerouting priority mangle");
	rule(text, "iif %u ip saddr %s counter name slow_64", text->vpn, pool);
	end(text);
	chain(text, "forward", "filter hook forward priority filter");
	rule(text, "ct state != established accept"); /* first: in a flood of new flows nearly all
							 are of these */
	rule(text, "iif %u oif != %u ip saddr %s meta l4proto { tcp, udp } flow add @ft", text->vpn,
	     text->vpn, pool);
	rule(text, "oif %u iif != %u ip daddr %s meta l4proto { tcp, udp } flow add @ft", text->vpn,
	     text->vpn, pool);
	end(text);
}

static void chain_nat(struct nft_text *text, const struct nft_spec *spec)
{
	char first[INET_ADDRSTRLEN], last[INET_ADDRSTRLEN];

	if (spec->nat44 == NAT44_NONE)
		return;
	inet_ntop(AF_INET, &spec->snat_first, first, sizeof(first));
	inet_ntop(AF_INET, &spec->snat_last, last, sizeof(last));
	chain(text, "nat", "nat hook postrouting priority srcnat");
	if (spec->nat44 == NAT44_MASQUERADE)
		rule(text, "%s masquerade", text->leaving);
	else if (!spec->snat_last.s_addr || spec->snat_last.s_addr == spec->snat_first.s_addr)
		rule(text, "%s snat ip to %s", text->leaving, first);
	else /* persistent: a client keeps its address (RFC 4787, REQ-2) */
		rule(text, "%s snat ip to %s-%s persistent", text->leaving, first, last);
	end(text);
}

/* Nobody outside begins a flow to a client. 0: a packet of this host itself came from no device,
 * and passes. */
static void chain_guard(struct nft_text *text, const struct nft_spec *spec)
{
	if (!spec->guard)
		return;
	chain(text, "guard", "nat hook postrouting priority filter");
	rule(text, "ct state new ip daddr %s iif != 0 iif != %u oif %u counter name guarded drop",
	     text->pool, text->vpn, text->vpn);
	end(text);
}

/* The address comes first: most packets differ in it, and a register's look-up is cheaper than that
 * of a device. */
static void chain_post(struct nft_text *text, const struct nft_spec *spec)
{
	if (spec->nat44 == NAT44_NONE && !spec->guard && !spec->devices)
		return;
	chain(text, "post", "filter hook postrouting priority srcnat + 1");
	if (spec->devices)
		rule(text, "oif %u ip daddr %s counter name slow_46", text->vpn, text->pool);
	if (spec->nat44 != NAT44_NONE) {
		rule(text, "ct status snat accept"); /* breaks where there is no entry */
		/* answers to whom guard = off let in: he knows the pool's address, it is no leak */
		if (!spec->guard)
			rule(text, "%s ct direction reply accept", text->leaving);
		rule(text, "%s counter name leaked drop", text->leaving);
	}
	if (spec->guard)
		rule(text,
		     "ip daddr %s ct state & (established | related) == 0 iif != 0 iif != %u oif %u "
		     "counter name guarded drop",
		     text->pool, text->vpn, text->vpn);
	end(text);
}

/* What nft_write() makes below, but for the timeout objects: taken away in the same transaction. An
 * `add` before each `delete`, as only what is there can be deleted. */
static void clear(const char *name, const struct nft_table *old, FILE *out)
{
	static const char *const chains[] = { "new",	 "clients", "input", "pre",
					      "forward", "guard",   "nat",   "post" };

	fprintf(out, "add table inet %s\nflush table inet %s\n", name, name);
	for (size_t i = 0; i < sizeof(chains) / sizeof(*chains); i++)
		fprintf(out, "add chain inet %s %s\ndelete chain inet %s %s\n", name, chains[i],
			name, chains[i]);
	for (size_t i = 0; i < NFT_COUNTER_MAX; i++)
		fprintf(out, "add counter inet %s %s\ndelete counter inet %s %s\n", name,
			counter_names[i], name, counter_names[i]);
	fprintf(out,
		"add set inet %s pool4 { type ipv4_addr; flags interval; }\ndelete set inet %s pool4\n",
		name, name);
	if (old->flowtable)
		fprintf(out, "delete flowtable inet %s ft\n", name);
}

static void objects(struct nft_text *text, const struct nft_spec *spec, const struct nft_table *old)
{
	char addr[INET_ADDRSTRLEN];

	for (size_t i = 0; i < NFT_COUNTER_MAX; i++)
		fprintf(text->out, "\tcounter %s { packets %llu bytes %llu\n\t}\n",
			counter_names[i], (unsigned long long)old->tally[i].packets,
			(unsigned long long)old->tally[i].bytes);
	inet_ntop(AF_INET, &spec->pool.addr, addr, sizeof(addr));
	snprintf(text->pool, sizeof(text->pool), "%s/%u", addr, spec->pool.len);
	if (spec->outside_count) { /* else a prefix in the rule itself: cheaper for each packet */
		fprintf(text->out,
			"\tset pool4 {\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\telements = { %s",
			text->pool);
		for (size_t i = 0; i < spec->outside_count; i++)
			fprintf(text->out, ", %s",
				inet_ntop(AF_INET, &spec->outside[i].addr4, addr, sizeof(addr)));
		fputs(" }\n\t}\n", text->out);
		strcpy(text->pool, "@pool4");
	}
	snprintf(text->leaving, sizeof(text->leaving), "ip saddr %s oif != %u oif != %u",
		 text->pool, LOOPBACK, text->vpn);
	if (!spec->no_timeouts) {
		timeout_object(text->out, "tcp", tcp_timeouts, spec->min_lease);
		timeout_object(text->out, "udp", udp_timeouts, spec->min_lease);
	}
	if (spec->devices) {
		fputs("\tflowtable ft {\n\t\thook ingress priority filter\n\t\tdevices = { ",
		      text->out);
		for (size_t i = 0; i < spec->device_count; i++)
			fprintf(text->out, "%s\"%s\"", i ? ", " : "", spec->devices[i]);
		fputs(" }\n\t}\n", text->out);
	}
}

int nft_write(const struct nft_spec *spec, const struct nft_table *old, FILE *out)
{
	struct nft_text text = { .out = out, .vpn = spec->ifindex };
	char name[sizeof(TABLE_PREFIX) + NAME_LEN_MAX];

	snprintf(name, sizeof(name), TABLE_PREFIX "%s", spec->instance);
	if (old->there)
		clear(name, old, out);
	fprintf(out, "table inet %s {\n", name);
	objects(&text, spec, old);
	chain_clients(&text, spec);
	chain_input(&text, spec);
	chains_fast(&text, spec);
	chain_guard(&text, spec);
	chain_nat(&text, spec);
	chain_post(&text, spec);
	chain_new(&text, spec);
	fputs("}\n", out);
	return ferror(out) ? -EIO : 0;
}

int nft_render(const struct nft_spec *spec, FILE *out)
{
	return nft_write(spec, &(struct nft_table){}, out);
}
