/* SPDX-License-Identifier: GPL-2.0-only */
/* libFuzzer on the parsers of user/: `fuzz-user --target=NAME`. What a parser accepts is written
 * and read again: both must mean the same. */
#include "user.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"
#include "event_text.h"
#include "log.h"
#include "maplog.h"
#include "savefile.h"
#include "tayga.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void user_must(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "broken promise: %s\n", what);
	abort();
}

const char *user_file(const uint8_t *data, size_t size)
{
	static char path[32];
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	user_must(fd >= 0 && !ftruncate(fd, 0) && pwrite(fd, data, size, 0) == (ssize_t)size,
		  "a file in memory");
	return path;
}

/* Messages are made, as a user would get them, and read to their end. */
static void hear(const struct log_message *message, void *data)
{
	size_t *heard = data;

	*heard += strlen(message->what) + strlen(message->why);
	if (message->fix)
		*heard += strlen(message->fix);
}

/* The config file of an instance; what holds survives being written and read. */
static void target_config(const uint8_t *data, size_t size)
{
	struct config config, again;
	char *text = NULL, *second = NULL;

	config_default(&config, "fuzz");
	config_default(&again, "fuzz");
	if (!config_read(&config, user_file(data, size)) && !config_check(&config)) {
		text = config_text(&config);
		user_must(text && !config_read(&again, user_file((uint8_t *)text, strlen(text))),
			  "a config that is written can be read");
		second = config_text(&again);
		user_must(second && !strcmp(text, second), "a config is read as it was written");
	}
	free(text);
	free(second);
	config_free(&config);
	config_free(&again);
}

/* The state file, and the same bytes as a file for `map import`. */
static void target_state(const uint8_t *data, size_t size)
{
	struct saved_list list, again;
	bool damaged;
	char *text = NULL;
	size_t len;
	FILE *out;

	if (!savefile_import(user_file(data, size), &list, &damaged))
		savefile_list_free(&list);
	if (savefile_read(user_file(data, size), &list))
		return;
	out = open_memstream(&text, &len);
	user_must(out && !savefile_print(out, list.items, list.count) && !fclose(out),
		  "a list can be written");
	user_must(!savefile_read(user_file((uint8_t *)text, len), &again) && !again.bad_lines,
		  "a state file that is written can be read");
	user_must(again.count == list.count, "a state file keeps its bindings");
	savefile_list_free(&again);
	savefile_list_free(&list);
	free(text);
}

/* tayga.conf, as a config of ours; the first byte chooses whether it is a map-file. */
static void target_tayga(const uint8_t *data, size_t size)
{
	struct tayga tayga = { 0 };
	struct config config;
	char *text = NULL;
	size_t len;
	FILE *in, *out;

	if (!size)
		return;
	in = fopen(user_file(data + 1, size - 1), "re");
	out = open_memstream(&text, &len);
	user_must(in && out, "files in memory");
	if (!tayga_read(&tayga, in, "tayga.conf", data[0] & 1)) {
		user_must(!tayga_write(&tayga, "tayga.conf", out), "a config can be written");
		fflush(out);
		config_default(&config, "fuzz");
		user_must(!config_read(&config, user_file((uint8_t *)text, len)),
			  "the config of a tayga.conf can be read");
		config_free(&config);
	}
	tayga_free(&tayga);
	fclose(in);
	fclose(out);
	free(text);
}

static void count_event(const struct maplog_event *event, void *data)
{
	(void)event;
	++*(size_t *)data;
}

/* The log of assignments: the first byte chooses the family and the time. */
static void target_maplog(const uint8_t *data, size_t size)
{
	struct maplog_query query = { .instance = "vpn0", .at = 1795000000 };
	struct maplog_answer answer = { 0 };
	size_t events = 0;
	int status;
	FILE *log;

	if (!size)
		return;
	query.family = data[0] & 1 ? AF_INET6 : AF_INET;
	query.at += (data[0] >> 1) * 3600;
	query.addr4.s_addr = htonl(0xc0a8f002);
	query.addr6.s6_addr[0] = 0xfd;
	query.addr6.s6_addr[15] = 2;
	log = fopen(user_file(data + 1, size - 1), "re");
	user_must(!!log, "a file in memory");
	status = maplog_find(log, &query, &answer);
	user_must(status <= 1 && answer.bad_lines <= size, "bad lines are lines");
	if (status == 1)
		user_must(answer.from <= query.at && (!answer.until || answer.until >= query.at),
			  "who held it then, held it then");
	rewind(log);
	while (maplog_replay(log, query.instance, 16, count_event, &events) == 1)
		;
	user_must(events <= size, "events are lines");
	fclose(log);
}

/* Records of the ring buffer. */
static void target_event(const uint8_t *data, size_t size)
{
	struct nat64_event event;
	char line[EVENT_LINE];

	for (; size >= sizeof(event); data += sizeof(event), size -= sizeof(event)) {
		memcpy(&event, data, sizeof(event));
		for (int json = 0; json <= 1; json++) {
			size_t len = event_line(&event, "vpn0", json, line);

			user_must(len < EVENT_LINE && (!len || line[len - 1] == '\n') &&
					  !memchr(line, 0, len),
				  "an event is a line");
		}
	}
}

static const struct {
	const char *name;
	void (*run)(const uint8_t *data, size_t size);
} targets[] = {
	{ "config", target_config }, { "state", target_state },	    { "tayga", target_tayga },
	{ "maplog", target_maplog }, { "netlink", target_netlink }, { "event", target_event },
};
static size_t chosen = sizeof(targets) / sizeof(*targets);
static size_t heard;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	for (int i = 1; i < *argc; i++)
		for (size_t j = 0; j < sizeof(targets) / sizeof(*targets); j++)
			if (!strncmp((*argv)[i], "--target=", 9) &&
			    !strcmp((*argv)[i] + 9, targets[j].name))
				chosen = j;
	user_must(chosen < sizeof(targets) / sizeof(*targets), "--target= names a target");
	log_listen(hear, &heard);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text_mark mark = text_mark();

	targets[chosen].run(data, size);
	text_release(mark);
	return 0;
}
