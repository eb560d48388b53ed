/* SPDX-License-Identifier: GPL-2.0-only */
/* Taking an instance down, or what is left of one: the steps of load.c backwards. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "cleanup.h"
#include "datapath.h"
#include "forwarding.h"
#include "host.h"
#include "instances.h"
#include "load.h"
#include "log.h"
#include "paths.h"
#include "sysctl.h"
#include "text.h"
#include "xdp.h"

static void fault(int *status, int error, const char *name, const char *what)
{
	if (error >= 0)
		return;
	*status = log_fail(error == -EPERM || error == -EACCES ? EXIT_PRIVILEGE : EXIT_FAILED,
			   strerror(-error), textf("run it again: nat64-bpf unload %s", name),
			   "%s: %s", name, what);
}

/* What is there already counts as done. */
static int gone_is_fine(int error)
{
	return error == -ESRCH || error == -ENODEV || error == -ENOENT || error == -EADDRNOTAVAIL ?
		       0 :
		       error;
}

/* Routes of ours on the interface, those of the record and any that a killed load left. */
static int remove_routes(const struct record *record, FILE *show)
{
	_free_ struct nl_route *routes = NULL;
	size_t count = 0;
	int error = nl_routes(AF_INET, &routes, &count);

	for (size_t i = 0; i < count; i++) {
		struct pool_route route = { .dst = { routes[i].dst4, routes[i].len },
					    .index = record->ifindex };
		char text[NET4_TEXT];
		int failed;

		if (routes[i].protocol != NAT64_RTPROT || routes[i].oif != record->ifindex)
			continue;
		if (show) {
			fprintf(show, "ip route del %s dev %s proto %d\n",
				net4_text(&route.dst, text), record->interface, NAT64_RTPROT);
			continue;
		}
		failed = gone_is_fine(nl_route4_del(&route));
		if (failed)
			error = failed;
	}
	return error;
}

static bool is_last(const char *name)
{
	char **names;
	size_t count;
	bool last = true;

	if (instances_list(&names, &count))
		return false;
	for (size_t i = 0; i < count; i++)
		last &= !strcmp(names[i], name);
	instances_free(names, count);
	return last;
}

/* What would be done. 0 or -1: said. */
static int show_down(const char *name, const struct record *record, FILE *show)
{
	char text[INET_ADDRSTRLEN], undo[PATH_MAX];
	int status = 0;

	if (record->ifindex) {
		fprintf(show, "# detach from %s\n", record->interface);
		if (record->xdp)
			fprintf(show, "# detach nat64_xdp from XDP of %s\n", record->interface);
		remove_routes(record, show);
		if (record->neighbour)
			fprintf(show, "ip neigh del %s dev %s\n", PLACEHOLDER4, record->interface);
		if (record->own4.s_addr)
			fprintf(show, "ip address del %s/32 dev %s\n",
				inet_ntop(AF_INET, &record->own4, text, sizeof(text)),
				record->interface);
	}
	fprintf(show, "# remove pins of %s\n", name);
	fprintf(show, "nft delete table inet nat64_bpf_%s\n", name);
	if (!is_last(name))
		return 0;
	snprintf(undo, sizeof(undo), "%s/.host.undo", dir_run());
	fault(&status, forwarding_show(undo, show), name, "cannot tell how IPv4 forwarding was");
	return status;
}

int instance_down(const char *name, FILE *show)
{
	struct record record;
	char path[PATH_MAX];
	struct nl_link link;
	bool there, last;
	int status = 0, tables;

	record_read(name, &record);
	there = record.ifindex || !access(path_pins(path, name), F_OK);
	if (show) {
		if (there)
			status = show_down(name, &record, show);
		record_free(&record);
		return status ? -1 : there;
	}
	/* without the rest it would go on translating, to packets that nobody NATs */
	if ((there && host_check_bpffs()) || (record.xdp && xdp_detach(name, record.ifindex))) {
		record_free(&record);
		return -1;
	}
	if (record.ifindex && nl_link_by_index(record.ifindex, &link) == -ENODEV)
		record.ifindex = 0; /* the interface took its part along */
	fault(&status, gone_is_fine(attach_remove(name, record.ifindex, record.clsact)), name,
	      "cannot detach the programs");
	if (!status && record.ifindex && attach_remains(record.ifindex)) {
		log_fail(
			EXIT_FAILED,
			"their links are pinned where this process cannot see them: in another BPF file system",
			textf("run it where it was loaded: nsenter --mount=/proc/PID/ns/mnt nat64-bpf unload %s",
			      name),
			"%s: its programs stay attached to %s", name, record.interface);
		record_free(&record);
		return -1;
	}
	if (record.ifindex) {
		fault(&status, remove_routes(&record, NULL), name, "cannot remove its routes");
		if (record.neighbour)
			fault(&status,
			      gone_is_fine(
				      nl_neigh4_del(record.ifindex,
						    (struct in_addr){ inet_addr(PLACEHOLDER4) })),
			      name, "cannot remove the placeholder neighbour");
		if (record.own4.s_addr)
			fault(&status, gone_is_fine(nl_addr4_take(record.ifindex, record.own4)),
			      name, "cannot remove its address");
	}
	fault(&status, datapath_unpin(name), name, "cannot remove its pins");
	tables = nft_delete(name);
	fault(&status, tables, name, "cannot delete its nft table");
	last = is_last(name);
	xdp_tidy(last);
	if (last) {
		snprintf(path, sizeof(path), "%s/.host.undo", dir_run());
		fault(&status, forwarding_restore(path), name, "cannot put IPv4 forwarding back");
	}
	if (!status)
		fault(&status, record_remove(name), name, "cannot remove its record");
	record_free(&record);
	return status ? -1 : there || tables > 0;
}
