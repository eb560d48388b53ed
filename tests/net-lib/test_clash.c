/* SPDX-License-Identifier: GPL-2.0-only */
/* clash.h: which pools a host can take. */

#include "space.h"

#include <linux/rtnetlink.h>

#include "clash.h"

#define VPN 7
#define LAN 3

static const char *const pool_text = "192.168.240.0/20";

static struct net4 net(const char *text)
{
	struct net4 n;

	assert_int_equal(net4_parse(text, &n), 0);
	return n;
}

static struct nl_addr address(uint32_t index, const char *addr, uint8_t len, const char *peer)
{
	return (struct nl_addr){
		.index = index,
		.family = AF_INET,
		.len = len,
		.addr4 = ip4(addr),
		.peer4 = ip4(peer ? peer : addr),
	};
}

static struct nl_route route(const char *dst, uint32_t oif, bool gateway)
{
	struct net4 n = net(dst);

	return (struct nl_route){
		.family = AF_INET,
		.dst4 = n.addr,
		.len = n.len,
		.oif = oif,
		.gateway = gateway,
		.type = RTN_UNICAST,
		.table = RT_TABLE_MAIN,
		.protocol = RTPROT_STATIC,
	};
}

/* Of the pool with one address or one route of the host; the words tell. */
static struct clash found;
static const char *with_addr(struct nl_addr addr)
{
	static char text[CLASH_TEXT];
	struct net4 pool = net(pool_text);

	found = clash_pool(&pool, ip4("192.168.240.1"), VPN,
			   &(struct clash_host){ .addrs = &addr, .addr_count = 1 });
	return clash_text(&found, text);
}

static const char *with_route(struct nl_route r)
{
	static char text[CLASH_TEXT];
	struct net4 pool = net(pool_text);

	found = clash_pool(&pool, ip4("192.168.240.1"), VPN,
			   &(struct clash_host){ .routes = &r, .route_count = 1 });
	return clash_text(&found, text);
}

static void addresses(void **state)
{
	struct nl_addr six = { .index = LAN, .family = AF_INET6, .len = 64 };

	assert_string_equal(with_addr(six), "");
	assert_string_equal(with_addr(address(LAN, "192.168.1.2", 24, NULL)), "");
	assert_string_equal(with_addr(address(LAN, "192.168.255.255", 32, NULL)),
			    "it contains this host's address 192.168.255.255");
	assert_int_equal(found.index, LAN);
	assert_string_equal(with_addr(address(LAN, "192.168.239.255", 32, NULL)), "");
	assert_string_equal(with_addr(address(LAN, "192.168.1.2", 16, NULL)),
			    "it lies inside the connected network 192.168.0.0/16");
	assert_string_equal(with_addr(address(LAN, "10.0.0.1", 32, "192.168.241.9")),
			    "it contains the connected network 192.168.241.9/32");
	assert_string_equal(with_addr(address(LAN, "10.0.0.1", 16, "192.168.9.9")),
			    "it lies inside the connected network 192.168.0.0/16");
}

static void own4(void **state)
{
	assert_string_equal(with_addr(address(VPN, "192.168.240.1", 32, NULL)), "");
	assert_int_equal(found.kind, CLASH_NONE);
	assert_string_not_equal(with_addr(address(LAN, "192.168.240.1", 32, NULL)), "");
	assert_string_not_equal(with_addr(address(VPN, "192.168.240.1", 20, NULL)), "");
	assert_string_not_equal(with_addr(address(VPN, "192.168.240.2", 32, NULL)), "");
	assert_string_not_equal(with_addr(address(VPN, "192.168.240.1", 32, "192.168.240.2")), "");
}

static void routes(void **state)
{
	struct nl_route r;

	assert_string_equal(with_route(route("192.168.250.0/24", LAN, true)),
			    "it contains this host's route to 192.168.250.0/24");
	assert_string_equal(with_route(route(pool_text, LAN, true)),
			    "it contains this host's route to 192.168.240.0/20");
	assert_string_equal(with_route(route("192.168.0.0/16", LAN, true)), "");
	assert_string_equal(with_route(route("192.168.0.0/16", LAN, false)),
			    "it lies inside the connected network 192.168.0.0/16");
	assert_string_equal(with_route(route("0.0.0.0/0", LAN, true)), "");
	assert_string_equal(with_route(route("0.0.0.0/0", LAN, false)), ""); /* default dev ppp0 */
	assert_string_equal(with_route(route("192.168.224.0/20", LAN, false)), "");

	r = route("192.168.0.0/16", 0, false);
	r.type = RTN_UNREACHABLE; /* the pool's own route is longer */
	assert_string_equal(with_route(r), "");
	r.type = RTN_LOCAL; /* table local comes before it */
	assert_string_not_equal(with_route(r), "");
	r = route("192.168.241.0/24", 0, false);
	r.type = RTN_BLACKHOLE;
	assert_string_not_equal(with_route(r), "");
}

static void own_routes(void **state)
{
	struct nl_route r = route(pool_text, VPN, false);

	r.protocol = NAT64_RTPROT;
	assert_string_equal(with_route(r), "");
	r.oif = LAN; /* another instance's */
	assert_string_not_equal(with_route(r), "");
	r = route("192.168.240.1/32", VPN, false);
	assert_string_not_equal(with_route(r), "");
	r.type = RTN_LOCAL;
	assert_string_equal(with_route(r), "");
}

static void taken(void **state)
{
	const struct nl_addr addrs[] = { address(LAN, "192.168.1.2", 16, NULL) };
	const struct nl_route list[] = { route("0.0.0.0/0", LAN, true),
					 route("172.16.0.0/12", LAN, true) };
	const struct clash_host host = { addrs, 1, list, 2 };
	struct net4 *nets, free_net;
	char text[NET4_TEXT];
	size_t count;

	assert_int_equal(clash_taken(&host, &nets, &count), 0);
	assert_int_equal(count, 2);
	assert_true(net4_free(20, nets, count, &free_net));
	assert_string_equal(net4_text(&free_net, text), "10.0.0.0/20");
	free(nets);
}

static void native_routes(void **state)
{
	struct nl_route list[] = {
		{ .family = AF_INET6, .type = RTN_UNICAST, .len = 0 },
		{ .family = AF_INET6, .type = RTN_UNICAST, .len = 96 },
	};
	struct net6 prefix;

	assert_int_equal(net6_parse("64:ff9b::/96", &prefix), 0);
	assert_null(clash_native_route(&prefix, list, 2));
	list[1].dst6 = prefix.addr;
	assert_ptr_equal(clash_native_route(&prefix, list, 2), &list[1]);
	list[1].len = 95; /* it merely contains the prefix */
	assert_null(clash_native_route(&prefix, list, 2));
	list[1].len = 128;
	list[1].type = RTN_LOCAL;
	assert_null(clash_native_route(&prefix, list, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses), cmocka_unit_test(own4),
		cmocka_unit_test(routes),    cmocka_unit_test(own_routes),
		cmocka_unit_test(taken),     cmocka_unit_test(native_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
