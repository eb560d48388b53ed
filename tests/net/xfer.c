/* SPDX-License-Identifier: GPL-2.0-only */
/* Moves known data and checks every byte of it, over TCP and UDP.
 *
 *   xfer serve ADDRESS PORT			until killed; prints "ready"
 *   xfer tcp-up|tcp-down ADDRESS PORT BYTES	a stream to or from the server
 *   xfer udp-up|udp-down ADDRESS PORT COUNT SIZE [SEGMENTS]
 *						COUNT datagrams of SIZE bytes, as UDP GSO packets
 *						of SEGMENTS datagrams (1: without UDP_SEGMENT)
 *   xfer udp-report ADDRESS PORT		prints "GOOD BAD": datagrams of the last udp-up
 *
 * Exit status 0: all data arrived and was equal. A client gives up after 10 s without progress. */
#include <arpa/inet.h>
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define CHUNK  (256 * 1024)
#define GAP_MS 10000

enum command { TCP_UP = 1, TCP_DOWN, UDP_REPORT, UDP_DOWN };

/* What a client asks for; network order on the wire. */
struct request {
	uint32_t magic;
	uint32_t command; /* enum command */
	uint64_t size;	  /* bytes of a stream; datagrams */
	uint32_t bytes;	  /* of a datagram */
	uint32_t segments;
};
#define MAGIC 0x6e363478

/* Byte `at` of stream `seed`: 64-bit words of a mixed counter. */
static uint64_t word(uint64_t seed, uint64_t n)
{
	uint64_t x = (seed << 48) + n + 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	return x ^ x >> 27;
}

static void fill(void *to, size_t len, uint64_t seed, uint64_t at)
{
	uint64_t *words = to;

	for (size_t i = 0; i < (len + 7) / 8; i++)
		words[i] = word(seed, at / 8 + i);
}

static int open_socket(const char *address, const char *port, int type, bool listener)
{
	struct addrinfo hints = { .ai_socktype = type,
				  .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV },
			*ai;
	int fd, one = 1, error = getaddrinfo(address, port, &hints, &ai);
	int size = 64 << 20;

	if (error)
		errx(2, "%s: %s", address, gai_strerror(error));
	fd = socket(ai->ai_family, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (type == SOCK_DGRAM)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ GAP_MS / 1000, 0 },
		   sizeof(struct timeval));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){ GAP_MS / 1000, 0 },
		   sizeof(struct timeval));
	if (listener ? bind(fd, ai->ai_addr, ai->ai_addrlen) :
		       connect(fd, ai->ai_addr, ai->ai_addrlen))
		err(1, "%s port %s", address, port);
	if (listener && type == SOCK_STREAM && listen(fd, 16))
		err(1, "listen");
	freeaddrinfo(ai);
	return fd;
}

