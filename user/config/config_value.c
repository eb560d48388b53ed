/* SPDX-License-Identifier: GPL-2.0-only */
/* Settings to text: what config_put() reads back to the same. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "config_value.h"
#include "text.h"

int word_find(enum config_key key, const char *word)
{
	const char *words = config_keys[key].value;
	size_t len = strlen(word);

	for (int i = 0; words; i++) {
		const char *bar = strchrnul(words, '|');

		if ((size_t)(bar - words) == len && !memcmp(words, word, len))
			return i;
		words = *bar ? bar + 1 : NULL;
	}
	return -1;
}

bool word_text(enum config_key key, int i, char *out, size_t size)
{
	const char *words = config_keys[key].value;

	while (i-- > 0) {
		words = strchr(words, '|');
		if (!words)
			return false;
		words++;
	}
	snprintf(out, size, "%.*s", (int)strcspn(words, "|"), words);
	return true;
}

/* The keys of which there may be several. Those given as one word have no elements. */
static bool element(const struct config *config, enum config_key key, size_t i, char *out,
		    size_t size)
{
	char addr4[INET_ADDRSTRLEN], addr6[INET6_ADDRSTRLEN], net[NET6_TEXT];

	switch (key) {
	case KEY_CLIENTS:
		if (i >= config->client_count)
			return false;
		snprintf(out, size, "%s", net6_text(&config->clients[i], net));
		return true;
	case KEY_STATIC:
		if (i >= config->static_count)
			return false;
		inet_ntop(AF_INET, &config->statics[i].addr4, addr4, sizeof(addr4));
		inet_ntop(AF_INET6, &config->statics[i].addr6, addr6, sizeof(addr6));
		snprintf(out, size, "%s %s", addr4, addr6);
		return true;
	case KEY_PRIVATE:
		if (!config->private_count)
			return !i && word_text(key, config->private_allow, out, size);
		if (i >= config->private_count)
			return false;
		snprintf(out, size, "%s", net4_text(&config->private_ok[i], net));
		return true;
	case KEY_WAN:
		if (i >= config->wan_count && i)
			return false;
		snprintf(out, size, "%s", config->wan_count ? config->wan[i] : "auto");
		return true;
	default: /* not repeatable */
		return false;
	}
}

static bool text(char *out, size_t size, const char *value)
{
	snprintf(out, size, "%s", value);
	return *value;
}

static bool address4(char *out, size_t size, struct in_addr addr)
{
	return addr.s_addr && inet_ntop(AF_INET, &addr, out, (socklen_t)size);
}

static bool address6(char *out, size_t size, const struct in6_addr *addr)
{
	return !addr6_is_zero(addr) && inet_ntop(AF_INET6, addr, out, (socklen_t)size);
}

static bool number(char *out, size_t size, const char *word, uint64_t value, const char *unit)
{
	if (word)
		return text(out, size, word);
	snprintf(out, size, "%llu%s", (unsigned long long)value, unit);
	return true;
}

static bool nat44(const struct config *config, char *out, size_t size)
{
	char first[INET_ADDRSTRLEN], last[INET_ADDRSTRLEN];
	bool range = config->snat_first.s_addr != config->snat_last.s_addr;

	if (config->nat44 != NAT44_SNAT)
		return word_text(KEY_NAT44, config->nat44, out, size);
	inet_ntop(AF_INET, &config->snat_first, first, sizeof(first));
	inet_ntop(AF_INET, &config->snat_last, last, sizeof(last));
	snprintf(out, size, "snat %s%s%s", first, range ? "-" : "", range ? last : "");
	return true;
}

bool config_value(const struct config *config, enum config_key key, size_t i, char *out,
		  size_t size)
{
	char buf[TEXT_TIME > NET6_TEXT ? TEXT_TIME : NET6_TEXT];

	if (config_keys[key].repeatable)
		return element(config, key, i, out, size);
	if (i)
		return false;
	switch (key) {
	case KEY_INTERFACE:
		return text(out, size, config->interface);
	case KEY_PREFIX:
		return text(out, size, net6_text(&config->prefix, buf));
	case KEY_POOL:
		return text(out, size, net4_text(&config->pool, buf));
	case KEY_OWN4:
		return address4(out, size, config->own4);
	case KEY_OWN6:
		return address6(out, size, &config->own6);
	case KEY_MAPPING:
		return word_text(key, config->linear, out, size);
	case KEY_HOST:
		return word_text(key, config->host_allow, out, size);
	case KEY_HAIRPIN:
		return word_text(key, config->hairpin_allow, out, size);
	case KEY_MIN_LEASE:
		return text(out, size, text_time(config->min_lease, buf));
	case KEY_MAX_LEASE:
		return text(out, size, text_time(config->max_lease, buf));
	case KEY_QUOTA:
		return number(out, size, NULL, config->quota, "");
	case KEY_QUOTA_LENGTH:
		return number(out, size, NULL, config->quota_length, "");
	case KEY_UDP_ZERO:
		return word_text(key, (int)config->udp_zero, out, size);
	case KEY_ICMP_ERRORS:
		return number(out, size,
			      !config->icmp_rate		       ? "off" :
			      config->icmp_rate == ICMP_ERRORS_ON_RATE ? "on" :
									 NULL,
			      config->icmp_rate, "/s");
	case KEY_TOS_64:
		return number(out, size, config->tos_64 < 0 ? "copy" : NULL,
			      (uint64_t)config->tos_64, "");
	case KEY_TOS_46:
		return word_text(key, config->tos_46_zero, out, size);
	case KEY_MSS_CLAMP:
		return number(out, size,
			      config->mss_clamp < 0 ? "auto" :
			      !config->mss_clamp    ? "off" :
						      NULL,
			      (uint64_t)config->mss_clamp, "");
	case KEY_MTU:
		return number(out, size, config->mtu ? NULL : "auto", config->mtu, "");
	case KEY_NAT44:
		return nat44(config, out, size);
	case KEY_GUARD:
		return word_text(key, !config->guard, out, size);
	case KEY_FASTPATH:
		return word_text(key, !config->fastpath_auto, out, size);
	case KEY_XDP:
		return word_text(key, (int)config->xdp, out, size);
	case KEY_STATE:
		return text(out, size, config->state);
	case KEY_LOG:
		return text(out, size, *config->log ? config->log : "off");
	case KEY_CLIENTS:
	case KEY_STATIC:
	case KEY_PRIVATE:
	case KEY_WAN:
	case KEY_MAX:
		break;
	}
	return false;
}

int config_write(const struct config *config, FILE *out)
{
	char value[PATH_MAX];

	errno = 0;
	fputs("[nat64]\n", out);
	for (int key = 0; key < KEY_MAX; key++) {
		if (!(config->given & 1ull << key))
			continue;
		for (size_t i = 0;
		     config_value(config, (enum config_key)key, i, value, sizeof(value)); i++)
			fprintf(out, "%s = %s\n", config_keys[key].key, value);
	}
	return fflush(out) || ferror(out) ? -(errno ? errno : EIO) : 0;
}

char *config_text(const struct config *config)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int error = out ? config_write(config, out) : -errno;

	if (out && !fclose(out) && !error)
		return text;
	free(text);
	return NULL;
}
