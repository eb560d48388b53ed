/* SPDX-License-Identifier: GPL-2.0-only */
/* A VPN without the network: a TUN in one namespace, a TUN in another, packets carried between them
 * with their virtio_net_hdr, so that super-packets and partial checksums travel as in a VPN server.
 *
 *   tunpipe [-p] [-c] [-l BYTES] [-m MTU] NAMESPACE NAMESPACE INTERFACE
 *
 * -p  plain TUNs, no virtio_net_hdr
 * -c  complete the checksum of what is not GSO (the peer then sees no partial checksum)
 * -l  length of the linear part that the receiving kernel is told (hdr_len); what lies behind
 * becomes page fragments of the packet, which matters for those above a page
 *
 * Prints "ready" when both exist; they are gone when it ends, by any signal. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define HDR_LEN ((int)sizeof(struct virtio_net_hdr))

static bool plain, complete;
static int linear;

static int tun_open(const char *namespace, const char *name, int mtu)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	unsigned int offload = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
	char path[128];
	int ns, fd, sock, len = HDR_LEN;

	snprintf(path, sizeof(path), "/run/netns/%s", namespace);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET))
		err(1, "%s", path);
	close(ns);

	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		err(1, "/dev/net/tun");
	if (!plain)
		ifr.ifr_flags |= IFF_VNET_HDR;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &ifr))
		err(1, "%s: TUNSETIFF", name);
	if (!plain && (ioctl(fd, TUNSETVNETHDRSZ, &len) || ioctl(fd, TUNSETOFFLOAD, offload)))
		err(1, "%s: TUNSETOFFLOAD", name);

	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ifr.ifr_mtu = mtu;
	if (sock < 0 || ioctl(sock, SIOCSIFMTU, &ifr))
		err(1, "%s: MTU %d", name, mtu);
	close(sock);
	return fd;
}

/* Sums from csum_start to the end and stores the result, as a network card would. */
static void complete_checksum(struct virtio_net_hdr *hdr, uint8_t *packet, size_t len)
{
	size_t start = hdr->csum_start, field = start + hdr->csum_offset;
	uint32_t sum = 0;

	if (!(hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) || hdr->gso_type || field + 2 > len)
		return;
	for (size_t i = start; i < len; i++)
		sum += (i - start) & 1 ? packet[i] : packet[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	if (!sum)
		sum = 0xffff;
	packet[field] = sum >> 8;
	packet[field + 1] = sum;
	hdr->flags = 0;
}

static void carry(int from, int to)
{
	static union {
		struct virtio_net_hdr hdr;
		uint8_t bytes[sizeof(struct virtio_net_hdr) + 65536 + 64];
	} buf;

	for (int i = 0; i < 64; i++) {
		ssize_t len = read(from, buf.bytes, sizeof(buf));

		if (len < 0) {
			if (errno == EAGAIN || errno == EINTR)
				return;
			err(1, "read");
		}
		if (!plain && len > HDR_LEN) {
			if (complete)
				complete_checksum(&buf.hdr, buf.bytes + HDR_LEN, len - HDR_LEN);
			if (linear)
				buf.hdr.hdr_len = linear;
		}
		/* An interface that is down, or a packet that the kernel refuses, is a lost packet.
		 */
		while (write(to, buf.bytes, len) < 0 && errno == EAGAIN)
			poll(&(struct pollfd){ .fd = to, .events = POLLOUT }, 1, 100);
	}
}

int main(int argc, char **argv)
{
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };
	int opt, mtu = 1420;

	while ((opt = getopt(argc, argv, "pcl:m:")) != -1) {
		switch (opt) {
		case 'p':
			plain = true;
			break;
		case 'c':
			complete = true;
			break;
		case 'l':
			linear = atoi(optarg);
			break;
		case 'm':
			mtu = atoi(optarg);
			break;
		default:
			return 2;
		}
	}
	if (argc - optind != 3)
		errx(2,
		     "usage: tunpipe [-p] [-c] [-l BYTES] [-m MTU] NAMESPACE NAMESPACE INTERFACE");
	for (int i = 0; i < 2; i++)
		fds[i].fd = tun_open(argv[optind + i], argv[optind + 2], mtu);
	puts("ready");
	fflush(stdout);

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			err(1, "poll");
		for (int i = 0; i < 2; i++)
			if (fds[i].revents & POLLIN)
				carry(fds[i].fd, fds[1 - i].fd);
			else if (fds[i].revents)
				usleep(1000); /* down for now */
	}
}
