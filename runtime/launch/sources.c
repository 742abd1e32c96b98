/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the container needs of the host, as the host sees it: namespaces to join, directories
 * to bind, devices. All is pinned by descriptor before clone(), so that nothing can be swapped
 * later, and so that sources below a directory the container's root may not search can be used.
 */
#include "runtime/init/sources.h"
#include "runtime/launch/outside.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <sys/ioctl.h>
#include <sys/vfs.h>

#include <linux/nsfs.h>

/* When in doubt, it is ours. */
static bool is_ours(int fd, int type)
{
	static const struct {
		int type;
		const char *path;
	} files[] = {
		{CLONE_NEWNS, "/proc/self/ns/mnt"},
		{CLONE_NEWNET, "/proc/self/ns/net"},
		{CLONE_NEWIPC, "/proc/self/ns/ipc"},
		{CLONE_NEWUTS, "/proc/self/ns/uts"},
		{CLONE_NEWUSER, "/proc/self/ns/user"},
	};
	struct stat theirs, ours;

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (files[i].type == type)
			return fstat(fd, &theirs) < 0 || stat(files[i].path, &ours) < 0 ||
			       (theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino);
	return true;
}

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
	/* Before the ioctl, which would be another request to another file system or device. */
	if (fs.f_type != FS_NSFS)
		return fail(err, 0, "\"%s\" is not a namespace", path);

	int type = ioctl(fd, NS_GET_NSTYPE);

	if (type < 0)
		return fail(err, errno, "ask \"%s\" for its type", path);
	if (type != step->open_path.ns_type)
		return fail(err, EINVAL, "\"%s\" is a namespace of another type", path);
	/* pivot_root(2) moves every process of a mount namespace. */
	if (type == CLONE_NEWNS && is_ours(fd, type))
		return fail(err, EINVAL,
			"\"%s\" is the runtime's own mount namespace: the container's root "
			"would replace the host's",
			path);
	if (step->open_path.sysctl && is_ours(fd, type))
		return fail(err, 0,
			"\"%s\" is the host's own: sysctl \"%s\" is not allowed in host %s "
			"namespace",
			path, step->open_path.sysctl,
			type == CLONE_NEWNET ? "network" : "ipc, uts or user");
	launch->slots[step->open_path.slot] = take_fd(&fd);
	return 0;
}

int launch_open_tree(struct launch *launch, const struct step *step, struct error *err)
{
	int fd = source_open_tree(&step->tree, err);

	launch->slots[step->tree.slot] = fd;
	return fd < 0 ? -1 : 0;
}

int launch_open_device(struct launch *launch, const struct step *step, struct error *err)
{
	int fd = source_open_device(&step->device, err);

	launch->slots[step->device.slot] = fd;
	return fd < 0 ? -1 : 0;
}
