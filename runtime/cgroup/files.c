/* SPDX-License-Identifier: Apache-2.0 */
/* The one door to the files of cgroup2, its events, and a walk over a tree of any depth. */
#include "runtime/cgroup/files.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/sys.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>

int files_open_mount(const struct host *host, struct error *err)
{
	struct statfs facts;

	if (host->cgroup == CGROUP_NONE || !host->cgroup_mount)
		return fail(err, 0, "no cgroup2 file system is mounted on this host");

	int fd = sys_openat(AT_FDCWD, host->cgroup_mount, O_PATH | O_DIRECTORY, 0);

	if (fd < 0)
		return fail(err, -fd, "open \"%s\"", host->cgroup_mount);
	if (fstatfs(fd, &facts) < 0 || facts.f_type != FS_CGROUP2) {
		fd_close(&fd);
		return fail(err, 0, "\"%s\" is not cgroup2", host->cgroup_mount);
	}
	return fd;
}

/* Beneath the mount ".." could still lead to somebody else's cgroup. */
static bool has_dots(const char *path)
{
	for (const char *at = path; (at = strstr(at, "/.."));) {
		at += 3;
		if (*at == '/' || *at == '\0')
			return true;
	}
	return false;
}

int files_split(
	const char *path, char parent[PATH_MAX], const char **ret_name, struct error *err)
{
	const char *slash = strrchr(path, '/');

	if (path[0] != '/' || !slash[1] || has_dots(path))
		return fail(err, 0, "\"%s\" is not a cgroup below the root", path);
	if (strlen(path) >= PATH_MAX)
		return fail(err, ENAMETOOLONG, "the path of the cgroup");
	*ret_name = slash + 1;
	snprintf(parent, PATH_MAX, "%.*s", slash == path ? 0 : (int)(slash - path - 1),
		path + 1);
	return 0;
}

int files_open(int dir, const char *path, int flags)
{
	const struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC | O_NOFOLLOW),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};
	int fd;

	/* EAGAIN: something was renamed or mounted while the kernel looked. */
	for (int tries = 0; tries < 64; tries++) {
		fd = sys_openat2(dir, *path ? path : ".", &how);
		if (fd != -EAGAIN && fd != -EINTR)
			break;
	}
	return fd;
}

ssize_t files_read(int dir, const char *file, char *buffer, size_t size)
{
	int AUTO_FD fd = files_open(dir, file, O_RDONLY);

	return fd < 0 ? fd : file_read_text(fd, buffer, size);
}

int files_write(int dir, const char *file, const char *text, size_t length)
{
	int AUTO_FD fd = files_open(dir, file, O_WRONLY);

	if (fd < 0)
		return fd;

	ssize_t put = sys_write(fd, text, length);

	if (put < 0)
		return (int)put;
	return (size_t)put == length ? 0 : -EIO;
}

int files_read_events(int events_fd, struct events *ret)
{
	char text[256];
	ssize_t got;

	/* One read from the start is a snapshot, and arms poll() for what comes after it. */
	do
		got = SYS_RESULT(pread(events_fd, text, sizeof(text) - 1, 0));
	while (got == -EINTR);
	if (got < 0)
		return (int)got;
	text[got] = '\0';
	ret->populated = strstr(text, "populated 1") != NULL;
	ret->frozen = strstr(text, "frozen 1") != NULL;
	return 0;
}

int64_t files_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

enum { PAUSE_FIRST = 50, PAUSE_MAX = 10000 };

static struct timespec next_pause(int *microseconds)
{
	struct timespec pause;

	*microseconds = *microseconds ? *microseconds * 2 : PAUSE_FIRST;
	if (*microseconds > PAUSE_MAX)
		*microseconds = PAUSE_MAX;
	pause = (struct timespec){.tv_nsec = *microseconds * 1000L};
	return pause;
}

void files_pause(int *microseconds)
{
	struct timespec pause = next_pause(microseconds);

	(void)nanosleep(&pause, NULL); /* woken early is fine */
}

/*
 * The kernel holds back a notification that comes within 10 ms of the one before
 * (CGROUP_FILE_NOTIFY_MIN_INTV), and a container that lives for one request is born and dead in
 * less. So look by ourselves as well, often at first.
 */
