/* SPDX-License-Identifier: GPL-2.0-only */
/* nat64_tc for kernels before 6.2, which have no bpf_cast_to_kern_ctx(): an object of its own, as
 * libbpf looks for a function that the kernel has not in its modules too, and to list them takes
 * CAP_SYS_ADMIN, which `run` gives up. */
#define NAT64_BEFORE_6_2
#include "nat64_tc.bpf.c"
