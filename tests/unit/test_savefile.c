/* SPDX-License-Identifier: GPL-2.0-only */
/* The state file: the way there and back, and what is left of a file that was cut, damaged or is
 * another's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "log.h"
#include "nat64.h"
#include "savefile.h"

static char folder[] = "/tmp/nat64-savefile.XXXXXX", path[64], bad_path[72];

static struct saved entry(const char *addr4, const char *addr6, int64_t seen, bool is_static)
{
	struct saved item = { .seen = seen, .is_static = is_static };

	assert_int_equal(inet_pton(AF_INET, addr4, &item.addr4), 1);
	assert_int_equal(inet_pton(AF_INET6, addr6, &item.addr6), 1);
	return item;
}

static bool same(const struct saved *a, const struct saved *b)
{
	return a->addr4.s_addr == b->addr4.s_addr && IN6_ARE_ADDR_EQUAL(&a->addr6, &b->addr6) &&
	       a->seen == b->seen && a->is_static == b->is_static && a->flags == b->flags;
}

static void write_bytes(const void *data, size_t len)
{
	FILE *file;

	unlink(path); /* ext4 flushes a file that is written over */
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void write_text(const char *text)
{
	write_bytes(text, strlen(text));
}

static size_t read_bytes(char *data, size_t size)
{
	FILE *file = fopen(path, "r");
	size_t len;

	assert_non_null(file);
	len = fread(data, 1, size, file);
	fclose(file);
	return len;
}

static unsigned int files_in(const char *name)
{
	DIR *dir = opendir(name);
	unsigned int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2; /* . and .. */
}

/* Six entries, of which two are static. */
static size_t sample(struct saved *items)
{
	items[0] = entry("192.168.240.2", "fd00::2", 1700000000, false);
	items[1] = entry("192.168.255.254", "fd00:1:2:3:4:5:6:7", 1, false);
	items[2] = entry("192.168.240.50", "fd00::50", 0, true);
	items[3] = entry("192.168.240.3", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 253402300799,
			 false);
	items[4] = entry("192.0.2.1", "64:ff9b:1::1", 0, true);
	items[5] = entry("192.168.240.4", "::5", 0, false);
	return 6;
}

static void there_and_back(void **state)
{
	struct saved items[6];
	struct saved_list list;
	struct stat st;
	size_t n = sample(items);

	assert_int_equal(savefile_write(path, items, n), 0);
	assert_int_equal(savefile_read(path, &list), 0);
	assert_int_equal(list.count, n);
	assert_int_equal(list.bad_lines, 0);
	for (size_t i = 0; i < n; i++)
		assert_true(same(&items[i], &list.items[i]));
	savefile_list_free(&list);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(files_in(folder), 1);

	assert_int_equal(savefile_write(path, NULL, 0), 0); /* replaces it */
	assert_int_equal(savefile_read(path, &list), 0);
	assert_int_equal(list.count, 0);
	savefile_list_free(&list);
}

/* The format is a contract: TAYGA's lines, our own facts in comments. The CRC was computed by
 * Python's zlib. */
static void format(void **state)
{
	struct saved items[] = { entry("192.168.240.2", "fd00::2", 1700000000, false),
				 entry("192.168.240.50", "fd00::50", 0, true) };
	char text[1024];
	size_t len;

	assert_int_equal(savefile_write(path, items, 2), 0);
	len = read_bytes(text, sizeof(text) - 1);
	text[len] = 0;
	assert_string_equal(text, "# Bindings of nat64-bpf, in the format of TAYGA's dynamic.map: "
				  "IPv4, IPv6, last use (seconds since 1970).\n"
				  "# The last line is a checksum: remove it from a file that was "
				  "edited.\n"
				  "192.168.240.2\tfd00::2\t1700000000\n"
				  "# static 192.168.240.50 fd00::50\n"
				  "# crc32 0b797f39\n");
}

