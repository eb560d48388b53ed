/* SPDX-License-Identifier: GPL-2.0-only */
/* nft.h against a real kernel: the table itself. What it does to packets: nft.sh. */

#include "space.h"

#include <net/if.h>

#include "log.h"
#include "netlink.h"
#include "nft.h"

static struct nft_spec spec = {
	.instance = "a-b.c_",
	.nat44 = NAT44_MASQUERADE,
	.guard = true,
	.min_lease = 7440,
};

static int setup(void **state)
{
	struct nl_link link;

	if (run("ip link add vpn0 type veth peer name wan0") || nl_link_by_name("vpn0", &link))
		return -1;
	spec.ifindex = link.index;
	spec.pool = (struct net4){ ip4("192.168.240.0"), 20 };
	return 0;
}

static char listing[64 * 1024];

/* What nft(8) says of the table now. */
static void list(void)
{
	FILE *out = popen("nft list table inet nat64_bpf_a-b.c_ 2>/dev/null", "r");

	listing[fread(listing, 1, sizeof(listing) - 1, out)] = '\0';
	pclose(out);
}

static int has(const char *text)
{
	return strstr(listing, text) != NULL;
}

static uint32_t made; /* nft_sum() of the table as it was made */

static int apply(const struct nft_spec *wanted)
{
	return nft_apply(wanted, &made);
}

/* The table is there, and as it was made. */
static int is_whole(void)
{
	uint32_t sum = 0;

	return nft_sum(spec.instance, &sum) == 1 && sum == made;
}

static void apply_and_delete(void **state)
{
	assert_int_equal(is_whole(), 0);
	assert_int_equal(nft_delete(spec.instance), 0);
	assert_int_equal(apply(&spec), 0);
	assert_int_equal(is_whole(), 1);
	list();
	assert_true(has("masquerade"));
	assert_true(has("established : 7440") || has("established : 2h4m"));
	assert_int_equal(apply(&spec), 0);
	assert_int_equal(is_whole(), 1);
	assert_int_equal(nft_delete(spec.instance), 1);
	assert_int_equal(nft_delete(spec.instance), 0);
	assert_int_equal(is_whole(), 0);
}

/* Every combination is text that nft takes, and is whole afterwards. */
static void every_form(void **state)
{
	const struct static_map outside[] = { { .addr4 = ip4("203.0.113.80") },
					      { .addr4 = ip4("203.0.113.82") } };
	struct nft_spec s = spec;

	for (unsigned int i = 0; i < 4 * 16; i++) {
		s.nat44 = i % 4 == 0 ? NAT44_NONE : i % 4 == 1 ? NAT44_MASQUERADE : NAT44_SNAT;
		s.snat_first = ip4("203.0.113.7");
		s.snat_last = ip4(i % 4 == 2 ? "203.0.113.7" : "203.0.113.9");
		s.guard = i & 4;
		s.host_allow = i & 8;
		s.no_timeouts = i & 16;
		s.outside = outside;
		s.outside_count = i & 32 ? 2 : 0;
		assert_int_equal(apply(&s), 0);
		assert_int_equal(is_whole(), 1);
		list();
		assert_int_equal(has("masquerade"), s.nat44 == NAT44_MASQUERADE);
		assert_int_equal(has("203.0.113.7"), s.nat44 == NAT44_SNAT);
		assert_int_equal(has("203.0.113.80"), s.outside_count != 0);
		assert_int_equal(has("name \"leaked\""), s.nat44 != NAT44_NONE);
		assert_int_equal(has("name \"guarded\""), s.guard);
		assert_int_equal(has("admin-prohibited"), !s.host_allow);
		assert_int_equal(has("ct timeout set"), !s.no_timeouts);
	}
	assert_int_equal(nft_delete(s.instance), 1);
}

