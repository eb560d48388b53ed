/* SPDX-License-Identifier: GPL-2.0-only */
/* Values of keys: what each takes, what is said of what it does not take, and the way back to text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "child.h"
#include "config.h"
#include "log.h"

/* A value that is taken, and how it is written: NULL: as it was given. */
static const struct {
	const char *key, *value, *written;
} good[] = {
	{ "interface", "tun0", NULL },
	{ "interface", "tun*", NULL },
	{ "interface", "auto", NULL },
	{ "interface", "a\";list", NULL }, /* Linux takes it */
	{ "interface", "x$(id)", NULL },
	{ "interface", "123456789012345", NULL },
	{ "clients", "fd00::/64", NULL },
	{ "clients", "FD00:0::/64", "fd00::/64" },
	{ "clients", "fd00::2/128", NULL },
	{ "prefix", "64:ff9b::/96", NULL },
	{ "prefix", "2001:db8:122:344::/64", NULL },
	{ "pool", "10.0.0.0/12", NULL },
	{ "pool", "100.64.0.0/30", NULL },
	{ "pool", "169.254.128.0/20", NULL },
	{ "own4", "192.168.240.9", NULL },
	{ "own6", "fd00::9", NULL },
	{ "static", "192.168.240.50 fd00::50", NULL },
	{ "static", "192.168.240.50 \t fd00::50", "192.168.240.50 fd00::50" },
	{ "mapping", "dynamic", NULL },
	{ "mapping", "linear", NULL },
	{ "private", "deny", NULL },
	{ "private", "allow", NULL },
	{ "private", "10.0.0.0/8", NULL },
	{ "private", "240.0.0.0/4", NULL },
	{ "private", "168.0.0.0/5", NULL }, /* 169.254.0.0/16 is only a part of it */
	{ "private", "192.168.1.1", "192.168.1.1/32" },
	{ "host", "allow", NULL },
	{ "host", "deny", NULL },
	{ "hairpin", "allow", NULL },
	{ "min-lease", "2h4m", NULL },
	{ "min-lease", "7440", "2h4m" },
	{ "min-lease", "120", "2m" },
	{ "min-lease", "1h60m", "2h" },
	{ "max-lease", "14d", NULL },
	{ "max-lease", "3650d", NULL },
	{ "max-lease", "1d2h3m4s", NULL },
	{ "quota", "0", NULL },
	{ "quota", "1048576", NULL },
	{ "quota-length", "1", NULL },
	{ "quota-length", "128", NULL },
	{ "udp-zero-checksum", "compute", NULL },
	{ "udp-zero-checksum", "drop", NULL },
	{ "udp-zero-checksum", "forward", NULL },
	{ "icmp-errors", "on", NULL },
	{ "icmp-errors", "off", NULL },
	{ "icmp-errors", "1/s", NULL },
	{ "icmp-errors", "1000000/s", NULL },
	{ "icmp-errors", "100/s", "on" },
	{ "tos-64", "copy", NULL },
	{ "tos-64", "0", NULL },
	{ "tos-64", "255", NULL },
	{ "tos-46", "copy", NULL },
	{ "tos-46", "zero", NULL },
	{ "mss-clamp", "auto", NULL },
	{ "mss-clamp", "off", NULL },
	{ "mss-clamp", "1220", NULL },
	{ "mtu", "auto", NULL },
	{ "mtu", "1252", NULL },
	{ "mtu", "65507", NULL },
	{ "nat44", "masquerade", NULL },
	{ "nat44", "none", NULL },
	{ "nat44", "snat 203.0.113.7", NULL },
	{ "nat44", "snat 203.0.113.7-203.0.113.9", NULL },
	{ "nat44", "snat  203.0.113.7 - 203.0.113.9", "snat 203.0.113.7-203.0.113.9" },
	{ "nat44", "snat\t203.0.113.7\t-\t203.0.113.9", "snat 203.0.113.7-203.0.113.9" },
	{ "nat44", "snat 203.0.113.7-203.0.113.7", "snat 203.0.113.7" },
	{ "guard", "on", NULL },
	{ "guard", "off", NULL },
	{ "fastpath", "auto", NULL },
	{ "fastpath", "off", NULL },
	{ "wan", "auto", NULL },
	{ "wan", "eth0", NULL },
	{ "xdp", "off", NULL },
	{ "xdp", "auto", NULL },
	{ "xdp", "native", NULL },
	{ "xdp", "generic", NULL },
	{ "state", "/var/lib/x.map", NULL },
	{ "state", "/with space/a;b#c", NULL },
	{ "log", "off", NULL },
	{ "log", "/var/log/x", NULL },
	{ "log", "  /var/log/x  ", "/var/log/x" },
};

