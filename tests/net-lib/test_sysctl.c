/* SPDX-License-Identifier: GPL-2.0-only */
/* sysctl.h against a real kernel: forwarding on and back, and every way it may be cut short. */

#include "space.h"

#include <stdbool.h>
#include <sys/wait.h>

#include "forwarding.h"
#include "sysctl.h"

static char folder[] = "/tmp/nat64-sysctl-XXXXXX";
static char undo[64], fresh[64];

static long get(const char *key)
{
	long value = -1;

	assert_int_equal(sysctl_get(key, &value), 0);
	return value;
}

static int setup(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(undo, sizeof(undo), "%s/undo", folder);
	snprintf(fresh, sizeof(fresh), "%s/undo.new", folder);
	return run("ip link add one type veth peer name peer && ip link add eth0.5 type veth peer "
		   "name three");
}

static int teardown(void **state)
{
	unlink(undo);
	unlink(fresh);
	return rmdir(folder);
}

/* Forwarding off, but for `three`; redirects accepted. */
static int fresh_host(void **state)
{
	unlink(undo);
	return sysctl_set("net/ipv4/ip_forward", 1) || sysctl_set("net/ipv4/ip_forward", 0) ||
	       sysctl_set("net/ipv4/conf/three/forwarding", 1) ||
	       sysctl_set("net/ipv4/conf/all/accept_redirects", 1);
}

static void assert_fresh_host(void)
{
	assert_int_equal(get("net/ipv4/ip_forward"), 0);
	assert_int_equal(get("net/ipv4/conf/all/forwarding"), 0);
	assert_int_equal(get("net/ipv4/conf/default/forwarding"), 0);
	assert_int_equal(get("net/ipv4/conf/one/forwarding"), 0);
	assert_int_equal(get("net/ipv4/conf/eth0.5/forwarding"), 0);
	assert_int_equal(get("net/ipv4/conf/three/forwarding"), 1);
	assert_int_equal(get("net/ipv4/conf/all/accept_redirects"), 1);
	assert_int_equal(access(undo, F_OK), -1);
	assert_int_equal(access(fresh, F_OK), -1);
}

static void numbers(void **state)
{
	long value = 7;

	assert_int_equal(sysctl_get("net/ipv4/nothing", &value), -ENOENT);
	assert_int_equal(sysctl_get("../version", &value), -EINVAL);
	assert_int_equal(sysctl_get("net/../../version", &value), -EINVAL);
	assert_int_equal(sysctl_get("kernel/ostype", &value), -EBADMSG);
	assert_int_equal(value, 7);
	assert_int_equal(sysctl_set("net/ipv4/nothing", 1), -ENOENT);
	assert_int_equal(sysctl_set("net/ipv4/ip_default_ttl", 1000), -EINVAL);
}

static void there_and_back(void **state)
{
	assert_int_equal(forwarding_enable(undo), 1);
	assert_int_equal(get("net/ipv4/conf/one/forwarding"), 1);
	assert_int_equal(get("net/ipv4/conf/all/accept_redirects"), 0);
	assert_int_equal(forwarding_enable(undo), 0);
	assert_int_equal(forwarding_restore(undo), 0);
	assert_fresh_host();
	assert_int_equal(forwarding_restore(undo), 0);
	assert_fresh_host();
}

/* What forwarding_show() says, and that it changes nothing. */
static void assert_shows(const char *lines)
{
	char text[512] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");
	long on = get("net/ipv4/ip_forward");
	bool there = !access(undo, F_OK);

	assert_int_equal(forwarding_show(undo, out), 0);
	fclose(out);
	assert_string_equal(text, lines);
	assert_int_equal(get("net/ipv4/ip_forward"), on);
	assert_int_equal(!access(undo, F_OK), there);
}

static void shown(void **state)
{
	assert_shows("");
	assert_int_equal(sysctl_set("net/ipv4/conf/three/forwarding", 0), 0);
	assert_int_equal(sysctl_set("net/ipv4/conf/eth0.5/forwarding", 1), 0);
	assert_int_equal(sysctl_set("net/ipv4/conf/all/accept_redirects", 0), 0);
	assert_int_equal(forwarding_enable(undo), 1);
	assert_shows(
		"sysctl -w net.ipv4.ip_forward=0\nsysctl -w net.ipv4.conf.all.accept_redirects=0\n"
		"sysctl -w net.ipv4.conf.eth0/5.forwarding=1\n");
	assert_int_equal(sysctl_set("net/ipv4/ip_forward", 0), 0);
	assert_shows(""); /* not ours any more */
	assert_int_equal(forwarding_restore(undo), 0);
	assert_shows("");
}

