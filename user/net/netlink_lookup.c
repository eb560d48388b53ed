/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own decision about a packet that it would forward: rules, VRF, ECMP, blackholes,
 * reverse path filter and forwarding of the interface have their say, as with a packet that came
 * in. No packet is sent. */

#include <errno.h>
#include <linux/rtnetlink.h>

#include "netlink.h"
#include "netlink_req.h"

static int take_way(const struct nlmsghdr *head, void *data)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(head);
	const struct nlattr *attrs[RTA_TABLE + 1];
	struct nl_way *way = data;

	if (head->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(head) < sizeof(*info))
		return MNL_CB_OK;
	nl_attrs(head, sizeof(*info), attrs, RTA_TABLE);
	*way = (struct nl_way){
		.type = info->rtm_type,
		.oif = nl_u32(attrs[RTA_OIF]),
		.table = attrs[RTA_TABLE] ? nl_u32(attrs[RTA_TABLE]) : info->rtm_table,
	};
	return MNL_CB_OK;
}

int nl_way4(uint32_t iif, struct in_addr src, struct in_addr dst, struct nl_way *way)
{
	struct nl_way found = {};
	struct nl_request req;
	struct rtmsg *info = nl_begin(&req, RTM_GETROUTE, 0, sizeof(*info));
	int status;

	*info = (struct rtmsg){
		.rtm_family = AF_INET,
		.rtm_src_len = 32,
		.rtm_dst_len = 32,
		.rtm_flags = RTM_F_LOOKUP_TABLE,
	};
	mnl_attr_put_u32(&req.head, RTA_DST, dst.s_addr);
	mnl_attr_put_u32(&req.head, RTA_SRC, src.s_addr);
	mnl_attr_put_u32(&req.head, RTA_IIF, iif);
	status = nl_talk(NETLINK_ROUTE, &req, take_way, &found);
	if (status)
		return status;
	*way = found;
	return 0;
}
