/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One small static program for the tests. In the container it asks the kernel what a busybox
 * applet cannot; outside, "bounded" runs a command under a deadline and tells how it ended and
 * what it took.
 */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

const char *outcome(long result)
{
	return result < 0 ? strerrorname_np(errno) : "ok";
}

/* bounded DEADLINE_MS FILE -- COMMAND: "exited|killed|hung CODE RSS_KB MS" into FILE. */
static int bounded(int argc, char **argv)
{
	struct timespec began, ended;
	struct rusage usage = {0};
	const char *how = "hung";
	int status = 0, code = 0, pidfd;
	FILE *file;
	pid_t pid;

	if (argc < 4)
		return 125;
	clock_gettime(CLOCK_MONOTONIC, &began);
	if (posix_spawnp(&pid, argv[3], NULL, NULL, argv + 3, environ))
		return 125;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return 125;
	if (poll(&(struct pollfd){.fd = pidfd, .events = POLLIN}, 1, atoi(argv[0])) == 0) {
		kill(pid, SIGKILL);
		wait4(pid, &status, 0, &usage);
	} else {
		wait4(pid, &status, 0, &usage);
		how = WIFEXITED(status) ? "exited" : "killed";
		code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
	}
	clock_gettime(CLOCK_MONOTONIC, &ended);
	file = fopen(argv[1], "we");
	if (!file)
		return 125;
	fprintf(file, "%s %d %ld %ld\n", how, code, usage.ru_maxrss,
		(ended.tv_sec - began.tv_sec) * 1000 +
			(ended.tv_nsec - began.tv_nsec) / 1000000);
	return fclose(file) ? 125 : 0;
}

/* eat MIB: touch that much memory. */
static int eat(int argc, char **argv)
{
	size_t size = (argc ? strtoul(argv[0], NULL, 10) : 1) << 20;
	char *memory =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return 1;
	for (size_t i = 0; i < size; i += 4096)
		memory[i] = 1;
	printf("ate %zu\n", size >> 20);
	return 0;
}

/* fork N: how many children can live at once. */
static int fork_many(int argc, char **argv)
{
	int made = 0, wanted = argc ? atoi(argv[0]) : 1;

	for (; made < wanted; made++) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (pid == 0) {
			pause();
			_exit(0);
		}
	}
	printf("forked %d %s\n", made, made == wanted ? "ok" : strerrorname_np(errno));
	fflush(stdout);
	kill(0, SIGKILL);
	return 0;
}

/* notify TEXT: as sd_notify(3) does, to $NOTIFY_SOCKET. */
static int notify(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (argc < 1 || !path || strlen(path) >= sizeof(address.sun_path))
		return 1;
	strcpy(address.sun_path, path);
	printf("%s\n", outcome(sendto(fd, argv[0], strlen(argv[0]), 0,
			       (struct sockaddr *)&address, sizeof(address))));
	return 0;
}

/* immutable PATH...: as chattr +i does. */
static int immutable(int argc, char **argv)
{
	int flags = FS_IMMUTABLE_FL;

	for (int i = 0; i < argc; i++)
		printf("%s %s\n", argv[i],
			outcome(ioctl(
				open(argv[i], O_RDONLY | O_CLOEXEC), FS_IOC_SETFLAGS, &flags)));
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} modes[] = {
		{"bounded", bounded},
		{"fds", fds},
		{"caps", caps},
		{"ids", ids},
		{"cwd", cwd},
		{"open", open_each},
		{"mknod", make_node},
		{"call", call},
		{"swap", swap},
		{"overwrite", overwrite},
		{"sti", sti},
		{"rlimit", rlimit},
		{"scan", scan},
		{"keyring", keyring},
		{"seize", seize},
		{"signals", signals},
		{"eat", eat},
		{"fork", fork_many},
		{"notify", notify},
		{"immutable", immutable},
	};

	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(argv[1], modes[i].name) == 0)
			return modes[i].run(argc - 2, argv + 2);
	fprintf(stderr, "helper: no such mode\n");
	return 2;
}
