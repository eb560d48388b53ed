/* SPDX-License-Identifier: GPL-2.0-only */
/* Whom the egress program addresses its frames to (bpf/link.h), by BPF_PROG_TEST_RUN of the shipped
 * program: the client while its slot holds a fresh MAC address of it, else the placeholder, with
 * which the packet goes to the neighbour layer. Whole frames are compared; each packet goes the
 * common way and, as GRE, that of any other. Frames of the old owner of an address on another CPU,
 * while it changes hands, teach nothing about the new one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "be.h"
#include "kernel.h"
#include "nat64_tc.skel.h"

#define POOL_SIZE   256
#define FIRST	    0x0a090800u /* 10.9.8.0 */
#define FRESH_TICKS 100
#define PAYLOAD	    "what is under the headers"

static const __u8 server_mac[] = { 2, 0, 0, 0, 0, 1 },
		  placeholder[] = { 2, 'n', 'a', 't', '6', '4' };
static const __u8 mac_a[] = { 2, 0xaa, 1, 2, 3, 4 }, mac_b[] = { 6, 0xbb, 5, 6, 7, 8 };

static struct nat64_tc *tc;
static struct nat64_slot *slots;
static struct vector vector;
static __u32 other_ifindex; /* of an interface beside lo */
static int tap = -1;

static void start_with(const char *config, __u32 flags)
{
	char line[1000], error[160];

	vector_free(&vector);
	snprintf(line, sizeof(line),
		 "{\"name\":\"link\",\"direction\":\"v4to6\",\"stage\":\"hook\",\"input\":\"\","
		 "\"config\":{\"own_v4\":\"10.9.8.1\",%s}}",
		 config);
	assert_true(vector_parse(line, &vector, error));
	vector.config.flags |= flags;
	assert_int_equal(kernel_set_up(tc, &vector), 0);
}

static void start(__u32 flags)
{
	start_with("\"pool\":\"10.9.8.0/24\",\"static\":{}", flags);
}

static struct in6_addr address(const char *text)
{
	struct in6_addr addr;

	assert_int_equal(inet_pton(AF_INET6, text, &addr), 1);
	return addr;
}

static __u32 sum(const void *data, __u32 len)
{
	const __u8 *byte = data;
	__u32 sum = 0;

	for (__u32 i = 0; i < len; i++)
		sum += i & 1 ? byte[i] : byte[i] << 8;
	return sum;
}

static __be16 checksum(__u32 sum)
{
	while (sum >> 16)
		sum = (sum >> 16) + (sum & 0xffff);
	return be16(~sum);
}

/* What a frame carries: a datagram of UDP, or the same bytes as GRE, without checksum. `addresses`:
 * their sum. */
static __u32 put_payload(__u8 *to, __u8 proto, __u32 addresses)
{
	const __u8 head[] = { 0, 53, 0x19, 0, 0, 8 + sizeof(PAYLOAD), 0, 0 };
	__be16 check;

	memcpy(to, head, sizeof(head));
	memcpy(to + sizeof(head), PAYLOAD, sizeof(PAYLOAD));
	check = checksum(addresses + IPPROTO_UDP + head[5] + sum(to, head[5]));
	if (proto == IPPROTO_UDP)
		memcpy(to + 6, &check, sizeof(check));
	return head[5];
}

/* As it comes out of the IPv4 stack, addressed to the neighbour of the pool's route. Yields the
 * frame's length. */
static __u32 frame_46(struct kernel_frame *frame, __u8 proto, __u32 addr4)
{
	struct iphdr ip4 = { .version = 4,
			     .ihl = 5,
			     .tos = 0xb8,
			     .frag_off = be16(0x4000),
			     .ttl = 61,
			     .protocol = proto,
			     .saddr = be32(0xc0586305),
			     .daddr = be32(addr4) };
	__u32 len = sizeof(ip4) +
		    put_payload(frame->packet + sizeof(ip4), proto, sum(&ip4.saddr, 8));

	ip4.tot_len = be16(len);
	ip4.check = checksum(sum(&ip4, sizeof(ip4)));
	memcpy(frame->packet, &ip4, sizeof(ip4));
	frame->eth.h_proto = be16(ETH_P_IP);
	memcpy(frame->eth.h_dest, placeholder, ETH_ALEN);
	memcpy(frame->eth.h_source, server_mac, ETH_ALEN);
	return sizeof(frame->eth) + len;
}

