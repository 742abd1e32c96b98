/* SPDX-License-Identifier: Apache-2.0 */
/* What a process in the container tries on those that come beside it. */
#include "helper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* swap A B: exchange two names until killed. */
int swap(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	for (unsigned long rounds = 0;; rounds++)
		if (syscall(SYS_renameat2, AT_FDCWD, argv[0], AT_FDCWD, argv[1], 2) < 0) {
			printf("%s after %lu\n", strerrorname_np(errno), rounds);
			return 1;
		}
}

/* Can what EXE (O_PATH) refers to be written? A sealed memfd opens for writing and still
 * refuses each write. */
static bool can_write(int exe)
{
	char path[64];
	int fd, seals;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", exe);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	seals = fcntl(fd, F_GET_SEALS);
	close(fd);
	return seals < 0 || !(seals & F_SEAL_WRITE);
}

/*
 * overwrite SECONDS: hold the program of every other process that shows up, and try to open
 * them for writing now and at the end, when the process, which makes it busy, is gone.
 */
int overwrite(int argc, char **argv)
{
	time_t end = time(NULL) + (argc ? atoi(argv[0]) : 1);
	unsigned long writable = 0;
	int held[512], n_held = 0;
	char path[320], self[16];

	snprintf(self, sizeof(self), "%d", getpid());
	while (time(NULL) <= end) {
		DIR *proc = opendir("/proc");
		struct dirent *entry;

		while (proc && n_held < 512 && (entry = readdir(proc))) {
			if (entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
				!strcmp(entry->d_name, self))
				continue;
			snprintf(path, sizeof(path), "/proc/%s/exe", entry->d_name);
			held[n_held] = open(path, O_PATH | O_CLOEXEC);
			if (held[n_held] < 0)
				continue;
			writable += can_write(held[n_held]);
			n_held++;
		}
		if (proc)
			closedir(proc);
	}
	sleep(1);
	for (int i = 0; i < n_held; i++)
		writable += can_write(held[i]);
	printf("held=%d\nwritable=%lu\n", n_held, writable);
	return 0;
}

/* Is the directory FD one of ours: our root, or below it, in a mount that we can see? */
static bool is_inside(int fd)
{
	char path[64], where[4096];
	ssize_t length;
	int back;
	bool inside;

	/* The kernel prints the path of what we cannot reach as that of its own mount's root.
	 */
	back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	inside = fchdir(fd) == 0 && (length = syscall(SYS_getcwd, where, sizeof(where))) > 0 &&
		 where[0] == '/';
	snprintf(path, sizeof(path), "%d", back);
	(void)!fchdir(back);
	close(back);
	return inside;
}

/* Tell of NAME of process PID, if it is a directory outside. */
static unsigned long tell_outside(const char *pid, const char *name)
{
	char path[600], target[512];
	struct stat info;
	unsigned long found = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode) && !is_inside(fd)) {
		ssize_t length = readlink(path, target, sizeof(target) - 1);

		target[length < 0 ? 0 : length] = '\0';
		printf("outside: %s is %s\n", path, target);
		found = 1;
	}
	close(fd);
	return found;
}

static unsigned long tell_process(const char *pid)
{
	unsigned long found = tell_outside(pid, "root") + tell_outside(pid, "cwd");
	char path[320], name[300];
	struct dirent *entry;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	fds = opendir(path);
	while (fds && (entry = readdir(fds))) {
		snprintf(name, sizeof(name), "fd/%s", entry->d_name);
		if (entry->d_name[0] != '.')
			found += tell_outside(pid, name);
	}
	if (fds)
		closedir(fds);
	return found;
}

/* scan MILLISECONDS: directories outside of our root that other processes' descriptors, root or
 * cwd lead to. */
int scan(int argc, char **argv)
{
	struct timespec now;
	unsigned long found = 0, seen = 0;
	long long end;
	char self[16];

	snprintf(self, sizeof(self), "%d", getpid());
	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec * 1000LL + now.tv_nsec / 1000000 + (argc ? atoi(argv[0]) : 1000);
	do {
		DIR *proc = opendir("/proc");
		struct dirent *entry;

		while (proc && (entry = readdir(proc))) {
			if (entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
				!strcmp(entry->d_name, self))
				continue;
			seen++;
			found += tell_process(entry->d_name);
		}
		if (proc)
			closedir(proc);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec * 1000LL + now.tv_nsec / 1000000 < end && found < 64);
	printf("seen=%lu\noutside=%lu\n", seen, found);
	return 0;
}

/*
 * keyring plant NAME | keep | find NAME: join the session keyring NAME and put the key
 * "planted" there; put "secret" into the session keyring that one has; or look for both,
 * "secret" in that of NAME.
 */
int keyring(int argc, char **argv)
{
	enum { JOIN = 1, SETPERM = 5, SEARCH = 10, SESSION = -3, ALL = 0x3f3f3f3f };
	const char *what = argc ? argv[0] : "", *name = argc > 1 ? argv[1] : NULL;

	if (strcmp(what, "find") == 0) {
		printf("planted %s\n",
			outcome(syscall(SYS_keyctl, SEARCH, SESSION, "user", "planted", 0)));
		syscall(SYS_keyctl, JOIN, name);
		printf("secret %s\n",
			outcome(syscall(SYS_keyctl, SEARCH, SESSION, "user", "secret", 0)));
		return 0;
	}
	if (name)
		syscall(SYS_keyctl, SETPERM, syscall(SYS_keyctl, JOIN, name), ALL);
	printf("%s\n", outcome(syscall(SYS_add_key, "user", name ? "planted" : "secret", "x", 1,
			       SESSION)));
	fflush(stdout);
	pause();
	return 0;
}

/* What process PID may do and could get by an exec, as /proc/PID/status says. */
static unsigned long long rights_of(const char *pid)
{
	unsigned long long set, rights = 0;
	char path[64], line[256];
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%.20s/status", pid);
	status = fopen(path, "re");
	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "CapPrm: %llx", &set) == 1 ||
			sscanf(line, "CapBnd: %llx", &set) == 1)
			rights |= set;
	if (status)
		fclose(status);
	return rights;
}

/* seize MILLISECONDS: seize every process but pid 1 that shows up, and tell all that they may
 * do together. */
int seize(int argc, char **argv)
{
	struct timespec now;
	unsigned long seized = 0;
	unsigned long long rights = 0;
	long long end;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec * 1000LL + now.tv_nsec / 1000000 + (argc ? atoi(argv[0]) : 1000);
	do {
		DIR *proc = opendir("/proc");
		struct dirent *entry;

		while (proc && (entry = readdir(proc))) {
			pid_t pid = atoi(entry->d_name);

			if (pid <= 1 || pid == getpid() || ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
				continue;
			seized++;
			ptrace(PTRACE_INTERRUPT, pid, 0, 0);
			waitpid(pid, NULL, __WALL);
			rights |= rights_of(entry->d_name);
			ptrace(PTRACE_DETACH, pid, 0, 0);
		}
		if (proc)
			closedir(proc);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec * 1000LL + now.tv_nsec / 1000000 < end);
	printf("seized=%d\nrights=%llx\n", seized > 0, rights);
	return 0;
}
