/* SPDX-License-Identifier: GPL-2.0-only */
/* Guesses at what a mistyped word meant. */
#pragma once

/* The nearest of N words to a mistyped one (edit distance of at most a third of its length, rounded
 * up; or the only one that begins so), or NULL. `word_at` yields word i. Static strings. */
const char *suggest(const char *word, const char *(*word_at)(unsigned int i), unsigned int n);
