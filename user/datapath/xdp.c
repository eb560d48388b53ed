/* SPDX-License-Identifier: GPL-2.0-only */
/* The XDP program: what is attached, attach, detach. */
#include "xdp.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <xdp/libxdp.h>
#include <zlib.h>

#include "caps.h"
#include "cleanup.h"
#include "datapath.h"
#include "file.h"
#include "log.h"
#include "nat64_xdp.skel.h"
#include "paths.h"
#include "text.h"

#define PROGRAM		"nat64_xdp"		 /* in the object, in the kernel, and our pin */
#define SKIP_DISPATCHER "LIBXDP_SKIP_DISPATCHER" /* libxdp's switch in the environment */
#define DISPATCHER_MAX	10			 /* programs, of libxdp's protocol */

const char *const xdp_words[] = { "off", "auto", "native", "generic" };

/* Where libxdp pins its dispatchers. */
static const char *libxdp_dir(char *buf)
{
	const char *bpffs = secure_getenv("LIBXDP_BPFFS");

	snprintf(buf, PATH_MAX, "%s/xdp", bpffs ? bpffs : "/sys/fs/bpf");
	return buf;
}

/* In the run folder: the folder above was not there before us. */
static const char *mark_path(char *buf)
{
	snprintf(buf, PATH_MAX, "%s/.xdp.undo", dir_run());
	return buf;
}

uint32_t xdp_version(void)
{
	size_t len;
	const void *bytes = nat64_xdp__elf_bytes(&len);

	return crc32(0, bytes, len);
}

/* Is this program ours, by its name or since it is the one that is pinned as ours, and does it work
 * on the maps that are pinned now? libbpf gives no names where a probe of it fails. */
static bool is_ours(int program, uint32_t config_id, uint32_t pinned_id, uint32_t *id,
		    bool *current)
{
	uint32_t maps[64];
	struct bpf_prog_info info = { .nr_map_ids = sizeof(maps) / sizeof(*maps),
				      .map_ids = (uintptr_t)maps };
	uint32_t len = sizeof(info);

	if (program < 0 || bpf_obj_get_info_by_fd(program, &info, &len) ||
	    (strcmp(info.name, PROGRAM) && info.id != pinned_id))
		return false;
	*id = info.id;
	*current = false;
	for (uint32_t i = 0; i < info.nr_map_ids && i < sizeof(maps) / sizeof(*maps); i++)
		*current |= config_id && maps[i] == config_id;
	return true;
}

