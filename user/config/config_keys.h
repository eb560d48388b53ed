/* SPDX-License-Identifier: GPL-2.0-only */
/* The keys of the config file, which are the options of `load` too. A key is a row here, a field of
 * struct config, and its use: parser, printer, comparison, overlay, defaults, help, and the checks
 * of completion and man page come from the row. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a value is, and the type of its field. */
enum config_kind {
	KIND_NUMBER, /* a word, or with `max` a number from `min` to `max`: integer, bool or enum */
	KIND_TIME,   /* at least `min`: uint64_t, seconds */
	KIND_IFACE,  /* name of an interface, or a pattern: char[IFNAMSIZ] */
	KIND_PATH,   /* absolute path, a word is "": char[PATH_MAX] */
	KIND_ADDR4,  /* struct in_addr, 0.0.0.0: derived */
	KIND_ADDR6,  /* struct in6_addr, :: derived */
	KIND_PREFIX, /* struct net6 */
	KIND_POOL,   /* struct net4 */
	KIND_NAT44,  /* enum nat44_mode, and first and last address behind it */
	KIND_CLIENTS, /* list of struct net6 */
	KIND_STATIC,  /* list of struct static_map */
	KIND_PRIVATE, /* list of struct net4, or a word */
	KIND_WAN,     /* list of char[IFNAMSIZ], or the word `auto` for none */
	KIND_MAX
};

/* A row: enum, key, half a sentence for help, then what is not 0 of struct config_key_info, by the
 * macros of config_keys.c. Fields of struct config: AT(FIELD), SPAN(FIRST, LAST) for several,
 * LIST(ELEMENTS, COUNT) for a repeatable key. Leases: RFC 4787 REQ-5, RFC 5382 REQ-5. */
/* clang-format off */
#define CONFIG_KEYS(X) \
	X(INTERFACE, "interface", "interface of the VPN", \
	  AT(interface), KIND(IFACE), WORDS({ "auto" }), TAKES("IFACE|GLOB"), DERIVED("NAME")) \
	X(CLIENTS, "clients", "networks whose hosts may use the translator", \
	  LIST(clients, client_count), KIND(CLIENTS), .max = NAT64_CLIENTS_MAX, TAKES("PREFIX6"), \
	  .example = "fd00::/64", DERIVED("networks of interface")) \
	X(PREFIX, "prefix", "translation prefix, /32 /40 /48 /56 /64 or /96 (RFC 6052)", \
	  AT(prefix), KIND(PREFIX), TAKES("PREFIX6"), DEFAULT("64:ff9b::/96")) \
	X(POOL, "pool", "IPv4 addresses for clients, /12 to /30", \
	  AT(pool), KIND(POOL), TAKES("PREFIX4"), DEFAULT("192.168.240.0/20")) \
	X(OWN4, "own4", "IPv4 address of the translator", \
	  AT(own4), KIND(ADDR4), TAKES("ADDR4"), .example = "192.168.240.1", \
	  DERIVED("first host of pool")) \
	X(OWN6, "own6", "IPv6 address of the translator", \
	  AT(own6), KIND(ADDR6), TAKES("ADDR6"), .example = "fd00::1", \
	  DERIVED("address of interface")) \
	X(STATIC, "static", "static map of a client", \
	  LIST(statics, static_count), KIND(STATIC), TAKES("ADDR4 ADDR6"), \
	  .example = "192.168.240.50 fd00::50", DERIVED("")) \
	X(MAPPING, "mapping", "how clients are assigned addresses", \
	  AT(linear), WORDS({ "dynamic", false }, { "linear", true }), DEFAULT("dynamic")) \
	X(PRIVATE, "private", "non-global IPv4 destinations under 64:ff9b::/96 (RFC 6052 3.1)", \
	  AT(private_allow), LIST(private_ok, private_count), KIND(PRIVATE), \
	  .max = NAT64_PRIVATE_MAX, WORDS(DENY_ALLOW), TAKES("PREFIX4"), .example = "10.0.0.0/8", \
	  DEFAULT("deny")) \
	X(HOST, "host", "the gateway's own addresses as destinations", \
	  AT(host_allow), WORDS(DENY_ALLOW), DEFAULT("deny")) \
	X(HAIRPIN, "hairpin", "other clients as destinations", \
	  AT(hairpin_allow), WORDS(DENY_ALLOW), DEFAULT("deny")) \
	X(MIN_LEASE, "min-lease", "minimum idle time before an address is reassigned", \
	  AT(min_lease), KIND(TIME), .min = 120, TAKES("TIME"), DEFAULT("2h4m")) \
	X(MAX_LEASE, "max-lease", "idle time after which a binding is removed", \
	  AT(max_lease), KIND(TIME), .min = 120, TAKES("TIME"), DEFAULT("14d")) \
	X(QUOTA, "quota", "bindings per client network, 0: no limit", \
	  AT(quota), RANGE(0, 1 << (32 - NAT64_POOL_MIN_LEN)), TAKES("N"), DEFAULT("0")) \
	X(QUOTA_LENGTH, "quota-length", "length of a client network for quota", \
	  AT(quota_length), RANGE(1, 128), .unit = " bits", TAKES("BITS"), DEFAULT("64")) \
	X(UDP_ZERO, "udp-zero-checksum", "IPv4 UDP without checksum (RFC 7915 4.5)", \
	  AT(udp_zero), \
	  WORDS({ "compute", NAT64_UDP_ZERO_COMPUTE }, { "drop", NAT64_UDP_ZERO_DROP }, \
		{ "forward", NAT64_UDP_ZERO_FORWARD }), \
	  DEFAULT("compute")) \
	X(ICMP_ERRORS, "icmp-errors", "the translator's own ICMPv6 errors, per second and CPU", \
	  AT(icmp_rate), WORDS({ "on", 100 }, { "off", 0 }), RANGE(1, 1000000), .suffix = "/s", \
	  TAKES("N/s"), DEFAULT("on")) \
	X(ECHO_ERRORS, "echo-errors", "ICMPv6 errors about refused pings, too", \
	  AT(echo_errors), WORDS(ON_OFF), DEFAULT("on")) \
	X(TOS_64, "tos-64", "TOS of IPv4 packets", \
	  AT(tos_64), WORDS({ "copy", -1 }), RANGE(0, 255), TAKES("0..255"), DEFAULT("copy")) \
	X(TOS_46, "tos-46", "Traffic Class of IPv6 packets", \
	  AT(tos_46_zero), WORDS({ "copy", false }, { "zero", true }), DEFAULT("copy")) \
	X(MSS_CLAMP, "mss-clamp", "upper limit of the MSS option of TCP", \
	  AT(mss_clamp), WORDS({ "auto", -1 }, { "off", 0 }), RANGE(536, 65495), .unit = " bytes", \
	  TAKES("BYTES"), DEFAULT("auto")) \
	X(MTU, "mtu", "MTU of the pool route", \
	  AT(mtu), WORDS({ "auto", 0 }), RANGE(1280 - 28, 65535 - 28), .unit = " bytes", \
	  TAKES("BYTES"), DEFAULT("auto")) \
	X(NAT44, "nat44", "source NAT of the pool towards IPv4", \
	  SPAN(nat44, snat_last), KIND(NAT44), \
	  WORDS({ "masquerade", NAT44_MASQUERADE }, { "none", NAT44_NONE }), \
	  TAKES("snat ADDR4[-ADDR4]"), .example = "snat 203.0.113.7", DEFAULT("masquerade")) \
	X(GUARD, "guard", "drop unsolicited inbound packets", \
	  AT(guard), WORDS(ON_OFF), DEFAULT("on")) \
	X(FASTPATH, "fastpath", "nftables flowtable for established flows", \
	  AT(fastpath_auto), WORDS({ "auto", true }, { "off", false }), DEFAULT("auto")) \
	X(WAN, "wan", "interfaces of the fast path towards IPv4", \
	  LIST(wan, wan_count), KIND(WAN), WORDS({ "auto" }), TAKES("IFACE"), DEFAULT("auto")) \
	X(XDP, "xdp", "translate in XDP on Ethernet interfaces", \
	  AT(xdp), \
	  WORDS({ "off", XDP_OFF }, { "auto", XDP_AUTO }, { "native", XDP_NATIVE }, \
		{ "generic", XDP_GENERIC }), \
	  DEFAULT("off")) \
	X(STATE, "state", "where bindings are kept", \
	  AT(state), KIND(PATH), TAKES("FILE"), DERIVED("/var/lib/nat64-bpf/NAME.map")) \
	X(LOG, "log", "assignments of addresses as JSON lines", \
	  AT(log), KIND(PATH), WORDS({ "off" }), TAKES("FILE"), DEFAULT("off"))

