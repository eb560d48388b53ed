/* SPDX-License-Identifier: GPL-2.0-only */
/* The programs and maps of an instance: open the skeleton, configure, load, pin. */
#include "datapath.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "caps.h"
#include "child.h"
#include "cleanup.h"
#include "file.h"
#include "log.h"
#include "nat64_tc.skel.h"
#include "paths.h"
#include "tc_open.h"
#include "text.h"

#define CONFIG_MAP "nat64_config"

static const char *const programs[DATAPATH_PROGRAMS] = { "nat64_in", "nat64_out", "nat64_control" };

/* Maps that need not survive: workspace of one packet or one second. */
static bool is_transient(const char *map)
{
	return !strcmp(map, "nat64_scratch") || !strcmp(map, "nat64_bucket") || strchr(map, '.');
}

/* The seed file, docs/design.md 3.3: 16 random bytes in hex, made once. 0 or -errno. */
static int read_seed(__u64 seed[2])
{
	unsigned char bytes[16];
	char path[PATH_MAX], text[34] = "";
	FILE *file;
	int error;

	snprintf(path, sizeof(path), "%s/seed", dir_state());
	file = fopen(path, "re");
	if (file) {
		size_t len = fread(text, 1, 32, file);

		fclose(file);
		for (int i = 0; i < 16; i++)
			if (len != 32 || sscanf(text + 2 * i, "%2hhx", &bytes[i]) != 1)
				return -EBADMSG;
		memcpy(seed, bytes, sizeof(bytes));
		return 0;
	}
	if (errno != ENOENT)
		return -errno;
	if (getentropy(bytes, sizeof(bytes)))
		return -errno;
	for (int i = 0; i < 16; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	text[32] = '\n';
	error = file_make_dir(dir_state(), 0755);
	if (!error)
		error = file_write(path, text, 33, 0600);
	memcpy(seed, bytes, sizeof(bytes));
	return error;
}

uint32_t datapath_program(void)
{
	size_t len;
	const void *bytes = tc_object(&len);

	return crc32(0, bytes, len);
}

int datapath_map(const char *name, const char *map)
{
	char path[PATH_MAX];
	int fd = bpf_obj_get(path_pin(path, name, map));

	return fd < 0 ? -errno : fd;
}

int datapath_fail(int error, const char *name)
{
	unsigned int needed = error == -EPERM ? NEED_BPF : 0;
	char path[PATH_MAX];

	if (error == -ENOENT)
		return log_fail(EXIT_NOT_LOADED, "no instance of that name is loaded",
				textf("nat64-bpf load %s", name), "%s: not loaded", name);
	if (log_exit(error) != EXIT_PRIVILEGE)
		return log_fail(EXIT_FAILED, "its maps are from another version, or damaged",
				textf("nat64-bpf unload %s, then load it again", name),
				"%s: cannot read its maps", name);
	/* until 6.4 the kernel asks for CAP_BPF before it looks at the path */
	if (error == -EACCES || path_look(path_pin(path, name, CONFIG_MAP)) == -EACCES)
		needed |= NEED_WRITE;
	return log_fail(EXIT_PRIVILEGE, caps_why(error, needed), log_fix(error, NULL),
			"%s: its maps cannot be opened", name);
}

int datapath_read_config(const char *name, struct nat64_config *config)
{
	_close_ int fd = datapath_map(name, CONFIG_MAP);
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info), zero = 0;

	if (fd < 0)
		return fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.value_size != sizeof(*config) ||
	    bpf_map_lookup_elem(fd, &zero, config))
		return -EBADMSG;
	return config->abi == NAT64_ABI ? 0 : -EBADMSG;
}

/* Are all maps pinned that hold bindings, or counts of them? */
static bool has_maps(const char *name)
{
	static const char *const maps[] = { "nat64_slots",    "nat64_clients", "nat64_extern",
					    "nat64_counters", "nat64_alloc",   "nat64_quota",
					    "nat64_events" };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++)
		if (path_look(path_pin(path, name, maps[i])))
			return false;
	return true;
}

