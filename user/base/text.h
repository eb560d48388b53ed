/* SPDX-License-Identifier: GPL-2.0-only */
/* Short texts for messages. They live in an arena: those of a verb until it ends, those of one look
 * of a resident verb until it releases them. So no text is freed while something points to it. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* Formats a text into the arena. Never NULL: "(out of memory)" if there is none. */
const char *textf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The text with control characters, characters that reorder a line and broken UTF-8 as \xNN: for
 * names on stdout (interface names are hostile). log_fail() and its kind do this by themselves. */
const char *text_printable(const char *text);
char *text_escape(const char *text); /* the same as a copy that the caller frees; NULL: no memory */

/* An address as inet_ntop() writes it. In loops of many rows use inet_ntop() itself: the arena
 * grows with each text. */
const char *text_addr4(struct in_addr addr);
const char *text_addr6(const struct in6_addr *addr);

/* Texts made after text_mark() are freed by text_release(). Marks nest. */
struct text_mark {
	const void *newest;
};
struct text_mark text_mark(void);
void text_release(struct text_mark mark);

#define TEXT_TIME     32		/* bytes of text_time() */
#define TEXT_TIME_MAX (3650ull * 86400) /* seconds: longer ones are no setting */

/* Seconds as the settings write them, "2h4m". Returns buf. */
const char *text_time(uint64_t seconds, char buf[TEXT_TIME]);

/* "2h4m" or plain seconds; false: no time. What is longer than TEXT_TIME_MAX becomes that plus 1.
 */
bool text_seconds(const char *text, uint64_t *seconds);

/* Decimal digits, at most `max`; false: something else. */
bool text_number(const char *text, uint64_t max, uint64_t *number);
