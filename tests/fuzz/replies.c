/* SPDX-License-Identifier: GPL-2.0-only */
/* Replies of the kernel: user/net as it is, over a libmnl whose socket gives the fuzzer's bytes as
 * one datagram to each reader. The first byte of an input chooses who reads. */
#include "netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "user.h"

struct mnl_socket {
	int fd; /* only so that there is one for setsockopt() */
	bool is_read;
};
static struct mnl_socket sock = { .fd = -1 };
static const uint8_t *reply;
static size_t reply_len;
static bool
	on_heap; /* the reader's buffer, so that what lies behind the datagram can be poisoned */

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	if (sock.fd < 0)
		sock.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	sock.is_read = false;
	return &sock;
}

int mnl_socket_close(struct mnl_socket *nl)
{
	return 0;
}

int mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid)
{
	return 0;
}

int mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf, socklen_t len)
{
	return 0;
}

int mnl_socket_get_fd(const struct mnl_socket *nl)
{
	return nl->fd;
}

unsigned int mnl_socket_get_portid(const struct mnl_socket *nl)
{
	return 0;
}

ssize_t mnl_socket_sendto(const struct mnl_socket *nl, const void *request, size_t len)
{
	return len;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl, void *room, size_t size)
{
	size_t len = reply_len < size ? reply_len : size;

	if (sock.is_read) {
		errno = EAGAIN;
		return -1;
	}
	sock.is_read = true;
	memcpy(room, reply, len);
	if (on_heap)
		ASAN_POISON_MEMORY_REGION((char *)room + len, size - len);
	return len;
}

/* libmnl takes a length past 2^31 for a negative one. No kernel sends that. */
static bool is_framed(const uint8_t *data, size_t size)
{
	struct nlmsghdr head;

	for (size_t at = 0; at + sizeof(head) <= size; at += MNL_ALIGN((size_t)head.nlmsg_len)) {
		memcpy(&head, data + at, sizeof(head));
		if (head.nlmsg_len < sizeof(head))
			break;
		if (head.nlmsg_len > INT32_MAX)
			return false;
	}
	return true;
}

static bool every_other(struct in_addr addr, const void *data)
{
	return ntohl(addr.s_addr) & 1;
}

static void read_lists(uint8_t choice)
{
	struct nl_link *links = NULL;
	struct nl_addr *addrs = NULL;
	struct nl_route *routes = NULL;
	size_t count = 0;

	switch (choice) {
	case 0:
		if (!nl_links(&links, &count))
			for (size_t i = 0; i < count; i++)
				user_must(strnlen(links[i].name, IFNAMSIZ) < IFNAMSIZ,
					  "an interface's name ends");
		break;
	case 1:
		nl_addrs(&addrs, &count);
		break;
	default:
		nl_routes(choice == 2 ? AF_INET : AF_INET6, &routes, &count);
	}
	user_must(count <= reply_len, "an item has a message");
	free(links);
	free(addrs);
	free(routes);
}

static void read_monitor(void)
{
	struct nl_monitor *monitor;

	on_heap = false;
	if (nl_monitor_open(NL_WATCH_LINKS | NL_WATCH_NFT, &monitor))
		return;
	for (unsigned int i = 0; i < 2; i++) {
		sock.is_read = false;
		nl_monitor_read(monitor, i, "nat64_bpf_vpn0");
	}
	nl_monitor_close(monitor);
}

void target_netlink(const uint8_t *data, size_t size)
{
	const struct net4 net = { .addr.s_addr = htonl(0xc0a8f000), .len = 20 };
	const struct pool_route route = { .dst = net, .index = 2, .mtu = 1392 };
	struct nl_neigh neigh;
	struct nl_link link = { 0 };

	if (!size || size > 16384 || !is_framed(data + 1, size - 1))
		return;
	reply = data + 1;
	reply_len = size - 1;
	on_heap = true;
	switch (data[0] % 14) {
	case 0 ... 3:
		read_lists(data[0] % 14);
		break;
	case 4:
		nl_link_by_name("vpn0", &link);
		break;
	case 5:
		nl_link_by_index(2, &link);
		break;
	case 6:
		nl_route4_set(&route, false);
		break;
	case 7:
		nl_route4_del(&route);
		break;
	case 8:
		nl_addr4_take(2, net.addr);
		break;
	case 9:
		if (!nl_neigh4_get(2, net.addr, &neigh))
			nl_neigh4_set(2, net.addr, &neigh);
		break;
	case 10:
		nl_tc_clsact(2);
		break;
	case 11:
		nl_tc_filters(2);
		break;
	case 12:
		nl_conntrack_offloaded(&net);
		nl_conntrack_delete_if(every_other, NULL);
		break;
	case 13:
		read_monitor();
	}
	user_must(strlen(nl_fault()) < 160, "the kernel's words end");
}
