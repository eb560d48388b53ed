/* SPDX-License-Identifier: GPL-2.0-only */
/* Config files: what a line may be, what the settings must be together, and writing them back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "child.h"
#include "config.h"
#include "log.h"

static char path[64]; /* a file in memory */

static void write_bytes(const void *data, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* Reads, checks and writes the file: what `check` does, and the settings on stdout. */
static int use(const void *arg)
{
	struct config config;

	config_default(&config, "vpn");
	if (!config_read(&config, arg ? arg : path) && !config_check(&config))
		config_write(&config, stdout);
	config_free(&config);
	return log_status();
}

/* Files that are taken, and the settings read from them. */
static const struct {
	const char *file, *settings;
} good[] = {
	{ "", "" },
	{ "\n\n  \n\t\r\n", "" },
	{ "# only a comment", "" },
	{ "   # a comment may be indented\n\t; and so may this\n", "" },
	{ "[nat64]", "" },
	{ "[nat64] # comment\n", "" },
	{ "[nat64]\nhost = allow", "host = allow\n" }, /* no newline at the end */
	{ "[nat64]\nhost=allow\n", "host = allow\n" },
	{ "[nat64]\nhost\t=\t allow \t\n", "host = allow\n" },
	{ "[nat64]\nhost = allow # comment\n", "host = allow\n" },
	{ "[nat64]\nhost = allow\t;comment = x\n", "host = allow\n" },
	{ "[nat64]\nhost = allow # comment ; more # more\n", "host = allow\n" },
	{ "[nat64]\nlog = /a;b#c # d\n", "log = /a;b#c\n" }, /* only behind white space */
	{ "[nat64]\nlog = /a=b:c\n", "log = /a=b:c\n" },
	{ "[nat64]\nlog = /a  b\n", "log = /a  b\n" },
	{ "[nat64]\ninterface = \"tun0\"\n",
	  "interface = \"tun0\"\n" },				     /* quotes are part of a name */
	{ "\xef\xbb\xbf[nat64]\nhost = allow\n", "host = allow\n" }, /* byte order mark */
	{ "\xef\xbb\xbf# comment\r\n[nat64]\r\nhost = allow\r\n", "host = allow\n" },
	{ "\xef\xbb\xbf", "" },
	{ "[nat64]\nclients = fd00::/64\nclients = fd01::/64\nhost = deny\nclients = fd02::/64\n",
	  "clients = fd00::/64\nclients = fd01::/64\nclients = fd02::/64\nhost = deny\n" },
	{ "[nat64]\nprivate = 10.0.0.0/8\nprivate = 172.16.0.0/12\n",
	  "private = 10.0.0.0/8\nprivate = 172.16.0.0/12\n" },
};

static void takes(void **state)
{
	char expected[512];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const struct outcome *o;

		write_bytes(good[i].file, strlen(good[i].file));
		o = child_run(use, NULL);
		print_message("---\n%s\n", good[i].file);
		assert_string_equal(o->err, "");
		assert_int_equal(o->status, EXIT_DONE);
		snprintf(expected, sizeof(expected), "[nat64]\n%s", good[i].settings);
		assert_string_equal(o->out, expected);
	}
}

#define TEXT(text) text, sizeof(text) - 1

