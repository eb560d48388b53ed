/* SPDX-License-Identifier: GPL-2.0-only */
/* The nftables table of an instance by libnftables: apply, delete, look, count, keep and restore.
 */

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "cleanup.h"
#include "log.h"
#include "netlink.h"
#include "nft_run.h"

#define COMMAND_LEN 128 /* bytes: a command that names one table */

static void read_counter(const json_t *counter, struct nft_table *table)
{
	static const char *const names[] = {
#define X(name) #name,
		NFT_COUNTS(X)
#undef X
	};
	const char *name = json_string_value(json_object_get(counter, "name"));

	for (size_t i = 0; name && i < NFT_COUNTER_MAX; i++) {
		if (!strcmp(name, names[i])) {
			table->tally[i].packets = json_integer_value(
				json_object_get(counter, "packets"));
			table->tally[i].bytes = json_integer_value(
				json_object_get(counter, "bytes"));
		}
	}
}

int nft_list(const char *instance, json_t **json)
{
	char command[COMMAND_LEN];

	snprintf(command, sizeof(command), "list table inet " TABLE_PREFIX "%s", instance);
	return nft_execute(command, json);
}

/* Kind and description of one listed object, without what changes by itself. NULL: it is nft's own
 * version. */
static const char *strip(json_t *item, json_t **object)
{
	const char *kind = json_object_iter_key(json_object_iter(item));

	if (!kind || !strcmp(kind, "metainfo"))
		return NULL;
	*object = json_object_get(item, kind);
	json_object_del(*object, "handle");
	return kind;
}

/* Adds one listed object to the sum, without counts. The order of rules in their chain counts, that
 * of all else is by chance. `place`: of a rule in its chain. */
static void add_sum(struct nft_table *table, json_t *item, uint32_t *place)
{
	_free_ char *text = NULL;
	json_t *object;
	const char *kind = strip(item, &object);
	uint32_t crc;

	if (!kind)
		return;
	if (!strcmp(kind, "counter")) {
		json_object_del(object, "packets");
		json_object_del(object, "bytes");
	}
	*place = strcmp(kind, "rule") ? 0 : *place + 1;
	text = json_dumps(item, JSON_COMPACT | JSON_SORT_KEYS);
	crc = crc32(0, (const void *)place, sizeof(*place));
	if (text)
		table->sum += crc32(crc, (const void *)text, strlen(text));
}

int nft_read(const char *instance, struct nft_table *table)
{
	json_t *json = NULL, *item;
	uint32_t place = 0;
	const json_t *part;
	size_t i;
	int status;

	*table = (struct nft_table){};
	status = nft_list(instance, &json);
	if (status == -ENOENT)
		return 0;
	if (status)
		return status;
	table->there = true;
	json_array_foreach(json_object_get(json, "nftables"), i, item)
	{
		if (json_object_get(item, "flowtable"))
			table->flowtable = true;
		if ((part = json_object_get(item, "counter")))
			read_counter(part, table);
		add_sum(table, item, &place);
	}
	json_decref(json);
	return 0;
}

static int apply_fault(int status, const char *instance)
{
	const char *why = *nft_words() ? nft_words() : strerror(-status);

	switch (status) {
	case -EOPNOTSUPP:
	case -EPROTONOSUPPORT:
	case -EAFNOSUPPORT:
		log_fail(EXIT_KERNEL, why,
			 "use a kernel with nftables, NAT, conntrack and fib, such as Debian's",
			 "%s: the kernel does not support the nftables rules", instance);
		break;
	default:
		log_fail(log_exit(status), why,
			 log_fix(status, "see the rules: nat64-bpf load --dry-run"),
			 "%s: cannot apply the nftables rules", instance);
	}
	return status;
}

/* nft takes a number for the name of an interface first, and interfaces may be named so. */
static int check_number(const struct nft_spec *spec)
{
	char number[IFNAMSIZ];
	unsigned int index;

	snprintf(number, sizeof(number), "%u", spec->ifindex);
	index = if_nametoindex(number);
	if (!index || index == spec->ifindex)
		return 0;
	log_fail(EXIT_FAILED, "nftables would read that name as the index",
		 "rename the other interface",
		 "%s: another interface is named %s, which is the index of the VPN interface",
		 spec->instance, number);
	return -EEXIST;
}

static bool is_client(struct in_addr addr, const void *data)
{
	const struct nft_spec *spec = data;
	bool found = net4_has(&spec->pool, addr);

	for (size_t i = 0; i < spec->outside_count && !found; i++)
		found = spec->outside[i].addr4.s_addr == addr.s_addr;
	return found;
}

/* A flow that began while the table was away, or with nat44 = none, has no NAT, and what it sends
 * is dropped as a leak as long as its entry lives. Without the entry its next packet begins it
 * anew. */
static void end_un_nated(const struct nft_spec *spec)
{
	if (spec->nat44 != NAT44_NONE)
		nl_conntrack_delete_un_nated(is_client, spec);
}

