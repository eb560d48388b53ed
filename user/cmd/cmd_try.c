/* SPDX-License-Identifier: GPL-2.0-only */
/* nat64-bpf try: one packet through the real programs, on a private copy of the instance. */
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cleanup.h"
#include "counters.h"
#include "host.h"
#include "instance.h"
#include "json.h"
#include "log.h"
#include "report.h"
#include "try.h"

static const char *const verdict_words[] = { "translated", "dropped", "passed", "icmp-error" };

static void print_packet(const char *label, const struct try_packet *packet)
{
	_free_ char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	try_decode(out, packet->bytes, packet->len);
	if (fclose(out))
		return;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), label = "")
		printf("%-8s %s\n", label, line);
	for (size_t i = 0; i < packet->len; i++) {
		if (i && i % 32 == 0)
			putchar('\n');
		printf("%s%02x", i % 32 ? "" : "         ", packet->bytes[i]);
	}
	putchar('\n');
}

static void try_print(const struct try_packet *in, const struct try_result *result)
{
	print_packet("in", in);
	printf("%-8s %s", "verdict", verdict_words[result->verdict]);
	if (result->reason)
		printf(", %s\n%-8s %s", drop_words[result->reason], "why",
		       drop_texts[result->reason]);
	putchar('\n');
	if (result->verdict == TRY_PASSED)
		printf("%-8s not for this instance: it continues unchanged\n", "why");
	else if (result->packet.len)
		print_packet(result->verdict == TRY_ICMP_ERROR ? "reply" : "out", &result->packet);
}

static void try_print_json(const char *instance, const struct try_result *result)
{
	const struct try_packet *packet = &result->packet;
	json_t *object = json_pack("{s:i, s:s, s:s}", "schema", 1, "instance", instance, "verdict",
				   verdict_words[result->verdict]);
	char hex[2 * sizeof(packet->bytes) + 1] = "";
	_free_ char *text = NULL;
	json_t *lines = json_array();
	size_t size = 0;
	FILE *out;

	if (result->reason)
		json_object_set_new(object, "reason", json_string(drop_words[result->reason]));
	for (size_t i = 0; i < packet->len; i++)
		sprintf(hex + 2 * i, "%02x", packet->bytes[i]);
	out = packet->len ? open_memstream(&text, &size) : NULL;
	if (out) {
		try_decode(out, packet->bytes, packet->len);
		fclose(out);
		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
			json_array_append_new(lines, json_string(line));
	}
	json_object_set_new(object, "packets", packet->len ? json_pack("[s]", hex) : json_array());
	json_object_set_new(object, "decoded", lines);
	json_out(object);
}

int cmd_try(const struct args *args)
{
	struct bindings bindings;
	struct instance instance;
	struct try_result result;
	struct try_packet packet;
	int status = args->count > 1 ? try_read(args->operands[1], &packet) :
				       try_build(args, &packet);

	if (!status)
		status = instance_running(&instance, args->name);
	else
		return -1;
	if (!status)
		status = host_check_privileges();
	if (!status)
		status = bindings_open(instance.config.name, &bindings);
	if (!status) {
		status = try_run(&bindings, &packet, &result);
		bindings_close(&bindings);
		if (!status && args->json)
			try_print_json(instance.config.name, &result);
		else if (!status)
			try_print(&packet, &result);
	}
	instance_free(&instance);
	return status;
}
