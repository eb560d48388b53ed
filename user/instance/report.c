/* SPDX-License-Identifier: GPL-2.0-only */
/* The condition of a loaded instance. */
#include "report.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "caps.h"
#include "cleanup.h"
#include "counters.h"
#include "log.h"
#include "netlink.h"
#include "sysctl.h"
#include "text.h"

static void fault(struct report *report, const char *what, const char *fix)
{
	if (report->fault_count < REPORT_FAULTS) {
		report->faults[report->fault_count].what = what;
		report->faults[report->fault_count++].fix = fix;
	}
	if (report->state == STATE_TRANSLATING)
		report->state = STATE_DEGRADED;
}

/* The fast path: as the running table has it; why not, if the settings want it. */
static void look_at_fast_path(struct report *report)
{
	const struct instance *instance = &report->instance;
	int flows;

	report->fast = nft_has_flowtable(instance->config.name);
	if (!report->fast && instance->config.fastpath_auto)
		report->fast_why = instance->record.fast_fault[0] ? instance->record.fast_fault :
								    "not probed";
	flows = report->fast ? nl_conntrack_offloaded(&instance->config.pool) : 0;
	report->flows = flows > 0 ? flows : 0;
}

/* The pool's route and own4, as load set them. */
static void look_at_network(struct report *report)
{
	const struct instance *instance = &report->instance;
	const char *again = textf("nat64-bpf load %s", instance->config.name);
	_free_ struct nl_route *routes = NULL;
	_free_ struct nl_addr *addrs = NULL;
	size_t route_count = 0, addr_count = 0;
	bool route = false, address = false;
	long forwarding = 0;

	if (!nl_routes(AF_INET, &routes, &route_count))
		for (size_t i = 0; i < route_count; i++)
			route |= routes[i].protocol == NAT64_RTPROT &&
				 routes[i].oif == report->link.index &&
				 ntohl(routes[i].dst4.s_addr) == report->config.pool_first;
	if (!nl_addrs(&addrs, &addr_count))
		for (size_t i = 0; i < addr_count; i++)
			address |= addrs[i].family == AF_INET &&
				   addrs[i].index == report->link.index &&
				   addrs[i].addr4.s_addr == report->config.own4;
	if (!route)
		fault(report, "the route of the pool is missing", again);
	if (!address)
		fault(report, "own4 is missing on the interface", again);
	if (!sysctl_get("net/ipv4/ip_forward", &forwarding) && !forwarding)
		fault(report, "IPv4 forwarding is off", again);
}

/* Why `xdp = auto` is off, or NULL if the settings say something else. */
static const char *xdp_auto_why(const struct instance *instance)
{
	if (instance->config.xdp != XDP_AUTO)
		return NULL;
	return instance->l2 ?
		       "TC is faster on veth, and no network card was measured: try native and measure" :
		       "an interface without an Ethernet header (TUN, WireGuard) has no native XDP";
}

static void look_at_xdp(struct report *report, const char *again)
{
	const struct instance *instance = &report->instance;
	enum xdp_mode wanted = instance->config.xdp;

	report->xdp_why = xdp_auto_why(instance);
	if (xdp_look(instance->config.name, report->link.index, wanted, &report->xdp))
		return;
	if ((wanted == XDP_NATIVE || wanted == XDP_GENERIC) &&
	    (report->xdp.mode != wanted || !report->xdp.current)) {
		report->xdp_why = report->xdp.taken ? "another program took its place" :
						      "it is not attached";
		fault(report,
		      "the XDP program is not attached as it should be: TC translates instead",
		      again);
	}
}

static void look(struct report *report, const char *name)
{
	const char *again = textf("nat64-bpf load %s", name);
	const struct record *record = &report->instance.record;

	report->instance.l2 =
		record->neighbour; /* of an Ethernet interface only, which may be gone */
	if (!record->ifindex || nl_link_by_index(record->ifindex, &report->link)) {
		report->link = (struct nl_link){};
		report->state = STATE_WAITING;
		fault(report, textf("interface %s is absent", record->interface),
		      textf("start the VPN, then nat64-bpf load %s; nat64-bpf run %s does so by itself",
			    name, name));
		return;
	}
	report->instance.l2 = link_is_l2(&report->link) == 1;
	report->hook = attach_hook(name, record->ifindex);
	if (report->hook == HOOK_NONE)
		fault(report, "the programs are not attached to the interface", again);
	look_at_xdp(report, again);
	if (!report->nft_present)
		fault(report,
		      "the nftables table is missing or incomplete: was the ruleset flushed?",
		      again);
	if (!(report->link.flags & IFF_UP))
		fault(report, "the interface is down",
		      textf("ip link set dev %s up", report->link.name));
	look_at_network(report);
}

int report_read(const char *name, struct report *report)
{
	struct bindings bindings;
	int error;

	*report = (struct report){};
	if (instance_running(&report->instance, name))
		return -1;
	name = report->instance.config.name;
	if (bindings_open(name, &bindings))
		return -1;
	report->config = bindings.config;
	bindings_use(&bindings, &report->use);
	bindings_close(&bindings);
	error = counters_read(name, report->counters);
	if (error)
		return log_fail(EXIT_FAILED, strerror(-error),
				log_fix(error,
					textf("nat64-bpf unload %s, then load it again", name)),
				"%s: cannot read the counters", name);
	report->nft_present = nft_present(name);
	nft_counts(name, &report->nft);
	look(report, name);
	look_at_fast_path(report);
	return 0;
}

struct nat64_counter report_fast(const struct report *report, enum nat64_count count)
{
	const struct nat64_counter *all = &report->counters[count];
	uint64_t slow = count == NAT64_COUNT_IN64 ? report->nft.slow_64 : report->nft.slow_46;
	uint64_t fast = report->fast && all->packets > slow ? all->packets - slow : 0;

	return (struct nat64_counter){
		.packets = fast,
		.bytes = fast ? (unsigned __int128)all->bytes * fast / all->packets : 0,
	};
}

int report_permitted(const struct report *report)
{
	int error = report->nft_present;

	if (error != -EPERM && error != -EACCES)
		return 0;
	return log_fail(EXIT_PRIVILEGE, caps_why(error, NEED_NET_ADMIN),
			"run it as root: sudo nat64-bpf ...",
			"%s: its nftables table cannot be read", report->instance.config.name);
}

void report_free(struct report *report)
{
	instance_free(&report->instance);
}
