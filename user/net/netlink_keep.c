/* SPDX-License-Identifier: GPL-2.0-only */
/* Removing an IPv4 address, and nothing else: with the last one of an interface the kernel takes
 * all IPv4 routes through it away, those of others too. They are put back as they were told. */

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "netlink.h"
#include "netlink_req.h"

struct keep {
	struct nl_list list; /* first: data of the answers; items are struct nl_request */
	uint32_t index;
};

static int keep_route(const struct nlmsghdr *head, void *data)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(head);
	const struct nlattr *attrs[RTA_TABLE + 1];
	struct keep *keep = data;
	struct nl_request *route;

	if (head->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(head) < sizeof(*info) ||
	    info->rtm_flags & RTM_F_CLONED || info->rtm_protocol == NAT64_RTPROT ||
	    info->rtm_protocol == RTPROT_KERNEL || head->nlmsg_len > sizeof(*route))
		return MNL_CB_OK;
	nl_attrs(head, sizeof(*info), attrs, RTA_TABLE);
	if (nl_u32(attrs[RTA_OIF]) != keep->index)
		return MNL_CB_OK;
	route = nl_list_more(&keep->list);
	if (!route)
		return MNL_CB_ERROR;
	memcpy(route, head, head->nlmsg_len);
	return MNL_CB_OK;
}

static bool has_gateway(const struct nl_request *route)
{
	const struct nlattr *attrs[RTA_VIA + 1];

	nl_attrs(&route->head, sizeof(struct rtmsg), attrs, RTA_VIA);
	return attrs[RTA_GATEWAY] || attrs[RTA_VIA];
}

/* One that is still there, or whose source was the address, is not put back. */
static int put_back(struct nl_request *route)
{
	struct rtmsg *info = mnl_nlmsg_get_payload(&route->head);
	int status;

	route->head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
	info->rtm_flags &= RTNH_F_ONLINK;
	status = nl_talk(NETLINK_ROUTE, route, NULL, NULL);
	return status == -EEXIST || status == -EINVAL ? 0 : status;
}

int nl_addr4_take(uint32_t index, struct in_addr addr)
{
	struct keep keep = { .list.size = sizeof(struct nl_request), .index = index };
	struct nl_request req, *routes;
	struct rtmsg *info = nl_begin(&req, RTM_GETROUTE, 0, sizeof(*info));
	int status;

	info->rtm_family = AF_INET;
	status = nl_dump(NETLINK_ROUTE, &req, keep_route, &keep.list);
	if (status)
		return status;
	routes = keep.list.items;
	status = nl_addr4_del(index, addr);
	for (int gateways = 0; gateways < 2;
	     gateways++) /* a gateway is reached by a route without one */
		for (size_t i = 0; i < keep.list.count && !status; i++)
			if (has_gateway(&routes[i]) == gateways)
				status = put_back(&routes[i]);
	free(routes);
	return status;
}
