/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers, bars and tables for people. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"
#include "log.h"
#include "print.h"
#include "text.h"

static bool colour;

void print_setup(bool no_color)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	colour = !no_color && !(no && *no) && isatty(STDOUT_FILENO) &&
		 !(term && !strcmp(term, "dumb"));
}

bool print_has_colour(void)
{
	return colour;
}

const char *tone_on(enum tone tone)
{
	static const char *const codes[] = {
		[TONE_PLAIN] = "",	 [TONE_GOOD] = "\033[32m",  [TONE_CARE] = "\033[33m",
		[TONE_BAD] = "\033[31m", [TONE_STRONG] = "\033[1m",
	};

	return colour ? codes[tone] : "";
}

const char *tone_off(void)
{
	return colour ? "\033[0m" : "";
}

const char *print_dot(enum tone tone)
{
	return colour ? textf("%s\u25cf%s ", tone_on(tone), tone_off()) : "";
}

/* Three digits and a letter: the unit is the one in which the rounded number stays below 1000. */
static const char *scaled(uint64_t number, const char *space, const char *unit, char *buf)
{
	static const char *const letters[] = { "", "k", "M", "G", "T", "P", "E" };
	double value = (double)number;
	size_t i = 0;

	if (number < 1000) {
		snprintf(buf, NUMBER_TEXT, "%llu%s%s", (unsigned long long)number, space, unit);
		return buf;
	}
	for (; value >= 999.5; i++)
		value /= 1000;
	snprintf(buf, NUMBER_TEXT, "%.*f%s%s%s", value < 99.95 ? 1 : 0, value, space, letters[i],
		 unit);
	return buf;
}

const char *count_text(uint64_t count, char *buf)
{
	return scaled(count, "", "", buf);
}

const char *bytes_text(uint64_t bytes, char *buf)
{
	return scaled(bytes, " ", "B", buf);
}

const char *age_text(uint64_t seconds, char *buf)
{
	if (seconds >= 86400)
		seconds -= seconds % 3600;
	else if (seconds >= 3600)
		seconds -= seconds % 60;
	return text_time(seconds, buf);
}

const char *percent_text(uint64_t part, uint64_t whole, char *buf)
{
	double percent = whole ? 100.0 * (double)part / (double)whole : 0;

	if (part && percent < 0.1)
		return strcpy(buf, "< 0.1 %");
	if (part < whole && percent >= 99.95) /* what is not full does not look so */
		return strcpy(buf, "> 99.9 %");
	snprintf(buf, NUMBER_TEXT, part == whole || !part ? "%.0f %%" : "%.1f %%", percent);
	return buf;
}

const char *bar_text(uint64_t part, uint64_t whole, char *buf)
{
	double share = whole ? (double)part / (double)whole : 0;
	enum tone tone = share >= 0.95 ? TONE_BAD : share >= 0.8 ? TONE_CARE : TONE_GOOD;
	int full = share >= 1 ? BAR_WIDTH : (int)(share * BAR_WIDTH + 0.5);
	char cells[BAR_WIDTH + 1];

	if (part && !full)
		full = 1;
	if (part < whole && full == BAR_WIDTH)
		full = BAR_WIDTH - 1;
	memset(cells, '.', BAR_WIDTH);
	memset(cells, '#', (size_t)full);
	cells[BAR_WIDTH] = 0;
	snprintf(buf, BAR_TEXT, "[%s%.*s%s%s]", tone_on(tone), full, cells, tone_off(),
		 cells + full);
	return buf;
}

/* Characters of UTF-8: its continuation bytes take no room. */
static size_t width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

/* White space is owed until a text follows, so that no line ends with it. */
static void print_row(const struct table *table, char **cells)
{
	size_t owed = 0;

	for (unsigned int i = 0; i < table->columns; i++) {
		const char *text = cells[i] ? cells[i] : "";
		size_t pad = table->width[i] - width(text);
		bool right = table->right & 1u << i;

		owed += right ? pad : 0;
		if (*text) {
			fprintf(table->out, "%*s%s", (int)owed, "", text);
			owed = 0;
		}
		owed += 2 + (right ? 0 : pad);
		free(cells[i]);
	}
	fputc('\n', table->out);
}

static void flush_rows(struct table *table)
{
	for (size_t row = 0; row < table->rows; row++)
		print_row(table, &table->cells[row * TABLE_COLUMNS]);
	table->rows = 0;
}

static void keep_row(struct table *table, const char *const *texts)
{
	char **cells = &table->cells[table->rows * TABLE_COLUMNS];

	for (unsigned int i = 0; i < table->columns; i++) {
		const char *text = text_printable(texts[i]);
		size_t n = width(text);

		if (n > table->width[i])
			table->width[i] = n;
		cells[i] = strdup(text);
	}
	table->rows++;
}

void table_begin(struct table *table, FILE *out, unsigned int columns, unsigned int right,
		 const char *const *titles)
{
	*table = (struct table){ .out = out, .columns = columns, .right = right };
	keep_row(table, titles);
}

void table_row(struct table *table, const char *const *texts)
{
	if (table->rows == TABLE_BLOCK)
		flush_rows(table);
	keep_row(table, texts);
}

int table_end(struct table *table)
{
	errno = 0;
	flush_rows(table);
	return fflush(table->out) || ferror(table->out) ? -(errno ? errno : EIO) : 0;
}