static void takes(void **state)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int key = config_key_find(good[i].key);
		struct config config;
		char value[PATH_MAX];

		print_message("%s = %s\n", good[i].key, good[i].value);
		config_default(&config, "tun0");
		assert_true(key >= 0);
		assert_int_equal(config_put(&config, good[i].key, good[i].value, "f:1"), 0);
		assert_true(config.given == 1ull << key);
		assert_true(config_value(&config, (enum config_key)key, 0, value, sizeof(value)));
		assert_string_equal(value, good[i].written ? good[i].written : good[i].value);
		assert_false(config_value(&config, (enum config_key)key, 1, value, sizeof(value)));
		config_clear(&config, (enum config_key)key);
		assert_int_equal(config.given, 0);
		config_free(&config);
	}
}

/* A value that is not taken; BEFORE: one that is given first, NULL: none; parts of the three
 * sentences. */
struct bad {
	const char *key, *before, *value, *what, *why, *fix;
};

static const struct bad bad[] = {
	{ "pol", NULL, "x", "pol: unknown key", "typo is not ignored", "write `pool`" },
	{ "min_lease", NULL, "2h", "unknown key", "", "write `min-lease`" },
	{ "qqq", NULL, "2h", "qqq: unknown key", "", "nat64-bpf.conf(5)" },
	{ "pool", NULL, "", "is not a value", "takes a value", "`pool = 192.168.240.0/20`" },
	{ "pool", NULL, "  \t", "is not a value", "", "" },
	{ "own4", NULL, "", "is not a value", "",
	  "give ADDR4, or leave it out: the default is first host of pool" },
	{ "static", NULL, "", "is not a value", "", "give ADDR4 ADDR6, or leave it out\n" },
	{ "interface", NULL, "", "is not a value", "", "leave it out: the default is NAME" },
	{ "state", NULL, "", "is not a value", "", "leave it out: the default is /var" },
	{ "host", NULL, "# x", "comment", "", "" },
	{ "log", NULL, "/a #b", "comment", "after white space", "" },
	{ "log", NULL, "/a ;b", "comment", "", "" },
	{ "log", NULL, "/a\nhost = allow", "`/a\\x0ahost = allow` holds a control", "", "" },

	{ "interface", NULL, "1234567890123456", "not the name of an interface", "15 bytes",
	  "ip link" },
	{ "interface", NULL, "a/b", "not the name of an interface", "slash", "ip link" },
	{ "interface", NULL, "tun0 tun1", "not the name", "white space", "one name" },
	{ "interface", NULL, "eth0:1", "not the name", "colon", "" },
	{ "interface", NULL, "..", "not the name", "Linux", "" },

	{ "clients", NULL, "fd00::1/64", "is not a network", "/64: the bits behind",
	  "`clients = fd00::/64`" },
	{ "clients", NULL, "fd00::5", "has no length", "no other client", "`clients = fd00::/64`" },
	{ "clients", NULL, "10.0.0.0/8", "is not an IPv6 network", "length of 0 to 128",
	  "fd00::/64" },
	{ "clients", NULL, "fd00::/129", "is not an IPv6 network", "", "" },
	{ "clients", NULL, "fe80::/64", "cannot be a network of clients", "link-local", "VPN" },
	{ "clients", NULL, "ff02::/16", "cannot be a network of clients", "multicast", "" },
	{ "clients", NULL, "fd00::5/0", "is not a network", "/0",
	  "network that the VPN" }, /* ::/0 holds the prefix */
	{ "clients", NULL, "fe80::1/64", "cannot be a network of clients", "link-local", "" },
	{ "clients", NULL, "fe80::1", "cannot be a network of clients", "link-local", "" },
	{ "clients", NULL, "64:ff9b::1", "has no length", "", "network that the VPN" },
	{ "clients", "fd00::/64", "fd00::1/64", "given twice", "", "keep one" },
	{ "clients", "fd00::/64", "fd00::/64", "given twice", "", "keep one" },
	{ "clients", NULL, "fd00::/64, fd01::/64", "is not an IPv6 network", "", "" },

	{ "prefix", NULL, "64:ff9b::", "cannot be the prefix", "/32, /40",
	  "`prefix = 64:ff9b::/96`" },
	{ "prefix", NULL, "64:ff9b::/95", "cannot be the prefix", "RFC 6052", "64:ff9b::/96" },
	{ "prefix", NULL, "64:ff9b::1/96", "is not a network", "", "`prefix = 64:ff9b::/96`" },
	{ "prefix", NULL, "2001:db8::/0", "cannot be the prefix", "/32, /40",
	  "`prefix = 2001:db8::/32`" },
	{ "prefix", NULL, "2001:db8::/24", "cannot be the prefix", "/32, /40",
	  "`prefix = 2001:db8::/32`" },
	{ "prefix", NULL, "2001:db8:1:2::/60", "cannot be the prefix", "",
	  "`prefix = 2001:db8:1:2::/64`" },
	{ "prefix", NULL, "2001:db8:1:2:3::/72", "cannot be the prefix", "",
	  "`prefix = 2001:db8:1:2:3::/96`" },
	{ "prefix", NULL, "2001:db8::64:0:1", "cannot be the prefix", "",
	  "`prefix = 2001:db8::64:0:0/96`" },
	{ "prefix", NULL, "2001:db8::1/32", "is not a network", "", "`prefix = 2001:db8::/32`" },
	{ "prefix", NULL, "::/0", "cannot be the prefix", "", "`prefix = 64:ff9b::/96`" },
	{ "prefix", NULL, "fe80::1/64", "cannot be the prefix", "link-local",
	  "`prefix = 64:ff9b::/96`" },
	{ "prefix", NULL, "::1/96", "cannot be the prefix", "", "`prefix = 64:ff9b::/96`" },
	{ "prefix", NULL, "2001:db8:0:0:100::/96", "cannot be the prefix", "bits 64 to 71", "" },
	{ "prefix", NULL, "192.0.2.0/24", "is not an IPv6 network", "", "64:ff9b::/96" },

	{ "pool", NULL, "192.168.240.1/20", "is not a network", "inside a /20",
	  "`pool = 192.168.240.0/20`" },
	{ "pool", NULL, "10.0.0.0/8", "not a valid pool size", "/12", "`pool = 10.0.0.0/12`" },
	{ "pool", NULL, "10.0.0.4/31", "not a valid pool size", "/30", "`pool = 10.0.0.4/30`" },
	{ "pool", NULL, "10.0.0.6/31", "not a valid pool size", "/30", "`pool = 10.0.0.4/30`" },
	{ "pool", NULL, "10.0.0.0/0", "not a valid pool size", "/12", "`pool = 10.0.0.0/12`" },
	{ "pool", NULL, "10.0.0.0/1", "not a valid pool size", "/12", "`pool = 10.0.0.0/12`" },
	{ "pool", NULL, "172.16.5.4/9", "not a valid pool size", "/12", "`pool = 172.16.0.0/12`" },
	{ "pool", NULL, "10.0.0.7/31", "not a valid pool size", "/30", "`pool = 10.0.0.4/30`" },
	{ "pool", NULL, "0.0.0.0/0", "not a valid pool size", "", "`pool = 192.168.240.0/20`" },
	{ "pool", NULL, "127.0.0.1/32", "not a valid pool size", "", "`pool = 192.168.240.0/20`" },
	{ "pool", NULL, "169.254.64.64", "not a valid pool size", "", "`pool = 192.168.240.0/20`" },
	{ "pool", NULL, "127.0.0.1/12", "cannot be the pool", "127.0.0.0/8",
	  "`pool = 192.168.240.0/20`" },
	{ "pool", NULL, "192.168.240.0", "not a valid pool size", "without a length",
	  "`pool = 192.168.240.0/20`" },
	{ "pool", NULL, "192.168.240.0/33", "is not an IPv4 network", "0 to 32", "" },
	{ "pool", NULL, "fd00::/64", "is not an IPv4 network", "", "" },
	{ "pool", NULL, "127.0.0.0/12", "cannot be the pool", "127.0.0.0/8", "192.168.240.0/20" },
	{ "pool", NULL, "224.0.0.0/20", "cannot be the pool", "", "" },
	{ "pool", NULL, "0.0.0.0/12", "cannot be the pool", "", "" },
	{ "pool", NULL, "255.255.240.0/20", "cannot be the pool", "255.255.255.255", "" },
	{ "pool", NULL, "240.0.0.0/20", "cannot be the pool", "240.0.0.0/4", "" },
	{ "pool", NULL, "169.254.0.0/16", "cannot be the pool", "169.254.64.64", "" },

	{ "own4", NULL, "192.168.240.1/20", "is not an IPv4 address", "no length",
	  "leave out `/20`" },
	{ "own4", NULL, "fd00::1", "is not an IPv4 address", "ADDR4", "192.168.240.1" },
	{ "own4", NULL, "224.0.0.1", "no host can have", "multicast", "" },
	{ "own4", NULL, "127.0.0.1", "no host can have", "loopback", "" },
	{ "own4", NULL, "0.0.0.0", "no host can have", "", "" },
	{ "own4", NULL, "255.255.255.255", "no host can have", "broadcast", "" },
	{ "own6", NULL, "fd00::1/64", "is not an IPv6 address", "no length", "leave out `/64`" },
	{ "own6", NULL, "192.0.2.1", "is not an IPv6 address", "", "" },
	{ "own6", NULL, "fe80::1", "no host can have", "link-local", "" },
	{ "own6", NULL, "::1", "no host can have", "loopback", "" },
	{ "own6", NULL, "::", "no host can have", "unspecified", "" },
	{ "own6", NULL, "ff02::1", "no host can have", "multicast", "" },
	{ "own6", NULL, "::ffff:192.0.2.1", "no host can have", "", "" },

	{ "static", NULL, "192.168.240.50", "is not a static map", "space between",
	  "192.168.240.50 fd00::50" },
	{ "static", NULL, "192.168.240.50 fd00::50 x", "is not a static map", "", "" },
	{ "static", NULL, "fd00::50 192.168.240.50", "IPv4 and IPv6 address swapped",
	  "IPv4 address comes first", "`static = 192.168.240.50 fd00::50`" },
	{ "static", NULL, "fe80::50 192.168.240.50", "holds `fe80::50`", "link-local", "" },
	{ "static", NULL, "fd00::50 vpn", "holds `vpn`", "", "192.168.240.50 fd00::50" },
	{ "static", NULL, "192.168.240.300 fd00::50", "holds `192.168.240.300`", "",
	  "192.168.240.50 fd00::50" },
	{ "static", NULL, "192.168.240.50 fd00::50/128", "holds `fd00::50/128`", "no length",
	  "leave out `/128`" },
	{ "static", NULL, "192.168.240.50 fe80::1", "holds `fe80::1`", "link-local", "" },
	{ "static", NULL, "239.0.0.1 fd00::50", "holds `239.0.0.1`", "multicast", "" },
	{ "static", NULL, "240.0.0.5 fd00::50", "holds `240.0.0.5`", "240.0.0.0/4", "" },
	{ "static", NULL, "169.254.64.64 fd00::50", "holds `169.254.64.64`", "next hop", "" },
	{ "own4", NULL, "240.0.0.5", "no host can have", "240.0.0.0/4", "" },
	{ "nat44", NULL, "snat 250.0.0.1", "holds `250.0.0.1`", "240.0.0.0/4", "" },
	{ "static", "192.168.240.50 fd00::50", "192.168.240.50 fd00::51", "contradicts",
	  "192.168.240.50 has", "keep one" },
	{ "static", "192.168.240.50 fd00::50", "192.168.240.51 fd00::50", "contradicts",
	  "fd00::50 has", "keep one" },
	{ "static", "192.168.240.50 fd00::50", "192.168.240.50 fd00::50", "given twice", "",
	  "keep one" },

	{ "mapping", NULL, "lineer", "must be one of dynamic, linear", "", "`mapping = linear`" },
	{ "mapping", NULL, "Dynamic", "must be one of dynamic, linear", "", "`mapping = dynamic`" },
	{ "mapping", NULL, "zzzzzzz", "must be one of dynamic, linear", "",
	  "choose one of dynamic, linear" },
	{ "private", NULL, "dney", "must be deny, allow, or PREFIX4", "", "`private = deny`" },
	{ "private", NULL, "yes", "must be deny, allow, or PREFIX4", "", "`private = allow`" },
	{ "private", NULL, "10.0.0.1/8", "is not a network", "", "`private = 10.0.0.0/8`" },
	{ "private", "10.0.0.0/8", "10.0.0.0/8", "given twice", "", "keep one" },
	{ "private", "10.0.0.0/8", "allow", "contradicts", "", "keep" },
	{ "private", "deny", "10.0.0.0/8", "contradicts", "`private = deny`", "keep" },
	{ "private", "allow", "10.0.0.0/8", "contradicts", "`private = allow`", "keep" },
	{ "private", "allow", "deny", "contradicts", "", "" },
	{ "private", NULL, "127.0.0.0/8", "cannot be allowed", "never translated",
	  "leave this line out" },
	{ "private", NULL, "127.0.0.1/8", "cannot be allowed", "never translated",
	  "leave this line out" },
	{ "private", NULL, "169.254.169.254/32", "cannot be allowed", "link-local", "" },
	{ "private", NULL, "255.255.255.255", "cannot be allowed", "broadcast", "" },
	{ "private", NULL, "fd00::/64", "must be deny, allow, or PREFIX4", "", "" },
	{ "host", NULL, "on", "must be one of deny, allow", "", "" },
	{ "host", NULL, "no", "must be one of deny, allow", "", "`host = deny`" },
	{ "hairpin", NULL, "true", "must be one of deny, allow", "", "`hairpin = allow`" },

	{ "min-lease", NULL, "2x", "is not a time", "2h4m", "`min-lease = 2h4m`" },
	{ "min-lease", NULL, "-5", "is not a time", "", "" },
	{ "min-lease", NULL, "2h 4m", "is not a time", "", "" },
	{ "min-lease", NULL, "4m2h", "is not a time", "", "" },
	{ "min-lease", NULL, "2h2h", "is not a time", "", "" },
	{ "min-lease", NULL, "2h4", "is not a time", "", "" },
	{ "min-lease", NULL, "h", "is not a time", "", "" },
	{ "min-lease", NULL, "119s", "shorter than 2m", "RFC 4787", "`min-lease = 2h4m`" },
	{ "min-lease", NULL, "0", "shorter than 2m", "", "" },
	{ "max-lease", NULL, "1m", "shorter than 2m", "", "`max-lease = 14d`" },
	{ "max-lease", NULL, "3651d", "too long", "ten years", "`max-lease = 3650d`" },
	{ "max-lease", NULL, "99999999999999999999d", "too long", "", "" },
	{ "max-lease", NULL, "forever", "is not a time", "", "`max-lease = 14d`" },

	{ "quota", NULL, "-1", "must be 0 to 1048576", "", "default is 0" },
	{ "quota", NULL, "1048577", "must be 0 to 1048576", "", "" },
	{ "quota", NULL, "18446744073709551617", "must be 0 to 1048576", "", "" },
	{ "quota", NULL, "1k", "must be 0 to 1048576", "", "" },
	{ "quota-length", NULL, "0", "must be 1 to 128 bits", "", "" },
	{ "quota-length", NULL, "129", "must be 1 to 128 bits", "", "" },
	{ "quota-length", NULL, "/64", "must be 1 to 128 bits", "", "64" },
	{ "udp-zero-checksum", NULL, "calculate", "must be one of compute, drop, forward", "",
	  "choose" },
	{ "udp-zero-checksum", NULL, "fwd", "must be one of compute, drop, forward", "", "" },
	{ "icmp-errors", NULL, "100", "must be on, off, or 1/s to 1000000/s", "",
	  "`icmp-errors = 100/s`" },
	{ "icmp-errors", NULL, "100/m", "must be on, off, or 1/s to 1000000/s", "",
	  "`icmp-errors = 100/s`" },
	{ "icmp-errors", NULL, "0/s", "must be on, off, or 1/s to 1000000/s", "",
	  "`icmp-errors = off`" },
	{ "icmp-errors", NULL, "1000001/s", "must be on, off, or 1/s to 1000000/s", "", "" },
	{ "icmp-errors", NULL, "yes", "must be on, off, or 1/s to 1000000/s", "",
	  "`icmp-errors = on`" },
	{ "tos-64", NULL, "256", "must be copy, or 0 to 255", "", "copy" },
	{ "tos-64", NULL, "EF", "must be copy, or 0 to 255", "", "" },
	{ "tos-46", NULL, "0", "must be one of copy, zero", "", "choose" },
	{ "mss-clamp", NULL, "535", "must be auto, off, or 536 to 65495 bytes", "", "auto" },
	{ "mss-clamp", NULL, "65496", "must be auto, off, or 536 to 65495 bytes", "", "" },
	{ "mss-clamp", NULL, "on", "must be auto, off, or 536 to 65495 bytes", "", "auto" },
	{ "mtu", NULL, "1251", "must be auto, or 1252 to 65507 bytes", "", "auto" },
	{ "mtu", NULL, "65508", "must be auto, or 1252 to 65507 bytes", "", "" },
	{ "mtu", NULL, "0", "must be auto, or 1252 to 65507 bytes", "", "" },
	{ "nat44", NULL, "snat", "is not a nat44 mode", "first and last", "snat 203.0.113.7" },
	{ "nat44", NULL, "203.0.113.7", "is not a nat44 mode", "snat",
	  "`nat44 = snat 203.0.113.7`" },
	{ "nat44", NULL, "127.0.0.1", "no host can have", "loopback", "" },
	{ "nat44", NULL, "masq", "must be masquerade, none, or snat ADDR4[-ADDR4]", "",
	  "`nat44 = masquerade`" },
	{ "nat44", NULL, "no", "must be masquerade, none, or snat ADDR4[-ADDR4]", "", "" },
	{ "nat44", NULL, "snat eth0", "holds `eth0`", "", "snat 203.0.113.7" },
	{ "nat44", NULL, "snat 203.0.113.9-203.0.113.7", "in the wrong order", "lower",
	  "203.0.113.7-203.0.113.9" },
	{ "nat44", NULL, "snat 203.0.113.0/24", "holds `203.0.113.0/24`", "no length", "" },
	{ "nat44", NULL, "snat 1.2.3.4-1.2.3.5-1.2.3.6", "is not a nat44 mode", "", "" },
	{ "nat44", NULL, "snat 203.0.113.7-", "is not a nat44 mode", "first and last",
	  "snat 203.0.113.7-203.0.113.9" },
	{ "nat44", NULL, "snat 203.0.113.7 -", "is not a nat44 mode", "first and last", "" },
	{ "nat44", NULL, "snat -203.0.113.7", "is not a nat44 mode", "first and last", "" },
	{ "nat44", NULL, "snat -", "is not a nat44 mode", "first and last", "" },
	{ "nat44", NULL, "snat 203.0.113.7--203.0.113.9", "is not a nat44 mode", "first and last",
	  "" },
	{ "nat44", NULL, "snat 203.0.113.7-203.0.113.9-", "is not a nat44 mode", "first and last",
	  "" },
	{ "nat44", NULL, "snat 203.0.113.7 203.0.113.9", "is not a nat44 mode", "first and last",
	  "" },
	{ "nat44", NULL, "snat 203.0.113.7, 203.0.113.9", "is not a nat44 mode", "first and last",
	  "" },
	{ "nat44", NULL, "snat 127.0.0.1", "holds `127.0.0.1`", "loopback", "" },
	{ "guard", NULL, "yes", "must be one of on, off", "", "`guard = on`" },
	{ "guard", NULL, "0", "must be one of on, off", "", "`guard = off`" },
	{ "fastpath", NULL, "on", "must be one of auto, off", "", "" },
	{ "wan", NULL, "eth*", "is a pattern", "only `interface`", "" },
	{ "wan", NULL, "eth0 eth1", "not the name", "", "second line" },
	{ "wan", "eth0", "eth0", "given twice", "", "" },
	{ "wan", "eth0", "auto", "contradicts", "", "" },
	{ "wan", "auto", "eth0", "contradicts", "", "" },
	{ "xdp", NULL, "driver", "must be one of off, auto, native, generic", "", "choose" },
	{ "xdp", NULL, "nativ", "must be one of off", "", "`xdp = native`" },
	{ "state", NULL, "tun0.map", "not an absolute path", "",
	  "`state = /var/lib/nat64-bpf/tun0.map`" },
	{ "state", NULL, "/var/lib/", "is a directory", "", "`state = /var/lib/tun0.map`" },
	{ "state", NULL, "off", "not an absolute path", "", "" },
	{ "log", NULL, "syslog", "not an absolute path", "", "" },
	{ "log", NULL, "on", "not an absolute path", "", "" },
};

