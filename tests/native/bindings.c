/* SPDX-License-Identifier: GPL-2.0-only */
/* Bindings over time: leases, reclaim, refusal, quota, linear mapping, events. On the native core,
 * whose clock the test sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "be.h"
#include "core.h"
#include "engine.h"

#define SECOND 1000000000ull
#define LEASE  7440

static struct vector vector;
static struct outcome out;

static void start(const char *config)
{
	char line[1000], error[160];

	vector_free(&vector);
	snprintf(line, sizeof(line),
		 "{\"name\":\"bindings\",\"direction\":\"v6to4\",\"stage\":\"hook\",\"input\":\"\","
		 "\"config\":{%s}}",
		 config);
	assert_true(vector_parse(line, &vector, error));
	assert_int_equal(engine_native.set_up(&vector), 0);
}

static void later(__u64 seconds)
{
	native.now_ns += seconds * SECOND;
}

static __u8 target[4] = { 192, 88, 99, 5 };

/* A UDP packet from a client to that target. Yields the address it leaves with, host order; 0: it
 * does not. */
static __u32 send_64(const char *client, __u8 proto)
{
	__u8 packet[60] = { 0x60,	 [5] = 20, [6] = proto, 64, [24] = 0, 0x64, 0xff, 0x9b,
			    [40] = 0x10, 0,	   0,		53, 0,	      20,   1,	  1 };
	__be32 source;

	memcpy(packet + 36, target, 4);
	assert_int_equal(inet_pton(AF_INET6, client, packet + 8), 1);
	assert_int_equal(engine_native.run(true, packet, sizeof(packet), &out), 0);
	if (out.verdict != OUTCOME_TRANSLATED)
		return 0;
	memcpy(&source, out.packet + 12, 4);
	return cpu32(source);
}

/* A packet from 192.88.99.5 to a pool address. True: it reaches `client`. */
static bool send_46(__u32 pool4, __u8 proto, const char *client)
{
	__u8 packet[40] = { 0x45, 0,	    0,	40,   [8] = 64, proto, [12] = 192, 88, 99,
			    5,	  [20] = 0, 53, 0x10, 0,	0,     20,	   1,  1 };
	__be32 to = be32(pool4);
	struct in6_addr addr6;

	memcpy(packet + 16, &to, 4);
	assert_int_equal(engine_native.run(false, packet, sizeof(packet), &out), 0);
	if (out.verdict != OUTCOME_TRANSLATED)
		return false;
	inet_pton(AF_INET6, client, &addr6);
	return !memcmp(out.packet + 24, &addr6, 16);
}

static void refused(const char *client, enum nat64_drop reason)
{
	assert_int_equal(send_64(client, 17), 0);
	assert_int_equal(out.reason, reason);
}

/* A pool of 8: network, broadcast and own4 are reserved, one static, so four are left. */
#define SMALL \
	"\"pool\":\"10.9.8.0/29\",\"own_v4\":\"10.9.8.1\",\"static\":{\"fd00::2\":\"10.9.8.2\"}"
#define FIRST 0x0a090800u

static void fill(__u32 got[4])
{
	char client[64];

	for (int i = 0; i < 4; i++) {
		snprintf(client, sizeof(client), "fd00::a%d", i);
		got[i] = send_64(client, 17);
		assert_in_range(got[i], FIRST + 3, FIRST + 6);
		for (int j = 0; j < i; j++)
			assert_int_not_equal(got[i], got[j]);
		later(10);
	}
}

static void full_pool_refuses_until_a_lease_ends(void **state)
{
	__u32 got[4];

	start(SMALL);
	fill(got);
	assert_int_equal(native.alloc.used, 5);
	refused("fd00::b", NAT64_DROP_POOL_FULL);
	assert_int_equal(out.verdict, OUTCOME_ICMP_ERROR);
	assert_int_equal(native.event.kind, NAT64_EVENT_REFUSED);
	later(LEASE - 41);
	refused("fd00::b", NAT64_DROP_POOL_FULL);
	later(2); /* client a0 has been idle for the lease and a second */
	assert_int_equal(send_64("fd00::b", 17), got[0]);
	assert_int_equal(native.event.kind, NAT64_EVENT_MADE);
	assert_false(send_46(got[0], 17, "fd00::a0"));
	assert_true(send_46(got[0], 17, "fd00::b"));
	assert_int_equal(native.counters[NAT64_COUNT_RECLAIMED].packets, 1);
	assert_int_equal(native.alloc.used, 5);
}

