/* SPDX-License-Identifier: GPL-2.0-only */
/* netlink.h against a real kernel; ip(8) is the second opinion. */

#include "space.h"

#include <net/if.h>
#include <net/if_arp.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include "netlink.h"

static const struct nl_neigh placeholder = { true, true, { 0x02, 0x64, 0x64, 0x64, 0x64, 0x64 } };
static struct nl_link vpn, lan;

/* vpn0: L3 (TUN); lan0, lan1: a veth pair */
static int setup(void **state)
{
	return run("ip tuntap add vpn0 mode tun && ip link set vpn0 mtu 1420 up && "
		   "ip link add lan0 type veth peer name lan1 && ip link set lan0 up && ip link "
		   "set lan1 up && "
		   "ip addr add 10.1.2.3/24 dev lan0 && ip addr add fd00::1/64 dev vpn0 && "
		   "ip addr add 10.9.9.1 peer 10.9.9.2 dev vpn0") ||
	       nl_link_by_name("vpn0", &vpn) || nl_link_by_name("lan0", &lan);
}

static void links(void **state)
{
	struct nl_link *list, one;
	size_t count;

	assert_int_equal(nl_links(&list, &count), 0);
	assert_true(count >= 4);
	free(list);
	assert_string_equal(vpn.name, "vpn0");
	assert_int_equal(vpn.mtu, 1420);
	assert_int_equal(vpn.type, ARPHRD_NONE);
	assert_true(vpn.flags & IFF_UP);
	assert_int_equal(lan.type, ARPHRD_ETHER);
	assert_int_equal(nl_link_by_index(lan.index, &one), 0);
	assert_string_equal(one.name, "lan0");
	assert_int_equal(nl_link_by_name("nothing", &one), -ENODEV);
	assert_int_equal(nl_link_by_name("a name that is too long", &one), -ENODEV);
	assert_int_equal(nl_link_by_index(4711, &one), -ENODEV);
	assert_int_equal(nl_link_by_index(0, &one), -ENODEV);
}

static int has_addr4(uint32_t index, struct in_addr addr, struct nl_addr *found)
{
	struct nl_addr *list;
	size_t count;
	int hits = 0;

	assert_int_equal(nl_addrs(&list, &count), 0);
	for (size_t i = 0; i < count; i++) {
		if (list[i].family == AF_INET && list[i].index == index &&
		    list[i].addr4.s_addr == addr.s_addr) {
			*found = list[i];
			hits++;
		}
	}
	free(list);
	return hits;
}

static void addresses(void **state)
{
	struct in_addr own4 = ip4("192.168.240.1");
	struct nl_addr addr;

	assert_int_equal(has_addr4(lan.index, ip4("10.1.2.3"), &addr), 1);
	assert_int_equal(addr.len, 24);
	assert_int_equal(has_addr4(vpn.index, ip4("10.9.9.1"), &addr), 1); /* not the peer's */
	assert_int_equal(addr.peer4.s_addr, ip4("10.9.9.2").s_addr);

	assert_int_equal(nl_addr4_add(vpn.index, own4), 0);
	assert_int_equal(nl_addr4_add(vpn.index, own4), -EEXIST);
	assert_int_equal(has_addr4(vpn.index, own4, &addr), 1);
	assert_int_equal(addr.len, 32);
	assert_int_equal(addr.scope, RT_SCOPE_LINK);
	assert_int_equal(nl_addr4_del(vpn.index, own4), 0);
	assert_int_equal(nl_addr4_del(vpn.index, own4), -EADDRNOTAVAIL);
	assert_int_equal(has_addr4(vpn.index, own4, &addr), 0);
	assert_int_equal(nl_addr4_add(4711, own4), -ENODEV);
}

/* Is exactly this route in the kernel? */
static bool is_set(const struct pool_route *wanted)
{
	struct nl_route *list;
	size_t count;
	bool is = false;

	assert_int_equal(nl_routes(AF_INET, &list, &count), 0);
	for (size_t i = 0; i < count; i++)
		is |= nl_route4_is(&list[i], wanted);
	free(list);
	return is;
}