static int put_bad_value(const void *arg)
{
	const struct bad *bad = arg;
	struct config config, before;
	bool same;

	config_default(&config, "tun0");
	if (bad->before && config_put(&config, bad->key, bad->before, "tun0.conf:6"))
		return 99;
	before = config;
	if (config_put(&config, bad->key, bad->value, "tun0.conf:7") != -1)
		return 98;
	same = !memcmp(&config, &before, sizeof(config));
	config_free(&config);
	return same ? (int)log_status() : 97; /* untouched on failure */
}

/* A suggestion that is a whole setting is one that is taken. */
static int put_suggestion(const void *arg)
{
	const char *fix = strstr(arg, "\nfix: write `"), *equals = fix ? strstr(fix, " = ") : NULL;
	char key[32], value[PATH_MAX];
	struct config config;

	if (!equals)
		return 0;
	snprintf(key, sizeof(key), "%.*s", (int)(equals - fix - 13), fix + 13);
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(equals + 3, "`"), equals + 3);
	config_default(&config, "tun0");
	config_put(&config, key, value, "tun0.conf:7");
	config_check(&config);
	config_free(&config);
	return log_status();
}

static void refuses(void **state)
{
	char said[16384];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct outcome *o = child_run(put_bad_value, &bad[i]);
		const char *why = strstr(o->err, "\nwhy: "), *fix = strstr(o->err, "\nfix: ");
		const char *what = strstr(o->err, bad[i].what);

		print_message("%s = %s\n%s", bad[i].key, bad[i].value, o->err);
		assert_int_equal(o->status, EXIT_USAGE);
		assert_int_equal(occurs(o->err, "error: "), 1);
		assert_int_equal(strncmp(o->err, "error: tun0.conf:7: ", 20), 0);
		assert_true(why && fix && why < fix);
		assert_true(what && what < why);
		assert_true(strstr(why, bad[i].why) && strstr(why, bad[i].why) <= fix);
		assert_non_null(strstr(fix, bad[i].fix));
		assert_string_equal(o->out, "");
		snprintf(said, sizeof(said), "%s", o->err);
		assert_int_equal(child_run(put_suggestion, said)->status, EXIT_DONE);
	}
}

