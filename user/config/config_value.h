/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the parts of config: words of a key. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "opt.h"

/* Number of a word among those that a key takes ("deny|allow": allow is 1), -1: none of them. */
int word_find(enum config_key key, const char *word);

/* Word number I of a key, into `out`. False: there are not so many. */
bool word_text(enum config_key key, int i, char *out, size_t size);
