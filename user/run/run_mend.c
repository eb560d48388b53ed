/* SPDX-License-Identifier: GPL-2.0-only */
/* Repairing: what a load would change is what is missing. To look takes no lock and changes
 * nothing; only if something is missing it is looked for again, under the lock, and applied. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "cleanup.h"
#include "clock.h"
#include "host.h"
#include "load.h"
#include "lock.h"
#include "netlink.h"
#include "notify.h"
#include "paths.h"
#include "run.h"
#include "text.h"

#define SILENCE	  (600 * NS_PER_S) /* the same words are not said again before */
#define RETRY_MAX 6		   /* tries again after 1, 2, 4 ... 64 s */

void run_hear(const struct log_message *message, void *data)
{
	static struct {
		uint32_t crc;
		uint64_t at;
	} said[16];
	static unsigned int next;
	struct run *run = data;
	uint64_t now = clock_boot_ns();
	uint32_t crc = crc32(0, (const void *)message->what, strlen(message->what));

	if (message->why)
		crc = crc32(crc, (const void *)message->why, strlen(message->why));

	if (message->code != EXIT_DONE)
		snprintf(run->why, sizeof(run->why), "%s", message->what);
	if (run->deriving)
		return;
	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++)
		if (said[i].at && said[i].crc == crc && now - said[i].at < SILENCE)
			return;
	said[next].crc = crc;
	said[next].at = now;
	next = (next + 1) % (sizeof(said) / sizeof(*said));
	log_listen(NULL, NULL);
	log_warn(message->why, message->fix, "%s", message->what);
	log_listen(run_hear, run);
}

static void enter(struct run *run, enum run_state state, const char *why)
{
	static const char *const words[] = { "waiting", "translating", "degraded" };
	static char last[256];
	const char *text = textf("%s%s%s", words[state], *why ? ": " : "", why);

	run->state = state;
	if (!strcmp(last, text))
		return;
	snprintf(last, sizeof(last), "%s", text);
	log_note("%s: %s", run->name, text);
	notify("STATUS=%s", text);
}

/* Says what was repaired. */
static void report(const struct run *run, const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (!plan->changes[i].barred)
			log_note("%s: repaired: %s", run->name, plan->changes[i].line);
}

/* Settings in force: those of the config file where it is to be read, or nothing is loaded; else
 * the running ones. */
static int settings(const struct run *run, struct instance *instance, bool reread)
{
	return run->up && !reread ? instance_running(instance, run->given) :
				    instance_settings(instance, run->given, NULL);
}

/* What the host lacks is the reason to wait, not a fault to be said. */
static int derive(struct run *run, struct instance *instance)
{
	int status;

	run->deriving = true;
	status = instance_derive(instance);
	run->deriving = false;
	return status;
}

/* What is up now; `instance` is empty afterwards. */
static void adopt(struct run *run, struct instance *instance)
{
	run_log_open(&run->keeper.log, instance->config.log);
	instance_free(&run->instance);
	run->instance = *instance;
	*instance = (struct instance){};
}

/* Looks. 1: something is to be done; 0: nothing; -1: it cannot be, which is said. */
static int look(struct run *run, bool reread)
{
	const struct load_options options = { .lenient = run->up && !reread };
	struct instance instance;
	struct plan plan = {};
	int status = settings(run, &instance, reread);

	if (!status)
		status = derive(run, &instance);
	if (!status)
		status = instance_look(&instance, &options, &plan);
	plan_free(&plan);
	if (!status && run->up && !reread) /* whole, perhaps by a `load` or `map add` of others */
		adopt(run, &instance);
	instance_free(&instance);
	return status;
}

/* Has somebody unloaded what was up? */
static bool is_gone(const struct run *run)
{
	char pins[PATH_MAX], undo[PATH_MAX];

	return run->up && access(path_pins(pins, run->name), F_OK) &&
	       access(path_run(undo, run->name, "undo"), F_OK);
}

/* The same, and repairs. 1: done; 0: it was so meanwhile; -1: said. `derived`: the host was found
 * fit. */
static int repair(struct run *run, bool reread, bool *derived)
{
	const struct load_options options = { .lenient = run->up && !reread };
	struct instance instance;
	struct plan plan = {};
	int status;

	*derived = true;
	if (lock_take())
		return -1;
	if (is_gone(run)) { /* it was under way while we looked */
		lock_release();
		return -1;
	}
	status = settings(run, &instance, reread);
	if (!status)
		status = derive(run, &instance);
	*derived = !status;
	if (!status && (!run->up || reread || instance.record.ifindex != instance.link.index)) {
		status = host_check_network(&instance);
		keeper_save_now(&run->keeper, &instance.config);
	}
	if (!status)
		status = instance_up(&instance, &options, &plan);
	if (status > 0 && run->up)
		report(run, &plan);
	plan_free(&plan);
	if (status >= 0) {
		run->up = true;
		adopt(run, &instance);
	} else if (*derived && access(path_pins((char[PATH_MAX]){}, run->name), F_OK)) {
		run->up = false; /* not taken down by somebody: it could not be brought up again */
	}
	instance_free(&instance);
	lock_release();
	return status;
}

