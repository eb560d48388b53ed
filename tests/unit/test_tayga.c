/* SPDX-License-Identifier: GPL-2.0-only */
/* tayga.conf as a config file of ours. What comes out is read back by config_read() and
 * config_check(). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"
#include "tayga.h"

static char *out; /* text of the last translation */

static int convert(const char *text)
{
	FILE *in = fmemopen((void *)text, strlen(text), "r"), *to;
	struct tayga tayga = {};
	size_t len;
	int error;

	free(out);
	out = NULL;
	error = tayga_read(&tayga, in, "tayga.conf", false);
	fclose(in);
	if (!error) {
		to = open_memstream(&out, &len);
		error = tayga_write(&tayga, "tayga.conf", to);
		fclose(to);
	}
	tayga_free(&tayga);
	return error;
}

/* The translation, taken for a config file; it has to be right. */
static void take(const char *text, struct config *config)
{
	char path[] = "/tmp/nat64-tayga.XXXXXX";
	int fd = mkstemp(path);

	assert_int_equal(convert(text), 0);
	assert_int_equal(write(fd, out, strlen(out)), strlen(out));
	close(fd);
	config_default(config, "vpn");
	if (config_read(config, path) || config_check(config))
		fail_msg("not a right config file:\n%s", out);
	unlink(path);
}

#define BASE "tun-device nat64\nipv4-addr 192.168.255.1\n"

static void has(const char *line)
{
	if (!strstr(out, line))
		fail_msg("no `%s` in:\n%s", line, out);
}

static void has_not(const char *line)
{
	if (strstr(out, line))
		fail_msg("`%s` in:\n%s", line, out);
}

static void each_directive(void **state)
{
	struct config config;

	take("# of 0.9.2\n" BASE
	     "ipv6-addr 2001:db8:1::2\nprefix 64:ff9b::/96\ndynamic-pool 192.168.255.0/24\n"
	     "data-dir /var/spool/tayga\nstrict-frag-hdr on\nmap 192.168.255.2 fd00::143\nmap "
	     "192.168.5.42 fd00::42 # web\n"
	     "# later\nwkpf-strict no\nudp-cksum-mode fwd\nlog drop reject icmp\nofflink-mtu "
	     "1400\ntun-up yes\n"
	     "tun-ip 192.168.1.1/24\ntun-ip fd01::1/64\ntun-route 64:ff9b::/96\nworkers 4\n",
	     &config);
	has("\nown4 = 192.168.255.1\n");
	has("\nown6 = 2001:db8:1::2\n");
	has("\nprefix = 64:ff9b::/96\n");
	has("\npool = 192.168.255.0/24\n");
	has("\nstatic = 192.168.255.2 fd00::143\nstatic = 192.168.5.42 fd00::42\n");
	has("\nprivate = allow\n");
	has("\nudp-zero-checksum = forward\n");
	assert_int_equal(config.static_count, 2);
	for (const char *word = "tun-device nat64\0data-dir \0strict-frag-hdr on\0log "
				"drop\0offlink-mtu\0tun-up yes\0"
				"tun-ip 192.168.1.1/24\0tun-ip fd01::1/64\0tun-route\0";
	     *word; word += strlen(word) + 1) {
		char *found = strstr(out, word);

		assert_non_null(found);
		assert_non_null(strstr(found, "\n#   not needed: "));
	}
	has("# workers 4\n#   left out: no such directive");
	config_free(&config);
}

static void pools(void **state)
{
	struct config config;

	take("tun-device t\nipv4-addr 10.0.0.1\ndynamic-pool 192.168.9.0/31\n", &config);
	has("\npool = 192.168.9.0/30\n");
	has("\nown4 = 192.168.9.1\n");
	config_free(&config);
	take("tun-device t\nipv4-addr 10.0.0.1\ndynamic-pool 10.0.0.0/8\n", &config);
	has("\npool = 10.0.0.0/12\n");
	has("\nown4 = 10.0.0.1\n");
	config_free(&config);
	take("tun-device t\nipv4-addr 10.0.0.0\ndynamic-pool 10.0.0.0/24\nmap 10.0.0.1 fd00::1\n",
	     &config);
	has("\nown4 = 10.0.0.2\n"); /* the first host has a map, ipv4-addr is the network's */
	config_free(&config);
	take("tun-device t\nipv4-addr 10.0.0.1\nprefix fd64::/96\nmap 10.0.0.7 "
	     "fd00::7\nwkpf-strict yes\n",
	     &config);
	has("refuses clients without a map");
	has_not("\npool =");
	has_not("\nprivate =");
	has("\nstatic = 10.0.0.7 fd00::7\n");
	config_free(&config);
}

static void maps(void **state)
{
	struct config config;

	take(BASE "dynamic-pool 192.168.255.0/24\nmap 192.168.255.0/30 fd00::/126\nmap 10.0.0.0/28 "
		  "fd00:1::/124\n"
		  "map 10.0.0.3 fd00:2::3\nmap 127.0.0.1 fd00::9\nmap 10.9.9.9 64:ff9b::1\nmap "
		  "10.9.9.8 ff02::1\n",
	     &config);
	assert_int_equal(config.static_count,
			 2 + 16); /* without network address and own4; of 10.0.0.3 the first */
	has("# map 192.168.255.0 fd00::\n#   left out: the IPv4 address is the pool's network");
	has("# map 192.168.255.1 fd00::1\n#   left out: the IPv4 address is own4");
	has("# map 10.0.0.3 fd00:2::3\n#   left out: another map");
	has("# map 127.0.0.1 fd00::9\n#   left out: no host");
	has("# map 10.9.9.9 64:ff9b::1\n#   left out: the client's address lies inside the prefix");
	has("# map 10.9.9.8 ff02::1\n#   left out: no client");
	config_free(&config);
	take(BASE "map 10.64.0.0/16 fd00::/112\n", &config);
	assert_true(config.linear);
	has("\npool = 10.64.0.0/16\nclients = fd00::/112\nmapping = linear\n");
	config_free(&config);
	take(BASE "dynamic-pool 192.168.255.0/24\nmap 10.64.0.0/16 fd00::/112\n", &config);
	has("left out: 65536 addresses");
	config_free(&config);
}

static void refused(void **state)
{
	static const char *const all[] = {
		"ipv4-addr 300.1.1.1\n",
		"ipv4-addr\n",
		"ipv4-addr 10.0.0.1\nipv4-addr 10.0.0.2\n",
		"prefix fd00::/95\n",
		"prefix fd00::\n",
		"dynamic-pool 10.0.0.0/32\n",
		"dynamic-pool 238.168.240.0/20\n", /* multicast */
		"dynamic-pool 10.0.0.0\n",
		"map 10.0.0.1\n",
		"map 10.0.0.0/24 fd00::/121\n",
		"map fd00::1 10.0.0.1\n",
		"ipv6-addr 10.0.0.1\n",
		"log a b c d e f g h i\n",
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (convert(all[i]) != -1)
			fail_msg("taken: %s", all[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_directive),
		cmocka_unit_test(pools),
		cmocka_unit_test(maps),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
