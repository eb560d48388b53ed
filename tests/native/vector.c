/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads packet vectors. How their settings map to those of the product: docs/design.md, 3.5. */
#include "vector.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "be.h"
#include "csum.h"

#define SECOND 1000000000ull

/* Splits ADDRESS/LENGTH; `text` is spoilt. */
static bool parse_net(char *text, int family, void *addr, __u32 *len)
{
	char *slash = strchr(text, '/'), *end;

	if (!slash)
		return false;
	*slash = 0;
	*len = strtoul(slash + 1, &end, 10);
	return !*end && *len <= (family == AF_INET ? 32 : 128) &&
	       inet_pton(family, text, addr) == 1;
}

static bool parse_net6(const char *text, struct nat64_net6 *net, __u32 *len)
{
	char buf[64];

	if (snprintf(buf, sizeof(buf), "%s", text) >= (int)sizeof(buf) ||
	    !parse_net(buf, AF_INET6, &net->addr, len))
		return false;
	for (__u32 i = 0; i < 16; i++)
		net->mask.s6_addr[i] = *len >= 8 * i + 8 ? 0xff :
				       *len <= 8 * i	 ? 0 :
							   0xff00 >> (*len - 8 * i);
	return true;
}

static bool parse_pool(const char *text, struct nat64_config *config)
{
	char buf[64];
	__be32 addr;
	__u32 len;

	if (snprintf(buf, sizeof(buf), "%s", text) >= (int)sizeof(buf) ||
	    !parse_net(buf, AF_INET, &addr, &len) || len < NAT64_POOL_MIN_LEN ||
	    len > NAT64_POOL_MAX_LEN)
		return false;
	config->pool_size = 1u << (32 - len);
	config->pool_first = cpu32(addr) & -config->pool_size;
	return true;
}

static bool parse_bindings(json_t *object, bool is_static, struct vector *vector)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		struct vector_binding *binding = &vector->bindings[vector->binding_count];

		if (vector->binding_count == VECTOR_BINDINGS_MAX || !json_is_string(value) ||
		    inet_pton(AF_INET6, key, &binding->addr6) != 1 ||
		    inet_pton(AF_INET, json_string_value(value), &binding->addr4) != 1)
			return false;
		binding->is_static = is_static;
		vector->binding_count++;
	}
	return true;
}

static bool parse_udp_zero(const char *word, __u32 *mode)
{
	static const char *const words[] = {
		[NAT64_UDP_ZERO_COMPUTE] = "compute",
		[NAT64_UDP_ZERO_DROP] = "drop",
		[NAT64_UDP_ZERO_FORWARD] = "forward",
	};

	for (*mode = 0; word && *mode < sizeof(words) / sizeof(*words); ++*mode)
		if (!strcmp(word, words[*mode]))
			return true;
	return false;
}

/* Applies one setting. False: there is no such setting or value. */
static bool parse_setting(struct vector *vector, const char *key, json_t *value)
{
	struct nat64_config *config = &vector->config;
	const char *text = json_is_string(value) ? json_string_value(value) : "";
	__u32 number = json_integer_value(value), len;

	if (!strcmp(key, "prefix")) {
		int error = parse_net6(text, &config->prefix, &config->prefix_len);

		config->prefix_csum = csum_fold(csum_words(&config->prefix.addr, 4));
		return error;
	} else if (!strcmp(key, "vpn_net")) {
		return parse_net6(text, &config->client[0], &len);
	} else if (!strcmp(key, "own_v6")) {
		return inet_pton(AF_INET6, text, &config->own6) == 1;
	} else if (!strcmp(key, "own_v4")) {
		return inet_pton(AF_INET, text, &config->own4) == 1;
	} else if (!strcmp(key, "pool")) {
		return parse_pool(text, config);
	} else if (!strcmp(key, "static")) {
		return parse_bindings(value, true, vector);
	} else if (!strcmp(key, "dynamic")) {
		return parse_bindings(value, false, vector);
	} else if (!strcmp(key, "pool_full")) {
		vector->pool_full = json_is_true(value);
	} else if (!strcmp(key, "wkpf_strict")) {
		if (json_is_true(value))
			config->flags &= ~(NAT64_PRIVATE_ALLOW | NAT64_HAIRPIN_ALLOW);
	} else if (!strcmp(key, "udp_zero_checksum")) {
		return parse_udp_zero(text, &config->udp_zero);
	} else if (!strcmp(key, "icmp_errors")) {
		if (json_is_false(value))
			config->icmp_rate = 0;
	} else if (!strcmp(key, "echo_silent")) {
		if (json_is_true(value))
			config->flags |= NAT64_ECHO_SILENT;
	} else if (!strcmp(key, "tos_v6to4")) {
		if (json_is_integer(value)) {
			config->flags |= NAT64_TOS_64_FIXED;
			config->tos_64 = number;
		}
	} else if (!strcmp(key, "tos_v4to6")) {
		if (!strcmp(text, "zero"))
			config->flags |= NAT64_TOS_46_ZERO;
	} else if (!strcmp(key, "mss_clamp")) {
		config->mss = number;
	} else if (!strcmp(key, "vpn_mtu")) {
		config->vpn_mtu = number;
	} else if (!strcmp(key, "wan_mtu")) {
		config->wan_mtu = number;
	} else {
		return false;
	}
	return true;
}

