/* SPDX-License-Identifier: GPL-2.0-only */
/* Routes by rtnetlink: all of the host's, and the pool's own. */

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "netlink.h"
#include "netlink_req.h"

/* Next hops of a multipath route: does one go through a gateway? */
static bool any_gateway(const struct nlattr *multipath)
{
	const struct rtnexthop *hop;
	int left;

	if (!multipath)
		return false;
	hop = mnl_attr_get_payload(multipath);
	left = mnl_attr_get_payload_len(multipath);
	/* RTNH_OK() reads the length first */
	for (; left >= (int)sizeof(*hop) && RTNH_OK(hop, left);
	     left -= RTNH_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop)) {
		const struct nlattr *attr = (const struct nlattr *)RTNH_DATA(hop);
		int rest = hop->rtnh_len - sizeof(*hop);

		for (; mnl_attr_ok(attr, rest);
		     rest -= MNL_ALIGN(attr->nla_len), attr = mnl_attr_next(attr)) {
			if (mnl_attr_get_type(attr) == RTA_GATEWAY ||
			    mnl_attr_get_type(attr) == RTA_VIA)
				return true;
		}
	}
	return false;
}

static int list_route(const struct nlmsghdr *head, void *data)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(head);
	const struct nlattr *attrs[RTA_VIA + 1], *metrics[RTAX_MTU + 1];
	struct nl_route *route;

	if (head->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(head) < sizeof(*info) ||
	    info->rtm_flags & RTM_F_CLONED)
		return MNL_CB_OK;
	nl_attrs(head, sizeof(*info), attrs, RTA_VIA);
	nl_nested(attrs[RTA_METRICS], metrics, RTAX_MTU);
	route = nl_list_more(data);
	if (!route)
		return MNL_CB_ERROR;
	*route = (struct nl_route){
		.family = info->rtm_family,
		.len = info->rtm_dst_len,
		.protocol = info->rtm_protocol,
		.type = info->rtm_type,
		.scope = info->rtm_scope,
		.table = attrs[RTA_TABLE] ? nl_u32(attrs[RTA_TABLE]) : info->rtm_table,
		.oif = nl_u32(attrs[RTA_OIF]),
		.metric = nl_u32(attrs[RTA_PRIORITY]),
		.mtu = nl_u32(metrics[RTAX_MTU]),
		.gateway = attrs[RTA_GATEWAY] || attrs[RTA_VIA] ||
			   any_gateway(attrs[RTA_MULTIPATH]),
	};
	if (info->rtm_family == AF_INET) {
		route->dst4 = nl_in(attrs[RTA_DST]);
		route->src4 = nl_in(attrs[RTA_PREFSRC]);
		route->via4 = nl_in(attrs[RTA_GATEWAY]);
	} else {
		nl_bytes(attrs[RTA_DST], &route->dst6, sizeof(route->dst6));
	}
	return MNL_CB_OK;
}

int nl_routes(uint8_t family, struct nl_route **routes, size_t *count)
{
	struct nl_list list = { .size = sizeof(**routes) };
	struct nl_request req;
	struct rtmsg *info = nl_begin(&req, RTM_GETROUTE, 0, sizeof(*info));
	int status;

	info->rtm_family = family;
	status = nl_dump(NETLINK_ROUTE, &req, list_route, &list);
	if (status)
		return status;
	*routes = list.items;
	*count = list.count;
	return 0;
}

bool nl_route4_at(const struct nl_route *there, const struct net4 *dst)
{
	return there->table == RT_TABLE_MAIN && !there->metric && there->protocol == NAT64_RTPROT &&
	       there->len == dst->len && there->dst4.s_addr == dst->addr.s_addr;
}

bool nl_route4_is(const struct nl_route *there, const struct pool_route *wanted)
{
	return nl_route4_at(there, &wanted->dst) && there->type == RTN_UNICAST &&
	       there->oif == wanted->index && there->mtu == wanted->mtu &&
	       there->src4.s_addr == wanted->src.s_addr && there->via4.s_addr == wanted->via.s_addr;
}

struct pool_route nl_route4_copy(const struct nl_route *there)
{
	return (struct pool_route){
		.dst = { there->dst4, there->len },
		.index = there->oif,
		.mtu = there->mtu,
		.src = there->src4,
		.via = there->via4,
	};
}

static void begin_route(struct nl_request *req, uint16_t type, uint16_t flags,
			const struct pool_route *route)
{
	struct rtmsg *info = nl_begin(req, type, flags, sizeof(*info));
	bool via = route->via.s_addr;

	*info = (struct rtmsg){
		.rtm_family = AF_INET,
		.rtm_dst_len = route->dst.len,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = NAT64_RTPROT,
		.rtm_scope = via ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
		.rtm_type = RTN_UNICAST,
		.rtm_flags = via ? RTNH_F_ONLINK : 0,
	};
	mnl_attr_put_u32(&req->head, RTA_DST, route->dst.addr.s_addr);
	mnl_attr_put_u32(&req->head, RTA_OIF, route->index);
	if (via)
		mnl_attr_put_u32(&req->head, RTA_GATEWAY, route->via.s_addr);
}

int nl_route4_set(const struct pool_route *route, bool replace)
{
	struct nl_request req;
	struct nlattr *nest;

	/* NLM_F_REPLACE would take another's route away */
	begin_route(&req, RTM_NEWROUTE, NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL),
		    route);
	if (route->src.s_addr)
		mnl_attr_put_u32(&req.head, RTA_PREFSRC, route->src.s_addr);
	nest = mnl_attr_nest_start(&req.head, RTA_METRICS);
	if (route->mtu)
		mnl_attr_put_u32(&req.head, RTAX_MTU, route->mtu);
	mnl_attr_nest_end(&req.head, nest);
	return nl_talk(NETLINK_ROUTE, &req, NULL, NULL);
}

/* Without mtu, src, next hop and scope: a route of ours that was made with others goes as well. */
int nl_route4_del(const struct pool_route *route)
{
	struct pool_route any = { .dst = route->dst, .index = route->index };
	struct nl_request req;
	struct rtmsg *info;

	begin_route(&req, RTM_DELROUTE, 0, &any);
	info = mnl_nlmsg_get_payload(&req.head);
	info->rtm_scope = RT_SCOPE_NOWHERE;
	return nl_talk(NETLINK_ROUTE, &req, NULL, NULL);
}
