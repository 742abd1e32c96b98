/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where files that are handed in may land, and which files come out. A container shows file
 * systems that are not its own: the host's, and those that the kernel writes.
 */
#include "runtime/container/once.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/path.h"
#include "runtime/sys/sys.h"

#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

enum { MOUNTINFO_MAX = 64 * 1024 * 1024 };

/* ---- in ---- */

/*
 * Is that file system mounted for us as well? A tmpfs of the container is not: it was made
 * inside. What a bind shows must be, since open_tree(2) takes nothing of another namespace.
 */
static int is_of_host(struct once *once, dev_t device, struct error *err)
{
	struct arena *arena = &once->birth.operation.arena;
	char wanted[48], *bytes;
	size_t length;
	int AUTO_FD fd = sys_openat(AT_FDCWD, "/proc/self/mountinfo", O_RDONLY, 0);

	if (fd < 0)
		return fail(err, -fd, "open /proc/self/mountinfo");
	if (file_read_fd(fd, MOUNTINFO_MAX, arena, &bytes, &length, err) < 0)
		return -1;
	/* Its third field: "36 35 98:0 /mnt1 /mnt2 ...". */
	snprintf(wanted, sizeof(wanted), "%u:%u", major(device), minor(device));
	for (char *line; (line = strsep(&bytes, "\n"));) {
		char *field = line;

		for (int i = 0; i < 2 && field; i++)
			field = strchr(field, ' ') ? strchr(field, ' ') + 1 : NULL;
		if (field && strncmp(field, wanted, strlen(wanted)) == 0 &&
			field[strlen(wanted)] == ' ')
			return 1;
	}
	return 0;
}

/* 1: DIR is in a tmpfs that this container alone has. */
static int is_own_tmpfs(struct once *once, int root, int dir, struct error *err)
{
	const struct oci_namespace *mounts =
		oci_namespace_find(once->birth.spec->linux, CLONE_NEWNS);
	struct stat here, top;
	struct statfs fs;
	int of_host;

	if (fstatfs(dir, &fs) < 0 || fstat(dir, &here) < 0 || fstat(root, &top) < 0)
		return fail(err, errno, "look at it");
	if (fs.f_type != FS_TMPFS || here.st_dev == top.st_dev || !mounts || mounts->path)
		return 0;
	of_host = is_of_host(once, here.st_dev, err);
	return of_host < 0 ? -1 : !of_host;
}

/* The nearest directory above PATH that is there. */
static int open_above(int root, const char *path, struct error *err)
{
	char parent[PATH_MAX];
	char *slash;

	strcpy(parent, path);
	while ((slash = strrchr(parent, '/'))) {
		*slash = '\0';

		int fd = path_open(
			root, *parent ? parent : "/", PATH_DIRECTORY, PATH_NO_SYMLINKS, err);

		if (fd >= 0 || err->code != ENOENT || !*parent)
			return fd;
	}
	return fail(err, ENOENT, "\"%.200s\"", path);
}

int once_check_place(struct once *once, int root, const char *path, struct error *err)
{
	int own;

	if (strlen(path) >= PATH_MAX)
		return fail(err, ENAMETOOLONG, "\"%.100s\"", path);
	/* What is not there yet cannot be asked where its ".." leads. */
	if (strstr(path, "/../") || strncmp(path, "../", 3) == 0)
		return fail(err, 0,
			"\"%.100s\" has \"..\" in it: name the place in the container's tmpfs "
			"(such as /tmp) without",
			path);

	int AUTO_FD above = open_above(root, path, err);

	if (above < 0)
		return -1;
	own = is_own_tmpfs(once, root, above, err);
	if (own != 0)
		return own < 0 ? -1 : 0;
	return fail(err, 0,
		"\"%.200s\" is not below a tmpfs of the container (such as /tmp): files that "
		"are handed in go nowhere else",
		path);
}

bool once_has_tmp(const struct once *once)
{
	const struct oci_spec *spec = once->birth.spec;

	for (size_t i = spec->n_mounts; i-- > 0;)
		if (strcmp(spec->mounts[i].destination, "/tmp") == 0)
			return spec->mounts[i].type &&
			       strcmp(spec->mounts[i].type, "tmpfs") == 0;
	return false;
}

/* ---- out ---- */

/*
 * There /proc/self is mayfly, not the program; and much of it asks the opener's rights again in
 * its own way.
 */
static const struct {
	const char *name;
	unsigned long type;
} of_kernel[] = {
	{"proc", PROC_SUPER_MAGIC},
	{"sysfs", SYSFS_MAGIC},
	{"cgroup", CGROUP_SUPER_MAGIC},
	{"cgroup2", CGROUP2_SUPER_MAGIC},
	{"debugfs", DEBUGFS_MAGIC},
	{"tracefs", TRACEFS_MAGIC},
	{"securityfs", SECURITYFS_MAGIC},
	{"selinuxfs", SELINUX_MAGIC},
	{"resctrl", RDTGROUP_SUPER_MAGIC},
	{"bpf", BPF_FS_MAGIC},
	{"pstore", PSTOREFS_MAGIC},
	{"efivarfs", EFIVARFS_MAGIC},
};

int once_check_source(int fd, struct error *err)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return fail(err, errno, "look at its file system");
	for (size_t i = 0; i < sizeof(of_kernel) / sizeof(*of_kernel); i++)
		if ((unsigned long)fs.f_type == of_kernel[i].type)
			return fail(err, 0,
				"a file of %s, which is the kernel's: not collected",
				of_kernel[i].name);
	return 0;
}
