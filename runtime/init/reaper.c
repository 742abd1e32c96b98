/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first process of the container stays, and the program is its child: so the program dies
 * of signals as it would anywhere, orphans are reaped, and what ties the container to us
 * (PR_SET_PDEATHSIG) is not the program's to undo. Nothing of the image is ever executed here.
 */
#include "runtime/init/rooms.h"

#include <string.h>

/* Nothing that somebody else waits for the end of, or could use. */
static void let_everything_go(struct init_context *context)
{
	fd_close(&context->channel);
	(void)sys_close_range(0, 2, 0);
	if (context->status > 3)
		(void)sys_close_range(3, (unsigned int)context->status - 1, 0);
	(void)sys_close_range((unsigned int)context->status + 1, ~0U, 0);
	(void)sys_prctl(PR_SET_NAME, (uintptr_t) "init", 0, 0, 0);
	/* /proc/1/cmdline and environ: the host's are not the container's to know. */
	if (context->words)
		memset(context->words, 0, context->words_length);
}

static _Noreturn void reap(struct init_context *context, pid_t program)
{
	int status;

	for (;;) {
		pid_t pid = SYS_RESULT(syscall(SYS_wait4, -1, &status, __WALL, NULL));

		if (pid == program)
			(void)channel_tell(context->status, MESSAGE_ENDED, status, -1);
		/* Our end is the end of all that is left in the namespace. */
		if (pid == program || (pid < 0 && pid != -EINTR))
			_exit(0);
	}
}

int init_spawn(struct init_context *context, const struct step *step)
{
	int pidfd = -1;
	/* Not clone3(), which a filter that is loaded already may have to refuse unseen. */
	pid_t pid =
		SYS_RESULT(syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &pidfd, NULL, NULL));

	if (pid < 0)
		return init_fail(context, -pid, "make the program's process");
	if (pid == 0) {
		fd_close(&context->status);
		(void)setsid(); /* what it says to its group is not said to the reaper */
		return 0;
	}
	(void)channel_tell(context->status, MESSAGE_PROGRAM, pid, pidfd);
	let_everything_go(context);
	reap(context, pid);
}