/* Files that are not taken: the line that is named, parts of the three sentences. */
static const struct {
	const char *file;
	size_t len;
	unsigned int line;
	const char *what, *why, *fix;
} bad[] = {
	{ TEXT("[nat64]\npol = 1\n"), 2, "pol: unknown key", "", "write `pool`" },
	{ TEXT("# x\n\n[nat64]\n\nhost = alow\n"), 5, "host: `alow`", "", "`host = allow`" },
	{ TEXT("[nat64]\n host = allow\n"), 2, "the line is indented", "line before",
	  "white space" },
	{ TEXT("[nat64]\nclients = fd00::/64\n\tfd01::/64\n"), 3, "the line is indented", "", "" },
	{ TEXT(" [nat64]\n"), 1, "the line is indented", "", "" },
	{ TEXT("\xef\xbb\xbf host = x\n"), 1, "the line is indented", "", "" },
	{ TEXT("host = allow\n"), 1, "before the section", "[nat64]", "[nat64]" },
	{ TEXT("[nat64]\nhost = allow\nhost = allow\n"), 3, "host: given twice", "line 2",
	  "keep one" },
	{ TEXT("[nat64]\npool = 10.0.0.0/16\n\npool= 10.1.0.0/16\n"), 4, "pool: given twice",
	  "line 2", "" },
	{ TEXT("[nat64]\n[nat64]\n"), 2, "twice", "line 1", "remove" },
	{ TEXT("[nat64]\n[other]\n"), 2, "[other]: not the section", "one section", "of its own" },
	{ TEXT("[NAT64]\n"), 1, "[NAT64]: not the section", "", "write `[nat64]`" },
	{ TEXT("[ nat64 ]\n"), 1, "not the section", "", "write `[nat64]`" },
	{ TEXT("[nat64\n"), 1, "not the section", "", "write `[nat64]`" },
	{ TEXT("[nat64] host = allow\n"), 1, "not the section", "", "" },
	{ TEXT("[]\n"), 1, "not the section", "", "" },
	{ TEXT("[nat64]\nhost\n"), 2, "host: no `=`", "KEY = VALUE", "`host = VALUE`" },
	{ TEXT("[nat64]\nhost: allow\n"), 2, "no `=`", "", "" },
	{ TEXT("[nat64]\nhost: a=b\n"), 2, "host: a=b: no `=` behind the key", "", "" },
	{ TEXT("[nat64]\nhost # = allow\n"), 2, "host: no `=`", "", "" },
	{ TEXT("[nat64]\nhost =\n"), 2, "host: `` is not a value", "", "`host = deny`" },
	{ TEXT("[nat64]\nhost = # allow\n"), 2, "is not a value", "", "" },
	{ TEXT("[nat64]\n= allow\n"), 2, ": unknown key", "", "" },
	{ TEXT("[nat64]\nho\0st = allow\n"), 2, "zero byte", "is text", "" },
	{ TEXT("\x7f\x45LF\x02\x01\x01\0\0"), 1, "zero byte", "", "" },
	{ TEXT("[nat64]\nhost = allow\rpool = x\n"), 2, "control character", "", "" },
	{ TEXT("[nat64]\n\033[2Jx = 1\n"), 2, "\\x1b[2Jx: unknown key", "", "" },
	/* TAYGA's config, given by mistake */
	{ TEXT("tun-device nat64\nipv4-addr 192.168.255.1\n"), 1, "no `=`", "", "" },
};

static void refuses(void **state)
{
	char where[128];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct outcome *o;
		const char *why, *fix, *what;

		write_bytes(bad[i].file, bad[i].len);
		o = child_run(use, NULL);
		print_message("---\n%s---\n%s", bad[i].file, o->err);
		assert_int_equal(o->status, EXIT_USAGE);
		assert_string_equal(o->out, "");
		snprintf(where, sizeof(where), "error: %s:%u: ", path, bad[i].line);
		assert_int_equal(strncmp(o->err, where, strlen(where)), 0);
		assert_int_equal(occurs(o->err, "error: "), 1);
		what = strstr(o->err, bad[i].what);
		why = strstr(o->err, "\nwhy: ");
		fix = strstr(o->err, "\nfix: ");
		assert_true(what && why && fix && what < why && why < fix);
		assert_non_null(strstr(why, bad[i].why));
		assert_non_null(strstr(fix, bad[i].fix));
	}
}

/* Lines of a length and their end. */
static void long_lines(void **state)
{
	static const char *const ends[] = {
		"\n", "\r\n", "", "\nhost = allow\n", "\r\nhost = allow\r\n", "\rx\n"
	};
	static const size_t lengths[] = { 198, 199,  200,  201,	 255,  256, 900,
					  999, 1000, 1001, 1002, 1003, 5000 };
	char file[6000], name[1200];

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		for (size_t j = 0; j < sizeof(ends) / sizeof(ends[0]); j++) {
			size_t len = lengths[i];
			bool odd = !strcmp(ends[j], "\rx\n");
			const struct outcome *o;

			/* a comment fills the line; the value in it is 600 bytes or what fits */
			snprintf(name, sizeof(name), "/%0*d", (int)(len < 700 ? len - 8 : 600), 7);
			snprintf(file, sizeof(file), "[nat64]\nlog = %s", name);
			strcat(file, len >= 700 ? " #" : "");
			while (strlen(file) < len + 8)
				strcat(file, "x");
			file[len + 8] = 0;
			strcat(file, ends[j]);
			write_bytes(file, strlen(file));
			o = child_run(use, NULL);
			print_message("%zu %zu\n", len, j);
			if (len > 1000 || (odd && len == 1000)) { /* CR and x are part of it */
				assert_int_equal(o->status, EXIT_USAGE);
				assert_non_null(strstr(o->err, ":2: the line is too long\nwhy: a "
							       "line has at most 1000"));
			} else if (!odd) {
				assert_string_equal(o->err, "");
				assert_int_equal(occurs(o->out, "log = /0"), 1);
				assert_int_equal(occurs(o->out, "host = allow\n"),
						 !!strstr(ends[j], "host"));
				if (len >= 700)
					assert_non_null(strstr(o->out, name)); /* whole */
				else
					assert_int_equal(strlen(strstr(o->out, "log = ")), len + 1);
			}
		}
}

