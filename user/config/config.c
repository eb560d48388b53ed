/* SPDX-License-Identifier: GPL-2.0-only */
/* The life of the settings: defaults, forgetting, laying one set over another. */
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "log.h"
#include "text.h"

void config_default(struct config *config, const char *name)
{
	*config = (struct config){
		.prefix = { .addr = { .s6_addr = { 0x00, 0x64, 0xff, 0x9b } }, .len = 96 },
		.pool = { .addr = { .s_addr = htonl(0xc0a8f000) }, .len = 20 },
		.min_lease = 7440, /* 2h4m, RFC 5382 REQ-5 */
		.max_lease = 14 * 86400,
		.quota_length = 64,
		.udp_zero = NAT64_UDP_ZERO_COMPUTE,
		.icmp_rate = ICMP_ERRORS_ON_RATE,
		.tos_64 = -1,
		.mss_clamp = -1,
		.nat44 = NAT44_MASQUERADE,
		.guard = true,
		.fastpath_auto = true,
		.xdp = XDP_OFF,
	};
	snprintf(config->name, sizeof(config->name), "%s", name);
	snprintf(config->interface, sizeof(config->interface), "%s", name);
}

void config_free(struct config *config)
{
	free(config->path);
	free(config->clients);
	free(config->statics);
	free(config->private_ok);
	free(config->wan);
	for (int key = 0; key < KEY_MAX; key++)
		free(config->lines[key].line);
	*config = (struct config){ 0 };
}

/* Takes a list from its old owner. */
#define MOVE(list)                         \
	do {                               \
		free(config->list);        \
		config->list = fresh.list; \
		fresh.list = NULL;         \
	} while (0)

void config_clear(struct config *config, enum config_key key)
{
	struct config fresh;

	config_default(&fresh, config->name);
	config->given &= ~(1ull << key);
	free(config->lines[key].line);
	config->lines[key] = (struct key_lines){ 0 };
	switch (key) {
	case KEY_INTERFACE:
		memcpy(config->interface, fresh.interface, sizeof(fresh.interface));
		break;
	case KEY_CLIENTS:
		MOVE(clients);
		config->client_count = 0;
		break;
	case KEY_PREFIX:
		config->prefix = fresh.prefix;
		break;
	case KEY_POOL:
		config->pool = fresh.pool;
		break;
	case KEY_OWN4:
		config->own4 = fresh.own4;
		break;
	case KEY_OWN6:
		config->own6 = fresh.own6;
		break;
	case KEY_STATIC:
		MOVE(statics);
		config->static_count = 0;
		break;
	case KEY_MAPPING:
		config->linear = fresh.linear;
		break;
	case KEY_PRIVATE:
		MOVE(private_ok);
		config->private_count = 0;
		config->private_allow = fresh.private_allow;
		break;
	case KEY_HOST:
		config->host_allow = fresh.host_allow;
		break;
	case KEY_HAIRPIN:
		config->hairpin_allow = fresh.hairpin_allow;
		break;
	case KEY_MIN_LEASE:
		config->min_lease = fresh.min_lease;
		break;
	case KEY_MAX_LEASE:
		config->max_lease = fresh.max_lease;
		break;
	case KEY_QUOTA:
		config->quota = fresh.quota;
		break;
	case KEY_QUOTA_LENGTH:
		config->quota_length = fresh.quota_length;
		break;
	case KEY_UDP_ZERO:
		config->udp_zero = fresh.udp_zero;
		break;
	case KEY_ICMP_ERRORS:
		config->icmp_rate = fresh.icmp_rate;
		break;
	case KEY_TOS_64:
		config->tos_64 = fresh.tos_64;
		break;
	case KEY_TOS_46:
		config->tos_46_zero = fresh.tos_46_zero;
		break;
	case KEY_MSS_CLAMP:
		config->mss_clamp = fresh.mss_clamp;
		break;
	case KEY_MTU:
		config->mtu = fresh.mtu;
		break;
	case KEY_NAT44:
		config->nat44 = fresh.nat44;
		config->snat_first = fresh.snat_first;
		config->snat_last = fresh.snat_last;
		break;
	case KEY_GUARD:
		config->guard = fresh.guard;
		break;
	case KEY_FASTPATH:
		config->fastpath_auto = fresh.fastpath_auto;
		break;
	case KEY_WAN:
		MOVE(wan);
		config->wan_count = 0;
		break;
	case KEY_XDP:
		config->xdp = fresh.xdp;
		break;
	case KEY_STATE:
		config->state[0] = 0;
		break;
	case KEY_LOG:
		config->log[0] = 0;
		break;
	case KEY_MAX:
		break;
	}
}

/* By way of the text: one reader and one writer know how a key is kept. */
int config_overlay(struct config *config, const struct config *from)
{
	char value[PATH_MAX];

	for (int key = 0; key < KEY_MAX; key++) {
		if (!(from->given & 1ull << key))
			continue;
		config_clear(config, (enum config_key)key);
		for (size_t i = 0;
		     config_value(from, (enum config_key)key, i, value, sizeof(value)); i++)
			if (config_put(config, config_keys[key].key, value,
				       from->path ? from->path : from->name))
				return -1;
	}
	return 0;
}

bool config_name_check(const char *name)
{
	static const char *const allowed =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
	const char *why = NULL, *fix;

	if (!*name)
		why = "the name is empty";
	else if (strlen(name) > NAME_LEN_MAX)
		why = textf("it has %zu bytes, %d are allowed", strlen(name), NAME_LEN_MAX);
	else if (*name == '-' || *name == '.')
		why = textf("it begins with `%c`", *name);
	else if (name[strspn(name, allowed)])
		why = "only letters, digits, `_`, `.` and `-` are allowed (A-Z a-z 0-9 _ . -)";
	if (!why)
		return true;
	fix = strlen(name) < IFNAMSIZ && *name ?
		      "choose a name, and set `interface` in its config file /etc/nat64-bpf/NAME.conf" :
		      "give an instance: an interface such as tun0, a file /etc/nat64-bpf/NAME.conf by its NAME";
	log_fail(EXIT_USAGE, why, fix, "%.64s: not a name for an instance", name);
	return false;
}
