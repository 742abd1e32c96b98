/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One small static program for the tests. In the container it asks the kernel what a busybox
 * applet cannot; outside, "bounded" runs a command under a deadline and tells how it ended and
 * what it took.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static const char *outcome(long result)
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

/* fds: every open descriptor above 2. */
static int fds(int argc, char **argv)
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
static int caps(int argc, char **argv)
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
static int ids(int argc, char **argv)
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
static int cwd(int argc, char **argv)
{
	char path[4096];
	long length = syscall(SYS_getcwd, path, sizeof(path));

	printf("%s\n", length < 0 ? strerrorname_np(errno) : path);
	return 0;
}

/* open r|w PATH...: how each open ends. Never waits. */
static int open_each(int argc, char **argv)
{
	int flags = argc && argv[0][0] == 'w' ? O_WRONLY : O_RDONLY;

	for (int i = 1; i < argc; i++)
		printf("%s %s\n", argv[i],
			outcome(open(argv[i], flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)));
	return 0;
}

/* mknod PATH c|b MAJOR MINOR: make a device, then open it. */
static int make_node(int argc, char **argv)
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
static int call(int argc, char **argv)
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

/* swap A B: exchange two names until killed. */
static int swap(int argc, char **argv)
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
static int overwrite(int argc, char **argv)
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
static int scan(int argc, char **argv)
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
static int keyring(int argc, char **argv)
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
static int seize(int argc, char **argv)
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

/* sti: push a character into the terminal on standard input. */
static int sti(int argc, char **argv)
{
	printf("%s\n", outcome(ioctl(0, TIOCSTI, "x")));
	return 0;
}

/* rlimit N: soft and hard of one resource by number. */
static int rlimit(int argc, char **argv)
{
	struct rlimit limit;

	if (argc < 1 || getrlimit(atoi(argv[0]), &limit))
		return 1;
	printf("%llu %llu\n", (unsigned long long)limit.rlim_cur,
		(unsigned long long)limit.rlim_max);
	return 0;
}

/* signals: what is blocked and ignored, as hexadecimal masks. */
static int signals(int argc, char **argv)
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
	};

	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(argv[1], modes[i].name) == 0)
			return modes[i].run(argc - 2, argv + 2);
	fprintf(stderr, "helper: no such mode\n");
	return 2;
}
