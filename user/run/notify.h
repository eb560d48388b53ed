/* SPDX-License-Identifier: GPL-2.0-only */
/* Telling the service manager our state, the protocol of sd_notify(3). */
#pragma once

/* Sends lines such as READY=1 and STATUS=... to the socket that NOTIFY_SOCKET names; without it
 * nothing happens. */
void notify(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* RELOADING=1 with the time of it, as Type=notify-reload wants it. */
void notify_reloading(void);
