/* SPDX-License-Identifier: GPL-2.0-only */
/* UDP packets per second that cross a gateway: one thread sends as fast as it can, another reads.
 * What finds the receiver's socket full has come all the way, so it counts; what is lost before
 * does not.
 *
 *   pps [-d] [-n FLOWS] [-l BYTES] [-t MS] CLIENT-NS WEB-NS TARGET SERVER PORT
 *
 * Flows, each opened by a packet up and one down, go from CLIENT-NS to TARGET, which a gateway
 * makes arrive at SERVER in WEB-NS, ports from PORT on; -d: the measured packets go down. Prints
 * packets per second. */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "space.h"

#define FLOWS_MAX  16
#define BATCH	   32 /* packets a system call */
#define BYTES_MAX  1400
#define OPEN_TRIES 50  /* to open a flow: a queue may still be full of an earlier one */
#define OPEN_MS	   100 /* for a try */

static unsigned int flows = 1, bytes = 64, duration = 1000; /* duration: ms */
static int client[FLOWS_MAX], server[FLOWS_MAX];
static int *to; /* the sockets that receive */
static atomic_bool done;
static unsigned long received;
static char payload[BYTES_MAX];

static int udp(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = 4 << 20;

	if (fd < 0)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

/* One packet from one socket to another, sent again until one is there. */
static void cross(int out, int in, const char *way)
{
	struct pollfd at = { .fd = in, .events = POLLIN };

	for (int i = 0; i < OPEN_TRIES; i++)
		if (send(out, payload, bytes, 0) >= 0 && poll(&at, 1, OPEN_MS) == 1)
			return;
	errx(1, "no packet %s arrives", way);
}

static void open_flow(unsigned int i, char **argv, unsigned int port)
{
	struct sockaddr_in6 addr;
	socklen_t len;
	char byte;

	enter(argv[1]);
	len = address(argv[3], port + i, &addr);
	server[i] = udp(addr.sin6_family);
	if (bind(server[i], (struct sockaddr *)&addr, len))
		err(1, "bind %s", argv[3]);
	enter(argv[0]);
	len = address(argv[2], port + i, &addr);
	client[i] = udp(addr.sin6_family);
	if (connect(client[i], (struct sockaddr *)&addr, len))
		err(1, "%s", argv[2]);
	cross(client[i], server[i], "up");
	len = sizeof(addr);
	if (recvfrom(server[i], &byte, 1, 0, (struct sockaddr *)&addr, &len) < 0 ||
	    connect(server[i], (struct sockaddr *)&addr, len))
		err(1, "%s", argv[3]);
	cross(server[i], client[i], "down");
	if (recv(client[i], &byte, 1, 0) < 0)
		err(1, "client");
}

static void batch(struct mmsghdr *messages, struct iovec *iov, void *buffer, size_t size)
{
	*iov = (struct iovec){ buffer, size };
	memset(messages, 0, BATCH * sizeof(*messages));
	for (int i = 0; i < BATCH; i++)
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = iov, .msg_iovlen = 1 };
}

static void *receive(void *arg)
{
	struct pollfd at[FLOWS_MAX];
	struct mmsghdr messages[BATCH];
	struct iovec iov;
	char byte;

	(void)arg;
	batch(messages, &iov, &byte, 1);
	for (unsigned int i = 0; i < flows; i++)
		at[i] = (struct pollfd){ .fd = to[i], .events = POLLIN };
	while (!done) {
		if (poll(at, flows, 20) < 0)
			err(1, "poll");
		for (unsigned int i = 0; i < flows; i++) {
			int got = at[i].revents ?
					  recvmmsg(to[i], messages, BATCH, MSG_DONTWAIT, NULL) :
					  0;

			received += got > 0 ? got : 0;
		}
	}
	return NULL;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static unsigned long dropped_at_socket(int fd)
{
	unsigned int info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len))
		err(1, "SO_MEMINFO");
	return info[SK_MEMINFO_DROPS];
}

int main(int argc, char **argv)
{
	struct mmsghdr messages[BATCH];
	struct iovec iov;
	pthread_t thread;
	int *from = client, option;
	double start;

	to = server;
	while ((option = getopt(argc, argv, "dn:l:t:")) != -1) {
		switch (option) {
		case 'd':
			from = server;
			to = client;
			break;
		case 'n':
			flows = strtoul(optarg, NULL, 10);
			break;
		case 'l':
			bytes = strtoul(optarg, NULL, 10);
			break;
		case 't':
			duration = strtoul(optarg, NULL, 10);
			break;
		default:
			return 2;
		}
	}
	if (argc - optind != 5 || flows < 1 || flows > FLOWS_MAX || bytes < 1 ||
	    bytes > BYTES_MAX || duration < 1 || duration > 60000)
		errx(2, "see the head of pps.c");
	argv += optind;
	for (unsigned int i = 0; i < flows; i++)
		open_flow(i, argv, strtoul(argv[4], NULL, 10));
	if (pthread_create(&thread, NULL, receive, NULL))
		errx(1, "no thread");
	batch(messages, &iov, payload, bytes);
	start = now();
	for (unsigned int i = 0; now() - start < duration / 1e3; i++)
		sendmmsg(from[i % flows], messages, BATCH, 0);
	usleep(50000); /* what is still on its way */
	done = true;
	pthread_join(thread, NULL);
	for (unsigned int i = 0; i < flows; i++)
		received += dropped_at_socket(to[i]);
	printf("%.0f\n", received / (duration / 1e3));
	return 0;
}
