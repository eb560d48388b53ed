/* SPDX-License-Identifier: GPL-2.0-only */
/* What the nft*.c files share: running commands by libnftables, what is in a table, the text of a
 * table. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "nft.h"

#define TABLE_PREFIX "nat64_bpf_"
#define TABLE_SHARED "nat64_bpf"

/* clang-format off */
enum nft_counter {
#define X(name) NFT_COUNTER_##name,
	NFT_COUNTS(X)
#undef X
	NFT_COUNTER_MAX
};
/* clang-format on */

struct nft_tally {
	uint64_t packets, bytes;
};

/* A table as it is in the kernel. */
struct nft_table {
	bool there;
	bool flowtable;
	uint32_t sum; /* of CRC-32 of all that is listed, without handles and counts */
	struct nft_tally tally[NFT_COUNTER_MAX];
};

/* Runs commands, or lets the kernel only check them. 0 or -errno; nft_words() then is nft's first
 * line. */
int nft_run(const char *commands, bool only_check);

/* The same for a list command: `json` gets the reply. And for commands in JSON. */
int nft_execute(const char *commands, json_t **json);
int nft_run_json(const json_t *commands);
const char *nft_words(void);

/* From here on, until it is switched off, commands may use the children of nft_spare(). */
void nft_go_back(bool on);

/* Reads the table; one that is not there is empty. 0 or -errno. */
int nft_read(const char *instance, struct nft_table *table);

/* Lists the table. 0; -ENOENT: there is none; -errno. */
int nft_list(const char *instance, json_t **json);

/* The script that makes the table of SPEC out of what is there. */
int nft_write(const struct nft_spec *spec, const struct nft_table *old, FILE *out);