/* The same translated, for the client at `mac`. */
static __u32 frame_6(struct kernel_frame *frame, __u8 proto, const char *from, const char *client,
		     const __u8 *mac)
{
	struct ipv6hdr ip6 = { .version = 6,
			       .priority = 0xb,
			       .flow_lbl = { 0x80 },
			       .nexthdr = proto,
			       .hop_limit = 61,
			       .saddr = address(from),
			       .daddr = address(client) };
	__u32 len = put_payload(frame->packet + sizeof(ip6), proto, sum(&ip6.saddr, 32));

	ip6.payload_len = be16(len);
	memcpy(frame->packet, &ip6, sizeof(ip6));
	frame->eth.h_proto = be16(ETH_P_IPV6);
	memcpy(frame->eth.h_dest, mac, ETH_ALEN);
	memcpy(frame->eth.h_source, server_mac, ETH_ALEN);
	return sizeof(frame->eth) + sizeof(ip6) + len;
}

static void print_frame(const char *what, const struct kernel_frame *frame, __u32 len)
{
	const __u8 *byte = (const __u8 *)frame;

	print_error("%s:", what);
	for (__u32 i = 0; i < len; i++)
		print_error("%s%02x", i % 4 ? "" : " ", byte[i]);
	print_error("\n");
}

/* Runs the egress program on `run->in`. True: it ended so, with that frame. */
static bool ends(struct kernel_run *run, int code, const struct kernel_frame *want, __u32 len)
{
	assert_int_equal(kernel_run(tc->progs.nat64_out, run), 0);
	if ((int)run->code == code && run->out_len == len && !memcmp(&run->out, want, len))
		return true;
	print_error("ended with %d, want %d\n", (int)run->code, code);
	print_frame("got ", &run->out, run->out_len);
	print_frame("want", want, len);
	return false;
}

/* A packet from 192.88.99.5 to a pool address: does it go to the client, addressed to `mac`? */
static bool goes(__u32 ifindex, __u32 addr4, const char *client, const __u8 *mac, int code)
{
	static struct kernel_frame want;
	static struct kernel_run run;

	run.ifindex = ifindex;
	for (int i = 0; i < 2; i++) {
		__u8 proto = i ? IPPROTO_GRE : IPPROTO_UDP;

		run.in_len = frame_46(&run.in, proto, addr4);
		if (!ends(&run, code, &want,
			  frame_6(&want, proto, "64:ff9b::192.88.99.5", client, mac)))
			return false;
	}
	return true;
}

static bool direct(__u32 addr4, const char *client, const __u8 *mac)
{
	return goes(0, addr4, client, mac, TC_ACT_UNSPEC);
}

static bool by_neighbour(__u32 addr4, const char *client)
{
	return goes(0, addr4, client, placeholder, TC_ACT_REDIRECT);
}

/* An IPv6 frame that the neighbour layer sends: it must leave as it came. */
static bool seen_from(__u32 ifindex, const char *from, const char *client, const __u8 *mac)
{
	static struct kernel_run run;

	run.ifindex = ifindex;
	run.in_len = frame_6(&run.in, IPPROTO_UDP, from, client, mac);
	return ends(&run, TC_ACT_UNSPEC, &run.in, run.in_len);
}

static bool seen(const char *client, const __u8 *mac)
{
	return seen_from(0, "64:ff9b::192.88.99.5", client, mac);
}

static int control(__u32 op, __u32 addr4, const char *client, __u32 state)
{
	struct nat64_request request = { .addr6 = address(client),
					 .addr4 = be32(addr4),
					 .index = addr4 - FIRST,
					 .last_seen = 1,
					 .op = op,
					 .state = state };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &request, .ctx_size_in = sizeof(request));

	return bpf_prog_test_run_opts(bpf_program__fd(tc->progs.nat64_control), &opts) ?
		       -errno :
		       request.result;
}