static void unreadable(void **state)
{
	static const struct {
		const char *path, *why;
	} files[] = {
		{ "/nowhere/at/all.conf", "no such file" },
		{ "/", "Is a directory" },
		{ "/dev/zero", "is text" }, /* never ends */
		{ "/dev/null/x", "no such file" },
		{ "/proc/self/mem", "Input/output error" }, /* opens, cannot be read */
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const struct outcome *o = child_run(use, files[i].path);

		print_message("%s", o->err);
		assert_int_equal(o->status, EXIT_USAGE);
		assert_int_equal(occurs(o->err, "error: "), 1);
		assert_non_null(strstr(o->err, files[i].why));
		assert_non_null(strstr(o->err, "\nfix: "));
	}
}

static int use_as_nobody(const void *arg)
{
	if (setgid(65534) || setuid(65534))
		return 99;
	return use(arg);
}

static void forbidden(void **state)
{
	const struct outcome *o;

	if (geteuid())
		skip();
	write_bytes("", 0);
	assert_int_equal(chmod(path, 0600), 0);
	o = child_run(use_as_nobody, NULL);
	assert_int_equal(o->status, EXIT_PRIVILEGE);
	assert_non_null(strstr(o->err, "Permission denied"));
}

static void endless(void **state)
{
	FILE *file = fopen(path, "w");
	const struct outcome *o;

	for (int i = 0; i < 100001; i++)
		fputs("\n", file);
	fclose(file);
	o = child_run(use, NULL);
	assert_int_equal(o->status, EXIT_USAGE);
	assert_non_null(strstr(o->err, "too many lines"));
}

/* What is right in each line and wrong together; the line that is named: the later of two. `warn`:
 * said, but no error. */
