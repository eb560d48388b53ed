/* SPDX-License-Identifier: GPL-2.0-only */
/* The nftables table of an instance by libnftables: apply, delete, look, count. */

#include <errno.h>
#include <jansson.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "log.h"
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

int nft_read(const char *instance, struct nft_table *table)
{
	char command[COMMAND_LEN];
	json_t *json = NULL;
	const json_t *item, *part;
	const char *comment;
	size_t i;
	int status;

	*table = (struct nft_table){};
	snprintf(command, sizeof(command), "list table inet " TABLE_PREFIX "%s", instance);
	status = nft_execute(command, false, &json);
	if (status == -ENOENT)
		return 0;
	if (status)
		return status;
	table->there = true;
	json_array_foreach(json_object_get(json, "nftables"), i, item)
	{
		if (json_object_get(item, "chain") || json_object_get(item, "rule"))
			table->parts++;
		if (json_object_get(item, "flowtable"))
			table->flowtable = true;
		if ((part = json_object_get(item, "counter")))
			read_counter(part, table);
		part = json_object_get(item, "rule");
		comment = json_string_value(json_object_get(part, "comment"));
		if (comment && !strncmp(comment, WHOLE_COMMENT, strlen(WHOLE_COMMENT)))
			table->made = strtoul(comment + strlen(WHOLE_COMMENT), NULL, 10);
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

int nft_apply(const struct nft_spec *spec)
{
	_free_ char *script = NULL;
	struct nft_table old;
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
	return status ? apply_fault(status, spec->instance) : 0;
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
	return status == -ENOENT ? 0 : status ? status : 1;
}

bool nft_has_flowtable(const char *instance)
{
	struct nft_table table;

	return !nft_read(instance, &table) && table.flowtable;
}

int nft_present(const char *instance)
{
	struct nft_table table;
	int status = nft_read(instance, &table);

	return status ? status : table.there && table.made && table.parts >= table.made;
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
	};
	return 0;
}
