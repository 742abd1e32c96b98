/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Away with a cgroup and with what the container made below it. The first try is one rmdir;
 * only its EBUSY makes us look.
 */
#include "runtime/cgroup/files.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static int remove_child(int parent, const char *name, void *unused)
{
	/* EBUSY: it has processes, or cgroups to be removed first. All else is told at the end.
	 */
	return unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno != EBUSY;
}

static int leave_child(int parent, const char *name, void *unused)
{
	(void)unlinkat(parent, name, AT_REMOVEDIR);
	return 0;
}

/* What keeps PATH from being removed: say how many. */
static int fail_to_remove(int mount, const char *path, int code, struct error *err)
{
	int AUTO_FD rest = files_open(mount, path, O_PATH | O_DIRECTORY);
	size_t count = 0;

	if (code == EBUSY && rest >= 0 && files_count_processes(rest, &count) == 0 && count > 0)
		return fail(err, code, "remove cgroup \"/%s\": %zu process(es) are still in it",
			path, count);
	return fail(err, code, "remove cgroup \"/%s\"", path);
}

/* One more try after the kernel said EBUSY; 0, or a negative errno. */
static int remove_tree(int parent, const char *name, int64_t deadline)
{
	int AUTO_FD top = files_open(parent, name, O_PATH | O_DIRECTORY);
	const struct walk walk = {
		.child = remove_child, .leave = leave_child, .deadline = deadline};
	int walked = top < 0 ? top : files_walk(top, &walk);

	if (unlinkat(parent, name, AT_REMOVEDIR) == 0)
		return 0;
	return walked == -ETIMEDOUT ? -EBUSY : -errno;
}

int files_remove(int mount, const char *path, int timeout_ms, struct error *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	int64_t deadline = files_now() + (int64_t)timeout_ms * 1000;
	char parent_path[PATH_MAX];
	int pause = 0;

	snprintf(parent_path, sizeof(parent_path), "%.*s", slash ? (int)(slash - path) : 0,
		path);

	int AUTO_FD parent = files_open(mount, parent_path, O_PATH | O_DIRECTORY);

	if (parent == -ENOENT)
		return 0;
	if (parent < 0)
		return fail(err, -parent, "open cgroup \"/%s\"", parent_path);

	/* Nearly always it is empty and flat. */
	int answer = unlinkat(parent, name, AT_REMOVEDIR) == 0 ? 0 : -errno;

	while (answer == -EBUSY) {
		answer = remove_tree(parent, name, deadline);
		if (answer != -EBUSY || files_now() >= deadline)
			break;
		/* A task on its way out of exit() holds it for some microseconds more. */
		files_pause(&pause);
	}
	if (answer == 0 || answer == -ENOENT || answer == -ENODEV)
		return 0;
	return fail_to_remove(mount, path, -answer, err);
}

bool cgroup_remove_empty(const struct host *host, const char *path)
{
	char parent_path[PATH_MAX];
	struct error ignored;
	const char *name;

	if (files_split(path, parent_path, &name, &ignored) < 0)
		return false;

	int AUTO_FD mount = files_open_mount(host, &ignored);
	int AUTO_FD parent =
		mount < 0 ? mount : files_open(mount, parent_path, O_PATH | O_DIRECTORY);

	return parent >= 0 && unlinkat(parent, name, AT_REMOVEDIR) == 0;
}

int cgroup_remove(const struct host *host, const char *path, int timeout_ms, struct error *err)
{
	char parent_path[PATH_MAX];
	const char *name;

	if (files_split(path, parent_path, &name, err) < 0)
		return -1;

	int AUTO_FD mount = files_open_mount(host, err);

	return mount < 0 ? -1 : files_remove(mount, path + 1, timeout_ms, err);
}

void cgroup_undo(struct cgroup *cgroup, int timeout_ms)
{
	struct error ignored;
	char path[PATH_MAX];
	char *slash;

	if (cgroup->mount < 0 || cgroup->path[0] != '/' || strlen(cgroup->path) >= sizeof(path))
		return;
	strcpy(path, cgroup->path + 1);
	if (cgroup->fd >= 0 && timeout_ms > 0)
		(void)cgroup_kill(cgroup, timeout_ms, &ignored);
	if (cgroup->fd >= 0 && cgroup->created > 0) {
		(void)files_remove(cgroup->mount, path, timeout_ms, &ignored);
		cgroup->created--;
	}
	/* Parents only while they are empty: others may live there by now. */
	for (slash = strrchr(path, '/'); slash && cgroup->created > 0; cgroup->created--) {
		*slash = '\0';
		slash = strrchr(path, '/');

		int AUTO_FD dir = files_open(cgroup->mount, "", O_PATH | O_DIRECTORY);

		if (slash) {
			*slash = '\0';
			fd_close(&dir);
			dir = files_open(cgroup->mount, path, O_PATH | O_DIRECTORY);
			*slash = '/';
		}
		if (dir < 0 || unlinkat(dir, slash ? slash + 1 : path, AT_REMOVEDIR) < 0)
			return;
	}
}