/* Each thing that a route of ours has is compared. */
static void route_compared(const struct pool_route *set)
{
	struct pool_route other[6];

	for (size_t i = 0; i < 6; i++)
		other[i] = *set;
	other[0].dst.len++;
	other[1].index++;
	other[2].mtu++;
	other[3].src.s_addr++;
	other[4].via.s_addr++;
	other[5].dst.addr.s_addr ^= htonl(1 << 12);
	assert_true(is_set(set));
	for (size_t i = 0; i < 6; i++)
		assert_false(is_set(&other[i]));
}

static void route_l3(void **state)
{
	struct pool_route route = { .dst = { ip4("192.168.240.0"), 20 },
				    .index = vpn.index,
				    .mtu = 1392,
				    .src = ip4("192.168.240.1") };
	struct nl_route *list;
	size_t count, hits = 0;

	assert_int_equal(nl_route4_set(&route, false), -EINVAL); /* src is no address of ours yet */
	assert_string_not_equal(nl_fault(), "");
	assert_int_equal(nl_addr4_add(vpn.index, route.src), 0);
	assert_int_equal(nl_route4_set(&route, false), 0);
	route_compared(&route);
	assert_int_equal(nl_route4_set(&route, false), -EEXIST);
	assert_int_equal(run("ip route show 192.168.240.0/20 | "
			     "grep -q 'dev vpn0 proto 64 scope link src 192.168.240.1 .*mtu 1392'"),
			 0);
	route.mtu = 1252;
	assert_int_equal(nl_route4_set(&route, true), 0);
	assert_int_equal(run("test $(ip route show 192.168.240.0/20 | wc -l) = 1"), 0);

	assert_int_equal(nl_routes(AF_INET, &list, &count), 0);
	for (size_t i = 0; i < count; i++) {
		if (list[i].dst4.s_addr == route.dst.addr.s_addr && list[i].len == 20) {
			assert_int_equal(list[i].mtu, 1252);
			assert_int_equal(list[i].protocol, NAT64_RTPROT);
			assert_false(list[i].gateway);
			hits++;
		}
		if (list[i].table == RT_TABLE_LOCAL && list[i].dst4.s_addr == route.src.s_addr)
			hits += 10;
	}
	free(list);
	assert_int_equal(hits, 11);

	route.mtu = 1392; /* deleting does not ask for the mtu */
	assert_int_equal(nl_route4_del(&route), 0);
	assert_int_equal(nl_route4_del(&route), -ESRCH);
	assert_int_equal(nl_addr4_del(vpn.index, route.src), 0);
}

static void route_l2(void **state)
{
	struct pool_route route = { .dst = { ip4("192.168.240.0"), 20 },
				    .index = lan.index,
				    .mtu = 1472,
				    .src = ip4("192.168.240.1"),
				    .via = ip4("169.254.64.64") };
	struct nl_neigh there;

	assert_int_equal(nl_addr4_add(lan.index, route.src), 0);
	assert_int_equal(nl_neigh4_get(lan.index, route.via, &there), -ENOENT);
	assert_int_equal(nl_neigh4_set(lan.index, route.via, &placeholder), 0);
	assert_int_equal(nl_neigh4_get(lan.index, route.via, &there), 0);
	assert_true(nl_neigh4_is(&there, placeholder.lladdr));
	assert_int_equal(run("ip neigh replace 169.254.64.64 lladdr 02:00:00:00:00:01 nud "
			     "permanent "
			     "dev lan0"),
			 0);
	assert_int_equal(nl_neigh4_get(lan.index, route.via, &there), 0);
	assert_false(nl_neigh4_is(&there, placeholder.lladdr));
	assert_int_equal(nl_neigh4_set(lan.index, route.via, &placeholder), 0);
	assert_int_equal(nl_route4_set(&route, false), 0);
	route_compared(&route);
	assert_int_equal(nl_route4_set(&route, false), -EEXIST);
	assert_int_equal(run("ip route show 192.168.240.0/20 | grep -q "
			     "'via 169.254.64.64 dev lan0 proto 64 src 192.168.240.1 onlink mtu "
			     "1472'"),
			 0);
	assert_int_equal(run("ip neigh show 169.254.64.64 dev lan0 nud permanent | "
			     "grep -q 02:64:64:64:64:64"),
			 0);
	assert_int_equal(nl_route4_del(&route), 0);
	assert_int_equal(nl_neigh4_del(lan.index, route.via), 0);
	assert_int_equal(nl_neigh4_del(lan.index, route.via), -ENOENT);
	assert_int_equal(nl_addr4_del(lan.index, route.src), 0);
}

