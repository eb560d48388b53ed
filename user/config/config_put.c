/* SPDX-License-Identifier: GPL-2.0-only */
/* Text to settings: what each key takes. */
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "cleanup.h"
#include "config_parse.h"
#include "log.h"
#include "text.h"

#define VALUE_MAX 900 /* bytes; with its key in a line of 1,000 */
#define PLACEHOLDER                                                                  \
	0xa9fe4040 /* 169.254.64.64, next hop of pool routes on Ethernet, host order \
		    */

static void *field(const struct put *put)
{
	return config_field(put->config, config_keys[put->key].at);
}

static void store(const struct put *put, int64_t value)
{
	if (config_keys[put->key].size == sizeof(uint8_t))
		*(uint8_t *)field(put) = (uint8_t)value;
	else
		*(uint32_t *)field(put) = (uint32_t)value;
}

static int set_number(struct put *put)
{
	const struct config_key_info *row = &config_keys[put->key];
	const struct config_word *word = config_key_word(put->key, put->value);
	size_t len = strspn(put->value, "0123456789");
	const char *suffix = row->suffix ?: "";
	char digits[VALUE_MAX + 1];
	uint64_t number;

	if (word) {
		store(put, word->value);
		return 0;
	}
	snprintf(digits, sizeof(digits), "%.*s", (int)len, put->value);
	if (!row->max || !text_number(digits, UINT64_MAX, &number))
		return put_bad_range(put, NULL);
	word = config_key_word_of(put->key, 0);
	if (!number && row->min && word)
		return put_bad_range(put, word->text);
	if (number < row->min || number > row->max)
		return put_bad_range(put, NULL);
	if (strcmp(put->value + len, suffix))
		return put_bad_range(put, *suffix ? textf("%s%s", digits, suffix) : NULL);
	store(put, (int64_t)number);
	return 0;
}

static int set_time(struct put *put)
{
	const struct config_key_info *row = &config_keys[put->key];
	char text[TEXT_TIME];
	uint64_t value;

	if (!text_seconds(put->value, &value))
		return put_bad(put, "a time is such as 14d, 2h4m or 90s, or plain seconds",
			       put_example(put), "is not a time");
	if (value < row->min)
		return put_bad(put,
			       "connections that are still open would lose their address (RFC "
			       "5382, RFC 4787)",
			       put_example(put),
			       textf("is shorter than %s", text_time(row->min, text)));
	if (value > TEXT_TIME_MAX)
		return put_bad(put, "ten years are the limit",
			       put_fix(put, text_time(TEXT_TIME_MAX, text)), "is too long");
	*(uint64_t *)field(put) = value;
	return 0;
}

static int set_interface(struct put *put)
{
	return put_interface(put, field(put));
}

static int set_path(struct put *put)
{
	char *path = field(put);

	if (!config_key_word(put->key, put->value))
		return put_path(put, path);
	*path = 0;
	return 0;
}

static int set_address4(struct put *put)
{
	return put_address4(put, put->value, ADDR4_HOST, field(put));
}

