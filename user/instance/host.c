/* SPDX-License-Identifier: GPL-2.0-only */
/* Is this host fit for an instance? */
#include "host.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/magic.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "caps.h"
#include "clash.h"
#include "cleanup.h"
#include "instances.h"
#include "log.h"
#include "paths.h"
#include "text.h"
#include "xdp.h"

#ifndef BPF_FS_MAGIC
#define BPF_FS_MAGIC 0xcafe4a11
#endif

/* Are the capabilities of this process those of the whole host? Root of a container may have them
 * all, of a user namespace below the first: the first one maps every id to itself. */
static bool in_user_namespace(void)
{
	_file_ FILE *map = fopen("/proc/self/uid_map", "re");
	unsigned long inside = 0, outside = 0, count = UINT32_MAX;

	return map && fscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3 &&
	       (inside || outside || count != UINT32_MAX);
}

/* The smallest program is loaded: bpf(2) denied is not bpf(2) absent, and capabilities do not tell.
 */
static int check_bpf(void)
{
	static const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	_close_ int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, NULL, "GPL", pass, 2, NULL);

	if (fd != -EPERM && fd != -EACCES)
		return 0;
	if (in_user_namespace())
		return log_fail(EXIT_PRIVILEGE,
				"this is root of a user namespace, as in an unprivileged "
				"container, and the kernel takes BPF programs from the host's root "
				"only",
				"run nat64-bpf on the host, in the container's network: nsenter "
				"--net=/run/netns/NAME or --net=/proc/PID/ns/net nat64-bpf ...",
				"not permitted");
	return log_fail(EXIT_PRIVILEGE,
			"this process has CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON, yet bpf() is "
			"denied",
			"allow bpf(): a sandbox (SystemCallFilter=, the seccomp profile of a "
			"container) or a security module blocks it",
			"not permitted");
}

int host_check_privileges(void)
{
	const char *missing = caps_missing(NEED_NET_ADMIN | NEED_BPF | NEED_PERFMON);

	if (!missing)
		return -1;
	if (*missing)
		return log_fail(EXIT_PRIVILEGE, textf("this process lacks %s", missing),
				"run it as root: sudo nat64-bpf ...", "not permitted");
	return check_bpf();
}

bool host_has_bpffs(void)
{
	char folder[PATH_MAX], *slash;
	struct statfs fs = {};

	snprintf(folder, sizeof(folder), "%s", dir_pin());
	while (statfs(folder, &fs) && errno == ENOENT && (slash = strrchr(folder, '/')) &&
	       slash > folder)
		*slash = 0;
	return fs.f_type == BPF_FS_MAGIC;
}

int host_check_bpffs(void)
{
	if (host_has_bpffs())
		return 0;
	return log_fail(EXIT_FAILED,
			"programs and maps are pinned there, and it is not a bpffs; `ip netns "
			"exec` hides "
			"the host's, nsenter --net=/run/netns/NAME does not",
			"mount -t bpf bpf /sys/fs/bpf", "%s: not a BPF file system", dir_pin());
}

int host_check_kernel(void)
{
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return log_fail(EXIT_KERNEL,
				"/sys/kernel/btf/vmlinux is absent: it was built without "
				"CONFIG_DEBUG_INFO_BTF",
				"boot a kernel with BTF; those of Debian 11 and later have it",
				"this kernel cannot relocate BPF programs");
	return host_check_bpffs();
}

static int check_other_instances(const struct instance *instance)
{
	char **names;
	size_t count;
	int error = instances_list(&names, &count), status = 0;

	if (error)
		return instances_unlisted(error);
	for (size_t i = 0; i < count && !status; i++) {
		struct record record;

		if (!strcmp(names[i], instance->config.name) || record_read(names[i], &record))
			continue;
		if (record.ifindex == instance->link.index)
			status = log_fail(EXIT_FAILED,
					  textf("instance %s is loaded on it", names[i]),
					  textf("nat64-bpf unload %s, or use that instance",
						names[i]),
					  "%s: taken", instance->link.name);
		record_free(&record);
	}
	instances_free(names, count);
	return status;
}

/* What a host has, to be freed. */
struct lists {
	struct nl_addr *addrs;
	struct nl_route *routes4, *routes6;
	size_t count6;
	struct clash_host host;
};

/* Another own4 that this instance has until now is no clash: it goes when the new one comes. */
static void leave_out(struct lists *lists, const struct record *record)
{
	size_t kept = 0;

	for (size_t i = 0; i < lists->host.addr_count; i++) {
		const struct nl_addr *addr = &lists->addrs[i];

		if (addr->family != AF_INET || addr->index != record->ifindex || addr->len != 32 ||
		    addr->addr4.s_addr != record->own4.s_addr)
			lists->addrs[kept++] = *addr;
	}
	lists->host.addr_count = kept;
	kept = 0;
	for (size_t i = 0; i < lists->host.route_count; i++) {
		const struct nl_route *route = &lists->routes4[i];

		if (route->type != RTN_LOCAL || route->oif != record->ifindex || route->len != 32 ||
		    route->dst4.s_addr != record->own4.s_addr)
			lists->routes4[kept++] = *route;
	}
	lists->host.route_count = kept;
}

