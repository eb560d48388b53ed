/* SPDX-License-Identifier: GPL-2.0-only */
/* Notifications of links, addresses, routes and nftables for a resident helper. */

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink.h"
#include "netlink_req.h"

#define MONITOR_ROOM  (32 * 1024)   /* bytes of one datagram */
#define MONITOR_QUEUE (1024 * 1024) /* bytes that the kernel may queue for us */
#define MONITOR_READS 256	    /* datagrams a call, so that a flood does not hold the caller */

struct nl_monitor {
	unsigned int watch;
	size_t count;
	struct mnl_socket
		*sock[2];      /* NETLINK_ROUTE, NETLINK_NETFILTER; those wanted, in this order */
	const char *own_table; /* of the read under way */
	unsigned int heard;    /* bits of the read under way */
};

static int add_socket(struct nl_monitor *monitor, int bus, const uint32_t *groups, size_t count)
{
	struct mnl_socket *sock = mnl_socket_open2(bus, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int queue = MONITOR_QUEUE;

	if (!sock)
		return -errno;
	monitor->sock[monitor->count++] = sock;
	setsockopt(mnl_socket_get_fd(sock), SOL_SOCKET, SO_RCVBUFFORCE, &queue, sizeof(queue));
	if (mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID))
		return -errno;
	for (size_t i = 0; i < count; i++) {
		if (mnl_socket_setsockopt(sock, NETLINK_ADD_MEMBERSHIP, (void *)&groups[i],
					  sizeof(groups[i])))
			return -errno;
	}
	return 0;
}

int nl_monitor_open(unsigned int watch, struct nl_monitor **monitor)
{
	static const uint32_t nft[] = { NFNLGRP_NFTABLES };
	struct nl_monitor *new = calloc(1, sizeof(*new));
	uint32_t groups[6];
	size_t count = 0;
	int status = 0;

	if (!new)
		return -ENOMEM;
	new->watch = watch;
	if (watch & NL_WATCH_LINKS)
		groups[count++] = RTNLGRP_LINK;
	if (watch & NL_WATCH_ADDRS) {
		groups[count++] = RTNLGRP_IPV4_IFADDR;
		groups[count++] = RTNLGRP_IPV6_IFADDR;
	}
	if (watch & NL_WATCH_ROUTES) {
		groups[count++] = RTNLGRP_IPV4_ROUTE;
		groups[count++] = RTNLGRP_IPV6_ROUTE;
	}
	if (watch & NL_WATCH_CONF)
		groups[count++] = RTNLGRP_IPV4_NETCONF;
	if (count)
		status = add_socket(new, NETLINK_ROUTE, groups, count);
	if (!status && watch & NL_WATCH_NFT)
		status = add_socket(new, NETLINK_NETFILTER, nft, 1);
	if (status) {
		nl_monitor_close(new);
		return status;
	}
	*monitor = new;
	return 0;
}

int nl_monitor_fd(const struct nl_monitor *monitor, unsigned int i)
{
	return i < monitor->count ? mnl_socket_get_fd(monitor->sock[i]) : -1;
}

/* Of a message of nftables: does it delete something? */
static bool nft_deletes(uint8_t message)
{
	switch (message) {
	case NFT_MSG_DELTABLE:
	case NFT_MSG_DELCHAIN:
	case NFT_MSG_DELRULE:
	case NFT_MSG_DELSET:
	case NFT_MSG_DELSETELEM:
	case NFT_MSG_DELOBJ:
	case NFT_MSG_DELFLOWTABLE:
		return true;
	}
	return false;
}

static unsigned int watch_hear_nft(const struct nl_monitor *monitor, const struct nlmsghdr *head)
{
	const struct nlattr *attrs[NFTA_TABLE_NAME + 1];
	uint8_t message = head->nlmsg_type & 0xff;

	/* A new generation follows each transaction and says nothing of its own; trace is no
	 * change. */
	if (head->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || message == NFT_MSG_NEWGEN ||
	    message == NFT_MSG_TRACE || mnl_nlmsg_get_payload_len(head) < sizeof(struct nfgenmsg))
		return 0;
	/* Attribute 1 of each other message is the name of the table. */
	nl_attrs(head, sizeof(struct nfgenmsg), attrs, NFTA_TABLE_NAME);
	if (!monitor->own_table || !attrs[NFTA_TABLE_NAME] || nft_deletes(message) ||
	    strcmp(nl_text(attrs[NFTA_TABLE_NAME]), monitor->own_table))
		return NL_WATCH_NFT;
	return 0;
}

static int watch_hear(const struct nlmsghdr *head, void *data)
{
	struct nl_monitor *monitor = data;

	switch (head->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		monitor->heard |= NL_WATCH_LINKS;
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		monitor->heard |= NL_WATCH_ADDRS;
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		monitor->heard |= NL_WATCH_ROUTES;
		break;
	case RTM_NEWNETCONF:
	case RTM_DELNETCONF:
		monitor->heard |= NL_WATCH_CONF;
		break;
	default:
		monitor->heard |= watch_hear_nft(monitor, head);
	}
	return MNL_CB_OK;
}

int nl_monitor_read(struct nl_monitor *monitor, unsigned int i, const char *own_table)
{
	char room[MONITOR_ROOM];
	ssize_t got = 1;

	if (i >= monitor->count)
		return -EINVAL;
	monitor->own_table = own_table;
	monitor->heard = 0;
	for (int reads = 0; reads < MONITOR_READS && got > 0; reads++) {
		got = mnl_socket_recvfrom(monitor->sock[i], room, sizeof(room));
		if (got > 0) {
			mnl_cb_run(room, got, 0, 0, watch_hear, monitor);
		} else if (got < 0 && (errno == ENOBUFS || errno == ENOSPC)) {
			monitor->heard =
				monitor->watch; /* some were lost: anything may have changed */
			got = 1;
		} else if (got < 0 && errno != EAGAIN && errno != EINTR) {
			return -errno;
		}
	}
	return monitor->heard & monitor->watch;
}

void nl_monitor_close(struct nl_monitor *monitor)
{
	if (!monitor)
		return;
	for (size_t i = 0; i < monitor->count; i++)
		mnl_socket_close(monitor->sock[i]);
	free(monitor);
}
