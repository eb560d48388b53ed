/* SPDX-License-Identifier: GPL-2.0-only */
/* The findings of doctor. */
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "text.h"

void doctor_found(struct doctor *d, enum result result, const char *fix, const char *what, ...)
{
	struct finding *more = realloc(d->findings, (d->count + 1) * sizeof(*more));
	_free_ char *text = NULL;
	va_list args;

	if (!more)
		return;
	d->findings = more;
	va_start(args, what);
	if (vasprintf(&text, what, args) < 0)
		text = NULL;
	va_end(args);
	d->failures += result == RESULT_FAILURE;
	d->warnings += result == RESULT_WARNING;
	more += d->count++;
	*more = (struct finding){
		.topic = d->topic,
		.result = result,
		.what = strdup(text ? text_printable(text) : "(out of memory)"),
		.fix = fix ? strdup(text_printable(fix)) : NULL,
	};
	snprintf(more->instance, sizeof(more->instance), "%s", d->instance);
}

static void finding_hear(const struct log_message *message, void *data)
{
	const char *why = message->why ? textf(": %s", message->why) : "";

	doctor_found(data, message->code == EXIT_DONE ? RESULT_WARNING : RESULT_FAILURE,
		     message->fix, "%s%s", message->what, why);
}

static size_t heard_before;

void doctor_hear(struct doctor *d, const char *topic)
{
	d->topic = topic;
	heard_before = d->count;
	log_listen(finding_hear, d);
}

size_t doctor_unhear(struct doctor *d)
{
	log_listen(NULL, NULL);
	return d->count - heard_before;
}