/* The text of the table is that of the record, in which `sum` is that of the table as it was made.
 */
static bool is_current(const char *name, const struct nft_spec *spec, uint32_t *sum)
{
	_free_ char *text = NULL;
	struct record record;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool same;

	if (!out)
		return false;
	same = !nft_render(spec, 1, out);
	same = !fclose(out) && same && !record_read(name, &record);
	if (!same)
		return false;
	*sum = record.nft_sum;
	same = record.nft == crc32(0, (const void *)text, len);
	record_free(&record);
	return same;
}

/* Makes the table anew. True: done. */
static bool make_table(struct run *run, const struct nft_spec *spec)
{
	uint32_t sum;

	return is_current(run->name, spec, &sum) && !nft_apply(spec, NULL);
}

void run_mend_table(struct run *run)
{
	struct nft_spec spec;
	uint32_t now = 0, sum = 0;

	if (!run->up || !run->instance.link.index)
		return;
	instance_nft(&run->instance, &spec);
	if (nft_sum(run->name, &now) == 1 && is_current(run->name, &spec, &sum) && now == sum)
		return;
	if (lock_take())
		return;
	if (make_table(run, &spec))
		log_note("%s: repaired: nft table inet nat64_bpf_%s", run->name, run->name);
	lock_release();
}

static void plan_retry(struct run *run)
{
	run->look_at = clock_boot_ns() +
		       (NS_PER_S << (run->retries < RETRY_MAX ? run->retries : RETRY_MAX));
	run->retries++;
}

/* Whose packets are not to leave without source NAT: the pool, and statics outside of it. Fresh
 * memory without garbage between the fields; NULL, count 0: nobody's, or no memory. */
static struct net4 *held_sources(const struct instance *instance, size_t *count)
{
	struct net4 *sources;

	*count = instance->config.nat44 == NAT44_NONE ? 0 : 1 + instance->outside_count;
	sources = *count ? calloc(*count, sizeof(*sources)) : NULL;
	if (!sources) {
		*count = 0;
		return NULL;
	}
	sources[0].addr = instance->config.pool.addr;
	sources[0].len = instance->config.pool.len;
	for (size_t i = 1; i < *count; i++) {
		sources[i].addr = instance->outside[i - 1].addr4;
		sources[i].len = 32;
	}
	return sources;
}

/* Makes the table of nl_hold() if there is none, or anew when pool or interface have changed. Where
 * that fails it is not tried again until they do: each try would be a change of nftables to hear.
 */
static void hold(struct run *run)
{
	uint32_t vpn = run->instance.link.index, crc;
	size_t count;
	_free_ struct net4 *sources = held_sources(&run->instance, &count);

	crc = crc32(vpn, (const void *)sources, count * sizeof(*sources));
	if (run->hold_crc == crc)
		return;
	if (run->hold_fd >= 0)
		close(run->hold_fd);
	run->hold_fd = -1;
	run->hold_crc = crc;
	if (!count)
		return;

	run->hold_fd = nl_hold(textf("nat64_hold_%s", run->name), vpn, sources, count);
	if (run->hold_fd < 0)
		log_warn(strerror(-run->hold_fd), "flush only tables of your own",
			 "%s: running connections break when others flush the ruleset", run->name);
}

int run_mend(struct run *run, bool reread)
{
	uint64_t begun = clock_boot_ns();
	bool derived = false;
	int status;

	run->look_at = 0;
	if (is_gone(run))
		return 1;
	*run->why = 0;
	status = look(run, reread);
	run->look_ns = clock_boot_ns() - begun;
	if (status > 0 || (!status && reread))
		status = repair(run, reread, &derived);
	if (is_gone(run))
		return 1;
	if (status >= 0) {
		run->retries = 0;
		hold(run);
		enter(run, RUN_TRANSLATING, "");
	} else if (!derived) {
		enter(run, RUN_WAITING, run->why);
	} else {
		enter(run, RUN_DEGRADED, run->why);
		plan_retry(run);
	}
	run->looked_at = clock_boot_ns();
	return status < 0 ? -1 : 0;
}

int run_begin(struct run *run)
{
	struct instance instance;
	bool derived;
	int status = instance_settings(&instance, run->given, NULL), fit = -1;

	if (!status) {
		snprintf(run->name, sizeof(run->name), "%s", instance.config.name);
		status = run_claim(run->name, &run->keeper.claim_fd);
	}
	if (!status) {
		log_listen(run_hear, run);
		fit = derive(run, &instance);
		log_listen(NULL, NULL);
	}
	instance_free(&instance);
	if (status || (!fit && repair(run, true, &derived) < 0))
		return -1;
	run->looked_at = clock_boot_ns();
	if (!fit)
		hold(run);
	enter(run, fit ? RUN_WAITING : RUN_TRANSLATING, run->why);
	return 0;
}

int run_ruleset_changed(struct run *run)
{
	struct nft_spec spec;
	bool made;

	if (!run->up || !run->instance.link.index)
		return 0;
	instance_nft(&run->instance, &spec);
	if (!spec.device_count)
		return 0;
	if (lock_take()) {
		plan_retry(run);
		return -1;
	}
	made = make_table(run, &spec);
	lock_release();
	return made;
}
