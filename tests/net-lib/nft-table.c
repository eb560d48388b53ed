/* SPDX-License-Identifier: GPL-2.0-only */
/* The nftables table alone, from a shell, for tests of what it does to packets.
 *
 *   nft-table apply INTERFACE POOL [none|snat A B|no-guard|host|no-timeouts|fast DEVICE]...
 *   nft-table counts|present|delete|forget POOL		forget: the pool's conntrack entries
 *   nft-table fault INTERFACE				why there is no flowtable, or nothing
 *
 * With NFT_SHARED in the environment `apply` and `counts` are about the table that several share.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlink.h"
#include "nft.h"

#define INSTANCE "test"

/* One table for this instance and a second one, whose interface does not matter. */
static int apply_shared(const struct nft_spec *spec)
{
	struct nft_spec both[2] = { *spec, *spec };
	FILE *out = popen("nft -f -", "w");

	if (!out)
		return 1;
	both[1].instance = "other.one";
	both[1].ifindex = 4242;
	both[1].pool = (struct net4){ { htonl(0x0a090000) }, 16 };
	both[1].nat44 = NAT44_NONE;
	both[1].guard = !spec->guard;
	both[1].host_allow = !spec->host_allow;
	fputs("add table inet nat64_bpf\ndelete table inet nat64_bpf\n", out);
	return nft_render(both, 2, out) || pclose(out);
}

static int apply(char **args)
{
	static char devices[4][IFNAMSIZ];
	struct nft_spec spec = {
		.instance = INSTANCE,
		.ifindex = if_nametoindex(args[0]),
		.guard = true,
		.min_lease = 7440,
	};

	if (!spec.ifindex || net4_parse(args[1], &spec.pool))
		return 2;
	for (args += 2; *args; args++) {
		if (!strcmp(*args, "none")) {
			spec.nat44 = NAT44_NONE;
		} else if (!strcmp(*args, "snat") && args[1] && args[2]) {
			spec.nat44 = NAT44_SNAT;
			inet_pton(AF_INET, *++args, &spec.snat_first);
			inet_pton(AF_INET, *++args, &spec.snat_last);
		} else if (!strcmp(*args, "no-guard")) {
			spec.guard = false;
		} else if (!strcmp(*args, "host")) {
			spec.host_allow = true;
		} else if (!strcmp(*args, "no-timeouts")) {
			spec.no_timeouts = true;
		} else if (!strcmp(*args, "fast") && args[1] && spec.device_count < 4) {
			strncpy(devices[spec.device_count++], *++args, IFNAMSIZ - 1);
			spec.devices = devices;
		} else {
			return 2;
		}
	}
	if (getenv("NFT_SHARED"))
		return apply_shared(&spec);
	return nft_apply(&spec, NULL) ? 1 : 0;
}

/* The counters of the first instance of the shared table. */
static int counts_shared(void)
{
	char command[128], line[256];
	unsigned long long packets;

#define X(name)                                                                                    \
	snprintf(command, sizeof(command), "nft list counter inet nat64_bpf " #name "." INSTANCE); \
	{                                                                                          \
		FILE *in = popen(command, "r");                                                    \
		while (in && fgets(line, sizeof(line), in))                                        \
			if (sscanf(line, " packets %llu", &packets) == 1)                          \
				printf(#name " %llu\n", packets);                                  \
		if (!in || pclose(in))                                                             \
			return 1;                                                                  \
	}
	NFT_COUNTS(X)
#undef X
	return 0;
}

static int counts(void)
{
	struct nft_counts counts;

	if (getenv("NFT_SHARED"))
		return counts_shared();
	if (nft_counts(INSTANCE, &counts))
		return 1;
#define X(name) printf(#name " %llu\n", (unsigned long long)counts.name);
	NFT_COUNTS(X)
#undef X
	return 0;
}

static bool in_pool(struct in_addr addr, const void *pool)
{
	return net4_has(pool, addr);
}

int main(int argc, char **argv)
{
	uint32_t sum;

	if (argc >= 4 && !strcmp(argv[1], "apply"))
		return apply(argv + 2);
	if (argc == 2 && !strcmp(argv[1], "counts"))
		return counts();
	if (argc == 2 && !strcmp(argv[1], "present"))
		return nft_sum(INSTANCE, &sum) != 1;
	if (argc == 2 && !strcmp(argv[1], "delete"))
		return nft_delete(INSTANCE) < 0;
	if (argc == 3 && !strcmp(argv[1], "forget")) {
		struct net4 pool;

		return net4_parse(argv[2], &pool) ||
		       printf("%d\n", nl_conntrack_delete_if(in_pool, &pool)) < 0;
	}
	if (argc == 3 && !strcmp(argv[1], "fault")) {
		char device[1][IFNAMSIZ] = {};
		const char *fault;

		strncpy(device[0], argv[2], IFNAMSIZ - 1);
		fault = nft_flowtable_fault(device, 1);
		printf("%s", fault ? fault : "");
		return 0;
	}
	return 2;
}
