/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of this folder begin with: a network namespace of their own, made by unshare(2).
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define SKIPPED 77

/* Runs a command of ip(8) or the like in our namespace: the test's second opinion. */
static inline int run(const char *command)
{
	return system(command);
}

/* A fresh namespace with its /sys; false without the right to make one. */
static inline int space_new(void)
{
	return !unshare(CLONE_NEWNET | CLONE_NEWNS) &&
	       !mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("sysfs", "/sys", "sysfs", 0, NULL) && !run("ip link set lo up");
}

static inline struct in_addr ip4(const char *text)
{
	struct in_addr addr;

	assert_int_equal(inet_pton(AF_INET, text, &addr), 1);
	return addr;
}
