/* SPDX-License-Identifier: Apache-2.0 */
/* Trees and devices of the host, as descriptors: see sources.h for who opens them. */
#include "runtime/init/sources.h"

#include "runtime/init/rooms.h"

#include <sys/sysmacros.h>
#include <sys/vfs.h>

static bool is_procfs(int fd)
{
	enum { PROCFS_ROOT_INODE = 1 }; /* PROC_ROOT_INO */
	struct statfs fs;
	struct stat info;

	return fstatfs(fd, &fs) == 0 && fs.f_type == FS_PROC && fstat(fd, &info) == 0 &&
	       info.st_ino == PROCFS_ROOT_INODE;
}

int source_open_tree(const struct step_tree *tree, struct error *err)
{
	unsigned int flags = OPEN_TREE_CLONE | AT_NO_AUTOMOUNT;
	struct stat info;

	if (tree->recursive)
		flags |= AT_RECURSIVE;
	if (tree->nofollow)
		flags |= AT_SYMLINK_NOFOLLOW;

	/* open_tree without CLONE is open with O_PATH. */
	if (tree->in_place)
		flags &= ~(unsigned int)(OPEN_TREE_CLONE | AT_RECURSIVE);

	int AUTO_FD fd = sys_open_tree(AT_FDCWD, tree->path, flags);

	if (fd < 0) {
		if (tree->target)
			return fail(err, -fd, "error mounting \"%s\" to rootfs at \"%s\"",
				tree->path, tree->target);
		return fail(err, -fd, "open the source \"%s\"", tree->path);
	}
	if (tree->must_be_procfs && !is_procfs(fd))
		return fail(
			err, 0, "\"%s\" cannot be on /proc: it is not a procfs", tree->path);
	if (tree->must_be_directory) {
		if (fstat(fd, &info) < 0)
			return fail(err, errno, "stat \"%s\"", tree->path);
		if (!S_ISDIR(info.st_mode))
			return fail(err, ENOTDIR, "\"%s\"", tree->path);
	}
	return take_fd(&fd);
}

int source_open_device(const struct step_device *device, struct error *err)
{
	int AUTO_FD node = sys_openat(AT_FDCWD, device->path, O_PATH, 0);
	struct stat info;

	if (node < 0)
		return fail(err, -node, "open the host's device \"%s\"", device->path);
	if (fstat(node, &info) < 0)
		return fail(err, errno, "stat \"%s\"", device->path);
	if ((info.st_mode & S_IFMT) != device->type)
		return fail(err, 0, "the host's \"%s\" is of another type", device->path);
	if (device->type != S_IFIFO && info.st_rdev != makedev(device->major, device->minor))
		return fail(err, 0, "the host's \"%s\" is %u:%u, not %u:%u", device->path,
			major(info.st_rdev), minor(info.st_rdev), device->major, device->minor);

	int tree = sys_open_tree(node, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);

	if (tree < 0)
		return fail(err, -tree, "clone the mount of \"%s\"", device->path);
	return tree;
}

int init_open_tree(struct init_context *context, const struct step *step)
{
	int fd = source_open_tree(&step->tree, &context->err);

	context->slots[step->tree.slot] = fd;
	return fd < 0 ? -1 : 0;
}

int init_open_device(struct init_context *context, const struct step *step)
{
	int fd = source_open_device(&step->device, &context->err);

	context->slots[step->device.slot] = fd;
	return fd < 0 ? -1 : 0;
}
