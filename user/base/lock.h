/* SPDX-License-Identifier: GPL-2.0-only */
/* The lock that changing verbs hold, /run/nat64-bpf/lock (docs/design.md 3.3). */
#pragma once

/* Waits up to 10 s for another nat64-bpf. Says what went wrong and returns -1. */
int lock_take(void);
void lock_release(void);