static void bind_client(__u32 addr4, const char *client, __u32 state)
{
	assert_int_equal(control(NAT64_BIND, addr4, client, state), 0);
}

static void unbind(__u32 addr4, const char *client)
{
	assert_int_equal(control(NAT64_UNBIND, addr4, client, 0), 0);
}

#define A4 (FIRST + 2)
#define A6 "fd00::2"
#define B4 (FIRST + 3)
#define B6 "fd00::3"

/* What a client without a known address goes through: by the neighbour layer, seen, and direct from
 * then on. */
static void learns(__u32 addr4, const char *client, const __u8 *mac)
{
	assert_true(by_neighbour(addr4, client));
	assert_true(seen(client, mac));
	assert_true(direct(addr4, client, mac));
}

static void what_was_seen_is_written(void **state)
{
	start(0);
	bind_client(A4, A6, NAT64_SLOT_DYNAMIC);
	bind_client(B4, B6, NAT64_SLOT_STATIC);
	learns(A4, A6, mac_a);
	learns(B4, B6, mac_b);
	assert_true(direct(A4, A6, mac_a));
	assert_true(seen(A6, mac_b)); /* it has another one now */
	assert_true(direct(A4, A6, mac_b));
}

/* Aged by half of its time it still counts, if the machine lets the packet follow at once. */
static bool fresh_at_half(void)
{
	for (int i = 0; i < 20; i++) {
		assert_true(seen(A6, mac_a));
		slots[A4 - FIRST].mac_tick -= FRESH_TICKS / 2;
		if (direct(A4, A6, mac_a))
			return true;
	}
	return false;
}

static void stale_is_not(void **state)
{
	start(0);
	bind_client(A4, A6, NAT64_SLOT_DYNAMIC);
	assert_true(fresh_at_half());
	assert_true(seen(A6, mac_a));
	slots[A4 - FIRST].mac_tick -= FRESH_TICKS;
	learns(A4, A6, mac_a);
}

static void another_interface_is_not(void **state)
{
	start(0);
	bind_client(A4, A6, NAT64_SLOT_DYNAMIC);
	assert_true(seen(A6, mac_a));
	assert_true(goes(other_ifindex, A4, A6, placeholder, TC_ACT_REDIRECT));
	assert_true(seen_from(other_ifindex, "64:ff9b::192.88.99.5", A6, mac_b));
	assert_true(goes(other_ifindex, A4, A6, mac_b, TC_ACT_UNSPEC));
	assert_true(by_neighbour(A4, A6));
}

static void frames_of_others_are_not(void **state)
{
	start(0);
	bind_client(A4, A6, NAT64_SLOT_DYNAMIC);
	assert_true(seen_from(0, "fd00::1", A6, mac_b));
	assert_true(by_neighbour(A4, A6));
	assert_true(seen(A6, mac_a));
	assert_true(seen(B6, mac_b)); /* of no client */
	assert_true(direct(A4, A6, mac_a));
}

static void a_static_map_outside_the_pool(void **state)
{
	start_with("\"pool\":\"10.9.8.0/24\",\"static\":{\"fd00::5\":\"203.0.113.5\"}", 0);
	learns(0xcb007105, "fd00::5", mac_a);
}

static void a_new_owner_begins_without(void **state)
{
	static struct kernel_run run;
	__u64 was;

	start(0);
	bind_client(A4, A6, NAT64_SLOT_DYNAMIC);
	assert_true(seen(A6, mac_a));
	bind_client(A4, A6, NAT64_SLOT_STATIC); /* the owner stays */
	assert_true(direct(A4, A6, mac_a));
	unbind(A4, A6);
	run.in_len = frame_46(&run.in, IPPROTO_UDP, A4);
	assert_true(ends(&run, TC_ACT_SHOT, &run.in, run.in_len));
	bind_client(A4, B6, NAT64_SLOT_STATIC);
	assert_true(by_neighbour(A4, B6));
	assert_true(seen(B6, mac_b));
	assert_true(seen(A6, mac_a)); /* a frame that was still on its way */
	assert_true(direct(A4, B6, mac_b));
	unbind(A4, B6);
	bind_client(A4, B6, NAT64_SLOT_DYNAMIC);
	assert_true(by_neighbour(A4, B6));
	was = slots[A4 - FIRST].mac;
	unbind(A4, B6);
	bind_client(A4, A6, NAT64_SLOT_DYNAMIC);
	assert_true(slots[A4 - FIRST].mac !=
		    was); /* who has read it before is not to take it for the same */
}

