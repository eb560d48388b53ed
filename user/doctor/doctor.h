/* SPDX-License-Identifier: GPL-2.0-only */
/* What doctor consists of: examinations of the host and of instances, which only read, and the
 * findings. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "instance.h"
#include "log.h"

enum result { RESULT_OK, RESULT_WARNING, RESULT_FAILURE, RESULT_SKIPPED };

struct finding {
	char instance[NAME_LEN_MAX + 1]; /* "" : of the host */
	const char *topic;		 /* one word, static */
	enum result result;
	char *what, *fix; /* fix: NULL with ok and skipped */
};

#define RESOLVERS_MAX 4 /* three of resolv.conf, and own6 */
#define RESOLVER_TEXT (INET6_ADDRSTRLEN + IFNAMSIZ)

/* A resolver, and what it answered to the question of RFC 7050. */
struct resolver {
	char text[RESOLVER_TEXT];
	enum { RESOLVER_SILENT, RESOLVER_CLOSED, RESOLVER_PLAIN, RESOLVER_DNS64 } state;
	int error;	    /* errno, CLOSED: why it cannot be asked */
	struct net6 prefix; /* of a DNS64 */
};

struct doctor {
	const char *instance; /* what is examined, "" : the host */
	const char *topic;
	struct finding *findings;
	size_t count, failures, warnings;
	bool no_dns;	 /* ask no resolver */
	json_t *ruleset; /* of nftables, NULL: not read, or it cannot be */
	bool resolvers_read;
	int resolvers_error;			  /* errno of resolv.conf, 0: read */
	struct resolver resolvers[RESOLVERS_MAX]; /* of resolv.conf */
	size_t resolver_count;
};

/* Notes a finding under the topic that is examined. */
void doctor_found(struct doctor *doctor, enum result result, const char *fix, const char *what, ...)
	__attribute__((format(printf, 4, 5)));

/* Between these two, what other modules say becomes findings. doctor_unhear() returns how many
 * there were. */
void doctor_hear(struct doctor *doctor, const char *topic);
size_t doctor_unhear(struct doctor *doctor);

void doctor_host(struct doctor *doctor); /* kernel, bpffs, capabilities, nft, sysctl, route, mtu */
void doctor_host_files(struct doctor *doctor);			/* state folder, seed, clock */
void doctor_instance(struct doctor *doctor, const char *given); /* all of one instance */

/* Parts of doctor_instance(). `instance`: its settings. */
void doctor_firewall(struct doctor *doctor,
		     const struct instance *instance); /* chains of others that drop */
void doctor_dns64(struct doctor *doctor,
		  const struct instance *instance); /* resolvers, RFC 7050 and 8880 */
void doctor_files(struct doctor *doctor,
		  const struct instance *instance); /* state, log, systemd unit */
