/* SPDX-License-Identifier: GPL-2.0-only */
/* Guesses at what a mistyped word meant. */
#include "suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define WORD_MAX 32 /* bytes; longer ones resemble nothing */

static bool same(char a, char b)
{
	if (a == '_') /* min_lease is min-lease */
		a = '-';
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Letters to insert, remove, replace or swap with a neighbour to make B of A. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[WORD_MAX + 1][WORD_MAX + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > WORD_MAX || m > WORD_MAX)
		return WORD_MAX;
	for (size_t i = 0; i <= n; i++)
		row[i][0] = (unsigned int)i;
	for (size_t j = 0; j <= m; j++)
		row[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= n; i++)
		for (size_t j = 1; j <= m; j++) {
			row[i][j] = row[i - 1][j - 1] + !same(a[i - 1], b[j - 1]);
			row[i][j] = least(row[i][j], least(row[i - 1][j], row[i][j - 1]) + 1);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[i][j] = least(row[i][j], row[i - 2][j - 2] + 1);
		}
	return row[n][m];
}

static bool begins(const char *text, const char *start)
{
	size_t len = strlen(start);

	return len >= 2 && !strncasecmp(text, start, len);
}

const char *suggest(const char *word, const char *(*word_at)(unsigned int i), unsigned int n)
{
	unsigned int best = ((unsigned int)strnlen(word, WORD_MAX) + 2) / 3 + 1, starts = 0;
	const char *found = NULL, *longer = NULL;

	for (unsigned int i = 0; i < n; i++) {
		const char *other = word_at(i);
		unsigned int far = distance(word, other);

		if (far < best && far < strlen(other)) { /* not all letters replaced */
			best = far;
			found = other;
		}
		if (begins(other, word)) {
			longer = other;
			starts++;
		}
	}
	return starts == 1 ? longer : found; /* "mss" is the beginning of one word only */
}
