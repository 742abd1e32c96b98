/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel, one door: raw system calls that answer a result or -errno, so that nobody has to
 * read errno before something else changes it. The prefix means a newer libc can never collide
 * with these. Numbers missing from old headers are equal on every architecture from 424 on.
 *
 * Everything here is safe between clone() and exec.
 */
#ifndef MAYFLY_SYS_H
#define MAYFLY_SYS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* glibc's <sys/mount.h> defines the enum of <linux/mount.h>, musl's has neither; only this
 * header takes a side. */
#include <sys/mount.h>
#ifndef __GLIBC__
#include <linux/mount.h>
#include <linux/stat.h>
#endif

#define SYS_RESULT(call)                                                                       \
	({                                                                                     \
		long sys_result_ = (call);                                                     \
		sys_result_ < 0 ? -errno : sys_result_;                                        \
	})

#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif

/* What glibc 2.36 may lack. */
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif
#ifndef MOUNT_ATTR__ATIME
#define MOUNT_ATTR__ATIME 0x00000070
#endif
#ifndef MOUNT_ATTR_RELATIME
#define MOUNT_ATTR_RELATIME 0x00000000
#endif
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 16U
#endif

/* File system types, statfs(2). */
enum {
	FS_PROC = 0x9fa0,
	FS_SYSFS = 0x62656572,
	FS_TMPFS = 0x01021994,
	FS_CGROUP2 = 0x63677270,
	FS_DEVPTS = 0x1cd1,
	FS_NSFS = 0x6e736673,
};

/* since Linux 5.6 */
static inline int sys_openat2(int dir, const char *path, const struct open_how *how)
{
	return SYS_RESULT(syscall(SYS_openat2, dir, path, how, sizeof(*how)));
}

static inline int sys_openat(int dir, const char *path, int flags, mode_t mode)
{
	return SYS_RESULT(openat(dir, path, flags | O_CLOEXEC, mode));
}

/* since Linux 5.3; a pid, 0 in the child */
static inline pid_t sys_clone3(struct clone_args *args)
{
	return SYS_RESULT(syscall(SYS_clone3, args, sizeof(*args)));
}

/* A fork with FLAGS; a pid, 0 in the child. */
static inline pid_t sys_clone(uint64_t flags)
{
#ifdef __s390x__
	return SYS_RESULT(syscall(SYS_clone, 0, (unsigned long)flags, 0, 0, 0));
#else
	return SYS_RESULT(syscall(SYS_clone, (unsigned long)flags, 0, 0, 0, 0));
#endif
}

/* since Linux 5.3 */
static inline int sys_pidfd_open(pid_t pid, unsigned int flags)
{
	return SYS_RESULT(syscall(SYS_pidfd_open, pid, flags));
}