/* The kernel's number of the program that is pinned as ours, 0: none. */
static uint32_t pinned_program(const char *instance)
{
	_close_ int fd = datapath_map(instance, PROGRAM);
	struct bpf_prog_info info = {};
	uint32_t len = sizeof(info);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

static uint32_t config_map_id(const char *instance)
{
	_close_ int fd = datapath_map(instance, "nat64_config");
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

/* Folder of a dispatcher's pins. */
static const char *dispatcher_dir(char *buf, uint32_t ifindex, uint32_t dispatcher)
{
	size_t len = strlen(libxdp_dir(buf));

	snprintf(buf + len, PATH_MAX - len, "/dispatch-%u-%u", ifindex, dispatcher);
	return buf;
}

/* Our program among those of a dispatcher. */
static int open_in_dispatcher(const char *dir, uint32_t config_id, uint32_t pinned_id,
			      struct xdp_look *look)
{
	for (int i = 0; i < DISPATCHER_MAX; i++) {
		char path[PATH_MAX + 16];
		int fd;

		snprintf(path, sizeof(path), "%s/prog%d-prog", dir, i);
		fd = bpf_obj_get(path);
		if (is_ours(fd, config_id, pinned_id, &look->id, &look->current))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

/* Fills in `look`. Descriptor of our program, -1: it is not attached. */
static int look_open(const char *instance, uint32_t ifindex, enum xdp_mode wanted,
		     struct xdp_look *look, int *error)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	uint32_t there, pinned_id = pinned_program(instance), id;
	uint32_t config_id = config_map_id(instance);
	char dir[PATH_MAX];
	enum xdp_mode mode;
	bool current;
	int fd;

	*look = (struct xdp_look){};
	*error = bpf_xdp_query(ifindex, 0, &query);
	there = query.drv_prog_id ? query.drv_prog_id : query.skb_prog_id;
	if (*error || (!there && !query.hw_prog_id))
		return -1;
	mode = query.drv_prog_id ? XDP_NATIVE : XDP_GENERIC;
	look->taken = !there || query.hw_prog_id;
	fd = datapath_map(instance, PROGRAM);
	if (is_ours(fd, config_id, pinned_id, &id, &current) && pinned_id == there) {
		*look = (struct xdp_look){
			.mode = mode, .alone = true, .current = current, .id = there, .pinned = true
		};
		return fd;
	}
	if (fd >= 0)
		close(fd);
	if (there && !access(dispatcher_dir(dir, ifindex, there), F_OK)) {
		look->taken |= mode != wanted;
		fd = open_in_dispatcher(dir, config_id, pinned_id, look);
		if (fd >= 0) {
			look->mode = mode;
			look->pinned = pinned_id == look->id;
		}
		return fd;
	}
	/* alone, and not pinned: a load was killed right there */
	fd = there && config_id ? bpf_prog_get_fd_by_id(there) : -1;
	if (is_ours(fd, config_id, pinned_id, &look->id, &current) && current) {
		*look = (struct xdp_look){
			.mode = mode, .alone = true, .current = true, .id = there
		};
		return fd;
	}
	if (fd >= 0)
		close(fd);
	look->taken = true;
	return -1;
}

int xdp_look(const char *instance, uint32_t ifindex, enum xdp_mode wanted, struct xdp_look *look)
{
	int error;
	_close_ int fd = look_open(instance, ifindex, wanted, look, &error);

	return error;
}

int xdp_check(const struct xdp_spec *spec)
{
	enum xdp_mode mode = spec->mode;
	const char *name = spec->interface;
	struct xdp_look look;
	int error;

	if (mode != XDP_NATIVE && mode != XDP_GENERIC)
		return 0;
	if (!spec->l2)
		return log_fail(EXIT_FAILED,
				mode == XDP_NATIVE ? "TUN and WireGuard interfaces have no native "
						     "XDP: their packets have no Ethernet header" :
						     "its packets have no Ethernet header, which "
						     "XDP programs expect",
				"set xdp = off or auto: TC translates there",
				"%s: xdp = %s is not possible", name, xdp_words[mode]);
	error = xdp_look(spec->name, spec->ifindex, mode, &look);
	if (error)
		return log_fail(EXIT_FAILED, strerror(-error),
				log_fix(error, "try again, or set xdp = off"),
				"%s: cannot query its XDP program", name);
	if (look.mode != XDP_OFF || !look.taken)
		return 0;
	return log_fail(EXIT_FAILED,
			"the interface already has a program, and no libxdp dispatcher in the same "
			"mode to join",
			textf("ip link set dev %s xdp off, if that program is not needed; or xdp = "
			      "off",
			      name),
			"%s: xdp = %s: another XDP program is attached", name, xdp_words[mode]);
}

/* The last message of libxdp that is a reason. */
static char heard[96];

static int libxdp_print(enum libxdp_print_level level, const char *format, va_list args)
{
	static const char prefix[] = "libxdp: ";
	char line[256], *text = line;

	if (level == LIBXDP_DEBUG)
		return 0;
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = 0;
	if (!strncmp(line, prefix, sizeof(prefix) - 1))
		text += sizeof(prefix) - 1;
	log_debug("libxdp: %s", text);
	if (strncmp(text, "Falling back", 12))
		snprintf(heard, sizeof(heard), "%.*s", (int)sizeof(heard) - 1, text);
	return 0;
}

static enum xdp_attach_mode libxdp_mode(enum xdp_mode mode)
{
	return mode == XDP_GENERIC ? XDP_MODE_SKB : XDP_MODE_NATIVE;
}

/* Ours alone: as attached by netlink. */
static int detach_alone(int program, uint32_t ifindex, enum xdp_mode mode)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, opts, .old_prog_fd = program);

	return bpf_xdp_detach(ifindex,
			      mode == XDP_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE, &opts);
}

static int detach_from_dispatcher(int fd, uint32_t ifindex, const struct xdp_look *look)
{
	_close_ int same = bpf_prog_get_fd_by_id(
		look->id); /* without CAP_SYS_ADMIN libxdp finds nothing at all */
	struct xdp_program *program;
	int error;

	if (same < 0)
		return -errno;
	libxdp_set_print(libxdp_print);
	program = xdp_program__from_fd(fd);
	error = libxdp_get_error(program);
	if (error)
		return error;
	error = xdp_program__detach(program, ifindex, libxdp_mode(look->mode), 0);
	xdp_program__close(program);
	return error;
}

static int detach(const char *instance, uint32_t ifindex)
{
	struct xdp_look look = {};
	char path[PATH_MAX];
	int error = 0;

	if (ifindex) {
		_close_ int fd = look_open(instance, ifindex, XDP_OFF, &look, &error);

		if (error == -ENODEV)
			error = 0;
		if (fd >= 0)
			error = look.alone ? detach_alone(fd, ifindex, look.mode) :
					     detach_from_dispatcher(fd, ifindex, &look);
		/* also what an interface that vanished, or a load that was killed, left */
		if (!access(libxdp_dir(path), F_OK)) {
			libxdp_set_print(libxdp_print);
			libxdp_clean_references(ifindex);
		}
	}
	if (!error && unlink(path_pin(path, instance, PROGRAM)) && errno != ENOENT)
		error = -errno;
	return error;
}

int xdp_detach(const char *instance, uint32_t ifindex)
{
	int error = detach(instance, ifindex);

	if (!error)
		return 0;
	if (error == -EPERM)
		return log_fail(EXIT_PRIVILEGE,
				"detaching it from libxdp's dispatcher needs CAP_SYS_ADMIN",
				textf("run it as root: sudo nat64-bpf unload %s", instance),
				"%s: cannot detach the XDP program", instance);
	return caps_fail(error, 0, textf("try again: nat64-bpf unload %s", instance),
			 "%s: cannot detach the XDP program", instance);
}

/* Marks that libxdp's folder is not there yet. 0 or -errno. */
static int mark(void)
{
	char path[PATH_MAX];

	if (!access(libxdp_dir(path), F_OK) || !access(mark_path(path), F_OK))
		return 0;
	return file_write(path, "", 0, 0644);
}

static int reuse_maps(struct nat64_xdp *skel, const char *instance)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, skel->obj)
	{
		_close_ int fd = datapath_map(instance, bpf_map__name(map));

		/* one that cannot be opened must not be replaced by a new one */
		if (fd < 0 && fd != -ENOENT)
			return fd;
		if (fd >= 0 && bpf_map__reuse_fd(map, fd))
			return -errno;
	}
	return 0;
}

