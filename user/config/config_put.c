/* SPDX-License-Identifier: GPL-2.0-only */
/* Text to settings: what each key takes. */
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "cleanup.h"
#include "config_parse.h"
#include "config_value.h"
#include "log.h"
#include "text.h"

#define ICMP_RATE_MAX 1000000 /* errors a second and CPU */
#define MSS_MIN	      536     /* bytes, RFC 9293 3.7.1 */
#define MSS_MAX	      65495
#define MTU_MIN	      1252  /* bytes: 1280 - 28 */
#define MTU_MAX	      65507 /* bytes: 65535 - 28 */
#define VALUE_MAX     900   /* bytes; with its key in a line of 1,000 */
/* 169.254.64.64, next hop of pool routes on Ethernet, host order. */
#define PLACEHOLDER   0xa9fe4040

static int set_interface(struct put *put)
{
	return put_interface(put, put->config->interface);
}

/* The prefix that was probably meant: of the next length that is one, else the well-known one. */
static const char *prefix_meant(const struct put *put, uint8_t len)
{
	static const uint8_t lengths[] = { 32, 40, 48, 56, 64, 96 };
	char text[NET6_TEXT];
	struct net6 net;
	size_t i = 0;

	while (i < sizeof(lengths) - 1 && lengths[i] < len)
		i++;
	net = put_around6(put, lengths[i]);
	return prefix_fault(&net) ? "64:ff9b::/96" : textf("%s", net6_text(&net, text));
}

static int set_prefix(struct put *put)
{
	const char *fault;
	struct net6 net;

	if (put_network6(put, &net))
		return -1;
	fault = prefix_fault(&net);
	if (fault)
		return put_bad(put, fault, put_fix(put, prefix_meant(put, net.len)),
			       "cannot be the prefix");
	if (put_whole6(put, NULL))
		return -1;
	put->config->prefix = net;
	return 0;
}

/* Why a network of a pool's length cannot be the pool. NULL: it can. */
static const char *pool_fault(const struct net4 *net)
{
	struct in_addr next_hop = { htonl(PLACEHOLDER) };
	const char *fault = net4_fault(net, ADDR4_CLIENT);

	if (!fault && net4_has(net, next_hop))
		fault = addr4_fault(next_hop, ADDR4_CLIENT);
	return fault;
}

static int set_pool(struct put *put)
{
	const char *fault, *other = "192.168.240.0/20";
	bool length = strchr(put->value, '/');
	char text[NET4_TEXT];
	struct net4 net;

	if (put_network4(put, &net))
		return -1;
	if (net.len < NAT64_POOL_MIN_LEN || net.len > NAT64_POOL_MAX_LEN) {
		struct net4 meant = put_around4(put, !length ? 20 :
						     net.len < NAT64_POOL_MIN_LEN ?
							       NAT64_POOL_MIN_LEN :
							       NAT64_POOL_MAX_LEN);

		return put_bad(
			put,
			length ? "a pool is a /12 (a million clients) to a /30 (one client)" :
				 "without a length it is one address; a pool is a /12 to a /30",
			put_fix(put, pool_fault(&meant) ? other : net4_text(&meant, text)),
			"has no length of a pool");
	}
	fault = pool_fault(&net);
	if (fault)
		return put_bad(put, fault, put_fix(put, other), "cannot be the pool");
	if (put_whole4(put))
		return -1;
	put->config->pool = net;
	return 0;
}

static int set_own4(struct put *put)
{
	return put_address4(put, put->value, ADDR4_HOST, &put->config->own4);
}

static int set_own6(struct put *put)
{
	return put_address6(put, put->value, &put->config->own6);
}

static int set_bool(struct put *put, bool *value, int word_of_true)
{
	int number;

	if (put_choice(put, &number))
		return -1;
	*value = number == word_of_true;
	return 0;
}

static int set_mapping(struct put *put)
{
	return set_bool(put, &put->config->linear, 1);
}

static int set_host(struct put *put)
{
	return set_bool(put, &put->config->host_allow, 1);
}

static int set_hairpin(struct put *put)
{
	return set_bool(put, &put->config->hairpin_allow, 1);
}

static int set_min_lease(struct put *put)
{
	return put_time(put, 120, &put->config->min_lease); /* RFC 4787 REQ-5 */
}

static int set_max_lease(struct put *put)
{
	return put_time(put, 120, &put->config->max_lease);
}

static int set_number(struct put *put, uint64_t min, uint64_t max, const char *unit,
		      uint32_t *value)
{
	uint64_t number;

	if (put_number(put, min, max, unit, &number))
		return -1;
	*value = (uint32_t)number;
	return 0;
}

