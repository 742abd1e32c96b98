/* SPDX-License-Identifier: Apache-2.0 */
/* What a process in the container is and may do, asked of the kernel itself. */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

/* fds: every open descriptor above 2. */
int fds(int argc, char **argv)
{
	char path[64], target[4096];

	for (int fd = 3; fd < 4096; fd++) {
		ssize_t length;

		if (fcntl(fd, F_GETFD) < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		length = readlink(path, target, sizeof(target) - 1);
		target[length < 0 ? 0 : length] = '\0';
		printf("%d %s\n", fd, target);
	}
	return 0;
}

/* caps: the five sets as /proc/self/status prints them, asked of the kernel itself. */
int caps(int argc, char **argv)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];
	unsigned long long bounding = 0, ambient = 0;

	if (syscall(SYS_capget, &header, data) < 0)
		return 1;
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++) {
		bounding |= (unsigned long long)prctl(PR_CAPBSET_READ, cap) << cap;
		ambient |= (unsigned long long)prctl(
				   PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0)
			   << cap;
	}
	printf("inh=%llx prm=%llx eff=%llx bnd=%llx amb=%llx nnp=%d\n",
		data[0].inheritable | (unsigned long long)data[1].inheritable << 32,
		data[0].permitted | (unsigned long long)data[1].permitted << 32,
		data[0].effective | (unsigned long long)data[1].effective << 32, bounding,
		ambient, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	return 0;
}

/* ids: real, effective, saved, and supplementary groups. */
int ids(int argc, char **argv)
{
	uid_t uid[3];
	gid_t gid[3], groups[1024];
	int n = getgroups(1024, groups);

	getresuid(&uid[0], &uid[1], &uid[2]);
	getresgid(&gid[0], &gid[1], &gid[2]);
	printf("uid=%u,%u,%u gid=%u,%u,%u groups=", uid[0], uid[1], uid[2], gid[0], gid[1],
		gid[2]);
	for (int i = 0; i < n; i++)
		printf("%s%u", i ? "," : "", groups[i]);
	printf("\n");
	return 0;
}

/* cwd: what the kernel says, without libc's check. */
int cwd(int argc, char **argv)
{
	char path[4096];
	long length = syscall(SYS_getcwd, path, sizeof(path));

	printf("%s\n", length < 0 ? strerrorname_np(errno) : path);
	return 0;
}

/* open r|w PATH...: how each open ends. Never waits. */
int open_each(int argc, char **argv)
{
	int flags = argc && argv[0][0] == 'w' ? O_WRONLY : O_RDONLY;

	for (int i = 1; i < argc; i++)
		printf("%s %s\n", argv[i],
			outcome(open(argv[i], flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)));
	return 0;
}

/* mknod PATH c|b MAJOR MINOR: make a device, then open it. */
int make_node(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	printf("mknod %s\n",
		outcome(mknod(argv[0], (argv[1][0] == 'b' ? S_IFBLK : S_IFCHR) | 0666,
			makedev(atoi(argv[2]), atoi(argv[3])))));
	printf("open %s\n", outcome(open(argv[0], O_RDWR | O_NONBLOCK | O_NOCTTY)));
	return 0;
}

/* call NAME: a system call without arguments that matter, for filters. */
int call(int argc, char **argv)
{
	static const struct {
		const char *name;
		long number;
	} calls[] = {
		{"mkdir", SYS_mkdirat},
		{"unshare-user", SYS_unshare},
		{"keyctl", SYS_keyctl},
		{"getppid", SYS_getppid},
		{"io_uring_setup", SYS_io_uring_setup},
		{"unknown", 1000},
		{"personality", SYS_personality},
	};

	for (size_t i = 0; argc && i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(argv[0], calls[i].name) == 0) {
			long result = calls[i].number == SYS_unshare
					      ? syscall(SYS_unshare, 0x10000000)
				      : calls[i].number == SYS_personality
					      ? syscall(SYS_personality, 0xffffffff)
				      : calls[i].number == SYS_mkdirat
					      ? syscall(SYS_mkdirat, AT_FDCWD,
							"/tmp/helper-made", 0700)
					      : syscall(calls[i].number, 0, 0, 0, 0, 0, 0);

			printf("%s %s\n", argv[0], outcome(result));
			return 0;
		}
	return 2;
}

/* sti: push a character into the terminal on standard input. */
int sti(int argc, char **argv)
{
	printf("%s\n", outcome(ioctl(0, TIOCSTI, "x")));
	return 0;
}

/* rlimit N: soft and hard of one resource by number. */
int rlimit(int argc, char **argv)
{
	struct rlimit limit;

	if (argc < 1 || getrlimit(atoi(argv[0]), &limit))
		return 1;
	printf("%llu %llu\n", (unsigned long long)limit.rlim_cur,
		(unsigned long long)limit.rlim_max);
	return 0;
}

/* signals: what is blocked and ignored, as hexadecimal masks. */
int signals(int argc, char **argv)
{
	unsigned long long blocked = 0, ignored = 0;
	sigset_t set;

	sigprocmask(SIG_BLOCK, NULL, &set);
	for (int i = 1; i < 65; i++) {
		struct sigaction action;

		if (sigismember(&set, i) == 1)
			blocked |= 1ULL << (i - 1);
		if (sigaction(i, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			ignored |= 1ULL << (i - 1);
	}
	printf("blocked=%llx ignored=%llx\n", blocked, ignored);
	return 0;
}