static void partly_gone(void **state)
{
	static const char *const harm[] = {
		"flush table inet nat64_bpf_a-b.c_",
		"flush ruleset",
		"flush chain inet nat64_bpf_a-b.c_ nat",
		"flush chain inet nat64_bpf_a-b.c_ post",
		"flush chain inet nat64_bpf_a-b.c_ input; delete chain inet nat64_bpf_a-b.c_ input",
	};

	for (size_t i = 0; i < sizeof(harm) / sizeof(*harm); i++) {
		char command[256];

		assert_int_equal(apply(&spec), 0);
		assert_int_equal(is_whole(), 1);
		snprintf(command, sizeof(command), "nft '%s'", harm[i]);
		assert_int_equal(run(command), 0);
		assert_int_equal(is_whole(), 0);
	}
	assert_int_equal(apply(&spec), 0);
	assert_int_equal(is_whole(), 1);
	assert_int_equal(nft_delete(spec.instance), 1);
}

/* Somebody edits the table: the sum is another. Traffic that is counted is no edit. */
static void edited(void **state)
{
	static const char *const edits[] = {
		"add rule inet nat64_bpf_a-b.c_ post accept",
		"insert rule inet nat64_bpf_a-b.c_ post accept",
		"add chain inet nat64_bpf_a-b.c_ post { policy drop; }",
		"add chain inet nat64_bpf_a-b.c_ more",
		"add counter inet nat64_bpf_a-b.c_ more",
		"flush chain inet nat64_bpf_a-b.c_ post; add rule inet nat64_bpf_a-b.c_ post "
		"accept",
	};

	for (size_t i = 0; i < sizeof(edits) / sizeof(*edits); i++) {
		char command[256];

		assert_int_equal(apply(&spec), 0);
		snprintf(command, sizeof(command), "nft '%s'", edits[i]);
		assert_int_equal(run(command), 0);
		assert_int_equal(is_whole(), 0);
		nft_delete(spec.instance);
	}
	assert_int_equal(apply(&spec), 0);
	assert_int_equal(run("nft 'reset counters table inet nat64_bpf_a-b.c_' > /dev/null"), 0);
	assert_int_equal(is_whole(), 1);
	assert_int_equal(nft_delete(spec.instance), 1);
}

/* Another table, and back: as it was to the last rule, also what was edited by hand. */
static void restored(void **state)
{
	const struct static_map outside[] = { { .addr4 = ip4("203.0.113.80") } };
	struct nft_spec other = spec;
	uint32_t before, after;
	size_t len;
	json_t *saved;

	other.min_lease = 3600;
	other.nat44 = NAT44_NONE;
	other.guard = !spec.guard;
	other.outside = outside;
	other.outside_count = 1;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(apply(i ? &other : &spec), 0);
		assert_int_equal(run("nft 'add rule inet nat64_bpf_a-b.c_ new accept'"), 0);
		list();
		len = strlen(listing);
		assert_int_equal(nft_sum(spec.instance, &before), 1);
		assert_int_equal(nft_save(spec.instance, &saved), 0);
		assert_int_equal(apply(i ? &spec : &other), 0);
		assert_int_equal(nft_restore(spec.instance, saved), 0);
		json_decref(saved);
		list();
		assert_int_equal(strlen(listing), len); /* in another order */
		assert_int_equal(nft_sum(spec.instance, &after), 1);
		assert_int_equal(after, before);
		assert_int_equal(nft_delete(spec.instance), 1);
	}
	assert_int_equal(nft_save(spec.instance, &saved), -ENOENT);
	assert_int_equal(apply(&spec), 0);
	assert_int_equal(nft_restore(spec.instance, saved), 0);
	assert_int_equal(is_whole(), 0);
}

static void counters_stay(void **state)
{
	struct nft_counts counts = { .leaked = 7 };

	nft_delete(spec.instance);
	assert_int_equal(nft_counts(spec.instance, &counts), 0);
	assert_int_equal(counts.leaked, 0);
	assert_int_equal(run("nft 'table inet nat64_bpf_a-b.c_ { counter leaked { packets 5 bytes "
			     "500; }; "
			     "counter slow_64 { packets 70000000000 bytes 9; }; }'"),
			 0);
	assert_int_equal(apply(&spec), 0);
	assert_int_equal(apply(&spec), 0);
	assert_int_equal(nft_counts(spec.instance, &counts), 0);
	assert_int_equal(counts.leaked, 5);
	assert_int_equal(counts.slow_64, 70000000000);
	assert_int_equal(counts.guarded, 0);
	list();
	assert_true(has("packets 5 bytes 500"));
	assert_int_equal(nft_delete(spec.instance), 1);
}

