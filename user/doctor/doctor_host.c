/* SPDX-License-Identifier: GPL-2.0-only */
/* doctor: the host, as far as it is the same for every instance. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "cleanup.h"
#include "doctor.h"
#include "host.h"
#include "netlink.h"
#include "nft_run.h"
#include "sysctl.h"
#include "text.h"

#define TCX_INGRESS 46 /* enum bpf_attach_type; Debian 12's headers end before it */
#define LOOPBACK    1  /* ifindex of lo in every namespace */
#define WAN_MTU_MIN (NAT64_MIN_MTU - 20) /* bytes: what an IPv6 packet of 1280 is as IPv4 */

#define CONNTRACK_CARE 90 /* per cent of its entries */

/* Both faults that host_check_kernel() reports. */
static void hear_kernel(const struct log_message *message, void *data)
{
	struct doctor *d = data;

	d->topic = message->code == EXIT_KERNEL ? "kernel" : "bpffs";
	doctor_found(d, RESULT_FAILURE, message->fix, "%s: %s", message->what, message->why);
}

static void host_kernel(struct doctor *d, bool permitted)
{
	size_t before = d->count;
	unsigned int major = 0, minor = 0, attached = 0;
	struct utsname name;
	int program, ring, tcx;

	uname(&name);
	sscanf(name.release, "%u.%u", &major, &minor);
	log_listen(hear_kernel, d);
	host_check_kernel();
	log_listen(NULL, NULL);
	if (d->count == before) {
		d->topic = "bpffs";
		doctor_found(d, RESULT_OK, NULL, "mounted");
	}
	d->topic = "kernel";
	if (!permitted) {
		doctor_found(d, RESULT_SKIPPED, NULL,
			     "Linux %s: its BPF features cannot be probed without privileges",
			     name.release);
		return;
	}
	program = libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_SCHED_CLS, NULL);
	ring = libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL);
	tcx = bpf_prog_query(LOOPBACK, TCX_INGRESS, 0, NULL, NULL, &attached);
	if (major < 6 || (major == 6 && minor < 1))
		doctor_found(d, RESULT_WARNING, "use Linux 6.1 or later",
			     "Linux %s: tested from 6.1 on", name.release);
	if (program < 0 || ring < 0)
		doctor_found(d, RESULT_SKIPPED, NULL,
			     "Linux %s: its BPF features cannot be probed: %s", name.release,
			     strerror(program < 0 ? -program : -ring));
	else if (!program || !ring)
		doctor_found(d, RESULT_FAILURE,
			     "boot a kernel with CONFIG_BPF_SYSCALL and CONFIG_NET_CLS_BPF, such "
			     "as Debian's",
			     "Linux %s has no %s", name.release,
			     program ? "BPF ring buffers" : "BPF programs at TC");
	else
		doctor_found(d, RESULT_OK, NULL, "Linux %s: BTF, BPF programs at TC by %s",
			     name.release,
			     tcx == -EINVAL ? "clsact (TCX links come with 6.6)" : "TCX links");
}

static bool capabilities(struct doctor *d)
{
	doctor_hear(d, "capabilities");
	host_check_privileges();
	if (doctor_unhear(d))
		return false;
	doctor_found(d, RESULT_OK, NULL, "CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON are present");
	return true;
}

static void host_settings(struct doctor *d)
{
	long value = 0, used, most;

	d->topic = "sysctl";
	if (!sysctl_get("net/core/bpf_jit_enable", &value) && !value)
		doctor_found(d, RESULT_WARNING, "sysctl -w net.core.bpf_jit_enable=1",
			     "BPF programs are interpreted, which is several times slower");
	if (!sysctl_get("kernel/bpf_stats_enabled", &value) && value)
		doctor_found(d, RESULT_WARNING, "sysctl -w kernel.bpf_stats_enabled=0",
			     "BPF run-time statistics are on, which adds two clock reads per "
			     "packet");
	if (sysctl_get("net/ipv4/ip_forward", &value))
		doctor_found(d, RESULT_SKIPPED, NULL, "net.ipv4.ip_forward cannot be read");
	else
		doctor_found(d, RESULT_OK, NULL,
			     value ? "net.ipv4.ip_forward = 1" :
				     "net.ipv4.ip_forward = 0: load turns it on");
	d->topic = "conntrack";
	if (sysctl_get("net/netfilter/nf_conntrack_count", &used) ||
	    sysctl_get("net/netfilter/nf_conntrack_max", &most))
		doctor_found(d, RESULT_SKIPPED, NULL, "not in use yet");
	else if (used * 100 >= most * CONNTRACK_CARE)
		doctor_found(d, RESULT_WARNING,
			     textf("sysctl -w net.netfilter.nf_conntrack_max=%ld", 2 * most),
			     "%ld of %ld entries are in use: when it is full, new flows are "
			     "dropped",
			     used, most);
	else
		doctor_found(d, RESULT_OK, NULL, "%ld of %ld entries are in use", used, most);
}

