/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts in the order of config.json. A source is always a detached tree, finished before it is
 * attached; a target is always a descriptor from path.h. No path is given to the kernel twice.
 */
#include "runtime/init/rooms.h"

#include <limits.h>
#include <string.h>
#include <sys/vfs.h>

int init_propagate(int fd, const struct step_mount *mount)
{
	for (size_t i = 0; i < mount->n_propagation; i++) {
		unsigned long word = mount->propagation[i];
		struct mount_attr attributes = {.propagation = word & ~(unsigned long)MS_REC};
		int done = sys_mount_setattr(fd, "",
			AT_EMPTY_PATH | (word & MS_REC ? AT_RECURSIVE : 0), &attributes);

		if (done < 0)
			return done;
	}
	return 0;
}

/*
 * The sentence that callers look into (contract of Docker and Podman): an errno text follows,
 * "no such file or directory" or "not a directory".
 */
static int fail_mount(struct init_context *context, const struct step_mount *mount)
{
	const char *source = mount->source && mount->source[0] ? mount->source
			     : mount->type		       ? mount->type
							       : "none";

	error_while(&context->err, "error mounting \"%s\" to rootfs at \"%s\"", source,
		mount->target);
	return -1;
}

static unsigned int target_flags(const struct step_mount *mount)
{
	return mount->no_symlinks ? PATH_NO_SYMLINKS : init_path_flags(mount->target);
}

/* The target of a new file system, and whether it existed; else it is made. */
static int open_directory(
	struct init_context *context, const struct step_mount *mount, bool *ret_existed)
{
	return path_open_or_create(context->root, mount->target, PATH_DIRECTORY,
		target_flags(mount), ret_existed, &context->err);
}

static int set_attributes(int fd, uint64_t set, uint64_t clear, unsigned int recursive)
{
	/* The kernel wants the whole atime field cleared when one of its values is set. */
	if (set & MOUNT_ATTR__ATIME)
		clear |= MOUNT_ATTR__ATIME;

	struct mount_attr attributes = {.attr_set = set, .attr_clr = clear};

	if (!set && !clear)
		return 0;
	return sys_mount_setattr(fd, "", AT_EMPTY_PATH | recursive, &attributes);
}

/* The access time setting of the mount at FD as MOUNT_ATTR, or -1. */
static int64_t atime_of(int fd)
{
	enum { NOATIME = 1024, NODIRATIME = 2048, RELATIME = 4096 }; /* ST_…, statvfs(3) */
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return -1;
	if (fs.f_flags & NOATIME)
		return MOUNT_ATTR_NOATIME;
	return fs.f_flags & RELATIME ? MOUNT_ATTR_RELATIME : MOUNT_ATTR_STRICTATIME;
}

/*
 * In a user namespace, flags that came with the mount are locked. What the user asked to
 * clear must be cleared or be an error; an access time that is already so needs no change.
 */
static int set_attributes_locked(int tree, const struct step_mount *mount)
{
	int done = set_attributes(tree, mount->set, mount->clear, 0);
	uint64_t atime = mount->set & MOUNT_ATTR__ATIME;

	if (done != -EPERM || (mount->clear & ~(uint64_t)MOUNT_ATTR__ATIME))
		return done;
	if (atime_of(tree) != (int64_t)atime)
		return done;
	return set_attributes(tree, mount->set & ~(uint64_t)MOUNT_ATTR__ATIME, 0, 0);
}

/* All that can be said about a detached tree before it is anywhere. */
static int finish_tree(struct init_context *context, int tree, const struct step_mount *mount)
{
	int done = init_propagate(tree, mount);

	if (done < 0)
		return init_fail(context, -done, "change the propagation");
	done = set_attributes_locked(tree, mount);
	if (done == 0)
		done = set_attributes(tree, mount->set_all, mount->clear_all, AT_RECURSIVE);
	if (done < 0)
		return init_fail(context, -done, "change the mount's attributes");
	return 0;
}

/* ---- new file systems ---- */

/* The planned second way, when the kernel refuses the first. A tree that is not yet finished,
 * or -1. */
static int make_otherwise(struct init_context *context, const struct step_mount *mount,
	int mode, bool *ret_is_bind)
{
	int refused = context->err.code;

	switch (mount->otherwise) {
	case OTHERWISE_FAIL:
		break;
	case OTHERWISE_WITHOUT_GID:
		if (refused != EINVAL)
			break;
		return init_new_filesystem(mount, mode, true, &context->err);
	case OTHERWISE_BIND_HOST:
		/* EBUSY: a hybrid host has its cgroup2 controllers in v1. */
		if ((refused != EPERM && refused != EBUSY) || context->slots[mount->slot] < 0)
			break;
		*ret_is_bind = true;
		return take_fd(&context->slots[mount->slot]);
	}
	return -1;
}

/* The words of a new file system say nothing about the host's mounts, whose peer a clone is. */
static int finish_host_tree(
	struct init_context *context, int tree, const struct step_mount *mount)
{
	struct mount_attr private = {.propagation = MS_PRIVATE};
	int done = sys_mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &private);

	if (done < 0)
		return init_fail(context, -done, "make the host's mount private");
	return finish_tree(context, tree, mount);
}

static int make_tree(struct init_context *context, const struct step_mount *mount, int mode)
{
	bool is_bind = false;
	int AUTO_FD tree = init_new_filesystem(mount, mode, false, &context->err);
	int done;

	if (tree < 0)
		tree = make_otherwise(context, mount, mode, &is_bind);
	if (tree < 0)
		return -1;
	if (is_bind)
		return finish_host_tree(context, tree, mount) < 0 ? -1 : take_fd(&tree);
	done = init_propagate(tree, mount);
	if (done < 0)
		return init_fail(context, -done, "change the propagation");
	return take_fd(&tree);
}

