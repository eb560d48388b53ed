/* SPDX-License-Identifier: GPL-2.0-only */
/* Attaching the programs to an interface: a TCX link where the kernel has it (6.6), else clsact. */
#include "attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "caps.h"
#include "cleanup.h"
#include "log.h"
#include "netlink.h"
#include "paths.h"

#define TCX_INGRESS   46 /* enum bpf_attach_type; Debian 12's headers end before them */
#define TCX_EGRESS    47
#define LINK_TYPE_TCX 11     /* enum bpf_link_type */
#define TC_HANDLE     1	     /* of our clsact filters */
#define TC_PRIORITY   0x4e34 /* "N4" */

static const struct hook {
	const char *program; /* pin of the program */
	const char *link;    /* pin of its TCX link */
	int tcx;
	enum bpf_tc_attach_point tc;
	const char *word;
} hooks[] = {
	{ "nat64_in", "link_in", TCX_INGRESS, BPF_TC_INGRESS, "ingress" },
	{ "nat64_out", "link_out", TCX_EGRESS, BPF_TC_EGRESS, "egress" },
};

struct tcx_info { /* head of struct bpf_link_info for TCX */
	uint32_t type, id, prog_id, pad;
	uint32_t ifindex, attach_type;
	uint8_t room[128];
};

static uint32_t program_id(int fd)
{
	struct bpf_prog_info info = {};
	uint32_t len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

/* Descriptor of the pinned TCX link of a hook, -1: none, or on another interface. */
static int tcx_open(const char *name, const struct hook *hook, uint32_t ifindex, uint32_t *prog_id)
{
	struct tcx_info info = {};
	uint32_t len = sizeof(info);
	char path[PATH_MAX];
	int fd = bpf_obj_get(path_pin(path, name, hook->link));

	if (fd < 0)
		return -1;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.ifindex != ifindex) {
		close(fd);
		return -1;
	}
	*prog_id = info.prog_id;
	return fd;
}

/* 1: attached or replaced, 0: was so, -errno; -EINVAL: the kernel has no TCX. */
static int tcx_attach(const char *name, const struct hook *hook, uint32_t ifindex, int program)
{
	uint32_t attached = 0;
	_close_ int fd = tcx_open(name, hook, ifindex, &attached);
	char path[PATH_MAX];

	if (fd >= 0) {
		if (attached == program_id(program))
			return 0;
		return bpf_link_update(fd, program, NULL) ? -errno : 1;
	}
	fd = bpf_link_create(program, ifindex, hook->tcx, NULL);
	if (fd < 0)
		return -errno;
	unlink(path_pin(path, name, hook->link));
	return bpf_obj_pin(fd, path) ? -errno : 1;
}

static int tc_attach(const struct hook *hook, uint32_t ifindex, int program)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, tc, .ifindex = ifindex, .attach_point = hook->tc);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, now, .handle = TC_HANDLE, .priority = TC_PRIORITY);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, wanted, .handle = TC_HANDLE, .priority = TC_PRIORITY,
			    .prog_fd = program, .flags = BPF_TC_F_REPLACE);
	int error;

	if (!bpf_tc_query(&tc, &now) && now.prog_id == program_id(program))
		return 0;
	error = bpf_tc_hook_create(&tc);
	if (error && error != -EEXIST)
		return error;
	error = bpf_tc_attach(&tc, &wanted);
	return error ? error : 1;
}

int attach_has_tcx(void)
{
	uint32_t count = 0, lo = 1; /* lo has this number in every network namespace */
	int error = bpf_prog_query(lo, TCX_INGRESS, 0, NULL, NULL, &count);

	if (error == -EPERM)
		return error;
	return !error || error == -ENOENT;
}

bool attach_adds_clsact(uint32_t ifindex)
{
	/* bpf_tc_query() does not distinguish no qdisc from an empty one */
	return attach_has_tcx() != 1 && nl_tc_clsact(ifindex) == 0;
}

int attach_programs(const char *name, const char *interface, uint32_t ifindex)
{
	int changed = 0;

	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks); i++) {
		char path[PATH_MAX];
		_close_ int program = bpf_obj_get(path_pin(path, name, hooks[i].program));
		int status = program < 0 ? -errno : tcx_attach(name, &hooks[i], ifindex, program);

		if (program >= 0 && status == -EINVAL)
			status = tc_attach(&hooks[i], ifindex, program);
		if (status < 0)
			return caps_fail(status, NEED_NET_ADMIN | NEED_BPF,
					 "nat64-bpf -v load shows more",
					 "%s: cannot attach at TC %s", interface, hooks[i].word);
		changed |= status;
	}
	return changed;
}

/* Number of the program of the filter at our place of a hook, 0: there is none. */
static uint32_t tc_attached(const struct hook *hook, uint32_t ifindex)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, tc, .ifindex = ifindex, .attach_point = hook->tc);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, now, .handle = TC_HANDLE, .priority = TC_PRIORITY);

	return bpf_tc_query(&tc, &now) ? 0 : now.prog_id;
}

static int tc_detach(const struct hook *hook, uint32_t ifindex)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, tc, .ifindex = ifindex, .attach_point = hook->tc);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, opts, .handle = TC_HANDLE, .priority = TC_PRIORITY);

	return bpf_tc_detach(&tc, &opts);
}

/* Removes the qdisc, unless a filter of another is in it. */
static void drop_clsact(uint32_t ifindex)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, both, .ifindex = ifindex,
			    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	if (nl_tc_filters(ifindex) == 0)
		bpf_tc_hook_destroy(&both);
}

/* Does a TCX link hold this program on an interface of that number, which is one of any namespace?
 */