static bool put(int fd, const void *data, size_t len)
{
	for (ssize_t n; len; data = (const char *)data + n, len -= n) {
		n = send(fd, data, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
	}
	return true;
}

static bool get(int fd, void *data, size_t len)
{
	for (ssize_t n; len; data = (char *)data + n, len -= n) {
		n = recv(fd, data, len, 0);
		if (n <= 0)
			return false;
	}
	return true;
}

static bool stream_send(int fd, uint64_t size, uint64_t seed)
{
	static uint64_t buf[CHUNK / 8];

	for (uint64_t at = 0, len; at < size; at += len) {
		len = size - at < CHUNK ? size - at : CHUNK;
		fill(buf, len, seed, at);
		if (!put(fd, buf, len)) {
			warn("sent %llu of %llu bytes", (unsigned long long)at,
			     (unsigned long long)size);
			return false;
		}
	}
	return true;
}

static bool stream_receive(int fd, uint64_t size, uint64_t seed)
{
	static uint64_t buf[CHUNK / 8], want[CHUNK / 8];

	for (uint64_t at = 0, len; at < size; at += len) {
		len = size - at < CHUNK ? size - at : CHUNK;
		if (!get(fd, buf, len)) {
			warn("received about %llu of %llu bytes", (unsigned long long)at,
			     (unsigned long long)size);
			return false;
		}
		fill(want, len, seed, at);
		if (memcmp(buf, want, len)) {
			warnx("data differ between byte %llu and %llu", (unsigned long long)at,
			      (unsigned long long)(at + len));
			return false;
		}
	}
	return true;
}

/* Datagram n: its number, then its stream. */
static void datagram(uint8_t *to, uint32_t n, size_t bytes)
{
	uint64_t buf[1024];
	uint32_t be = htonl(n);

	fill(buf, bytes, n & 0xffff, 0);
	memcpy(to, buf, bytes);
	memcpy(to, &be, sizeof(be));
}

/* Returns the number of a datagram that is as it should be, else -1. */
static int64_t datagram_check(const uint8_t *data, size_t bytes, size_t want)
{
	static uint8_t expected[65536];
	uint32_t be;

	if (bytes < sizeof(be) || bytes > 8000 || (want && bytes != want))
		return -1;
	memcpy(&be, data, sizeof(be));
	datagram(expected, ntohl(be), bytes);
	return memcmp(expected, data, bytes) ? -1 : (int64_t)ntohl(be);
}

static bool datagrams_send(int fd, const struct sockaddr *to, socklen_t to_len, uint32_t count,
			   size_t bytes, unsigned int segments)
{
	static uint8_t buf[65536];
	uint8_t control[CMSG_SPACE(sizeof(uint16_t))] = { 0 };

	if (segments < 1 || segments * bytes > 65000 || bytes > 8000)
		errx(2, "at most 65000 bytes a packet, 8000 a datagram");
	for (uint32_t n = 0; n < count;) {
		struct iovec iov = { buf, 0 };
		struct msghdr msg = {
			.msg_name = (void *)to,
			.msg_namelen = to_len,
			.msg_iov = &iov,
			.msg_iovlen = 1,
		};
		unsigned int i;

		for (i = 0; i < segments && n < count; i++, n++)
			datagram(buf + i * bytes, n, bytes);
		iov.iov_len = i * bytes;
		if (segments > 1) {
			struct cmsghdr *cmsg = (struct cmsghdr *)control;

			cmsg->cmsg_level = SOL_UDP;
			cmsg->cmsg_type = UDP_SEGMENT;
			cmsg->cmsg_len = CMSG_LEN(sizeof(uint16_t));
			memcpy(CMSG_DATA(cmsg), &(uint16_t){ bytes }, sizeof(uint16_t));
			msg.msg_control = control;
			msg.msg_controllen = sizeof(control);
		}
		if (sendmsg(fd, &msg, 0) < 0) {
			warn("sendmsg at datagram %u", n);
			return false;
		}
		if (n % 64 < segments)
			usleep(2000); /* within what queues of 500 packets can hold */
	}
	return true;
}

static struct {
	uint64_t good, bad;
} received;

static void serve_stream(int listener)
{
	int fd = accept(listener, NULL, NULL);
	struct request request;
	uint64_t reply[2];

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ GAP_MS / 1000, 0 },
		   sizeof(struct timeval));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){ GAP_MS / 1000, 0 },
		   sizeof(struct timeval));
	if (get(fd, &request, sizeof(request)) && ntohl(request.magic) == MAGIC) {
		uint64_t size = be64toh(request.size);

		switch (ntohl(request.command)) {
		case TCP_UP:
			reply[0] = stream_receive(fd, size, 1);
			put(fd, reply, 8);
			break;
		case TCP_DOWN:
			stream_send(fd, size, 2);
			break;
		case UDP_REPORT:
			reply[0] = htobe64(received.good);
			reply[1] = htobe64(received.bad);
			received.good = received.bad = 0;
			put(fd, reply, sizeof(reply));
			break;
		}
	}
	close(fd);
}