static bool is_procfs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == FS_PROC;
}

/*
 * The config may not mount into /proc, but a link of the image may lead there under another
 * name; and what is bound on /proc itself must be a real one, because labels and sysctls are
 * what the program believes of it (CVE-2019-16884).
 */
static int check_procfs(
	struct init_context *context, const struct step_mount *mount, int target, int tree)
{
	static const char proc[] = "/proc";
	const size_t length = sizeof(proc) - 1;
	/* Not "/procedures", whose links are followed. */
	bool on_proc = strncmp(mount->target, proc, length) == 0 &&
		       (mount->target[length] == '/' || mount->target[length] == '\0');

	if (!on_proc && is_procfs(target))
		return init_fail(context, EPERM, "the target leads into a procfs");
	if (strcmp(mount->target, proc) == 0 && !is_procfs(tree))
		return init_fail(context, EPERM, "only a procfs may be on /proc");
	return 0;
}

static int mount_new(struct init_context *context, const struct step_mount *mount)
{
	bool existed;
	struct stat info;
	int mode = -1;
	int AUTO_FD target = open_directory(context, mount, &existed);

	if (target < 0)
		return -1;
	if (existed && mount->keep_mode) {
		if (fstat(target, &info) < 0)
			return init_fail(context, errno, "stat the target");
		mode = info.st_mode & 07777;
	}

	int AUTO_FD tree = make_tree(context, mount, mode);

	if (tree < 0)
		return -1;
	if (check_procfs(context, mount, target, tree) < 0)
		return -1;
	if (existed && mount->copy_up && init_copy_up(target, tree, &context->err) < 0)
		return -1;

	int done = init_attach_tree(tree, target);

	if (done < 0)
		return init_fail(context, -done, "attach");
	return 0;
}

int init_mount(struct init_context *context, const struct step *step)
{
	if (mount_new(context, &step->mount) < 0)
		return fail_mount(context, &step->mount);
	return 0;
}

/* ---- binds ---- */

/* Podman's image volumes: /var/run -> /run stays a symlink. One that is there already is fine.
 */
static int copy_symlink(struct init_context *context, const struct step_mount *mount, int link)
{
	char text[PATH_MAX], there[PATH_MAX], name[PATH_NAME_MAX];
	ssize_t length = readlinkat(link, "", text, sizeof(text) - 1);

	if (length < 0)
		return init_fail(context, errno, "read the symlink");
	text[length] = '\0';

	int AUTO_FD parent = path_create_parent(
		context->root, mount->target, target_flags(mount), name, &context->err);

	if (parent < 0)
		return -1;
	if (symlinkat(text, parent, name) == 0)
		return 0;

	int code = errno;

	length = readlinkat(parent, name, there, sizeof(there) - 1);
	if (code == EEXIST && length > 0) {
		there[length] = '\0';
		if (strcmp(text, there) == 0)
			return 0;
	}
	return init_fail(context, code, "copy the symlink");
}

/* What is at exactly that path, a symlink as well; or it is made. */
static int open_nofollow(
	struct init_context *context, const struct step_mount *mount, enum path_type type)
{
	char name[PATH_NAME_MAX];
	int AUTO_FD parent = path_create_parent(
		context->root, mount->target, target_flags(mount), name, &context->err);
	int fd;

	if (parent < 0)
		return -1;
	fd = sys_openat(parent, name, O_PATH | O_NOFOLLOW, 0);
	if (fd >= 0)
		return fd;
	if (fd != -ENOENT)
		return init_fail(context, -fd, "open the target");
	return path_create(
		context->root, mount->target, type, target_flags(mount), &context->err);
}

static int attach(struct init_context *context, const struct step_mount *mount)
{
	int AUTO_FD tree = take_fd(&context->slots[mount->slot]);
	struct stat info;

	if (fstat(tree, &info) < 0)
		return init_fail(context, errno, "stat the source");
	if (mount->copy_symlink && S_ISLNK(info.st_mode))
		return copy_symlink(context, mount, tree);

	/* A file attached to a symlink, or to a directory, is never what was asked for. */
	enum path_type type = S_ISDIR(info.st_mode) ? PATH_DIRECTORY : PATH_NOT_DIRECTORY;
	int AUTO_FD target = mount->target_nofollow
				     ? open_nofollow(context, mount, type)
				     : path_create(context->root, mount->target, type,
					       target_flags(mount), &context->err);

	if (target < 0) {
		/* One word for both mismatches; Docker gives a hint when it reads it. */
		if (context->err.code == EISDIR)
			context->err.code = ENOTDIR;
		return -1;
	}
	if (check_procfs(context, mount, target, tree) < 0 ||
		finish_tree(context, tree, mount) < 0)
		return -1;

	int done = init_attach_tree(tree, target);

	if (done < 0)
		return init_fail(context, -done, "attach");
	return 0;
}

int init_attach(struct init_context *context, const struct step *step)
{
	if (attach(context, &step->mount) < 0)
		return fail_mount(context, &step->mount);
	return 0;
}

/* ---- what is already mounted ---- */

int init_change_mount(struct init_context *context, const struct step *step)
{
	const struct step_mount *mount = &step->mount;
	int AUTO_FD fd = path_open(
		context->root, mount->target, PATH_ANY, target_flags(mount), &context->err);

	if (fd < 0)
		return -1;
	if (((mount->data && mount->data[0]) || mount->superblock) &&
		init_reconfigure(fd, mount, &context->err) < 0)
		goto named;
	if (finish_tree(context, fd, mount) < 0)
		goto named;
	return 0;
named:
	error_while(&context->err, "change the mount at \"%s\"", mount->target);
	return -1;
}
