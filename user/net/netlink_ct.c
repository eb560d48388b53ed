/* SPDX-License-Identifier: GPL-2.0-only */
/* Conntrack entries by ctnetlink: those of a client must not outlive its address. */

#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>
#include <string.h>

#include "netlink.h"
#include "netlink_req.h"

#define TUPLE_ROOM 96 /* bytes: an IPv4 tuple as the kernel writes it has at most 60 */

struct entry {
	uint32_t id; /* as on the wire; together with the tuple it names this entry and no later one
		      */
	uint16_t zone; /* as on the wire */
	bool has_zone;
	uint16_t tuple_len;
	char tuple[TUPLE_ROOM];
};

struct search {
	struct nl_list list; /* of struct entry; first, as nl_dump() hands out its address */
	bool (*wanted)(struct in_addr addr, const void *data);
	const void *data;
	bool un_nated; /* only what `wanted` hosts sent elsewhere without source NAT */
};

/* Source of a tuple: the sender in that direction. */
static struct in_addr sender(const struct nlattr *attr)
{
	const struct nlattr *tuple[CTA_TUPLE_ZONE + 1], *ip[CTA_IP_V4_DST + 1];

	nl_nested(attr, tuple, CTA_TUPLE_ZONE);
	nl_nested(tuple[CTA_TUPLE_IP], ip, CTA_IP_V4_DST);
	return nl_in(ip[CTA_IP_V4_SRC]);
}

static bool is_wanted(const struct search *search, const struct nlattr *const *attrs)
{
	bool asks = search->wanted(sender(attrs[CTA_TUPLE_ORIG]), search->data);
	/* what began outside, with guard = off: the client is the one that replies */
	bool replies = search->wanted(sender(attrs[CTA_TUPLE_REPLY]), search->data);

	if (!search->un_nated)
		return asks || replies;
	return asks && !replies && !(ntohl(nl_u32(attrs[CTA_STATUS])) & IPS_SRC_NAT);
}

static int list_entry(const struct nlmsghdr *head, void *data)
{
	const struct search *search = data;
	const struct nlattr *attrs[CTA_ZONE + 1];
	struct entry *entry;

	if (mnl_nlmsg_get_payload_len(head) < sizeof(struct nfgenmsg))
		return MNL_CB_OK;
	nl_attrs(head, sizeof(struct nfgenmsg), attrs, CTA_ZONE);
	if (!attrs[CTA_TUPLE_ORIG] ||
	    mnl_attr_get_payload_len(attrs[CTA_TUPLE_ORIG]) > TUPLE_ROOM ||
	    !is_wanted(search, attrs))
		return MNL_CB_OK;
	entry = nl_list_more(data);
	if (!entry)
		return MNL_CB_ERROR;
	entry->id = nl_u32(attrs[CTA_ID]);
	entry->tuple_len = mnl_attr_get_payload_len(attrs[CTA_TUPLE_ORIG]);
	memcpy(entry->tuple, mnl_attr_get_payload(attrs[CTA_TUPLE_ORIG]), entry->tuple_len);
	entry->has_zone = nl_bytes(attrs[CTA_ZONE], &entry->zone, sizeof(entry->zone));
	return MNL_CB_OK;
}

static void begin_ct(struct nl_request *req, uint8_t message, uint16_t flags)
{
	struct nfgenmsg *info = nl_begin(req, NFNL_SUBSYS_CTNETLINK << 8 | message, flags,
					 sizeof(*info));

	info->nfgen_family = AF_INET;
	info->version = NFNETLINK_V0;
}

/* No such protocol or subsystem: the module is not there, nothing is tracked that we could see. */
static bool is_untracked(int status)
{
	return status == -EPROTONOSUPPORT || status == -EINVAL || status == -EOPNOTSUPP ||
	       status == -ENOENT;
}

static int delete_entry(const struct entry *entry)
{
	struct nl_request req;

	begin_ct(&req, IPCTNL_MSG_CT_DELETE, 0);
	mnl_attr_put(&req.head, CTA_TUPLE_ORIG | NLA_F_NESTED, entry->tuple_len, entry->tuple);
	if (entry->has_zone)
		mnl_attr_put_u16(&req.head, CTA_ZONE, entry->zone);
	mnl_attr_put_u32(&req.head, CTA_ID, entry->id);
	return nl_talk(NETLINK_NETFILTER, &req, NULL, NULL);
}

static int delete_found(struct search *search)
{
	const struct entry *entries;
	struct nl_request req;
	int deleted = 0;
	int status;

	begin_ct(&req, IPCTNL_MSG_CT_GET, 0);
	status = nl_dump(NETLINK_NETFILTER, &req, list_entry, &search->list);
	if (is_untracked(status))
		return 0;
	if (status)
		return status;
	entries = search->list.items;
	for (size_t i = 0; i < search->list.count && !status; i++) {
		status = delete_entry(&entries[i]);
		if (!status)
			deleted++;
		else if (status == -ENOENT) /* it timed out meanwhile */
			status = 0;
	}
	free(search->list.items);
	return status ? status : deleted;
}

struct offloaded {
	struct nl_list list; /* of nothing: nl_dump() wants one */
	const struct net4 *net;
	int count;
};

static int count_offloaded(const struct nlmsghdr *head, void *data)
{
	struct offloaded *offloaded = data;
	const struct nlattr *attrs[CTA_STATUS + 1];

	if (mnl_nlmsg_get_payload_len(head) < sizeof(struct nfgenmsg))
		return MNL_CB_OK;
	nl_attrs(head, sizeof(struct nfgenmsg), attrs, CTA_STATUS);
	if (net4_has(offloaded->net, sender(attrs[CTA_TUPLE_ORIG])) &&
	    ntohl(nl_u32(attrs[CTA_STATUS])) & IPS_OFFLOAD)
		offloaded->count++;
	return MNL_CB_OK;
}

int nl_conntrack_offloaded(const struct net4 *net)
{
	struct offloaded offloaded = { .list.size = 1, .net = net };
	struct nl_request req;
	int status;

	begin_ct(&req, IPCTNL_MSG_CT_GET, 0);
	status = nl_dump(NETLINK_NETFILTER, &req, count_offloaded, &offloaded.list);
	if (is_untracked(status))
		return 0;
	return status ? status : offloaded.count;
}

int nl_conntrack_delete_if(bool (*wanted)(struct in_addr addr, const void *data), const void *data)
{
	struct search search = { .list.size = sizeof(struct entry),
				 .wanted = wanted,
				 .data = data };

	return delete_found(&search);
}

int nl_conntrack_delete_un_nated(bool (*wanted)(struct in_addr addr, const void *data),
				 const void *data)
{
	struct search search = {
		.list.size = sizeof(struct entry), .wanted = wanted, .data = data, .un_nated = true
	};

	return delete_found(&search);
}
