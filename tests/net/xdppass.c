/* SPDX-License-Identifier: GPL-2.0-only */
/* Another's XDP program, which passes all: xdppass attach|detach|list IFACE, by libxdp and its
 * dispatcher. list: the names of the programs of the dispatcher, one a line. */
#include <err.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <xdp/libxdp.h>

int main(int argc, char **argv)
{
	DECLARE_LIBXDP_OPTS(xdp_program_opts, opts, .find_filename = "xdp-dispatcher.o",
			    .prog_name = "xdp_pass");
	int ifindex = argc == 3 ? if_nametoindex(argv[2]) : 0;
	struct xdp_multiprog *all = ifindex ? xdp_multiprog__get_from_ifindex(ifindex) : NULL;
	struct xdp_program *pass = NULL, *each = NULL;

	if (!ifindex)
		errx(2, "xdppass attach|detach|list IFACE");
	if (!strcmp(argv[1], "attach")) {
		pass = xdp_program__create(&opts);
		return libxdp_get_error(pass) ||
		       xdp_program__attach(pass, ifindex, XDP_MODE_NATIVE, 0);
	}
	if (libxdp_get_error(all))
		return 0;
	while ((each = xdp_multiprog__next_prog(each, all))) {
		if (!strcmp(argv[1], "list"))
			puts(xdp_program__name(each));
		else if (!strcmp(xdp_program__name(each), "xdp_pass"))
			return xdp_program__detach(each, ifindex, XDP_MODE_NATIVE, 0) != 0;
	}
	return strcmp(argv[1], "list") != 0;
}