static void host_tables(struct doctor *d, bool permitted)
{
	const char *fault = permitted ? nft_base_fault() : NULL;
	FILE *legacy;
	char line[64];

	d->topic = "nft";
	if (!permitted) {
		doctor_found(d, RESULT_SKIPPED, NULL, "cannot be queried without privileges");
		return;
	}
	if (fault)
		doctor_found(d, RESULT_FAILURE,
			     "boot a kernel with nftables, NAT and conntrack, such as Debian's",
			     "%s", fault);
	else
		doctor_found(d, RESULT_OK, NULL, "nftables with NAT, conntrack, fib and reject");
	if (fault)
		return;
	fault = nft_timeout_fault();
	if (fault)
		doctor_found(d, RESULT_WARNING,
			     "use a kernel with CONFIG_NF_CONNTRACK_TIMEOUT, or min-lease = 5d so "
			     "that bindings outlive their flows",
			     "%s: flows may outlive `min-lease`", fault);
	if (nft_execute("list ruleset", &d->ruleset))
		doctor_found(d, RESULT_SKIPPED, NULL, "other tables' rules cannot be read: %s",
			     nft_words());
	legacy = fopen("/proc/net/ip_tables_names", "re");
	while (legacy && fgets(line, sizeof(line), legacy)) {
		line[strcspn(line, "\n")] = 0;
		if (!strcmp(line, "filter"))
			doctor_found(d, RESULT_WARNING,
				     "check that iptables-legacy -S FORWARD accepts clients' "
				     "packets",
				     "iptables-legacy has a filter table, which nft does not show");
	}
	if (legacy)
		fclose(legacy);
}

static void default_route(struct doctor *d)
{
	_free_ struct nl_route *routes = NULL;
	size_t count = 0, ways = 0;
	int error = nl_routes(AF_INET, &routes, &count);

	d->topic = "route";
	if (error)
		doctor_found(d, RESULT_SKIPPED, NULL, "IPv4 routes cannot be read: %s",
			     strerror(-error));
	for (size_t i = 0; i < count; i++) {
		struct nl_link link;

		if (routes[i].len || routes[i].type != RTN_UNICAST)
			continue;
		ways++;
		if (!routes[i].oif || nl_link_by_index(routes[i].oif, &link))
			continue;
		d->topic = "route";
		doctor_found(d, RESULT_OK, NULL, "IPv4 default route via %s", link.name);
		d->topic = "mtu";
		if (link.mtu < WAN_MTU_MIN)
			doctor_found(d, RESULT_WARNING,
				     textf("ip link set dev %s mtu 1500, if the network behind it "
					   "supports it",
					   text_printable(link.name)),
				     "%s, towards IPv4: MTU %u, so IPv6 packets of 1280 bytes are "
				     "fragmented or refused",
				     link.name, link.mtu);
		else
			doctor_found(d, RESULT_OK, NULL, "%s, towards IPv4: MTU %u", link.name,
				     link.mtu);
	}
	d->topic = "route";
	if (!error && !ways)
		doctor_found(d, RESULT_WARNING, "ip route add default via GATEWAY",
			     "no IPv4 default route: clients reach only networks that this host "
			     "has routes to");
}

void doctor_host(struct doctor *d)
{
	bool permitted = capabilities(d);

	host_kernel(d, permitted);
	host_settings(d);
	host_tables(d, permitted);
	default_route(d);
}
