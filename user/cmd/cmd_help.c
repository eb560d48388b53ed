/* SPDX-License-Identifier: GPL-2.0-only */
/* nat64-bpf help and version. */
#include <bpf/libbpf.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "args.h"
#include "attach.h"
#include "datapath.h"
#include "host.h"
#include "json.h"
#include "log.h"
#include "text.h"

static void print_all(void)
{
	printf("nat64-bpf: NAT64 in the Linux kernel for VPN servers\n\n"
	       "  nat64-bpf [-j] [-q|-v] [--no-color] VERB [NAME] [options]\n\n"
	       "NAME is an interface, or an instance with a file /etc/nat64-bpf/NAME.conf.\n\n");
	for (unsigned int i = 0; args_verb(i); i++) {
		char usage[64];

		snprintf(usage, sizeof(usage), "%s %s", args_verb(i)->name, args_verb(i)->operands);
		printf("  %-26s %s\n", usage, args_verb(i)->help);
	}
	printf("\n  -j, --json     results as JSON\n"
	       "  -q, --quiet    no notes; status: the exit status only\n"
	       "  -v, --verbose  each step as it is taken, on stderr\n"
	       "  --no-color     no colour, as with NO_COLOR set\n\n"
	       "nat64-bpf help VERB lists the options of a verb. Manual: nat64-bpf(8), nat64-bpf.conf(5).\n");
}

static void print_verb(const struct verb *verb)
{
	printf("nat64-bpf %s %s\n\n  %s\n\n", verb->name, verb->operands, verb->help);
	for (unsigned int i = 0; i < OPTION_MAX; i++) {
		char usage[64];

		if (!(verb->options & 1u << i))
			continue;
		snprintf(usage, sizeof(usage), "--%s%s%s", verb_options[i].name,
			 verb_options[i].value && verb_options[i].value[0] != '[' ? " " : "",
			 verb_options[i].value ? verb_options[i].value : "");
		printf("  %-34s %s\n", usage, verb_options[i].help);
	}
	for (unsigned int i = 0; verb->config && i < KEY_MAX; i++) {
		const struct config_key_info *key = &config_keys[i];
		char usage[64];

		snprintf(usage, sizeof(usage), "--%s %s", key->key, key->value);
		printf("  %-34s %s%s%s%s%s\n", usage, key->help, *key->fallback ? " (" : "",
		       key->fallback, *key->fallback ? ")" : "",
		       key->repeatable ? ", repeatable" : "");
	}
}

static json_t *verb_json(const struct verb *verb)
{
	json_t *options = json_array();

	for (unsigned int i = 0; i < OPTION_MAX; i++)
		if (verb->options & 1u << i)
			json_array_append_new(options, json_string(verb_options[i].name));
	for (unsigned int i = 0; verb->config && i < KEY_MAX; i++)
		json_array_append_new(options, json_string(config_keys[i].key));
	return json_pack("{s:s, s:s, s:s, s:o}", "verb", verb->name, "operands", verb->operands,
			 "help", verb->help, "options", options);
}

int cmd_help(const struct args *args)
{
	const struct verb *verb = NULL;
	json_t *array;

	for (unsigned int i = 0; args->name && args_verb(i); i++)
		if (!strcmp(args_verb(i)->name, args->name))
			verb = args_verb(i);
	if (args->name && !verb) {
		const char *near = args_suggest_verb(args->name);

		return log_fail(EXIT_USAGE, "there is no such verb",
				near ? textf("did you mean: nat64-bpf help %s", near) :
				       "nat64-bpf help lists the verbs",
				"%s", args->name);
	}
	if (!args->json) {
		verb ? print_verb(verb) : print_all();
		return 0;
	}
	array = json_array();
	for (unsigned int i = 0; args_verb(i); i++)
		if (!verb || verb == args_verb(i))
			json_array_append_new(array, verb_json(args_verb(i)));
	json_out(json_pack("{s:i, s:o}", "schema", 1, "verbs", array));
	return 0;
}

/* What the kernel has, as far as it tells without being changed: a flowtable would be tried on
 * interfaces, and may load modules; load does so, and status says how it went. */
int cmd_version(const struct args *args)
{
	bool btf = !access("/sys/kernel/btf/vmlinux", R_OK), bpffs = host_has_bpffs();
	int tcx = attach_has_tcx();
	struct utsname kernel;

	uname(&kernel);
	if (args->json)
		json_out(json_pack("{s:i, s:s, s:i, s:s, s:s, s:{s:b, s:o, s:b}, s:s}", "schema", 1,
				   "version", NAT64_VERSION, "abi", NAT64_ABI, "libbpf",
				   libbpf_version_string(), "kernel", kernel.release, "features",
				   "btf", btf, "tcx", tcx < 0 ? json_null() : json_boolean(tcx),
				   "bpffs", bpffs, "program", textf("%08x", datapath_program())));
	else
		printf("nat64-bpf %s, ABI %d, libbpf %s, Linux %s, %s, %s, %s\n", NAT64_VERSION,
		       NAT64_ABI, libbpf_version_string() + 1, kernel.release,
		       btf ? "with BTF" : "without BTF",
		       tcx < 0 ? "TCX not known without CAP_NET_ADMIN" :
		       tcx     ? "with TCX" :
				 "without TCX",
		       bpffs ? "bpffs mounted" : "bpffs not mounted");
	return 0;
}