static int put_option(const void *arg)
{
	struct config config;

	config_default(&config, "tun0");
	config_put(&config, "pool", "10.0.0.1/20", "--pool");
	return log_status();
}

/* An option names itself once, and its fix is an option too. */
static void option(void **state)
{
	const struct outcome *o = child_run(put_option, NULL);

	assert_int_equal(o->status, EXIT_USAGE);
	assert_int_equal(strncmp(o->err, "error: --pool: `10.0.0.1/20` is not a network\n", 46), 0);
	assert_non_null(strstr(o->err, "fix: give --pool '10.0.0.0/20'\n"));
}

static int put_long(const void *arg)
{
	char value[1200];
	struct config config;

	config_default(&config, "tun0");
	memset(value, 'x', sizeof(value) - 1);
	value[0] = '/';
	value[sizeof(value) - 1] = 0;
	config_put(&config, "log", value, "--log");
	return log_status();
}

static void too_long(void **state)
{
	const struct outcome *o = child_run(put_long, NULL);

	assert_int_equal(o->status, EXIT_USAGE);
	assert_non_null(strstr(o->err, "is too long"));
	assert_true(strlen(o->err) < 400);
}

static int put_many(const void *arg)
{
	const bool *clients = arg;
	struct config config;
	char value[64];

	config_default(&config, "tun0");
	for (int i = 0; i < 1000; i++) {
		snprintf(value, sizeof(value), *clients ? "fd00:0:0:%d::/64" : "10.0.%d.0/24",
			 i < 256 ? i : i % 256);
		if (config_put(&config, *clients ? "clients" : "private", value, "f:1")) {
			printf("%d", i);
			break;
		}
	}
	config_free(&config);
	return log_status();
}