/* What makes an address wait longer (decision 18) is a line before those of which it is true. */
static void flows(void **state)
{
	struct saved items[] = { entry("192.168.240.2", "fd00::2", 17, false),
				 entry("192.168.240.3", "fd00::3", 0, true),
				 entry("192.168.240.4", "fd00::4", 18, false),
				 entry("192.168.240.5", "fd00::5", 19, false),
				 entry("192.168.240.6", "fd00::6", 20, false) };
	size_t n = sizeof(items) / sizeof(*items), len;
	struct saved_list list;
	bool damaged;
	char text[1024], *end;

	items[2].flags = NAT64_SLOT_REPLIED;
	items[3].flags = NAT64_SLOT_LONG;
	items[4].flags = NAT64_SLOT_REPLIED | NAT64_SLOT_LONG;
	assert_int_equal(savefile_write(path, items, n), 0);
	len = read_bytes(text, sizeof(text) - 1);
	text[len] = 0;
	assert_non_null(strstr(text, "fd00::3\n# flows replied\n192.168.240.4\tfd00::4\t18\n# "
				     "flows long\n192.168.240.5\t"
				     "fd00::5\t19\n# flows replied long\n192.168.240.6\t"));
	assert_int_equal(savefile_read(path, &list), 0);
	assert_int_equal(list.count, n);
	for (size_t i = 0; i < n; i++)
		assert_true(same(&items[i], &list.items[i]));
	savefile_list_free(&list);
	assert_int_equal(savefile_import(path, &list, &damaged), 0); /* by address of the client */
	assert_int_equal(list.count, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(list.items[i].flags, items[i].flags);
	savefile_list_free(&list);

	end = strstr(text, "# flows long\n") +
	      strlen("# flows long\n"); /* cut there: that is no damage */
	write_bytes(text, (size_t)(end - text));
	assert_int_equal(savefile_read(path, &list), 0);
	assert_int_equal(list.count, 3);
	savefile_list_free(&list);
}

static void many(void **state)
{
	size_t n = 1 << 20; /* a full /12 */
	struct saved *items = calloc(n, sizeof(*items));
	struct saved_list list;

	for (size_t i = 0; i < n; i++) {
		items[i] = (struct saved){ .addr4 = { htonl(0x0a000000 + (uint32_t)i) },
					   .seen = 1700000000 + (int64_t)i };
		items[i].addr6.s6_addr32[0] = htonl(0xfd000000);
		items[i].addr6.s6_addr32[3] = htonl((uint32_t)i);
	}
	assert_int_equal(savefile_write(path, items, n), 0);
	assert_int_equal(savefile_read(path, &list), 0);
	assert_int_equal(list.count, n);
	for (size_t i = 0; i < n; i++)
		if (!same(&items[i], &list.items[i]))
			fail_msg("entry %zu differs", i);
	savefile_list_free(&list);
	free(items);
}

static void absent(void **state)
{
	struct saved_list list;

	unlink(path);
	assert_int_equal(savefile_read(path, &list), -ENOENT);
	assert_int_equal(list.count, 0);
	assert_int_equal(savefile_read(folder, &list), -EISDIR);
	assert_int_equal(savefile_read("/dev/null", &list), 0);
	assert_int_equal(list.count, 0);
}

static void makes_folder(void **state)
{
	struct saved items[6];
	struct saved_list list;
	char deep[128], *slash;
	size_t n = sample(items);

	snprintf(deep, sizeof(deep), "%s/a/b/c.map", folder);
	assert_int_equal(savefile_write(deep, items, n), 0);
	assert_int_equal(savefile_read(deep, &list), 0);
	assert_int_equal(list.count, n);
	savefile_list_free(&list);
	assert_int_equal(unlink(deep), 0);
	for (int i = 0; i < 2; i++) {
		slash = strrchr(deep, '/');
		*slash = 0;
		assert_int_equal(rmdir(deep), 0);
	}
	assert_int_equal(savefile_write("/dev/null/x.map", items, n), -ENOTDIR);
	assert_int_equal(savefile_write("/proc/nat64/x.map", items, n), -ENOENT);
}

/* What is there under the name stays what it is. */
static void keeps_what_is_there(void **state)
{
	struct saved items[6];
	struct saved_list list;
	struct stat is;
	char path[128], link[128], fifo[128];
	size_t n = sample(items);
	int reader;

	snprintf(path, sizeof(path), "%s/target.map", folder);
	snprintf(link, sizeof(link), "%s/link.map", folder);
	snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
	assert_int_equal(savefile_write(path, NULL, 0), 0);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(savefile_write(link, items, n), 0);
	assert_int_equal(lstat(link, &is), 0);
	assert_true(S_ISLNK(is.st_mode));
	assert_int_equal(savefile_read(path, &list), 0);
	assert_int_equal(list.count, n);
	savefile_list_free(&list);
	assert_int_equal(unlink(link) | unlink(path), 0);

	assert_int_equal(mkfifo(fifo, 0600), 0);
	reader = open(fifo, O_RDONLY | O_NONBLOCK);
	assert_true(reader >= 0);
	assert_int_equal(savefile_write(fifo, items, n), -ENOTSUP);
	assert_int_equal(savefile_export(fifo, items, n), 0);
	assert_int_equal(read(reader, path, sizeof(path)), sizeof(path));
	assert_memory_equal(path, "# Bindings of nat64-bpf", 23);
	close(reader);
	assert_int_equal(lstat(fifo, &is), 0);
	assert_true(S_ISFIFO(is.st_mode));
	assert_int_equal(unlink(fifo), 0);

	assert_int_equal(savefile_export(folder, items, n), -EISDIR);
	snprintf(path, sizeof(path), "%s/absent/x.map", folder);
	assert_int_equal(savefile_export(path, items, n), -ENOENT);
}

/* A line, and what it is: 1 entry, 0 nothing, -EINVAL. */
static const struct {
	const char *line;
	int result;
	int64_t seen; /* -1: now */
	bool is_static;
} lines[] = {
	/* clang-format off */
	{ "192.168.240.2\tfd00::2\t1700000000",		1, 1700000000, false },
	{ "192.168.240.2 fd00::2 1700000000",		1, 1700000000, false },
	{ "  192.168.240.2 \t fd00::2   17 \t",		1, 17, false },
	{ "192.168.240.2\tfd00::2\t1700000000\n",	1, 1700000000, false },
	{ "192.168.240.2\tfd00::2\t1700000000\r\n",	1, 1700000000, false },
	{ "192.168.240.2\tfd00::2",			1, -1, false },
	{ "192.168.240.2\tfd00::2\t0",			1, 0, false },
	{ "# static 192.168.240.2 fd00::2",		1, 0, true },
	{ "# static 192.168.240.2\tfd00::2\r",		1, 0, true },
	{ "",						0, 0, false },
	{ " \t\r\n",					0, 0, false },
	{ "#",						0, 0, false },
	{ "###",					0, 0, false },
	{ "# statics 192.168.240.2 fd00::2",		0, 0, false },
	{ "#static 192.168.240.2 fd00::2",		0, 0, false },
	{ "# crc32 00000000",				0, 0, false },
	{ "# static",					0, 0, false },
	{ "# static ",					-EINVAL, 0, false },
	{ "# static 192.168.240.2",			-EINVAL, 0, false },
	{ "# static 192.168.240.2 fd00::2 17",		-EINVAL, 0, false },
	{ "# static fd00::2 192.168.240.2",		-EINVAL, 0, false },
	{ "192.168.240.2",				-EINVAL, 0, false },
	{ "192.168.240.2 fd00::2 17 x",			-EINVAL, 0, false },
	{ "192.168.240.2 fd00::2 -1",			-EINVAL, 0, false },
	{ "192.168.240.2 fd00::2 1e9",			-EINVAL, 0, false },
	{ "192.168.240.2 fd00::2 9999999999999999999",	-EINVAL, 0, false },
	{ "192.168.240.2 fd00::2 99999999999999999999999", -EINVAL, 0, false },
	{ "192.168.240.256 fd00::2 17",			-EINVAL, 0, false },
	{ "192.168.240.2/32 fd00::2 17",		-EINVAL, 0, false },
	{ "192.168.240.2 fd00::g 17",			-EINVAL, 0, false },
	{ "fd00::2 192.168.240.2 17",			-EINVAL, 0, false },
	{ "192.168.240.2,fd00::2,17",			-EINVAL, 0, false },
	{ "1921681681681681681681681 fd00::2 17",	-EINVAL, 0, false },
	/* clang-format on */
};

static void line_forms(void **state)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct saved item = { .seen = 77 },
			     expected = entry("192.168.240.2", "fd00::2", lines[i].seen,
					      lines[i].is_static);
		int64_t before = time(NULL);

		print_message("%s\n", lines[i].line);
		assert_int_equal(savefile_line(lines[i].line, &item), lines[i].result);
		if (lines[i].seen < 0) {
			assert_in_range(item.seen, before, before + 10);
			expected.seen = item.seen;
		}
		if (lines[i].result == 1)
			assert_true(same(&item, &expected));
		else
			assert_int_equal(item.seen, 77); /* untouched */
	}
}

