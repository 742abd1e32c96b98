/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The base: a mount namespace with an empty, read-only root and nothing else, pinned in the
 * state root. Containers begin from a copy of it instead of a copy of all the host's mounts
 * (docs/decisions/071). It holds nothing of any container, and whoever loses it loses time
 * only.
 */
#include "runtime/container/base.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include <linux/nsfs.h>

static const char directory_name[] = ".base";
static const char pin_name[] = ".base/mounts";

const char *base_path(const struct mayfly_global *global, struct arena *arena)
{
	char *root = global->root ? NULL : mayfly_default_root();
	const char *path = arena_format(arena, "%s/%s",
		global->root ? global->root
		: root	     ? root
			     : "",
		pin_name);

	free(root);
	return path;
}

bool base_is_there(const char *path)
{
	struct statfs fs;

	return path && geteuid() == 0 && statfs(path, &fs) == 0 && fs.f_type == FS_NSFS;
}

/* In the process that lives until its namespace is pinned. */
static int empty_namespace(const char *directory)
{
	if (unshare(CLONE_NEWNS) < 0)
		return -errno;

	int done = sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);

	if (done == 0)
		done = sys_mount("mayfly", directory, "tmpfs",
			MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
			"nr_blocks=1,nr_inodes=1,mode=555");
	if (done == 0 && chdir(directory) < 0)
		done = -errno;
	if (done == 0)
		done = sys_pivot_root(".", ".");
	return done < 0 ? done : sys_umount2(".", MNT_DETACH);
}

/* The first end says how it went, the end of the second that we may go. */
static _Noreturn void hold_namespace(const char *directory, int cpu, int answer, int wait)
{
	cpu_set_t one;
	char byte;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);

	int done = sched_setaffinity(0, sizeof(one), &one) < 0 ? -errno
							       : empty_namespace(directory);

	if (sys_write(answer, &done, sizeof(done)) == sizeof(done))
		(void)sys_read(wait, &byte, 1);
	_exit(0);
}

static int pin(pid_t holder, const char *path)
{
	char from[64];

	snprintf(from, sizeof(from), "/proc/%d/ns/mnt", holder);
	return sys_mount(from, path, NULL, MS_BIND, NULL);
}

/* On one processor; 0, or a negative errno. */
static int make_on(int cpu, const char *directory, const char *path)
{
	int answer[2] = {-1, -1}, wait[2] = {-1, -1}, done = -EIO;
	pid_t pid;

	if (pipe2(answer, O_CLOEXEC) < 0 || pipe2(wait, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		done = -errno;
		fd_close(&answer[0]);
		fd_close(&answer[1]);
		fd_close(&wait[0]);
		fd_close(&wait[1]);
		return done;
	}
	if (pid == 0) {
		close(wait[1]);
		hold_namespace(directory, cpu, answer[1], wait[0]);
	}
	fd_close(&answer[1]);
	fd_close(&wait[0]);
	if (sys_read(answer[0], &done, sizeof(done)) != sizeof(done))
		done = -EIO;
	if (done == 0)
		done = pin(pid, path);
	fd_close(&wait[1]);
	fd_close(&answer[0]);
	(void)waitpid(pid, NULL, 0); /* it only waited for us */
	return done;
}

/*
 * A mount namespace may pin only one that is younger (EINVAL), which the kernel tells by their
 * numbers, and each processor hands out numbers of a range of its own: one that is made where
 * ours was made is younger.
 */
static int make_and_pin(const char *directory, const char *path, struct error *err)
{
	cpu_set_t all;
	int done = sched_getaffinity(0, sizeof(all), &all) < 0 ? -errno : -EINVAL;

	for (int cpu = 0; cpu < CPU_SETSIZE && done == -EINVAL; cpu++)
		if (CPU_ISSET(cpu, &all))
			done = make_on(cpu, directory, path);
	return done < 0 ? fail(err, -done, "make the base \"%s\"", path) : 0;
}

int base_make(
	const struct store *store, const char *path, struct arena *arena, struct error *err)
{
	const char *directory = arena_format(arena, "%s/%s", store->path, directory_name);

	if (geteuid() != 0)
		return fail(err, EPERM, "make the base: only root's containers begin from one");
	if (!directory)
		return fail(err, ENOMEM, "make the base");
	if (base_is_there(path))
		return 0;
	if (mkdirat(store->fd, directory_name, 0700) < 0 && errno != EEXIST)
		return fail(err, errno, "make the directory \"%s\"", directory);

	int AUTO_FD file = sys_openat(
		store->fd, pin_name, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0400);

	if (file < 0)
		return fail(err, -file, "make \"%s\"", path);
	return make_and_pin(directory, path, err);
}

int base_remove(const struct store *store, const char *path, struct error *err)
{
	int done = base_is_there(path) ? sys_umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) : 0;

	if (done < 0)
		return fail(err, -done, "remove the base \"%s\"", path);
	if (store->fd < 0)
		return 0;
	if ((unlinkat(store->fd, pin_name, 0) < 0 && errno != ENOENT) ||
		(unlinkat(store->fd, directory_name, AT_REMOVEDIR) < 0 && errno != ENOENT))
		return fail(err, errno, "remove the directory of \"%s\"", path);
	return 0;
}
