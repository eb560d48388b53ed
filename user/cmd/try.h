/* SPDX-License-Identifier: GPL-2.0-only */
/* What `try` consists of: a packet built or read, a private copy of the instance that it is put
 * through, words. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "args.h"
#include "bindings.h"
#include "nat64.h"

#define TRY_PACKET_MAX 3400 /* bytes from the IP header on: what a test run takes */

struct try_packet {
	uint8_t bytes[TRY_PACKET_MAX +
		      128]; /* an IPv6 packet is longer than the IPv4 packet it was */
	size_t len;
};

/* From hexadecimal digits; blanks and colons between them are fine. Says what is wrong and returns
 * -1. */
int try_read(const char *text, struct try_packet *packet);

/* From --from, --to and the others. Says what is wrong and returns -1. */
int try_build(const struct args *args, struct try_packet *packet);

enum try_verdict { TRY_TRANSLATED, TRY_DROPPED, TRY_PASSED, TRY_ICMP_ERROR };

struct try_result {
	enum try_verdict verdict;
	enum nat64_drop reason;	  /* of DROPPED and ICMP_ERROR */
	struct try_packet packet; /* what comes out; len 0: nothing */
};

/* Puts a packet through the programs, on a copy of the instance of their own. Says what went wrong
 * and returns -1. */
int try_run(const struct bindings *bindings, const struct try_packet *in,
	    struct try_result *result);

/* A line for each header. */
void try_decode(FILE *out, const uint8_t *packet, size_t len);