static const struct {
	const char *file;
	unsigned int line;
	bool warn;
	const char *what, *why, *fix;
} together[] = {
	{ "own4 = 10.0.0.1", 2, false, "own4 = 10.0.0.1 lies outside", "192.168.240.0/20",
	  "own4 = 192.168.240.1" },
	{ "own4 = 192.168.240.0", 2, false, "network address of the pool", "",
	  "own4 = 192.168.240.1" },
	{ "own4 = 192.168.255.255", 2, false, "broadcast address of the pool", "",
	  "own4 = 192.168.240.1" },
	{ "pool = 10.0.0.0/30\nown4 = 10.0.0.3", 3, false, "broadcast address", "10.0.0.0/30",
	  "own4 = 10.0.0.1" },
	{ "own6 = 64:ff9b::1", 2, false, "inside the prefix", "", "own6" },
	{ "clients = 64:ff9b::/64", 2, false, "clients = 64:ff9b::/64 overlaps the prefix", "",
	  "prefix" },
	{ "clients = fd00::/64\nprefix = fd00::/96", 3, false, "overlaps the prefix", "fd00::/96",
	  "64:ff9b::/96" },
	{ "clients = fd00::1/128", 2, false, "holds one address only", "no other client",
	  "clients = fd00::/64" },
	{ "clients = fd00::1/128\nclients = fd00::2/128", 2, false, "holds one address only", "",
	  "" },
	{ "prefix = fd00::/96\nclients = fd00::1:0:0:1/128", 3, false, "holds one address only", "",
	  "clients to the network" },
	{ "mapping = linear\nclients = fd00::/64\nclients = fd01::/64", 4, false,
	  "linear with 2 networks", "", "dynamic" },
	{ "static = 192.168.240.1 fd00::5", 2, false, "the IPv4 address is taken",
	  "first host of the pool", "own4" },
	{ "own4 = 192.168.240.9\nstatic = 192.168.240.9 fd00::5", 3, false,
	  "the IPv4 address is taken", "own4", "" },
	{ "static = 192.168.240.0 fd00::5", 2, false, "no host can have", "network address",
	  "another" },
	{ "static = 192.168.255.255 fd00::5", 2, false, "no host can have", "broadcast address",
	  "another" },
	{ "own6 = fd00::5\nstatic = 192.168.240.9 fd00::5", 3, false, "the IPv6 address is taken",
	  "own6", "" },
	{ "static = 192.168.240.9 64:ff9b::5", 2, false, "inside the prefix", "",
	  "" }, /* R-6052-3.1-03 */
	{ "min-lease = 3h\nmax-lease = 2h", 3, false, "max-lease = 2h is shorter", "min-lease = 3h",
	  "longer" },
	{ "max-lease = 1h", 2, false, "max-lease = 1h is shorter", "min-lease = 2h4m",
	  "2h4m or more" },
	{ "nat44 = snat 192.168.240.5", 2, false, "overlaps the pool", "192.168.240.0/20",
	  "masquerade" },
	{ "nat44 = snat 192.168.0.1-192.169.0.1", 2, false, "overlaps the pool", "", "" },
	{ "log = /x\nstate = /x", 3, false, "the same file, /x", "overwrite", "" },
	{ "min-lease = 1h", 2, true, "min-lease = 1h ends idle", "2h4m", "min-lease = 2h4m" },
	{ "clients = fd00::/64\nquota = 5", 3, true, "limits the whole network", "fd00::/64",
	  "quota-length = 128" },
	{ "quota-length = 128", 2, true, "quota-length = 128 has no effect", "", "quota = N" },
	{ "prefix = 64:ff9b:1::/48\nprivate = deny", 3, true, "private has no effect",
	  "under 64:ff9b:1::/48 all", "nftables" },
	{ "prefix = 64:ff9b:1::/48\nprivate = 10.0.0.0/8", 3, true, "private has no effect", "",
	  "" },
	{ "mapping = linear\nquota = 5", 3, true, "quota = 5 has no effect", "", "" },
	{ "own4 = 10.0.0.3\npool = 10.0.0.0/30", 3, false, "own4 = 10.0.0.3 is the broadcast", "",
	  "own4 = 10.0.0.1" },
	{ "own4 = 10.0.0.3\n\n# the pool\npool = 10.1.0.0/20", 5, false, "outside the pool",
	  "10.1.0.0/20", "" },
	{ "own6 = fd00::1\nguard = on\nprefix = fd00::/96", 4, false, "inside the prefix", "",
	  "own6" },
	{ "clients = fd01::/64\nclients = fd00::/64\nhost = deny\nclients = fd02::/64\nprefix = "
	  "fd02::/96",
	  6, false, "clients = fd02::/64 overlaps", "", "" },
	{ "prefix = fd00::/96\nclients = fd01::/64\nclients = fd00::/64\nclients = fd02::/64", 4,
	  false, "clients = fd00::/64 overlaps", "", "" },
	{ "clients = fd00::/64\nclients = fd01::/64\nclients = fd02::/64\nmapping = linear", 5,
	  false, "3 networks", "", "" },
	{ "static = 192.168.240.9 fd00::5\nown4 = 192.168.240.9", 3, false,
	  "the IPv4 address is taken", "own4", "" },
	{ "static = 192.168.240.8 fd00::8\nguard = on\nstatic = 192.168.240.9 64:ff9b::5\nhost = "
	  "deny",
	  4, false, "static = 192.168.240.9 64:ff9b::5: the", "", "" },
	{ "static = 10.1.0.1 fd00::5\npool = 10.1.0.0/20", 3, false, "the IPv4 address is taken",
	  "first host", "" },
	{ "static = 10.1.0.0 fd00::5\npool = 10.1.0.0/20", 3, false, "no host can have",
	  "network address", "" },
	{ "static = 192.168.240.9 fd00::5\nown6 = fd00::5", 3, false, "the IPv6 address is taken",
	  "own6", "" },
	{ "max-lease = 2h\nmin-lease = 3h", 3, false, "max-lease = 2h is shorter", "", "longer" },
	{ "nat44 = snat 10.0.0.5\npool = 10.0.0.0/20", 3, false, "overlaps the pool", "", "" },
	{ "pool = 10.0.0.0/20\nnat44 = snat 10.0.0.5", 3, false, "overlaps the pool", "", "" },
	{ "state = /x\nlog = /x", 3, false, "the same file, /x", "", "" },
	{ "quota = 5\nmapping = linear", 3, true, "quota = 5 has no effect", "", "" },
};

