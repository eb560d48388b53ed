/* SPDX-License-Identifier: GPL-2.0-only */
/* Networks and addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "addr.h" /* of bpf/ */
#include "prefix.h"

static struct net4 n4(const char *text)
{
	struct net4 net;

	assert_int_equal(net4_parse(text, &net), 0);
	return net;
}

static struct net6 n6(const char *text)
{
	struct net6 net;

	assert_int_equal(net6_parse(text, &net), 0);
	return net;
}

static struct in_addr a4(const char *text)
{
	struct in_addr addr;

	assert_int_equal(inet_pton(AF_INET, text, &addr), 1);
	return addr;
}

static struct in6_addr a6(const char *text)
{
	struct in6_addr addr;

	assert_int_equal(inet_pton(AF_INET6, text, &addr), 1);
	return addr;
}

/* What a text is, and the network as text: NULL where nothing is said. */
static const struct {
	const char *text;
	int result;
	const char *net;
} parse4[] = {
	/* clang-format off */
	{ "192.168.240.0/20",	0,	 "192.168.240.0/20" },
	{ "192.168.240.1",	0,	 "192.168.240.1/32" },
	{ "0.0.0.0/0",		0,	 "0.0.0.0/0" },
	{ "255.255.255.255/32",	0,	 "255.255.255.255/32" },
	{ "192.168.240.1/20",	-EDOM,	 "192.168.240.0/20" },
	{ "10.1.2.3/0",		-EDOM,	 "0.0.0.0/0" },
	{ "10.1.2.3/31",	-EDOM,	 "10.1.2.2/31" },
	{ "10.0.0.0/33",	-EINVAL, NULL },
	{ "10.0.0.0/",		-EINVAL, NULL },
	{ "10.0.0.0/-1",	-EINVAL, NULL },
	{ "10.0.0.0/+8",	-EINVAL, NULL },
	{ "10.0.0.0/08",	-EINVAL, NULL },
	{ "10.0.0.0/0x8",	-EINVAL, NULL },
	{ "10.0.0.0/8 ",	-EINVAL, NULL },
	{ "10.0.0.0/8/8",	-EINVAL, NULL },
	{ "10.0.0.0/4294967304", -EINVAL, NULL },
	{ "10.0.0/8",		-EINVAL, NULL },
	{ "010.0.0.0/8",	-EINVAL, NULL },
	{ "10.0.0.256",		-EINVAL, NULL },
	{ "",			-EINVAL, NULL },
	{ "/8",			-EINVAL, NULL },
	{ "fd00::/64",		-EINVAL, NULL },
	{ "10.0.0.0.0.0.0.0.0.0.0.0.0.0/8", -EINVAL, NULL },
	/* clang-format on */
}, parse6[] = {
	/* clang-format off */
	{ "64:ff9b::/96",	0,	 "64:ff9b::/96" },
	{ "FD00:0::0/64",	0,	 "fd00::/64" },
	{ "::/0",		0,	 "::/0" },
	{ "fd00::2",		0,	 "fd00::2/128" },
	{ "64:ff9b::192.0.2.1/128", 0,	 "64:ff9b::c000:201/128" },
	{ "fd00::1/64",		-EDOM,	 "fd00::/64" },
	{ "fd00::ffff/121",	-EDOM,	 "fd00::ff80/121" },
	{ "ffff::/3",		-EDOM,	 "e000::/3" },
	{ "fd00::/129",		-EINVAL, NULL },
	{ "fd00::/064",		-EINVAL, NULL },
	{ "fd00::/6 4",		-EINVAL, NULL },
	{ "fd00::%eth0/64",	-EINVAL, NULL },
	{ "fd00",		-EINVAL, NULL },
	{ "10.0.0.0/8",		-EINVAL, NULL },
	{ "[fd00::]/64",	-EINVAL, NULL },
	/* clang-format on */
};

static void parse(void **state)
{
	char buf4[NET4_TEXT], buf6[NET6_TEXT];

	for (size_t i = 0; i < sizeof(parse4) / sizeof(parse4[0]); i++) {
		struct net4 net = { .len = 77 };

		print_message("%s\n", parse4[i].text);
		assert_int_equal(net4_parse(parse4[i].text, &net), parse4[i].result);
		if (parse4[i].net)
			assert_string_equal(net4_text(&net, buf4), parse4[i].net);
		else
			assert_int_equal(net.len, 77); /* untouched on failure */
	}
	for (size_t i = 0; i < sizeof(parse6) / sizeof(parse6[0]); i++) {
		struct net6 net = { .len = 177 };

		print_message("%s\n", parse6[i].text);
		assert_int_equal(net6_parse(parse6[i].text, &net), parse6[i].result);
		if (parse6[i].net)
			assert_string_equal(net6_text(&net, buf6), parse6[i].net);
		else
			assert_int_equal(net.len, 177);
	}
}

