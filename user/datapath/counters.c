/* SPDX-License-Identifier: GPL-2.0-only */
/* The counters of the programs. */
#include "counters.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "datapath.h"

const char *const counter_words[NAT64_COUNT_MAX] = {
#define X(name, word, text) [NAT64_COUNT_##name] = word,
	NAT64_COUNTS(X)
#undef X
};
const char *const counter_texts[NAT64_COUNT_MAX] = {
#define X(name, word, text) [NAT64_COUNT_##name] = text,
	NAT64_COUNTS(X)
#undef X
};
const char *const drop_words[NAT64_DROP_MAX] = {
#define X(name, word, text) [NAT64_DROP_##name] = word,
	NAT64_DROPS(X)
#undef X
};
const char *const drop_texts[NAT64_DROP_MAX] = {
#define X(name, word, text) [NAT64_DROP_##name] = text,
	NAT64_DROPS(X)
#undef X
};

int counters_read(const char *name, struct nat64_counter counters[NAT64_COUNTERS])
{
	int cpus = libbpf_num_possible_cpus();
	_free_ struct nat64_counter *each = cpus > 0 ? calloc(cpus, sizeof(*each)) : NULL;
	_close_ int fd = datapath_map(name, "nat64_counters");

	memset(counters, 0, NAT64_COUNTERS * sizeof(*counters));
	if (!each || fd < 0)
		return fd < 0 ? fd : -ENOMEM;
	for (uint32_t i = 0; i < NAT64_COUNTERS; i++) {
		if (bpf_map_lookup_elem(fd, &i, each))
			return -errno;
		for (int cpu = 0; cpu < cpus; cpu++) {
			counters[i].packets += each[cpu].packets;
			counters[i].bytes += each[cpu].bytes;
		}
	}
	return 0;
}