/* A file as TAYGA writes it. */
static void tayga(void **state)
{
	struct saved_list list;
	struct saved first = entry("192.168.255.17", "2001:db8::17", 1699999999, false);

	write_text(
		"###\n###\n### dynamic.map\n###\n###\n\n192.168.255.17\t2001:db8::17\t1699999999\n"
		"192.168.255.18\t2001:db8::18\t1700000000\n");
	assert_int_equal(savefile_read(path, &list), 0);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.bad_lines, 0);
	assert_true(same(&list.items[0], &first));
	savefile_list_free(&list);
}

static void carriage_returns(void **state)
{
	struct saved_list list;

	write_text("# x\r\n192.168.240.2\tfd00::2\t17\r\n\r\n# static 192.168.240.3 fd00::3\r\n");
	assert_int_equal(savefile_read(path, &list), 0);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.bad_lines, 0);
	assert_int_equal(list.items[0].seen, 17);
	assert_true(list.items[1].is_static);
	savefile_list_free(&list);
}

/* Duplicates are the caller's business. */
static void duplicates(void **state)
{
	struct saved_list list;

	write_text("192.168.240.2\tfd00::2\t17\n192.168.240.2\tfd00::2\t18\n192.168.240.2\tfd00::"
		   "3\t19\n");
	assert_int_equal(savefile_read(path, &list), 0);
	assert_int_equal(list.count, 3);
	savefile_list_free(&list);
}

