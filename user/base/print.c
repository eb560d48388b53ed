/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers, bars and tables for people. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "log.h"
#include "print.h"
#include "text.h"

#define HOME	   "\033[H\033[?7l" /* and no wrapping of long lines */
#define CLEAR_LINE "\033[K\n"
#define CLEAR_REST "\033[J\033[?7h"
#define S_IN_NS	   1000000000ull

static bool terminal, colour, utf8;

static bool is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value;
}

static bool locale_is_utf8(void)
{
	static const char *const variables[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < 3; i++)
		if (is_set(variables[i]))
			return strcasestr(getenv(variables[i]), "utf-8") ||
			       strcasestr(getenv(variables[i]), "utf8");
	return false;
}

void print_setup(bool no_color)
{
	bool dumb = is_set("TERM") && !strcmp(getenv("TERM"), "dumb");
	bool plain = no_color || is_set("NO_COLOR") || dumb;

	terminal = isatty(STDOUT_FILENO) && !dumb;
	colour = terminal && !plain;
	utf8 = terminal && locale_is_utf8();
	log_options.colour = isatty(STDERR_FILENO) && !plain;
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
	const char *dot = utf8 ? "\u25cf" : "*";

	return colour ? textf("%s%s%s ", tone_on(tone), dot, tone_off()) : "";
}

int print_frame(const char *text, size_t len)
{
	_free_ char *frame = NULL;
	struct winsize screen = {};
	unsigned int lines = 0;
	size_t size;
	FILE *out;

	if (!terminal)
		return file_put(STDOUT_FILENO, text, len);
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &screen);
	out = open_memstream(&frame, &size);
	if (!out)
		return -errno;
	fputs(HOME, out);
	while (len && (!screen.ws_row || ++lines < screen.ws_row)) {
		const char *end = memchr(text, '\n', len);
		size_t line = end ? (size_t)(end - text) : len;

		fwrite(text, 1, line, out);
		fputs(CLEAR_LINE, out);
		text += line + !!end;
		len -= line + !!end;
	}
	fputs(CLEAR_REST, out);
	return fclose(out) ? -errno : file_put(STDOUT_FILENO, frame, size);
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

const char *bits_text(uint64_t bits, char *buf)
{
	return scaled(bits, " ", "bit", buf);
}

const char *rate_text(double rate, char *buf)
{
	if (rate <= 0 || rate >= 9.95)
		return count_text((uint64_t)(rate + 0.5), buf);
	snprintf(buf, NUMBER_TEXT, "%.1f", rate);
	return buf;
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
	enum tone tone = TONE_GOOD;
	int full = share >= 1 ? BAR_WIDTH : (int)(share * BAR_WIDTH + 0.5);
	char cells[BAR_WIDTH + 1];

	if (share >= 0.8)
		tone = share >= 0.95 ? TONE_BAD : TONE_CARE;
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

void rate_look(struct rate *rate, uint64_t count, uint64_t at)
{
	if (!rate->at || count < rate->count || at <= rate->at) {
		*rate = (struct rate){
			.count = count, .at = at, .cell_count = count, .cell_at = at
		};
		return;
	}
	rate->now = (double)(count - rate->count) * S_IN_NS / (double)(at - rate->at);
	rate->count = count;
	rate->at = at;
	rate->cell[rate->cells] = (double)(count - rate->cell_count) * S_IN_NS /
				  (double)(at - rate->cell_at);

	if (at - rate->cell_at < RATE_CELL_S * S_IN_NS)
		return;
	rate->cell_count = count;
	rate->cell_at = at;
	if (++rate->cells < RATE_CELLS)
		return;
	rate->cells--;
	memmove(rate->cell, rate->cell + 1, rate->cells * sizeof(*rate->cell));
}

const char *spark_text(const struct rate *rate, char *buf)
{
	static const char *const blocks[] = { "\u2581", "\u2582", "\u2583", "\u2584",
					      "\u2585", "\u2586", "\u2587", "\u2588" };
	static const char *const ascii[] = { "_", ".", ":", "-", "=", "+", "*", "#" };
	unsigned int shown = rate->cells + (rate->at > rate->cell_at);
	double most = 0;
	char *end = buf;

	for (unsigned int i = 0; i < shown; i++)
		most = rate->cell[i] > most ? rate->cell[i] : most;
	for (unsigned int i = 0; i < shown; i++) {
		int height = rate->cell[i] > 0 ? 1 + (int)(rate->cell[i] / most * 6.5) : 0;

		end = stpcpy(end, utf8 ? blocks[height] : ascii[height]);
	}
	*end = 0;
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
	size_t owed = table->indent;

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
}

static void flush_rows(struct table *table)
{
	for (size_t row = 0; row < table->rows; row++) {
		bool title = !table->titled;

		table->titled = true;
		fputs(title ? tone_on(TONE_STRONG) : "", table->out);
		print_row(table, &table->cells[row * TABLE_COLUMNS]);
		fputs(title ? tone_off() : "", table->out);
		fputc('\n', table->out);
	}
	table->rows = 0;
}

/* A text for which there is no memory stays empty. */
static void keep_row(struct table *table, const char *const *texts)
{
	char **cells = &table->cells[table->rows * TABLE_COLUMNS];

	for (unsigned int i = 0; i < table->columns; i++) {
		size_t n;

		cells[i] = text_escape(texts[i]);
		n = cells[i] ? width(cells[i]) : 0;
		if (n > table->width[i])
			table->width[i] = n;
	}
	table->rows++;
}

void table_begin(struct table *table, FILE *out, unsigned int indent, unsigned int columns,
		 unsigned int right, const char *const *titles)
{
	*table = (struct table){ .out = out, .columns = columns, .right = right, .indent = indent };
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
	return file_end(table->out);
}