static bool has_link(uint32_t prog_id, uint32_t ifindex)
{
	uint32_t id = 0;

	while (!bpf_link_get_next_id(id, &id)) {
		_close_ int link = bpf_link_get_fd_by_id(id);
		struct tcx_info info = {};
		uint32_t len = sizeof(info);

		if (link >= 0 && !bpf_obj_get_info_by_fd(link, &info, &len) &&
		    info.type == LINK_TYPE_TCX && info.prog_id == prog_id &&
		    info.ifindex == ifindex)
			return true;
	}
	return false;
}

uint32_t attach_index(const char *name)
{
	struct tcx_info info = {};
	uint32_t len = sizeof(info);
	char path[PATH_MAX];
	_close_ int fd = bpf_obj_get(path_pin(path, name, hooks[0].link));

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.ifindex;
}

bool attach_remains(uint32_t ifindex)
{
	uint32_t ids[64];

	if (!ifindex)
		return false;
	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks); i++) {
		uint32_t count = sizeof(ids) / sizeof(*ids);

		if (bpf_prog_query(ifindex, hooks[i].tcx, 0, NULL, ids, &count))
			continue;
		for (uint32_t at = 0; at < count; at++) {
			_close_ int program = bpf_prog_get_fd_by_id(ids[at]);
			struct bpf_prog_info info = {};
			uint32_t len = sizeof(info);

			if (program >= 0 && !bpf_obj_get_info_by_fd(program, &info, &len) &&
			    !strcmp(info.name, hooks[i].program) && has_link(info.id, ifindex))
				return true;
		}
	}
	return false;
}

int attach_leave(uint32_t ifindex, bool clsact_ours)
{
	int error = 0;

	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks); i++)
		if (ifindex && tc_attached(&hooks[i], ifindex))
			error = tc_detach(&hooks[i], ifindex);
	if (clsact_ours && ifindex)
		drop_clsact(ifindex);
	return error;
}

int attach_remove(const char *name, uint32_t ifindex, bool clsact_ours)
{
	int error = 0, left;

	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks); i++) {
		char path[PATH_MAX];
		_close_ int link = bpf_obj_get(path_pin(path, name, hooks[i].link));

		if (link < 0)
			continue;
		bpf_link_detach(link);
		if (unlink(path))
			error = -errno;
	}
	left = attach_leave(ifindex, clsact_ours);
	return error ? error : left;
}

void attach_look(const char *name, uint32_t ifindex, struct attach_look *look)
{
	unsigned int tcx = 0, tc = 0, current = 0;

	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks); i++) {
		char path[PATH_MAX];
		_close_ int program = bpf_obj_get(path_pin(path, name, hooks[i].program));
		uint32_t there = 0;
		_close_ int link = tcx_open(name, &hooks[i], ifindex, &there);

		tcx += link >= 0;
		if (link < 0)
			there = tc_attached(&hooks[i], ifindex);
		tc += link < 0 && there;
		current += there && program >= 0 && there == program_id(program);
	}
	*look = (struct attach_look){ .any = tcx + tc, .current = current == 2 };
	if (tcx == 2)
		look->hook = HOOK_TCX;
	else if (tc == 2)
		look->hook = HOOK_CLSACT;
}

struct attach_saved {
	uint32_t ifindex;
	bool clsact;	 /* the qdisc was there */
	int links[2];	 /* TCX; -1: none */
	int programs[2]; /* what was attached; -1: nothing, or it cannot be had */
	bool filters[2];
};

/* A program by its number. Only CAP_SYS_ADMIN may ask for any, so the pinned one comes first. */
static int open_program(const char *name, const struct hook *hook, uint32_t id)
{
	char path[PATH_MAX];
	int fd = bpf_obj_get(path_pin(path, name, hook->program));

	if (fd >= 0 && program_id(fd) == id)
		return fd;
	if (fd >= 0)
		close(fd);
	return bpf_prog_get_fd_by_id(id);
}

struct attach_saved *attach_save(const char *name, uint32_t ifindex)
{
	struct attach_saved *saved = calloc(1, sizeof(*saved));

	if (!saved)
		return NULL;
	saved->ifindex = ifindex;
	saved->clsact = nl_tc_clsact(ifindex) == 1;
	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks); i++) {
		uint32_t id = 0;

		saved->links[i] = tcx_open(name, &hooks[i], ifindex, &id);
		if (saved->links[i] < 0)
			id = tc_attached(&hooks[i], ifindex);
		saved->filters[i] = saved->links[i] < 0 && id;
		saved->programs[i] = id ? open_program(name, &hooks[i], id) : -1;
	}
	return saved;
}

/* One hook as it was. */
static int restore_hook(const struct attach_saved *saved, size_t i)
{
	int program = saved->programs[i], status = 0;

	if (saved->links[i] >= 0)
		status = bpf_link_update(saved->links[i], program, NULL) ? -errno : 0;
	else if (saved->filters[i])
		status = tc_attach(&hooks[i], saved->ifindex, program);
	else if (tc_attached(&hooks[i], saved->ifindex))
		status = tc_detach(&hooks[i], saved->ifindex);
	return status < 0 ? status : 0;
}

int attach_restore(const struct attach_saved *saved)
{
	int error = 0;

	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks); i++) {
		int status = restore_hook(saved, i);

		if (status)
			error = status;
	}
	if (!saved->clsact && nl_tc_clsact(saved->ifindex) == 1)
		drop_clsact(saved->ifindex);
	return error;
}

void attach_saved_free(struct attach_saved *saved)
{
	for (size_t i = 0; saved && i < sizeof(hooks) / sizeof(*hooks); i++) {
		if (saved->links[i] >= 0)
			close(saved->links[i]);
		if (saved->programs[i] >= 0)
			close(saved->programs[i]);
	}
	free(saved);
}
