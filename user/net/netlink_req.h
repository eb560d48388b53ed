/* SPDX-License-Identifier: GPL-2.0-only */
/* What the netlink_*.c files share: one request and its answers, growing lists, attributes. */
#pragma once

#include <libmnl/libmnl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#define NL_REQUEST_LEN 512 /* bytes: more than any request of ours */

struct nl_request {
	union {
		struct nlmsghdr head;
		char room[NL_REQUEST_LEN];
	};
};

/* Begins a request that asks for an acknowledgement; returns its family header of SIZE bytes,
 * zeroed. */
void *nl_begin(struct nl_request *req, uint16_t type, uint16_t flags, size_t size);

/* Sends it on a fresh socket of the bus (NETLINK_ROUTE ...) and reads the answers: each goes to
 * `answer` (may be NULL). 0 or -errno; nl_fault() then has the kernel's words. */
int nl_talk(int bus, struct nl_request *req, mnl_cb_t answer, void *data);

/* Growing array of items of `size` bytes. */
struct nl_list {
	void *items;
	size_t count, room, size;
};

/* A zeroed new item at the end; NULL: no memory (errno is ENOMEM). */
void *nl_list_more(struct nl_list *list);

/* A dump whose answers `answer` puts into the list, given as its data. Begun anew, a few times at
 * most, when the kernel says that the table changed meanwhile. On failure the list is freed. */
int nl_dump(int bus, struct nl_request *req, mnl_cb_t answer, struct nl_list *list);

/* Attributes by type, at most MAX; later ones win. From the message behind a family header of SIZE
 * bytes, or from a nested attribute. */
void nl_attrs(const struct nlmsghdr *head, size_t size, const struct nlattr **attrs, uint16_t max);
void nl_nested(const struct nlattr *nest, const struct nlattr **attrs, uint16_t max);

/* The first SIZE bytes of an attribute. false: it is missing or shorter, and `out` untouched. */
bool nl_bytes(const struct nlattr *attr, void *out, size_t size);

uint32_t nl_u32(const struct nlattr *attr); /* 0 without the attribute, or if it is too short */
struct in_addr nl_in(const struct nlattr *attr); /* the same */
const char *nl_text(const struct nlattr *attr);	 /* "" without it, or if its text does not end */