static void serve_datagram(int fd)
{
	static uint8_t buf[65536];
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &from_len);
	struct request request;

	if (len < 0)
		return;
	memcpy(&request, buf, sizeof(request));
	if (len == sizeof(request) && ntohl(request.magic) == MAGIC)
		datagrams_send(fd, (struct sockaddr *)&from, from_len, be64toh(request.size),
			       ntohl(request.bytes), ntohl(request.segments));
	else if (datagram_check(buf, len, 0) >= 0)
		received.good++;
	else
		received.bad++;
}

static _Noreturn void serve(const char *address, const char *port)
{
	struct pollfd fds[2] = {
		{ .fd = open_socket(address, port, SOCK_STREAM, true), .events = POLLIN },
		{ .fd = open_socket(address, port, SOCK_DGRAM, true), .events = POLLIN },
	};

	puts("ready");
	fflush(stdout);
	for (;;) {
		poll(fds, 2, -1);
		if (fds[1].revents)
			serve_datagram(fds[1].fd);
		else if (fds[0].revents)
			serve_stream(fds[0].fd);
	}
}

static bool datagrams_receive(int fd, const struct request *request, uint32_t count, size_t bytes)
{
	static uint8_t buf[65536];
	bool *seen = calloc(count, 1);
	uint32_t good = 0, bad = 0;

	if (!seen || send(fd, request, sizeof(*request), 0) < 0)
		err(1, "send");
	while (good + bad < count) {
		ssize_t len = recv(fd, buf, sizeof(buf), 0);
		int64_t n = len < 0 ? -1 : datagram_check(buf, len, bytes);

		if (len < 0)
			break;
		if (n < 0 || n >= count || seen[n]) {
			bad++;
		} else {
			seen[n] = true;
			good++;
		}
	}
	free(seen);
	printf("%u %u\n", good, bad);
	return good == count;
}

int main(int argc, char **argv)
{
	struct request request = { .magic = htonl(MAGIC) };
	uint64_t size = argc > 4 ? strtoull(argv[4], NULL, 10) : 0, reply[2];
	size_t bytes = argc > 5 ? strtoul(argv[5], NULL, 10) : 0;
	unsigned int segments = argc > 6 ? strtoul(argv[6], NULL, 10) : 1;
	const char *verb = argc > 3 ? argv[1] : "";
	bool ok = false;
	int fd;

	request.size = htobe64(size);
	request.bytes = htonl(bytes);
	request.segments = htonl(segments);
	if (!strcmp(verb, "serve"))
		serve(argv[2], argv[3]);
	if (!strcmp(verb, "udp-up")) {
		fd = open_socket(argv[2], argv[3], SOCK_DGRAM, false);
		return !datagrams_send(fd, NULL, 0, size, bytes, segments);
	}
	if (!strcmp(verb, "udp-down")) {
		request.command = htonl(UDP_DOWN);
		fd = open_socket(argv[2], argv[3], SOCK_DGRAM, false);
		return !datagrams_receive(fd, &request, size, bytes);
	}
	request.command = !strcmp(verb, "tcp-up")     ? htonl(TCP_UP) :
			  !strcmp(verb, "tcp-down")   ? htonl(TCP_DOWN) :
			  !strcmp(verb, "udp-report") ? htonl(UDP_REPORT) :
							0;
	if (!request.command)
		errx(2, "usage: xfer VERB ADDRESS PORT ..., see xfer.c");
	fd = open_socket(argv[2], argv[3], SOCK_STREAM, false);
	if (!put(fd, &request, sizeof(request)))
		err(1, "send");
	switch (ntohl(request.command)) {
	case TCP_UP:
		ok = stream_send(fd, size, 1) && get(fd, reply, 8) && reply[0];
		break;
	case TCP_DOWN:
		ok = stream_receive(fd, size, 2);
		break;
	case UDP_REPORT:
		ok = get(fd, reply, sizeof(reply));
		if (ok)
			printf("%llu %llu\n", (unsigned long long)be64toh(reply[0]),
			       (unsigned long long)be64toh(reply[1]));
		break;
	}
	return !ok;
}
