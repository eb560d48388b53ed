/* SPDX-License-Identifier: GPL-2.0-only */
/* Order between CPUs. docs/design.md, "Order between CPUs".
 *
 * An atomic operation that hands back the old value and always writes is a full barrier: on every
 * CPU, what stands before it in the program happens before what stands behind it. A
 * compare-and-swap is one only where it succeeds, and an addition whose result is not used is none
 * (Linux, Documentation/atomic_t.txt). x86 orders these too, and hides the difference. */
#pragma once

/* The value of x, read between what stands before and behind it. */
#define READ_ORDERED(x) __sync_fetch_and_add(&(x), 0)

/* Adds n to x between what stands before and behind it. */
#define ADD_ORDERED(x, n)                                           \
	do {                                                        \
		__typeof__(x) was_ = __sync_fetch_and_add(&(x), n); \
                                                                    \
		OPAQUE(was_); /* a result that is used */           \
	} while (0)