static void checks(void **state)
{
	char file[512], where[128];

	for (size_t i = 0; i < sizeof(together) / sizeof(together[0]); i++) {
		const struct outcome *o;
		const char *what, *why, *fix;

		snprintf(file, sizeof(file), "[nat64]\n%s\n", together[i].file);
		write_bytes(file, strlen(file));
		o = child_run(use, NULL);
		print_message("---\n%s---\n%s", file, o->err);
		snprintf(where, sizeof(where),
			 "%s: %s:%u: ", together[i].warn ? "warning" : "error", path,
			 together[i].line);
		assert_int_equal(strncmp(o->err, where, strlen(where)), 0);
		assert_int_equal(o->status, together[i].warn ? EXIT_DONE : EXIT_USAGE);
		assert_int_equal(occurs(o->err, "\n"), 3);
		what = strstr(o->err, together[i].what);
		why = strstr(o->err, "\nwhy: ");
		fix = strstr(o->err, "\nfix: ");
		assert_true(what && why && fix && what < why && why < fix);
		assert_non_null(strstr(why, together[i].why));
		assert_non_null(strstr(fix, together[i].fix));
	}
}

/* An option over a file: `--KEY` where the option is to blame. */
struct over {
	const char *file, *key, *value, *what;
};

static int check_over(const void *arg)
{
	const struct over *over = arg;
	struct config config, options;

	config_default(&config, "vpn");
	config_default(&options, "");
	if (!config_put(&options, over->key, over->value, "--option") &&
	    !config_read(&config, path) && !config_overlay(&config, &options))
		config_check(&config);
	config_free(&config);
	config_free(&options);
	return log_status();
}

static void over_file(void **state)
{
	static const struct over overs[] = {
		{ "pool = 10.0.0.0/20\n", "own4", "10.1.0.1",
		  "--own4: own4 = 10.1.0.1 lies outside" },
		{ "own4 = 192.168.240.9\n", "pool", "10.0.0.0/20",
		  "--pool: own4 = 192.168.240.9 lies outside" },
		{ "own4 = 10.1.0.1\n", "guard", "off", "%s:2: own4 = 10.1.0.1 lies outside" },
		{ "own4 = 10.1.0.1\n", "own4", "10.1.0.2", "--own4: own4 = 10.1.0.2 lies outside" },
		{ "clients = fd00::/64\nclients = fd01::/64\n", "mapping", "linear",
		  "--mapping: mapping = linear with 2" },
		{ "clients = fd00::/64\nclients = fd01::/64\n", "clients", "64:ff9b::/64",
		  "--clients: clients = 64" },
		{ "static = 192.168.240.9 fd00::5\n", "static", "192.168.240.1 fd00::6",
		  "--static: static = 192.168.240.1" },
		{ "max-lease = 3h\n", "min-lease", "4h", "--min-lease: max-lease = 3h is shorter" },
	};
	char file[256], what[256];

	for (size_t i = 0; i < sizeof(overs) / sizeof(overs[0]); i++) {
		const struct outcome *o;
		int n;

		snprintf(file, sizeof(file), "[nat64]\n%s", overs[i].file);
		write_bytes(file, strlen(file));
		o = child_run(check_over, &overs[i]);
		print_message("---\n%s--%s=%s\n%s", file, overs[i].key, overs[i].value, o->err);
		assert_int_equal(o->status, EXIT_USAGE);
		n = overs[i].what[0] == '%' ?
			    snprintf(what, sizeof(what), "error: %s%s", path, overs[i].what + 2) :
			    snprintf(what, sizeof(what), "error: %s", overs[i].what);
		assert_int_equal(strncmp(o->err, what, (size_t)n), 0);
		assert_int_equal(occurs(o->err, "\n"), 3);
	}
}