int datapath_reusable(const struct datapath_spec *spec)
{
	const struct nat64_config *wanted = &spec->config;
	struct nat64_config now;
	int error = datapath_read_config(spec->name, &now);

	if (error == -ENOENT)
		return 0;
	if (error)
		return -EBADMSG;
	if (!has_maps(spec->name))
		return 0;
	return now.pool_first == wanted->pool_first && now.pool_size == wanted->pool_size &&
			       !memcmp(&now.prefix, &wanted->prefix, sizeof(now.prefix)) &&
			       (now.flags & NAT64_LINEAR) == (wanted->flags & NAT64_LINEAR) ?
		       1 :
		       -EEXIST;
}

/* What libbpf says, or the verifier; kept for the error, shown at once with -v. */
static char libbpf_last[512];

static int libbpf_print(enum libbpf_print_level level, const char *format, va_list args)
{
	_free_ char *text = NULL;

	if (level == LIBBPF_DEBUG || vasprintf(&text, format, args) < 0)
		return 0;
	if (level == LIBBPF_WARN && !*libbpf_last)
		snprintf(libbpf_last, sizeof(libbpf_last), "%.*s", (int)strcspn(text, "\n"), text);
	for (char *rest = text, *line, *last = "";
	     (line = strsep(&rest, "\n"));) { /* a log of the verifier has many lines */
		if (*line)
			log_debug("%s", line);
		if (!strncmp(line, "processed ",
			     10)) /* its closing line; the one before says what it did not like */
			snprintf(libbpf_last, sizeof(libbpf_last), "%s", last);
		last = line;
	}
	return 0;
}

void datapath_listen(void)
{
	libbpf_set_print(libbpf_print);
}

const char *datapath_heard(void)
{
	return libbpf_last;
}

void datapath_forget(void)
{
	*libbpf_last = 0;
}

static int load_failed(const char *name, const char *what, int error)
{
	bool old = error == EINVAL || error == E2BIG || error == EACCES || error == ENOTSUP;
	const char *why = textf("%s%s%s", strerror(error), *libbpf_last ? "; " : "", libbpf_last);

	if (old)
		return log_fail(EXIT_KERNEL, why,
				"Linux 6.1 or later is needed; nat64-bpf -v load shows the "
				"verifier log",
				"%s: %s", name, what);
	return log_fail(log_exit(error), why, log_fix(error, "nat64-bpf -v load shows more"),
			"%s: %s", name, what);
}

/* Sizes that follow from the settings. */
static int size_maps(struct nat64_tc *skel, const struct datapath_spec *spec)
{
	uint32_t pool = spec->config.pool_size, slots = pool + NAT64_EXTERN_MAX;

	if (bpf_map__set_max_entries(skel->maps.nat64_slots, slots) ||
	    bpf_map__set_max_entries(skel->maps.nat64_clients, slots) ||
	    bpf_map__set_max_entries(skel->maps.nat64_quota, pool) ||
	    bpf_map__set_map_flags(skel->maps.nat64_slots, BPF_F_MMAPABLE) ||
	    bpf_map__set_map_flags(skel->maps.nat64_alloc, BPF_F_MMAPABLE))
		return -errno;
	return 0;
}

static int reuse_maps(struct nat64_tc *skel, const char *name)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, skel->obj)
	{
		_close_ int fd = -1;

		if (is_transient(bpf_map__name(map)))
			continue;
		fd = datapath_map(name, bpf_map__name(map));
		/* one that cannot be opened must not be replaced by a new one */
		if (fd < 0 && fd != -ENOENT)
			return fd;
		if (fd >= 0 && bpf_map__reuse_fd(map, fd))
			return -errno;
	}
	return 0;
}

static int pin(int fd, const char *name, const char *object)
{
	char path[PATH_MAX];

	if (unlink(path_pin(path, name, object)) && errno != ENOENT)
		return -errno;
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

/* The configuration goes first and comes last: while it is not there, an earlier or a half-made set
 * of maps and programs counts as none, so that a load that was killed here is never taken for one
 * that was through. */
static int pin_all(struct nat64_tc *skel, const char *name, bool reuse)
{
	int config = bpf_map__fd(skel->maps.nat64_config);
	struct bpf_program *program;
	char path[PATH_MAX];
	struct bpf_map *map;
	int error = file_make_dir(dir_pin(), 0700);

	if (!error)
		error = file_make_dir(path_pins(path, name), 0700);
	if (!error && !reuse && unlink(path_pin(path, name, CONFIG_MAP)) && errno != ENOENT)
		error = -errno;
	bpf_object__for_each_map(map, skel->obj)
	{
		if (error || is_transient(bpf_map__name(map)) || bpf_map__fd(map) == config)
			continue;
		if (!reuse || access(path_pin(path, name, bpf_map__name(map)), F_OK))
			error = pin(bpf_map__fd(map), name, bpf_map__name(map));
	}
	bpf_object__for_each_program(program, skel->obj)
	{
		if (!error)
			error = pin(bpf_program__fd(program), name, bpf_program__name(program));
	}
	if (!error && !reuse)
		error = pin(config, name, CONFIG_MAP);
	return error;
}

/* Where clients follow from their numbers, those of another network have other Ethernet addresses.
 * 0 or -errno. */
static int forget_clients(int control)
{
	struct nat64_request request = { .op = NAT64_FORGET };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &request, .ctx_size_in = sizeof(request));

	return bpf_prog_test_run_opts(control, &opts) ? -errno : request.result;
}