static void foreign_route_stays(void **state)
{
	struct pool_route route = { .dst = { ip4("192.168.240.0"), 20 },
				    .index = vpn.index,
				    .mtu = 1392,
				    .src = ip4("192.168.240.1") };

	assert_int_equal(nl_addr4_add(vpn.index, route.src), 0);
	assert_int_equal(run("ip route add 192.168.240.0/20 via 10.1.2.9"), 0);
	assert_int_equal(nl_route4_set(&route, false), -EEXIST);
	assert_int_equal(nl_route4_del(&route), -ESRCH);
	assert_int_equal(run("ip route show 192.168.240.0/20 | grep -q 'via 10.1.2.9'"), 0);
	assert_int_equal(run("ip route del 192.168.240.0/20"), 0);
	assert_int_equal(nl_addr4_del(vpn.index, route.src), 0);
}

static void routes_of_all_kinds(void **state)
{
	struct nl_route *list;
	size_t count;
	int seen = 0;

	assert_int_equal(run("ip route add 10.7.0.0/16 nexthop via 10.1.2.9 nexthop via 10.1.2.8 "
			     "&& "
			     "ip route add 10.6.0.0/16 dev lan0 table 5000 metric 7 && "
			     "ip route add 10.5.0.0/16 via inet6 fe80::9 dev lan0 && "
			     "ip -6 route add 64:ff9b::/96 via fe80::9 dev lan0"),
			 0);
	assert_int_equal(nl_routes(AF_INET, &list, &count), 0);
	for (size_t i = 0; i < count; i++) {
		if (list[i].dst4.s_addr == ip4("10.7.0.0").s_addr && list[i].gateway &&
		    !list[i].oif)
			seen |= 1;
		if (list[i].dst4.s_addr == ip4("10.6.0.0").s_addr && list[i].table == 5000 &&
		    list[i].metric == 7 && !list[i].gateway && list[i].oif == lan.index)
			seen |= 2;
		if (list[i].dst4.s_addr == ip4("10.5.0.0").s_addr && list[i].gateway)
			seen |= 4;
	}
	free(list);
	assert_int_equal(seen, 7);
	assert_int_equal(nl_routes(AF_INET6, &list, &count), 0);
	for (size_t i = 0; i < count; i++) {
		if (list[i].len == 96 && list[i].dst6.s6_addr32[0] == htonl(0x64ff9b) &&
		    list[i].gateway)
			seen |= 8;
	}
	free(list);
	assert_int_equal(seen, 15);
	assert_int_equal(run("ip route del 10.7.0.0/16 && ip route del 10.6.0.0/16 table 5000 && "
			     "ip route del 10.5.0.0/16 && ip -6 route del 64:ff9b::/96"),
			 0);
}

static void send_from(const char *from, const char *to)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = ip4(from) };
	struct sockaddr_in b = { .sin_family = AF_INET, .sin_addr = ip4(to), .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&b, sizeof(b)), 1);
	close(fd);
}

static bool in_net(struct in_addr addr, const void *net)
{
	return net4_has(net, addr);
}

static int ended_in(const struct net4 *net)
{
	return nl_conntrack_delete_if(in_net, net);
}

/* Entries from 10.1.2.0/25, in a zone and without, one to it, and one outside. */
static void conntrack(void **state)
{
	const struct net4 low = { ip4("10.1.2.0"), 25 };

	assert_int_equal(ended_in(&low), 0);
	assert_int_equal(run("ip addr add 10.1.2.4/24 dev lan0 && ip addr add 10.1.2.200/24 dev "
			     "lan0 && "
			     "ip neigh add 10.1.2.99 lladdr 02:00:00:00:00:01 dev lan0 && "
			     "ip neigh add 10.1.2.250 lladdr 02:00:00:00:00:02 dev lan0 && "
			     "nft -f - <<END\ntable ip t {\n"
			     "chain raw { type filter hook output priority raw; ip saddr 10.1.2.4 "
			     "ct zone set 5; }\n"
			     "chain c { type filter hook output priority 0; ct state new counter; "
			     "}\n}\nEND"),
			 0);
	send_from("10.1.2.3", "10.1.2.99");
	send_from("10.1.2.3", "10.1.2.99");
	send_from("10.1.2.4", "10.1.2.99");
	send_from("10.1.2.200", "10.1.2.99");
	send_from("10.1.2.200", "10.1.2.250");
	assert_int_equal(ended_in(&low), 4);
	assert_int_equal(ended_in(&low), 0);
	assert_int_equal(ended_in(&(struct net4){ ip4("10.1.2.200"), 32 }), 1);
	assert_int_equal(run("nft delete table ip t"), 0);
}

