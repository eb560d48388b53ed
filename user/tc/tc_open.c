/* SPDX-License-Identifier: GPL-2.0-only */
#include "tc_open.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "nat64_tc.skel.h"
#include "nat64_tc_6_1.skel.h"

/* Linux before 6.2? It has no bpf_cast_to_kern_ctx(). */
static bool is_before_6_2(void)
{
	unsigned int major, minor;
	struct utsname name;

	return !uname(&name) && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	       (major < 6 || (major == 6 && minor < 2));
}

const void *tc_object(size_t *len)
{
	return is_before_6_2() ? nat64_tc_6_1__elf_bytes(len) : nat64_tc__elf_bytes(len);
}

/* Both objects have the same maps and programs, so that the skeleton of one serves for both. */
struct nat64_tc *tc_open(uint32_t link_hlen)
{
	struct nat64_tc *tc = calloc(1, sizeof(*tc));
	int error;

	if (!tc)
		return NULL;
	error = nat64_tc__create_skeleton(tc);
	if (!error) {
		tc->skeleton->data = (void *)tc_object(&tc->skeleton->data_sz);
		error = bpf_object__open_skeleton(tc->skeleton, NULL);
	}
	if (error) {
		nat64_tc__destroy(tc);
		errno = -error;
		return NULL;
	}
	tc->rodata->nat64_link_hlen = link_hlen;
	return tc;
}