/* Once it is known that none can be free before a lease ends, refusal takes a way of its own. */
static void known_to_be_full(void **state)
{
	static const __u8 unreachable[2] = { 1, 3 }; /* ICMPv6 type and code */
	__u32 got[4];

	start(SMALL);
	fill(got);
	refused("fd00::b", NAT64_DROP_POOL_FULL);
	assert_true(native.alloc.retry_after > native.now_ns);
	refused("fd00::b", NAT64_DROP_POOL_FULL);
	assert_int_equal(out.verdict, OUTCOME_ICMP_ERROR);
	assert_memory_equal(out.packet + 40, unreachable, 2);
	refused("2001:db8::1", NAT64_DROP_SPOOFED_SOURCE);
	refused("ff02::1", NAT64_DROP_ILLEGAL_SOURCE);
	target[0] = 127;
	refused("fd00::b", NAT64_DROP_MARTIAN_DESTINATION);
	target[0] = 192;
	assert_int_equal(send_64("fd00::a3", 17), got[3]);
	native.alloc.making = 1; /* another CPU is at a binding: looked at in full */
	refused("fd00::b", NAT64_DROP_POOL_FULL);
	native.alloc.making = 0;
	native.config.quota = 1;
	refused("fd00::b", NAT64_DROP_QUOTA); /* of the network, which holds four */
	native.config.quota = 0;
	native.alloc.used--; /* one was given back, long before the lease that is waited for */
	native.slots[got[1] - FIRST].state = NAT64_SLOT_FREE;
	assert_int_equal(send_64("fd00::b", 17), got[1]);
	assert_int_equal(native.alloc.retry_after, 0);
	assert_int_equal(native.alloc.making, 0);
}

static void least_recently_used_goes_first(void **state)
{
	__u32 got[4];

	start(SMALL);
	fill(got);
	later(100);
	assert_int_equal(send_64("fd00::a0", 17), got[0]);
	assert_true(
		send_46(got[1], 17, "fd00::a1")); /* a packet to the client counts as use, too */
	later(LEASE - 50);
	assert_int_equal(send_64("fd00::b", 17), got[2]);
	assert_int_equal(send_64("fd00::c", 17), got[3]);
	refused("fd00::d", NAT64_DROP_POOL_FULL);
}

/* Refusal must not look at slots again before a lease can end. */
static void refusal_is_cheap(void **state)
{
	__u32 got[4], hand;

	start(SMALL);
	fill(got);
	refused("fd00::b", NAT64_DROP_POOL_FULL);
	hand = native.alloc.hand;
	refused("fd00::c", NAT64_DROP_POOL_FULL);
	assert_int_equal(native.alloc.hand, hand);
}

static void replies_lengthen_the_lease(void **state)
{
	__u32 got[4];

	start(SMALL);
	native.config.flags |= NAT64_FLOWTABLE;
	fill(got);
	assert_true(send_46(got[0], 17, "fd00::a0"));
	assert_true(send_46(got[1], 132, "fd00::a1")); /* SCTP */
	later(LEASE + 1);
	assert_int_equal(send_64("fd00::b", 17), got[2]);
	assert_int_equal(send_64("fd00::c", 17), got[3]);
	refused("fd00::d", NAT64_DROP_POOL_FULL);
	later(86400 - LEASE - 100);
	send_64("fd00::b", 17), send_64("fd00::c", 17);
	refused("fd00::d", NAT64_DROP_POOL_FULL);
	later(100); /* 24 h since got[0] had its reply */
	assert_int_equal(send_64("fd00::d", 17), got[0]);
	refused("fd00::e", NAT64_DROP_POOL_FULL);
	for (int day = 1; day < 14; day++) {
		later(86400 / 2);
		send_64("fd00::b", 17), send_64("fd00::c", 17), send_64("fd00::d", 17);
		later(86400 / 2);
		send_64("fd00::b", 17), send_64("fd00::c", 17), send_64("fd00::d", 17);
	}
	later(LEASE - 10);
	assert_int_equal(send_64("fd00::e", 17), got[1]); /* SCTP: max-lease, 14 days */
}

static void a_client_is_forgotten_after_max_lease(void **state)
{
	__u32 addr, generation;

	start(SMALL);
	native.config.flags |= NAT64_FLOWTABLE;
	addr = send_64("fd00::a", 17);
	assert_true(send_46(addr, 17, "fd00::a"));
	generation = native.slots[addr - FIRST].generation;
	later(14 * 86400 + 1);
	assert_false(send_46(addr, 17, "fd00::a"));
	assert_int_equal(out.reason, NAT64_DROP_NO_BINDING);
	assert_int_equal(send_64("fd00::a", 17), addr);
	assert_int_equal(native.counters[NAT64_COUNT_EXPIRED].packets, 1);
	assert_int_equal(native.slots[addr - FIRST].generation, generation + 1);
	assert_int_equal(native.slots[addr - FIRST].flags, 0);
}

static void the_same_client_gets_the_same_address_again(void **state)
{
	__u32 addr;

	start("");
	addr = send_64("fd00::1:2:3", 17);
	assert_int_not_equal(addr, 0);
	start(""); /* all state lost */
	assert_int_equal(send_64("fd00::1:2:3", 17), addr);
}

