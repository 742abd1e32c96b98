/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tmpcopyup: what the image has at the target is copied into the new tmpfs before that covers
 * it. The image decides what is here, so everything is bounded and nothing is followed: no
 * symlink, no mount, no FIFO that would block, no device that would act when opened.
 */
#include "runtime/init/rooms.h"

#include <string.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>

enum {
	DEPTH_MAX = 32,
	INODES_MAX = 65536,
	LINK_MAX_BYTES = 4096,
};
#define BYTES_MAX (256LL << 20)

struct copy {
	int64_t bytes;
	int inodes;
};

/* The kernel's; libc has no getdents64 without a DIR. */
struct entry {
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

static int copy_directory(struct copy *copy, int from, int to, int depth);

/* Best effort: a label or an ACL that tmpfs does not take is not worth a container. */
static void copy_xattrs(int from, int to)
{
	char names[1024], value[1024];
	ssize_t length = flistxattr(from, names, sizeof(names));

	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t size = fgetxattr(from, names + at, value, sizeof(value));

		if (size >= 0)
			(void)fsetxattr(to, names + at, value, (size_t)size, 0);
	}
}

/* Owner first: a change of owner clears the set-id bits of the mode. */
static int copy_metadata(int from, int to, const struct stat *info)
{
	const struct timespec times[2] = {info->st_atim, info->st_mtim};

	if (fchown(to, info->st_uid, info->st_gid) < 0)
		return -errno;
	copy_xattrs(from, to);
	if (fchmod(to, info->st_mode & 07777) < 0 || futimens(to, times) < 0)
		return -errno;
	return 0;
}

/* Open NAME for reading, if it still is of that type; a mount on it is not ours to copy. */
static int open_source(int dir, const char *name, mode_t type, struct stat *ret)
{
	struct open_how how = {
		.flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	int AUTO_FD fd = sys_openat2(dir, name, &how);

	if (fd < 0)
		return fd;
	if (fstat(fd, ret) < 0)
		return -errno;
	return (ret->st_mode & S_IFMT) == type ? take_fd(&fd) : -ESTALE;
}

static int copy_file(struct copy *copy, int from_dir, int to_dir, const char *name)
{
	struct stat info;
	int AUTO_FD from = open_source(from_dir, name, S_IFREG, &info);
	int AUTO_FD to = -1;
	ssize_t got;

	if (from < 0)
		return from == -EXDEV ? 0 : from;
	to = sys_openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (to < 0)
		return to;
	do {
		got = SYS_RESULT(sendfile(to, from, NULL, 1 << 20));
		if (got > 0 && (copy->bytes -= got) < 0)
			return -EFBIG;
	} while (got > 0 || got == -EINTR);
	return got < 0 ? (int)got : copy_metadata(from, to, &info);
}

static int copy_link(int from_dir, int to_dir, const char *name, const struct stat *info)
{
	char target[LINK_MAX_BYTES];
	ssize_t length = SYS_RESULT(readlinkat(from_dir, name, target, sizeof(target) - 1));

	if (length < 0)
		return (int)length;
	target[length] = '\0';
	if (symlinkat(target, to_dir, name) < 0 ||
		fchownat(to_dir, name, info->st_uid, info->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

/* Devices, FIFOs and sockets are made anew, where that is allowed; never opened. */
static int copy_node(int to_dir, const char *name, const struct stat *info)
{
	int done = SYS_RESULT(mknodat(to_dir, name, info->st_mode, info->st_rdev));

	if (done == -EPERM)
		return 0;
	if (done == 0)
		done = SYS_RESULT(fchownat(
			to_dir, name, info->st_uid, info->st_gid, AT_SYMLINK_NOFOLLOW));
	return done;
}

static int copy_subdirectory(
	struct copy *copy, int from_dir, int to_dir, const char *name, int depth)
{
	struct stat info;
	int AUTO_FD from = open_source(from_dir, name, S_IFDIR, &info);
	int AUTO_FD to = -1;
	int done;

	if (from == -EXDEV)
		return 0;
	if (from < 0)
		return from;
	if (mkdirat(to_dir, name, 0700) < 0)
		return -errno;
	to = sys_openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (to < 0)
		return to;
	done = copy_directory(copy, from, to, depth);
	return done < 0 ? done : copy_metadata(from, to, &info);
}

static int copy_entry(struct copy *copy, int from, int to, const char *name, int depth)
{
	struct stat info;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (--copy->inodes < 0)
		return -EFBIG;
	if (fstatat(from, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	switch (info.st_mode & S_IFMT) {
	case S_IFREG:
		return copy_file(copy, from, to, name);
	case S_IFDIR:
		return copy_subdirectory(copy, from, to, name, depth + 1);
	case S_IFLNK:
		return copy_link(from, to, name, &info);
	default:
		return copy_node(to, name, &info);
	}
}

/* Recursion with a limit: each level needs little more than this buffer of the stack. */
static int copy_directory(struct copy *copy, int from, int to, int depth)
{
	char buffer[1024] __attribute__((aligned(8)));

	if (depth > DEPTH_MAX)
		return -ELOOP;
	for (;;) {
		long length = SYS_RESULT(syscall(SYS_getdents64, from, buffer, sizeof(buffer)));

		if (length <= 0)
			return (int)length;
		for (long at = 0; at < length;) {
			struct entry *entry = (struct entry *)(buffer + at);
			int done = copy_entry(copy, from, to, entry->name, depth);

			if (done < 0)
				return done;
			at += entry->length;
		}
	}
}

int init_copy_up(int from, int to, struct error *err)
{
	struct copy copy = {.bytes = BYTES_MAX, .inodes = INODES_MAX};
	struct stat info;
	/* The mount's own descriptor is O_PATH: good for names, not for reading. */
	int AUTO_FD source = sys_openat(from, ".", O_RDONLY | O_DIRECTORY, 0);
	int AUTO_FD copied = sys_openat(to, ".", O_RDONLY | O_DIRECTORY, 0);

	if (source < 0 || copied < 0)
		return fail(
			err, source < 0 ? -source : -copied, "tmpcopyup: open the directory");
	if (fstat(source, &info) < 0 || fchown(copied, info.st_uid, info.st_gid) < 0)
		return fail(err, errno, "tmpcopyup: own the directory");

	int done = copy_directory(&copy, source, copied, 0);

	if (done == -EFBIG)
		return fail(err, EFBIG, "tmpcopyup: more than %d files or %d MiB", INODES_MAX,
			(int)(BYTES_MAX >> 20));
	if (done < 0)
		return fail(err, -done, "tmpcopyup");
	return 0;
}