/* The power goes while the file is written in place (TAYGA does so): what is whole is read, half a
 * line is not. */
static void cut_anywhere(void **state)
{
	struct saved items[6];
	char text[2048];
	size_t n = sample(items), len;

	assert_int_equal(savefile_write(path, items, n), 0);
	len = read_bytes(text, sizeof(text));
	for (size_t cut = 0; cut <= len; cut++) {
		struct saved_list list;
		size_t whole = 0;

		for (size_t i = 0; i < cut; i++)
			whole += text[i] == '\n';
		whole = whole < 2     ? 0 :
			whole - 2 > n ? n :
					whole - 2; /* two lines of header, the CRC */
		write_bytes(text, cut);
		assert_int_equal(savefile_read(path, &list), 0);
		assert_int_equal(list.count, whole);
		assert_int_equal(list.bad_lines, 0);
		for (size_t i = 0; i < whole; i++)
			assert_true(same(&items[i], &list.items[i]));
		savefile_list_free(&list);
	}
}

/* Every bit of the file: either the entries are those that were saved, or the file is set aside
 * whole. */
static void flip_anywhere(void **state)
{
	struct saved items[6];
	char text[2048], aside[2048];
	size_t n = sample(items), len, set_aside = 0;

	assert_int_equal(savefile_write(path, items, n), 0);
	len = read_bytes(text, sizeof(text));
	for (size_t bit = 0; bit < len * 8; bit++) {
		struct saved_list list;
		int error;

		text[bit / 8] ^= (char)(1 << bit % 8);
		write_bytes(text, len);
		error = savefile_read(path, &list);
		if (error) {
			FILE *file = fopen(bad_path, "r");

			assert_int_equal(error, -EBADMSG);
			assert_int_equal(list.count, 0);
			assert_in_range(list.lost_statics, 1, 2);
			assert_int_equal(access(path, F_OK), -1);
			assert_non_null(file);
			assert_int_equal(fread(aside, 1, sizeof(aside), file), len);
			assert_memory_equal(aside, text, len);
			fclose(file);
			unlink(bad_path);
			set_aside++;
		} else {
			assert_int_equal(list.count, n);
			for (size_t i = 0; i < n; i++)
				assert_true(same(&items[i], &list.items[i]));
		}
		savefile_list_free(&list);
		text[bit / 8] ^= (char)(1 << bit % 8);
	}
	assert_true(set_aside >= (len - 17) * 8); /* all before the line `# crc32 ...` */
}