static int seed_failed(void)
{
	return log_fail(EXIT_FAILED,
			"the seed is the key of the allocation hash: 32 hexadecimal digits",
			"make its directory writable; remove a damaged file, and the next load "
			"creates a new one",
			"%s/seed: cannot be read or created", dir_state());
}

/* The configuration, with what the bindings put into the running one; `map`, `control`:
 * descriptors. 0; -1: said. */
static int write_config(const struct datapath_spec *spec, int map, int control)
{
	static const char what[] = "cannot write the configuration";
	struct nat64_config config = spec->config, now;
	uint32_t zero = 0;
	int error;

	if (read_seed(config.seed))
		return seed_failed();
	if (bpf_map_lookup_elem(map, &zero, &now))
		return load_failed(spec->name, what, errno);
	config.capacity = now.capacity;
	config.extern_count = now.extern_count;
	if (bpf_map_update_elem(map, &zero, &config, BPF_ANY))
		return load_failed(spec->name, what, errno);
	if (!(config.flags & NAT64_LINEAR) ||
	    !memcmp(config.client, now.client, sizeof(now.client)))
		return 0;
	error = forget_clients(control);
	return error ? load_failed(spec->name, what, -error) : 0;
}

int datapath_write_config(const struct datapath_spec *spec)
{
	_close_ int map = datapath_map(spec->name, CONFIG_MAP),
		    control = datapath_map(spec->name, "nat64_control");

	if (map < 0 || control < 0)
		return load_failed(spec->name, "cannot open its pins", map < 0 ? -map : -control);
	*libbpf_last = 0;
	return write_config(spec, map, control);
}

bool datapath_config_differs(const struct datapath_spec *spec)
{
	struct nat64_config config = spec->config, now;

	if (datapath_read_config(spec->name, &now))
		return true;
	memcpy(config.seed, now.seed, sizeof(config.seed));
	config.capacity = now.capacity;
	config.extern_count = now.extern_count;
	return memcmp(&config, &now, sizeof(config));
}

static int load(const struct datapath_spec *spec, bool reuse)
{
	const char *name = spec->name;
	struct nat64_tc *skel;
	int error;

	*libbpf_last = 0;
	skel = tc_open(spec->l2 ? ETH_HLEN : 0);
	if (!skel)
		return load_failed(name, "cannot open the BPF programs", errno);
	error = size_maps(skel, spec);
	if (!error && reuse)
		error = reuse_maps(skel, name);
	if (!error)
		error = nat64_tc__load(skel);
	if (error)
		error = load_failed(name, "the kernel rejected the BPF programs", -error);
	else
		error = write_config(spec, bpf_map__fd(skel->maps.nat64_config),
				     bpf_program__fd(skel->progs.nat64_control));
	if (!error && (error = pin_all(skel, name, reuse)))
		error = load_failed(name, "cannot pin programs and maps", -error);
	nat64_tc__destroy(skel);
	return error ? -1 : 0;
}

static bool resident;

void datapath_stay_small(void)
{
	resident = true;
}

struct load_work {
	const struct datapath_spec *spec;
	bool reuse;
};

static int load_work(void *data)
{
	const struct load_work *work = data;

	return load(work->spec, work->reuse);
}

int datapath_load(const struct datapath_spec *spec, bool reuse)
{
	struct load_work work = { spec, reuse };

	return resident ? child_run(load_work, &work, spec->name) : load(spec, reuse);
}

