/* SPDX-License-Identifier: GPL-2.0-only */
/* The record of what load changed on the host. */
#include "record.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "paths.h"

int record_add_route(struct record *record, const struct net4 *route)
{
	struct net4 *more;

	for (size_t i = 0; i < record->route_count; i++)
		if (record->routes[i].addr.s_addr == route->addr.s_addr &&
		    record->routes[i].len == route->len)
			return 0;
	more = realloc(record->routes, (record->route_count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	record->routes = more;
	more[record->route_count++] = *route;
	return 0;
}

static void read_line(struct record *record, char *line)
{
	char word[16], value[96];
	struct net4 net;

	line[strcspn(line, "\n")] = 0;
	if (sscanf(line, "%15s %95[^\n]", word, value) != 2 || word[0] == '#')
		return;
	if (!strcmp(word, "interface"))
		sscanf(value, "%u %15[^\n]", &record->ifindex, record->interface);
	else if (!strcmp(word, "clsact"))
		record->clsact = true;
	else if (!strcmp(word, "neighbour"))
		record->neighbour = true;
	else if (!strcmp(word, "address"))
		inet_pton(AF_INET, value, &record->own4);
	else if (!strcmp(word, "program"))
		sscanf(value, "%x", &record->program);
	else if (!strcmp(word, "programs"))
		sscanf(value, "%u %u %u", &record->programs[0], &record->programs[1],
		       &record->programs[2]);
	else if (!strcmp(word, "nft"))
		sscanf(value, "%x %x", &record->nft, &record->nft_sum);
	else if (!strcmp(word, "left"))
		sscanf(value, "%u", &record->left_index);
	else if (!strcmp(word, "left-address"))
		inet_pton(AF_INET, value, &record->left_own4);
	else if (!strcmp(word, "left-clsact"))
		record->left_clsact = true;
	else if (!strcmp(word, "quota-length"))
		sscanf(value, "%hhu", &record->quota_len);
	else if (!strcmp(word, "xdp"))
		sscanf(value, "%x", &record->xdp);
	else if (!strcmp(word, "xdp-alone"))
		snprintf(record->xdp_alone, sizeof(record->xdp_alone), "%s", value);
	else if (!strcmp(word, "slow-path"))
		snprintf(record->fast_fault, sizeof(record->fast_fault), "%s", value);
	else if (!strcmp(word, "route") && !net4_parse(value, &net))
		record_add_route(record, &net);
}

int record_read(const char *instance, struct record *record)
{
	char path[PATH_MAX], line[256];
	_file_ FILE *file = fopen(path_run(path, instance, "undo"), "re");

	*record = (struct record){};
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		read_line(record, line);
	return 0;
}

int record_write(const char *instance, const struct record *record)
{
	char path[PATH_MAX], text[INET6_ADDRSTRLEN + NET4_TEXT];
	_free_ char *buf = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&buf, &len);
	int error;

	if (!out)
		return -errno;
	fprintf(out, "# what nat64-bpf load changed for instance %s; unload undoes it\n", instance);
	fprintf(out, "interface %u %s\n", record->ifindex, record->interface);
	if (record->clsact)
		fprintf(out, "clsact ours\n");
	if (record->neighbour)
		fprintf(out, "neighbour ours\n");
	if (record->own4.s_addr)
		fprintf(out, "address %s\n", inet_ntop(AF_INET, &record->own4, text, sizeof(text)));
	for (size_t i = 0; i < record->route_count; i++)
		fprintf(out, "route %s\n", net4_text(&record->routes[i], text));
	if (record->program)
		fprintf(out, "program %08x\n", record->program);
	if (record->program)
		fprintf(out, "programs %u %u %u\n", record->programs[0], record->programs[1],
			record->programs[2]);
	if (record->nft)
		fprintf(out, "nft %08x %08x\n", record->nft, record->nft_sum);
	if (record->left_index)
		fprintf(out, "left %u\n", record->left_index);
	if (record->left_own4.s_addr)
		fprintf(out, "left-address %s\n",
			inet_ntop(AF_INET, &record->left_own4, text, sizeof(text)));
	if (record->left_clsact)
		fprintf(out, "left-clsact ours\n");
	if (record->quota_len)
		fprintf(out, "quota-length %u\n", record->quota_len);
	if (record->xdp)
		fprintf(out, "xdp %08x\n", record->xdp);
	if (record->xdp && *record->xdp_alone)
		fprintf(out, "xdp-alone %s\n", record->xdp_alone);
	if (*record->fast_fault)
		fprintf(out, "slow-path %s\n", record->fast_fault);
	if (fclose(out))
		return -errno;
	error = file_make_dir(dir_run(), 0755);
	return error ? error : file_write(path_run(path, instance, "undo"), buf, len, 0644);
}

int record_remove(const char *instance)
{
	char path[PATH_MAX];

	record_drop_kept(instance);
	if (unlink(path_run(path, instance, "conf")) && errno != ENOENT)
		return -errno;
	return unlink(path_run(path, instance, "undo")) && errno != ENOENT ? -errno : 0;
}

/* Files that a change replaces; the third is of the host: IPv4 forwarding. */
static const char *const kept[] = { "conf", "undo", "host" };

static const char *kept_path(char *buf, const char *instance, size_t i)
{
	return i < 2 ? path_run(buf, instance, kept[i]) : path_run(buf, "", "host.undo");
}

static const char *beside_path(char *buf, const char *instance, size_t i, const char *suffix)
{
	size_t len = strlen(kept_path(buf, instance, i));

	snprintf(buf + len, PATH_MAX - len, "%s", suffix);
	return buf;
}

int record_keep(const char *instance)
{
	char path[PATH_MAX], old[PATH_MAX];
	int error = 0;

	record_drop_kept(instance);
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept) && !error; i++)
		if (link(kept_path(path, instance, i), beside_path(old, instance, i, ".old")) &&
		    errno != ENOENT)
			error = -errno;
	if (error)
		record_drop_kept(instance);
	return error;
}

void record_back(const char *instance)
{
	char path[PATH_MAX], old[PATH_MAX];

	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		bool gone;

		kept_path(path, instance, i);
		gone = rename(beside_path(old, instance, i, ".old"), path) && errno == ENOENT;
		if (gone && i < 2)
			unlink(path);
		/* two names of one file are not renamed; and if it failed otherwise, by another way
		 */
		if (!gone && !access(old, F_OK) && !unlink(path) && link(old, path))
			continue;
		unlink(old);
	}
}

void record_drop_kept(const char *instance)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		unlink(beside_path(path, instance, i, ".old"));
		unlink(beside_path(path, instance, i, ".new")); /* of a writer that was killed */
	}
}

void record_free(struct record *record)
{
	free(record->routes);
	*record = (struct record){};
}
