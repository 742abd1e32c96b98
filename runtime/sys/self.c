/* SPDX-License-Identifier: Apache-2.0 */
/* The runtime's own process. */
#include "runtime/sys/self.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <string.h>
#include <sys/auxv.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

/* linux/nsfs.h of Linux 6.18: USER_NS_INIT_INO. It has been this number since Linux 3.8. */
enum { INITIAL_USER_NAMESPACE = 0xEFFFFFFD };

bool self_in_initial_user_namespace(void)
{
	struct stat info;

	/* No user namespaces in this kernel, or no /proc: assume the worst. */
	if (stat("/proc/self/ns/user", &info) < 0)
		return true;
	return info.st_ino == INITIAL_USER_NAMESPACE;
}

int self_setup(struct error *err)
{
	sigset_t none;
	int done;

	if (getauxval(AT_SECURE))
		return fail(err, 0,
			"mayfly must not be installed setuid, setgid or with file "
			"capabilities");
	done = fd_reserve_stdio();
	if (done < 0)
		return fail(err, -done, "open /dev/null for a missing standard descriptor");

	/* The caller may have blocked or ignored anything; SIGCHLD ignored would lose exit
	 * statuses. */
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(022);

	/* A user's own processes may look at each other, and not dumpable hides /proc/self from
	 * us. */
	if (geteuid() == 0 && self_in_initial_user_namespace())
		(void)sys_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return 0;
}

/* The kernel's own word for who was executed by a descriptor: execveat(2). */
static bool executed_by_descriptor(void)
{
	const char *name = (const char *)getauxval(AT_EXECFN);

	return name && !strncmp(name, "/dev/fd/", 8);
}

/*
 * Are we the clone below? A mount of the host that is read-only now will not do: a container
 * keeps a descriptor of our binary until the day it is made writable, for an update. The clone
 * is in nobody's mount namespace when we run from it, so nobody can change its flags. Nothing
 * that a caller could put into our environment says so, but the file itself: the root of its
 * mount, which is read-only, and which open_tree(2) clones no more.
 */
static bool is_clone(int exe)
{
	struct statfs fs;
	struct statx info;

	if (!executed_by_descriptor() || fstatfs(exe, &fs) < 0 || !(fs.f_flags & ST_RDONLY) ||
		sys_statx(exe, "", AT_EMPTY_PATH, 0, &info) < 0 ||
		!(info.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return false;

	int AUTO_FD again = sys_open_tree(exe, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);

	return again == -EINVAL;
}

static bool is_sealed(int exe)
{
	const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	int have = fcntl(exe, F_GET_SEALS);

	return have >= 0 && (have & seals) == seals;
}

/* A detached clone of the mount that holds us, read-only. -errno where that is not possible. */
static int clone_read_only(int exe)
{
	struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
	int AUTO_FD tree = sys_open_tree(exe, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
	int done;

	if (tree < 0)
		return tree;
	done = sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attributes);
	return done < 0 ? done : take_fd(&tree);
}

static int copy_sealed(int exe)
{
	int AUTO_FD copy = sys_memfd_create("mayfly", 2U /* MFD_ALLOW_SEALING */ | MFD_EXEC);
	struct stat info;
	off_t at = 0;

	if (copy == -EINVAL) /* until Linux 6.3 is our baseline: MFD_EXEC */
		copy = sys_memfd_create("mayfly", 2U);
	if (copy < 0)
		return copy;
	if (fstat(exe, &info) < 0)
		return -errno;
	while (at < info.st_size) {
		ssize_t put = SYS_RESULT(sendfile(copy, exe, &at, (size_t)(info.st_size - at)));

		if (put < 0 && put != -EINTR)
			return (int)put;
		if (put == 0)
			return -EIO;
	}
	if (fcntl(copy, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) <
		0)
		return -errno;
	return take_fd(&copy);
}

int self_seal(char *const argv[], struct error *err)
{
	struct stat info;
	int AUTO_FD exe = sys_openat(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0);

	if (exe < 0)
		return fail(err, -exe, "open /proc/self/exe: is /proc mounted?");
	if (is_clone(exe) || is_sealed(exe))
		return 0;
	if (fstat(exe, &info) < 0)
		return fail(err, errno, "stat /proc/self/exe");
	/* A user's containers never hold root's file: no map of theirs includes its owner. */
	if (geteuid() != 0 && info.st_uid == 0 && !(info.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;

	/* A clone that is not known for one is not made again: the copy always is. */
	int AUTO_FD sealed = executed_by_descriptor() ? -EINVAL : clone_read_only(exe);

	if (sealed < 0)
		sealed = copy_sealed(exe);
	if (sealed < 0)
		return fail(err, -sealed, "seal a copy of mayfly's binary");

	int done = sys_execveat(sealed, "", argv, environ, AT_EMPTY_PATH);

	return fail(err, -done, "run the sealed copy of mayfly's binary");
}