static void limits(void **state)
{
	const struct outcome *o = child_run(put_many, &(bool){ true });

	assert_string_equal(o->out, "16");
	assert_non_null(strstr(o->err, "is one too many"));
	o = child_run(put_many, &(bool){ false });
	assert_string_equal(o->out, "32");
	assert_non_null(strstr(o->err, "is one too many"));
}

static void overlay(void **state)
{
	struct config file, options;
	char value[PATH_MAX];

	config_default(&file, "tun0");
	config_default(&options, "tun0");
	assert_int_equal(config_put(&file, "clients", "fd00::/64", "f:1"), 0);
	assert_int_equal(config_put(&file, "clients", "fd01::/64", "f:2"), 0);
	assert_int_equal(config_put(&file, "private", "allow", "f:3"), 0);
	assert_int_equal(config_put(&file, "wan", "eth0", "f:4"), 0);
	assert_int_equal(config_put(&file, "quota", "7", "f:5"), 0);
	assert_int_equal(config_put(&options, "clients", "fd02::/64", "--clients"), 0);
	assert_int_equal(config_put(&options, "private", "deny", "--private"), 0);
	assert_int_equal(config_put(&options, "wan", "auto", "--wan"), 0);
	assert_int_equal(config_overlay(&file, &options), 0);
	assert_int_equal(file.client_count, 1); /* the whole list is replaced */
	assert_true(config_value(&file, KEY_CLIENTS, 0, value, sizeof(value)));
	assert_string_equal(value, "fd02::/64");
	assert_false(file.private_allow);
	assert_int_equal(file.wan_count, 0);
	assert_int_equal(file.quota, 7); /* not given: stays */
	assert_true(file.given & 1ull << KEY_WAN);
	config_free(&file);
	config_free(&options);
}

