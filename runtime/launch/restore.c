/* SPDX-License-Identifier: Apache-2.0 */
/* A container from the files of a checkpoint: its cgroup, and criu in it, which makes the rest.
 */
#include "runtime/launch/criu.h"

#include "oci/json.h"
#include "runtime/launch/outside.h"
#include "runtime/launch/terminal.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/path.h"
#include "runtime/sys/sys.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where its mounts come from now. */
static int add_restore_mounts(struct criu *criu, struct launch *launch, struct error *err)
{
	const struct oci_spec *spec = launch->wanted->spec;
	const struct oci_namespace *group = oci_namespace_find(spec->linux, CLONE_NEWCGROUP);
	const struct host *host = launch->host;

	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct oci_mount *mount = &spec->mounts[i];
		const char *source = mount->source ? mount->source : "";
		bool cgroup = mount->type && !strncmp(mount->type, "cgroup", 6);
		int result;

		if (!criu_is_external(mount))
			continue;
		if (cgroup)
			result = criu_add(criu, err, "--external", "mnt[%s]:%s%s",
				mount->destination, host->cgroup_mount,
				group && launch->cgroup.fd >= 0 ? launch->plan->cgroup : "");
		else
			result = criu_add(criu, err, "--external", "mnt[%s]:%s%s%s",
				mount->destination,
				*source == '/' ? "" : launch->wanted->request->bundle,
				*source == '/' ? "" : "/", source);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* On a file system that is made anew, criu makes (or finds) what is below. */
static bool is_below_another(const struct oci_spec *spec, size_t index)
{
	const char *path = spec->mounts[index].destination;

	for (size_t i = 0; i < index; i++) {
		const char *top = spec->mounts[i].destination;
		size_t length = strlen(top);

		if (strncmp(path, top, length) == 0 && path[length] == '/')
			return true;
	}
	return false;
}

/* A root that is not the one of the checkpoint (Podman's --import) lacks the mount points. */
static int make_mount_points(const struct launch *launch, const char *rootfs, struct error *err)
{
	const struct oci_spec *spec = launch->wanted->spec;
	int AUTO_FD root = sys_openat(AT_FDCWD, rootfs, O_PATH | O_DIRECTORY, 0);

	if (root < 0)
		return fail(err, -root, "open \"%s\"", rootfs);
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct oci_mount *mount = &spec->mounts[i];
		const char *source = mount->source;
		struct stat info = {.st_mode = S_IFDIR};

		if (is_below_another(spec, i))
			continue;
		if (criu_is_bind(mount) && source && *source != '/')
			source = arena_format(launch->plan->arena, "%s/%s",
				launch->wanted->request->bundle, source);
		if (criu_is_bind(mount) && (!source || stat(source, &info) < 0)) {
			(void)fail(err, errno, "look at \"%s\"", source ? source : "");
			return fail_in(err, "mounts[%zu]", i);
		}

		enum path_type type =
			S_ISDIR(info.st_mode) ? PATH_DIRECTORY : PATH_NOT_DIRECTORY;
		int AUTO_FD made = path_create(root, mount->destination, type, 0, err);

		if (made < 0)
			return fail_in(err, "mounts[%zu]", i);
	}
	return 0;
}

/* "pipe:[123]" of descriptors 0 to 2 at the checkpoint: descriptors.json beside the images. */
static int add_stdio(struct criu *criu, struct launch *launch,
	const struct restoring *restoring, int copies[3], struct error *err)
{
	const struct json *list;
	size_t length;
	char *text;
	int AUTO_FD dir = sys_openat(AT_FDCWD, restoring->images, O_PATH | O_DIRECTORY, 0);

	if (dir < 0)
		return fail(err, -dir, "open the checkpoint \"%s\"", restoring->images);
	if (file_read(dir, "descriptors.json", 64 * 1024, criu->arena, &text, &length, err) <
		0) {
		error_while(err, "read the checkpoint \"%s\"", restoring->images);
		return -1;
	}
	if (json_parse(text, length, criu->arena, &list, err) < 0)
		return fail_in(err, "descriptors.json");
	for (size_t i = 0; list->kind == JSON_ARRAY && i < list->count && i < 3; i++) {
		const struct json *name = &list->items[i];

		if (name->kind != JSON_STRING || strncmp(name->text, "pipe:", 5) != 0)
			continue;
		copies[i] = fcntl((int)i, F_DUPFD_CLOEXEC, 10);
		if (copies[i] < 0)
			return fail(err, errno, "copy descriptor %zu", i);
		if (criu_add(criu, err, "--inherit-fd", "fd[%d]:%s", copies[i], name->text) < 0)
			return -1;
	}
	return 0;
}

static int add_network(struct criu *criu, struct launch *launch, int *ret, struct error *err)
{
	const struct oci_namespace *network =
		oci_namespace_find(launch->wanted->spec->linux, CLONE_NEWNET);

	if (!network || !network->path)
		return 0;
	*ret = sys_openat(AT_FDCWD, network->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (*ret < 0)
		return fail(err, -*ret, "open the network namespace \"%s\"", network->path);
	return criu_add(criu, err, "--inherit-fd", "fd[%d]:extRootNetNS", *ret);
}

/* In the new process: its cgroup namespace, and the root as a mount of its own, which nobody
 * else sees and which goes with it. */
static _Noreturn void restore_inside(const struct criu *criu, const struct launch *launch,
	const char *rootfs, const int *keep)
{
	const struct oci_namespace *group =
		oci_namespace_find(launch->wanted->spec->linux, CLONE_NEWCGROUP);

	if (group && !group->path && unshare(CLONE_NEWCGROUP) < 0)
		_exit(CRIU_NO_CGROUP_NAMESPACE);
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
		mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL) < 0 ||
		mount(NULL, rootfs, NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		_exit(CRIU_NO_MOUNT);
	for (size_t i = 0; i < 4; i++)
		if (keep[i] >= 0 && criu_keep_open(keep[i]) < 0)
			_exit(CRIU_NO_DESCRIPTORS);
	criu_execute(criu, -1);
}

static int run_inside(struct criu *criu, struct launch *launch,
	const struct restoring *restoring, const int *keep, struct error *err)
{
	int AUTO_FD pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND | CLONE_NEWNS,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};

	if (launch->cgroup.fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)launch->cgroup.fd;
	}

	pid_t pid = sys_clone3(&args);

	if (pid == 0)
		restore_inside(criu, launch, restoring->rootfs, keep);
	if (pid < 0)
		return fail(err, -pid, "run criu");
	return criu_await_end(criu, pidfd, err);
}

