/* SPDX-License-Identifier: GPL-2.0-only */
/* Packet vectors (tests/conformance/README.md): one JSON object a line, with settings and bindings
 * in terms of the programs. */
#pragma once

#include <linux/in6.h>
#include <stdbool.h>
#include <stddef.h>

#include "nat64.h"

#define VECTOR_PACKET_MAX   65575 /* bytes: IPv6 header and the largest payload */
#define VECTOR_BINDINGS_MAX 256

struct vector_binding {
	struct in6_addr addr6;
	__be32 addr4;
	bool is_static;
};

struct vector {
	char *name;
	bool is_64;   /* enters the ingress program, else the egress program */
	bool is_path; /* of stage `path`: not for an engine */
	bool pool_full;
	struct nat64_config config;
	struct vector_binding *bindings;
	size_t binding_count;
	__u8 *packet; /* from the IP header on */
	__u32 len;
};

struct vectors {
	struct vector *vector;
	size_t count;
	__u32 pool_size; /* of the largest pool */
};

/* Reads one line. `error`: 160 bytes for words on what is wrong with it. False: not a packet
 * vector. */
bool vector_parse(const char *line, struct vector *vector, char *error);
void vector_free(struct vector *vector);

/* Reads a file. Says on stderr what is wrong with it; 0 or -1. */
int vectors_read(const char *path, struct vectors *vectors);
void vectors_free(struct vectors *vectors);
