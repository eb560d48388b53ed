/* SPDX-License-Identifier: GPL-2.0-only */
/* Engine native: the core over a plain buffer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "engine.h"

static struct ctx_buf *buf;

static int native_open(__u32 pool_size)
{
	buf = malloc(sizeof(*buf));
	return buf ? 0 : -ENOMEM;
}

static void native_close(void)
{
	free(buf);
	free(native.slots);
	buf = NULL;
	native.slots = NULL;
}

static int native_set_up(const struct vector *vector)
{
	struct state state;
	int err;

	free(native.slots);
	memset(&native, 0, sizeof(native));
	native.now_ns = 1000000ull * 1000000000;
	err = state_build(vector, native.now_ns, &state);
	if (err)
		return err;
	native.config = state.config;
	native.alloc = state.alloc;
	native.slots = state.slots;
	native.slot_count = state.slot_count;
	state.slots = NULL;
	for (__u32 i = 0; i < state.client_count; i++)
		clients_insert(&state.clients[i].addr6, state.clients[i].index);
	for (__u32 i = 0; i < state.extern_count; i++)
		externs_insert(state.externs[i].addr4, state.externs[i].index);
	state_free(&state);
	return 0;
}

static const struct counts *native_counts(void)
{
	static struct counts counts;

	for (int i = 0; i < NAT64_COUNTERS; i++)
		counts.packets[i] = native.counters[i].packets;
	return &counts;
}

void native_count_from(const struct counts *counts)
{
	for (int i = 0; i < NAT64_COUNTERS; i++)
		native.counters[i].packets = counts->packets[i];
}

static int native_run(bool is_64, const __u8 *packet, __u32 len, struct outcome *out)
{
	struct counts before = *native_counts();
	enum engine_end end;
	bool on;

	if (len > BUF_MAX)
		return 1;
	buf->data = buf->room + BUF_ROOM;
	buf->len = len;
	buf->gso_size = 0;
	buf->returned = false;
	buf->ethertype = engine_ethertype(is_64, packet, len);
	memcpy(buf->data, packet, len);
	on = is_64 ? core_64(buf) : core_46(buf);
	end = !on ? END_SHOT : buf->returned ? END_AWAY : END_ON;
	out->len = on ? buf->len : 0;
	memcpy(out->packet, buf->data, out->len);
	return outcome_judge("native", is_64, buf->returned, end, &before, native_counts(), out);
}

const struct engine engine_native = {
	.name = "native",
	.open = native_open,
	.set_up = native_set_up,
	.run = native_run,
	.counts = native_counts,
	.close = native_close,
};