/* since Linux 5.1 */
static inline int sys_pidfd_send_signal(int pidfd, int signal)
{
	return SYS_RESULT(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

/* since Linux 5.9; CLOSE_RANGE_CLOEXEC since 5.11 */
static inline int sys_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
	return SYS_RESULT(syscall(SYS_close_range, first, last, flags));
}

/* The mount calls: since Linux 5.2 */
static inline int sys_open_tree(int dir, const char *path, unsigned int flags)
{
	return SYS_RESULT(syscall(SYS_open_tree, dir, path, flags | OPEN_TREE_CLOEXEC));
}

static inline int sys_move_mount(
	int from, const char *from_path, int to, const char *to_path, unsigned int flags)
{
	return SYS_RESULT(syscall(SYS_move_mount, from, from_path, to, to_path, flags));
}

static inline int sys_fsopen(const char *type, unsigned int flags)
{
	return SYS_RESULT(syscall(SYS_fsopen, type, flags | FSOPEN_CLOEXEC));
}

static inline int sys_fsconfig(
	int fs, unsigned int command, const char *key, const void *value, int aux)
{
	return SYS_RESULT(syscall(SYS_fsconfig, fs, command, key, value, aux));
}

static inline int sys_fsmount(int fs, unsigned int flags, unsigned int attributes)
{
	return SYS_RESULT(syscall(SYS_fsmount, fs, flags | FSMOUNT_CLOEXEC, attributes));
}

/* since Linux 5.12 */
static inline int sys_mount_setattr(
	int dir, const char *path, unsigned int flags, struct mount_attr *attributes)
{
	return SYS_RESULT(
		syscall(SYS_mount_setattr, dir, path, flags, attributes, sizeof(*attributes)));
}

static inline int sys_mount(const char *source, const char *target, const char *type,
	unsigned long flags, const void *data)
{
	return SYS_RESULT(mount(source, target, type, flags, data));
}

static inline int sys_umount2(const char *target, int flags)
{
	return SYS_RESULT(umount2(target, flags));
}

static inline int sys_pivot_root(const char *new_root, const char *put_old)
{
	return SYS_RESULT(syscall(SYS_pivot_root, new_root, put_old));
}

static inline int sys_setns(int fd, int type)
{
	return SYS_RESULT(syscall(SYS_setns, fd, type));
}

static inline int sys_unshare(int flags)
{
	return SYS_RESULT(syscall(SYS_unshare, flags));
}

static inline int sys_prctl(
	int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	return SYS_RESULT(syscall(SYS_prctl, option, a, b, c, d));
}

/* The credentials of this task only: libc's wrappers would signal every thread. */
static inline int sys_setgroups(size_t count, const gid_t *groups)
{
	return SYS_RESULT(syscall(SYS_setgroups, count, groups));
}

static inline int sys_setresgid(gid_t real, gid_t effective, gid_t saved)
{
	return SYS_RESULT(syscall(SYS_setresgid, real, effective, saved));
}

static inline int sys_setresuid(uid_t real, uid_t effective, uid_t saved)
{
	return SYS_RESULT(syscall(SYS_setresuid, real, effective, saved));
}

static inline long sys_keyctl(int operation, unsigned long a, unsigned long b, unsigned long c)
{
	return SYS_RESULT(syscall(SYS_keyctl, operation, a, b, c, 0));
}

static inline int sys_bpf(int command, union bpf_attr *attributes)
{
	return SYS_RESULT(syscall(SYS_bpf, command, attributes, sizeof(*attributes)));
}

static inline int sys_execveat(
	int dir, const char *path, char *const argv[], char *const envp[], int flags)
{
	return SYS_RESULT(syscall(SYS_execveat, dir, path, argv, envp, flags));
}

/* musl has no sched_setscheduler(2): POSIX means all threads of a process by it */
struct sched_param;
static inline int sys_sched_setscheduler(pid_t pid, int policy, const struct sched_param *param)
{
	return SYS_RESULT(syscall(SYS_sched_setscheduler, pid, policy, param));
}

static inline int sys_memfd_create(const char *name, unsigned int flags)
{
	return SYS_RESULT(syscall(SYS_memfd_create, name, flags | 1U /* MFD_CLOEXEC */));
}

/* since Linux 4.11; STATX_MNT_ID since 5.8 */
static inline int sys_statx(
	int dir, const char *path, int flags, unsigned int mask, struct statx *ret)
{
	return SYS_RESULT(syscall(SYS_statx, dir, path, flags, mask, ret));
}

/* Follows magic links: only for who looks with sys_getcwd() where that led. */
static inline int sys_chdir(const char *path)
{
	return SYS_RESULT(chdir(path));
}

/* The kernel's getcwd: the length with NUL, or -errno. libc's hides "(unreachable)". */
static inline int sys_getcwd(char *buffer, size_t size)
{
	return SYS_RESULT(syscall(SYS_getcwd, buffer, size));
}

static inline ssize_t sys_read(int fd, void *buffer, size_t size)
{
	ssize_t got;

	do
		got = SYS_RESULT(read(fd, buffer, size));
	while (got == -EINTR);
	return got;
}

static inline ssize_t sys_write(int fd, const void *buffer, size_t size)
{
	ssize_t put;

	do
		put = SYS_RESULT(write(fd, buffer, size));
	while (put == -EINTR);
	return put;
}

#endif