static int set_quota(struct put *put)
{
	return set_number(put, 0, 1u << (32 - NAT64_POOL_MIN_LEN), "", &put->config->quota);
}

static int set_quota_length(struct put *put)
{
	uint32_t bits;

	if (set_number(put, 1, 128, " bits", &bits))
		return -1;
	put->config->quota_length = (uint8_t)bits;
	return 0;
}

static int set_udp_zero(struct put *put)
{
	int number;

	if (put_choice(put, &number))
		return -1;
	put->config->udp_zero = (enum nat64_udp_zero)number;
	return 0;
}

static int set_icmp_errors(struct put *put)
{
	char digits[16] = "";
	uint64_t number;
	size_t len = strspn(put->value, "0123456789");

	if (put_is(put, 0) || put_is(put, 1)) {
		put->config->icmp_rate = put_is(put, 0) ? ICMP_ERRORS_ON_RATE : 0;
		return 0;
	}
	if (!len) {
		int word;

		return put_choice(put, &word);
	}
	if (len < sizeof(digits))
		memcpy(digits, put->value, len);
	if (!text_number(digits, ICMP_RATE_MAX, &number) || !number)
		return put_bad(put, textf("a rate is 1/s to %d/s", ICMP_RATE_MAX),
			       put_fix(put, strspn(put->value, "0") == len ? "off" : "on"),
			       "is out of range");
	if (strcmp(put->value + len, "/s"))
		return put_bad(put, "a rate is a number of errors a second",
			       put_fix(put, textf("%s/s", digits)), "is not a rate");
	put->config->icmp_rate = (uint32_t)number;
	return 0;
}

static int set_tos_64(struct put *put)
{
	uint64_t number;

	if (put_is(put, 0)) {
		put->config->tos_64 = -1;
		return 0;
	}
	if (put_number(put, 0, 255, "", &number))
		return -1;
	put->config->tos_64 = (int)number;
	return 0;
}

static int set_tos_46(struct put *put)
{
	return set_bool(put, &put->config->tos_46_zero, 1);
}

static int set_mss_clamp(struct put *put)
{
	uint64_t number;

	if (put_is(put, 0) || put_is(put, 1)) {
		put->config->mss_clamp = put_is(put, 0) ? -1 : 0;
		return 0;
	}
	if (put_number(put, MSS_MIN, MSS_MAX, " bytes", &number))
		return -1;
	put->config->mss_clamp = (int)number;
	return 0;
}

static int set_mtu(struct put *put)
{
	if (put_is(put, 0)) {
		put->config->mtu = 0;
		return 0;
	}
	return set_number(put, MTU_MIN, MTU_MAX, " bytes", &put->config->mtu);
}

/* FIRST[-LAST] behind the word snat, to the end of the value; one address is the range of itself.
 * False: no range. */
static bool snat_range(const char *value, char first[INET6_ADDRSTRLEN], char last[INET6_ADDRSTRLEN])
{
	int end = 0;

	if (sscanf(value, "snat %45[^- \t] %n", first, &end) == 1 && end && !value[end]) {
		memcpy(last, first, INET6_ADDRSTRLEN);
		return true;
	}
	end = 0;
	return sscanf(value, "snat %45[^- \t] - %45[^- \t] %n", first, last, &end) == 2 && end &&
	       !value[end];
}

static int set_nat44(struct put *put)
{
	char first[INET6_ADDRSTRLEN] = "", last[INET6_ADDRSTRLEN] = "";
	struct config *config = put->config;
	struct in_addr a, b, zero = { 0 };

	if (put_is(put, 0) || put_is(put, 2)) {
		config->nat44 = put_is(put, 0) ? NAT44_MASQUERADE : NAT44_NONE;
		config->snat_first = config->snat_last = zero;
		return 0;
	}
	if (inet_pton(AF_INET, put->value, &a) == 1) {
		if (put_address4(put, put->value, ADDR4_HOST, &a))
			return -1;
		return put_bad(put, "an address needs the word snat before it",
			       put_fix(put, textf("snat %s", put->value)), "is not a way of NAT44");
	}
	if (strncmp(put->value, "snat", 4) ||
	    (put->value[4] && !isspace((unsigned char)put->value[4]))) {
		int word;

		return put_choice(put, &word);
	}
	if (!snat_range(put->value, first, last))
		return put_bad(
			put,
			"snat takes an address, or the first and last of a range, with `-` between",
			put_fix(put, "snat 203.0.113.7-203.0.113.9"), "is not a way of NAT44");
	if (put_address4(put, first, ADDR4_HOST, &a) || put_address4(put, last, ADDR4_HOST, &b))
		return -1;
	if (ntohl(a.s_addr) > ntohl(b.s_addr))
		return put_bad(put, "the lower address comes first",
			       put_fix(put, textf("snat %s-%s", last, first)),
			       "is the wrong way round");
	config->nat44 = NAT44_SNAT;
	config->snat_first = a;
	config->snat_last = b;
	return 0;
}

