/* SPDX-License-Identifier: Apache-2.0 */
/* Device nodes, and the symlinks that belong beside them. config-linux.md, Devices. */
#include "runtime/init/rooms.h"

#include <string.h>
#include <sys/sysmacros.h>

static bool is_device(const struct stat *info, const struct step_device *device)
{
	if ((info->st_mode & S_IFMT) != device->type)
		return false;
	return device->type == S_IFIFO ||
	       info->st_rdev == makedev(device->major, device->minor);
}

/*
 * mknod has given the mode, as our umask is 0. The owner is changed through a descriptor of
 * what was made, and only when it is what was made.
 */
static int own_device(struct init_context *context, const struct step_device *device,
	int parent, const char *name)
{
	/* mknod has just made it, for root and its group 0. */
	if (context->made_plain && device->uid == 0 && device->gid == 0)
		return 0;

	int AUTO_FD fd = sys_openat(parent, name, O_PATH | O_NOFOLLOW, 0);
	struct stat info;

	if (fd < 0)
		return init_fail(context, -fd, "open the device \"%s\"", device->path);
	if (fstat(fd, &info) < 0)
		return init_fail(context, errno, "stat the device \"%s\"", device->path);
	if (!is_device(&info, device))
		return init_fail(context, EEXIST, "\"%s\" is not the device that was made",
			device->path);
	if (info.st_uid == device->uid && info.st_gid == device->gid)
		return 0;
	if (fchownat(fd, "", device->uid, device->gid, AT_EMPTY_PATH) < 0)
		return init_fail(context, errno, "change the owner of \"%s\"", device->path);
	return 0;
}

/* runtime.md has what is there already: the same device is fine, another is an error. */
static int accept_existing(struct init_context *context, const struct step_device *device,
	int parent, const char *name)
{
	struct stat info;

	if (fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return init_fail(context, errno, "stat \"%s\"", device->path);
	if (!is_device(&info, device))
		return init_fail(context, EEXIST, "\"%s\" exists and is another kind of file",
			device->path);
	return 0;
}

/* Is PATH in the directory that is open from the last step? Then *ret_name is its name there.
 */
static bool is_neighbour(
	const struct init_context *context, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) + 1 : 0;

	if (context->made_in < 0 || !length || !slash[1] || strcmp(slash, "/..") == 0 ||
		strcmp(slash, "/.") == 0 || strlen(slash) > PATH_NAME_MAX)
		return false;
	*ret_name = slash + 1;
	return strncmp(path, context->made_path, length) == 0 &&
	       !strchr(context->made_path + length, '/');
}

/* The directory of PATH, which stays open for the next step; -1 with context->err. */
static int open_parent(struct init_context *context, const char *path, char name[PATH_NAME_MAX])
{
	const char *neighbour;
	struct stat info;
	int root = init_root(context);

	if (root < 0)
		return -1;
	if (is_neighbour(context, path, &neighbour)) {
		strcpy(name, neighbour);
		return context->made_in;
	}
	fd_close(&context->made_in);
	context->made_in =
		path_create_parent(root, path, init_path_flags(path), name, &context->err);
	if (context->made_in < 0)
		return -1;
	if (fstat(context->made_in, &info) < 0)
		return init_fail(context, errno, "stat the directory of \"%s\"", path);
	/* Root may have come with another group: sudo -g, newgrp. */
	context->made_plain = !(info.st_mode & S_ISGID) && getegid() == 0;
	context->made_path = path;
	return context->made_in;
}

int init_make_device(struct init_context *context, const struct step *step)
{
	const struct step_device *device = &step->device;
	char name[PATH_NAME_MAX];
	int parent = open_parent(context, device->path, name);
	int done;

	if (parent < 0)
		return -1;
	done = SYS_RESULT(mknodat(parent, name, device->type | (device->mode & 0777),
		device->type == S_IFIFO ? 0 : makedev(device->major, device->minor)));
	if (done == -EEXIST)
		return accept_existing(context, device, parent, name);
	if (done < 0)
		return init_fail(context, -done, "make the device \"%s\"", device->path);
	return own_device(context, device, parent, name);
}

int init_bind_device(struct init_context *context, const struct step *step)
{
	const struct step_device *device = &step->device;
	struct mount_attr attributes = {
		.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
		.propagation = MS_PRIVATE,
	};
	int AUTO_FD tree = take_fd(&context->slots[device->slot]);
	struct stat info;
	int done;

	if (fstat(tree, &info) < 0)
		return init_fail(
			context, errno, "stat the host's device for \"%s\"", device->path);
	if (!is_device(&info, device))
		return init_fail(
			context, ENODEV, "the host's \"%s\" is another device", device->path);

	int AUTO_FD target = path_create(context->root, device->path, PATH_NOT_DIRECTORY,
		init_path_flags(device->path), &context->err);

	if (target < 0)
		return -1;
	done = sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attributes);
	if (done == 0)
		done = init_attach_tree(tree, target);
	if (done < 0)
		return init_fail(context, -done, "bind the device \"%s\"", device->path);
	return 0;
}

/* ---- symlinks ---- */

static int make_symlink(struct init_context *context, const struct step *step, bool replace)
{
	const char *path = step->file.path, *target = step->file.text;
	char name[PATH_NAME_MAX];
	int parent = open_parent(context, path, name);
	int done;

	if (parent < 0)
		return -1;
	done = SYS_RESULT(symlinkat(target, parent, name));
	if (done == -EEXIST && !replace)
		return 0;
	if (done == -EEXIST) {
		if (unlinkat(parent, name, 0) < 0 && errno != ENOENT)
			return init_fail(context, errno, "remove \"%s\"", path);
		done = SYS_RESULT(symlinkat(target, parent, name));
	}
	if (done < 0)
		return init_fail(context, -done, "make the symlink \"%s\"", path);
	return 0;
}

int init_symlink(struct init_context *context, const struct step *step)
{
	return make_symlink(context, step, false);
}

int init_replace_symlink(struct init_context *context, const struct step *step)
{
	return make_symlink(context, step, true);
}