/* The kernel's number of a program, map or link, which tells it from any other of its kind. */
static uint32_t object_id(int fd)
{
	struct {
		uint32_t type, id;
		uint8_t room[512];
	} info = {};
	uint32_t len = sizeof(info);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

void datapath_program_ids(const char *name, uint32_t ids[DATAPATH_PROGRAMS])
{
	for (size_t i = 0; i < DATAPATH_PROGRAMS; i++) {
		_close_ int fd = datapath_map(name, programs[i]);

		ids[i] = object_id(fd);
	}
}

#define PINS_MAX 24 /* maps, programs and links of an instance */

struct datapath_saved {
	struct saved_pin {
		char name[32];
		int fd;
	} pins[PINS_MAX];
	size_t count;
	struct nat64_config config;
	bool has_config;
};

/* Names of the pins, but for that of the XDP program. How many; -errno. */
static int list_pins(const char *name, char (*names)[32])
{
	char folder[PATH_MAX];
	DIR *entries = opendir(path_pins(folder, name));
	struct dirent *entry;
	int count = 0;

	if (!entries)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(entries)) && count < PINS_MAX) {
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "nat64_xdp"))
			snprintf(names[count++], sizeof(*names), "%.31s", entry->d_name);
	}
	closedir(entries);
	return count;
}

struct datapath_saved *datapath_save(const char *name)
{
	struct datapath_saved *saved = calloc(1, sizeof(*saved));
	char names[PINS_MAX][32];
	int count = list_pins(name, names);

	for (int i = 0; saved && i < count; i++) {
		struct saved_pin *pin = &saved->pins[saved->count];

		pin->fd = datapath_map(name, names[i]);
		memcpy(pin->name, names[i], sizeof(pin->name));
		saved->count += pin->fd >= 0;
	}
	if (saved)
		saved->has_config = !datapath_read_config(name, &saved->config);
	return saved;
}

/* Puts one pin back, if it is another's by now. */
static int restore_pin(const char *name, const struct saved_pin *saved)
{
	_close_ int now = datapath_map(name, saved->name);

	return object_id(now) == object_id(saved->fd) ? 0 : pin(saved->fd, name, saved->name);
}

/* Removes what was pinned since. */
static int drop_new(const char *name, const struct datapath_saved *saved)
{
	char names[PINS_MAX][32], path[PATH_MAX];
	int count = list_pins(name, names), error = 0;

	for (int i = 0; i < count; i++) {
		bool old = false;

		for (size_t j = 0; j < saved->count; j++)
			old |= !strcmp(saved->pins[j].name, names[i]);
		if (!old && unlink(path_pin(path, name, names[i])))
			error = -errno;
	}
	return error;
}

int datapath_restore(const char *name, const struct datapath_saved *saved)
{
	int error = drop_new(name, saved);

	for (size_t i = 0; i < saved->count; i++) {
		int status = restore_pin(name, &saved->pins[i]);

		if (status)
			error = status;
	}
	if (saved->has_config) {
		_close_ int map = datapath_map(name, CONFIG_MAP);
		struct nat64_config config = saved->config, now;
		uint32_t zero = 0;

		/* counts of the bindings as they are now: those follow the settings later */
		if (map >= 0 && !bpf_map_lookup_elem(map, &zero, &now)) {
			config.capacity = now.capacity;
			config.extern_count = now.extern_count;
		}
		if (map < 0 || bpf_map_update_elem(map, &zero, &config, BPF_ANY))
			error = -errno;
	}
	return error;
}

void datapath_saved_free(struct datapath_saved *saved)
{
	for (size_t i = 0; saved && i < saved->count; i++)
		close(saved->pins[i].fd);
	free(saved);
}

int datapath_unpin(const char *name)
{
	char folder[PATH_MAX], path[PATH_MAX];
	DIR *entries = opendir(path_pins(folder, name));
	struct dirent *entry;
	int error = 0;

	if (!entries) {
		error = errno == ENOENT ? 0 : -errno;
		rmdir(dir_pin()); /* fails while there are other instances */
		return error;
	}
	while ((entry = readdir(entries))) {
		if (entry->d_name[0] == '.')
			continue;
		if (unlink(path_pin(path, name, entry->d_name)))
			error = -errno;
	}
	closedir(entries);
	if (!error && rmdir(folder))
		error = -errno;
	rmdir(dir_pin()); /* fails while there are other instances */
	return error;
}
