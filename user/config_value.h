/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the parts of config: words, numbers and times as text (times for print too). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "opt.h"

#define TIME_TEXT 32		    /* bytes of time_text() */
#define TIME_MAX  (3650ull * 86400) /* seconds */

/* Number of a word among those that a key takes ("deny|allow": allow is 1), -1: none of them. */
int word_find(enum config_key key, const char *word);

/* Word number I of a key, into `out`. False: there are not so many. */
bool word_text(enum config_key key, int i, char *out, size_t size);

/* 2h4m, 90s, 14d or plain seconds. False: no time. More than TIME_MAX comes out as TIME_MAX + 1. */
bool time_parse(const char *text, uint64_t *seconds);

/* As time_parse() reads it, in the largest units: 7440 is 2h4m. Returns buf. */
const char *time_text(uint64_t seconds, char buf[TIME_TEXT]);

/* Digits only. False: anything else, or more than MAX. */
bool number_parse(const char *text, uint64_t max, uint64_t *number);
