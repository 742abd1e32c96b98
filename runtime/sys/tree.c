/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One directory is open at a time, and ".." leads back: a tree of any depth takes two
 * descriptors and no stack. Whatever is moved within the tree meanwhile, every directory of it
 * is below its top, so the way up meets the top before anything else.
 */
#include "runtime/sys/tree.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <dirent.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

struct walk {
	struct stat top;
	int at;		  /* the directory that is being emptied */
	int64_t deadline; /* fd_now_ms() */
};

/*
 * Take away what keeps it from being removed or listed. By way of a descriptor that opens
 * nothing: a device or a fifo of that name must not be opened. Failing shows in what follows.
 */
static void soften(int dir, const char *name)
{
	int AUTO_FD named = sys_openat(dir, name, O_PATH | O_NOFOLLOW, 0);
	char path[64];
	struct stat info;
	int flags;

	if (named < 0 || fstat(named, &info) < 0 ||
		(!S_ISDIR(info.st_mode) && !S_ISREG(info.st_mode)))
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", named);
	if (S_ISDIR(info.st_mode))
		(void)chmod(path, 0700);

	int AUTO_FD opened = sys_openat(AT_FDCWD, path, O_RDONLY, 0);

	if (opened < 0 || ioctl(opened, FS_IOC_GETFLAGS, &flags) < 0)
		return;
	flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
	if (ioctl(opened, FS_IOC_SETFLAGS, &flags) == 0 && S_ISDIR(info.st_mode))
		(void)chmod(path, 0700); /* what is immutable refused it above */
}

static int remove_once(int dir, const char *name)
{
	int done = SYS_RESULT(unlinkat(dir, name, 0));

	/* EPERM is POSIX's word for a directory, and some file systems' own. */
	return done == -EISDIR || done == -EPERM
		       ? (int)SYS_RESULT(unlinkat(dir, name, AT_REMOVEDIR))
		       : done;
}

/* 0, -ENOTEMPTY, or what is wrong. INSIDE: DIR is of the tree, too. */
static int remove_entry(int dir, const char *name, bool inside)
{
	int done = remove_once(dir, name);

	if (done == -EPERM || done == -EACCES || done == -ENOTDIR) {
		if (inside)
			soften(dir, ".");
		soften(dir, name);
		done = remove_once(dir, name);
	}
	if (done == -EEXIST)
		return -ENOTEMPTY;
	return done == -ENOENT ? 0 : done;
}

static int open_directory(int dir, const char *name)
{
	int fd = sys_openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

	if (fd != -EACCES && fd != -EPERM)
		return fd;
	soften(dir, name);
	return sys_openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

static int go_to(struct walk *walk, const char *name)
{
	int fd = open_directory(walk->at, name);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	fd_close(&walk->at);
	walk->at = fd;
	return 0;
}

/* Remove entries. One that is a directory with something in it is gone to: 1. 0: none is left.
 */
static int remove_entries(struct walk *walk, DIR *entries)
{
	for (struct dirent *entry; (entry = readdir(entries));) {
		const char *name = entry->d_name;

		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		if (fd_now_ms() >= walk->deadline)
			return -ETIMEDOUT;

		int done = remove_entry(walk->at, name, true);

		if (done == -ENOTEMPTY) {
			done = go_to(walk, name);
			return done < 0 ? done : 1;
		}
		if (done < 0)
			return done;
	}
	return 0;
}

static int empty_one(struct walk *walk)
{
	int listing = open_directory(walk->at, ".");
	DIR *entries = listing < 0 ? NULL : fdopendir(listing);

	if (!entries) {
		int code = listing < 0 ? -listing : errno;

		fd_close(&listing);
		return -code;
	}

	int done = remove_entries(walk, entries);

	closedir(entries);
	return done;
}

static int is_top(const struct walk *walk, bool *ret)
{
	struct stat info;

	if (fstat(walk->at, &info) < 0)
		return -errno;
	*ret = info.st_dev == walk->top.st_dev && info.st_ino == walk->top.st_ino;
	return 0;
}

static int empty_tree(struct walk *walk)
{
	int done = 0;

	for (bool top = false; done >= 0;) {
		done = fd_now_ms() >= walk->deadline ? -ETIMEDOUT : empty_one(walk);
		if (done != 0)
			continue;
		done = is_top(walk, &top);
		if (done == 0 && top)
			return 0;
		if (done == 0)
			done = go_to(walk, "..");
	}
	return done;
}

int tree_remove(int dir, const char *name, int timeout_ms)
{
	struct walk walk = {.at = -1, .deadline = fd_now_ms() + timeout_ms};
	int done = remove_entry(dir, name, false);

	while (done == -ENOTEMPTY) {
		walk.at = open_directory(dir, name);
		if (walk.at < 0)
			return walk.at == -ENOENT ? 0 : walk.at;
		done = fstat(walk.at, &walk.top) < 0 ? -errno : empty_tree(&walk);
		fd_close(&walk.at);
		if (done < 0)
			return done;
		if (fd_now_ms() >= walk.deadline)
			return -ETIMEDOUT;
		done = remove_entry(dir, name, false);
	}
	return done;
}