/* Right together, and nothing is said. */
static void no_words(void **state)
{
	static const char *const files[] = {
		"own4 = 192.168.255.254",
		"pool = 10.0.0.0/30\nown4 = 10.0.0.2",
		"clients = fd00::/64\nclients = fd01::2/128",
		"mapping = linear\nclients = fd00::/64",
		"static = 192.0.2.5 2001:db8::5", /* both outside */
		"static = 10.0.0.0 fd00::5",
		"own4 = 192.168.240.9\nstatic = 192.168.240.1 fd00::5",
		"min-lease = 3h\nmax-lease = 3h",
		"clients = fd00::/56\nquota = 5",
		"clients = fd00::/64\nquota = 5\nquota-length = 64",
		"clients = fd00::/64\nquota = 5\nquota-length = 128",
		"nat44 = snat 192.168.239.255",
		"nat44 = snat 192.169.0.0",
		"prefix = 64:ff9b:1::/48\nprivate = allow",
		"private = 10.0.0.0/8\nprefix = 64:ff9b::/96",
		"prefix = 2001:db8::/32\nclients = 2001:db9::/64",
	};
	char file[512];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const struct outcome *o;

		snprintf(file, sizeof(file), "[nat64]\n%s\n", files[i]);
		write_bytes(file, strlen(file));
		o = child_run(use, NULL);
		print_message("---\n%s", file);
		assert_string_equal(o->err, "");
		assert_int_equal(o->status, EXIT_DONE);
	}
}

/* Of those outside the pool, the first one that is too many. */
static void many_outside(void **state)
{
	FILE *file = fopen(path, "w");
	const struct outcome *o;

	fprintf(file, "[nat64]\nstatic = 192.168.240.9 fd01::1\n");
	for (int i = 0; i < NAT64_EXTERN_MAX + 5; i++)
		fprintf(file, "static = 10.0.%d.%d fd00::%x\n", i >> 8, i & 255, i + 1);
	fclose(file);
	o = child_run(use, NULL);
	assert_int_equal(o->status, EXIT_USAGE);
	assert_non_null(strstr(o->err, textf(":%d: %d static maps have", NAT64_EXTERN_MAX + 3,
					     NAT64_EXTERN_MAX + 5)));
}

static int check_twice(const void *arg)
{
	struct config config;

	config_default(&config, "vpn");
	config_put(&config, "min-lease", "1h", "--min-lease");
	config_check(&config);
	config_check(&config);
	config_free(&config);
	return log_status();
}

static void warned_once(void **state) /* `run` checks at every change of the host */
{
	assert_int_equal(occurs(child_run(check_twice, NULL)->err, "warning: "), 1);
}

static int check_itself(const void *arg)
{
	struct config config;

	config_default(&config, "vpn");
	config_read(&config, path);
	config_put(&config, "log", path, "--log");
	config_check(&config);
	config_free(&config);
	return log_status();
}

static void not_itself(void **state)
{
	const struct outcome *o;

	write_bytes("", 0);
	o = child_run(check_itself, NULL);
	assert_int_equal(o->status, EXIT_USAGE);
	assert_int_equal(strncmp(o->err, "error: --log: log is this config file itself\n", 45), 0);
}

