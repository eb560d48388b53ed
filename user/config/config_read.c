/* SPDX-License-Identifier: GPL-2.0-only */
/* The config file. libinih would cut long lines, join indented ones to the line before, take `:`
 * for `=` and know one of the two comment signs; so every line is checked and stripped here before
 * libinih sees it. */
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "config_parse.h"
#include "log.h"
#include "text.h"

#define LINE_BYTES 1000	  /* of a line, without its end */
#define LINES	   100000 /* a file that never ends is an error, not a wait */

struct source {
	struct config *config;
	const char *path;
	FILE *file;
	unsigned int line;
	unsigned int first[KEY_MAX]; /* line in which a key was first given, 0: not yet */
	unsigned int section;	     /* line of [nat64], 0: not yet */
	char where[PATH_MAX + 16];   /* PATH:LINE */
	bool failed;
};

static char *refuse(struct source *source, const char *why, const char *fix, const char *what)
{
	source->failed = true;
	log_fail(EXIT_USAGE, why, fix, "%s: %s", source->where, what);
	return NULL;
}

/* One line without its end (LF or CRLF) into `text` of LINE_BYTES + 2. NULL: end of file, or
 * failed. */
static char *next_line(struct source *source, char *text)
{
	size_t len = 0;
	int c = getc(source->file);

	if (c == EOF) {
		if (!ferror(source->file))
			return NULL;
		source->failed = true;
		log_fail(EXIT_USAGE, strerror(errno), "give a file that can be read",
			 "%s: cannot read it", source->path);
		return NULL;
	}
	source->line++;
	snprintf(source->where, sizeof(source->where), "%s:%u", source->path, source->line);
	if (source->line > LINES)
		return refuse(source, textf("more than %d lines", LINES), "give a config file",
			      "too many lines");
	for (; c != EOF && c != '\n'; c = getc(source->file)) {
		if (!c)
			return refuse(source, "a config file is text",
				      "remove the byte, or give another file",
				      "the line holds a zero byte");
		if (len > LINE_BYTES) /* one more, as it may be the CR of CRLF */
			break;
		text[len++] = (char)c;
	}
	if (len && text[len - 1] == '\r' && (c == '\n' || c == EOF))
		len--;
	if (len > LINE_BYTES)
		return refuse(source, textf("a line has at most %d bytes", LINE_BYTES),
			      "split it: a key that takes several values takes one in each line",
			      "the line is too long");
	text[len] = 0;
	if (source->line == 1 &&
	    !strncmp(text, "\xef\xbb\xbf", 3)) /* some editors begin a file so */
		memmove(text, text + 3, len - 2);
	return text;
}

/* Cuts off a comment and the white space before it. */
static void strip(char *text)
{
	size_t len = 0;

	for (; text[len]; len++)
		if ((text[len] == '#' || text[len] == ';') &&
		    (!len || isspace((unsigned char)text[len - 1])))
			break;
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	text[len] = 0;
}

static char *check_section(struct source *source, char *text)
{
	if (strcmp(text, "[nat64]"))
		return refuse(
			source, "a config file has one section, [nat64], and is one instance",
			text[strlen(text) - 1] == ']' ?
				"write `[nat64]`; give another instance a config file of its own" :
				"write `[nat64]`",
			textf("%.100s: not the section [nat64]", text));
	if (source->section)
		return refuse(source, textf("the first one is line %u", source->section),
			      "remove one of them", "[nat64] is there twice");
	source->section = source->line;
	return text;
}

static char *check_setting(struct source *source, char *text)
{
	char *equals = strchr(text, '=');
	char key[64] = "";
	int number;

	if (!equals ||
	    memchr(text, ':', (size_t)(equals - text))) /* libinih would split at the colon */
		return refuse(source, "a line is a section, a comment, or `KEY = VALUE`",
			      config_key_suggest(text) ?
				      textf("write `%s = VALUE`", config_key_suggest(text)) :
				      "write `KEY = VALUE`, or begin a comment with #",
			      textf("%.100s: no `=` behind the key", text));
	if (!source->section)
		return refuse(source, "keys belong to the section [nat64]",
			      "write the line [nat64] before the first key",
			      textf("%.100s: stands before the section", text));
	snprintf(key, sizeof(key), "%.*s", (int)strcspn(text, "= \t"), text);
	number = config_key_find(key);
	if (number < 0 || config_keys[number].repeatable)
		return text;
	if (source->first[number])
		return refuse(source,
			      textf("line %u gives it already, and it takes one value",
				    source->first[number]),
			      "keep one of the two lines", textf("%s: given twice", key));
	source->first[number] = source->line;
	return text;
}

/* fgets() for libinih: the next line that says something, checked. */
static char *reader(char *out, int size, void *stream)
{
	struct source *source = stream;
	char line[LINE_BYTES + 2], *text;

	while (!source->failed && (text = next_line(source, line))) {
		bool indented = isspace((unsigned char)*text);

		strip(text);
		if (!*text)
			continue;
		if (indented)
			return refuse(
				source,
				"an indented line could be taken for a part of the line before",
				"remove the white space before it", "the line is indented");
		text = *text == '[' ? check_section(source, text) : check_setting(source, text);
		if (!text)
			return NULL;
		if (snprintf(out, (size_t)size, "%s\n", text) >= size)
			return refuse(source,
				      textf("this libinih reads lines of up to %d bytes", size - 2),
				      "shorten the line, or install libinih of Debian 12",
				      "the line is too long");
		return out;
	}
	return NULL;
}

/* Keeps the line for what is seen only later, with other keys. Says what went wrong and returns -1.
 */
static int remember(struct source *source, const char *key)
{
	struct key_lines *lines = &source->config->lines[config_key_find(key)];
	unsigned int *list = put_append(lines->line, &lines->count, &source->line,
					sizeof(source->line));

	if (!list)
		return -1;
	lines->line = list;
	return 0;
}

static int handler(void *user, const char *section, const char *name, const char *value)
{
	struct source *source = user;

	if (!source->failed)
		source->failed = config_put(source->config, name, value, source->where) ||
				 remember(source, name);
	return 1;
}

static int cannot_open(const char *path)
{
	if (errno == ENOENT || errno == ENOTDIR)
		return log_fail(
			EXIT_USAGE, "there is no such file",
			"create it, or give the name of an interface (without a slash) to use defaults",
			"%s: cannot read the config file", path);
	if (errno == EACCES || errno == EPERM)
		return log_fail(EXIT_PRIVILEGE, strerror(errno),
				"run as root, or let this user read the file",
				"%s: cannot read the config file", path);
	return log_fail(EXIT_USAGE, strerror(errno), "give a file that can be read",
			"%s: cannot read the config file", path);
}

int config_read(struct config *config, const char *path)
{
	struct source source = { .config = config, .path = path };
	_file_ FILE *file = fopen(path, "re");
	struct stat st;
	int error;

	if (!file)
		return cannot_open(path);
	if (!fstat(fileno(file), &st) && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return cannot_open(path);
	}
	free(config->path);
	config->path = strdup(path);
	source.file = file;
	ini_max_line = LINE_BYTES + 8;
	error = ini_parse_stream(reader, &source, handler, &source);
	if (source.failed)
		return -1;
	if (error || !config->path)
		return log_fail(EXIT_FAILED,
				error > 0 ? "libinih does not take the file" : "out of memory",
				"free memory and try again", "%s: cannot read the config file",
				path);
	return 0;
}