static int pin(int fd, const char *instance)
{
	char path[PATH_MAX];

	unlink(path_pin(path, instance, PROGRAM));
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

static int attach_program(const struct xdp_spec *spec, struct bpf_object *object)
{
	struct xdp_program *program = xdp_program__from_bpf_obj(object, "xdp");
	int error = libxdp_get_error(program);

	if (error)
		return error;
	error = xdp_program__attach(program, spec->ifindex, libxdp_mode(spec->mode), 0);
	if (!error) {
		error = pin(xdp_program__fd(program), spec->name);
		if (error)
			detach(spec->name, spec->ifindex);
	}
	xdp_program__close(program);
	return error;
}

/* 0 or -errno; -EINVAL with a word of the verifier where the kernel does not take the program. */
static int attach(const struct xdp_spec *spec)
{
	struct nat64_xdp *skel = nat64_xdp__open();
	int error = skel ? reuse_maps(skel, spec->name) : -errno;

	if (!error)
		error = attach_program(spec, skel->obj);
	nat64_xdp__destroy(skel);
	return error;
}

static int attach_failed(const struct xdp_spec *spec, int error)
{
	const char *said = *datapath_heard() ? datapath_heard() : heard;
	const char *why = textf("%s%s%s", strerror(-error), *said ? "; " : "", said);
	const char *fix = log_fix(error, "xdp = off; nat64-bpf -v load shows more");

	if (spec->mode == XDP_NATIVE && error == -EOPNOTSUPP) {
		why = "its driver has no native XDP";
		fix = "xdp = off, or generic";
	}
	return log_fail(log_exit(error), why, fix, "%s: cannot attach the XDP program in %s mode",
			spec->interface, xdp_words[spec->mode]);
}

int xdp_attach(const struct xdp_spec *spec, char *why_alone, size_t size)
{
	struct xdp_look look;
	int error;

	*heard = 0;
	datapath_forget();
	libxdp_set_print(libxdp_print);
	error = mark();
	if (!error)
		error = attach(spec);
	if (error == -EINVAL && *datapath_heard() && !secure_getenv(SKIP_DISPATCHER)) {
		/* It moves the head of packets, which newer kernels (6.12.117, not 6.1) allow no
		 * extension of a program that does not: libxdp's dispatcher before xdp-tools 1.5.5.
		 * libxdp falls back from other faults only. */
		snprintf(heard, sizeof(heard), "%.*s", (int)sizeof(heard) - 1, datapath_heard());
		datapath_forget();
		setenv(SKIP_DISPATCHER, "1", 1);
		error = attach(spec);
		unsetenv(SKIP_DISPATCHER);
	}
	if (error)
		return attach_failed(spec, error);
	error = xdp_look(spec->name, spec->ifindex, spec->mode, &look);
	*why_alone = 0;
	if (!error && look.alone)
		snprintf(why_alone, size, "%s",
			 *heard ? heard : "libxdp's dispatcher is switched off");
	return 0;
}

void xdp_tidy(bool last)
{
	char path[PATH_MAX], folder[PATH_MAX];
	_close_ int dir = -1;
	bool gone = false;

	if (access(mark_path(path), F_OK))
		return;
	dir = open(libxdp_dir(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || !flock(dir, LOCK_EX | LOCK_NB)) /* libxdp locks it while it works there */
		gone = !rmdir(folder) || errno == ENOENT;
	if (gone || last) /* what is in there by now is another's */
		unlink(path);
}