/* A xorshift of our own: the same configs on every machine. */
static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t chance(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

static void random_value(int key, size_t i, char *out, size_t size)
{
	static const char *const words[KEY_MAX][6] = {
		[KEY_INTERFACE] = { "tun0", "auto", "tun*", "a\";list", "x$(id)", "eth0.5" },
		[KEY_PREFIX] = { "64:ff9b::/96", "64:ff9b:1::/48", "2001:db8::/32",
				 "2001:db8:1::/96", "fd00:64::/64", "2001:db8:ff00::/40" },
		[KEY_OWN6] = { "fd00::1", "2001:db8::1", "fd00::ffff", "fdff::", "2000::1",
			       "fd00:0:0:1::1" },
		[KEY_MAPPING] = { "dynamic", "linear" },
		[KEY_HOST] = { "deny", "allow" },
		[KEY_HAIRPIN] = { "deny", "allow" },
		[KEY_UDP_ZERO] = { "compute", "drop", "forward" },
		[KEY_TOS_46] = { "copy", "zero" },
		[KEY_ECHO_ERRORS] = { "on", "off" },
		[KEY_GUARD] = { "on", "off" },
		[KEY_FASTPATH] = { "auto", "off" },
		[KEY_XDP] = { "off", "auto", "native", "generic" },
		[KEY_STATE] = { "/s", "/var/lib/a b", "/x;y#z=:[]", "/t\xc3\xbcr", "/a\\b",
				"/\"q\"" },
		[KEY_LOG] = { "off", "/l", "/var/log/=", "/[nat64]", "/a,b", "/%s%n" },
	};
	unsigned long a = (unsigned long)chance(224 - 1) + 1, b = (unsigned long)chance(65536);
	unsigned int n = 0;

	a = a == 127 ? 128 : a;
	switch (key) {
	case KEY_CLIENTS:
		snprintf(out, size, "fd%02x:%lx:%zx::/%llu", (int)chance(256), b, i,
			 48 + (unsigned long long)chance(80));
		break;
	case KEY_POOL:
		snprintf(out, size, "%lu.%llu.0.0/%llu", a, 16 * (unsigned long long)chance(8),
			 12 + (unsigned long long)chance(19));
		break;
	case KEY_OWN4:
		snprintf(out, size, "%lu.1.2.%llu", a, (unsigned long long)chance(256));
		break;
	case KEY_STATIC:
		snprintf(out, size, "10.%zu.%lu.%lu fd00:%lx::%zx", i, b >> 8, b & 255, b, i + 1);
		break;
	case KEY_PRIVATE:
		snprintf(out, size, "10.%zu.0.0/%llu", i, 16 + (unsigned long long)chance(17));
		break;
	case KEY_WAN:
		snprintf(out, size, "wan%zu", i);
		break;
	case KEY_MIN_LEASE:
	case KEY_MAX_LEASE:
		snprintf(out, size, "%llu",
			 120 + (unsigned long long)chance(3650ull * 86400 - 119));
		break;
	case KEY_QUOTA:
		snprintf(out, size, "%llu", (unsigned long long)chance(1048577));
		break;
	case KEY_QUOTA_LENGTH:
		snprintf(out, size, "%llu", 1 + (unsigned long long)chance(128));
		break;
	case KEY_ICMP_ERRORS:
		snprintf(out, size, "%llu/s", 1 + (unsigned long long)chance(1000000));
		break;
	case KEY_TOS_64:
		snprintf(out, size, "%llu", (unsigned long long)chance(256));
		break;
	case KEY_MSS_CLAMP:
	case KEY_MTU:
		snprintf(out, size, "%llu", 1252 + (unsigned long long)chance(60000));
		break;
	case KEY_NAT44:
		snprintf(out, size, chance(2) ? "snat %lu.0.0.1-%lu.%lu.1.1" : "snat %lu.0.0.1", a,
			 a, b & 255);
		break;
	default:
		while (n < 6 && words[key][n])
			n++;
		snprintf(out, size, "%s", words[key][chance(n)]);
	}
}

#define SAME(field) assert_int_equal(a->field, b->field)

/* Field by field: there is padding between them. */
static void same_config(const struct config *a, const struct config *b)
{
	SAME(given);
	SAME(client_count);
	for (size_t i = 0; i < a->client_count; i++) {
		assert_memory_equal(&a->clients[i].addr, &b->clients[i].addr, 16);
		SAME(clients[i].len);
	}
	SAME(static_count);
	for (size_t i = 0; i < a->static_count; i++) {
		SAME(statics[i].addr4.s_addr);
		assert_memory_equal(&a->statics[i].addr6, &b->statics[i].addr6, 16);
	}
	SAME(private_count);
	for (size_t i = 0; i < a->private_count; i++) {
		SAME(private_ok[i].addr.s_addr);
		SAME(private_ok[i].len);
	}
	SAME(wan_count);
	for (size_t i = 0; i < a->wan_count; i++)
		assert_string_equal(a->wan[i], b->wan[i]);
	assert_string_equal(a->interface, b->interface);
	assert_string_equal(a->state, b->state);
	assert_string_equal(a->log, b->log);
	assert_memory_equal(&a->prefix.addr, &b->prefix.addr, 16);
	assert_memory_equal(&a->own6, &b->own6, 16);
	SAME(prefix.len);
	SAME(pool.addr.s_addr);
	SAME(pool.len);
	SAME(own4.s_addr);
	SAME(linear);
	SAME(private_allow);
	SAME(host_allow);
	SAME(hairpin_allow);
	SAME(min_lease);
	SAME(max_lease);
	SAME(quota);
	SAME(quota_length);
	SAME(udp_zero);
	SAME(icmp_rate);
	SAME(echo_errors);
	SAME(tos_64);
	SAME(tos_46_zero);
	SAME(mss_clamp);
	SAME(mtu);
	SAME(nat44);
	SAME(snat_first.s_addr);
	SAME(snat_last.s_addr);
	SAME(guard);
	SAME(fastpath_auto);
	SAME(xdp);
}

static void round_trip(void **state)
{
	char value[PATH_MAX];

	for (int turn = 0; turn < 2000; turn++) {
		struct config config, again, laid;
		FILE *file;

		config_default(&config, "vpn");
		config_default(&again, "vpn");
		config_default(&laid, "vpn");
		for (int key = 0; key < KEY_MAX; key++) {
			size_t n = config_keys[key].repeatable ? chance(6) : chance(2);

			for (size_t i = 0; i < n; i++) {
				struct net6 net6;
				struct net4 net4;
				char net[NET6_TEXT];

				random_value(key, i, value, sizeof(value));
				if (key == KEY_CLIENTS && net6_parse(value, &net6) == -EDOM)
					strcpy(value, net6_text(&net6, net));
				if ((key == KEY_POOL || key == KEY_PRIVATE) &&
				    net4_parse(value, &net4) == -EDOM)
					strcpy(value, net4_text(&net4, net));
				assert_int_equal(config_put(&config, config_keys[key].key, value,
							    "f:1"),
						 0);
			}
		}
		file = fopen(path, "w");
		assert_int_equal(config_write(&config, file), 0);
		assert_int_equal(fclose(file), 0);
		assert_int_equal(config_read(&again, path), 0);
		same_config(&config, &again);
		assert_int_equal(config_overlay(&laid, &config), 0);
		same_config(&config, &laid);
		assert_true(config_equal(&config, &again) && config_equal(&config, &laid));
		config_free(&config);
		config_free(&again);
		config_free(&laid);
	}
}

static void write_fails(void **state)
{
	struct config config;
	FILE *full = fopen("/dev/full", "w");

	config_default(&config, "vpn");
	assert_int_equal(config_write(&config, full), -ENOSPC);
	fclose(full);
}

/* Bytes changed at random: an error or not, but never a crash, and never an error without its three
 * parts. */
static int read_noise(const void *arg)
{
	static const char text[] =
		"\xef\xbb\xbf[nat64]\nclients = fd00::/64 # c\nstatic = 192.168.240.50 fd00::50\n"
		"private = 10.0.0.0/8\nmin-lease = 2h4m\nicmp-errors = 5/s\nnat44 = snat "
		"1.2.3.4-1.2.3.5\nlog = /x\n";
	char copy[sizeof(text)];

	for (int turn = 0; turn < 3000; turn++) {
		struct config config;
		unsigned long long n = 1 + chance(3);
		FILE *file;

		memcpy(copy, text, sizeof(text));
		while (n--)
			copy[chance(sizeof(text) - 1)] =
				(char)(chance(2) ? chance(256) :
						   (uint64_t) "\n\r\t =#;[]/.-:"[chance(13)]);
		file = fopen(path, "w");
		fwrite(copy, 1, sizeof(text) - 1, file);
		fclose(file);
		config_default(&config, "vpn");
		if (!config_read(&config, path))
			config_check(&config);
		config_free(&config);
	}
	return 0;
}

static void noise(void **state)
{
	assert_int_equal(child_run(read_noise, NULL)->status, 0);
}

static int begin(void **state)
{
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(),
		 memfd_create("vpn.conf", MFD_CLOEXEC));
	return access(path, R_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes),       cmocka_unit_test(refuses),
		cmocka_unit_test(long_lines),  cmocka_unit_test(unreadable),
		cmocka_unit_test(forbidden),   cmocka_unit_test(endless),
		cmocka_unit_test(checks),      cmocka_unit_test(over_file),
		cmocka_unit_test(no_words),    cmocka_unit_test(many_outside),
		cmocka_unit_test(warned_once), cmocka_unit_test(not_itself),
		cmocka_unit_test(round_trip),  cmocka_unit_test(write_fails),
		cmocka_unit_test(noise),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