static void defaults(void **state)
{
	struct config config;
	char value[PATH_MAX];

	config_default(&config, "tun0");
	for (int key = 0; key < KEY_MAX; key++) {
		const char *fallback = config_keys[key].fallback;

		if (config_keys[key].derived)
			continue;
		print_message("%s\n", config_keys[key].key);
		assert_true(config_value(&config, (enum config_key)key, 0, value, sizeof(value)));
		assert_string_equal(value, fallback); /* help does not lie */
	}
	assert_string_equal(config.interface, "tun0");
	assert_false(config_value(&config, KEY_CLIENTS, 0, value, sizeof(value)));
	assert_false(config_value(&config, KEY_OWN4, 0, value, sizeof(value)));
	assert_false(config_value(&config, KEY_OWN6, 0, value, sizeof(value)));
	assert_false(config_value(&config, KEY_STATE, 0, value, sizeof(value)));
	config_free(&config);
}

/* Help shows placeholders beside words: "deny|allow|PREFIX4". Typed as they stand there, whole or
 * in parts, they are no values. */
static void placeholders(void **state)
{
	for (int key = 0; key < KEY_MAX; key++) {
		const char *takes = config_keys[key].takes ?: "";
		struct bad typed = { .key = config_keys[key].key };
		char copy[128];

		for (int parts = 0; parts < 2; parts++) {
			char *rest = NULL;

			snprintf(copy, sizeof(copy), "%s", takes);
			for (char *word = strtok_r(copy, parts ? "|[]- /" : "|", &rest); word;
			     word = strtok_r(NULL, parts ? "|[]- /" : "|", &rest)) {
				typed.value = word;
				print_message("%s = %s\n", typed.key, word);
				if (strcmp(word, "s")) /* of N/s */
					assert_int_equal(child_run(put_bad_value, &typed)->status,
							 EXIT_USAGE);
			}
		}
		if (*takes) {
			typed.value = config_key_usage((enum config_key)key);
			assert_int_equal(child_run(put_bad_value, &typed)->status, EXIT_USAGE);
		}
	}
}

