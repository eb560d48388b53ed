/* SPDX-License-Identifier: GPL-2.0-only */
/* Results for people: numbers, bars, tables on stdout. Scripts use JSON, so the forms here may
 * change. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define NUMBER_TEXT   32 /* bytes of a number's text */
#define BAR_WIDTH     20 /* cells of a bar */
#define BAR_TEXT      64 /* bytes of a bar's text, with its colour */
#define TABLE_COLUMNS 8
#define TABLE_BLOCK   256 /* rows that are lined up together; memory is bounded by it */

enum tone { TONE_PLAIN, TONE_GOOD, TONE_CARE, TONE_BAD, TONE_STRONG };

/* Colours on stdout: on a terminal that is not dumb, and never with NO_COLOR or --no-color. Called
 * once by main(). */
void print_setup(bool no_color);
bool print_has_colour(void);

/* What begins and ends a tone; "" without colours. */
const char *tone_on(enum tone tone);
const char *tone_off(void);

/* A coloured dot and a space, for the start of a line; "" without colours, where the words say it.
 */
const char *print_dot(enum tone tone);

/* All into `buf` of NUMBER_TEXT bytes, which they return. */
const char *count_text(uint64_t count, char *buf); /* 999, 1.2k, 34.5M */
const char *bytes_text(uint64_t bytes, char *buf); /* 999 B, 3.4 MB (of 1000) */
const char *age_text(uint64_t seconds, char *buf); /* 59s, 2h4m, 13d2h: the two largest units */
const char *percent_text(uint64_t part, uint64_t whole,
			 char *buf); /* 0.9 %; < 0.1 % if it is not nothing */

/* [####................]: a part of a whole, in `buf` of BAR_TEXT bytes. Not empty unless the part
 * is 0, not full unless it is the whole; green, from 80 % yellow, from 95 % red. Returns buf. */
const char *bar_text(uint64_t part, uint64_t whole, char *buf);

/* A table: rows are lined up TABLE_BLOCK at a time, so that a million of them need no more memory
 * than that. */
struct table {
	FILE *out;
	unsigned int columns;
	unsigned int right;	     /* bit i: column i is aligned to the right */
	size_t width[TABLE_COLUMNS]; /* characters */
	size_t rows;		     /* kept, not yet printed */
	char *cells[TABLE_BLOCK * TABLE_COLUMNS];
};

/* The first row is the titles: `columns` texts. */
void table_begin(struct table *table, FILE *out, unsigned int columns, unsigned int right,
		 const char *const *titles);

/* One row: as many texts as there are columns. What a terminal must not see is made harmless
 * (text_printable()). */
void table_row(struct table *table, const char *const *texts);

/* Prints what is left. 0 or -errno. */
int table_end(struct table *table);