/* The first packet of a client. */
static void arrives(const char *client)
{
	static struct kernel_run run;

	/* for this host: the kernel runs it on lo, whose address is all 0 */
	run.in_len = frame_6(&run.in, IPPROTO_UDP, client, "64:ff9b::192.88.99.5",
			     (__u8[ETH_ALEN]){});
	assert_int_equal(kernel_run(tc->progs.nat64_in, &run), 0);
}

/* A pool of one address, which the first one has; to be idle it takes no time. */
static void start_small(void)
{
	start_with("\"pool\":\"10.9.8.0/30\",\"static\":{}", 0);
	vector.config.min_lease = 0;
	assert_int_equal(kernel_set_up(tc, &vector), 0);
	arrives(A6);
}

/* The one address of its pool goes from an idle client to the next without being free in between.
 */
static void so_does_who_takes_an_idle_address(void **state)
{
	start_small();
	assert_true(seen(A6, mac_a));
	assert_true(direct(A4, A6, mac_a));
	arrives(B6);
	assert_true(by_neighbour(A4, B6));
}

/* Client N is bound by arithmetic, and its slot free; a static map takes the address from it. */
static void linear(void **state)
{
	start(NAT64_LINEAR);
	learns(A4, A6, mac_a);
	learns(B4, B6, mac_b);

	bind_client(A4, "fd00::1:0", NAT64_SLOT_STATIC);
	learns(A4, "fd00::1:0", mac_b);
	unbind(A4, "fd00::1:0");
	assert_true(by_neighbour(A4, A6));
	assert_true(seen("fd00::1:0", mac_b)); /* a frame that was still on its way */
	learns(A4, A6, mac_a);
}

/* The network of `clients` becomes another one. */
static void renumber(const char *net)
{
	__u32 zero = 0;

	vector.config.client[0].addr = address(net);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(tc->maps.nat64_config), &zero,
					     &vector.config, 0),
			 0);
	assert_int_equal(control(NAT64_FORGET, A4, "::", 0), 0);
}

static void another_network_is_of_other_clients(void **state)
{
	const __u32 first4 = FIRST + 2, last4 = FIRST + POOL_SIZE - 2;

	start(NAT64_LINEAR);
	assert_true(seen("fd00::2", mac_a));
	assert_true(seen("fd00::fe", mac_b));
	assert_true(direct(first4, "fd00::2", mac_a));
	assert_true(direct(last4, "fd00::fe", mac_b));
	renumber("fd00:1::");
	assert_true(by_neighbour(first4, "fd00:1::2"));
	assert_true(by_neighbour(last4, "fd00:1::fe"));
	assert_true(seen("fd00::2", mac_a)); /* a frame that was still on its way */
	learns(first4, "fd00:1::2", mac_b);
}

/* Frames to a client, from another CPU, that the neighbour layer sends as long as the test goes on.
 */
static volatile bool over;

static void *show_frames(void *client)
{
	static struct kernel_frame frame;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = &frame, .repeat = 100);

	opts.data_size_in = frame_6(&frame, IPPROTO_UDP, "64:ff9b::192.88.99.5", client, mac_a);
	while (!over)
		if (bpf_prog_test_run_opts(bpf_program__fd(tc->progs.nat64_out), &opts))
			return "failed";
	return NULL;
}

