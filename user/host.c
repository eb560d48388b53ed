/* SPDX-License-Identifier: GPL-2.0-only */
/* Is this host fit for an instance? */
#include "host.h"

#include <arpa/inet.h>
#include <cap-ng.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "clash.h"
#include "cleanup.h"
#include "log.h"
#include "paths.h"

#ifndef BPF_FS_MAGIC
#define BPF_FS_MAGIC 0xcafe4a11
#endif

int host_check_privileges(void)
{
	static const struct {
		unsigned int cap;
		const char *name;
	} needed[] = {
		{ CAP_NET_ADMIN, "CAP_NET_ADMIN" },
		{ CAP_BPF, "CAP_BPF" },
		{ CAP_PERFMON, "CAP_PERFMON" },
	};
	char missing[64] = "";

	if (capng_get_caps_process())
		return log_fail(EXIT_FAILED, "libcap-ng cannot read them", NULL, "cannot read own capabilities");
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN) &&
	    capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN))
		return 0;
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (!capng_have_capability(CAPNG_EFFECTIVE, needed[i].cap)) {
			strcat(missing, *missing ? " " : "");
			strcat(missing, needed[i].name);
		}
	if (!*missing)
		return 0;
	return log_fail(EXIT_PRIVILEGE, fmt("this process lacks %s", missing),
			"run it as root: sudo nat64-bpf ...", "not permitted");
}

int host_check_kernel(void)
{
	char folder[PATH_MAX], *slash;
	struct statfs fs;

	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return log_fail(EXIT_KERNEL, "/sys/kernel/btf/vmlinux is absent: it was built without CONFIG_DEBUG_INFO_BTF",
				"boot a kernel with BTF; those of Debian 11 and later have it",
				"this kernel cannot relocate BPF programs");
	snprintf(folder, sizeof(folder), "%s", dir_pin());
	while (statfs(folder, &fs) && errno == ENOENT && (slash = strrchr(folder, '/')) && slash > folder)
		*slash = 0;
	if (fs.f_type == BPF_FS_MAGIC)
		return 0;
	return log_fail(EXIT_FAILED, "programs and maps are pinned there, and it is no bpffs",
			"mount -t bpf bpf /sys/fs/bpf", "%s: no BPF file system", dir_pin());
}

static int check_other_instances(const struct instance *instance)
{
	char **names;
	size_t count;
	int error = instances_list(&names, &count), status = 0;

	if (error)
		return log_fail(EXIT_FAILED, strerror(-error), NULL, "cannot list instances");
	for (size_t i = 0; i < count && !status; i++) {
		struct record record;

		if (!strcmp(names[i], instance->config.name) || record_read(names[i], &record))
			continue;
		if (record.ifindex == instance->link.index)
			status = log_fail(EXIT_FAILED, fmt("instance %s serves it", names[i]),
					  fmt("nat64-bpf unload %s, or use that instance", names[i]), "%s: taken",
					  instance->link.name);
		record_free(&record);
	}
	names_free(names, count);
	return status;
}

int host_check_network(const struct instance *instance)
{
	const struct config *config = &instance->config;
	_free_ struct nl_route *routes4 = NULL, *routes6 = NULL;
	_free_ struct nl_addr *addrs = NULL;
	size_t n4 = 0, n6 = 0, na = 0;
	int error = nl_addrs(&addrs, &na);

	if (!error)
		error = nl_routes(AF_INET, &routes4, &n4);
	if (!error)
		error = nl_routes(AF_INET6, &routes6, &n6);
	if (error)
		return log_fail(EXIT_FAILED, strerror(-error), NULL, "cannot list addresses and routes");
	if (clash_pool(config, instance->link.index, instance->own4, addrs, na, routes4, n4))
		return -1;
	clash_prefix(&config->prefix, routes6, n6);
	return check_other_instances(instance);
}
