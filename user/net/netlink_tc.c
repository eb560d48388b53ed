/* SPDX-License-Identifier: GPL-2.0-only */
/* The clsact qdisc of an interface and its filters by rtnetlink: is it there, and do filters of
 * other programs hang on it? */
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "netlink.h"
#include "netlink_req.h"

static int list_tc(const struct nlmsghdr *head, void *data)
{
	struct tcmsg *tc;

	if (mnl_nlmsg_get_payload_len(head) < sizeof(*tc))
		return MNL_CB_OK;
	tc = nl_list_more(data);
	if (!tc)
		return MNL_CB_ERROR;
	*tc = *(const struct tcmsg *)mnl_nlmsg_get_payload(head);
	return MNL_CB_OK;
}

/* Qdiscs of all interfaces, or the filters at `parent` of one. 0 or -errno. */
static int tc_dump(uint16_t type, uint32_t index, uint32_t parent, struct nl_list *list)
{
	struct nl_request req;
	struct tcmsg *tc = nl_begin(&req, type, 0, sizeof(*tc));

	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = index;
	tc->tcm_parent = parent;
	list->size = sizeof(*tc);
	return nl_dump(NETLINK_ROUTE, &req, list_tc, list);
}

int nl_tc_clsact(uint32_t index)
{
	struct nl_list list = {};
	const struct tcmsg *tc;
	int status = tc_dump(RTM_GETQDISC, 0, 0, &list);

	tc = list.items;
	for (size_t i = 0; i < list.count; i++)
		status |= tc[i].tcm_ifindex == (int)index && tc[i].tcm_parent == TC_H_CLSACT;
	free(list.items);
	return status;
}

static int count_at(uint32_t index, uint32_t min)
{
	struct nl_list list = {};
	int status = tc_dump(RTM_GETTFILTER, index, TC_H_MAKE(TC_H_CLSACT, min), &list);

	free(list.items);
	return status ? status : (int)list.count;
}

int nl_tc_filters(uint32_t index)
{
	int in = count_at(index, TC_H_MIN_INGRESS),
	    out = in < 0 ? in : count_at(index, TC_H_MIN_EGRESS);

	return out < 0 ? out : in + out;
}
