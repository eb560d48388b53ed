/* SPDX-License-Identifier: GPL-2.0-only */
/* Fuzz targets of user/. Each takes any bytes, and aborts where its parser breaks a promise. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The bytes as a file in memory: its path, until the next call. */
const char *user_file(const uint8_t *data, size_t size);

/* Prints and aborts unless it holds. */
void user_must(int holds, const char *what);

void target_netlink(const uint8_t *data, size_t size);
