/* SPDX-License-Identifier: GPL-2.0-only */
/* Running commands by libnftables, in a process of its own: where it gets no memory or no socket,
 * the library calls exit(), and a load that ends there would undo nothing.
 *
 * The child holds the lock as well (flock goes with the open file), so that a command whose caller
 * was killed is through before the next nat64-bpf begins. */

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <nftables/libnftables.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "nft_run.h"

/* Exit status of the child: it wrote nft's message; 3 and 4 are the library's own. */
#define REFUSED 1

static _Thread_local char words[256];

const char *nft_words(void)
{
	return words;
}

/* nft reports its errors as text only: "Error: Could not process rule: REASON", REASON by
 * strerror(3). */
static int error_number(const char *text)
{
	static const int known[] = { EPERM,	   ENOENT, EOPNOTSUPP, EPROTONOSUPPORT,
				     EAFNOSUPPORT, EEXIST, EBUSY,      EINVAL,
				     ENOMEM,	   ENODEV, EACCES };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strstr(text, strerror(known[i])))
			return -known[i];
	}
	return -EIO;
}

static void keep_words(const char *text)
{
	size_t len = strcspn(text, "\n");

	if (len >= sizeof(words))
		len = sizeof(words) - 1;
	memcpy(words, text, len);
	words[len] = '\0';
}

/* The child: its exit status, after it has written the reply or nft's message. */
static int execute(const char *commands, bool only_check, bool as_json, int out)
{
	struct nft_ctx *ctx;
	const char *text;
	int refused;

	dup2(out, STDERR_FILENO); /* what the library says before it calls exit() */
	ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!ctx)
		return REFUSED;
	nft_ctx_buffer_output(ctx);
	nft_ctx_buffer_error(ctx);
	nft_ctx_set_dry_run(ctx, only_check);
	if (as_json)
		nft_ctx_output_set_flags(ctx, NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_HANDLE);
	refused = nft_run_cmd_from_buffer(ctx, commands);
	text = refused ? nft_ctx_get_error_buffer(ctx) : nft_ctx_get_output_buffer(ctx);
	if (refused || as_json)
		refused |= file_put(out, text, strlen(text));
	return refused ? REFUSED : 0;
}

/* Reads to the end into a fresh string. NULL: there is no memory, or it cannot be read. */
static char *read_all(int fd)
{
	char part[4096], *text = NULL;
	size_t len;
	ssize_t n = 1;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	while (n) {
		n = read(fd, part, sizeof(part));
		if (n < 0 && errno != EINTR)
			break;
		if (n > 0)
			fwrite(part, 1, n, out);
	}
	if (!fclose(out) && !n)
		return text;
	free(text);
	return NULL;
}

/* Waits for the child. 0, or -errno by its exit status and what it wrote. */
static int outcome(pid_t pid, const char *text)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (!text)
		return -ENOMEM;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	keep_words(*text ? text : "libnftables exited without a message");
	return error_number(text);
}

/* Children that wait for commands: forked while that was still possible, for the way back. */
static struct spare {
	pid_t pid;
	int to, from; /* pipes: a request, its reply */
} spares[2];
static size_t spare_count;
static bool going_back; /* now they may be used */

void nft_go_back(bool on)
{
	going_back = on;
}

struct request { /* the commands follow */
	size_t len;
	bool only_check, as_json;
};

static bool read_whole(int fd, void *data, size_t len)
{
	for (char *at = data; len;) {
		ssize_t n = read(fd, at, len);

		if (!n || (n < 0 && errno != EINTR))
			return false;
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	return true;
}

/* It holds the lock as well, so it must not outlive its parent, which may be dead before prctl():
 * then the pipe ends, of which no other process has the far end. */
static _Noreturn void be_spare(int from, int to)
{
	struct request request;
	char *commands;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i <= spare_count; i++) {
		close(spares[i].to);
		close(spares[i].from);
	}
	if (!read_whole(from, &request, sizeof(request)))
		_exit(0);
	commands = calloc(1, request.len + 1);
	if (!commands || !read_whole(from, commands, request.len))
		_exit(REFUSED);
	_exit(execute(commands, request.only_check, request.as_json, to));
}

int nft_spare(void)
{
	while (spare_count < sizeof(spares) / sizeof(*spares)) {
		struct spare *spare = &spares[spare_count];
		int there[2], back[2], error = 0;

		if (pipe2(there, O_CLOEXEC))
			return -errno;
		if (pipe2(back, O_CLOEXEC)) {
			error = -errno;
			close(there[0]);
			close(there[1]);
			return error;
		}
		fflush(stdout); /* else the child might write it too */
		*spare = (struct spare){ .to = there[1], .from = back[0] };
		spare->pid = fork();
		if (!spare->pid)
			be_spare(there[0], back[1]);
		if (spare->pid < 0)
			error = -errno;
		close(there[0]);
		close(back[1]);
		if (error) {
			close(there[1]);
			close(back[0]);
			return error;
		}
		spare_count++;
	}
	return 0;
}

void nft_spare_end(void)
{
	while (spare_count) {
		struct spare *spare = &spares[--spare_count];

		kill(spare->pid, SIGKILL);
		waitpid(spare->pid, NULL, 0);
		close(spare->to);
		close(spare->from);
	}
}

/* Has a spare child do it, where no other is to be had. */
static int run_spare(const char *commands, const struct request *request, char **text)
{
	struct spare *spare = &spares[--spare_count];
	int status = file_put(spare->to, (const void *)request, sizeof(*request));

	if (!status)
		status = file_put(spare->to, commands, request->len);
	close(spare->to);
	if (!status)
		*text = read_all(spare->from);
	close(spare->from);
	if (status)
		kill(spare->pid, SIGKILL);
	return outcome(spare->pid, *text);
}

/* Runs commands in a child; `text`: what it wrote, fresh. 0 or -errno. */
static int run(const char *commands, bool only_check, bool as_json, char **text)
{
	const struct request request = { strlen(commands), only_check, as_json };
	int ends[2], status;
	pid_t pid;

	words[0] = '\0';
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	fflush(stdout); /* else the child might write it too */
	pid = fork();
	if (!pid) {
		close(ends[0]);
		_exit(execute(commands, only_check, as_json, ends[1]));
	}
	status = pid < 0 ? -errno : 0;
	close(ends[1]);
	if (!status)
		*text = read_all(ends[0]);
	close(ends[0]);
	if (status && going_back && spare_count)
		return run_spare(commands, &request, text);
	return status ? status : outcome(pid, *text);
}

int nft_execute(const char *commands, json_t **json)
{
	_free_ char *text = NULL;
	json_error_t error;
	int status = run(commands, false, true, &text);

	if (status)
		return status;
	*json = json_loads(text, 0, &error);
	return *json ? 0 : -EBADMSG;
}

int nft_run(const char *commands, bool only_check)
{
	_free_ char *text = NULL;

	return run(commands, only_check, false, &text);
}

int nft_run_json(const json_t *commands)
{
	_free_ char *script = json_dumps(commands, JSON_COMPACT), *text = NULL;

	return script ? run(script, false, true, &text) : -ENOMEM;
}
