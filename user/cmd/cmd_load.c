/* SPDX-License-Identifier: GPL-2.0-only */
/* nat64-bpf load: bring an instance up, or apply a changed config in place. */
#include <string.h>
#include <time.h>

#include "args.h"
#include "clock.h"
#include "dry_run.h"
#include "host.h"
#include "json.h"
#include "load.h"
#include "lock.h"
#include "log.h"
#include "paths.h"

#define WAIT_DEFAULT 5	   /* seconds */
#define WAIT_MAX     86400 /* seconds */
#define WAIT_STEP_MS 50

static void say(const struct instance *instance, int changed)
{
	static const char *const nat44[] = {
		[NAT44_MASQUERADE] = "masquerade", [NAT44_SNAT] = "snat", [NAT44_NONE] = "no NAT44"
	};
	const struct config *config = &instance->config;
	char clients[NET6_TEXT], prefix[NET6_TEXT], pool[NET4_TEXT];

	if (!changed) {
		log_note("%s: loaded already, nothing changed", config->name);
		return;
	}
	printf("%s: translating %s on %s to %s, pool %s, %s\n", config->name,
	       net6_text(&instance->clients[0], clients), instance->link.name,
	       net6_text(&config->prefix, prefix), net4_text(&config->pool, pool),
	       nat44[config->nat44]);
}

/* Looks and shows, or looks and applies. 1: something, 0: nothing, -1: said. */
static int bring_up(struct instance *instance, const struct args *args, struct dry_run *dry)
{
	const struct load_options options = { .replace = args_has(args, OPTION_REPLACE) };
	struct plan plan;
	int changed;

	if (dry->to)
		changed = instance_look(instance, &options, &plan);
	else
		changed = instance_up(instance, &options, &plan);
	if (dry->to && changed > 0)
		plan_show(&plan, dry->to);
	plan_free(&plan);
	return changed;
}

/* What this host does to the packets may change at any time: no reason to refuse. */
static void warn_ways(const struct instance *instance)
{
	struct host_fault faults[HOST_FAULTS];
	size_t count = host_ways(instance, true, faults);

	for (size_t i = 0; i < count; i++)
		log_warn(faults[i].why, faults[i].fix, "%s", faults[i].what);
}

static int load(const struct args *args)
{
	struct instance instance;
	struct dry_run dry;
	int changed = -1;
	bool shown;

	if (dry_run_begin(&dry, args))
		return -1;
	shown = dry.to;
	if (!instance_settings(&instance, args->name, &args->config) &&
	    !instance_derive(&instance) && !host_check_network(&instance))
		changed = bring_up(&instance, args, &dry);
	if (changed >= 0 && !shown)
		warn_ways(&instance);
	if (dry_run_end(&dry, args, instance.config.name, changed))
		changed = -1;
	else if (changed >= 0 && !shown && args->json)
		json_changed(instance.config.name, changed);
	else if (changed >= 0 && !shown)
		say(&instance, changed);
	instance_free(&instance);
	return changed < 0 ? -1 : EXIT_DONE;
}

static void hear_nothing(const struct log_message *message, void *data)
{
}

/* At boot an interface is there a moment before its address and its link. Waits for these, without
 * the lock; what is wrong then is for load() to say. */
static void await_interface(struct instance *instance, uint64_t seconds)
{
	const struct timespec pause = { .tv_nsec = WAIT_STEP_MS * NS_PER_MS };
	uint64_t end = clock_boot_ns() + seconds * NS_PER_S;
	const char *said = NULL;
	int status = -1;

	while (status && clock_boot_ns() < end) {
		log_listen(hear_nothing, NULL);
		status = instance_derive(instance);
		log_listen(NULL, NULL);
		if (!status || !instance->awaits)
			return;
		if (!said || strcmp(said, instance->awaits))
			log_note("%s: waiting for %s of %s, %llu s at most", instance->config.name,
				 instance->awaits, instance->link.name,
				 (unsigned long long)seconds);
		said = instance->awaits;
		nanosleep(&pause, NULL);
	}
}

static int wait_given(const struct args *args, uint64_t *seconds)
{
	const char *text = args->value[OPTION_WAIT];

	*seconds = WAIT_DEFAULT;
	if (!text || text_number(text, WAIT_MAX, seconds))
		return 0;
	return log_fail(EXIT_USAGE, textf("it takes 0 to %d seconds", WAIT_MAX),
			"nat64-bpf load NAME --wait=5", "--wait=%s: not a time to wait", text);
}

int cmd_load(const struct args *args)
{
	struct instance instance;
	uint64_t seconds = 0;
	int status;

	/* what is wrong in itself comes before what is not permitted */
	status = instance_settings(&instance, args->name, &args->config);
	if (!status)
		status = wait_given(args, &seconds);
	if (!status)
		status = host_check_privileges();
	if (!status)
		status = host_check_kernel();
	if (!status)
		await_interface(&instance, seconds);
	instance_free(&instance);
	if (status || lock_take())
		return -1;
	status = load(args);
	lock_release();
	return status;
}
