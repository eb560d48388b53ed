/* SPDX-License-Identifier: GPL-2.0-only */
/* Engine tun: the shipped programs for links without a header, on a real TUN in a network namespace
 * of our own.
 *
 *   v6to4: written to vpn0 -> nat64_in -> divert -> read from far0; an ICMPv6 error is read from
 * vpn0 v4to6: written to far0 -> divert -> nat64_out -> read from vpn0
 *
 * No routing: what leaves the translator is what is read. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "divert.skel.h"
#include "kernel.h"
#include "nat64_tc.skel.h"

#define WAIT_MS 2000 /* for a packet that must come */

struct tun {
	int fd;
	int ifindex;
};

static struct nat64_tc *tc;
static struct divert *to_far, *to_vpn;
static struct tun vpn = { .fd = -1 }, far = { .fd = -1 };
static struct counts before;

static int fail(const char *what)
{
	int err = errno ? -errno : -EIO;

	fprintf(stderr, "error: tun: %s: %s\n", what, strerror(-err));
	return err;
}

/* No packets of the kernel's own on our interfaces. */
static void quiet_ipv6(void)
{
	int fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY | O_CLOEXEC);

	if (fd < 0) /* a kernel without IPv6 is as quiet */
		return;
	if (write(fd, "1", 1) != 1)
		fail("disable_ipv6");
	close(fd);
}

static int tun_clsact(const struct tun *tun)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = tun->ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	errno = -bpf_tc_hook_create(&hook);
	return errno ? fail("clsact") : 0;
}

static int tun_open(const char *name, struct tun *tun)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int sock, err = 0;

	tun->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tun->fd < 0)
		return fail("/dev/net/tun");
	strcpy(ifr.ifr_name, name);
	if (ioctl(tun->fd, TUNSETIFF, &ifr))
		return fail(name);
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ifr.ifr_mtu = 65535;
	if (sock < 0 || ioctl(sock, SIOCSIFMTU, &ifr))
		err = fail("MTU");
	ifr.ifr_flags = IFF_UP;
	if (!err && ioctl(sock, SIOCSIFFLAGS, &ifr))
		err = fail("up");
	close(sock);
	tun->ifindex = if_nametoindex(name);
	return err ? err : tun_clsact(tun);
}

/* `priority`: the lower number runs first. */
static int attach(const struct tun *tun, enum bpf_tc_attach_point point,
		  const struct bpf_program *prog, __u32 priority)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = tun->ifindex, .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = priority,
		    .prog_fd = bpf_program__fd(prog));

	errno = -bpf_tc_attach(&hook, &opts);
	return errno ? fail("cannot attach") : 0;
}

static struct divert *divert_open(const struct tun *to)
{
	struct divert *divert = divert__open();

	if (!divert)
		return NULL;
	divert->rodata->divert_to = to->ifindex;
	if (!divert__load(divert))
		return divert;
	divert__destroy(divert);
	return NULL;
}

static int engine_open(__u32 pool_size)
{
	int err;

	if (unshare(CLONE_NEWNET))
		return fail("network namespace");
	quiet_ipv6();
	err = tun_open("vpn0", &vpn);
	if (!err)
		err = tun_open("far0", &far);
	if (err)
		return err;
	tc = kernel_open(0, pool_size);
	to_far = divert_open(&far);
	to_vpn = divert_open(&vpn);
	if (!tc || !to_far || !to_vpn)
		return fail("BPF programs");
	if (attach(&vpn, BPF_TC_INGRESS, tc->progs.nat64_in, 1) ||
	    attach(&vpn, BPF_TC_INGRESS, to_far->progs.divert, 2) ||
	    attach(&vpn, BPF_TC_EGRESS, tc->progs.nat64_out, 1) ||
	    attach(&far, BPF_TC_INGRESS, to_vpn->progs.divert, 1))
		return -EIO;
	return kernel_counts(tc, &before);
}

static void engine_close(void)
{
	if (vpn.fd >= 0)
		close(vpn.fd);
	if (far.fd >= 0)
		close(far.fd);
	vpn.fd = far.fd = -1;
	nat64_tc__destroy(tc);
	divert__destroy(to_far);
	divert__destroy(to_vpn);
	tc = NULL;
	to_far = to_vpn = NULL;
}

static int engine_set_up(const struct vector *vector)
{
	return kernel_set_up(tc, vector);
}

/* Reads the packet that came out of either TUN. Yields where, or -1 if none did within `wait` ms.
 */
static int receive(int wait, struct outcome *out)
{
	struct pollfd poll_fd[] = { { .fd = vpn.fd, .events = POLLIN },
				    { .fd = far.fd, .events = POLLIN } };
	ssize_t len;

	out->len = 0;
	if (poll(poll_fd, 2, wait) <= 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		if (!(poll_fd[i].revents & POLLIN))
			continue;
		len = read(poll_fd[i].fd, out->packet, sizeof(out->packet));
		if (len < 0)
			continue;
		out->len = len;
		return poll_fd[i].fd;
	}
	return -1;
}

static const struct counts *engine_counts(void)
{
	return &before;
}

static int engine_run(bool is_64, const __u8 *packet, __u32 len, struct outcome *out)
{
	const struct tun *in = is_64 ? &vpn : &far;
	static struct outcome second;
	enum engine_end end;
	struct counts after;
	bool dropped = false;
	int from, err;

	if (write(in->fd, packet, len) != (ssize_t)len) {
		if (errno == EINVAL) /* neither version 4 nor 6 */
			return 1;
		return fail("write");
	}
	/* the kernel has done all the work within write(), but for what a busy queue has put off */
	from = receive(0, out);
	if (kernel_counts(tc, &after))
		return -EIO;
	for (int i = NAT64_COUNT_MAX; i < NAT64_COUNTERS; i++)
		dropped |= after.packets[i] != before.packets[i];
	if (from < 0 && (!dropped || after.packets[NAT64_COUNT_ICMP_ERRORS] !=
					     before.packets[NAT64_COUNT_ICMP_ERRORS]))
		from = receive(WAIT_MS, out);
	if (receive(0, &second) >= 0) {
		fprintf(stderr, "error: tun: two packets came out\n");
		return -EPROTO;
	}
	end = from < 0 ? END_SHOT : is_64 && from == vpn.fd ? END_AWAY : END_ON;
	if (!is_64 && from == far.fd) {
		fprintf(stderr, "error: tun: a packet to the VPN came back\n");
		return -EPROTO;
	}
	err = outcome_judge("tun", is_64, end == END_AWAY, end, &before, &after, out);
	before = after;
	return err;
}

const struct engine engine_tun = {
	.name = "tun",
	.open = engine_open,
	.set_up = engine_set_up,
	.run = engine_run,
	.counts = engine_counts,
	.close = engine_close,
};
