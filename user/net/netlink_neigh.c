/* SPDX-License-Identifier: GPL-2.0-only */
/* One IPv4 neighbour by rtnetlink. */

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "netlink.h"
#include "netlink_req.h"

#define LLADDR_LEN 6 /* bytes, Ethernet */

static void begin_neigh(struct nl_request *req, uint16_t type, uint16_t flags, uint32_t index,
			struct in_addr addr)
{
	struct ndmsg *info = nl_begin(req, type, flags, sizeof(*info));

	info->ndm_family = AF_INET;
	info->ndm_ifindex = index;
	mnl_attr_put_u32(&req->head, NDA_DST, addr.s_addr);
}

static int take_neigh(const struct nlmsghdr *head, void *data)
{
	const struct ndmsg *info = mnl_nlmsg_get_payload(head);
	const struct nlattr *attrs[NDA_PROTOCOL + 1];
	struct nl_neigh *neigh = data;
	uint8_t protocol;

	if (head->nlmsg_type != RTM_NEWNEIGH || mnl_nlmsg_get_payload_len(head) < sizeof(*info))
		return MNL_CB_OK;
	nl_attrs(head, sizeof(*info), attrs, NDA_PROTOCOL);
	neigh->permanent = info->ndm_state & NUD_PERMANENT;
	neigh->ours = nl_bytes(attrs[NDA_PROTOCOL], &protocol, 1) && protocol == NAT64_RTPROT;
	nl_bytes(attrs[NDA_LLADDR], neigh->lladdr, LLADDR_LEN);
	return MNL_CB_OK;
}

int nl_neigh4_get(uint32_t index, struct in_addr addr, struct nl_neigh *neigh)
{
	struct nl_neigh there = {};
	struct nl_request req;
	int status;

	begin_neigh(&req, RTM_GETNEIGH, 0, index, addr);
	status = nl_talk(NETLINK_ROUTE, &req, take_neigh, &there);
	if (!status)
		*neigh = there;
	return status;
}

bool nl_neigh4_is(const struct nl_neigh *there, const uint8_t lladdr[6])
{
	return there->permanent && there->ours && !memcmp(there->lladdr, lladdr, LLADDR_LEN);
}

int nl_neigh4_set(uint32_t index, struct in_addr addr, const struct nl_neigh *neigh)
{
	struct nl_request req;

	begin_neigh(&req, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, index, addr);
	((struct ndmsg *)mnl_nlmsg_get_payload(&req.head))->ndm_state = neigh->permanent ?
										NUD_PERMANENT :
										NUD_STALE;
	mnl_attr_put(&req.head, NDA_LLADDR, LLADDR_LEN, neigh->lladdr);
	if (neigh->ours)
		mnl_attr_put_u8(&req.head, NDA_PROTOCOL, NAT64_RTPROT);
	return nl_talk(NETLINK_ROUTE, &req, NULL, NULL);
}

int nl_neigh4_del(uint32_t index, struct in_addr addr)
{
	struct nl_request req;

	begin_neigh(&req, RTM_DELNEIGH, 0, index, addr);
	return nl_talk(NETLINK_ROUTE, &req, NULL, NULL);
}
