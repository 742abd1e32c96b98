/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the container needs of the host, as the host sees it: namespaces to join, directories
 * to bind, devices. All is pinned by descriptor before clone(), so that nothing can be swapped later,
 * and so that sources below a directory the container's root may not search can be used.
 */
#include "runtime/launch/outside.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <linux/nsfs.h>

int launch_open_namespace(struct launch *launch, const struct step *step, struct error *err)
{
	const char *path = step->open_path.path;
	/* O_NONBLOCK: a FIFO put there must not stop us. */
	int AUTO_FD fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct statfs fs;

	if (fd < 0)
		return fail(err, -fd, "open the namespace \"%s\"", path);
	if (fstatfs(fd, &fs) < 0)
		return fail(err, errno, "statfs \"%s\"", path);
	/* until Linux 5.x made nsfs its own: bind mounts of namespaces have been nsfs since 3.19 */
	if (fs.f_type != FS_NSFS)
		return fail(err, 0, "\"%s\" is not a namespace", path);

	int type = ioctl(fd, NS_GET_NSTYPE);

	if (type < 0)
		return fail(err, errno, "ask \"%s\" for its type", path);
	if (type != step->open_path.ns_type)
		return fail(err, EINVAL, "\"%s\" is a namespace of another type", path);
	launch->slots[step->open_path.slot] = take_fd(&fd);
	return 0;
}

int launch_open_tree(struct launch *launch, const struct step *step, struct error *err)
{
	const struct step_tree *tree = &step->tree;
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

	if (fd < 0)
		return fail(err, -fd, "open the source \"%s\"", tree->path);
	if (tree->must_be_directory) {
		if (fstat(fd, &info) < 0)
			return fail(err, errno, "stat \"%s\"", tree->path);
		if (!S_ISDIR(info.st_mode))
			return fail(err, ENOTDIR, "\"%s\"", tree->path);
	}
	launch->slots[tree->slot] = take_fd(&fd);
	return 0;
}

int launch_open_device(struct launch *launch, const struct step *step, struct error *err)
{
	const struct step_device *device = &step->device;
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
	launch->slots[device->slot] = tree;
	return 0;
}