/* Equality is that of values, and names the keys that differ. */
static void differs(void **state)
{
	static const char *const other[KEY_MAX] = {
		[KEY_INTERFACE] = "tun1",
		[KEY_CLIENTS] = "fd00::/64",
		[KEY_PREFIX] = "64:ff9b:1::/96",
		[KEY_POOL] = "192.168.240.0/21",
		[KEY_OWN4] = "192.168.240.9",
		[KEY_OWN6] = "fd00::9",
		[KEY_STATIC] = "192.168.240.50 fd00::50",
		[KEY_MAPPING] = "linear",
		[KEY_PRIVATE] = "10.0.0.0/8",
		[KEY_HOST] = "allow",
		[KEY_HAIRPIN] = "allow",
		[KEY_MIN_LEASE] = "3h",
		[KEY_MAX_LEASE] = "15d",
		[KEY_QUOTA] = "7",
		[KEY_QUOTA_LENGTH] = "128",
		[KEY_UDP_ZERO] = "drop",
		[KEY_ICMP_ERRORS] = "50/s",
		[KEY_ECHO_ERRORS] = "off",
		[KEY_TOS_64] = "0",
		[KEY_TOS_46] = "zero",
		[KEY_MSS_CLAMP] = "off",
		[KEY_MTU] = "1252",
		[KEY_NAT44] = "none",
		[KEY_GUARD] = "off",
		[KEY_FASTPATH] = "off",
		[KEY_WAN] = "eth0",
		[KEY_XDP] = "auto",
		[KEY_STATE] = "/s",
		[KEY_LOG] = "/l",
	};

	for (int key = 0; key < KEY_MAX; key++) {
		struct config a, b;

		print_message("%s\n", config_keys[key].key);
		assert_non_null(other[key]);
		config_default(&a, "tun0");
		config_default(&b, "tun0");
		assert_true(config_equal(&a, &b));
		assert_int_equal(config_put(&a, config_keys[key].key, other[key], "f:1"), 0);
		assert_true(config_differs(&a, &b) == 1ull << key);
		assert_false(config_equal(&a, &b));
		assert_int_equal(config_overlay(&b, &a), 0);
		assert_true(config_equal(&a, &b));
		config_clear(&a, (enum config_key)key);
		assert_true(config_differs(&a, &b) == 1ull << key);
		config_clear(&b, (enum config_key)key);
		assert_true(config_equal(&a, &b) && !config_differs(&a, &b));
		config_free(&a);
		config_free(&b);
	}
}