/* The settings that every vector starts from. Statics come later: `static` replaces the list. */
static void set_defaults(struct vector *vector)
{
	struct nat64_config *config = &vector->config;
	__u32 len;

	*config = (struct nat64_config){
		.abi = NAT64_ABI,
		.flags = NAT64_PRIVATE_ALLOW | NAT64_HAIRPIN_ALLOW,
		.vpn_mtu = 1500,
		.wan_mtu = 1500,
		.icmp_rate = 1000000000, /* a limit that no test meets */
		.quota_len = 64,
		.min_lease = 7440 * SECOND,
		.fast_lease = 86400 * SECOND,
		.max_lease = 14 * 86400 * SECOND,
		.seed = { 0x0123456789abcdef, 0xfedcba9876543210 },
		.client_count = 1,
	};
	parse_net6("64:ff9b::/96", &config->prefix, &config->prefix_len);
	config->prefix_csum = csum_fold(csum_words(&config->prefix.addr, 4));
	parse_net6("fd00::/64", &config->client[0], &len);
	inet_pton(AF_INET6, "fd00::1", &config->own6);
	inet_pton(AF_INET, "192.168.240.1", &config->own4);
	parse_pool("192.168.240.0/20", config);
}

static bool parse_config(json_t *object, struct vector *vector)
{
	struct nat64_net6 well_known;
	json_t *value, *statics;
	const char *key;
	__u32 len;

	json_object_foreach(object, key, value)
	{
		if (!parse_setting(vector, key, value)) {
			fprintf(stderr, "%s: setting %s not understood\n", vector->name, key);
			return false;
		}
	}
	if (!json_object_get(object, "static")) {
		statics = json_pack("{s:s,s:s}", "fd00::2", "192.168.240.2", "fd00::3",
				    "192.168.240.3");
		parse_bindings(statics, true, vector);
		json_decref(statics);
	}
	parse_net6("64:ff9b::/96", &well_known, &len);
	if (vector->config.prefix_len == len &&
	    !memcmp(&vector->config.prefix.addr, &well_known.addr, sizeof(well_known.addr)))
		vector->config.flags |= NAT64_WELL_KNOWN;
	return true;
}

static bool parse_hex(const char *hex, struct vector *vector)
{
	size_t len = strlen(hex);

	if (len % 2 || len / 2 > VECTOR_PACKET_MAX)
		return false;
	vector->len = len / 2;
	vector->packet = malloc(vector->len + 1);
	if (!vector->packet)
		return false;
	for (__u32 i = 0; i < vector->len; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &vector->packet[i]) != 1)
			return false;
	return true;
}

static bool parse_vector(json_t *object, struct vector *vector)
{
	const char *name, *direction, *stage, *input;
	json_t *config;

	if (json_unpack(object, "{s:s,s:s,s:s,s:s,s:o}", "name", &name, "direction", &direction,
			"stage", &stage, "input", &input, "config", &config))
		return false;
	vector->name = strdup(name);
	vector->bindings = calloc(VECTOR_BINDINGS_MAX, sizeof(*vector->bindings));
	vector->is_64 = !strcmp(direction, "v6to4");
	vector->is_path = !strcmp(stage, "path");
	if (!vector->name || !vector->bindings)
		return false;
	set_defaults(vector);
	return parse_config(config, vector) && parse_hex(input, vector);
}

bool vector_parse(const char *line, struct vector *vector, char *error)
{
	json_error_t json_error = {};
	json_t *object = json_loads(line, 0, &json_error);
	bool fine;

	*vector = (struct vector){};
	fine = object && parse_vector(object, vector);
	if (!fine) {
		snprintf(error, JSON_ERROR_TEXT_LENGTH, "%s",
			 object ? "a key is missing or has a wrong value" : json_error.text);
		vector_free(vector);
	}
	json_decref(object);
	return fine;
}

void vector_free(struct vector *vector)
{
	free(vector->name);
	free(vector->bindings);
	free(vector->packet);
	*vector = (struct vector){};
}

int vectors_read(const char *path, struct vectors *vectors)
{
	char *line = NULL, error[JSON_ERROR_TEXT_LENGTH];
	size_t size = 0, number = 0;
	FILE *file = fopen(path, "re");
	int status = 0;

	*vectors = (struct vectors){};
	if (!file) {
		fprintf(stderr, "error: %s: %s\n", path, strerror(errno));
		return -1;
	}
	while (!status && getline(&line, &size, file) > 1) {
		struct vector *grown = reallocarray(vectors->vector, vectors->count + 1,
						    sizeof(*grown));

		number++;
		if (!grown)
			abort();
		vectors->vector = grown;
		grown += vectors->count;
		if (!vector_parse(line, grown, error)) {
			fprintf(stderr, "error: %s:%zu: not a packet vector\nwhy: %s\n", path,
				number, error);
			status = -1;
			break;
		}
		if (grown->config.pool_size > vectors->pool_size)
			vectors->pool_size = grown->config.pool_size;
		vectors->count++;
	}
	free(line);
	fclose(file);
	return status;
}

void vectors_free(struct vectors *vectors)
{
	for (size_t i = 0; i < vectors->count; i++)
		vector_free(&vectors->vector[i]);
	free(vectors->vector);
	*vectors = (struct vectors){};
}
