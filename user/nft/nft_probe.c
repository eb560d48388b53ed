/* SPDX-License-Identifier: GPL-2.0-only */
/* What this kernel's nftables can do: a table is sent, checked by the kernel and not committed. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "nft_run.h"

#define PROBE "table inet nat64_probe {\n"

/* Names that nft's text cannot hold, or may take for a pattern. */
static bool quotable(const char *name)
{
	for (const char *c = name; *c; c++) {
		if (*c <= ' ' || *c == 0x7f || strchr("\"\\*", *c))
			return false;
	}
	return *name;
}

const char *nft_flowtable_fault(const char (*devices)[IFNAMSIZ], size_t count)
{
	_free_ char *script = NULL;
	size_t len;
	FILE *out;
	int status;

	if (!count)
		return "there is no interface for it";
	for (size_t i = 0; i < count; i++) {
		if (!quotable(devices[i]))
			return "nftables cannot quote the name of an interface";
	}
	out = open_memstream(&script, &len);
	if (!out)
		return strerror(ENOMEM);
	fputs(PROBE "\tflowtable ft {\n\t\thook ingress priority filter\n\t\tdevices = { ", out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s\"%s\"", i ? ", " : "", devices[i]);
	fputs(" }\n\t}\n\tchain forward {\n\t\ttype filter hook forward priority filter\n"
	      "\t\tip protocol { tcp, udp } flow add @ft\n\t}\n}\n",
	      out);
	if (fclose(out))
		return strerror(ENOMEM);
	status = nft_run(script, true);
	switch (status) {
	case 0:
		return NULL;
	case -EPERM:
		return "not permitted";
	case -ENODEV:
		return "an interface is missing";
	}
	status = nft_run(PROBE "}\n", true);
	return status ? "the kernel has no nftables" :
			"the kernel has no flowtables for these interfaces (CONFIG_NF_FLOW_TABLE)";
}

const char *nft_timeout_fault(void)
{
	int status = nft_run(PROBE
			     "\tct timeout t {\n\t\tprotocol tcp\n\t\tl3proto ip\n\t\tpolicy = { "
			     "established : 7440 }\n\t}\n"
			     "\tchain pre {\n\t\ttype filter hook prerouting priority mangle\n"
			     "\t\tip protocol tcp ct timeout set \"t\"\n\t}\n}\n",
			     true);

	if (!status)
		return NULL;
	return status == -EPERM ?
		       "not permitted" :
		       "the kernel has no conntrack timeout objects (CONFIG_NF_CONNTRACK_TIMEOUT)";
}

const char *nft_base_fault(void)
{
	static const struct {
		const char *text, *fault;
	} steps[] = {
		{ PROBE "}\n", "the kernel has no nftables (CONFIG_NF_TABLES_INET)" },
		{ PROBE "\tchain f {\n\t\ttype filter hook forward priority filter\n\t\tct state "
			"new accept\n\t}\n}\n",
		  "nftables lacks conntrack (CONFIG_NFT_CT)" },
		{ PROBE "\tchain n {\n\t\ttype nat hook postrouting priority srcnat\n"
			"\t\tip saddr 192.0.2.1 masquerade\n\t}\n}\n",
		  "nftables lacks masquerade (CONFIG_NFT_MASQ)" },
		{ PROBE "\tchain p {\n\t\ttype filter hook prerouting priority mangle\n"
			"\t\tip saddr 192.0.2.1 fib daddr type local accept\n\t}\n}\n",
		  "nftables lacks fib (CONFIG_NFT_FIB_INET)" },
		{ PROBE "\tchain p {\n\t\ttype filter hook prerouting priority mangle\n"
			"\t\tip saddr 192.0.2.1 reject with icmp type admin-prohibited\n\t}\n}\n",
		  "nftables lacks reject in prerouting (CONFIG_NFT_REJECT_INET)" },
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		int status = nft_run(steps[i].text, true);

		if (status)
			return status == -EPERM ? "not permitted" : steps[i].fault;
	}
	return NULL;
}
