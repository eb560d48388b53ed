/* SPDX-License-Identifier: GPL-2.0-only */
/* Bindings of a loaded instance to its state file and back. */
#include "state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "clock.h"
#include "log.h"
#include "paths.h"
#include "text.h"

const char *state_path(const struct config *config, char *buf)
{
	if (!*config->state)
		return path_state(buf, config->name);
	snprintf(buf, PATH_MAX, "%s", config->state);
	return buf;
}

int state_collect(const struct bindings *b, bool all, struct saved_list *list)
{
	int64_t now_s = time(NULL), now_ns = clock_boot_ns();

	/* room for all that clients may make meanwhile; pages that are not written cost nothing */
	*list = (struct saved_list){ .items = calloc(b->count, sizeof(*list->items)) };
	if (!list->items)
		return -ENOMEM;
	for (uint32_t i = 0; i < b->count; i++) {
		struct nat64_slot slot;
		bool is_static;

		if (!bindings_read(b, i, &slot) || (slot.flags & NAT64_SLOT_CONFIG && !all))
			continue;
		is_static = slot.state == NAT64_SLOT_STATIC;
		list->items[list->count++] = (struct saved){
			.addr4 = { slot.addr4 },
			.addr6 = slot.addr6,
			.seen = is_static ? 0 :
					    now_s - (now_ns - (int64_t)slot.last_seen) / NS_PER_S,
			.is_static = is_static,
			.from_config = slot.flags & NAT64_SLOT_CONFIG,
			.flags = is_static ? 0 :
					     slot.flags & (NAT64_SLOT_REPLIED | NAT64_SLOT_LONG),
		};
	}
	return 0;
}

int state_save(const struct bindings *b, const char *path)
{
	struct saved_list list;
	int error = state_collect(b, false, &list);

	if (!error)
		error = savefile_write(path, list.items, list.count);
	savefile_list_free(&list);
	if (!error)
		return 0;
	return log_fail(EXIT_FAILED, textf("%s; the old file is unchanged", strerror(-error)),
			"free disk space or make it writable; the kernel keeps the bindings while "
			"it is loaded",
			"%s: cannot save the bindings", path);
}

struct binding_wish state_wish(const struct saved *item)
{
	int64_t now_s = time(NULL), now_ns = clock_boot_ns(),
		idle_s = now_s > item->seen ? now_s - item->seen : 0;
	bool this_boot = idle_s < now_ns / NS_PER_S;

	return (struct binding_wish){
		.addr4 = item->addr4,
		.addr6 = item->addr6,
		.is_static = item->is_static,
		.from_config = item->from_config,
		/* one older than this boot has last been seen before the clock began, and conntrack
		   with it */
		.seen = this_boot ? now_ns - idle_s * NS_PER_S : 0,
		.flags = this_boot ? item->flags : 0,
	};
}

void state_revert(struct bindings *b, const struct saved_list *added,
		  const struct saved_list *before)
{
	for (size_t i = 0; i < added->count; i++) {
		int64_t index = bindings_find4(b, added->items[i].addr4);
		struct nat64_slot slot;

		if (index >= 0 && bindings_read(b, index, &slot) &&
		    !memcmp(&slot.addr6, &added->items[i].addr6, sizeof(slot.addr6)))
			bindings_remove(b, index);
	}
	for (size_t i = 0; i < before->count; i++) {
		struct binding_wish wish = state_wish(&before->items[i]);

		wish.replace = true;
		bindings_add(b, &wish, NULL);
	}
}

/* Static maps first, then the one used last. Numbers are sorted, not entries: qsort() makes a copy
 * of what it sorts. */
static int by_seen(const void *a, const void *b, void *items)
{
	const struct saved *x = (const struct saved *)items + *(const uint32_t *)a;
	const struct saved *y = (const struct saved *)items + *(const uint32_t *)b;

	if (x->is_static != y->is_static)
		return x->is_static ? -1 : 1;
	return (x->seen < y->seen) - (x->seen > y->seen);
}

size_t state_apply(struct bindings *b, struct saved_list *list)
{
	int64_t now_s = time(NULL), lease_s = b->config.max_lease / NS_PER_S;
	_free_ uint32_t *order = calloc(list->count + 1, sizeof(*order));
	size_t unfit = 0;

	if (!order)
		return list->count;
	for (size_t i = 0; i < list->count; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, list->count, sizeof(*order), by_seen, list->items);

	for (size_t i = 0; i < list->count; i++) {
		const struct saved *item = &list->items[order[i]];
		struct binding_wish wish = state_wish(item);

		if (!item->is_static && now_s - item->seen > lease_s)
			unfit++;
		else
			unfit += bindings_add(b, &wish, NULL) > BINDING_SAME;
	}
	return unfit;
}

/* The file is damaged as a whole. */
static void warn_damaged(const struct bindings *b, const char *path, const struct saved_list *list)
{
	const char *fix = "no action needed: clients get the same addresses again";
	const char *why = "its checksum is wrong";

	if (list->lost_statics)
		fix = textf("check it, then: nat64-bpf map import %s %s%s", b->instance, path,
			    list->set_aside ? ".bad" : "");
	if (list->lost_statics)
		why = textf("its checksum is wrong; %zu static maps in it are not restored",
			    list->lost_statics);
	log_warn(why, fix,
		 list->set_aside ? "%s: damaged, set aside as %s.bad" :
				   "%s: damaged, and cannot be renamed to %s.bad",
		 path, path);
}

void state_restore(struct bindings *b, const char *path)
{
	struct saved_list list = {};
	int error = savefile_read(path, &list);
	size_t unfit = 0;

	if (error == -EBADMSG)
		warn_damaged(b, path, &list);
	else if (error && error != -ENOENT)
		log_warn(strerror(-error),
			 "clients get the same addresses again by the allocation hash",
			 "%s: cannot be read", path);
	else if (!error)
		unfit = state_apply(b, &list);
	if (unfit)
		log_note("%s: left out %zu entries that are too old or do not fit the settings",
			 path, unfit);
	savefile_list_free(&list);
}
