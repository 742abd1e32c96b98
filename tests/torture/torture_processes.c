/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that make processes. */
#define _GNU_SOURCE
#include "torture.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int run_fork_bomb(int argc, char **argv)
{
	unsigned long long until = now_ns() + number(argv[0]) * 1000000000ULL;
	pid_t first = getpid();

	(void)argc;
	while (now_ns() < until)
		if (fork() < 0)
			nap_ms(1);
	if (getpid() != first)
		_exit(0);
	while (wait(NULL) > 0)
		;
	return 0;
}

int run_vfork_bomb(int argc, char **argv)
{
	unsigned long long began = now_ns(), length = number(argv[0]) * 1000000000ULL;
	unsigned long long until = argc > 1 ? number(argv[1]) : began + length;
	char text[32], *words[] = {"torture", "vfork-bomb", "0", text, NULL};
	pid_t child;

	snprintf(text, sizeof(text), "%llu", until);
	while (now_ns() < until) {
		child = vfork();
		if (child == 0) {
			execv("/proc/self/exe", words);
			_exit(REFUSED);
		}
		if (child < 0)
			nap_ms(1);
	}
	while (wait(NULL) > 0)
		;
	return 0;
}

int run_exec_bomb(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	execl("/proc/self/exe", "torture", "exec-bomb", (char *)NULL);
	return REFUSED;
}

int run_zombies(int argc, char **argv)
{
	unsigned long count = number(argv[0]);

	(void)argc;
	/* A fork that is refused is one more try that counts, so that the number of hits is
	 * known. */
	for (unsigned long i = 0; i < count; i++)
		if (fork() == 0)
			_exit(0);
	return 0;
}

int run_daemon(int argc, char **argv)
{
	int code = atoi(argv[0]), ready[2];
	char byte;

	(void)argc;
	if (pipe(ready))
		return REFUSED;
	if (fork() == 0) {
		setsid();
		if (fork())
			_exit(0);
		signal(SIGHUP, SIG_IGN);
		signal(SIGTERM, SIG_IGN);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		close(ready[0]);
		close(ready[1]);
		sleep(3600);
		_exit(0);
	}
	/* Not before the grandchild is there. */
	if (read(ready[0], &byte, 1) != 1)
		return REFUSED;
	wait(NULL);
	return code;
}
