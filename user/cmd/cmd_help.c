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
	putchar('\n');
	for (unsigned int i = 0; i < GLOBAL_OPTIONS; i++) {
		const struct global_option *option = &global_options[i];

		if (option->letter)
			printf("  -%c, ", option->letter);
		else
			printf("      ");
		printf("--%-9s %s\n", option->name, option->help);
	}
	printf("\nnat64-bpf help VERB lists the options of a verb. Manual: nat64-bpf(8), "
	       "nat64-bpf.conf(5).\n");
}

/* One option of a verb, of either kind. */
struct option {
	const char *name, *value; /* NULL: without */
	const char *fallback;	  /* "": none */
	bool derived, repeatable, setting;
	const struct config_word *words; /* NULL: none */
	const char *help;
};

static struct option of_verb(unsigned int i)
{
	const struct verb_option_info *info = &verb_options[i];

	return (struct option){ .name = info->name,
				.value = info->value,
				.fallback = info->fallback ?: "",
				.help = info->help };
}

static struct option of_key(unsigned int key)
{
	const struct config_key_info *row = &config_keys[key];

	return (struct option){ .name = row->key,
				.value = config_key_usage((enum config_key)key),
				.fallback = row->fallback,
				.derived = row->derived,
				.repeatable = row->repeatable,
				.setting = true,
				.words = row->words,
				.help = row->help };
}

/* Calls TAKE for each option of a verb. */
static void each_option(const struct verb *verb, void (*take)(const struct option *, void *),
			void *data)
{
	struct option option;

	for (unsigned int i = 0; i < OPTION_MAX; i++)
		if (verb->options & 1u << i) {
			option = of_verb(i);
			take(&option, data);
		}
	for (unsigned int key = 0; verb->config && key < KEY_MAX; key++) {
		option = of_key(key);
		take(&option, data);
	}
}

static void print_option(const struct option *option, void *data)
{
	const char *usage = textf("--%s", option->name), *help = option->help;

	if (option->value)
		usage = textf("%s%s%s", usage, *option->value == '[' ? "" : " ", option->value);
	if (*option->fallback)
		help = textf("%s (%s)", help, option->fallback);
	printf("  %-34s %s%s\n", usage, help, option->repeatable ? ", repeatable" : "");
}

static void print_verb(const struct verb *verb)
{
	printf("nat64-bpf %s %s\n\n  %s\n\n", verb->name, verb->operands, verb->help);
	each_option(verb, print_option, NULL);
}

static void append_name(const struct option *option, void *array)
{
	json_array_append_new(array, json_string(option->name));
}

static void append_option(const struct option *option, void *array)
{
	const struct config_word *word = option->words;
	json_t *object, *words = json_array();

	for (; word && word->text; word++)
		json_array_append_new(words, json_string(word->text));
	object = json_pack("{s:s, s:s?, s:o, s:b, s:b, s:s}", "option", option->name, "value",
			   option->value, "words", words, "repeatable", option->repeatable,
			   "setting", option->setting, "help", option->help);
	if (*option->fallback)
		json_object_set_new(object, option->derived ? "derived" : "default",
				    json_string(option->fallback));
	json_array_append_new(array, object);
}

static json_t *verb_json(const struct verb *verb)
{
	json_t *names = json_array(), *details = json_array();

	each_option(verb, append_name, names);
	each_option(verb, append_option, details);
	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "verb", verb->name, "operands",
			 verb->operands, "help", verb->help, "options", names, "details", details);
}

static json_t *global_json(void)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < GLOBAL_OPTIONS; i++) {
		const struct global_option *option = &global_options[i];
		const char letter[2] = { option->letter };

		json_array_append_new(array, json_pack("{s:s, s:s?, s:s}", "option", option->name,
						       "letter", *letter ? letter : NULL, "help",
						       option->help));
	}
	return array;
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
		const char *fix = "nat64-bpf help lists the verbs";

		if (near)
			fix = textf("did you mean: nat64-bpf help %s", near);
		return log_fail(EXIT_USAGE, "there is no such verb", fix, "%s", args->name);
	}
	if (!args->json) {
		if (verb)
			print_verb(verb);
		else
			print_all();
		return 0;
	}
	array = json_array();
	for (unsigned int i = 0; args_verb(i); i++)
		if (!verb || verb == args_verb(i))
			json_array_append_new(array, verb_json(args_verb(i)));
	json_out(json_pack("{s:i, s:o, s:o}", "schema", 1, "verbs", array, "options",
			   global_json()));
	return 0;
}

/* What the kernel has, as far as it can be seen without a change: a flowtable would be tried on
 * interfaces, and may load modules; load does so, and status says how it went. */
int cmd_version(const struct args *args)
{
	bool btf = !access("/sys/kernel/btf/vmlinux", R_OK), bpffs = host_has_bpffs();
	const char *tcx_text = "TCX not known without CAP_NET_ADMIN";
	const char *without = btf ? "" : "out";
	const char *unmounted = bpffs ? "" : "not ";
	int tcx = attach_has_tcx();
	struct utsname kernel;

	if (tcx >= 0)
		tcx_text = tcx ? "with TCX" : "without TCX";
	uname(&kernel);
	if (args->json)
		json_out(json_pack("{s:i, s:s, s:i, s:s, s:s, s:{s:b, s:o, s:b}, s:s}", "schema", 1,
				   "version", NAT64_VERSION, "abi", NAT64_ABI, "libbpf",
				   libbpf_version_string(), "kernel", kernel.release, "features",
				   "btf", btf, "tcx", tcx < 0 ? json_null() : json_boolean(tcx),
				   "bpffs", bpffs, "program", textf("%08x", datapath_program())));
	else
		printf("nat64-bpf %s, ABI %d, libbpf %s, Linux %s, with%s BTF, %s, bpffs "
		       "%smounted\n",
		       NAT64_VERSION, NAT64_ABI, libbpf_version_string() + 1, kernel.release,
		       without, tcx_text, unmounted);
	return 0;
}