static void appended(void **state) /* by hand, behind the CRC */
{
	struct saved items[6];
	struct saved_list list;
	size_t n = sample(items);
	bool damaged = false;
	FILE *file;

	assert_int_equal(savefile_write(path, items, n), 0);
	file = fopen(path, "a");
	fputs("192.168.240.77\tfd00::77\t17\n", file);
	fclose(file);
	assert_int_equal(savefile_import(path, &list, &damaged),
			 0); /* takes it, and stays where it is */
	assert_true(damaged);
	assert_int_equal(list.count, n + 1);
	savefile_list_free(&list);
	assert_int_equal(savefile_read(path, &list), -EBADMSG);
	assert_int_equal(list.lost_statics, 2);
	savefile_list_free(&list);
	assert_int_equal(savefile_import(bad_path, &list, &damaged), 0);
	assert_int_equal(list.count, n + 1);
	savefile_list_free(&list);
	assert_int_equal(savefile_write(path, items, n), 0);
	assert_int_equal(savefile_import(path, &list, &damaged), 0);
	assert_false(damaged);
	savefile_list_free(&list);
	unlink(bad_path);
}

/* What the user gives is taken as a whole or not at all. */
static void import_is_strict(void **state)
{
	static const char *const bad[] = {
		"192.168.240.2 fd00::2\n192.168.240.3\n",
		"192.168.240.2 fd00::2\n192.168.240.3 fd00::3", /* cut? */
		"192.168.240.2 fd00::2 17\n192.168.240.2 fd00::3 18\n",
		"192.168.240.2 fd00::2 17\n192.168.240.3 fd00::2 18\n",
		"# static 192.168.240.2\n",
		"192.168.240.2 fd00::2 -1\n",
	};
	struct saved_list list;
	bool damaged;

	assert_int_equal(savefile_import("/nowhere", &list, &damaged), -1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		write_text(bad[i]);
		assert_int_equal(savefile_import(path, &list, &damaged), -1);
		assert_int_equal(list.count, 0);
	}
	write_text("# of TAYGA\n\n192.168.240.2 fd00::2 17\n192.168.240.2\tfd00::2\t19\n# static "
		   "192.168.240.3 fd00::3\n"
		   "192.168.240.3 fd00::3 5\n");
	assert_int_equal(savefile_import(path, &list, &damaged), 0);
	assert_false(damaged);
	assert_int_equal(list.count, 2);
	for (size_t i = 0; i < 2; i++) {
		bool third = list.items[i].addr4.s_addr == inet_addr("192.168.240.3");

		assert_int_equal(list.items[i].is_static, third);
		assert_int_equal(list.items[i].seen, third ? 0 : 19);
	}
	savefile_list_free(&list);
}

/* Bits flipped anywhere, in CRC line and header too: none but entries that were saved. */
static void scribble(void **state)
{
	struct saved items[6];
	char text[2048], copy[2048];
	size_t n = sample(items), len, read = 0;

	srandom(64);
	assert_int_equal(savefile_write(path, items, n), 0);
	len = read_bytes(text, sizeof(text));
	for (int round = 0; round < 10000; round++) {
		struct saved_list list;

		memcpy(copy, text, len);
		for (int i = random() % 8; i >= 0; i--)
			copy[(size_t)random() % len] ^= (char)(1 << random() % 8);
		write_bytes(copy, len);
		if (!savefile_read(path, &list))
			read++;
		for (size_t i = 0; i < list.count; i++) {
			bool known = false;

			for (size_t j = 0; j < n; j++)
				known |= same(&items[j], &list.items[i]);
			if (!known)
				fail_msg("round %d: a wrong binding of:\n%.*s", round, (int)len,
					 copy);
		}
		savefile_list_free(&list);
		unlink(bad_path);
	}
	print_message("%zu of 10000 were read\n", read);
}

