/* SPDX-License-Identifier: GPL-2.0-only */
/* The verdict on a packet, from how the program ended and which counters it moved. */
#include "engine.h"

#include <linux/if_ether.h>
#include <stdio.h>

const char *const outcome_words[OUTCOME_MAX] = {
	[OUTCOME_TRANSLATED] = "translated",
	[OUTCOME_DROPPED] = "dropped",
	[OUTCOME_ICMP_ERROR] = "icmp-error",
	[OUTCOME_PASSED] = "passed-untouched",
};

const char *const drop_words[NAT64_DROP_MAX] = {
#define X(name, word, text) [NAT64_DROP_##name] = word,
	NAT64_DROPS(X)
#undef X
};

__u16 engine_ethertype(bool is_64, const __u8 *packet, __u32 len)
{
	switch (len ? packet[0] >> 4 : 0) {
	case 4:
		return ETH_P_IP;
	case 6:
		return ETH_P_IPV6;
	default:
		return is_64 ? ETH_P_IPV6 : ETH_P_IP;
	}
}

int outcome_judge(const char *engine, bool is_64, bool returned, enum engine_end end,
		  const struct counts *before, const struct counts *after, struct outcome *out)
{
	__u64 moved[NAT64_COUNTERS], drops = 0;

	out->reason = NAT64_DROP_NONE;
	for (int i = 0; i < NAT64_COUNTERS; i++) {
		moved[i] = after->packets[i] - before->packets[i];
		if (i >= NAT64_COUNT_MAX && moved[i]) {
			out->reason = i - NAT64_COUNT_MAX;
			drops += moved[i];
		}
	}
	if (drops > 1)
		goto contradiction;
	if (drops) {
		out->verdict = returned ? OUTCOME_ICMP_ERROR : OUTCOME_DROPPED;
		if (moved[NAT64_COUNT_IN64] || moved[NAT64_COUNT_OUT46] ||
		    out->reason == NAT64_DROP_NONE || moved[NAT64_COUNT_ICMP_ERRORS] != returned ||
		    end != (returned ? END_AWAY : END_SHOT))
			goto contradiction;
		return 0;
	}
	if (end == END_SHOT || moved[NAT64_COUNT_ICMP_ERRORS])
		goto contradiction;
	if (moved[NAT64_COUNT_IN64] + moved[NAT64_COUNT_OUT46]) {
		out->verdict = OUTCOME_TRANSLATED;
		if (moved[NAT64_COUNT_IN64] != is_64 || moved[NAT64_COUNT_OUT46] != !is_64)
			goto contradiction;
		return 0;
	}
	out->verdict = OUTCOME_PASSED;
	if (end == END_ON)
		return 0;
contradiction:
	fprintf(stderr,
		"error: %s: verdict and counters contradict each other (end %d, %llu drops, last "
		"%s)\n",
		engine, end, drops, drop_words[out->reason] ? drop_words[out->reason] : "none");
	return -1;
}