int files_await(int cgroup_fd, enum event event, int timeout_ms)
{
	int AUTO_FD fd = files_open(cgroup_fd, "cgroup.events", O_RDONLY);
	int64_t deadline = files_now() + (int64_t)timeout_ms * 1000;
	struct pollfd waiting = {.fd = fd, .events = POLLPRI};
	struct events now;
	int pause = 0;

	if (fd < 0)
		return fd;
	for (;;) {
		int answer = files_read_events(fd, &now);

		if (answer < 0)
			return answer;
		if (event == EVENT_EMPTY ? !now.populated
					 : now.frozen == (event == EVENT_FROZEN))
			return 0;
		if (files_now() >= deadline)
			return -ETIMEDOUT;

		struct timespec wait = next_pause(&pause);

		if (ppoll(&waiting, 1, &wait, NULL) < 0 && errno != EINTR)
			return -errno;
	}
}

/* Is there no cgroup below it? kernfs counts the directories in st_nlink. */
static bool is_leaf(int parent, const char *name)
{
	struct stat facts;

	return fstatat(parent, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 && facts.st_nlink == 2;
}

enum { LOOKED_ENOUGH = 1 };

/* Can NAME be dealt with from here (LOOKED_ENOUGH), or is it to be descended into (0)? */
static int look_at(int parent, const char *name, const struct walk *walk)
{
	if (walk->child)
		return walk->child(parent, name, walk->data);
	if (!is_leaf(parent, name))
		return 0;

	int AUTO_FD dir = files_open(parent, name, O_PATH | O_DIRECTORY);
	int answer = dir < 0 ? 0 : walk->enter(dir, walk->data);

	return answer < 0 ? answer : LOOKED_ENOUGH;
}

/*
 * Go through the entries of DIR from the one with inode AFTER on (0: from the start) until one
 * has to be descended into. 1: its name is in NAME; 0: done; -errno.
 */
static int next_child(int dir, const struct walk *walk, ino_t after, char name[256])
{
	int reading = files_open(dir, "", O_RDONLY | O_DIRECTORY);
	DIR *entries = reading < 0 ? NULL : fdopendir(reading);
	struct dirent *entry;
	int answer = 0;

	if (reading < 0)
		return reading;
	if (!entries) {
		fd_close(&reading);
		return -ENOMEM;
	}
	while (answer == 0 && (entry = readdir(entries))) {
		if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") ||
			!strcmp(entry->d_name, ".."))
			continue;
		if (after && entry->d_ino != after)
			continue;
		if (after) {
			/* This one was just walked, and what comes before it, too. */
			after = 0;
			if (walk->leave)
				answer = walk->leave(dir, entry->d_name, walk->data);
			continue;
		}
		answer = files_now() > walk->deadline ? -ETIMEDOUT
						      : look_at(dir, entry->d_name, walk);
		if (answer == LOOKED_ENOUGH) {
			answer = 0;
		} else if (answer == 0) {
			memcpy(name, entry->d_name, strlen(entry->d_name) + 1);
			answer = 1;
		}
	}
	closedir(entries);
	return answer;
}

int files_walk(int top, const struct walk *walk)
{
	int AUTO_FD dir = files_open(top, "", O_PATH | O_DIRECTORY);
	size_t depth = 0;
	ino_t after = 0;
	char name[256];

	if (dir < 0)
		return dir;
	for (;;) {
		int answer = 0;
		struct stat facts;

		if (!after && walk->enter)
			answer = walk->enter(dir, walk->data);
		if (answer == 0)
			answer = next_child(dir, walk, after, name);
		/* Somebody removes cgroups while we look: that is what we are here for, too. */
		if (answer == -ENOENT || answer == -ENODEV)
			answer = 0;
		if (answer < 0 || (answer == 0 && depth == 0))
			return answer;

		/* A cgroup cannot be moved, so ".." is where we came from. */
		int next = answer ? files_open(dir, name, O_PATH | O_DIRECTORY)
				  : sys_openat(dir, "..", O_PATH | O_DIRECTORY, 0);

		if (answer && (next == -ENOENT || next == -ENODEV))
			continue;
		if (next < 0)
			return next;
		after = 0;
		if (answer == 0) {
			if (fstat(dir, &facts) < 0) {
				fd_close(&next);
				return -errno;
			}
			after = facts.st_ino;
		}
		depth += answer ? 1 : -1UL;
		fd_close(&dir);
		dir = next;
	}
}