static int read_here(const void *arg)
{
	struct saved_list list;
	int error = savefile_read(path, &list);

	printf("%d %zu %zu\n", error, list.count, list.bad_lines);
	savefile_list_free(&list);
	return log_status();
}

static void bad_lines(void **state)
{
	const struct outcome *o;
	char *text = malloc(3000000), *end = text;

	end += sprintf(end, "192.168.240.2 fd00::2 17\n");
	memset(end, 'x', 1000000); /* a line of a megabyte */
	end += 1000000;
	end += sprintf(end, "\n#");
	memset(end, 'y', 1000000); /* so long a comment is still one */
	end += 1000000;
	end += sprintf(end, "\n192.168.240.3 fd00::3 17\n\x1b[2Jnoise\n");
	end = mempcpy(end, "192.168.240.9 fd00::9 17\0garbage\n", 33);
	end += sprintf(end, "192.168.240.4 fd00::4 17\n");
	write_bytes(text, (size_t)(end - text));
	o = child_run(read_here, NULL);
	print_message("%s", o->err);
	assert_string_equal(o->out, "0 3 3\n");
	assert_int_equal(o->status, 0);
	assert_int_equal(occurs(o->err, "warning: "), 3);
	assert_non_null(strstr(o->err, "x.map:2: "));
	assert_non_null(strstr(o->err, "x.map:5: not a binding: `\\x1b[2Jnoise`"));
	assert_non_null(strstr(o->err, "x.map:6: "));

	end = text;
	for (int i = 0; i < 1000; i++)
		end += sprintf(end, "bad %d\n", i);
	write_text(text);
	o = child_run(read_here, NULL);
	assert_string_equal(o->out, "0 0 1000\n");
	assert_int_equal(occurs(o->err, "warning: "), 10); /* named; the others are counted */
	free(text);
}

/* Tries to save with something in the way; the outcome's text: the error, and the entries that the
 * file then has. */
static void try_to_save(void)
{
	static struct saved items[5000];
	struct saved_list list;
	int error;

	for (size_t i = 0; i < 5000; i++)
		items[i] = entry("192.168.240.9", "fd00:1111:2222:3333:4444:5555:6666:7777",
				 1700000000, false);
	error = savefile_write(path, items, 5000);
	printf("%d", error);
	error = savefile_read(path, &list);
	printf(" %d %zu", error, list.count);
	savefile_list_free(&list);
}

static int limited(const void *arg)
{
	struct rlimit limit = { *(const rlim_t *)arg, *(const rlim_t *)arg };

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit))
		return 99;
	try_to_save();
	return log_status();
}

static void file_size_limit(void **state)
{
	static const rlim_t limits[] = { 0, 1, 4096, 100000 };
	struct saved items[6];
	char expected[64];
	size_t n = sample(items);

	assert_int_equal(savefile_write(path, items, n), 0);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		snprintf(expected, sizeof(expected), "%d 0 %zu", -EFBIG, n);
		assert_string_equal(child_run(limited, &limits[i])->out, expected);
		assert_int_equal(files_in(folder), 1); /* no temporary file is left */
	}
}

/* A tmpfs of 64 KB in a mount namespace of its own; then the same, mounted read-only. */
static int on_small_disk(const void *arg)
{
	const bool *read_only = arg;
	struct saved items[6];
	size_t n = sample(items);

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", folder, "tmpfs", 0, "size=64k"))
		return 77;
	if (savefile_write(path, items, n))
		return 98;
	if (*read_only && mount(NULL, folder, NULL, MS_REMOUNT | MS_RDONLY, NULL))
		return 77;
	try_to_save();
	printf(" %u", files_in(folder));
	return log_status();
}

static void disk(const bool *read_only, int error)
{
	const struct outcome *o;
	char expected[64];

	if (geteuid())
		skip();
	o = child_run(on_small_disk, read_only);
	if (o->status == 77)
		skip();
	snprintf(expected, sizeof(expected), "%d 0 6 1", error);
	assert_string_equal(o->out, expected);
}

static void full_disk(void **state)
{
	disk(&(bool){ false }, -ENOSPC);
}

