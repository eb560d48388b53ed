/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs need of the kernel: UAPI headers, the numbers those lack, and the few kernel
 * types that CO-RE relocates. No vmlinux.h: it would tie the build to the host it was made on. */
#pragma once

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