static void text_fits(void **state)
{
	char buf4[NET4_TEXT], buf6[NET6_TEXT];
	struct net4 longest4 = n4("255.255.255.255/32");
	struct net6 longest6 = n6("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128");

	assert_string_equal(net4_text(&longest4, buf4), "255.255.255.255/32");
	assert_string_equal(net6_text(&longest6, buf6),
			    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
}

static void masks(void **state)
{
	assert_int_equal(mask4(0).s_addr, 0);
	assert_int_equal(ntohl(mask4(1).s_addr), 0x80000000);
	assert_int_equal(ntohl(mask4(20).s_addr), 0xfffff000);
	assert_int_equal(ntohl(mask4(32).s_addr), 0xffffffff);
	for (unsigned int len = 0; len <= 128; len++) {
		struct in6_addr mask = mask6((uint8_t)len);

		for (unsigned int bit = 0; bit < 128; bit++)
			assert_int_equal(mask.s6_addr[bit / 8] >> (7 - bit % 8) & 1, bit < len);
	}
}

static void containment(void **state)
{
	struct net4 pool = n4("192.168.240.0/20"), all = n4("0.0.0.0/0"),
		    upper = n4("192.168.248.0/21");
	struct net4 after = n4("192.169.0.0/20");
	struct net6 clients = n6("fd00::/64"), half = n6("fd00::8000:0:0:0/65"),
		    other = n6("fd00:0:0:1::/64");
	struct in6_addr in = a6("fd00::ffff:ffff:ffff:ffff"), out = a6("fd00:0:0:1::"),
			zero = a6("::");

	assert_true(net4_has(&pool, a4("192.168.240.0")));
	assert_true(net4_has(&pool, a4("192.168.255.255")));
	assert_false(net4_has(&pool, a4("192.168.239.255")));
	assert_false(net4_has(&pool, a4("192.169.0.0")));
	assert_true(net4_has(&all, a4("1.2.3.4")));
	assert_true(net4_overlap(&pool, &upper) && net4_overlap(&upper, &pool));
	assert_true(net4_overlap(&all, &pool) && net4_overlap(&pool, &all));
	assert_false(net4_overlap(&pool, &after) || net4_overlap(&after, &pool));
	assert_true(net6_has(&clients, &in));
	assert_false(net6_has(&clients, &out));
	assert_true(net6_overlap(&clients, &half) && net6_overlap(&half, &clients));
	assert_false(net6_overlap(&clients, &other) || net6_overlap(&other, &half));
	assert_true(addr6_is_zero(&zero));
	assert_false(addr6_is_zero(&in));
}

static void numbers(void **state)
{
	struct net4 pool = n4("192.168.240.0/20"), one = n4("10.0.0.1"), all = n4("0.0.0.0/0"),
		    half = n4("0.0.0.0/1");

	assert_int_equal(net4_host(&pool, 0).s_addr, a4("192.168.240.0").s_addr);
	assert_int_equal(net4_host(&pool, 257).s_addr, a4("192.168.241.1").s_addr);
	assert_int_equal(net4_size(&pool), 4096);
	assert_int_equal(net4_size(&one), 1);
	assert_int_equal(net4_size(&half), 0x80000000);
	assert_int_equal(net4_size(&all), 0);
}

static bool usable(uint32_t host, enum addr4_use use)
{
	return !addr4_fault((struct in_addr){ htonl(host) }, use);
}

/* User space and the programs have a table each. They say the same of targets; what a host or a
 * client may have differs from it in two blocks and in one address. */
static void addresses(void **state)
{
	static const uint32_t low[] = { 0,	  1,	    0x4040,   0xffff,	0x10000,  0xfd0000,
					0xfdffff, 0xfe0000, 0xfe0001, 0xfe403f, 0xfe4040, 0xfe4041,
					0xfeffff, 0xff0000, 0xfffffe, 0xffffff };

	for (uint32_t first = 0; first < 256; first++)
		for (size_t i = 0; i < sizeof(low) / sizeof(low[0]); i++) {
			uint32_t addr = first << 24 | low[i];
			bool target = !addr4_is_martian(addr), local = addr >> 16 == 0xa9fe;
			bool host = (target || local) && first < 240;

			assert_int_equal(usable(addr, ADDR4_TARGET), target);
			assert_int_equal(usable(addr, ADDR4_HOST), host);
			assert_int_equal(usable(addr, ADDR4_CLIENT), host && addr != 0xa9fe4040);
		}
}

/* A network of which all addresses, or only some, cannot be used. */
static void networks(void **state)
{
	static const struct {
		const char *net;
		bool target, client;
	} nets[] = {
		/* clang-format off */
		{ "0.0.0.0/0",		true,	true },
		{ "0.0.0.0/8",		false,	false },
		{ "0.0.0.0/7",		true,	true },
		{ "127.255.0.0/16",	false,	false },
		{ "169.254.0.0/16",	false,	true },
		{ "169.254.0.0/15",	true,	true },
		{ "169.254.64.64/32",	false,	false },
		{ "192.168.240.0/20",	true,	true },
		{ "224.0.0.0/4",	false,	false },
		{ "224.0.0.0/3",	true,	true }, /* two reasons, and 240.0.0.0/4 may be a target */
		{ "240.0.0.0/20",	true,	false },
		{ "255.255.255.252/30",	true,	false },
		{ "255.255.255.255/32",	false,	false },
		/* clang-format on */
	};

	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
		struct net4 net = n4(nets[i].net);

		print_message("%s\n", nets[i].net);
		assert_int_equal(!net4_fault(&net, ADDR4_TARGET), nets[i].target);
		assert_int_equal(!net4_fault(&net, ADDR4_CLIENT), nets[i].client);
	}
}

