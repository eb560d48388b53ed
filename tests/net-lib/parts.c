/* SPDX-License-Identifier: GPL-2.0-only */
/* The names of the parts of an instance, one a line: tests/net/parts.sh has to know each. */
#include <stdio.h>

#include "parts.h"

int main(void)
{
	for (size_t i = 0; i < part_count; i++)
		puts(parts[i].name);
	return 0;
}
