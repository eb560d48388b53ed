/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions that a forwarding hop spends on a UDP packet. Runs in a guest of qemu with -icount
 * shift=0, where the time stamp counter counts instructions, on one CPU, where a packet sent
 * through veth pairs has been forwarded and received before send() returns.
 *
 *   hop [-d|-o] [-n FLOWS] [-l BYTES] [-r ROUNDS] [-b BURST] [-m SECTION] CASE CLIENT-NS WEB-NS
 * TARGET SERVER BACK PORT
 *
 * Flows go from sockets in CLIENT-NS to TARGET, which a hop between makes arrive at SERVER in
 * WEB-NS, ports from PORT on. Each is opened by one packet up, one down and two more up, so that it
 * is established. Then ROUNDS bursts are timed each way, over the flows in turn. The last packet of
 * a burst has a socket of its own: when it is there, all are (a translator in user space needs the
 * CPU for that: then we yield). -d: packets are dropped by the hop (the cost of sending alone);
 * those down go to BACK. -o: nothing but the opening of flows, a burst of other flows each time:
 * `first` packet up, `reply`, `second` up. -m: the bursts up are this section for profile.c, those
 * down the next one; with -o these three in turn.
 *
 * Prints for each direction, and for `first` packets of flows: CASE BYTES FLOWS DIRECTION MIN
 * MEDIAN LOST, tabs between, MIN and MEDIAN in instructions per packet over the rounds, LOST in
 * packets. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <x86intrin.h>

#include "space.h"

#define FLOWS_MAX      (1 << 16)
#define FLOWS_PER_PORT (1 << 14) /* of the server; each has a source port of its own */
#define SERVERS	       (FLOWS_MAX / FLOWS_PER_PORT + 1)
#define MARKER	       (SERVERS - 1) /* index of the server socket of a burst's last packet */
#define SOURCE_PORT    20000
#define ROUNDS_MAX     1000
#define YIELDS_MAX     2000000 /* then the packet is lost */

static bool dropped, opening;
static unsigned int flows = 64, bytes = 64, rounds = 24, burst = 512, section;
static const char *name;
static int client[FLOWS_MAX + 1];		/* the last one: marker */
static struct sockaddr_in6 peer[FLOWS_MAX + 1]; /* of the client, as the server sees it */
static int server[SERVERS];
static socklen_t peer_len;
static char payload[2048];
static unsigned long lost;

static int udp(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1,
	    room = 4 << 20;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		err(1, "socket");
	return fd;
}

static void open_servers(const char *text, unsigned int port)
{
	struct sockaddr_in6 addr;

	for (unsigned int i = 0; i < SERVERS; i++) {
		socklen_t len = address(text, port + i, &addr);

		server[i] = udp(addr.sin6_family);
		if (bind(server[i], (struct sockaddr *)&addr, len))
			err(1, "bind %s", text);
		peer_len = len;
	}
}

static unsigned int server_of(unsigned int flow)
{
	return flow == flows ? MARKER : flow / FLOWS_PER_PORT;
}

static void open_client(unsigned int flow, const char *target, unsigned int port)
{
	struct sockaddr_in6 to, any = { 0 };
	socklen_t len = address(target, port + server_of(flow), &to);

	any.sin6_family = to.sin6_family;
	any.sin6_port = htons(SOURCE_PORT +
			      (flow == flows ? FLOWS_PER_PORT : flow % FLOWS_PER_PORT));
	client[flow] = udp(to.sin6_family);
	if (bind(client[flow], (struct sockaddr *)&any, len) ||
	    connect(client[flow], (struct sockaddr *)&to, len))
		err(1, "connect %s", target);
}

static void up(unsigned int flow)
{
	memcpy(payload, &flow, sizeof(flow));
	if (send(client[flow], payload, bytes, 0) < 0)
		lost++;
}

static void down(unsigned int flow)
{
	if (sendto(server[server_of(flow)], payload, bytes, 0, (struct sockaddr *)&peer[flow],
		   peer_len) < 0)
		lost++;
}

/* Waits until the last packet of a burst is there. */
static void arrived(int fd)
{
	struct pollfd at = { .fd = fd, .events = POLLIN };

	for (unsigned int i = 0; poll(&at, 1, 0) == 0 && !dropped; i++) {
		if (i == YIELDS_MAX)
			return;
		sched_yield();
	}
}

/* Reads all that servers have, and learns the flows' peers. */
static unsigned int drain_servers(void)
{
	unsigned int count = 0;
	uint32_t flow;

	for (unsigned int i = 0; i < SERVERS; i++) {
		for (;;) {
			struct sockaddr_in6 from;
			socklen_t len = sizeof(from);

			if (recvfrom(server[i], &flow, sizeof(flow), 0, (struct sockaddr *)&from,
				     &len) < 0)
				break;
			if (flow <= flows)
				peer[flow] = from;
			count++;
		}
	}
	return count;
}

static unsigned int drain_client(unsigned int flow)
{
	unsigned int count = 0;
	char byte;

	while (recv(client[flow], &byte, 1, 0) >= 0)
		count++;
	return count;
}

/* For profile.c: what runs from here on counts for this section. */
static void mark(unsigned int which)
{
	switch (section ? section + which : 0) {
/* clang-format off */
#define MARK(n) case n: asm volatile("prefetchnta 0x6e360000 + " #n); break;
	MARK(0) MARK(1) MARK(2) MARK(3) MARK(4) MARK(5) MARK(6) MARK(7) MARK(8) MARK(9) MARK(10) MARK(11) MARK(12)
	MARK(13) MARK(14) MARK(15) MARK(16) MARK(17) MARK(18) MARK(19) MARK(20) MARK(21) MARK(22) MARK(23) MARK(24)
	default: errx(2, "-m: at most 23");
		/* clang-format on */
	}
}

