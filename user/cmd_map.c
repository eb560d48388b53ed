/* SPDX-License-Identifier: GPL-2.0-only */
/* nat64-bpf map list|add|del|flush|export|import|lookup: bindings of an instance. */
#include <arpa/inet.h>
#include <string.h>

#include "args.h"
#include "bindings.h"
#include "instance.h"
#include "json.h"
#include "log.h"

static const char *const kinds[] = { [NAT64_SLOT_DYNAMIC] = "dynamic", [NAT64_SLOT_STATIC] = "static" };

static int list(const struct args *args, struct bindings *bindings)
{
	uint64_t now = boot_ns();
	bool first = true;

	if (args->json)
		printf("{\"schema\":1,\"instance\":\"%s\",\"bindings\":[", bindings->instance);
	for (uint32_t i = 0; i < bindings->count; i++) {
		char four[INET_ADDRSTRLEN], six[INET6_ADDRSTRLEN], idle[24] = "null";
		struct nat64_slot slot;

		if (!bindings_read(bindings, i, &slot))
			continue;
		inet_ntop(AF_INET, &slot.addr4, four, sizeof(four));
		inet_ntop(AF_INET6, &slot.addr6, six, sizeof(six));
		if (slot.state == NAT64_SLOT_DYNAMIC)
			snprintf(idle, sizeof(idle), "%llu",
				 now > slot.last_seen ? (unsigned long long)(now - slot.last_seen) / 1000000000 : 0);
		if (args->json)
			printf("%s{\"addr4\":\"%s\",\"addr6\":\"%s\",\"kind\":\"%s\",\"idle_s\":%s}", first ? "" : ",",
			       four, six, kinds[slot.state], idle);
		else
			printf("%-15s  %-39s  %-7s  %s\n", four, six, kinds[slot.state],
			       slot.state == NAT64_SLOT_DYNAMIC ? fmt("idle %s s", idle) : "-");
		first = false;
	}
	if (args->json)
		printf("]}\n");
	else if (first)
		log_note("%s: no bindings yet", bindings->instance);
	return 0;
}

static const struct subverb {
	const char *name;
	int (*run)(const struct args *args, struct bindings *bindings);
} subverbs[] = {
	{ "list", list },
};

static const char *subverb_name(unsigned int i)
{
	return subverbs[i].name;
}

int cmd_map(const struct args *args)
{
	const struct subverb *verb = NULL;
	struct instance instance;
	struct bindings bindings;
	const char *near;
	int status;

	for (size_t i = 0; i < sizeof(subverbs) / sizeof(*subverbs); i++)
		if (!strcmp(subverbs[i].name, args->operands[0]))
			verb = &subverbs[i];
	if (!verb) {
		near = suggest(args->operands[0], subverb_name, sizeof(subverbs) / sizeof(*subverbs));
		return log_fail(EXIT_USAGE, "there is no such verb of map",
				near ? fmt("did you mean: nat64-bpf map %s", near) : "nat64-bpf help map", "map %s",
				args->operands[0]);
	}
	if (instance_running(&instance, args->operands[1]))
		return -1;
	status = bindings_open(instance.config.name, &bindings);
	if (!status) {
		status = verb->run(args, &bindings);
		bindings_close(&bindings);
	}
	instance_free(&instance);
	return status;
}
