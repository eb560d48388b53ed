/* SPDX-License-Identifier: GPL-2.0-only */
/* nat64-bpf: NAT64 in the kernel for VPN servers. The table of verbs. */
#include <stdio.h>

#include "args.h"
#include "datapath.h"
#include "file.h"
#include "log.h"
#include "text.h"

#define CHANGE OPTION(DRY_RUN)

#define TRY \
	(OPTION(FROM) | OPTION(TO) | OPTION(PROTO) | OPTION(SPORT) | OPTION(DPORT) | OPTION(SIZE))
#define STATS (OPTION(EXPLAIN) | OPTION(OPENMETRICS))

/* clang-format off */
/* A verb is a row: its operands, least and most of them; whether it takes the config keys. */
static const struct verb verbs[] = {
	{ "load", "NAME", "bring an instance up, or apply a changed config",
	  CHANGE | OPTION(REPLACE) | OPTION(WAIT), true, 1, 1, cmd_load },
	{ "unload", "NAME|--all", "take an instance down, leave nothing behind",
	  CHANGE | OPTION(ALL), false, 1, 1, cmd_unload },
	{ "status", "[NAME]", "one screen: pool, NAT44, counters, drops",
	  OPTION(WATCH), false, 0, 1, cmd_status },
	{ "map", "list|lookup|add|del|flush|export|import NAME ...", "bindings of an instance",
	  CHANGE | OPTION(REPLACE) | OPTION(AT), false, 2, 4, cmd_map },
	{ "stats", "[NAME]", "all counters", STATS, false, 0, 1, cmd_stats },
	{ "check", "[NAME]", "validate the config only", 0, true, 0, 1, cmd_check },
	{ "run", "NAME", "load, keep it repaired and saved; for systemd",
	  OPTION(UNLOAD), false, 1, 1, cmd_run },
	{ "doctor", "[NAME]", "examine host and instances; findings with fixes",
	  OPTION(NO_DNS), false, 0, 1, cmd_doctor },
	{ "monitor", "[NAME]", "events as they happen: bindings, drops",
	  0, false, 0, 1, cmd_monitor },
	{ "import-tayga", "FILE [NAME]", "convert tayga.conf to a nat64-bpf config file",
	  CHANGE, false, 1, 2, cmd_import_tayga },
	{ "try", "NAME [PACKET]", "run one packet through the programs",
	  TRY, false, 1, 2, cmd_try },
	{ "help", "[VERB]", "this text, or the options of a verb", 0, false, 0, 1, cmd_help },
	{ "version", "", "versions of program, libraries and kernel", 0, false, 0, 0, cmd_version },
};
/* clang-format on */

int main(int argc, char **argv)
{
	struct args args;
	int status;

	file_hold_standard();
	status = args_parse(&args, verbs, sizeof(verbs) / sizeof(*verbs), argc, argv);
	datapath_listen();
	if (!status)
		status = args.verb->run(&args);
	args_free(&args);
	if (fflush(stdout) || ferror(stdout)) {
		log_fail(EXIT_FAILED, "the output could not be written completely",
			 "check that the disk is not full and the pipe not closed",
			 "standard output");
		status = -1;
	}
	text_release((struct text_mark){});
	return status < 0 ? (int)log_status() : status;
}
