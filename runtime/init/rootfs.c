/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root: enter it before anything in it is looked at ("the jail"), make it the root of the
 * mount namespace at the end, and let go of the host.
 */
#include "runtime/init/rooms.h"

#include <string.h>

int init_isolate_mounts(struct init_context *context, const struct step *step)
{
	unsigned long flags = step->propagation.flags;

	/* The copies in a new namespace are peers of the host's mounts: shared, the root that
	 * is attached next would appear on top of the host's. */
	if (flags & MS_SHARED)
		return init_fail(
			context, EINVAL, "isolate a mount namespace that stays shared");

	int done = sys_mount(NULL, "/", NULL, flags, NULL);

	if (done < 0)
		return init_fail(context, -done, "isolate the mount namespace");
	return 0;
}

/*
 * The clone of a shared mount is its peer: what is mounted in it would appear on the host, and
 * pivot_root() wants a root that is not shared.
 */
static int isolate_tree(int tree, unsigned long propagation)
{
	struct mount_attr attributes = {.propagation = propagation & (MS_PRIVATE | MS_SLAVE)};

	if (!attributes.propagation)
		attributes.propagation = MS_PRIVATE;
	return sys_mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes);
}

static int change_root(int fd)
{
	if (fchdir(fd) < 0 || chroot(".") < 0)
		return -errno;
	return 0;
}

int init_enter_root(struct init_context *context, const struct step *step)
{
	int tree = context->slots[step->root.slot];
	int done = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);

	if (done < 0)
		return init_fail(context, -done, "open the host's root");
	context->host_root = done;
	done = isolate_tree(tree, step->root.propagation);
	if (done < 0)
		return init_fail(context, -done, "isolate the root's mount");
	/*
	 * On top of "/", which is a mount in every namespace: no parent to make private, and
	 * the same call makes it ready for pivot_root().
	 */
	done = sys_move_mount(tree, "", context->host_root, "",
		MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	if (done < 0)
		return init_fail(context, -done, "attach the root");
	done = change_root(tree);
	if (done < 0)
		return init_fail(context, -done, "enter the root");
	context->root = tree;
	context->slots[step->root.slot] = -1;
	return 0;
}

int init_leave_root(struct init_context *context, const struct step *step)
{
	/* The descriptor is older than what is mounted on it: "/" is the host's root again. */
	int done = change_root(context->host_root);

	if (done < 0)
		return init_fail(context, -done, "go back to the host's root");
	return 0;
}

/* The mount that PATH below DIR is on, as the kernel numbers them; 0 when it cannot be told. */
static uint64_t mount_id(int dir, const char *path)
{
	struct statx info;

	if (sys_statx(dir, path, AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_MNT_ID, &info) < 0 ||
		!(info.stx_mask & STATX_MNT_ID))
		return 0;
	return info.stx_mnt_id;
}

/*
 * ".." of the root is what is mounted on top of it: the host's root after pivot_root(2), and on
 * top of that whatever the host had put over its own root. All of it goes, or the container
 * does not start: what stays there is the host, one ".." away.
 */
static int let_go_of_host(struct init_context *context)
{
	enum { LAYERS_MAX = 64 };
	uint64_t root = mount_id(context->root, "");

	if (!root)
		return init_fail(
			context, ENOSYS, "ask for the root's mount id (statx, Linux 5.8)");
	for (int i = 0; i < LAYERS_MAX; i++) {
		if (mount_id(AT_FDCWD, "/..") == root)
			return 0;

		int done = sys_umount2("/..", MNT_DETACH);

		if (done < 0)
			return init_fail(context, -done, "let go of the host's root");
	}
	return init_fail(
		context, ELOOP, "the host's root has more than %d mounts on top", LAYERS_MAX);
}

/*
 * Whoever enters a mount namespace by setns(2), as exec does and as the program may if it has
 * the capabilities, lands in the root of the namespace. Where mayfly runs in a chroot, that is
 * still the host's, and only our own root is the container's. So go in once, and look; by a
 * descriptor of our own process (Linux 5.8), which takes no path and a tenth of the time.
 */