/* RFC 6052, 2.2. */
static const struct {
	const char *prefix;
	const char *fault; /* a part of the sentence, NULL: may be a prefix */
} prefixes[] = {
	/* clang-format off */
	{ "64:ff9b::/96",		NULL },
	{ "64:ff9b:1::/48",		NULL },
	{ "64:ff9b:1:fffe::/96",	NULL },
	{ "2001:db8::/32",		NULL },
	{ "2001:db8:100::/40",		NULL },
	{ "2001:db8:122::/48",		NULL },
	{ "2001:db8:122:300::/56",	NULL },
	{ "2001:db8:122:344::/64",	NULL },
	{ "2001:db8:122:344::/96",	NULL },
	{ "2001:db8:122:344:0:1::/96",	NULL },
	{ "2001:db8:122:344:100::/96",	"bits 64 to 71" },
	{ "2001:db8:122:344:ff00::/96",	"bits 64 to 71" },
	{ "2001:db8::/33",		"/32, /40" },
	{ "2001:db8::/95",		"/32, /40" },
	{ "2001:db8::/128",		"/32, /40" },
	{ "::/0",			"/32, /40" },
	{ "::/96",			"::/64" },
	{ "::ffff:0:0/96",		"::/64" },
	{ "ff0e::/96",			"multicast" },
	{ "fe80::/96",			"link-local" },
	/* clang-format on */
};

static void prefix(void **state)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		struct net6 net = n6(prefixes[i].prefix);
		const char *fault = prefix_fault(&net);

		print_message("%s\n", prefixes[i].prefix);
		if (prefixes[i].fault)
			assert_non_null(fault && strstr(fault, prefixes[i].fault) ? fault : NULL);
		else
			assert_null(fault);
		assert_int_equal(prefix_is_well_known(&net), i == 0);
	}
}

static void free_networks(void **state)
{
	struct net4 areas[] = { n4("192.168.0.0/16"), n4("172.16.0.0/12"), n4("10.0.0.0/8"),
				n4("100.64.0.0/10"), n4("198.18.0.0/15") };
	struct net4 start[] = { n4("192.168.1.0/24"), n4("192.168.0.0/24"), n4("192.168.16.0/21"),
				n4("192.168.33.0/30") };
	struct net4 all = n4("0.0.0.0/0"), net;
	struct net4 many[4096];
	char buf[NET4_TEXT];

	assert_true(net4_free(20, NULL, 0, &net));
	assert_string_equal(net4_text(&net, buf), "192.168.0.0/20");
	assert_true(net4_free(20, start, 4, &net));
	assert_string_equal(net4_text(&net, buf), "192.168.48.0/20");
	assert_true(net4_free(20, areas, 1, &net));
	assert_string_equal(net4_text(&net, buf), "172.16.0.0/20");
	assert_true(net4_free(20, areas, 4, &net));
	assert_string_equal(net4_text(&net, buf), "198.18.0.0/20");
	assert_true(net4_free(12, NULL, 0, &net)); /* larger than 192.168/16 */
	assert_string_equal(net4_text(&net, buf), "172.16.0.0/12");
	assert_true(net4_free(12, areas, 2, &net));
	assert_string_equal(net4_text(&net, buf), "10.0.0.0/12");
	assert_false(net4_free(20, areas, 5, &net));
	assert_false(net4_free(20, &all, 1, &net));
	assert_false(net4_free(7, NULL, 0, &net));

	for (uint32_t i = 0; i < 4096; i++) /* a /28 of every /20 up to 192.168 and 172.16/12 */
		many[i] = (struct net4){ .addr = { htonl(
						 (i < 16 ? 0xc0a80000 : 0xac100000 - (16 << 12)) +
						 (i << 12)) },
					 .len = 28 };
	assert_true(net4_free(20, many, 272, &net));
	assert_string_equal(net4_text(&net, buf), "10.0.0.0/20");
	assert_true(net4_free(24, many, 272, &net));
	assert_string_equal(net4_text(&net, buf), "192.168.1.0/24");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse),	 cmocka_unit_test(text_fits),
		cmocka_unit_test(masks),	 cmocka_unit_test(containment),
		cmocka_unit_test(numbers),	 cmocka_unit_test(prefix),
		cmocka_unit_test(free_networks), cmocka_unit_test(addresses),
		cmocka_unit_test(networks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