static int set_guard(struct put *put)
{
	return set_bool(put, &put->config->guard, 0);
}

static int set_fastpath(struct put *put)
{
	return set_bool(put, &put->config->fastpath_auto, 0);
}

static int set_xdp(struct put *put)
{
	int number;

	if (put_choice(put, &number))
		return -1;
	put->config->xdp = (enum xdp_mode)number;
	return 0;
}

static int set_state(struct put *put)
{
	return put_path(put, put->config->state);
}

static int set_log(struct put *put)
{
	if (put_is(put, 0)) {
		put->config->log[0] = 0;
		return 0;
	}
	return put_path(put, put->config->log);
}

static int (*const setters[KEY_MAX])(struct put *) = {
	[KEY_INTERFACE] = set_interface,
	[KEY_CLIENTS] = put_clients,
	[KEY_PREFIX] = set_prefix,
	[KEY_POOL] = set_pool,
	[KEY_OWN4] = set_own4,
	[KEY_OWN6] = set_own6,
	[KEY_STATIC] = put_static,
	[KEY_MAPPING] = set_mapping,
	[KEY_PRIVATE] = put_private,
	[KEY_HOST] = set_host,
	[KEY_HAIRPIN] = set_hairpin,
	[KEY_MIN_LEASE] = set_min_lease,
	[KEY_MAX_LEASE] = set_max_lease,
	[KEY_QUOTA] = set_quota,
	[KEY_QUOTA_LENGTH] = set_quota_length,
	[KEY_UDP_ZERO] = set_udp_zero,
	[KEY_ICMP_ERRORS] = set_icmp_errors,
	[KEY_TOS_64] = set_tos_64,
	[KEY_TOS_46] = set_tos_46,
	[KEY_MSS_CLAMP] = set_mss_clamp,
	[KEY_MTU] = set_mtu,
	[KEY_NAT44] = set_nat44,
	[KEY_GUARD] = set_guard,
	[KEY_FASTPATH] = set_fastpath,
	[KEY_WAN] = put_wan,
	[KEY_XDP] = set_xdp,
	[KEY_STATE] = set_state,
	[KEY_LOG] = set_log,
};

/* What no key takes, since a line of a config file cannot hold it. */
static int check_text(const struct put *put)
{
	const char *fallback = config_keys[put->key].fallback;
	bool words = !*fallback || strchr(fallback, ' ') ||
		     strstr(fallback, "NAME"); /* no value itself */
	const char *fix = !words ?
				  put_fix(put, fallback) :
				  textf("give %s, or leave it out%s%s", config_keys[put->key].value,
					*fallback ? ": the default is " : "", fallback);

	if (!*put->value)
		return put_bad(put, "every key takes a value", fix, "is no value");
	if (strlen(put->value) > VALUE_MAX)
		return put_bad(put, textf("a value has at most %d bytes", VALUE_MAX),
			       "choose a shorter one", "is too long");
	for (const char *c = put->value; *c; c++) {
		if (iscntrl((unsigned char)*c) && *c != '\t')
			return put_bad(
				put,
				"names with control characters cannot be told apart on a terminal",
				fix, "holds a control character");
		if ((*c == '#' || *c == ';') && (c == put->value || isspace((unsigned char)c[-1])))
			return put_bad(
				put,
				"`#` or `;` after white space begins a comment in a config file",
				fix, "holds the beginning of a comment");
	}
	return 0;
}

int config_put(struct config *config, const char *key, const char *value, const char *where)
{
	struct put put = { .config = config, .where = where };
	int number = config_key_find(key);
	_free_ char *trimmed = NULL;
	const char *near;
	size_t len;

	if (number < 0) {
		near = config_key_suggest(key);
		return log_fail(EXIT_USAGE,
				"a key that nobody reads would be a setting that does not hold",
				near ? textf("write `%s`", near) :
				       "see nat64-bpf.conf(5) for the keys",
				"%s: %.100s: unknown key", where, key);
	}
	value += strspn(value, " \t");
	len = strlen(value);
	while (len && (value[len - 1] == ' ' || value[len - 1] == '\t'))
		len--;
	trimmed = strndup(value, len);
	if (!trimmed)
		return log_fail(EXIT_FAILED, "out of memory", "free memory and try again",
				"cannot keep the settings");
	put.key = (enum config_key)number;
	put.value = trimmed;
	if (check_text(&put) || setters[put.key](&put))
		return -1;
	config->given |= 1ull << put.key;
	return 0;
}
