/* SPDX-License-Identifier: Apache-2.0 */
/* The identity of a process, and waiting for it. */
#include "runtime/sys/process.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

enum { PID_FS_MAGIC = 0x50494446 };

struct stat_line {
	char state;
	uint64_t flags; /* the kernel's PF_... */
	uint64_t threads;
	uint64_t start; /* clock ticks since boot */
};

/* Of /proc/PID/stat. The name in parentheses may hold anything. */
static int read_stat(pid_t pid, struct stat_line *ret)
{
	char path[32], text[1024];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);

	ssize_t length = file_read_small(AT_FDCWD, path, text, sizeof(text));

	if (length < 0)
		return length == -ENOENT ? -ESRCH : (int)length;

	char *at = strrchr(text, ')');

	if (!at || at[1] != ' ')
		return -EPROTO;
	at += 2;
	*ret = (struct stat_line){.state = *at};
	for (int field = 4; field <= 22; field++) {
		at = strchr(at, ' ');
		if (!at)
			return -EPROTO;
		at++;
		if (field == 9)
			ret->flags = strtoull(at, NULL, 10);
		if (field == 20)
			ret->threads = strtoull(at, NULL, 10);
	}
	ret->start = strtoull(at, NULL, 10);
	return 0;
}

static uint64_t pidfs_inode(int pidfd)
{
	struct statfs fs;
	struct stat info;

	if (fstatfs(pidfd, &fs) < 0 || fs.f_type != PID_FS_MAGIC || fstat(pidfd, &info) < 0)
		return 0; /* until Linux 6.9 is our baseline */
	return info.st_ino;
}

int process_identify(pid_t pid, int pidfd, struct process_id *ret)
{
	struct stat_line line = {0};
	int done = read_stat(pid, &line);

	if (done < 0)
		return done;
	*ret = (struct process_id){
		.pid = pid, .start_time = line.start, .pidfs = pidfs_inode(pidfd)};
	return 0;
}

int process_open(const struct process_id *id)
{
	struct stat_line line = {0};
	struct stat info;

	if (id->pid <= 0)
		return -ESRCH;

	int AUTO_FD pidfd = sys_pidfd_open(id->pid, 0);

	if (pidfd < 0)
		return pidfd == -EINVAL ? -ESRCH : pidfd;

	/* This inode is one process's of this boot, and never another's. */
	if (id->pidfs && fstat(pidfd, &info) == 0 && info.st_ino == id->pidfs)
		return process_has_exited(pidfd) ? -ESRCH : take_fd(&pidfd);

	/* Read after the open: what we read then belongs to what we hold, or the poll says it
	 * is gone. */
	int done = read_stat(id->pid, &line);

	if (done < 0)
		return done;
	if (line.start != id->start_time || line.state == 'Z' || line.state == 'X')
		return -ESRCH;

	uint64_t inode = pidfs_inode(pidfd);

	if (id->pidfs && inode && inode != id->pidfs)
		return -ESRCH;
	if (process_has_exited(pidfd))
		return -ESRCH;
	return take_fd(&pidfd);
}

bool process_has_exited(int pidfd)
{
	struct pollfd poller = {.fd = pidfd, .events = POLLIN};

	return poll(&poller, 1, 0) > 0;
}

bool process_runs_no_more(const struct process_id *id)
{
	enum { EXITING = 4 }; /* PF_EXITING of linux/sched.h, there since the beginning */
	struct stat_line line = {0};
	int done = read_stat(id->pid, &line);

	return done == -ESRCH ||
	       (done == 0 && (line.start != id->start_time ||
				     ((line.flags & EXITING) && line.threads == 1)));
}

int process_boot_id(char ret[BOOT_ID_SIZE])
{
	ssize_t length =
		file_read_small(AT_FDCWD, "/proc/sys/kernel/random/boot_id", ret, BOOT_ID_SIZE);

	return length < 0 ? (int)length : length == BOOT_ID_SIZE - 1 ? 0 : -EPROTO;
}

enum { REAP_POLL_MS = 10 };

int process_reap(int pidfd, int timeout_ms, int *ret_status)
{
	int64_t deadline = fd_now_ms() + timeout_ms;
	int done = fd_await(pidfd, timeout_ms);
	siginfo_t info = {0};

	while (done == 0) {
		/* __WALL: a child made with CLONE_PARENT has no exit signal. */
		done = SYS_RESULT(
			waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG | __WALL));
		if (done == -EINTR)
			done = 0;
		if (done < 0 || info.si_pid != 0)
			break;
		/* It is dead, but a tracer has the first right to it, and nothing to poll
		 * tells when it is ours. */
		if (fd_now_ms() >= deadline)
			return -ETIMEDOUT;
		usleep(REAP_POLL_MS * 1000);
	}
	if (done < 0)
		return done;
	*ret_status = info.si_code == CLD_EXITED ? (info.si_status & 0xFF) << 8
						 : info.si_status & 0x7F;
	return 0;
}
