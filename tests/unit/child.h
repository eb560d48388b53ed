/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs a piece of code in a child process and catches what it prints: log keeps the first error's
 * exit status for the life of a process, and stdout and stderr are its results. Include after
 * cmocka. */
#pragma once

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct outcome {
	int status; /* exit status; 128 + signal */
	char out[16384], err[16384];
};

/* Beyond what fits it is thrown away, so that the child does not wait. */
static void child_drain(int fd, char *buf, size_t *len, struct pollfd *poll)
{
	char rest[4096];
	size_t room = 16383 - *len;
	ssize_t n = room ? read(fd, buf + *len, room) : read(fd, rest, sizeof(rest));

	if (n <= 0)
		poll->fd = -1;
	else if (room)
		*len += (size_t)n;
}

/* The child exits with what BODY returns. */
static struct outcome *child_run(int (*body)(const void *arg), const void *arg)
{
	static struct outcome outcome;
	int out[2], err[2], status = -1;
	size_t out_len = 0, err_len = 0;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	assert_int_equal(pipe(err), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		int code;

		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		close(out[0]);
		close(err[0]);
		close(out[1]);
		close(err[1]);
		alarm(20); /* seconds: a loop must not hang the tests */
		code = body(arg);
		fflush(NULL);
		_exit(code);
	}
	close(out[1]);
	close(err[1]);
	for (struct pollfd fds[] = { { out[0], POLLIN, 0 }, { err[0], POLLIN, 0 } };
	     fds[0].fd >= 0 || fds[1].fd >= 0;) {
		poll(fds, 2, -1);
		if (fds[0].fd >= 0 && fds[0].revents)
			child_drain(out[0], outcome.out, &out_len, &fds[0]);
		if (fds[1].fd >= 0 && fds[1].revents)
			child_drain(err[0], outcome.err, &err_len, &fds[1]);
	}
	close(out[0]);
	close(err[0]);
	outcome.out[out_len] = outcome.err[err_len] = 0;
	waitpid(pid, &status, 0);
	outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return &outcome;
}

/* Times a word occurs. */
__attribute__((unused)) static unsigned int occurs(const char *text, const char *word)
{
	unsigned int n = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		n++;
	return n;
}