static void on_already(void **state)
{
	assert_int_equal(sysctl_set("net/ipv4/ip_forward", 1), 0);
	assert_int_equal(forwarding_enable(undo), 0);
	assert_shows("");
	assert_int_equal(access(undo, F_OK), -1);
	assert_int_equal(forwarding_restore(undo), 0);
	assert_int_equal(get("net/ipv4/ip_forward"), 1);
}

static void changed_meanwhile(void **state)
{
	assert_int_equal(forwarding_enable(undo), 1);
	assert_int_equal(sysctl_set("net/ipv4/conf/three/forwarding", 0), 0);
	assert_int_equal(forwarding_restore(undo), 0);
	assert_int_equal(get("net/ipv4/conf/three/forwarding"), 0);

	assert_int_equal(fresh_host(NULL), 0);
	assert_int_equal(forwarding_enable(undo), 1);
	assert_int_equal(sysctl_set("net/ipv4/conf/all/accept_redirects", 1), 0);
	assert_int_equal(forwarding_restore(undo), 0);
	assert_fresh_host();

	assert_int_equal(forwarding_enable(undo), 1);
	assert_int_equal(sysctl_set("net/ipv4/ip_forward", 0), 0);
	assert_int_equal(forwarding_restore(undo), 0);
	assert_int_equal(get("net/ipv4/conf/three/forwarding"), 0);
	assert_int_equal(access(undo, F_OK), -1);
}

static void interfaces_come_and_go(void **state)
{
	assert_int_equal(forwarding_enable(undo), 1);
	assert_int_equal(run("ip link del one && ip link add four type veth peer name five"), 0);
	assert_int_equal(get("net/ipv4/conf/four/forwarding"), 1);
	assert_int_equal(forwarding_restore(undo), 0);
	assert_int_equal(get("net/ipv4/conf/four/forwarding"), 0);
	assert_int_equal(run("ip link del four && ip link add one type veth peer name peer"), 0);
	assert_fresh_host();
}

/* Killed after the undo file was written, before the setting was. */
static void cut_before_the_change(void **state)
{
	assert_int_equal(forwarding_enable(undo), 1);
	assert_int_equal(rename(undo, fresh), 0);
	assert_int_equal(fresh_host(NULL), 0);
	assert_int_equal(rename(fresh, undo), 0);
	assert_int_equal(forwarding_restore(undo), 0);
	assert_fresh_host();
}

/* Killed in the middle of going back, then unload again, or load and unload. */
static void cut_on_the_way_back(void **state)
{
	for (int again = 0; again < 2; again++) {
		FILE *file = fopen(undo, "w");

		fprintf(file, "put net/ipv4/conf/three/forwarding 1\nput "
			      "net/ipv4/conf/gone/forwarding 1\n"
			      "put net/ipv4/conf/all/accept_redirects 1\n");
		fclose(file);
		assert_int_equal(sysctl_set("net/ipv4/conf/three/forwarding", 0), 0);
		assert_shows("sysctl -w net.ipv4.conf.three.forwarding=1\n");
		if (again)
			assert_int_equal(forwarding_enable(undo), 1);
		assert_int_equal(forwarding_restore(undo), 0);
		assert_fresh_host();
	}
}

static void no_folder(void **state)
{
	assert_int_equal(forwarding_enable("/nothing/at/all/undo"), -ENOENT);
	assert_fresh_host();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test_setup(there_and_back, fresh_host),
		cmocka_unit_test_setup(shown, fresh_host),
		cmocka_unit_test_setup(on_already, fresh_host),
		cmocka_unit_test_setup(changed_meanwhile, fresh_host),
		cmocka_unit_test_setup(interfaces_come_and_go, fresh_host),
		cmocka_unit_test_setup(cut_before_the_change, fresh_host),
		cmocka_unit_test_setup(cut_on_the_way_back, fresh_host),
		cmocka_unit_test_setup(no_folder, fresh_host),
	};

	if (!space_new()) {
		puts("skip: not allowed to make a network namespace");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
