/* SPDX-License-Identifier: GPL-2.0-only */
/* Links, addresses and neighbours by rtnetlink. */

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "netlink.h"
#include "netlink_req.h"

static int take_link(const struct nlmsghdr *head, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(head);
	const struct nlattr *attrs[IFLA_LINKINFO + 1], *kind[IFLA_INFO_KIND + 1];
	struct nl_link *link = data;

	if (head->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(head) < sizeof(*info))
		return MNL_CB_OK;
	nl_attrs(head, sizeof(*info), attrs, IFLA_LINKINFO);
	nl_nested(attrs[IFLA_LINKINFO], kind, IFLA_INFO_KIND);
	*link = (struct nl_link){
		.index = info->ifi_index,
		.type = info->ifi_type,
		.flags = info->ifi_flags,
		.mtu = nl_u32(attrs[IFLA_MTU]),
		.master = nl_u32(attrs[IFLA_MASTER]),
	};
	strncpy(link->name, nl_text(attrs[IFLA_IFNAME]), sizeof(link->name) - 1);
	strncpy(link->kind, nl_text(kind[IFLA_INFO_KIND]), sizeof(link->kind) - 1);
	return MNL_CB_OK;
}

static int list_link(const struct nlmsghdr *head, void *data)
{
	struct nl_link *link = nl_list_more(data);

	return link ? take_link(head, link) : MNL_CB_ERROR;
}

int nl_links(struct nl_link **links, size_t *count)
{
	struct nl_list list = { .size = sizeof(**links) };
	struct nl_request req;
	int status;

	nl_begin(&req, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	mnl_attr_put_u32(&req.head, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	status = nl_dump(NETLINK_ROUTE, &req, list_link, &list);
	if (status)
		return status;
	*links = list.items;
	*count = list.count;
	return 0;
}

static int link_get(struct nl_request *req, struct nl_link *link)
{
	struct nl_link found = {};
	int status;

	mnl_attr_put_u32(&req->head, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	status = nl_talk(NETLINK_ROUTE, req, take_link, &found);
	if (status)
		return status;
	if (!found.index)
		return -ENODEV;
	*link = found;
	return 0;
}

int nl_link_by_name(const char *name, struct nl_link *link)
{
	struct nl_request req;

	if (!*name || strlen(name) >= IFNAMSIZ)
		return -ENODEV;
	nl_begin(&req, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(&req.head, IFLA_IFNAME, name);
	return link_get(&req, link);
}

int nl_link_by_index(uint32_t index, struct nl_link *link)
{
	struct nl_request req;
	struct ifinfomsg *info = nl_begin(&req, RTM_GETLINK, 0, sizeof(*info));

	if (!index)
		return -ENODEV;
	info->ifi_index = index;
	return link_get(&req, link);
}

static int list_addr(const struct nlmsghdr *head, void *data)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(head);
	const struct nlattr *attrs[IFA_LOCAL + 1];
	const struct nlattr *own;
	struct nl_addr *addr;

	if (head->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(head) < sizeof(*info) ||
	    (info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
		return MNL_CB_OK;
	nl_attrs(head, sizeof(*info), attrs, IFA_LOCAL);
	own = attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS];
	if (!own || mnl_attr_get_payload_len(own) < (info->ifa_family == AF_INET ? 4 : 16))
		return MNL_CB_OK;
	addr = nl_list_more(data);
	if (!addr)
		return MNL_CB_ERROR;
	addr->index = info->ifa_index;
	addr->family = info->ifa_family;
	addr->scope = info->ifa_scope;
	addr->len = info->ifa_prefixlen;
	if (addr->family == AF_INET) {
		addr->addr4 = nl_in(own);
		addr->peer4 = attrs[IFA_ADDRESS] ? nl_in(attrs[IFA_ADDRESS]) : addr->addr4;
	} else {
		memcpy(&addr->addr6, mnl_attr_get_payload(own), sizeof(addr->addr6));
	}
	return MNL_CB_OK;
}

int nl_addrs(struct nl_addr **addrs, size_t *count)
{
	struct nl_list list = { .size = sizeof(**addrs) };
	struct nl_request req;
	int status;

	nl_begin(&req, RTM_GETADDR, 0, sizeof(struct ifaddrmsg));
	status = nl_dump(NETLINK_ROUTE, &req, list_addr, &list);
	if (status)
		return status;
	*addrs = list.items;
	*count = list.count;
	return 0;
}

bool nl_addr4_is(const struct nl_addr *there, uint32_t index, struct in_addr addr)
{
	return there->family == AF_INET && there->index == index && there->len == 32 &&
	       there->addr4.s_addr == addr.s_addr;
}

static int addr4(uint16_t type, uint16_t flags, uint32_t index, struct in_addr addr)
{
	struct nl_request req;
	struct ifaddrmsg *info = nl_begin(&req, type, flags, sizeof(*info));

	*info = (struct ifaddrmsg){
		.ifa_family = AF_INET,
		.ifa_prefixlen = 32,
		.ifa_scope = RT_SCOPE_LINK,
		.ifa_index = index,
	};
	mnl_attr_put_u32(&req.head, IFA_LOCAL, addr.s_addr);
	mnl_attr_put_u32(&req.head, IFA_ADDRESS, addr.s_addr);
	return nl_talk(NETLINK_ROUTE, &req, NULL, NULL);
}

int nl_addr4_add(uint32_t index, struct in_addr addr)
{
	return addr4(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index, addr);
}

int nl_addr4_del(uint32_t index, struct in_addr addr)
{
	return addr4(RTM_DELADDR, 0, index, addr);
}
