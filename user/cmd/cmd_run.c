/* SPDX-License-Identifier: GPL-2.0-only */
/* nat64-bpf run: load, stay, repair, save. Traffic does not need this process: if it is killed, the
 * translation goes on as it is. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "args.h"
#include "caps.h"
#include "cleanup.h"
#include "clock.h"
#include "datapath.h"
#include "host.h"
#include "load.h"
#include "lock.h"
#include "log.h"
#include "netlink.h"
#include "notify.h"
#include "paths.h"
#include "run.h"
#include "text.h"

#define MS	     1000000ull /* ns */
#define LOOK_GAP_MAX (40 * MS)	/* between two checks: four times what one takes, but no more */
#define LOOK_ANYWAY \
	(30000 * MS) /* for what the kernel sends no notification of: filters, neighbours */
#define TABLE_LEN (sizeof("nat64_bpf_") + NAME_LEN_MAX)

struct loop {
	struct run run;
	struct nl_monitor *monitor;
	int signals, timer;
	bool rules; /* rules changed since the last look, perhaps of other tables */
	bool stop;
};

static const char *restart(const struct run *run, int error)
{
	return log_fix(error,
		       textf("start it again: nat64-bpf run %s; what is loaded keeps translating",
			     run->given));
}

static int loop_open(struct loop *loop)
{
	const struct itimerspec each = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	sigset_t set;
	int error;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	loop->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	loop->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (loop->signals < 0 || loop->timer < 0 || timerfd_settime(loop->timer, 0, &each, NULL))
		return log_fail(EXIT_FAILED, strerror(errno), restart(&loop->run, errno),
				"cannot wait for signals and time");
	error = nl_monitor_open(NL_WATCH_LINKS | NL_WATCH_ADDRS | NL_WATCH_ROUTES | NL_WATCH_NFT |
					NL_WATCH_CONF,
				&loop->monitor);
	if (error)
		return log_fail(EXIT_KERNEL, strerror(-error),
				"use a kernel with netlink and nftables, such as Debian's",
				"cannot watch the network for changes");
	return 0;
}

static void plan_look(struct run *run)
{
	uint64_t gap = 4 * run->look_ns < LOOK_GAP_MAX ? 4 * run->look_ns : LOOK_GAP_MAX;

	if (!run->look_at || run->look_at > run->looked_at + gap)
		run->look_at = run->looked_at + gap;
}

/* Notifications of the kernel. */
static int loop_hear(struct loop *loop, unsigned int i)
{
	char table[TABLE_LEN];
	int heard;

	snprintf(table, sizeof(table), "nat64_bpf_%s", loop->run.name);
	heard = nl_monitor_read(loop->monitor, i, table);
	if (heard < 0)
		return log_fail(EXIT_FAILED, strerror(-heard), restart(&loop->run, heard),
				"cannot read changes in the network");
	loop->rules |= heard & NL_WATCH_NFT;
	if (heard & NL_WATCH_NFT)
		run_mend_table(
			&loop->run); /* each moment without it is one without NAT and guards */
	if (heard)
		plan_look(&loop->run);
	return 0;
}

/* 0, or 1: the instance was unloaded. */
static int loop_look(struct loop *loop)
{
	struct run *run = &loop->run;
	int status = run_mend(run, false), made;

	if (status > 0)
		return 1;
	if (!loop->rules || status < 0)
		return 0;
	made = run_ruleset_changed(run);
	for (unsigned int i = 0; made > 0 && nl_monitor_fd(loop->monitor, i) >= 0; i++)
		loop_hear(
			loop,
			i); /* ourselves, for the most part; the look that follows sees the rest */
	loop->rules = made < 0;
	return 0;
}

static void reload(struct loop *loop)
{
	notify_reloading();
	log_note("%s: reading the settings again", loop->run.name);
	if (run_mend(&loop->run, true) < 0)
		run_mend(&loop->run, false); /* it goes on with those that it has */
	run_log_reopen(&loop->run.keeper.log);
	loop->run.keeper.told_at = 0;
	notify("READY=1");
}

