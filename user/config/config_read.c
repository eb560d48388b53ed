/* SPDX-License-Identifier: GPL-2.0-only */
/* The config file: lines, the section, keys and values. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
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

static void take_section(struct source *source, const char *text)
{
	const char *fix = "write `[nat64]`";

	if (text[strlen(text) - 1] == ']')
		fix = textf("%s; give another instance a config file of its own", fix);
	if (strcmp(text, "[nat64]"))
		refuse(source, "a config file has one section, [nat64], and is one instance", fix,
		       textf("%.100s: not the section [nat64]", text));
	else if (source->section)
		refuse(source, textf("the first one is line %u", source->section),
		       "remove one of them", "[nat64] is there twice");
	else
		source->section = source->line;
}

/* KEY = VALUE, and in the section? A colon before the `=` is the other way to write INI files. */
static bool is_setting(struct source *source, const char *text)
{
	const char *near = config_key_suggest(text);
	const char *fix = "write `KEY = VALUE`, or begin a comment with #";

	if (near)
		fix = textf("write `%s = VALUE`", near);
	if (text[strcspn(text, "=:")] != '=')
		refuse(source, "a line is a section, a comment, or `KEY = VALUE`", fix,
		       textf("%.100s: no `=` behind the key", text));
	else if (!source->section)
		refuse(source, "keys belong to the section [nat64]",
		       "write the line [nat64] before the first key",
		       textf("%.100s: before the section", text));
	return !source->failed;
}

/* Keeps the line for what is seen only later, with other keys. Says what went wrong and returns -1.
 */
static int remember(struct source *source, int key)
{
	struct key_lines *lines = &source->config->lines[key];
	unsigned int *list = put_append(lines->line, &lines->count, &source->line,
					sizeof(source->line));

	if (!list)
		return -1;
	lines->line = list;
	return 0;
}

static void take_setting(struct source *source, char *text)
{
	char *value = strchr(text, '='), *end = value;
	int key;

	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = 0;
	for (value++; isspace((unsigned char)*value); value++)
		;
	key = config_key_find(text);
	if (key >= 0 && !config_keys[key].repeatable && source->first[key]) {
		refuse(source,
		       textf("line %u gives it already, and it takes one value",
			     source->first[key]),
		       "keep one of the two lines", textf("%s: given twice", text));
		return;
	}
	if (config_put(source->config, text, value, source->where) || remember(source, key)) {
		source->failed = true;
		return;
	}
	source->first[key] = source->line;
}

static void take_line(struct source *source, char *text)
{
	bool indented = isspace((unsigned char)*text);

	strip(text);
	if (!*text)
		return;
	if (indented)
		refuse(source, "an indented line could be taken for a part of the line before",
		       "remove the white space before it", "the line is indented");
	else if (*text == '[')
		take_section(source, text);
	else if (is_setting(source, text))
		take_setting(source, text);
}

static int cannot_open(const char *path)
{
	if (errno == ENOENT || errno == ENOTDIR)
		return log_fail(EXIT_USAGE, "there is no such file",
				"create it, or give the name of an interface (without a slash) to "
				"use defaults",
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
	char line[LINE_BYTES + 2], *text;
	struct stat st;

	if (!file)
		return cannot_open(path);
	if (!fstat(fileno(file), &st) && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return cannot_open(path);
	}
	free(config->path);
	config->path = strdup(path);
	if (!config->path)
		return put_no_memory();
	source.file = file;
	while (!source.failed && (text = next_line(&source, line)))
		take_line(&source, text);
	return source.failed ? -1 : 0;
}
