/* SPDX-License-Identifier: GPL-2.0-only */
/* The keys of the config file, which are the options of `load` too: one list for parser, help,
 * completion and the check of the man page. */
#pragma once

#include <stdbool.h>

/* clang-format off */
/*  enum	key			value			default			repeatable	help */
#define CONFIG_KEYS(X) \
	X(INTERFACE,	"interface",		"IFACE|GLOB|auto",	"NAME",			false,	"interface of the VPN") \
	X(CLIENTS,	"clients",		"PREFIX6",		"networks of interface", true,	"networks whose hosts may use the translator") \
	X(PREFIX,	"prefix",		"PREFIX6",		"64:ff9b::/96",		false,	"translation prefix, /32 /40 /48 /56 /64 or /96 (RFC 6052)") \
	X(POOL,		"pool",			"PREFIX4",		"192.168.240.0/20",	false,	"IPv4 addresses for clients, /12 to /30") \
	X(OWN4,		"own4",			"ADDR4",		"first host of pool",	false,	"IPv4 address of the translator") \
	X(OWN6,		"own6",			"ADDR6",		"address of interface",	false,	"IPv6 address of the translator") \
	X(STATIC,	"static",		"ADDR4 ADDR6",		"",			true,	"static map of a client") \
	X(MAPPING,	"mapping",		"dynamic|linear",	"dynamic",		false,	"how clients get their addresses") \
	X(PRIVATE,	"private",		"deny|allow|PREFIX4",	"deny",			true,	"targets that are not global, under 64:ff9b::/96 (RFC 6052 3.1)") \
	X(HOST,		"host",			"deny|allow",		"deny",			false,	"the gateway's own addresses as targets") \
	X(HAIRPIN,	"hairpin",		"deny|allow",		"deny",			false,	"other clients as targets") \
	X(MIN_LEASE,	"min-lease",		"TIME",			"2h4m",			false,	"an idle address goes to nobody else before") \
	X(MAX_LEASE,	"max-lease",		"TIME",			"14d",			false,	"an idle binding is forgotten after") \
	X(QUOTA,	"quota",		"N",			"0",			false,	"bindings per client network, 0: no limit") \
	X(QUOTA_LENGTH,	"quota-length",		"BITS",			"64",			false,	"length of a client network for quota") \
	X(UDP_ZERO,	"udp-zero-checksum",	"compute|drop|forward",	"compute",		false,	"IPv4 UDP without checksum (RFC 7915 4.5)") \
	X(ICMP_ERRORS,	"icmp-errors",		"on|off|N/s",		"on",			false,	"ICMPv6 errors of the translator itself") \
	X(TOS_64,	"tos-64",		"copy|0..255",		"copy",			false,	"TOS of IPv4 packets") \
	X(TOS_46,	"tos-46",		"copy|zero",		"copy",			false,	"Traffic Class of IPv6 packets") \
	X(MSS_CLAMP,	"mss-clamp",		"auto|off|BYTES",	"auto",			false,	"upper limit of the MSS option of TCP") \
	X(MTU,		"mtu",			"auto|BYTES",		"auto",			false,	"MTU of the pool route") \
	X(NAT44,	"nat44",		"masquerade|snat ADDR4[-ADDR4]|none", "masquerade", false, "source NAT of the pool towards IPv4") \
	X(GUARD,	"guard",		"on|off",		"on",			false,	"bar unsolicited packets from outside to the pool") \
	X(FASTPATH,	"fastpath",		"auto|off",		"auto",			false,	"nftables flowtable for established flows") \
	X(WAN,		"wan",			"IFACE|auto",		"auto",			true,	"interfaces of the fast path towards IPv4") \
	X(XDP,		"xdp",			"off|auto|native|generic", "off",		false,	"translate in XDP on Ethernet interfaces") \
	X(STATE,	"state",		"FILE",			"/var/lib/nat64-bpf/NAME.map", false, "where bindings are kept") \
	X(LOG,		"log",			"off|FILE",		"off",			false,	"assignments of addresses as JSON lines")

enum config_key {
#define X(id, key, value, fallback, repeatable, help) KEY_##id,
	CONFIG_KEYS(X)
#undef X
	KEY_MAX
};
/* clang-format on */

struct config_key_info {
	const char *key;      /* as in the file; --KEY on the command line */
	const char *value;    /* what it takes */
	const char *fallback; /* default, in words where it is derived; "" : none */
	bool repeatable;
	const char *help; /* half a sentence */
};

extern const struct config_key_info config_keys[KEY_MAX];

/* Index of a key by its name, -1: there is none. */
int config_key_find(const char *key);

const char *config_key_name(unsigned int i); /* a word_at for keys */

/* The key that was probably meant by one that does not exist: the words of TAYGA's config too.
 * NULL: no idea. */
const char *config_key_suggest(const char *key);
