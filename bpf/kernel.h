/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs need of the kernel: UAPI headers, the numbers those lack, and the few kernel
 * types that CO-RE relocates. No vmlinux.h: it would tie the build to the host it was made on. */
#pragma once

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/pkt_cls.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define AF_INET	      2
/* Of errno.h, which belongs to libc. */
#define ENOENT	      2
#define EBUSY	      16
#define EEXIST	      17
#define EINVAL	      22
#define ENOSPC	      28
#define EADDRNOTAVAIL 99

/* Of <linux/if_packet.h>, which belongs to libc's world: for whom a frame came. */
#define PACKET_HOST	 0
#define PACKET_OTHERHOST 3

#define VLAN_VID      0x0fff /* of a VLAN tag: the number; 0: the tag gives a priority only */
#define PRIORITY_TAGS 8	     /* such tags of a frame that are taken off, one in the other */

/* Values of ip_summed, skbuff.h. */
#define CHECKSUM_COMPLETE 2 /* the device has summed up the whole packet */
#define CHECKSUM_PARTIAL  3 /* the checksum is the pseudo-header's sum so far */
#define CHECKSUM_UNKNOWN  4 /* ours: this kernel does not let us look */

/* Of struct sk_buff: where the checksum still has to be completed. */
struct sk_buff {
	unsigned char *head;
	unsigned char *data;
	__u8 ip_summed : 2;
	__u16 csum_start;  /* from head, bytes */
	__u16 csum_offset; /* from csum_start, bytes */
} __attribute__((preserve_access_index));

/* 6.2 and later: the kernel's view of a context, whose fields can be read directly. */
extern void *bpf_cast_to_kern_ctx(void *ctx) __ksym;

/* A function of rare work: kept out of the common path and verified on its own. Its pointer
 * arguments may be NULL for all the verifier knows. */
#define RARE __noinline

/* A function of the common path whose stack is its own: gone when it has returned. */
#define OWN_FRAME __noinline

/* Keeps the compiler from reasoning about x, so that the bounds the verifier saw stay. */
#define OPAQUE(x) asm volatile("" : "+r"(x))

/* Calls step(i, data) for i = 0 .. n - 1 until it returns 1. */
#define LOOP(n, step, data) bpf_loop(n, step, data, 0)
