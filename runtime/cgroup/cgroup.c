/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One cgroup that is there: open it, write its limits, read its state, freeze it, hand it over.
 */
#include "runtime/cgroup/cgroup.h"

#include "runtime/cgroup/files.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <string.h>

int cgroup_open(
	struct cgroup *cgroup, const struct host *host, const char *path, struct error *err)
{
	char parent[PATH_MAX];
	const char *name;

	*cgroup = (struct cgroup){.fd = -1, .mount = -1, .path = path};
	if (files_split(path, parent, &name, err) < 0)
		return -1;
	cgroup->mount = files_open_mount(host, err);
	if (cgroup->mount < 0)
		return -1;
	cgroup->fd = files_open(cgroup->mount, path + strspn(path, "/"), O_PATH | O_DIRECTORY);
	if (cgroup->fd >= 0)
		return 0;

	int code = -cgroup->fd;

	cgroup->fd = -1;
	fd_close(&cgroup->mount);
	return fail(err, code, "open cgroup \"%s\"", path);
}

void cgroup_close(struct cgroup *cgroup)
{
	fd_close(&cgroup->fd);
	fd_close(&cgroup->mount);
}

/* Why a file that is not there is not: the controller, or its name. */
static int fail_to_write(const struct cgroup *cgroup, int code, const char *file,
	const char *text, size_t length, struct error *err)
{
	size_t prefix = strcspn(file, ".");
	char controllers[512];
	const char *found;

	if ((code == ENOENT || code == EPERM) && !file[prefix])
		return fail(err, code, "\"%s\" must be in the form CONTROLLER.PARAMETER", file);
	if (code == ENOENT && strncmp(file, "cgroup.", 7) != 0 &&
		files_read(cgroup->fd, "cgroup.controllers", controllers,
			sizeof(controllers)) >= 0) {
		for (found = controllers; *found; found += *found == ' ') {
			size_t word = strcspn(found, " \n");

			if (word == prefix && !memcmp(found, file, word))
				break;
			found += word;
			if (*found == '\n')
				found++;
		}
		if (!*found)
			return fail(err, code,
				"controller \"%.*s\" not available: there is no %s in cgroup "
				"\"%s\"",
				(int)prefix, file, file, cgroup->path);
	}
	return fail(err, code, "write \"%.*s\" to %s of cgroup \"%s\"", (int)length, text, file,
		cgroup->path);
}

int cgroup_write(
	const struct cgroup *cgroup, const char *file, const char *text, struct error *err)
{
	if (strchr(file, '/') || !strcmp(file, ".") || !strcmp(file, "..") || !*file)
		return fail(err, 0, "\"%s\" is no file of a cgroup", file);
	if (cgroup->fd < 0)
		return fail(err, 0, "there is no cgroup to write %s in", file);
	/* The kernel takes one line, or one key, at a time. */
	while (*text) {
		size_t length = strcspn(text, "\n");
		int answer = length ? files_write(cgroup->fd, file, text, length) : 0;

		if (answer < 0)
			return fail_to_write(cgroup, -answer, file, text, length, err);
		text += length;
		text += *text == '\n';
	}
	return 0;
}

ssize_t cgroup_read(const struct cgroup *cgroup, const char *file, char *buffer, size_t size)
{
	if (strchr(file, '/') || size == 0)
		return -EINVAL;
	return cgroup->fd < 0 ? -ENOENT : files_read(cgroup->fd, file, buffer, size);
}

int cgroup_open_file(const struct cgroup *cgroup, const char *file)
{
	if (strchr(file, '/'))
		return -EINVAL;
	return cgroup->fd < 0 ? -ENOENT : files_open(cgroup->fd, file, O_RDONLY);
}

static int read_events(const struct cgroup *cgroup, struct events *ret)
{
	int AUTO_FD fd =
		cgroup->fd < 0 ? -ENOENT : files_open(cgroup->fd, "cgroup.events", O_RDONLY);

	return fd < 0 ? fd : files_read_events(fd, ret);
}

int cgroup_populated(const struct cgroup *cgroup)
{
	struct events events;
	int answer = read_events(cgroup, &events);

	return answer < 0 ? answer : events.populated;
}

bool cgroup_is_frozen(const struct cgroup *cgroup)
{
	struct events events;

	return read_events(cgroup, &events) == 0 && events.frozen;
}

static int await_frozen(int dir, void *data)
{
	const int64_t *deadline = data;
	int64_t left = (*deadline - files_now()) / 1000;
	int answer = files_await(dir, EVENT_FROZEN, left > 0 ? (int)left : 0);

	/* Gone is as good as frozen. */
	return answer == -ENODEV || answer == -ENOENT ? 0 : answer;
}

/*
 * A cgroup with processes of its own says "frozen 1" when those are, even while the ones below
 * it still run (cgroup_update_frozen() counts only its own tasks). So ask each cgroup.
 */
static int await_all_frozen(int cgroup_fd, int timeout_ms)
{
	int64_t deadline = files_now() + (int64_t)timeout_ms * 1000;
	const struct walk walk = {
		.enter = await_frozen, .data = &deadline, .deadline = deadline};
	struct stat facts;
	int answer = files_await(cgroup_fd, EVENT_FROZEN, timeout_ms);

	if (answer < 0 || (fstat(cgroup_fd, &facts) == 0 && facts.st_nlink == 2))
		return answer;
	return files_walk(cgroup_fd, &walk);
}

int cgroup_freeze(const struct cgroup *cgroup, bool frozen, int timeout_ms, struct error *err)
{
	int answer = cgroup->fd < 0
			     ? -ENOENT
			     : files_write(cgroup->fd, "cgroup.freeze", frozen ? "1" : "0", 1);

	if (answer == 0)
		answer = frozen ? await_all_frozen(cgroup->fd, timeout_ms)
				: files_await(cgroup->fd, EVENT_THAWED, timeout_ms);
	if (answer == 0)
		return 0;
	/* A cgroup that is gone is not frozen, which is what a thaw wants. */
	if (!frozen && (answer == -ENODEV || answer == -ENOENT))
		return 0;
	/* Leave no container half frozen. */
	if (frozen)
		(void)files_write(cgroup->fd, "cgroup.freeze", "0", 1);
	return fail(err, -answer, "%s cgroup \"%s\"", frozen ? "freeze" : "thaw", cgroup->path);
}

/* The kernel says which files a delegate needs; these since there is cgroup v2. */
static const char delegated[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";

int cgroup_own(const struct cgroup *cgroup, uid_t uid, struct error *err)
{
	char list[4096];
	int AUTO_FD fd = sys_openat(AT_FDCWD, "/sys/kernel/cgroup/delegate", O_RDONLY, 0);
	ssize_t got = fd < 0 ? 0 : sys_read(fd, list, sizeof(list) - 1);

	if (cgroup->fd < 0)
		return fail(err, 0, "there is no cgroup to hand over");
	if (got > 0)
		list[got] = '\0';
	else
		memcpy(list, delegated, sizeof(delegated));
	if (fchownat(cgroup->fd, "", uid, (gid_t)-1, AT_EMPTY_PATH) < 0)
		return fail(err, errno, "give cgroup \"%s\" to user %u", cgroup->path, uid);
	for (char *rest = list, *name; (name = strsep(&rest, "\n"));) {
		if (!*name || strchr(name, '/'))
			continue;
		/* Files of controllers that are not enabled here are missing. */
		if (fchownat(cgroup->fd, name, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0 &&
			errno != ENOENT)
			return fail(err, errno, "give %s of cgroup \"%s\" to user %u", name,
				cgroup->path, uid);
	}
	return 0;
}