/* Elements of lists: another one, one more, and another order. Not what lies behind a text. */
static void lists_differ(void **state)
{
	struct config a, b;

	config_default(&a, "a-long-name");
	config_default(&b, "tun0");
	config_put(&a, "interface", "tun0", "f:1");
	assert_false(config_differs(&a, &b));
	config_put(&a, "clients", "fd00::/64", "f:2");
	config_put(&a, "clients", "fd01::/64", "f:3");
	config_put(&b, "clients", "fd00::/64", "f:2");
	assert_true(config_differs(&a, &b) == 1ull << KEY_CLIENTS);
	config_put(&b, "clients", "fd01::/48", "f:3");
	assert_true(config_differs(&a, &b) == 1ull << KEY_CLIENTS);
	config_clear(&b, KEY_CLIENTS);
	config_put(&b, "clients", "fd01::/64", "f:2");
	config_put(&b, "clients", "fd00::/64", "f:3");
	assert_true(config_differs(&a, &b) == 1ull << KEY_CLIENTS);
	config_put(&a, "private", "allow", "f:4");
	assert_true(config_differs(&a, &b) == (1ull << KEY_CLIENTS | 1ull << KEY_PRIVATE));
	config_free(&a);
	config_free(&b);
}

static int check_name(const void *arg)
{
	bool fine = config_name_check(arg);

	return fine == (log_status() == EXIT_DONE) ? (int)log_status() : 99;
}

static void instance_names(void **state)
{
	static const char *const fine[] = { "a", "tun0", "A-b_c.d", "123456789012345", "_x" };
	static const char *const wrong[] = {
		"",    "1234567890123456", "-tun0",	  ".tun0", "a/b", "a b",
		"a;b", "x$(id)",	   "t\xc3\xbcn0", "a\n",   "a*"
	};

	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		assert_int_equal(child_run(check_name, fine[i])->status, EXIT_DONE);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct outcome *o = child_run(check_name, wrong[i]);

		print_message("%s", o->err);
		assert_int_equal(o->status, EXIT_USAGE);
		assert_int_equal(occurs(o->err, "\n"), 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes),	  cmocka_unit_test(refuses),
		cmocka_unit_test(option),	  cmocka_unit_test(too_long),
		cmocka_unit_test(limits),	  cmocka_unit_test(overlay),
		cmocka_unit_test(defaults),	  cmocka_unit_test(placeholders),
		cmocka_unit_test(differs),	  cmocka_unit_test(lists_differ),
		cmocka_unit_test(instance_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
