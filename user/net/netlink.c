/* SPDX-License-Identifier: GPL-2.0-only */
/* One netlink request and its replies: socket, acknowledgement, dump, the kernel's message on
 * failure. */

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "netlink.h"
#include "netlink_req.h"

#define ANSWER_ROOM    (64 * 1024) /* bytes: the kernel fills dumps up to 32 KB a datagram */
#define DUMP_TRIES     8	   /* a table that changes during each of them is given up */
#define ERRNO_MAX      4095	   /* the kernel's own bound */
#define ANSWER_LIMIT_S 5	   /* the kernel answers at once; never hang */

static _Thread_local char fault[160];

const char *nl_fault(void)
{
	return fault;
}

void *nl_begin(struct nl_request *req, uint16_t type, uint16_t flags, size_t size)
{
	memset(req, 0, sizeof(*req));
	mnl_nlmsg_put_header(req);
	req->head.nlmsg_type = type;
	req->head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	return mnl_nlmsg_put_extra_header(&req->head, size);
}

void nl_attrs(const struct nlmsghdr *head, size_t size, const struct nlattr **attrs, uint16_t max)
{
	const struct nlattr *attr;

	memset(attrs, 0, (max + 1u) * sizeof(*attrs));
	mnl_attr_for_each(attr, head, size)
	{
		if (mnl_attr_get_type(attr) <= max)
			attrs[mnl_attr_get_type(attr)] = attr;
	}
}

void nl_nested(const struct nlattr *nest, const struct nlattr **attrs, uint16_t max)
{
	const struct nlattr *attr;

	memset(attrs, 0, (max + 1u) * sizeof(*attrs));
	if (!nest)
		return;
	mnl_attr_for_each_nested(attr, nest)
	{
		if (mnl_attr_get_type(attr) <= max)
			attrs[mnl_attr_get_type(attr)] = attr;
	}
}

bool nl_bytes(const struct nlattr *attr, void *out, size_t size)
{
	if (!attr || mnl_attr_get_payload_len(attr) < size)
		return false;
	memcpy(out, mnl_attr_get_payload(attr), size);
	return true;
}

uint32_t nl_u32(const struct nlattr *attr)
{
	uint32_t value = 0;

	nl_bytes(attr, &value, sizeof(value));
	return value;
}

struct in_addr nl_in(const struct nlattr *attr)
{
	struct in_addr addr = {};

	nl_bytes(attr, &addr, sizeof(addr));
	return addr;
}

const char *nl_text(const struct nlattr *attr)
{
	return attr && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0 ? mnl_attr_get_str(attr) :
									   "";
}

void *nl_list_more(struct nl_list *list)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 32;
		void *items = reallocarray(list->items, room, list->size);

		if (!items)
			return NULL;
		list->items = items;
		list->room = room;
	}
	return memset((char *)list->items + list->size * list->count++, 0, list->size);
}

/* The end of a reply, by the negated errno it carries. */
static int read_end(int error)
{
	if (!error)
		return MNL_CB_STOP;
	errno = error < 0 && error >= -ERRNO_MAX ? -error : EBADMSG;
	return MNL_CB_ERROR;
}

/* The acknowledgement: the error number, and the kernel's sentence if it has one (NETLINK_EXT_ACK).
 */
static int read_ack(const struct nlmsghdr *head, void *data)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(head);
	size_t skip = sizeof(*err);
	const struct nlattr *attrs[NLMSGERR_ATTR_MSG + 1];

	if (head->nlmsg_len < mnl_nlmsg_size(sizeof(*err))) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	if (head->nlmsg_flags & NLM_F_ACK_TLVS) {
		if (!(head->nlmsg_flags & NLM_F_CAPPED))
			skip += err->msg.nlmsg_len - sizeof(err->msg);
		if (mnl_nlmsg_size(skip) <= head->nlmsg_len) {
			nl_attrs(head, skip, attrs, NLMSGERR_ATTR_MSG);
			if (err->error)
				strncpy(fault, nl_text(attrs[NLMSGERR_ATTR_MSG]),
					sizeof(fault) - 1);
		}
	}
	return read_end(err->error);
}

/* The end of a dump carries its errno. */
static int read_done(const struct nlmsghdr *head, void *data)
{
	int status = 0;

	if (mnl_nlmsg_get_payload_len(head) >= sizeof(status))
		memcpy(&status, mnl_nlmsg_get_payload(head), sizeof(status));
	return read_end(status < 0 ? status : 0);
}

static struct mnl_socket *open_socket(int bus)
{
	const struct timeval limit = { .tv_sec = ANSWER_LIMIT_S };
	struct mnl_socket *sock = mnl_socket_open2(bus, SOCK_CLOEXEC);
	int on = 1;

	if (!sock)
		return NULL;
	/* All kernels in range (5.15 and later) have these; without them only words would be
	 * missing. */
	mnl_socket_setsockopt(sock, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(sock, NETLINK_CAP_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(sock, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	if (setsockopt(mnl_socket_get_fd(sock), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID)) {
		int saved = errno;

		mnl_socket_close(sock);
		errno = saved;
		return NULL;
	}
	return sock;
}

int nl_talk(int bus, struct nl_request *req, mnl_cb_t answer, void *data)
{
	static mnl_cb_t control[] = { [NLMSG_ERROR] = read_ack, [NLMSG_DONE] = read_done };
	struct mnl_socket *sock = open_socket(bus);
	char *room = malloc(ANSWER_ROOM);
	unsigned int port;
	ssize_t got;
	int left = sock && room ? MNL_CB_OK : MNL_CB_ERROR;
	int status;

	fault[0] = '\0';
	req->head.nlmsg_seq = 1; /* the socket is used once */
	if (left == MNL_CB_OK && mnl_socket_sendto(sock, req, req->head.nlmsg_len) < 0)
		left = MNL_CB_ERROR;
	port = sock ? mnl_socket_get_portid(sock) : 0;
	while (left == MNL_CB_OK) {
		got = mnl_socket_recvfrom(sock, room, ANSWER_ROOM);
		left = got < 0 ? MNL_CB_ERROR :
				 mnl_cb_run2(room, got, 1, port, answer, data, control,
					     MNL_ARRAY_SIZE(control));
	}
	status = left == MNL_CB_ERROR ? -errno : 0;
	if (status == -EAGAIN)
		status = -ETIMEDOUT;
	free(room);
	if (sock)
		mnl_socket_close(sock);
	return status;
}

int nl_dump(int bus, struct nl_request *req, mnl_cb_t answer, struct nl_list *list)
{
	int status = -EINTR;

	req->head.nlmsg_flags = NLM_F_REQUEST |
				NLM_F_DUMP; /* ends by NLMSG_DONE, not by NLM_F_ACK */
	for (int i = 0; i < DUMP_TRIES && status == -EINTR; i++) {
		list->count = 0;
		status = nl_talk(bus, req, answer, list); /* -EINTR: NLM_F_DUMP_INTR */
	}
	if (status) {
		free(list->items);
		*list = (struct nl_list){ .size = list->size };
	}
	return status;
}
