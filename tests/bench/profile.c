/* SPDX-License-Identifier: GPL-2.0-only */
/* A plugin of qemu (-plugin FILE,out=FILE): how often each instruction of the guest ran between the
 * marks that hop.c sets, by section. Its interface, version 1, is declared here, as Debian ships no
 * header for it.
 *
 * A mark is `prefetchnta MARK + section`, which does nothing else; section 0: nothing is counted.
 * Prints a line for each address that ran: SECTION ADDRESS COUNT. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK	 0x6e360000u
#define SECTIONS 64
#define BUCKETS	 (1u << 18)

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*cb)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  void (*cb)(unsigned int cpu, void *data), int regs,
					  void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*cb)(unsigned int cpu, void *data), int regs,
					    void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*cb)(qemu_plugin_id_t, void *),
				    void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t at);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

/* An instruction; each block that holds it counts for itself. */
struct spot {
	struct spot *next;
	uint64_t at;
	uint64_t count[SECTIONS];
};

struct block {
	struct block *next;
	uint64_t count[SECTIONS];
	size_t len;
	uint64_t at[];
};

static struct block *blocks;
static struct spot *buckets[BUCKETS];
static unsigned int section;
static const char *path;

static void ran(unsigned int cpu, void *data)
{
	struct block *block = data;

	(void)cpu;
	block->count[section]++;
}

static void mark(unsigned int cpu, void *data)
{
	(void)cpu;
	section = (uintptr_t)data;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t len = qemu_plugin_tb_n_insns(tb);
	struct block *block = calloc(1, sizeof(*block) + len * sizeof(*block->at));

	(void)id;
	if (!block)
		abort();
	for (size_t i = 0; i < len; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const uint8_t *code = qemu_plugin_insn_data(insn);
		uint32_t word;

		block->at[i] = qemu_plugin_insn_vaddr(insn);
		if (qemu_plugin_insn_size(insn) != 8 || memcmp(code, "\x0f\x18\x04\x25", 4))
			continue;
		memcpy(&word, code + 4, sizeof(word));
		if (word - MARK < SECTIONS)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, mark, 0,
							       (void *)(uintptr_t)(word - MARK));
	}
	block->len = len;
	block->next = blocks;
	blocks = block;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, ran, 0, block);
}

static void add(const struct block *block, uint64_t at)
{
	struct spot **bucket = &buckets[(at ^ at >> 18) % BUCKETS], *spot;

	for (spot = *bucket; spot && spot->at != at; spot = spot->next)
		;
	if (!spot) {
		spot = calloc(1, sizeof(*spot));
		if (!spot)
			abort();
		*spot = (struct spot){ .next = *bucket, .at = at };
		*bucket = spot;
	}
	for (size_t i = 1; i < SECTIONS; i++)
		spot->count[i] += block->count[i];
}

static void report(qemu_plugin_id_t id, void *data)
{
	FILE *out = fopen(path, "we");

	(void)id;
	(void)data;
	if (!out) {
		perror(path);
		return;
	}
	for (const struct block *block = blocks; block; block = block->next)
		for (size_t i = 0; i < block->len; i++)
			add(block, block->at[i]);
	for (size_t b = 0; b < BUCKETS; b++)
		for (const struct spot *spot = buckets[b]; spot; spot = spot->next)
			for (unsigned int i = 1; i < SECTIONS; i++)
				if (spot->count[i])
					fprintf(out, "%u %" PRIx64 " %" PRIu64 "\n", i, spot->at,
						spot->count[i]);
	if (fclose(out))
		perror(path);
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id,
							       const struct qemu_info *info,
							       int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "profile: -plugin FILE,out=FILE\n");
		return -1;
	}
	path = argv[0] + 4;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, report, NULL);
	return 0;
}
