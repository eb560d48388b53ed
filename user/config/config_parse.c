/* SPDX-License-Identifier: GPL-2.0-only */
/* Text to the kinds of values that keys take, and what to say of what is none. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config_parse.h"
#include "log.h"
#include "suggest.h"
#include "text.h"

static bool is_option(const struct put *put)
{
	return !strncmp(put->where, "--", 2);
}

int put_bad(const struct put *put, const char *why, const char *fix, const char *what)
{
	if (is_option(put)) /* the option says the key */
		return log_fail(EXIT_USAGE, why, fix, "%s: `%.100s` %s", put->where, put->value,
				what);
	return log_fail(EXIT_USAGE, why, fix, "%s: %s: `%.100s` %s", put->where,
			config_keys[put->key].key, put->value, what);
}

const char *put_fix(const struct put *put, const char *value)
{
	return textf(is_option(put) ? "give --%s '%s'" : "write `%s = %s`",
		     config_keys[put->key].key, value);
}

const char *put_example(const struct put *put)
{
	const struct config_key_info *row = &config_keys[put->key];

	return put_fix(put, row->example ?: row->fallback);
}

int put_no_memory(void)
{
	return log_fail(EXIT_FAILED, "out of memory", "free memory and try again",
			"cannot keep the settings");
}

static const struct config_word *guessing; /* suggest() has no room for it */

static const char *nth_word(unsigned int i)
{
	return guessing[i].text;
}

/* Other programs say yes and no where ours say on and off, allow and deny. */
static const char *meant(const struct put *put)
{
	static const char *const yes = " yes true 1 enable enabled permit accept ";
	static const char *const no = " no false 0 disable disabled never ";
	const char *needle = textf(" %.16s ", put->value);
	const struct config_word *word = NULL;
	unsigned int count = 0;

	if (strstr(yes, needle))
		word = config_key_word(put->key, "on") ?: config_key_word(put->key, "allow");
	else if (strstr(no, needle))
		word = config_key_word(put->key, "off") ?: config_key_word(put->key, "deny");
	if (word)
		return word->text;
	guessing = config_keys[put->key].words;
	while (guessing[count].text)
		count++;
	return suggest(put->value, nth_word, count);
}

int put_bad_range(const struct put *put, const char *near)
{
	const struct config_key_info *row = &config_keys[put->key];
	const char *range = config_key_range(put->key), *fix;

	near = near ?: meant(put);
	fix = textf("choose %s, or leave the key out: the default is %s", range, row->fallback);
	if (near)
		fix = put_fix(put, near);
	return put_bad(put, textf("%s: %s", row->key, row->help), fix,
		       textf("is not valid: must be %s", range));
}

static const char *fault6(const struct in6_addr *addr)
{
	if (IN6_IS_ADDR_UNSPECIFIED(addr))
		return ":: is the unspecified address (RFC 4291, 2.5.2)";
	if (IN6_IS_ADDR_LOOPBACK(addr))
		return "::1 is loopback and never leaves a host";
	if (IN6_IS_ADDR_MULTICAST(addr))
		return "ff00::/8 is multicast";
	if (IN6_IS_ADDR_LINKLOCAL(addr))
		return "fe80::/10 is link-local: such packets are not forwarded, so they cannot be "
		       "translated";
	if (IN6_IS_ADDR_V4MAPPED(addr))
		return "::ffff:0:0/96 is for programs and never seen on a wire (RFC 4291, 2.5.5.2)";
	return NULL;
}

/* TEXT is the value or a part of it. A length behind an address is a common slip. */
static int no_address(const struct put *put, const char *text, const char *kind)
{
	const char *what = textf("is not an %s address", kind), *length = strchr(text, '/');

	if (strcmp(text, put->value))
		what = textf("holds `%.60s`, which %s", text, what);
	if (length)
		return put_bad(put, "the address of one host has no length",
			       textf("leave out `%.8s`", length), what);
	return put_bad(put,
		       textf("%s takes %s", config_keys[put->key].key, config_keys[put->key].takes),
		       put_example(put), what);
}

static int fault(const struct put *put, const char *text, const char *why)
{
	const char *what = "is an address that no host can have";

	if (strcmp(text, put->value))
		what = textf("holds `%.60s`, which no host can have", text);
	return put_bad(put, why, "give the address of a host", what);
}

int put_address4(const struct put *put, const char *text, enum addr4_use use, struct in_addr *addr)
{
	struct in_addr parsed;

	if (inet_pton(AF_INET, text, &parsed) != 1)
		return no_address(put, text, "IPv4");
	if (addr4_fault(parsed, use))
		return fault(put, text, addr4_fault(parsed, use));
	*addr = parsed;
	return 0;
}

