/* SPDX-License-Identifier: GPL-2.0-only */
/* The clock of bindings: CLOCK_BOOTTIME, which goes on while the machine sleeps. */
#pragma once

#include <stdint.h>
#include <time.h>

#define NS_PER_S  1000000000ll
#define NS_PER_MS 1000000ll

static inline uint64_t clock_boot_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}
