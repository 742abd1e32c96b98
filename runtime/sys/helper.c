/* SPDX-License-Identifier: Apache-2.0 */
/* Run a program of our own and hear its one line. */
#include "runtime/sys/helper.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

/* Longer than its own longest wait, for a job of systemd. */
enum { HELPER_TIMEOUT_MS = 60 * 1000 };

void helper_end(struct helper *helper)
{
	fd_close(&helper->input);
	/* It has nothing to undo, and one that hangs must not hold us longer than our deadline.
	 */
	if (helper->pid > 0)
		(void)kill(helper->pid, SIGKILL);
	if (helper->pid > 0)
		while (waitpid(helper->pid, NULL, 0) < 0 && errno == EINTR)
			;
	helper->pid = 0;
}

static int spawn(
	struct helper *helper, const char *const argv[], int *ret_output, struct error *err)
{
	posix_spawn_file_actions_t actions;
	int in[2] = {-1, -1}, out[2] = {-1, -1};
	char *const no_env[] = {NULL};

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0) {
		int code = errno;

		fd_close(&in[0]);
		fd_close(&in[1]);
		return fail(err, code, "make a pipe");
	}

	int failed = posix_spawn_file_actions_init(&actions);

	if (!failed)
		failed = posix_spawn_file_actions_adddup2(&actions, in[0], 0);
	if (!failed)
		failed = posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	if (!failed)
		failed = posix_spawn_file_actions_adddup2(&actions, out[1], 2);
	if (!failed)
		failed = posix_spawn(&helper->pid, argv[0], &actions, NULL,
			(char *const *)(uintptr_t)argv, no_env);
	posix_spawn_file_actions_destroy(&actions);
	fd_close(&in[0]);
	fd_close(&out[1]);
	helper->input = in[1];
	*ret_output = out[0];
	if (failed) {
		helper->pid = 0;
		return fail(err, failed, "run \"%s\"", argv[0]);
	}
	return 0;
}

int helper_run(struct helper *helper, const char *const argv[], struct error *err)
{
	int AUTO_FD output = -1;
	size_t used = 0;

	*helper = (struct helper){.input = -1};
	if (spawn(helper, argv, &output, err) < 0)
		return -1;
	while (used < sizeof(helper->answer) - 1 && !memchr(helper->answer, '\n', used)) {
		int done = fd_await(output, HELPER_TIMEOUT_MS);
		ssize_t got = done < 0 ? done
				       : sys_read(output, helper->answer + used,
						 sizeof(helper->answer) - 1 - used);

		if (got < 0)
			return fail(err, (int)-got, "hear from \"%s\"", argv[0]);
		if (got == 0)
			break;
		used += (size_t)got;
	}
	helper->answer[used] = '\0';

	bool whole = strchr(helper->answer, '\n') != NULL;

	helper->answer[strcspn(helper->answer, "\n")] = '\0';
	/* A part of a path is another path. */
	if (helper->answer[0] == '/' && !whole)
		return fail(err, used == sizeof(helper->answer) - 1 ? ENAMETOOLONG : EPIPE,
			"hear from \"%s\"", argv[0]);
	if (helper->answer[0] != '/')
		return fail(err, 0, "%s: %s", argv[0],
			*helper->answer ? helper->answer : "no answer");
	return 0;
}
