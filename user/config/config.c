/* SPDX-License-Identifier: GPL-2.0-only */
/* The life of the settings: defaults, forgetting, laying one set over another. */
#include <stdlib.h>
#include <string.h>

#include "config_parse.h"
#include "log.h"
#include "text.h"

void config_default(struct config *config, const char *name)
{
	*config = (struct config){ 0 };
	snprintf(config->name, sizeof(config->name), "%s", name);
	snprintf(config->interface, sizeof(config->interface), "%s", name);
	for (unsigned int key = 0; key < KEY_MAX; key++)
		if (!config_keys[key].derived)
			put_value(&(struct put){ .config = config,
						 .key = (enum config_key)key,
						 .value = config_keys[key].fallback,
						 .where = config_keys[key].key });
}

static void free_list(struct config *config, const struct config_key_info *row)
{
	if (!row->repeatable)
		return;
	free(*config_list(config, row));
	*config_list(config, row) = NULL;
	*config_count(config, row) = 0;
}

void config_free(struct config *config)
{
	for (int key = 0; key < KEY_MAX; key++) {
		free_list(config, &config_keys[key]);
		free(config->lines[key].line);
	}
	free(config->path);
	*config = (struct config){ 0 };
}

void config_clear(struct config *config, enum config_key key)
{
	const struct config_key_info *row = &config_keys[key];
	struct config fresh;

	config_default(&fresh, config->name);
	free_list(config, row);
	free(config->lines[key].line);
	config->lines[key] = (struct key_lines){ 0 };
	memcpy(config_field(config, row->at), config_field(&fresh, row->at), row->size);
	config->given &= ~(1ull << key);
}

static int overlay(struct config *config, const struct config *from, enum config_key key)
{
	const struct config_key_info *row = &config_keys[key];
	void *list = NULL;

	if (row->repeatable && *config_count(from, row)) {
		list = calloc(*config_count(from, row), row->element);
		if (!list)
			return put_no_memory();
		memcpy(list, *config_list(from, row), *config_count(from, row) * row->element);
	}
	config_clear(config, key);
	memcpy(config_field(config, row->at), config_field(from, row->at), row->size);
	if (row->repeatable) {
		*config_list(config, row) = list;
		*config_count(config, row) = *config_count(from, row);
	}
	config->given |= 1ull << key;
	return 0;
}

int config_overlay(struct config *config, const struct config *from)
{
	for (unsigned int key = 0; key < KEY_MAX; key++)
		if (from->given & 1ull << key && overlay(config, from, (enum config_key)key))
			return -1;
	return 0;
}

bool config_name_check(const char *name)
{
	static const char *const allowed =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
	const char *why = NULL, *fix;

	if (!*name)
		why = "the name is empty";
	else if (strlen(name) > NAME_LEN_MAX)
		why = textf("it has %zu bytes, %d are allowed", strlen(name), NAME_LEN_MAX);
	else if (*name == '-' || *name == '.')
		why = textf("it begins with `%c`", *name);
	else if (name[strspn(name, allowed)])
		why = "only letters, digits, `_`, `.` and `-` are allowed (A-Z a-z 0-9 _ . -)";
	if (!why)
		return true;
	fix = strlen(name) < IFNAMSIZ && *name ? "choose a name, and set `interface` in its config "
						 "file /etc/nat64-bpf/NAME.conf" :
						 "give an instance: an interface such as tun0, a "
						 "file /etc/nat64-bpf/NAME.conf by its NAME";
	log_fail(EXIT_USAGE, why, fix, "%.64s: not a name for an instance", name);
	return false;
}
