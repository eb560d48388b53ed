/* SPDX-License-Identifier: GPL-2.0-only */
/* The changes of a plan: noted, shown, taken back. */
#include "parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "text.h"

int part_failed(int error, const char *what, const char *object)
{
	const char *kernel = nl_fault();
	const char *why = strerror(-error);

	if (*kernel)
		why = textf("%s: %s", why, kernel);
	return log_fail(log_exit(error), why,
			log_fix(error, "nat64-bpf doctor checks what is wrong on this host"),
			"%s: %s", object, what);
}

struct change *plan_add(struct plan *plan, enum change_kind kind, const char *line)
{
	struct change *more = plan->changes;

	if (plan->count == plan->room) {
		plan->room = plan->room ? 2 * plan->room : 16;
		more = reallocarray(plan->changes, plan->room, sizeof(*more));
		if (!more) {
			plan->room = plan->count;
			part_failed(-ENOMEM, "cannot keep the list of changes",
				    plan->instance->config.name);
			return NULL;
		}
		plan->changes = more;
	}
	more = &plan->changes[plan->count++];
	*more = (struct change){ .kind = kind, .line = line };
	return more;
}

void plan_undo(struct plan *plan)
{
	const char *name = plan->instance->config.name;

	for (size_t i = plan->count; i-- > 0;) {
		struct change *change = &plan->changes[i];
		bool repair = plan->lenient && change->kind == CHANGE_MISSING;
		int error = 0;

		/* what was missing and is there again stays */
		if (change->begun && change->part->undo && !repair)
			error = change->part->undo(plan, change);
		if (error)
			log_fail(EXIT_FAILED, strerror(-error),
				 textf("nat64-bpf load %s, once what failed first is repaired",
				       name),
				 "%s: cannot restore: %s", name, change->part->name);
	}
}

void plan_free(struct plan *plan)
{
	free(plan->changes);
	savefile_list_free(&plan->kept);
	savefile_list_free(&plan->old_bindings);
	if (plan->had_bindings)
		bindings_close(&plan->old_open);
	record_free(&plan->next);
	if (plan->had_config)
		config_free(&plan->old_config);
	datapath_saved_free(plan->old_maps);
	attach_saved_free(plan->old_hooks);
	json_decref(plan->old_table);
	nft_spare_end();
	*plan = (struct plan){};
}

void plan_show(const struct plan *plan, FILE *out)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct change *change = &plan->changes[i];

		if (change->barred)
			continue;
		if (change->script)
			fprintf(out, "nft -f - <<'EOF'\n%sEOF\n", change->script);
		else if (*change->line)
			fprintf(out, "%s\n", change->line);
	}
}

const char *change_text(const struct change *change)
{
	static const char *const kinds[] = { "missing", "altered", "left over" };

	return textf("%s: %s (%s)", kinds[change->kind], change->part->name, change->line);
}
