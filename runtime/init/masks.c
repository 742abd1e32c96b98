/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths that the container must not write (readonlyPaths) or not see (maskedPaths), and the
 * sysctls that are set before they are protected. config-linux.md. A path that is not there is
 * not an error; a symlink hides what it leads to inside the root.
 */
#include "runtime/init/rooms.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

enum { LOOKUPS = 3 };

/* ---- read-only ---- */

static int protect(int fd)
{
	struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
	int AUTO_FD tree =
		sys_open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | AT_RECURSIVE);

	if (tree < 0)
		return tree;

	int done = sys_mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes);

	return done < 0 ? done : init_attach_tree(tree, fd);
}

/* The path as a descriptor; -1 with err->code 0 when nothing is there to protect. */
static int open_target(struct init_context *context, const char *path)
{
	int fd = path_open(context->root, path, PATH_ANY, 0, &context->err);

	if (fd < 0 && (context->err.code == ENOENT || context->err.code == ENOTDIR))
		context->err.code = 0;
	return fd;
}

/*
 * Apply TO to the path. What is there may be replaced between our look and our mount (a peer of
 * a shared volume, a dying process in /proc): then it is looked up again, never skipped.
 */
static int at_path(struct init_context *context, const char *path, const char *what,
	int (*apply)(struct init_context *context, int fd))
{
	int done = -ENOENT;

	for (int i = 0; i < LOOKUPS && (done == -ENOENT || done == -EINVAL || done == -EBUSY);
		i++) {
		int AUTO_FD fd = open_target(context, path);

		if (fd < 0)
			return context->err.code == 0 ? 0 : -1;
		done = apply(context, fd);
	}
	if (done < 0)
		return init_fail(context, -done, "%s \"%s\"", what, path);
	return 0;
}

static int apply_protect(struct init_context *context, int fd)
{
	return protect(fd);
}

int init_protect_path(struct init_context *context, const struct step *step)
{
	return at_path(context, step->text, "make read-only", apply_protect);
}

/* ---- hidden ---- */

/* An empty, read-only file system that can hold nothing but its root and INODES - 1 more. */
static int empty_filesystem(const char *inodes, uint64_t attributes)
{
	char data[48];
	struct error ignored; /* the caller names the path that could not be hidden */
	const struct step_mount mount = {
		.type = "tmpfs",
		.source = "tmpfs",
		.data = data,
		.set = attributes,
	};

	snprintf(data, sizeof(data), "nr_blocks=1,nr_inodes=%s,mode=755", inodes);
	return init_new_filesystem(&mount, -1, false, &ignored);
}

/* One for all: each file system of its own costs more than all its mounts. */
static int mask_directory(struct init_context *context, int fd)
{
	const uint64_t attributes =
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

	if (context->mask_directory < 0) {
		int AUTO_FD first = empty_filesystem("1", attributes);
		int done = first < 0 ? first : init_attach_tree(first, fd);

		if (done == 0)
			context->mask_directory = take_fd(&first);
		return done;
	}

	/* Cloned from where it is attached: a detached one can be cloned since Linux 6.15 only.
	 */
	int AUTO_FD next =
		sys_open_tree(context->mask_directory, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);

	return next < 0 ? next : init_attach_tree(next, fd);
}

static bool is_null_device(int fd)
{
	struct stat info;

	return fstat(fd, &info) == 0 && S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3);
}

/* A node that is the null device, or where none can be made, an empty file that nobody may
 * write. */
static int fill_null(int fs)
{
	struct mount_attr readonly = {.attr_set = MOUNT_ATTR_RDONLY};
	int done = SYS_RESULT(mknodat(fs, "null", S_IFCHR | 0666, makedev(1, 3)));

	if (done == -EPERM)
		done = SYS_RESULT(mknodat(fs, "null", S_IFREG | 0444, 0));
	return done < 0 ? done : sys_mount_setattr(fs, "", AT_EMPTY_PATH, &readonly);
}

/*
 * Without a usable /dev/null in the container: one of our own. Until Linux 6.15 a file can be
 * cloned out of an attached mount only; so it is attached for a moment, where nothing is looked
 * up.
 */
static int make_null(struct init_context *context)
{
	int AUTO_FD fs = empty_filesystem("2", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	int AUTO_FD tree = -1;
	int done = fs < 0 ? fs : fill_null(fs);

	if (done == 0)
		done = init_attach_tree(fs, context->root);
	if (done < 0)
		return done;
	tree = sys_open_tree(fs, "null", OPEN_TREE_CLONE);
	if (fchdir(fs) < 0 || umount2(".", MNT_DETACH) < 0 || fchdir(context->root) < 0)
		return -errno;
	return take_fd(&tree);
}

/*
 * Whatever /dev is, the inode behind this descriptor is the null device: a number of the kernel
 * cannot be faked by an image, and the descriptor cannot be swapped (CVE-2025-31133).
 */
static int open_null(struct init_context *context)
{
	struct error ignored;
	int AUTO_FD fd =
		path_open(context->root, "dev/null", PATH_ANY, PATH_NO_SYMLINKS, &ignored);

	if (fd >= 0 && is_null_device(fd))
		return take_fd(&fd);
	return -1;
}

static int mask_file(struct init_context *context, int fd)
{
	if (context->mask_file < 0)
		context->mask_file = open_null(context);
	if (context->mask_file < 0) {
		int AUTO_FD first = make_null(context);
		int done = first < 0 ? first : init_attach_tree(first, fd);

		if (done == 0)
			context->mask_file = take_fd(&first);
		return done;
	}

	int AUTO_FD next =
		sys_open_tree(context->mask_file, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);

	return next < 0 ? next : init_attach_tree(next, fd);
}

static int apply_mask(struct init_context *context, int fd)
{
	struct stat info;

	if (fstat(fd, &info) < 0)
		return -errno;
	return S_ISDIR(info.st_mode) ? mask_directory(context, fd) : mask_file(context, fd);
}

int init_mask_path(struct init_context *context, const struct step *step)
{
	return at_path(context, step->text, "mask", apply_mask);
}

/* ---- sysctls ---- */

/*
 * Through the host's procfs: /proc/sys shows each writer its own namespaces, and no mount of
 * the container can be in the way (CVE-2025-52881).
 */
int init_write_sysctl(struct init_context *context, const struct step *step)
{
	char path[512];
	int length = snprintf(path, sizeof(path), "sys/%s", step->file.path);
	int done = length < (int)sizeof(path)
			   ? path_write_knob(context->proc, path, step->file.text, FS_PROC)
			   : -ENAMETOOLONG;

	if (done == 0 || (done == -ENOENT && step->file.optional))
		return 0;
	return init_fail(context, -done, "write \"%s\" to the sysctl \"%s\"", step->file.text,
		step->file.path);
}