static int set_address6(struct put *put)
{
	return put_address6(put, put->value, field(put));
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

const char *config_pool_fault(const struct net4 *net)
{
	struct in_addr next_hop = { htonl(PLACEHOLDER) };
	const char *fault = net4_fault(net, ADDR4_CLIENT);

	if (!fault && net4_has(net, next_hop))
		fault = addr4_fault(next_hop, ADDR4_CLIENT);
	return fault;
}

static int bad_pool_size(const struct put *put, uint8_t len)
{
	const char *why = "a pool is a /12 (a million clients) to a /30 (one client)";
	char text[NET4_TEXT];
	struct net4 meant;

	if (!strchr(put->value, '/')) {
		why = "without a length it is one address; a pool is a /12 to a /30";
		len = 20;
	} else if (len < NAT64_POOL_MIN_LEN) {
		len = NAT64_POOL_MIN_LEN;
	} else {
		len = NAT64_POOL_MAX_LEN;
	}
	meant = put_around4(put, len);
	return put_bad(put, why,
		       config_pool_fault(&meant) ? put_example(put) :
						   put_fix(put, net4_text(&meant, text)),
		       "is not a valid pool size");
}

static int set_pool(struct put *put)
{
	const char *fault;
	struct net4 net;

	if (put_network4(put, &net))
		return -1;
	if (net.len < NAT64_POOL_MIN_LEN || net.len > NAT64_POOL_MAX_LEN)
		return bad_pool_size(put, net.len);
	fault = config_pool_fault(&net);
	if (fault)
		return put_bad(put, fault, put_example(put), "cannot be the pool");
	if (put_whole4(put))
		return -1;
	put->config->pool = net;
	return 0;
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

/* Neither a word of the key nor snat. */
static int no_nat44(struct put *put)
{
	struct in_addr addr;

	if (inet_pton(AF_INET, put->value, &addr) != 1)
		return put_bad_range(put, NULL);
	if (put_address4(put, put->value, ADDR4_HOST, &addr))
		return -1;
	return put_bad(put, "write snat before an address",
		       put_fix(put, textf("snat %s", put->value)), "is not a nat44 mode");
}

static int set_nat44(struct put *put)
{
	const struct config_word *word = config_key_word(put->key, put->value);
	char first[INET6_ADDRSTRLEN] = "", last[INET6_ADDRSTRLEN] = "";
	struct in_addr a = { 0 }, b = { 0 };
	struct config *config = put->config;

	if (!word) {
		if (strncmp(put->value, "snat", 4) || !strchr(" \t", put->value[4]))
			return no_nat44(put);
		if (!snat_range(put->value, first, last))
			return put_bad(put,
				       "snat takes an address, or the first and last of a range, "
				       "with `-` between",
				       put_fix(put, "snat 203.0.113.7-203.0.113.9"),
				       "is not a nat44 mode");
		if (put_address4(put, first, ADDR4_HOST, &a) ||
		    put_address4(put, last, ADDR4_HOST, &b))
			return -1;
		if (ntohl(a.s_addr) > ntohl(b.s_addr))
			return put_bad(put, "the lower address comes first",
				       put_fix(put, textf("snat %s-%s", last, first)),
				       "is a range in the wrong order");
	}
	config->nat44 = word ? (enum nat44_mode)word->value : NAT44_SNAT;
	config->snat_first = a;
	config->snat_last = b;
	return 0;
}

static int (*const setters[KIND_MAX])(struct put *) = {
	[KIND_NUMBER] = set_number,   [KIND_TIME] = set_time,	   [KIND_IFACE] = set_interface,
	[KIND_PATH] = set_path,	      [KIND_ADDR4] = set_address4, [KIND_ADDR6] = set_address6,
	[KIND_PREFIX] = set_prefix,   [KIND_POOL] = set_pool,	   [KIND_NAT44] = set_nat44,
	[KIND_CLIENTS] = put_clients, [KIND_STATIC] = put_static,  [KIND_PRIVATE] = put_private,
	[KIND_WAN] = put_wan,
};

int put_value(struct put *put)
{
	return setters[config_keys[put->key].kind](put);
}

/* What no key takes, since a line of a config file cannot hold it. */
static int check_text(const struct put *put)
{
	const struct config_key_info *row = &config_keys[put->key];
	const char *fix = put_fix(put, row->fallback);

	if (row->derived)
		fix = textf("give %s, or leave it out%s%s", config_key_usage(put->key),
			    *row->fallback ? ": the default is " : "", row->fallback);
	if (!*put->value)
		return put_bad(put, "every key takes a value", fix, "is not a value");
	if (strlen(put->value) > VALUE_MAX)
		return put_bad(put, textf("a value has at most %d bytes", VALUE_MAX),
			       "choose a shorter one", "is too long");
	for (const char *c = put->value; *c; c++) {
		if (iscntrl((unsigned char)*c) && *c != '\t')
			return put_bad(put,
				       "names with control characters cannot be told apart on a "
				       "terminal",
				       fix, "holds a control character");
		if (strchr("#;", *c) && (c == put->value || isspace((unsigned char)c[-1])))
			return put_bad(put,
				       "`#` or `;` after white space begins a comment in a config "
				       "file",
				       fix, "holds the beginning of a comment");
	}
	return 0;
}

static int unknown_key(const char *key, const char *where)
{
	const char *near = config_key_suggest(key), *fix = "see nat64-bpf.conf(5) for the keys";

	if (near)
		fix = textf("write `%s`", near);
	return log_fail(EXIT_USAGE, "unknown keys are rejected so that a typo is not ignored", fix,
			"%s: %.100s: unknown key", where, key);
}

int config_put(struct config *config, const char *key, const char *value, const char *where)
{
	struct put put = { .config = config, .where = where };
	int number = config_key_find(key);
	_free_ char *trimmed = NULL;
	size_t len;

	if (number < 0)
		return unknown_key(key, where);
	value += strspn(value, " \t");
	len = strlen(value);
	while (len && strchr(" \t", value[len - 1]))
		len--;
	trimmed = strndup(value, len);
	if (!trimmed)
		return put_no_memory();

	put.key = (enum config_key)number;
	put.value = trimmed;
	if (check_text(&put) || put_value(&put))
		return -1;
	config->given |= 1ull << put.key;
	return 0;
}
