/* SPDX-License-Identifier: GPL-2.0-only */
/* Work in a process of its own. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"

/* The parts of a message on the pipe: a code, then three texts, each ended by a zero byte; an empty
 * one stands for none. */
static void send_message(const struct log_message *message, void *data)
{
	const char *parts[3] = { message->what, message->why, message->fix };
	FILE *out = data;

	putc(message->code, out);
	for (int i = 0; i < 3; i++) {
		if (parts[i])
			fputs(parts[i], out);
		putc(0, out);
	}
	fflush(out);
}

/* Says a message that the child sent. False: there is none any more. */
static bool say_next(FILE *in)
{
	char *part[3] = { NULL, NULL, NULL };
	const char *texts[3];
	size_t room[3] = { 0, 0, 0 };
	int code = getc(in);
	bool whole = code != EOF;

	for (int i = 0; i < 3 && whole; i++)
		whole = getdelim(&part[i], &room[i], 0, in) > 0;
	for (int i = 1; i < 3; i++)
		texts[i] = whole && *part[i] ? part[i] : NULL;
	if (whole && code == EXIT_DONE)
		log_warn(texts[1], texts[2], "%s", part[0]);
	else if (whole)
		log_fail((enum nat64_exit)code, part[1], part[2], "%s", part[0]);
	for (int i = 0; i < 3; i++)
		free(part[i]);
	return whole;
}

static int failed(const char *what, int error)
{
	return log_fail(EXIT_FAILED, strerror(error), log_fix(error, "try again"),
			"%s: cannot run it in a process of its own", what);
}

static _Noreturn void be_child(int (*work)(void *data), void *data, int fd)
{
	FILE *out = fdopen(fd, "w");

	if (!out)
		_exit(EXIT_FAILED);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	log_listen(send_message, out);
	_exit(work(data) ? EXIT_FAILED : EXIT_DONE);
}

int child_run(int (*work)(void *data), void *data, const char *what)
{
	int ends[2], status;
	FILE *in;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return failed(what, errno);
	fflush(stdout);
	pid = fork();
	if (!pid)
		be_child(work, data, ends[1]);
	close(ends[1]);
	in = pid < 0 ? NULL : fdopen(ends[0], "r");
	status = in ? 0 : errno;
	while (in && say_next(in))
		;
	if (in)
		fclose(in);
	else
		close(ends[0]);
	if (pid < 0)
		return failed(what, status);

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return failed(what, errno);
	if (!WIFEXITED(status))
		return failed(what, EINTR);
	return WEXITSTATUS(status) ? -1 : 0;
}
