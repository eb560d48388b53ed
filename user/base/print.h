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
#define RATE_CELLS    36 /* cells of a sparkline */
#define RATE_CELL_S   5	 /* seconds of a cell at least: a sparkline shows three minutes */
#define SPARK_TEXT    (3 * RATE_CELLS + 1) /* bytes of a sparkline's text */
#define TABLE_COLUMNS 8
#define TABLE_BLOCK   256 /* rows that are lined up together; memory is bounded by it */

enum tone { TONE_PLAIN, TONE_GOOD, TONE_CARE, TONE_BAD, TONE_STRONG };

/* Looks at terminal, NO_COLOR, TERM and locale, for stdout and for log_options.colour. Called by
 * args_parse(), once more with true for --no-color. */
void print_setup(bool no_color);

/* What begins and ends a tone; "" without colours. */
const char *tone_on(enum tone tone);
const char *tone_off(void);

/* A coloured dot and a space, for the start of a line; "" without colours, where the text says it.
 */
const char *print_dot(enum tone tone);

/* Shows a text in place of the one before, in one write, so that nothing flickers: cursor home,
 * each line cleared to its end, the rest of the screen cleared, no more lines than the terminal
 * has. On what is no terminal, or a dumb one, the text goes out as it is. 0 or -errno. */
int print_frame(const char *text, size_t len);

/* All into `buf` of NUMBER_TEXT bytes, which they return. */
const char *count_text(uint64_t count, char *buf); /* 999, 1.2k, 34.5M */
const char *bytes_text(uint64_t bytes, char *buf); /* 999 B, 3.4 MB (of 1000) */
const char *bits_text(uint64_t bits, char *buf);   /* 999 bit, 3.4 Mbit */
const char *rate_text(double rate, char *buf);	   /* 0, 0.5, 9.9, 12, 1.2k */
const char *age_text(uint64_t seconds, char *buf); /* 59s, 2h4m, 13d2h: the two largest units */
const char *percent_text(uint64_t part, uint64_t whole,
			 char *buf); /* 0.9 %; < 0.1 % if it is not nothing */

/* [####................]: a part of a whole, in `buf` of BAR_TEXT bytes. Not empty unless the part
 * is 0, not full unless it is the whole; green, from 80 % yellow, from 95 % red. Returns buf. */
const char *bar_text(uint64_t part, uint64_t whole, char *buf);

/* A counter that is looked at again and again: how fast it counts. */
struct rate {
	uint64_t count, at;	      /* last look; at: ns, 0: none yet */
	double now;		      /* a second, since the look before */
	uint64_t cell_count, cell_at; /* where the open cell began */
	double cell[RATE_CELLS];      /* a second, oldest first; cell[cells] is open */
	unsigned int cells;	      /* that are complete */
};

/* A look at a time in ns. A counter that went backward begins anew. */
void rate_look(struct rate *rate, uint64_t count, uint64_t at);

/* Its cells as a line of blocks of eight heights, of ASCII where the locale is not UTF-8; the
 * highest is the largest of them. Into `buf` of SPARK_TEXT bytes; returns buf. */
const char *spark_text(const struct rate *rate, char *buf);

/* A table: rows are lined up TABLE_BLOCK at a time, so that a million of them need no more memory
 * than that. */
struct table {
	FILE *out;
	unsigned int columns;
	unsigned int right;	     /* bit i: column i is aligned to the right */
	size_t width[TABLE_COLUMNS]; /* characters */
	size_t rows;		     /* kept, not yet printed */
	unsigned int indent;	     /* blanks before each line */
	bool titled;		     /* the titles are printed */
	char *cells[TABLE_BLOCK * TABLE_COLUMNS];
};

/* The first row is the titles: `columns` texts, indented like the rows by `indent` blanks. */
void table_begin(struct table *table, FILE *out, unsigned int indent, unsigned int columns,
		 unsigned int right, const char *const *titles);

/* One row: as many texts as there are columns. What a terminal must not see is made harmless
 * (text_escape()). */
void table_row(struct table *table, const char *const *texts);

/* Prints what is left. 0 or -errno. */
int table_end(struct table *table);
