/* SPDX-License-Identifier: GPL-2.0-only */
/* Preloaded: CLOCK_BOOTTIME is two hours later once the file named by LATER is there. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
	const char *path = getenv("LATER");
	int error = (int)syscall(SYS_clock_gettime, clock, now);

	if (!error && clock == CLOCK_BOOTTIME && path && !access(path, F_OK))
		now->tv_sec += 7200;
	return error;
}