static void quota_counts_per_network(void **state)
{
	__u32 addr;

	start(SMALL ",\"vpn_net\":\"fd00::/48\"");
	native.config.quota = 1;
	addr = send_64("fd00:0:0:1::a", 17);
	assert_int_not_equal(addr, 0);
	refused("fd00:0:0:1::b", NAT64_DROP_QUOTA);
	assert_int_equal(native.event.kind, NAT64_EVENT_REFUSED);
	assert_int_equal(send_64("fd00:0:0:1::a", 17), addr);
	assert_int_not_equal(send_64("fd00:0:0:2::a", 17), 0);
	assert_int_not_equal(send_64("fd00:0:0:3::a", 17), 0);
	assert_int_not_equal(send_64("fd00:0:0:4::a", 17), 0);
	refused("fd00:0:0:5::a", NAT64_DROP_POOL_FULL);
	refused("fd00:0:0:5::a", NAT64_DROP_POOL_FULL); /* refusal gave back what it counted */
	later(LEASE + 1);
	send_64("fd00:0:0:2::a", 17), send_64("fd00:0:0:3::a", 17), send_64("fd00:0:0:4::a", 17);
	assert_int_equal(send_64("fd00:0:0:5::a", 17), addr);
	later(LEASE + 1); /* network 1 holds nothing any more */
	assert_int_not_equal(send_64("fd00:0:0:1::b", 17), 0);
}

static void linear_is_arithmetic(void **state)
{
	start(SMALL ",\"own_v6\":\"fd00::5\"");
	native.config.flags |= NAT64_LINEAR;
	native.slots[5].state = NAT64_SLOT_RESERVED; /* own6's number, as the loader does */
	assert_int_equal(send_64("fd00::4", 17), FIRST + 4);
	assert_true(send_46(FIRST + 4, 17, "fd00::4"));
	assert_true(send_46(FIRST + 3, 17, "fd00::3"));	     /* never heard of, and yet */
	assert_int_equal(send_64("fd00::2", 17), FIRST + 2); /* the static map */
	assert_true(send_46(FIRST + 2, 17, "fd00::2"));
	refused("fd00::", NAT64_DROP_LINEAR_RANGE);
	assert_int_equal(out.verdict, OUTCOME_DROPPED);
	refused("fd00::1", NAT64_DROP_LINEAR_RANGE); /* number of own4 */
	refused("fd00::7", NAT64_DROP_LINEAR_RANGE); /* number of the broadcast address */
	refused("fd00::8", NAT64_DROP_LINEAR_RANGE);
	refused("fd00::1:0:4", NAT64_DROP_LINEAR_RANGE);
	refused("fd00::5", NAT64_DROP_OWN_SOURCE);
	refused("fd01::4", NAT64_DROP_SPOOFED_SOURCE);
	assert_false(send_46(FIRST, 17, "fd00::"));
	assert_false(send_46(FIRST + 5, 17, "fd00::5"));
	assert_int_equal(native.counters[NAT64_COUNT_BINDINGS].packets, 0);
}

static void drops_are_sampled_with_their_tuple(void **state)
{
	struct in6_addr client;

	start("");
	refused("fd01::4", NAT64_DROP_SPOOFED_SOURCE);
	inet_pton(AF_INET6, "fd01::4", &client);
	assert_int_equal(native.event.kind, NAT64_EVENT_DROP);
	assert_int_equal(native.event.reason, NAT64_DROP_SPOOFED_SOURCE);
	assert_memory_equal(&native.event.client6, &client, 16);
	assert_int_equal(cpu32(native.event.target6.s6_addr32[3]), 0xc0586305);
	assert_int_equal(cpu16(native.event.sport), 0x1000);
	assert_int_equal(cpu16(native.event.dport), 53);
	assert_int_equal(native.event.proto, 17);
	assert_int_equal(native.event.len, 60);
	assert_int_equal(native.event.is_64, 1);
	send_46(0xc0a8f050, 17, "");
	assert_int_equal(native.event.reason, NAT64_DROP_NO_BINDING);
	assert_int_equal(cpu32(native.event.pool4), 0xc0a8f050);
	assert_int_equal(cpu32(native.event.remote4), 0xc0586305);
	assert_int_equal(native.event.is_64, 0);
	native.events = 0;
	for (int i = 0; i < 1000; i++)
		refused("fd01::4", NAT64_DROP_SPOOFED_SOURCE);
	assert_in_range(native.events, NAT64_EVENT_RATE - 5, NAT64_EVENT_RATE);
	later(1);
	native.events = 0;
	refused("fd01::4", NAT64_DROP_SPOOFED_SOURCE);
	assert_int_equal(native.events, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_pool_refuses_until_a_lease_ends),
		cmocka_unit_test(known_to_be_full),
		cmocka_unit_test(least_recently_used_goes_first),
		cmocka_unit_test(refusal_is_cheap),
		cmocka_unit_test(replies_lengthen_the_lease),
		cmocka_unit_test(a_client_is_forgotten_after_max_lease),
		cmocka_unit_test(the_same_client_gets_the_same_address_again),
		cmocka_unit_test(quota_counts_per_network),
		cmocka_unit_test(linear_is_arithmetic),
		cmocka_unit_test(drops_are_sampled_with_their_tuple),
	};
	int failed;

	if (engine_native.open(0))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	engine_native.close();
	vector_free(&vector);
	return failed;
}