/* An interface named like the number of ours would be taken for it. */
static void interface_named_as_number(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "ip link add %u type veth peer name other",
		 spec.ifindex);
	assert_int_equal(run(command), 0);
	assert_int_equal(apply(&spec), -EEXIST);
	assert_int_equal(is_whole(), 0);
	assert_int_equal(run("ip link del other"), 0);
}

static void probes(void **state)
{
	const char good[][IFNAMSIZ] = { "vpn0", "wan0" };
	const char bad[][IFNAMSIZ] = { "vpn0", "a\";list" }, gone[][IFNAMSIZ] = { "nothing" };
	const char *fault = nft_flowtable_fault(good, 2);
	struct nft_spec s = spec;

	assert_null(nft_base_fault());
	assert_null(nft_timeout_fault());
	assert_string_equal(nft_flowtable_fault(bad, 2),
			    "nftables cannot quote the name of an interface");
	assert_non_null(nft_flowtable_fault(gone, 1));
	assert_non_null(nft_flowtable_fault(NULL, 0));
	printf("flowtable: %s\n", fault ? fault : "yes");
	s.devices = good;
	s.device_count = 2;
	assert_int_equal(apply(&s) == 0, !fault);
	assert_int_equal(is_whole(), !fault);
	if (!fault) {
		list();
		assert_true(has("flow add @ft"));
		assert_int_equal(apply(&s), 0);	   /* again with, */
		assert_int_equal(apply(&spec), 0); /* then without */
		list();
		assert_false(has("flowtable"));
		assert_int_equal(nft_delete(s.instance), 1);
	}
	assert_int_equal(run("test -z \"$(nft list ruleset)\""), 0);
}

/* One table for several: every form is text that nft takes, with the objects of each under its
 * name. */
static void shared_table(void **state)
{
	const struct static_map outside[] = { { .addr4 = ip4("203.0.113.80") },
					      { .addr4 = ip4("203.0.113.82") } };

	for (unsigned int i = 0; i < 64; i++) {
		struct nft_spec s[3] = { spec, spec, spec };
		FILE *out = popen("nft -f -", "w");

		s[1].instance = "b";
		s[2].instance = "c.d";
		for (int n = 0; n < 3; n++) {
			unsigned int bits = i >> n;

			s[n].ifindex += (uint32_t)n * 1000;
			s[n].pool.addr.s_addr += htonl((uint32_t)n << 12);
			s[n].nat44 = bits & 1 ? NAT44_NONE : NAT44_MASQUERADE;
			s[n].guard = bits & 2;
			s[n].host_allow = bits & 4;
			s[n].no_timeouts = bits & 8;
			s[n].min_lease += n / 2;
		}
		s[1].outside = outside;
		s[1].outside_count = i & 1 ? 2 : 0;
		assert_int_equal(nft_render(s, 3, out), 0);
		assert_int_equal(pclose(out), 0);
		assert_int_equal(run("{ nft list chain inet nat64_bpf clients.a-b.c_ && "
				     "nft list counter inet nat64_bpf guarded.b && "
				     "nft list chain inet nat64_bpf new_from.c.d && "
				     "nft delete table inet nat64_bpf; } > /dev/null"),
				 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(apply_and_delete), cmocka_unit_test(every_form),
		cmocka_unit_test(partly_gone),	    cmocka_unit_test(edited),
		cmocka_unit_test(restored),	    cmocka_unit_test(shared_table),
		cmocka_unit_test(counters_stay),    cmocka_unit_test(interface_named_as_number),
		cmocka_unit_test(probes),
	};

	if (!space_new()) {
		puts("skip: not allowed to make a network namespace");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, setup, NULL);
}
