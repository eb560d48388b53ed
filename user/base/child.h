/* SPDX-License-Identifier: GPL-2.0-only */
/* Work in a process of its own, for what needs much memory once: it goes with the process. */
#pragma once

/* Runs work(data) in a child and waits for it; what it changes in memory is lost. Its errors and
 * warnings are said here, as if it had run here. Returns what it returns, 0 or -1; -1 also, after
 * saying so, if there is no child, or it ended otherwise. `what`: names the work in that message.
 * A child whose parent is killed is killed too; it holds the parent's lock until then. */
int child_run(int (*work)(void *data), void *data, const char *what);
