/* SPDX-License-Identifier: GPL-2.0-only */
/* libFuzzer on the native core. The first byte of an input chooses direction (bit 0) and settings
 * (the rest), what follows is the packet. ASan and UBSan watch the core, invariant.c what comes
 * out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "engine.h"
#include "invariant.h"

#define LINE(config)                                                                               \
	"{\"name\":\"fuzz\",\"direction\":\"v6to4\",\"stage\":\"hook\",\"input\":\"\",\"config\":" \
	"{\"pool\":\"192.168.240.0/28\"" config "}}"

static const char *const settings[] = {
	LINE(""),
	LINE(",\"wkpf_strict\":true"),
	LINE(",\"mss_clamp\":1360"),
	LINE(",\"udp_zero_checksum\":\"drop\""),
	LINE(",\"udp_zero_checksum\":\"forward\""),
	LINE(",\"pool_full\":true"),
	LINE(",\"vpn_mtu\":1280,\"wan_mtu\":576,\"tos_v4to6\":\"zero\",\"tos_v6to4\":40"),
	LINE(",\"vpn_mtu\":9000,\"wan_mtu\":9000,\"icmp_errors\":false"),
	LINE(",\"prefix\":\"2001:db8::/32\""),
	LINE(",\"prefix\":\"2001:db8:100::/40\""),
	LINE(",\"prefix\":\"2001:db8:122::/48\""),
	LINE(",\"prefix\":\"2001:db8:122:300::/56\""),
	LINE(",\"prefix\":\"2001:db8:122:344::/64\""),
	LINE(",\"static\":{\"fd00::2\":\"192.168.240.2\",\"2001:db8:9::9\":\"198.18.7.7\"}"),
};
#define SETTINGS (sizeof(settings) / sizeof(*settings))

static struct vector vectors[SETTINGS];

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const __u8 *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char error[160];

	for (size_t i = 0; i < SETTINGS; i++) {
		if (!vector_parse(settings[i], &vectors[i], error)) {
			fprintf(stderr, "settings %zu: %s\n", i, error);
			abort();
		}
	}
	return engine_native.open(0);
}

int LLVMFuzzerTestOneInput(const __u8 *data, size_t size)
{
	static struct outcome out;
	static size_t now = SETTINGS;
	static __u32 used;
	const char *broken;
	size_t choice;

	if (!size || size - 1 > VECTOR_PACKET_MAX)
		return 0;
	choice = (data[0] >> 1) % SETTINGS;
	if (choice != now || native.alloc.used != used) { /* each input alone */
		if (engine_native.set_up(&vectors[choice]))
			abort();
		now = choice;
		used = native.alloc.used;
	}
	if (engine_native.run(data[0] & 1, data + 1, size - 1, &out))
		abort();
	broken = invariant_broken(&vectors[choice].config, data[0] & 1, data + 1, size - 1, &out);
	if (broken) {
		fprintf(stderr, "invariant: %s\n", broken);
		abort();
	}
	return 0;
}