int put_address6(const struct put *put, const char *text, struct in6_addr *addr)
{
	struct in6_addr parsed;

	if (inet_pton(AF_INET6, text, &parsed) != 1)
		return no_address(put, text, "IPv6");
	if (fault6(&parsed))
		return fault(put, text, fault6(&parsed));
	*addr = parsed;
	return 0;
}

int put_network4(const struct put *put, struct net4 *net)
{
	if (net4_parse(put->value, net) == -EINVAL)
		return put_bad(put,
			       "an IPv4 network is an address, a slash and a length of 0 to 32",
			       put_example(put), "is not an IPv4 network");
	return 0;
}

int put_network6(const struct put *put, struct net6 *net)
{
	if (net6_parse(put->value, net) == -EINVAL)
		return put_bad(put,
			       "an IPv6 network is an address, a slash and a length of 0 to 128",
			       put_example(put), "is not an IPv6 network");
	return 0;
}

static int host_bits(const struct put *put, unsigned int len, const char *fix)
{
	return put_bad(put,
		       textf("it is an address inside a /%u: the bits behind are not zero", len),
		       fix, "is not a network");
}

int put_whole4(const struct put *put)
{
	char text[NET4_TEXT];
	struct net4 net;

	if (!net4_parse(put->value, &net))
		return 0;
	return host_bits(put, net.len, put_fix(put, net4_text(&net, text)));
}

int put_whole6(const struct put *put, const char *other)
{
	char text[NET6_TEXT];
	struct net6 net;

	if (!net6_parse(put->value, &net))
		return 0;
	return host_bits(put, net.len, other ? other : put_fix(put, net6_text(&net, text)));
}

struct net4 put_around4(const struct put *put, uint8_t len)
{
	struct net4 net = { 0 };

	net4_parse(textf("%.*s/%u", (int)strcspn(put->value, "/"), put->value, len), &net);
	return net;
}

struct net6 put_around6(const struct put *put, uint8_t len)
{
	struct net6 net = { 0 };

	net6_parse(textf("%.*s/%u", (int)strcspn(put->value, "/"), put->value, len), &net);
	return net;
}

/* "IFACE|GLOB" of help, typed as it stands there. */
static bool is_placeholder(const struct put *put)
{
	const char *takes = config_keys[put->key].takes, *found = strstr(takes, put->value);

	if (!strcmp(put->value, config_key_usage(put->key)))
		return true;
	return found && strchr("|", found[strlen(put->value)]) &&
	       (found == takes || found[-1] == '|');
}

/* What Linux refuses as a name, no interface can have. */
int put_interface(const struct put *put, char out[IFNAMSIZ])
{
	const char *why = NULL, *fix = "give one name, as `ip link` shows it";

	if (strlen(put->value) >= IFNAMSIZ)
		why = textf("names of interfaces have at most %d bytes", IFNAMSIZ - 1);
	else if (!strcmp(put->value, ".") || !strcmp(put->value, ".."))
		why = "Linux does not allow this name";
	else if (is_placeholder(put))
		why = "in the help it stands for a name";
	for (const char *c = put->value; !why && *c; c++)
		if (strchr("/:,", *c) || isspace((unsigned char)*c))
			why = "names of interfaces hold no slash, colon, comma or white space";
	if (!why) {
		strcpy(out, put->value);
		return 0;
	}
	if (config_keys[put->key].repeatable)
		fix = textf("%s; a second one is a second line or option", fix);
	return put_bad(put, why, fix, "is not the name of an interface");
}

int put_path(const struct put *put, char out[PATH_MAX])
{
	size_t len = strlen(put->value);

	if (*put->value != '/')
		return put_bad(put, "it would depend on the directory that a command is started in",
			       put_fix(put, textf("/var/lib/nat64-bpf/%.60s", put->value)),
			       "is not an absolute path");
	if (len >= PATH_MAX)
		return put_bad(put, textf("a path has at most %d bytes", PATH_MAX - 1),
			       "choose a shorter one", "is too long");
	if (put->value[len - 1] == '/')
		return put_bad(put, "the key takes a file",
			       put_fix(put, textf("%.100s%s.%s", put->value, put->config->name,
						  put->key == KEY_STATE ? "map" : "log")),
			       "is a directory");
	strcpy(out, put->value);
	return 0;
}

void *put_append(void *list, size_t *count, const void *element, size_t size)
{
	char *bigger = reallocarray(list, *count + 1, size);

	if (!bigger) {
		put_no_memory();
		return NULL;
	}
	memcpy(bigger + (*count)++ * size, element, size);
	return bigger;
}