static int check_namespace_root(struct init_context *context)
{
	int AUTO_FD self = sys_pidfd_open(getpid(), 0);
	int done = self < 0 ? self : sys_setns(self, CLONE_NEWNS);

	if (done < 0)
		return init_fail(context, -done, "enter the own mount namespace again");

	uint64_t root = mount_id(context->root, "");

	if (!root || mount_id(AT_FDCWD, "/") != root)
		return init_fail(context, EXDEV,
			"mayfly runs in a chroot, and the container could get out of it: "
			"start mayfly outside, or make the chroot a root by pivot_root(8)");
	return 0;
}

static int check_root(struct init_context *context)
{
	struct stat here, root;

	if (stat("/", &here) < 0 || fstat(context->root, &root) < 0)
		return init_fail(context, errno, "look at the new root");
	if (here.st_dev != root.st_dev || here.st_ino != root.st_ino)
		return init_fail(context, EXDEV, "the new root is another directory");
	return 0;
}

int init_pivot_root(struct init_context *context, const struct step *step)
{
	if (fchdir(context->root) < 0)
		return init_fail(context, errno, "enter the root");

	int done = sys_pivot_root(".", ".");

	if (done == -EINVAL)
		return init_fail(context, EINVAL,
			"pivot_root (if the host's root is an initramfs, use --no-pivot)");
	if (done < 0)
		return init_fail(context, -done, "pivot_root");
	if (chdir("/") < 0)
		return init_fail(context, errno, "enter the new root");
	/* The second compares "/" with the root: no other look at it is needed. */
	if (let_go_of_host(context) < 0 || check_namespace_root(context) < 0)
		return -1;
	fd_close(&context->host_root);
	return 0;
}

/*
 * --no-pivot, and containers without a mount namespace. With one, the root is already on top
 * of "/", so that a chroot's usual way out (".." above the root) leads back into it.
 */
int init_chroot(struct init_context *context, const struct step *step)
{
	if (context->root < 0) {
		context->root = context->slots[step->root.slot];
		context->slots[step->root.slot] = -1;
	}

	/* With the host's root as ours, as LEAVE_ROOT left it. */
	bool of_host = step->root.of_host;

	if (context->host_root >= 0 && init_hide_host_mounts(context) < 0)
		return -1;

	int done = change_root(context->root);

	if (done == 0 && chdir("/") < 0)
		done = -errno;
	if (done < 0)
		return init_fail(context, -done, "chroot");
	if (of_host && check_namespace_root(context) < 0)
		return -1;
	fd_close(&context->host_root);
	return check_root(context);
}

int init_set_root(struct init_context *context, const struct step *step)
{
	const struct step_mount *mount = &step->mount;
	struct mount_attr attributes = {.attr_set = mount->set, .attr_clr = mount->clear};
	int done = 0;

	if (mount->set || mount->clear)
		done = sys_mount_setattr(context->root, "", AT_EMPTY_PATH, &attributes);
	if (done < 0)
		return init_fail(context, -done, "change the attributes of the root");
	attributes =
		(struct mount_attr){.attr_set = mount->set_all, .attr_clr = mount->clear_all};
	if (mount->set_all || mount->clear_all)
		done = sys_mount_setattr(
			context->root, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes);
	if (done < 0)
		return init_fail(context, -done, "change the attributes of the root's mounts");
	done = init_propagate(context->root, mount);
	if (done < 0)
		return init_fail(context, -done, "change the propagation of the root");
	return 0;
}

int init_make_directory(struct init_context *context, const struct step *step)
{
	int root = init_root(context);
	int AUTO_FD fd = root < 0 ? root
				  : path_create(root, step->text, PATH_DIRECTORY,
					    init_path_flags(step->text), &context->err);

	return fd < 0 ? -1 : 0;
}

int init_root(struct init_context *context)
{
	if (context->root < 0) {
		int fd = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);

		if (fd < 0)
			return init_fail(context, -fd, "open the root");
		context->root = fd;
	}
	return context->root;
}

unsigned int init_path_flags(const char *path)
{
	static const char *const ours[] = {"dev", "proc", "sys"};

	while (*path == '/')
		path++;
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++) {
		size_t length = strlen(ours[i]);

		if (strncmp(path, ours[i], length) == 0 &&
			(path[length] == '/' || path[length] == '\0'))
			return PATH_NO_SYMLINKS;
	}
	return 0;
}
