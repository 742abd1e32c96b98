/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs in the hook's process only. A hook gets nothing of ours but three pipes: no descriptor,
 * no signal setting, no umask; its environment and directory are the config's and the host's.
 */
#define _GNU_SOURCE
#include "hooks/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

_Noreturn static void give_up(const struct hook_exec *exec, int code)
{
	(void)!write(exec->failure, &code, sizeof(code)); /* the exit status says it as well */
	_exit(127);
}

void hook_reset_signals(void)
{
	/* The kernel's struct, all zero: SIG_DFL. A C library keeps some signals to itself. */
	static const unsigned long plain[8];
	sigset_t none;

	/* An ignored signal would stay ignored over execve(2). */
	for (int number = 1; number < _NSIG; number++)
		(void)syscall(SYS_rt_sigaction, number, plain, NULL, _NSIG / 8);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What the caller of the runtime left open for the container (--preserve-fds) is not for hooks.
 */
static void keep_only_stdio(void)
{
	if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	/* until Linux 5.11 is our baseline, and for seccomp profiles that refuse close_range */
	for (int fd = 3; fd < 4096; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* The decoder's lists have a count, execve(2) wants a NULL: fresh pages instead of an
 * allocation. */
static char **vector_of(const char **list, size_t count)
{
	char **vector = mmap(NULL, (count + 1) * sizeof(*vector), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (vector == MAP_FAILED)
		return NULL;
	for (size_t i = 0; i < count; i++)
		vector[i] = (char *)list[i];
	return vector;
}

static void take_stdio(const struct hook_exec *exec)
{
	if (dup3(exec->in, 0, 0) < 0 || dup3(exec->out, 1, 0) < 0 || dup3(exec->err, 2, 0) < 0)
		give_up(exec, errno);
}

void hook_exec(const struct hook_exec *exec)
{
	const struct oci_hook *hook = exec->hook;
	char *path_alone[] = {(char *)hook->path, NULL};
	char *nothing[] = {NULL};

	/* A group of its own, so that the timeout reaches what the hook has started, too. */
	(void)setpgid(0, 0);
	(void)prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
	hook_reset_signals();
	take_stdio(exec);
	keep_only_stdio();
	(void)umask(022);
	if (!exec->directory || chdir(exec->directory) < 0)
		(void)!chdir("/");

	char **argv = hook->n_args ? vector_of(hook->args, hook->n_args) : path_alone;
	char *const *env = exec->default_env ? exec->default_env : nothing;

	if (hook->n_env)
		env = vector_of(hook->env, hook->n_env);
	if (!argv || !env)
		give_up(exec, ENOMEM);
	execve(hook->path, argv, env);
	give_up(exec, errno);
}
