/* SPDX-License-Identifier: GPL-2.0-only */
/* Another's XDP program, which passes all: xdppass attach|detach|list IFACE, by libxdp and its
 * dispatcher. list: the names of the programs of the dispatcher, one a line. */
#include <err.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <xdp/libxdp.h>

static int attach(int ifindex)
{
	DECLARE_LIBXDP_OPTS(xdp_program_opts, opts, .find_filename = "xdp-dispatcher.o",
			    .prog_name = "xdp_pass");
	struct xdp_program *pass = xdp_program__create(&opts);
	int error = libxdp_get_error(pass);

	if (!error)
		error = xdp_program__attach(pass, ifindex, XDP_MODE_NATIVE, 0);
	xdp_program__close(pass);
	return error != 0;
}

/* The programs of the dispatcher: prints their names, or detaches ours. */
static int each(int ifindex, bool list)
{
	struct xdp_multiprog *all = xdp_multiprog__get_from_ifindex(ifindex);
	struct xdp_program *program = NULL;
	int status = list ? 0 : 1;

	if (libxdp_get_error(all))
		return 0;
	while ((program = xdp_multiprog__next_prog(program, all))) {
		if (list) {
			puts(xdp_program__name(program));
		} else if (!strcmp(xdp_program__name(program), "xdp_pass")) {
			status = xdp_program__detach(program, ifindex, XDP_MODE_NATIVE, 0) != 0;
			break;
		}
	}
	xdp_multiprog__close(all);
	return status;
}

int main(int argc, char **argv)
{
	int ifindex = argc == 3 ? if_nametoindex(argv[2]) : 0;

	if (!ifindex)
		errx(2, "xdppass attach|detach|list IFACE");
	if (!strcmp(argv[1], "attach"))
		return attach(ifindex);
	return each(ifindex, !strcmp(argv[1], "list"));
}
