/* SPDX-License-Identifier: GPL-2.0-only */
/* An engine runs packets through the translator in one of its forms. */
#pragma once

#include "state.h"

#define ENGINE_PACKET_MAX (VECTOR_PACKET_MAX + 64)

enum outcome_verdict {
	OUTCOME_TRANSLATED,
	OUTCOME_DROPPED,
	OUTCOME_ICMP_ERROR,
	OUTCOME_PASSED,
	OUTCOME_MAX
};
extern const char *const outcome_words[OUTCOME_MAX];
extern const char *const drop_words[NAT64_DROP_MAX];

/* What the program itself says became of the packet. */
struct outcome {
	enum outcome_verdict verdict;
	enum nat64_drop reason; /* of a drop or an error */
	__u32 len;		/* bytes of what came out; 0 for a drop */
	__u8 packet[ENGINE_PACKET_MAX];
};

/* How a program ended, in the words of its hook. */
enum engine_end {
	END_ON,	  /* goes on where it was going */
	END_AWAY, /* redirected */
	END_SHOT,
};

/* Which counters moved, summed over CPUs. */
struct counts {
	__u64 packets[NAT64_COUNTERS];
};

struct engine {
	const char *name;
	/* `pool_size`: of the largest pool that will be set up. 0 or -errno, said on stderr. */
	int (*open)(__u32 pool_size);
	/* Fresh state for the packets that follow. */
	int (*set_up)(const struct vector *vector);
	/* 0; 1: this engine cannot take such a packet; -errno, said on stderr. */
	int (*run)(bool is_64, const __u8 *packet, __u32 len, struct outcome *out);
	const struct counts *(*counts)(void); /* so far */
	void (*close)(void);
};
extern const struct engine engine_native, engine_tc, engine_tun, engine_xdp;

/* Lets engine native count on from there: the IPv4 Identification depends on it. */
void native_count_from(const struct counts *counts);

/* What the link layer calls a packet: by its version, as a TUN does; one of another version is of
 * the family that its direction translates. Host order. */
__u16 engine_ethertype(bool is_64, const __u8 *packet, __u32 len);

/* The verdict from the program's end and the counters; 0, or -1 where they contradict each other:
 * not exactly one drop counter for a drop, a translated packet that is not counted and so on. */
int outcome_judge(const char *engine, bool is_64, bool returned, enum engine_end end,
		  const struct counts *before, const struct counts *after, struct outcome *out);
