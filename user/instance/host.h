/* SPDX-License-Identifier: GPL-2.0-only */
/* Is this host fit for an instance? Each fault is said with its fix; nothing is changed. */
#pragma once

#include "instance.h"

/* Privileges of a changing verb: CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON. 0, or -1 (exit 4) naming what
 * is missing, or that bpf(2) is denied all the same: in a user namespace, by a sandbox. */
int host_check_privileges(void);

/* BTF of the kernel (exit 5) and a bpffs where pins go (exit 1). */
int host_check_kernel(void);

/* Is the folder of the pins on a bpffs, or would it be? After `ip netns exec`, which mounts /sys
 * anew, it is not. */
bool host_has_bpffs(void);
int host_check_bpffs(void); /* says that it is not, and returns -1 */

/* Pool against addresses and routes of this host (exit 1); warns of a native route inside the
 * prefix, and of another instance on the same interface (exit 1); XDP as the settings ask for (exit
 * 1). */
int host_check_network(const struct instance *instance);

/* Faults of the way that packets of clients take through this host, and of that of the replies
 * where the instance is loaded: per-interface forwarding, rules, VRF, blackholes, reverse path
 * filter. Says nothing; texts of textf(). Returns how many there are. */
#define HOST_FAULTS 16
struct host_fault {
	const char *what, *why, *fix;
};
size_t host_ways(const struct instance *instance, bool loaded,
		 struct host_fault faults[HOST_FAULTS]);

/* Static maps outside the pool against addresses and routes of this host (exit 1). */
int host_check_statics(const struct instance *instance, const struct static_map *maps,
		       size_t count);