enum config_key {
#define X(id, ...) KEY_##id,
	CONFIG_KEYS(X)
#undef X
	KEY_MAX
};
/* clang-format on */

struct config_word {
	const char *text; /* NULL: behind the last */
	int value;	  /* of the field */
};

#define CONFIG_WORDS_MAX 4

struct config_key_info {
	const char *key; /* as in the file; --KEY on the command line */
	enum config_kind kind;
	size_t at, size; /* offset in struct config, bytes; size 0: a list only */
	bool repeatable;
	size_t list, count,
		element; /* offsets of the pointer and the number; bytes of an element */
	struct config_word words[CONFIG_WORDS_MAX + 1];
	uint64_t min, max;   /* of a number or of seconds; `max`: elements of a list, 0: no limit */
	const char *suffix;  /* belongs to the number, NULL: none */
	const char *unit;    /* for the reader only, NULL: none */
	const char *takes;   /* what it takes beside its words, as in help; NULL: words only */
	const char *example; /* NULL: the default is one */
	const char *fallback; /* default; "": none */
	bool derived;	      /* the default is no value: it depends on other facts */
	const char *help;     /* half a sentence */
};

extern const struct config_key_info config_keys[KEY_MAX];

/* Index of a key by its name, -1: there is none. */
int config_key_find(const char *key);

const char *config_key_name(unsigned int i); /* a word_at for keys */

/* The key that was probably meant by one that does not exist: the words of TAYGA's config too.
 * NULL: no idea. */
const char *config_key_suggest(const char *key);

/* What a key takes, for help: "auto|off|BYTES"; and for a sentence: "auto, off, or 536 to 65495
 * bytes". Texts of the arena. */
const char *config_key_usage(enum config_key key);
const char *config_key_range(enum config_key key);

/* The word of a key by its text or by its value; NULL: it has no such word. */
const struct config_word *config_key_word(enum config_key key, const char *text);
const struct config_word *config_key_word_of(enum config_key key, int value);
