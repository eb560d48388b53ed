/* SPDX-License-Identifier: GPL-2.0-only */
/* IPv4 forwarding, on and back. Writing net/ipv4/ip_forward makes the kernel overwrite
 * conf/NAME/forwarding of every interface, `default` and `all` with the same value, and
 * conf/all/accept_redirects with the opposite.
 *
 * The undo file has a line for each of these: `was KEY OLD`. To go back is several writes, and a
 * process may be killed between any two: so forwarding_restore() first decides what each shall be
 * and turns the file into `put KEY VALUE` lines, which can be carried out again and again. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "forwarding.h"
#include "sysctl.h"

#define FORWARD	  "net/ipv4/ip_forward"
#define REDIRECTS "net/ipv4/conf/all/accept_redirects"
#define DEFAULT	  "net/ipv4/conf/default/forwarding"
#define CONF	  "net/ipv4/conf"
#define KEY_LEN	  128 /* bytes: the longest has an interface name of 15 */

struct setting {
	char key[KEY_LEN];
	long value;
};

struct settings {
	struct setting *items;
	size_t count;
};

static void settings_free(struct settings *set)
{
	free(set->items);
}

#define _settings_ __attribute__((cleanup(settings_free)))

static int add(struct settings *set, const char *key, long value)
{
	struct setting *items = reallocarray(set->items, set->count + 1, sizeof(*items));

	if (!items)
		return -ENOMEM;
	set->items = items;
	items += set->count++;
	snprintf(items->key, sizeof(items->key), "%s", key);
	items->value = value;
	return 0;
}

static const struct setting *find_key(const struct settings *set, const char *key)
{
	for (size_t i = 0; i < set->count; i++) {
		if (!strcmp(set->items[i].key, key))
			return &set->items[i];
	}
	return NULL;
}

/* What a write of 1 to ip_forward makes of a key. */
static long flipped(const char *key)
{
	return strcmp(key, REDIRECTS) != 0;
}

/* The present values of all that a write to ip_forward overwrites. */
static int read_present(struct settings *set)
{
	DIR *dir = opendir("/proc/sys/" CONF);
	const struct dirent *entry;
	char key[KEY_LEN];
	long value;
	int status = dir ? sysctl_get(REDIRECTS, &value) : -errno;

	if (!status)
		status = add(set, REDIRECTS, value);
	while (!status && (entry = readdir(dir))) {
		/* `all` is ip_forward itself */
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    !strcmp(entry->d_name, "all"))
			continue;
		if (snprintf(key, sizeof(key), CONF "/%s/forwarding", entry->d_name) >=
		    (int)sizeof(key))
			continue;
		if (!sysctl_get(key, &value)) /* else it vanished just now */
			status = add(set, key, value);
	}
	if (dir)
		closedir(dir);
	return status;
}

/* Replaces the undo file by lines `WORD KEY VALUE`. The old one or the new one, whole, survives a
 * crash. */
static int write_undo(const char *undo, const char *word, const struct settings *set)
{
	_free_ char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return -errno;
	for (size_t i = 0; i < set->count; i++)
		fprintf(out, "%s %s %ld\n", word, set->items[i].key, set->items[i].value);
	return fclose(out) ? -errno : file_write(undo, text, len, 0644);
}

/* Reads it: `put` tells which kind it is. -ENOENT without one; lines of no such form are skipped.
 */
static int read_undo(const char *undo, struct settings *set, bool *put)
{
	_file_ FILE *file = fopen(undo, "re");
	char line[KEY_LEN + 64], word[8], key[KEY_LEN];
	long value;
	int status = 0;

	if (!file)
		return -errno;
	*put = false;
	while (!status && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%7s %127s %ld", word, key, &value) != 3)
			continue;
		*put = !strcmp(word, "put");
		status = add(set, key, value);
	}
	return status;
}

/* Decides the value of each setting: the old one. A setting that was changed meanwhile stays, and
 * an interface that appeared meanwhile gets the value it would have had. */
