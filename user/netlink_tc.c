/* SPDX-License-Identifier: GPL-2.0-only */
/* Filters of a clsact qdisc by rtnetlink: does somebody else still use it? */
#include <libmnl/libmnl.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <errno.h>
#include <time.h>

#include "netlink.h"

static int count_one(const struct nlmsghdr *header, void *data)
{
	if (header->nlmsg_type == RTM_NEWTFILTER)
		++*(int *)data;
	return MNL_CB_OK;
}

static int count_at(struct mnl_socket *socket, uint32_t index, uint32_t parent)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buf);
	struct tcmsg *tc;
	int found = 0, status = 1;
	ssize_t len;

	header->nlmsg_type = RTM_GETTFILTER;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header->nlmsg_seq = time(NULL);
	tc = mnl_nlmsg_put_extra_header(header, sizeof(*tc));
	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = index;
	tc->tcm_parent = parent;
	if (mnl_socket_sendto(socket, header, header->nlmsg_len) < 0)
		return -errno;
	while (status > 0) {
		len = mnl_socket_recvfrom(socket, buf, sizeof(buf));
		if (len < 0)
			return -errno;
		status = mnl_cb_run(buf, len, header->nlmsg_seq, mnl_socket_get_portid(socket), count_one, &found);
	}
	return status < 0 ? -errno : found;
}

int nl_tc_filters(uint32_t index)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int in, out;

	if (!socket)
		return -errno;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(socket);
		return -EIO;
	}
	in = count_at(socket, index, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS));
	out = in < 0 ? in : count_at(socket, index, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS));
	mnl_socket_close(socket);
	return out < 0 ? out : in + out;
}