static void unmark(void)
{
	asm volatile("prefetchnta 0x6e360000");
}

/* One burst from flow `at` on; instructions per packet. */
static double timed(void (*one)(unsigned int), unsigned int at, int marker)
{
	uint64_t start = __rdtsc();

	for (unsigned int i = 0; i < burst - 1; i++)
		one((at + i) % flows);
	one(flows);
	arrived(marker);
	return (double)(__rdtsc() - start) / burst;
}

static double marked(unsigned int which, void (*one)(unsigned int), unsigned int at, int marker)
{
	double cost;

	mark(which);
	cost = timed(one, at, marker);
	unmark();
	return cost;
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void report(const char *direction, double *cost, unsigned int count)
{
	qsort(cost, count, sizeof(*cost), ascending);
	printf("%s\t%u\t%u\t%s\t%.1f\t%.1f\t%lu\n", name, bytes, flows, direction, cost[0],
	       cost[count / 2], lost);
	fflush(stdout);
	lost = 0;
}

/* Every flow once up, in bursts that are timed: first packets. Then down and up again, twice. */
static void establish(void)
{
	double cost[FLOWS_MAX / 2];
	unsigned int count = 0;

	up(flows);
	arrived(server[MARKER]);
	drain_servers();
	for (unsigned int flow = 0; flow < flows; flow += burst - 1) {
		if (flows - flow < burst - 1) { /* the rest, untimed */
			for (unsigned int i = flow; i < flows; i++)
				up(i);
			up(flows);
			arrived(server[MARKER]);
			drain_servers();
			break;
		}
		cost[count++] = timed(up, flow, server[MARKER]);
		if (drain_servers() != burst)
			lost++;
	}
	if (count)
		report("first", cost, count);
	for (unsigned int again = 0; again < 2; again++) {
		for (unsigned int flow = 0; flow <= flows; flow++) {
			if (!peer[flow].sin6_family)
				errx(1, "%s: the first packet of flow %u did not arrive", name,
				     flow);
			down(flow);
			arrived(client[flow]);
			if (drain_client(flow) != 1)
				lost++;
			up(flow);
			arrived(server[server_of(flow)]);
			if (drain_servers() != 1)
				lost++;
		}
	}
	if (lost)
		errx(1, "%s: %lu packets lost while flows were made", name, lost);
}

/* All flows have sent, been answered and sent again: a flood of new ones that a flowtable takes in.
 */
static void open_flows(void)
{
	static double first[FLOWS_MAX], reply[FLOWS_MAX], second[FLOWS_MAX];
	unsigned int count = 0;

	up(flows);
	arrived(server[MARKER]);
	drain_servers();
	for (unsigned int at = 0; at + burst - 1 <= flows; at += burst - 1, count++) {
		unsigned int got = 0;

		first[count] = marked(0, up, at, server[MARKER]);
		lost += burst - drain_servers();
		reply[count] = marked(1, down, at, client[flows]);
		for (unsigned int i = 0; i < burst - 1; i++)
			got += drain_client(at + i);
		lost += burst - got - drain_client(flows);
		second[count] = marked(2, up, at, server[MARKER]);
		lost += burst - drain_servers();
	}
	if (!count)
		errx(2, "fewer flows than a burst");
	report("first", first, count);
	report("reply", reply, count);
	report("second", second, count);
}

int main(int argc, char **argv)
{
	struct rlimit files = { FLOWS_MAX + 64, FLOWS_MAX + 64 };
	double cost[ROUNDS_MAX];
	int option;

	while ((option = getopt(argc, argv, "don:l:r:b:m:")) != -1) {
		switch (option) {
		case 'd':
			dropped = true;
			break;
		case 'o':
			opening = true;
			break;
		case 'n':
			flows = strtoul(optarg, NULL, 10);
			break;
		case 'l':
			bytes = strtoul(optarg, NULL, 10);
			break;
		case 'r':
			rounds = strtoul(optarg, NULL, 10);
			break;
		case 'b':
			burst = strtoul(optarg, NULL, 10);
			break;
		case 'm':
			section = strtoul(optarg, NULL, 10);
			break;
		default:
			return 2;
		}
	}
	if (argc - optind != 7 || flows < 1 || flows > FLOWS_MAX || bytes < 4 ||
	    bytes > sizeof(payload) || rounds < 1 || rounds > ROUNDS_MAX || burst < 2 ||
	    burst > 4096)
		errx(2, "see the head of hop.c");
	argv += optind;
	name = argv[0];
	if (setrlimit(RLIMIT_NOFILE, &files))
		err(1, "RLIMIT_NOFILE");
	enter(argv[2]);
	open_servers(argv[4], strtoul(argv[6], NULL, 10));
	enter(argv[1]);
	for (unsigned int flow = 0; flow <= flows; flow++) {
		open_client(flow, argv[3], strtoul(argv[6], NULL, 10));
		if (dropped)
			address(argv[5], SOURCE_PORT, &peer[flow]);
	}
	if (opening) {
		open_flows();
		return 0;
	}
	if (!dropped)
		establish();

	for (unsigned int i = 0; i < rounds; i++) {
		cost[i] = marked(0, up, i * burst % flows, server[MARKER]);
		if (!dropped)
			lost += burst - drain_servers();
	}
	report("up", cost, rounds);
	for (unsigned int i = 0; i < rounds; i++) {
		unsigned int got = 0, at = i * burst % flows;

		cost[i] = marked(1, down, at, client[flows]);
		for (unsigned int j = 0; j < burst && j < flows; j++)
			got += drain_client((at + j) % flows);
		got += drain_client(flows);
		if (!dropped)
			lost += burst - got;
	}
	report("down", cost, rounds);
	return 0;
}