/* Waits until packets to the address go to the client directly, as frames to it are seen. */
static bool becomes_direct(__u32 addr4)
{
	static struct kernel_run run;

	run.in_len = frame_46(&run.in, IPPROTO_UDP, addr4);
	for (int i = 0; i < 1000000; i++) {
		assert_int_equal(kernel_run(tc->progs.nat64_out, &run), 0);
		if ((int)run.code == TC_ACT_UNSPEC)
			return true;
	}
	return false;
}

/* The address goes to and fro between A, to whom frames are seen all the time, and B, to whom there
 * are none: `give` and `take` are the ways there and back. No frame to B must be addressed to A. As
 * often as finds it if it can happen, but for 5 s at most. */
static void to_and_fro(int rounds, const char *a, const char *b, void (*give)(void),
		       void (*take)(void))
{
	time_t end = time(NULL) + 5;
	pthread_t thread;
	int wrong = 0;
	void *failed;

	over = false;
	assert_int_equal(pthread_create(&thread, NULL, show_frames, (void *)a), 0);
	for (int i = 0; i < rounds && time(NULL) < end && !wrong; i++) {
		assert_true(becomes_direct(A4));
		give();
		wrong += !by_neighbour(A4, b);
		take();
	}
	over = true;
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	assert_int_equal(wrong, 0);
}

static void a_arrives(void)
{
	arrives(A6);
}

static void b_arrives(void)
{
	arrives(B6);
}

static void bind_static(void)
{
	bind_client(A4, "fd00::1:0", NAT64_SLOT_STATIC);
}

static void unbind_static(void)
{
	unbind(A4, "fd00::1:0");
}

static void renumber_to(void)
{
	renumber("fd00:1::");
}

static void renumber_back(void)
{
	renumber("fd00::");
}

static void a_late_frame_teaches_nothing_about_who_reclaimed(void **state)
{
	start_small();
	to_and_fro(50000, A6, B6, b_arrives, a_arrives);
}

static void nor_about_a_static_map(void **state)
{
	start(NAT64_LINEAR);
	to_and_fro(5000, A6, "fd00::1:0", bind_static, unbind_static);
}

static void nor_about_who_was_there_before_it(void **state)
{
	start(NAT64_LINEAR);
	bind_static();
	to_and_fro(20000, "fd00::1:0", A6, unbind_static, bind_static);
}

static void nor_about_another_network(void **state)
{
	start(NAT64_LINEAR);
	to_and_fro(5000, A6, "fd00:1::2", renumber_to, renumber_back);
}

/* A network namespace of our own, with a second interface. */
static int open_all(void **state)
{
	struct ifreq ifr = { .ifr_name = "other0", .ifr_flags = IFF_TAP | IFF_NO_PI };

	if (unshare(CLONE_NEWNET))
		return -1;
	tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (tap < 0 || ioctl(tap, TUNSETIFF, &ifr))
		return -1;
	other_ifindex = if_nametoindex("other0");
	tc = kernel_open(ETH_HLEN, POOL_SIZE);
	if (!tc)
		return -1;
	slots = mmap(NULL, POOL_SIZE * sizeof(*slots), PROT_READ | PROT_WRITE, MAP_SHARED,
		     bpf_map__fd(tc->maps.nat64_slots), 0);
	return slots == MAP_FAILED || other_ifindex < 2 ? -1 : 0;
}

static int close_all(void **state)
{
	munmap(slots, POOL_SIZE * sizeof(*slots));
	nat64_tc__destroy(tc);
	vector_free(&vector);
	close(tap);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_seen_is_written),
		cmocka_unit_test(stale_is_not),
		cmocka_unit_test(another_interface_is_not),
		cmocka_unit_test(frames_of_others_are_not),
		cmocka_unit_test(a_static_map_outside_the_pool),
		cmocka_unit_test(a_new_owner_begins_without),
		cmocka_unit_test(so_does_who_takes_an_idle_address),
		cmocka_unit_test(linear),
		cmocka_unit_test(another_network_is_of_other_clients),
		cmocka_unit_test(a_late_frame_teaches_nothing_about_who_reclaimed),
		cmocka_unit_test(nor_about_a_static_map),
		cmocka_unit_test(nor_about_who_was_there_before_it),
		cmocka_unit_test(nor_about_another_network),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