static int read_lists(struct lists *lists, const struct record *record)
{
	int error;

	*lists = (struct lists){};
	error = nl_addrs(&lists->addrs, &lists->host.addr_count);
	if (!error)
		error = nl_routes(AF_INET, &lists->routes4, &lists->host.route_count);
	if (!error)
		error = nl_routes(AF_INET6, &lists->routes6, &lists->count6);
	lists->host.addrs = lists->addrs;
	lists->host.routes = lists->routes4;
	if (!error && record->ifindex && record->own4.s_addr)
		leave_out(lists, record);
	return error ? instance_unread(error, "ip address or ip route", "addresses and routes") : 0;
}

static void free_lists(struct lists *lists)
{
	free(lists->addrs);
	free(lists->routes4);
	free(lists->routes6);
}

/* An address outside the pool may lie in a connected network, where it is a spare one. */
static int check_statics(const struct instance *instance, const struct static_map *maps,
			 size_t count, const struct clash_host *host)
{
	for (size_t i = 0; i < count; i++) {
		struct net4 one = { maps[i].addr4, 32 };
		struct clash clash = clash_pool(&one, instance->own4, instance->link.index, host);
		char why[CLASH_TEXT], text[INET_ADDRSTRLEN];

		if (!static_is_outside(&instance->config, &maps[i]) || !clash.kind || clash.inside)
			continue;
		return log_fail(EXIT_FAILED, clash_text(&clash, why),
				"give the client another address",
				"static map of %s: in use on this host",
				inet_ntop(AF_INET, &one.addr, text, sizeof(text)));
	}
	return 0;
}

int host_check_statics(const struct instance *instance, const struct static_map *maps, size_t count)
{
	struct lists lists;
	int status = read_lists(&lists, &instance->record);

	if (!status)
		status = check_statics(instance, maps, count, &lists.host);
	free_lists(&lists);
	return status;
}

static int check_pool(const struct instance *instance, const struct clash_host *host)
{
	const struct net4 *pool = &instance->config.pool;
	struct clash clash = clash_pool(pool, instance->own4, instance->link.index, host);
	char why[CLASH_TEXT], text[NET4_TEXT], better[NET4_TEXT];
	_free_ struct net4 *taken = NULL;
	struct net4 spare;
	size_t count;

	if (!clash.kind)
		return 0;
	if (clash_taken(host, &taken, &count) || !net4_free(pool->len, taken, count, &spare))
		snprintf(better, sizeof(better), "...");
	else
		net4_text(&spare, better);
	return log_fail(EXIT_FAILED, clash_text(&clash, why),
			textf("choose another pool, free here is %s: --pool %s, or pool = in the "
			      "config file",
			      better, better),
			"pool %s is in use on this host", net4_text(pool, text));
}

/* A native route inside the prefix. */
static void warn_native(const struct net6 *prefix, const struct lists *lists)
{
	const struct nl_route *native = clash_native_route(prefix, lists->routes6, lists->count6);
	char inside[NET6_TEXT], text[NET6_TEXT];
	struct net6 dst;

	if (!native)
		return;
	dst = (struct net6){ native->dst6, native->len };
	log_warn("clients' packets to the prefix are translated before routing, so this route does "
		 "not see them",
		 "give these hosts addresses outside the prefix, or remove the route",
		 "route %s lies inside the prefix %s", net6_text(&dst, inside),
		 net6_text(prefix, text));
}

/* A prefix inside the VPN's own network, on Ethernet: to the clients its addresses are neighbours.
 */
static void warn_on_link(const struct instance *instance, const struct lists *lists)
{
	const struct net6 *prefix = &instance->config.prefix;
	char text[NET6_TEXT], net_text[NET6_TEXT], own[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < lists->host.addr_count && instance->l2; i++) {
		const struct nl_addr *addr = &lists->addrs[i];
		struct net6 net = net6_of(&addr->addr6, addr->len);

		if (addr->family != AF_INET6 || addr->index != instance->link.index ||
		    addr->len > prefix->len || !net6_has(&net, &prefix->addr))
			continue;
		net6_text(prefix, text);
		log_warn("clients on Ethernet ask for its addresses by neighbour discovery, and no "
			 "host has them",
			 textf("choose a prefix outside that network, or give the clients a route: "
			       "ip -6 route add %s via %s",
			       text, inet_ntop(AF_INET6, &instance->own6, own, sizeof(own))),
			 "prefix %s lies inside %s, the network of %s itself", text,
			 net6_text(&net, net_text), instance->link.name);
		return;
	}
}

int host_check_network(const struct instance *instance)
{
	const struct config *config = &instance->config;
	struct lists lists;
	struct xdp_spec xdp;
	int status = read_lists(&lists, &instance->record);

	if (!status)
		status = check_pool(instance, &lists.host);
	if (!status)
		status = check_statics(instance, config->statics, config->static_count,
				       &lists.host);
	if (!status)
		warn_native(&config->prefix, &lists);
	if (!status)
		warn_on_link(instance, &lists);
	free_lists(&lists);
	if (!status)
		status = check_other_instances(instance);
	instance_xdp(instance, &xdp);
	return status ? status : xdp_check(&xdp);
}
