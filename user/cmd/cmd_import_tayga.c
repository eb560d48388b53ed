/* SPDX-License-Identifier: GPL-2.0-only */
/* nat64-bpf import-tayga: tayga.conf and dynamic.map as config and state files of ours. Overwrites
 * nothing. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "caps.h"
#include "cleanup.h"
#include "config.h"
#include "file.h"
#include "json.h"
#include "lock.h"
#include "log.h"
#include "paths.h"
#include "savefile.h"
#include "tayga.h"
#include "text.h"

static int open_and_read(struct tayga *tayga, const char *path, bool only_maps)
{
	const char *fix = only_maps ? "map-file must be absolute, or relative to data-dir" :
				      "give the path of tayga.conf, usually /etc/tayga.conf";
	_file_ FILE *in = fopen(path, "re");

	if (!in && errno == EACCES)
		return log_fail(EXIT_PRIVILEGE, caps_why(errno, NEED_READ), fix,
				"%s: cannot be read", path);
	if (!in)
		return log_fail(EXIT_USAGE, strerror(errno), fix, "%s: cannot be read", path);
	return tayga_read(tayga, in, path, only_maps);
}

/* tayga.conf, and the file that its map-file names. */
static int read_config(struct tayga *tayga, const char *path)
{
	const char *file, *folder;
	char maps[PATH_MAX];

	if (open_and_read(tayga, path, false))
		return -1;
	file = tayga_value(tayga, TAYGA_MAP_FILE);
	folder = tayga_value(tayga, TAYGA_DATA_DIR);
	if (!file)
		return 0;
	if (*file != '/' && folder)
		file = textf("%s/%s", folder, file);
	if (snprintf(maps, sizeof(maps), "%s", file) >= (int)sizeof(maps))
		return log_fail(EXIT_USAGE, strerror(ENAMETOOLONG), "shorten the path",
				"%s: the path of map-file is too long", path);
	return open_and_read(tayga, maps, true);
}

/* Bindings of dynamic.map; without such a file there are none. */
static int read_bindings(struct tayga *tayga, struct saved_list *list)
{
	const char *folder = tayga_value(tayga, TAYGA_DATA_DIR);
	char path[PATH_MAX];
	int error = -ENOENT;

	if (folder && snprintf(path, sizeof(path), "%s/dynamic.map", folder) < (int)sizeof(path))
		error = savefile_read(path, list);
	if (error && error != -ENOENT)
		return caps_fail(error, NEED_READ,
				 "make it readable, or remove data-dir from a copy of tayga.conf",
				 "%s: cannot be read", path);
	if (error)
		return 0;
	tayga->taken = calloc(list->count + 1, sizeof(*tayga->taken));
	for (size_t i = 0; tayga->taken && i < list->count; i++)
		tayga->taken[tayga->taken_count++] = list->items[i].addr4;
	return 0;
}

/* Those whose address the pool here can give. */
static void keep_fitting(const struct tayga *tayga, struct saved_list *list)
{
	struct in_addr own4 = tayga_own4(tayga);
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (!list->items[i].is_static && list->items[i].addr4.s_addr != own4.s_addr &&
		    tayga_is_host(tayga, list->items[i].addr4))
			list->items[kept++] = list->items[i];
	if (kept < list->count)
		log_note("dynamic.map: left out %zu bindings outside the pool, or whose address is "
			 "own4 or in a map",
			 list->count - kept);
	list->count = kept;
}

static int exists(const char *path)
{
	if (access(path, F_OK))
		return 0;
	log_fail(EXIT_FAILED, "import-tayga overwrites no file",
		 textf("choose another name, or move the file: mv %s %s.old", path, path),
		 "%s: already exists", path);
	return -1;
}

/* Writes a file that must not be there. 0 or -errno. */
static int write_new(const char *path, const char *text, size_t len)
{
	char temporary[PATH_MAX];
	int error = snprintf(temporary, sizeof(temporary), "%s.import", path) <
				    (int)sizeof(temporary) ?
			    file_make_dir(dir_conf(), 0755) :
			    -ENAMETOOLONG;

	if (!error)
		error = file_write(temporary, text, len, 0644);
	if (error)
		return error;
	if (link(temporary, path)) /* unlike rename(2) it never replaces */
		error = -errno;
	unlink(temporary);
	return error;
}

struct target {
	char config[PATH_MAX], state[PATH_MAX];
};

static int import_write(const struct target *to, const char *text, size_t len,
			const struct saved_list *list)
{
	int error = list->count ? savefile_write(to->state, list->items, list->count) : 0;

	if (error)
		return caps_fail(error, NEED_WRITE,
				 "free disk space or make it writable; nothing was written",
				 "%s: cannot be written", to->state);
	error = write_new(to->config, text, len);
	if (!error)
		return 0;
	if (list->count)
		unlink(to->state);
	return caps_fail(error, NEED_WRITE,
			 "free disk space or make it writable; nothing was written",
			 "%s: cannot be written", to->config);
}

static void import_report(const struct args *args, const char *name, const struct target *to,
			  size_t bindings)
{
	if (args->json)
		json_out(json_pack("{s:i, s:s, s:b, s:s, s:o, s:I}", "schema", 1, "instance", name,
				   "changed", 1, "config", to->config, "state",
				   bindings ? json_string(to->state) : json_null(), "bindings",
				   (json_int_t)bindings));
	else
		printf("%s written%s\nnext: set interface and clients there, stop TAYGA, then: "
		       "nat64-bpf load %s\n",
		       to->config,
		       bindings ? textf(", %zu bindings in %s", bindings, to->state) : "", name);
}

/* With NAME: writes the files, under the lock. */
static int convert(const struct args *args, const char *text, size_t len,
		   const struct saved_list *list)
{
	const char *name = args->operands[1];
	struct target to;
	int status;

	path_conf(to.config, name);
	path_state(to.state, name);
	if (lock_take())
		return -1;
	status = exists(to.config) || exists(to.state) ? -1 : 0;
	if (!status && args_has(args, OPTION_DRY_RUN)) {
		if (args->json)
			json_out(json_pack("{s:i, s:s, s:b, s:s}", "schema", 1, "instance", name,
					   "changed", 1, "text", text));
		else
			fputs(text, stdout);
		log_note("would write %s%s", to.config,
			 list->count ? textf(", %zu bindings in %s", list->count, to.state) : "");
	} else if (!status) {
		status = import_write(&to, text, len, list);
		if (!status)
			import_report(args, name, &to, list->count);
	}
	lock_release();
	return status;
}

int cmd_import_tayga(const struct args *args)
{
	const char *path = args->operands[0];
	struct saved_list list = {};
	struct tayga tayga = {};
	_free_ char *text = NULL;
	size_t len = 0;
	FILE *out;
	int status = -1;

	if (args->count > 1 && !config_name_check(args->operands[1]))
		return -1;
	if (!read_config(&tayga, path) && !read_bindings(&tayga, &list)) {
		keep_fitting(&tayga, &list);
		out = open_memstream(&text, &len);
		if (!out || tayga_write(&tayga, path, out) | fclose(out))
			status = log_fail(EXIT_FAILED, strerror(ENOMEM),
					  "free memory and try again", "%s", path);
		else if (args->count > 1)
			status = convert(args, text, len, &list);
		else if (args->json)
			json_out(json_pack("{s:i, s:s}", "schema", 1, "text", text)), status = 0;
		else
			status = fputs(text, stdout) < 0 ? -1 : 0;
	}
	savefile_list_free(&list);
	tayga_free(&tayga);
	return status;
}