int nft_apply(const struct nft_spec *spec, uint32_t *sum)
{
	_free_ char *script = NULL;
	struct nft_table old, made;
	size_t len;
	FILE *out;
	int status = check_number(spec);

	if (status)
		return status;
	status = nft_read(spec->instance, &old);
	if (status)
		return apply_fault(status, spec->instance);
	if (spec->devices && !old.flowtable) {
		old.tally[NFT_COUNTER_slow_64].packets = spec->in64;
		old.tally[NFT_COUNTER_slow_46].packets = spec->out46;
	}
	out = open_memstream(&script, &len);
	if (!out)
		return apply_fault(-errno, spec->instance);
	status = nft_write(spec, &old, out);
	if (fclose(out))
		status = -errno;
	if (!status)
		status = nft_run(script, false);
	if (!status)
		end_un_nated(spec);
	if (!status && sum) {
		status = nft_read(spec->instance, &made);
		*sum = made.sum;
	}
	return status ? apply_fault(status, spec->instance) : 0;
}

int nft_save(const char *instance, json_t **saved)
{
	*saved = NULL;
	return nft_list(instance, saved);
}

static int append(json_t *commands, const char *verb, const char *kind, const json_t *object)
{
	return json_array_append_new(commands,
				     json_pack("{s:{s:O}}", verb, kind, (json_t *)object));
}

static const char *name_of(const json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "name"));

	return name ? name : "";
}

/* A timeout object of that name? */
static bool is_saved(const json_t *saved, const json_t *wanted)
{
	const json_t *item, *object;
	size_t i;

	json_array_foreach(json_object_get(saved, "nftables"), i, item)
	{
		object = json_object_get(item, "ct timeout");
		if (object && !strcmp(name_of(object), name_of(wanted)))
			return true;
	}
	return false;
}

/* What takes away all that is listed but the table itself, its rules, which the flush takes, and
 * timeout objects. Rules hold sets and objects: so chains go first. */
static void clear(json_t *commands, const json_t *now)
{
	static const char *const kinds[] = { "chain", "flowtable", "set", "map", "counter" };
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(now, "nftables"), i, item)
	{
		if (json_object_get(item, "table"))
			append(commands, "flush", "table", json_object_get(item, "table"));
	}
	for (size_t kind = 0; kind < sizeof(kinds) / sizeof(*kinds); kind++)
		json_array_foreach(json_object_get(now, "nftables"), i, item)
		{
			const json_t *object = json_object_get(item, kinds[kind]);

			if (object)
				append(commands, "delete", kinds[kind], object);
		}
}

/* Timeout objects stay where they were before, as flows hold them; those that are new go. nft 1.0.6
 * takes neither in JSON. */
static int drop_timeouts(const char *instance, const json_t *now, const json_t *saved)
{
	const json_t *item, *object;
	char command[COMMAND_LEN];
	int status = 0;
	size_t i;

	json_array_foreach(json_object_get(now, "nftables"), i, item)
	{
		object = json_object_get(item, "ct timeout");
		if (!object || is_saved(saved, object) || status)
			continue;
		snprintf(command, sizeof(command),
			 "delete ct timeout inet " TABLE_PREFIX "%s %.64s", instance,
			 name_of(object));
		status = nft_run(command, false);
	}
	return status;
}

/* The table is there. */
static int restore(const char *instance, const json_t *now, const json_t *saved)
{
	json_t *commands = json_array(), *item, *object;
	int status;
	size_t i;

	clear(commands, now);
	json_array_foreach(json_object_get(saved, "nftables"), i, item)
	{
		const char *kind = strip(item, &object);

		if (kind && strcmp(kind, "ct timeout"))
			append(commands, "add", kind, object);
	}
	item = json_pack("{s:o}", "nftables", commands);
	status = nft_run_json(item);
	json_decref(item);
	return status ? status : drop_timeouts(instance, now, saved);
}

int nft_restore(const char *instance, const json_t *saved)
{
	json_t *now = NULL;
	int status;

	nft_go_back(true);
	status = saved ? nft_list(instance, &now) : nft_delete(instance);
	if (saved && (!status || status == -ENOENT))
		status = restore(instance, now, saved);
	nft_go_back(false);
	json_decref(now);
	return status < 0 ? status : 0;
}

int nft_delete(const char *instance)
{
	char command[COMMAND_LEN];
	struct nft_table table;
	int status = nft_read(instance, &table);

	if (status || !table.there)
		return status;
	snprintf(command, sizeof(command), "delete table inet " TABLE_PREFIX "%s", instance);
	status = nft_run(command, false);
	if (status == -ENOENT)
		return 0;
	return status ? status : 1;
}

int nft_sum(const char *instance, uint32_t *sum)
{
	struct nft_table table;
	int status = nft_read(instance, &table);

	if (status)
		return status;
	*sum = table.sum;
	return table.there;
}

int nft_counts(const char *instance, struct nft_counts *counts)
{
	struct nft_table table;
	int status = nft_read(instance, &table);

	if (status)
		return status;
	*counts = (struct nft_counts){
#define X(name) .name = table.tally[NFT_COUNTER_##name].packets,
		NFT_COUNTS(X)
#undef X
			.there = table.there,
		.flowtable = table.flowtable,
	};
	return 0;
}