static void read_only_disk(void **state)
{
	disk(&(bool){ true }, -EROFS);
}

static int as_nobody(const void *arg)
{
	if (setgid(65534) || setuid(65534))
		return 99;
	try_to_save();
	return log_status();
}

static void forbidden_folder(void **state)
{
	struct saved items[6];
	char expected[64];
	size_t n = sample(items);

	if (geteuid())
		skip();
	assert_int_equal(savefile_write(path, items, n), 0);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chmod(folder, 0755), 0);
	snprintf(expected, sizeof(expected), "%d 0 %zu", -EACCES, n);
	assert_string_equal(child_run(as_nobody, NULL)->out, expected);
}

/* A damaged file that cannot be set aside stays; none of it is taken over all the same. */
static int damaged_as_nobody(const void *arg)
{
	if (setgid(65534) || setuid(65534))
		return 99;
	return read_here(arg);
}

static void cannot_set_aside(void **state)
{
	char expected[64];

	if (geteuid())
		skip();
	write_text("192.168.240.2 fd00::2 17\n# crc32 00000000\n");
	assert_int_equal(chmod(path, 0644), 0);
	snprintf(expected, sizeof(expected), "%d 0 0\n", -EBADMSG);
	assert_string_equal(child_run(damaged_as_nobody, NULL)->out, expected);
	assert_int_equal(access(path, F_OK), 0);
}

/* Killed at any moment: the file is one of the two that were written, whole; the next writer clears
 * up. */
static void killed(void **state)
{
	static struct saved items[3000];
	unsigned int late = 0;

	for (size_t i = 0; i < 3000; i++)
		items[i] = entry("192.168.240.9", "fd00::9", (int64_t)i, false);
	assert_int_equal(savefile_write(path, items, 3000), 0);
	for (int turn = 0; turn < 30; turn++) {
		struct saved_list list;
		pid_t pid;

		fflush(NULL);
		pid = fork();
		if (!pid) {
			alarm(10);
			for (;;) {
				savefile_write(path, items, 2000);
				savefile_write(path, items, 3000);
			}
		}
		usleep(500 + 731 * (unsigned int)turn);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		assert_int_equal(savefile_read(path, &list), 0);
		assert_true(list.count == 2000 || list.count == 3000);
		late += list.count == 2000;
		for (size_t i = 0; i < list.count; i++)
			assert_int_equal(list.items[i].seen, i);
		savefile_list_free(&list);
	}
	assert_int_equal(savefile_write(path, items, 2000), 0);
	assert_int_equal(files_in(folder), 1);
	print_message("%u of 30 ended on the shorter one\n", late);
}

static void print_fails(void **state)
{
	struct saved items[6];
	size_t n = sample(items);
	FILE *full = fopen("/dev/full", "w");

	assert_int_equal(savefile_print(full, items, n), -ENOSPC);
	fclose(full);
}

static int clean(void **state)
{
	DIR *dir = opendir(folder);
	struct dirent *file;

	while ((file = readdir(dir)))
		unlinkat(dirfd(dir), file->d_name, 0);
	closedir(dir);
	return 0;
}

static int begin(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/x.map", folder);
	snprintf(bad_path, sizeof(bad_path), "%s.bad", path);
	return 0;
}

static int end(void **state)
{
	return rmdir(folder);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, clean)
	const struct CMUnitTest tests[] = {
		TEST(there_and_back),
		TEST(format),
		TEST(flows),
		TEST(many),
		TEST(absent),
		TEST(makes_folder),
		TEST(keeps_what_is_there),
		TEST(line_forms),
		TEST(tayga),
		TEST(carriage_returns),
		TEST(duplicates),
		TEST(cut_anywhere),
		TEST(flip_anywhere),
		TEST(appended),
		TEST(scribble),
		TEST(bad_lines),
		TEST(file_size_limit),
		TEST(full_disk),
		TEST(read_only_disk),
		TEST(forbidden_folder),
		TEST(cannot_set_aside),
		TEST(killed),
		TEST(print_fails),
		TEST(import_is_strict), /* last: children inherit the exit status of an error */
	};

	return cmocka_run_group_tests(tests, begin, end);
}
