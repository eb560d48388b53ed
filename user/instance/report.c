/* SPDX-License-Identifier: GPL-2.0-only */
/* The condition of a loaded instance. */
#include "report.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "caps.h"
#include "cleanup.h"
#include "counters.h"
#include "host.h"
#include "log.h"
#include "netlink.h"
#include "text.h"

static void fault(struct report *report, const char *what, const char *fix)
{
	if (report->fault_count < REPORT_FAULTS) {
		report->faults[report->fault_count].what = what;
		report->faults[report->fault_count++].fix = fix;
	}
	if (report->state == STATE_TRANSLATING)
		report->state = STATE_DEGRADED;
}

/* The fast path: as the running table has it; why not, if the settings want it. */
static void look_at_fast_path(struct report *report)
{
	const struct instance *instance = &report->instance;
	int flows;

	report->fast = report->nft.flowtable;
	if (!report->fast && instance->config.fastpath_auto)
		report->fast_why = instance->record.fast_fault[0] ? instance->record.fast_fault :
								    "not probed";
	flows = report->fast ? nl_conntrack_offloaded(&instance->config.pool) : 0;
	report->flows = flows > 0 ? flows : 0;
}

/* Why `xdp = auto` is off, or NULL if the settings say something else. */
static const char *xdp_auto_why(const struct instance *instance)
{
	if (instance->config.xdp != XDP_AUTO)
		return NULL;
	return instance->l2 ?
		       "TC is faster on veth, and no network card has been measured: try native "
		       "and measure" :
		       "an interface without an Ethernet header (TUN, WireGuard) has no native XDP";
}

/* Why there is no XDP program, beside the fault that it is missing. */
static void look_at_xdp(struct report *report)
{
	const struct instance *instance = &report->instance;
	enum xdp_mode wanted = instance->config.xdp;

	report->xdp_why = xdp_auto_why(instance);
	if (xdp_look(instance->config.name, report->link.index, wanted, &report->xdp))
		return;
	if ((wanted == XDP_NATIVE || wanted == XDP_GENERIC) &&
	    (report->xdp.mode != wanted || !report->xdp.current))
		report->xdp_why = report->xdp.taken ? "another program took its place" :
						      "it is not attached";
}

/* The interface as the record or the kernel has it; false: it is absent. */
static bool find_interface(struct report *report)
{
	struct instance *instance = &report->instance;
	const struct record *record = &instance->record;
	const char *name = instance->config.name;

	if (!record->ifindex && !nl_link_by_name(instance->config.interface, &report->link))
		return true;
	if (record->ifindex && !nl_link_by_index(record->ifindex, &report->link))
		return true;
	report->link = (struct nl_link){};
	report->state = STATE_WAITING;
	fault(report, textf("interface %s is absent", record->interface),
	      textf("start the VPN, then nat64-bpf load %s; nat64-bpf run %s does so by itself",
		    name, name));
	return false;
}

static void begin(struct report *report)
{
	struct instance *instance = &report->instance;

	instance->l2 = instance->record.neighbour; /* of an Ethernet interface, which may be gone */
	if (!find_interface(report))
		return;
	instance->l2 = link_is_l2(&report->link) == 1;
	attach_look(instance->config.name, report->link.index, &report->attach);
	look_at_xdp(report);
}

int report_read(const char *name, struct report *report)
{
	struct bindings bindings;
	int error;

	*report = (struct report){};
	if (instance_running(&report->instance, name))
		return -1;
	name = report->instance.config.name;
	if (bindings_open(name, &bindings))
		return -1;
	report->config = bindings.config;
	bindings_use(&bindings, &report->use);
	bindings_close(&bindings);
	error = counters_read(name, report->counters);
	if (error)
		return caps_fail(error, NEED_BPF,
				 textf("nat64-bpf unload %s, then load it again", name),
				 "%s: cannot read the counters", name);
	report->nft_error = nft_counts(name, &report->nft);
	look_at_fast_path(report);
	begin(report);
	return 0;
}

/* What the host lacks is a fault of the instance, not of the one who asks. */
static void hear(const struct log_message *message, void *data)
{
	struct report *report = data;

	if (message->code != EXIT_DONE)
		fault(report, textf("%s", message->what),
		      textf("%s", message->fix ? message->fix : "nat64-bpf doctor"));
}

int report_look_derived(struct report *report)
{
	const struct load_options options = { .lenient = true };
	struct plan *plan = &report->plan;
	const char *again = textf("nat64-bpf load %s", report->instance.config.name);
	struct host_fault ways[HOST_FAULTS];
	size_t count;

	report->nft_whole = true;
	if (report->nft_error)
		return 0;
	if (instance_look(&report->instance, &options, plan) < 0)
		return -1;
	for (size_t i = 0; i < plan->count; i++) {
		if (!strcmp(plan->changes[i].part->topic, "nft"))
			report->nft_whole = false;
		fault(report, change_text(&plan->changes[i]), again);
	}
	count = host_ways(&report->instance, !plan->count, ways);
	for (size_t i = 0; i < count; i++)
		fault(report, textf("%s: %s", ways[i].what, ways[i].why), ways[i].fix);
	return 0;
}

int report_look(struct report *report)
{
	int status;

	report->nft_whole = report->nft.there;
	if (!report->link.index)
		return 0;
	log_listen(hear, report);
	status = instance_derive(&report->instance);
	log_listen(NULL, NULL);
	return status ? 0 : report_look_derived(report);
}

struct nat64_counter report_fast(const struct report *report, enum nat64_count count)
{
	const struct nat64_counter *all = &report->counters[count];
	uint64_t slow = count == NAT64_COUNT_IN64 ? report->nft.slow_64 : report->nft.slow_46;
	uint64_t fast = report->fast && all->packets > slow ? all->packets - slow : 0;

	return (struct nat64_counter){
		.packets = fast,
		.bytes = fast ? (unsigned __int128)all->bytes * fast / all->packets : 0,
	};
}

int report_permitted(const struct report *report)
{
	int error = report->nft_error;

	if (error != -EPERM && error != -EACCES)
		return 0;
	return log_fail(EXIT_PRIVILEGE, caps_why(error, NEED_NET_ADMIN),
			"run it as root: sudo nat64-bpf ...",
			"%s: its nftables table cannot be read", report->instance.config.name);
}

void report_free(struct report *report)
{
	plan_free(&report->plan);
	instance_free(&report->instance);
}