/* Reads until WANTED was heard, or for half a second. Returns all that was heard. */
static unsigned int heard(struct nl_monitor *monitor, unsigned int wanted, const char *own_table)
{
	struct pollfd fds[2] = { { .fd = nl_monitor_fd(monitor, 0), .events = POLLIN },
				 { .fd = nl_monitor_fd(monitor, 1), .events = POLLIN } };
	unsigned int bits = 0;

	assert_int_equal(nl_monitor_fd(monitor, 2), -1);
	for (int tries = 0; tries < 5 && (!wanted || (bits & wanted) != wanted); tries++) {
		poll(fds, 2, 100);
		for (unsigned int i = 0; i < 2; i++) {
			int status = nl_monitor_read(monitor, i, own_table);

			assert_true(status >= 0);
			bits |= status;
		}
	}
	return bits;
}

static void watch(void **state)
{
	struct nl_monitor *monitor;

	assert_int_equal(nl_monitor_open(NL_WATCH_LINKS | NL_WATCH_ADDRS | NL_WATCH_ROUTES |
						 NL_WATCH_NFT,
					 &monitor),
			 0);
	run("ip link set vpn0 mtu 1400");
	assert_true(heard(monitor, NL_WATCH_LINKS, "own") & NL_WATCH_LINKS);
	run("ip addr add 10.3.3.3/32 dev vpn0");
	assert_true(heard(monitor, NL_WATCH_ADDRS, "own") & NL_WATCH_ADDRS);
	run("ip -6 route add 64:ff9b::/96 dev vpn0");
	assert_true(heard(monitor, NL_WATCH_ROUTES, "own") & NL_WATCH_ROUTES);
	run("nft add table inet own; nft add chain inet own c");
	assert_false(heard(monitor, 0, "own") & NL_WATCH_NFT);
	run("nft add table inet other");
	assert_true(heard(monitor, NL_WATCH_NFT, "own") & NL_WATCH_NFT);
	run("nft flush ruleset");
	assert_true(heard(monitor, NL_WATCH_NFT, "own") & NL_WATCH_NFT);
	nl_monitor_close(monitor);
	assert_int_equal(run("ip link set vpn0 mtu 1420"), 0);
}

static void clsact(void **state)
{
	uint32_t index = if_nametoindex("vpn0");

	assert_int_equal(nl_tc_clsact(index), 0);
	assert_int_equal(nl_tc_filters(index), 0);
	assert_int_equal(run("tc qdisc add dev lo clsact"), 0); /* of another interface */
	assert_int_equal(nl_tc_clsact(index), 0);
	assert_int_equal(run("tc qdisc add dev vpn0 clsact"), 0);
	assert_int_equal(nl_tc_clsact(index), 1);
	assert_int_equal(nl_tc_filters(index), 0);
	assert_int_equal(run("tc filter add dev vpn0 ingress bpf bytecode '1,6 0 0 0'"), 0);
	assert_int_equal(run("tc filter add dev vpn0 egress bpf bytecode '1,6 0 0 0'"), 0);
	assert_true(nl_tc_filters(index) > 0);
	assert_int_equal(run("tc qdisc del dev vpn0 clsact && tc qdisc del dev lo clsact"), 0);
	assert_int_equal(nl_tc_clsact(index), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links),
		cmocka_unit_test(addresses),
		cmocka_unit_test(route_l3),
		cmocka_unit_test(route_l2),
		cmocka_unit_test(foreign_route_stays),
		cmocka_unit_test(routes_of_all_kinds),
		cmocka_unit_test(conntrack),
		cmocka_unit_test(watch),
		cmocka_unit_test(clsact),
	};

	if (!space_new()) {
		puts("skip: not allowed to make a network namespace");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, setup, NULL);
}
