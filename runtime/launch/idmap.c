/* SPDX-License-Identifier: Apache-2.0 */
/* Id maps: of the container's user namespace, and of the mounts it sees through them. */
#include "runtime/launch/outside.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/path.h"
#include "runtime/sys/process.h"
#include "runtime/sys/sys.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A map is written in one write(2) of less than a page: user_namespaces(7). */
enum { MAP_TEXT_MAX = 4096 };

static int write_pid_file(struct launch *launch, pid_t pid, const char *name, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "%d/%s", pid, name);
	return path_write_knob(launch->inside.proc, path, text, FS_PROC);
}

int launch_write_proc(struct launch *launch, const char *name, const char *text)
{
	return write_pid_file(launch, launch->pid, name, text);
}

static int print_map(const struct id_map *map, size_t count, char text[MAP_TEXT_MAX])
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		int length = snprintf(text + used, MAP_TEXT_MAX - used, "%u %u %u\n",
			map[i].inside, map[i].outside, map[i].size);

		if (length < 0 || used + (size_t)length >= MAP_TEXT_MAX)
			return -E2BIG;
		used += (size_t)length;
	}
	return 0;
}

/* newuidmap and newgidmap of the package uidmap; PATH may be absent from our environment. */
static const char *find_helper(const char *name, char path[64])
{
	static const char *const places[] = {
		"/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin", NULL};

	for (size_t i = 0; places[i]; i++) {
		snprintf(path, 64, "%s/%s", places[i], name);
		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

static int run_helper(
	const char *name, pid_t pid, const struct id_map *map, size_t count, struct error *err)
{
	char path[64], numbers[OCI_ID_MAPPINGS_MAX * 3 + 1][12];
	char *argv[OCI_ID_MAPPINGS_MAX * 3 + 3];
	size_t used = 0;
	pid_t helper;
	int status;

	if (count > OCI_ID_MAPPINGS_MAX)
		return fail(err, E2BIG, "%zu id mappings", count);
	if (!find_helper(name, path))
		return fail(err, ENOENT,
			"%s (package uidmap) is needed to map more ids than your own", name);
	argv[0] = path;
	snprintf(numbers[0], sizeof(*numbers), "%d", pid);
	argv[1] = numbers[0];
	for (size_t i = 0; i < count; i++) {
		const uint32_t values[3] = {map[i].inside, map[i].outside, map[i].size};

		for (size_t k = 0; k < 3; k++) {
			char *number = numbers[1 + used];

			snprintf(number, sizeof(*numbers), "%u", values[k]);
			argv[2 + used++] = number;
		}
	}
	argv[2 + used] = NULL;

	/* Its complaint goes to our stderr, which is where the caller looks. No environment. */
	char *const no_env[] = {NULL};
	int failed = posix_spawn(&helper, path, NULL, NULL, argv, no_env);

	if (failed)
		return fail(err, failed, "run %s", path);
	while (waitpid(helper, &status, 0) < 0)
		if (errno != EINTR)
			return fail(err, errno, "wait for %s", path);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return fail(err, 0,
			"%s: write to the id map failed: are the ids in /etc/subuid and "
			"/etc/subgid?",
			name);
	return 0;
}

static int write_map(struct launch *launch, pid_t pid, const char *name,
	const struct id_map *map, size_t count, struct error *err)
{
	char text[MAP_TEXT_MAX];
	int done = print_map(map, count, text);

	if (done == 0)
		done = write_pid_file(launch, pid, name, text);
	if (done < 0)
		return fail(err, -done, "write %s", name);
	return 0;
}

static int map_process(
	struct launch *launch, pid_t pid, const struct step_maps *maps, struct error *err)
{
	if (maps->deny_setgroups) {
		int done = write_pid_file(launch, pid, "setgroups", "deny");

		if (done < 0)
			return fail(err, -done, "write setgroups");
	}
	if (maps->helpers) {
		if (run_helper("newgidmap", pid, maps->gids, maps->n_gids, err) < 0)
			return -1;
		return run_helper("newuidmap", pid, maps->uids, maps->n_uids, err);
	}
	if (write_map(launch, pid, "gid_map", maps->gids, maps->n_gids, err) < 0)
		return -1;
	return write_map(launch, pid, "uid_map", maps->uids, maps->n_uids, err);
}

int launch_map_ids(struct launch *launch, const struct step *step, struct error *err)
{
	return map_process(launch, launch->pid, &step->maps, err);
}

/* A user namespace that lives only to lend its maps: a child that does nothing but wait to be
 * killed. */
static int borrow_namespace(
	struct launch *launch, const struct step_maps *maps, struct error *err)
{
	int AUTO_FD pidfd = -1;
	int namespace = -1, status;
	struct clone_args args = {
		.flags = CLONE_NEWUSER | CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t parent = getpid(), pid = sys_clone3(&args);

	if (pid == 0) {
		/* It may have died before we asked; our copies of its descriptors hold its
		 * lock. */
		if (sys_prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent)
			_exit(1);
		for (;;)
			pause();
	}
	if (pid < 0)
		return fail(err, -pid, "make a user namespace for the mount's id map");

	int result = map_process(launch, pid, maps, err);

	if (result == 0) {
		char path[64];

		snprintf(path, sizeof(path), "%d/ns/user", pid);
		namespace = sys_openat(launch->inside.proc, path, O_RDONLY, 0);
		if (namespace < 0)
			result = fail(err, -namespace, "open the user namespace of the id map");
	}
	(void)sys_pidfd_send_signal(pidfd, SIGKILL); /* our child, unreaped: it is there */
	(void)process_reap(pidfd, LAUNCH_TIMEOUT_MS, &status);
	return result < 0 ? -1 : namespace;
}

int launch_map_tree(struct launch *launch, const struct step *step, struct error *err)
{
	const struct step_map_tree *map = &step->map_tree;
	int tree = launch->slots[map->slot];
	unsigned int flags = AT_EMPTY_PATH | (map->recursive ? AT_RECURSIVE : 0);
	char path[64];

	/* A clone of a shared mount is its peer: what is mounted below it would show on the
	 * host. */
	struct mount_attr private = {.propagation = MS_PRIVATE};
	int done = sys_mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &private);

	if (done < 0)
		return fail(err, -done, "make the mount private");

	int AUTO_FD namespace = -1;

	if (map->of_container) {
		snprintf(path, sizeof(path), "%d/ns/user", launch->pid);
		namespace = sys_openat(launch->inside.proc, path, O_RDONLY, 0);
		if (namespace < 0)
			return fail(err, -namespace, "open the container's user namespace");
	} else {
		namespace = borrow_namespace(launch, &map->maps, err);
		if (namespace < 0)
			return -1;
	}

	struct mount_attr attributes = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.userns_fd = (uint64_t) namespace,
	};

	done = sys_mount_setattr(tree, "", flags, &attributes);
	if (done < 0)
		return fail(err, -done,
			"map the ids of the mount: does its file system support it?");
	return 0;
}