static void take_signals(struct loop *loop)
{
	struct signalfd_siginfo info;

	while (read(loop->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(loop);
		else if (info.ssi_signo == SIGCHLD)
			keeper_saved(&loop->run.keeper, loop->run.name, false);
		else
			loop->stop = true;
	}
}

/* Milliseconds until the next look, -1: none is planned. */
static int patience(const struct run *run)
{
	uint64_t now = clock_boot_ns();

	if (run->keeper.log.left)
		return 0;
	if (!run->look_at)
		return -1;
	return run->look_at <= now ? 0 : (int)((run->look_at - now + MS - 1) / MS);
}

/* Until a signal ends it, or another process unloads the instance (1). */
static int loop_run(struct loop *loop)
{
	struct run *run = &loop->run;
	struct pollfd fds[5] = { { loop->signals, POLLIN, 0 },
				 { loop->timer, POLLIN, 0 },
				 { run->keeper.claim_fd, POLLIN, 0 } };
	struct text_mark texts = text_mark();
	unsigned int sockets = 0;
	uint64_t ticks;

	while (sockets < 2 && nl_monitor_fd(loop->monitor, sockets) >= 0) {
		fds[3 + sockets] = (struct pollfd){ nl_monitor_fd(loop->monitor, sockets), POLLIN,
						    0 };
		sockets++;
	}
	while (!loop->stop) {
		text_release(texts);
		if (poll(fds, 3 + sockets, patience(run)) < 0 && errno != EINTR)
			return log_fail(EXIT_FAILED, strerror(errno), restart(run, errno),
					"cannot wait for changes");
		if (fds[0].revents)
			take_signals(loop);
		if (fds[2].revents)
			run_noted(&run->keeper, run->name);
		for (unsigned int i = 0; i < sockets; i++)
			if (fds[3 + i].revents && loop_hear(loop, i))
				return -1;
		if (fds[1].revents && read(loop->timer, &ticks, sizeof(ticks)) > 0) {
			keeper_tick(&run->keeper, run->name);
			if (clock_boot_ns() - run->looked_at >= LOOK_ANYWAY)
				plan_look(run);
		} else {
			keeper_log_more(&run->keeper, run->name);
		}
		if (!loop->stop && run->look_at && run->look_at <= clock_boot_ns() &&
		    loop_look(loop))
			return 1;
	}
	return 0;
}

static int finish(struct loop *loop, int status, bool unload)
{
	struct run *run = &loop->run;

	notify("STOPPING=1");
	if (status > 0) {
		log_note("%s: was unloaded, so run ends", run->name);
		return EXIT_DONE;
	}
	log_listen(NULL, NULL);
	if (keeper_finish(&run->keeper, run->name))
		status = -1;
	if (!unload)
		return status;
	keeper_close(&run->keeper);
	if (lock_take())
		return -1;
	if (instance_down(run->name, NULL) < 0)
		status = -1;
	lock_release();
	return status;
}

int cmd_run(const struct args *args)
{
	struct loop loop = {
		.run = { .given = args->name,
			 .hold_fd = -1,
			 .keeper = { .counters_fd = -1, .claim_fd = -1, .log = { .fd = -1 } } },
		.signals = -1,
		.timer = -1
	};
	struct instance instance;
	int status = instance_settings(&instance, args->name, NULL);

	datapath_stay_small();
	/* what is wrong in itself comes before what is not permitted */
	instance_free(&instance);
	if (!status && !host_check_privileges() && !host_check_kernel() && !caps_drop() &&
	    !loop_open(&loop) && !run_begin(&loop.run)) {
		notify("READY=1");
		log_listen(run_hear, &loop.run);
		status = loop_run(&loop);
		log_listen(NULL, NULL);
		status = finish(&loop, status, args_has(args, OPTION_UNLOAD));
	} else {
		status = -1;
	}
	keeper_close(&loop.run.keeper);
	run_log_close(&loop.run.keeper.log);
	instance_free(&loop.run.instance);
	if (loop.run.hold_fd >= 0)
		close(loop.run.hold_fd);
	nl_monitor_close(loop.monitor);
	if (loop.run.keeper.claim_fd >= 0)
		close(loop.run.keeper.claim_fd);
	if (loop.signals >= 0)
		close(loop.signals);
	if (loop.timer >= 0)
		close(loop.timer);
	return status;
}