/* One of our own: several containers may be restored from the same files at once. */
enum { PID_FILE_SIZE = 32 };

static void name_pid_file(char ret[PID_FILE_SIZE])
{
	snprintf(ret, PID_FILE_SIZE, "mayfly.%d.pid", getpid());
}

/* criu does not write over one, and a restore that was killed left its own. */
static void remove_pid_file(const struct restoring *restoring)
{
	int AUTO_FD dir = sys_openat(AT_FDCWD, restoring->work, O_PATH | O_DIRECTORY, 0);
	char name[PID_FILE_SIZE];

	name_pid_file(name);
	if (dir >= 0)
		(void)unlinkat(dir, name, 0);
}

static int read_pid(struct launch *launch, const struct restoring *restoring, struct error *err)
{
	int AUTO_FD dir = sys_openat(AT_FDCWD, restoring->work, O_PATH | O_DIRECTORY, 0);
	char name[PID_FILE_SIZE], digits[32];

	name_pid_file(name);

	ssize_t length = dir < 0 ? dir : file_read_small(dir, name, digits, sizeof(digits));

	if (length <= 0)
		return fail(err, (int)-length, "read the pid that criu wrote");
	launch->pid = (pid_t)strtol(digits, NULL, 10);
	/* --restore-sibling makes it our child: the number is its own. */
	launch->pidfd = sys_pidfd_open(launch->pid, 0);
	if (launch->pidfd < 0)
		return fail(err, -launch->pidfd, "hold the restored process %d", launch->pid);
	return 0;
}

/* criu has left the tasks stopped: now that the hooks have run, each goes on. */
static int resume_all(struct launch *launch, struct error *err)
{
	size_t count = 0;
	pid_t *pids = NULL;

	if (launch->cgroup.fd < 0)
		return fail(err, 0, "without a cgroup, the restored tasks cannot be resumed");
	if (cgroup_processes(&launch->cgroup, &pids, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		int AUTO_FD pidfd = sys_pidfd_open(pids[i], 0);

		if (pidfd >= 0)
			(void)sys_pidfd_send_signal(pidfd, SIGCONT); /* it may be gone: fine */
	}
	free(pids);
	return 0;
}

/* Hooks come after the namespaces and before the program goes on. */
static int run_hooks(struct launch *launch, struct error *err)
{
	if (!launch_has_step(&launch->plan->outside, STEP_RUN_HOOKS))
		return 0;
	if (launch_run_hooks(launch, err) < 0)
		return -1;
	return resume_all(launch, err);
}

static int restore(
	struct launch *launch, const struct restoring *restoring, int *keep, struct error *err)
{
	struct criu criu;
	char pid_file[PID_FILE_SIZE];

	name_pid_file(pid_file);
	if (criu_start(&criu, launch->plan->arena, "restore", err) < 0 ||
		criu_add_directories(
			&criu, restoring->images, restoring->work, "restore.log", err) < 0 ||
		criu_add(&criu, err, "--root", "%s", restoring->rootfs) < 0 ||
		criu_add(&criu, err, "--restore-detached", NULL) < 0 ||
		criu_add(&criu, err, "--restore-sibling", NULL) < 0 ||
		criu_add(&criu, err, "--pidfile", "%s", pid_file) < 0 ||
		add_restore_mounts(&criu, launch, err) < 0 ||
		add_stdio(&criu, launch, restoring, keep, err) < 0 ||
		add_network(&criu, launch, &keep[3], err) < 0)
		return -1;
	if (launch_has_step(&launch->plan->outside, STEP_RUN_HOOKS) &&
		criu_add(&criu, err, "--leave-stopped", NULL) < 0)
		return -1;
	for (size_t i = 0; restoring->options[i]; i++)
		if (criu_add(&criu, err, restoring->options[i], NULL) < 0)
			return -1;
	if (make_mount_points(launch, restoring->rootfs, err) < 0 ||
		run_inside(&criu, launch, restoring, keep, err) < 0)
		return -1;
	if (read_pid(launch, restoring, err) < 0 || launch_release_unit(launch, err) < 0)
		return -1;
	return run_hooks(launch, err);
}

int launch_restore(struct launch *launch, const struct restoring *restoring, struct error *err)
{
	int keep[4] = {-1, -1, -1, -1};
	int result = launch_steps_of_cgroup(launch, err);

	remove_pid_file(restoring);
	if (result == 0)
		result = restore(launch, restoring, keep, err);
	remove_pid_file(restoring);
	if (result == 0 && launch->pidfd_socket)
		result = launch_send_descriptor(
			launch->pidfd_socket, launch->pidfd, "pidfd", err);
	for (size_t i = 0; i < 4; i++)
		fd_close(&keep[i]);
	if (result < 0)
		launch_undo(launch);
	return result;
}
