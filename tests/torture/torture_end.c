/* SPDX-License-Identifier: Apache-2.0 */
/* How a program ends by itself: exit codes, signals, faults. */
#define _GNU_SOURCE
#include "torture.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int run_exit(int argc, char **argv)
{
	(void)argc;
	return atoi(argv[0]);
}

int run_kill(int argc, char **argv)
{
	(void)argc;
	kill(getpid(), atoi(argv[0]));
	nap_ms(50);
	return SURVIVED;
}

int run_fault(int argc, char **argv)
{
	(void)argc;
#if defined(__x86_64__)
	if (!strcmp(argv[0], "segv"))
		__asm__ volatile("movl $1, 0" ::: "memory");
	if (!strcmp(argv[0], "ill"))
		__asm__ volatile("ud2");
	if (!strcmp(argv[0], "fpe"))
		__asm__ volatile("xor %%eax, %%eax; cltd; idivl %%eax" ::: "eax", "edx", "cc");
#endif
	if (!strcmp(argv[0], "abort"))
		abort();
	return USAGE;
}

int run_sigpipe(int argc, char **argv)
{
	int ends[2];

	(void)argc;
	if (!strcmp(argv[0], "ignore"))
		signal(SIGPIPE, SIG_IGN);
	if (pipe(ends))
		return REFUSED;
	close(ends[0]);
	return write(ends[1], "x", 1) < 0 ? 0 : 1;
}

static int stop_child(void)
{
	pid_t child = fork();

	if (child < 0)
		return REFUSED;
	if (child == 0) {
		raise(SIGSTOP);
		_exit(0);
	}
	/* WUNTRACED is not asked for: this waits until somebody ends the child. */
	waitpid(child, NULL, 0);
	return 98;
}

int run_stop(int argc, char **argv)
{
	(void)argc;
	if (!strcmp(argv[0], "child"))
		return stop_child();
	if (!strcmp(argv[0], "group"))
		setpgid(0, 0), kill(0, SIGSTOP);
	else
		raise(SIGSTOP);
	return 98;
}
