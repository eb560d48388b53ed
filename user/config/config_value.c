/* SPDX-License-Identifier: GPL-2.0-only */
/* Settings compared, and as text: what config_put() reads back to the same. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config_parse.h"
#include "text.h"

static bool same_net4(const struct net4 *a, const struct net4 *b)
{
	return a->len == b->len && a->addr.s_addr == b->addr.s_addr;
}

static bool same_net6(const struct net6 *a, const struct net6 *b)
{
	return a->len == b->len && IN6_ARE_ADDR_EQUAL(&a->addr, &b->addr);
}

/* Two fields, or two elements of a list. Not by memcmp() where there is padding, or room behind a
 * text. */
bool config_value_same(const struct config_key_info *row, const void *a, const void *b)
{
	switch (row->kind) {
	case KIND_IFACE:
	case KIND_PATH:
	case KIND_WAN:
		return !strcmp(a, b);
	case KIND_PREFIX:
	case KIND_CLIENTS:
		return same_net6(a, b);
	case KIND_POOL:
	case KIND_PRIVATE:
		return same_net4(a, b);
	default:
		return !memcmp(a, b, row->repeatable ? row->element : row->size);
	}
}

static bool same(const struct config *a, const struct config *b, const struct config_key_info *row)
{
	const char *list_a, *list_b;
	size_t bytes;

	if (!row->repeatable)
		return config_value_same(row, config_field(a, row->at), config_field(b, row->at));
	if (*config_count(a, row) != *config_count(b, row) ||
	    memcmp(config_field(a, row->at), config_field(b, row->at), row->size))
		return false;
	list_a = *config_list(a, row);
	list_b = *config_list(b, row);
	bytes = *config_count(a, row) * row->element;
	for (size_t at = 0; at < bytes; at += row->element)
		if (!config_value_same(row, list_a + at, list_b + at))
			return false;
	return true;
}

config_set config_differs(const struct config *a, const struct config *b)
{
	config_set differs = 0;

	for (int key = 0; key < KEY_MAX; key++)
		if (!same(a, b, &config_keys[key]))
			differs |= 1ull << key;
	return differs;
}

bool config_equal(const struct config *a, const struct config *b)
{
	return a->given == b->given && !(config_differs(a, b) & a->given);
}

static bool text(char *out, size_t size, const char *value)
{
	snprintf(out, size, "%s", value);
	return *value;
}

int config_value_number(const struct config *config, const struct config_key_info *row)
{
	const void *field = config_field(config, row->at);

	if (row->size == sizeof(uint8_t))
		return *(const uint8_t *)field;
	return row->size >= sizeof(int) ? *(const int *)field : 0;
}

/* The word of the field's value, or the number. */
static bool number(char *out, size_t size, const struct config *config, enum config_key key)
{
	const struct config_key_info *row = &config_keys[key];
	int value = config_value_number(config, row);
	const struct config_word *word = config_key_word_of(key, value);

	if (word)
		return text(out, size, word->text);
	snprintf(out, size, "%d%s", value, row->suffix ?: "");
	return true;
}

static bool nat44(char *out, size_t size, const struct config *config)
{
	char first[INET_ADDRSTRLEN], last[INET_ADDRSTRLEN];

	if (config->nat44 != NAT44_SNAT)
		return number(out, size, config, KEY_NAT44);
	inet_ntop(AF_INET, &config->snat_first, first, sizeof(first));
	inet_ntop(AF_INET, &config->snat_last, last, sizeof(last));
	if (!strcmp(first, last))
		snprintf(out, size, "snat %s", first);
	else
		snprintf(out, size, "snat %s-%s", first, last);
	return true;
}

static bool static_map(char *out, size_t size, const struct static_map *map)
{
	char addr4[INET_ADDRSTRLEN], addr6[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET, &map->addr4, addr4, sizeof(addr4));
	inet_ntop(AF_INET6, &map->addr6, addr6, sizeof(addr6));
	snprintf(out, size, "%s %s", addr4, addr6);
	return true;
}

/* FIELD: of the settings, or an element of a list. */
static bool print(char *out, size_t size, const struct config *config, enum config_key key,
		  const void *field)
{
	char buf[TEXT_TIME > NET6_TEXT ? TEXT_TIME : NET6_TEXT];
	const struct in_addr *addr4 = field;

	switch (config_keys[key].kind) {
	case KIND_NUMBER:
		return number(out, size, config, key);
	case KIND_TIME:
		return text(out, size, text_time(*(const uint64_t *)field, buf));
	case KIND_PATH:
		if (!*(const char *)field)
			return text(out, size, config_keys[key].words[0].text ?: "");
		return text(out, size, field);
	case KIND_IFACE:
	case KIND_WAN:
		return text(out, size, field);
	case KIND_ADDR4:
		return addr4->s_addr && inet_ntop(AF_INET, field, out, (socklen_t)size);
	case KIND_ADDR6:
		return !addr6_is_zero(field) && inet_ntop(AF_INET6, field, out, (socklen_t)size);
	case KIND_PREFIX:
	case KIND_CLIENTS:
		return text(out, size, net6_text(field, buf));
	case KIND_POOL:
	case KIND_PRIVATE:
		return text(out, size, net4_text(field, buf));
	case KIND_NAT44:
		return nat44(out, size, config);
	case KIND_STATIC:
		return static_map(out, size, field);
	case KIND_MAX:
		break;
	}
	return false;
}

bool config_value(const struct config *config, enum config_key key, size_t i, char *out,
		  size_t size)
{
	const struct config_key_info *row = &config_keys[key];
	size_t count;

	if (!row->repeatable)
		return !i && print(out, size, config, key, config_field(config, row->at));
	count = *config_count(config, row);
	if (!i && !count && row->words[0].text)
		return number(out, size, config, key);
	return i < count &&
	       print(out, size, config, key, (char *)*config_list(config, row) + i * row->element);
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
	if (fflush(out) || ferror(out))
		return errno ? -errno : -EIO;
	return 0;
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