static int decide(const struct settings *was, struct settings *targets)
{
	_settings_ struct settings present = {};
	const struct setting *model = find_key(was, DEFAULT);
	int status = read_present(&present);

	for (size_t i = 0; i < present.count && !status; i++) {
		const struct setting *now = &present.items[i];
		const struct setting *old = find_key(was, now->key);

		if (!old)
			old = model;
		status = add(targets, now->key,
			     old && now->value == flipped(now->key) ? old->value : now->value);
	}
	return status;
}

static int carry_out(const char *undo, const struct settings *targets)
{
	int first = sysctl_set(FORWARD, 0);

	for (size_t i = 0; i < targets->count; i++) {
		int status = sysctl_set(targets->items[i].key, targets->items[i].value);

		if (status && status != -ENOENT && !first) /* -ENOENT: the interface is gone */
			first = status;
	}
	if (!first && unlink(undo) && errno != ENOENT)
		first = -errno;
	return first;
}

/* What a write that was killed left. */
static void drop_fresh(const char *undo)
{
	char fresh[PATH_MAX];

	snprintf(fresh, sizeof(fresh), "%s.new", undo);
	unlink(fresh);
}

int forwarding_restore(const char *undo)
{
	_settings_ struct settings saved = {}, targets = {};
	bool put;
	long on;
	int status = read_undo(undo, &saved, &put);

	drop_fresh(undo);
	if (status == -ENOENT)
		return 0;
	if (status)
		return status;
	if (put)
		return carry_out(undo, &saved);
	status = sysctl_get(FORWARD, &on);
	if (status)
		return status;
	if (!on) /* not ours any more: the kernel set all the others when it was switched off */
		return unlink(undo) && errno != ENOENT ? -errno : 0;
	status = decide(&saved, &targets);
	if (!status)
		status = write_undo(undo, "put", &targets);
	/* without room it goes by what was decided: only a kill right now could leave half of it */
	if (status == -ENOSPC || status == -EDQUOT)
		status = 0;
	return status ? status : carry_out(undo, &targets);
}

/* One line of sysctl(8), which has dots where the path has slashes and a slash for a dot (of
 * eth0.5). */
static void show_set(FILE *out, const char *key, long value)
{
	fputs("sysctl -w ", out);
	for (; *key; key++) {
		if (*key == '/' || *key == '.')
			putc(*key ^ '/' ^ '.', out); /* the one for the other */
		else
			putc(*key, out);
	}
	fprintf(out, "=%ld\n", value);
}

int forwarding_show(const char *undo, FILE *out)
{
	_settings_ struct settings saved = {}, targets = {};
	const struct settings *last = &targets;
	bool put;
	long on;
	int status = read_undo(undo, &saved, &put);

	if (status == -ENOENT)
		return 0;
	if (!status)
		status = sysctl_get(FORWARD, &on);
	if (status || (!on && !put))
		return status;
	if (put)
		last = &saved;
	else
		status = decide(&saved, &targets);
	if (!status && on)
		show_set(out, FORWARD, 0);
	for (size_t i = 0; i < last->count && !status; i++) {
		const struct setting *target = &last->items[i];
		long now;

		if (sysctl_get(target->key, &now)) /* the interface is gone */
			continue;
		if (on) /* what the first line makes of it */
			now = !flipped(target->key);
		if (now != target->value)
			show_set(out, target->key, target->value);
	}
	return status;
}

int forwarding_is_on(const char *undo)
{
	_settings_ struct settings saved = {};
	bool put = false;
	long on = 0;

	read_undo(undo, &saved, &put);
	return !put && !sysctl_get(FORWARD, &on) && on;
}

int forwarding_enable(const char *undo)
{
	_settings_ struct settings saved = {}, present = {};
	bool put = false;
	long on;
	int status = read_undo(undo, &saved, &put);

	drop_fresh(undo);
	if (status && status != -ENOENT)
		return status;
	if (put) /* a restore was cut short */
		status = carry_out(undo, &saved);
	else
		status = 0;
	if (!status)
		status = sysctl_get(FORWARD, &on);
	if (status || on)
		return status;
	status = read_present(&present);
	if (!status)
		status = write_undo(undo, "was", &present);
	if (status)
		return status;
	status = sysctl_set(FORWARD, 1);
	if (status)
		unlink(undo);
	return status ? status : 1;
}
