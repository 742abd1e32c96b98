/* SPDX-License-Identifier: Apache-2.0 */
/* exec: one more process in a container, by the same rooms as create. */
#include "runtime/container/operation.h"

#include "oci/json.h"
#include "runtime/launch/terminal.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/process.h"
#include "runtime/sys/sys.h"

#include <stdio.h>
#include <string.h>

enum { PROCESS_LIMIT = OCI_BYTES_MAX };

/* ---- which process ---- */

static size_t count_texts(const char *const *list)
{
	size_t count = 0;

	while (list && list[count])
		count++;
	return count;
}

static int set_environment(struct oci_process *process, const char *const *more,
	struct arena *arena, struct error *err)
{
	size_t count = count_texts(more);
	const char **env = arena_grow(
		arena, process->env, process->n_env, process->n_env + count + 1, sizeof(*env));

	if (!env)
		return fail(err, ENOMEM, "make the environment");
	for (size_t i = 0; i < count; i++) {
		const char *equals = strchr(more[i], '=');

		if (!equals || equals == more[i])
			return fail(err, 0, "--env: \"%s\" is not NAME=VALUE", more[i]);
		env[process->n_env + i] = more[i];
	}
	process->env = env;
	process->n_env += count;
	return 0;
}

/*
 * Bounding, effective and permitted; never inheritable: CVE-2022-29162. What the config made
 * inheritable becomes ambient, else a user other than root would lose it at execve(2).
 */
static int add_capabilities(struct operation *operation, struct oci_process *process,
	const char *const *names, struct error *err)
{
	struct oci_capabilities *all;

	if (!names || !*names)
		return 0;
	all = arena_alloc(&operation->arena, sizeof(*all));
	if (!all)
		return fail(err, ENOMEM, "make the capabilities");
	if (process->capabilities)
		*all = *process->capabilities;
	for (size_t i = 0; names[i]; i++) {
		const struct name *name = name_find(oci_capability_names, names[i]);

		/* As in config.json: one of a newer kernel must not be the end. */
		if (!name) {
			operation_log(operation, "warning",
				"--cap: \"%s\" is no capability that mayfly knows; ignored",
				names[i]);
			continue;
		}

		uint64_t bit = UINT64_C(1) << name->value;

		all->bounding |= bit;
		all->effective |= bit;
		all->permitted |= bit;
		all->ambient |= bit & all->inheritable;
	}
	process->capabilities = all;
	return 0;
}

/* The process of config.json with the command line's changes: exec without --process. */
static int change_process(struct operation *operation, const struct oci_process *base,
	const struct mayfly_exec *options, struct oci_process **ret, struct error *err)
{
	struct arena *arena = &operation->arena;
	struct oci_process *process = arena_alloc(arena, sizeof(*process));

	if (!process)
		return fail(err, ENOMEM, "make the process");
	if (!base)
		return fail(err, 0, "process: the config has none: use --process FILE");
	*process = *base;
	process->args = (const char **)(uintptr_t)options->args;
	process->n_args = count_texts(options->args);
	process->terminal = options->tty;
	process->console_size = NULL;
	process->no_new_privileges |= options->no_new_privs;
	if (options->cwd)
		process->cwd = options->cwd;
	if (process->cwd[0] != '/')
		return fail(err, 0, "--cwd: \"%s\" is not absolute", process->cwd);
	if (options->apparmor)
		process->apparmor_profile = options->apparmor;
	if (options->process_label)
		process->selinux_label = options->process_label;
	if (options->user && oci_user_parse(options->user, &process->user.uid,
				     &process->user.gid, err) < 0) {
		error_while(err, "--user");
		return -1;
	}
	if (options->n_additional_gids) {
		process->user.additional_gids = (uint32_t *)(uintptr_t)options->additional_gids;
		process->user.n_additional_gids = options->n_additional_gids;
	}
	if (set_environment(process, options->env, arena, err) < 0 ||
		add_capabilities(operation, process, options->capabilities, err) < 0)
		return -1;
	*ret = process;
	return 0;
}

static int read_process(struct operation *operation, const char *path, struct oci_process **ret,
	struct error *err)
{
	struct arena *arena = &operation->arena;
	char *bytes;
	size_t length;
	int done =
		strcmp(path, "-") == 0
			? file_read_fd(0, PROCESS_LIMIT, arena, &bytes, &length, err)
			: file_read(AT_FDCWD, path, PROCESS_LIMIT, arena, &bytes, &length, err);

	if (done < 0) {
		error_while(err, "--process");
		return -1;
	}
	if (oci_process_parse(bytes, length, arena, ret, err) == 0)
		return 0;
	return json_in_file(err, path) ? -1 : fail_in(err, "process");
}

/* ---- which namespaces, which cgroup ---- */

/* CLONE_NEW… of those namespaces of PID that are not our own; joining our own user namespace is
 * an error. */
static int namespaces_to_join(pid_t pid, uint64_t *ret_mask, struct error *err)
{
	static const struct {
		const char *file;
		uint64_t flag;
	} kinds[] = {
		{"user", CLONE_NEWUSER},
		{"mnt", CLONE_NEWNS},
		{"pid", CLONE_NEWPID},
		{"net", CLONE_NEWNET},
		{"ipc", CLONE_NEWIPC},
		{"uts", CLONE_NEWUTS},
		{"cgroup", CLONE_NEWCGROUP},
		{"time", CLONE_NEWTIME},
	};

	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns", pid);

	/* Each name from the root of /proc takes twice as long. */
	int AUTO_FD their_dir = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	int AUTO_FD our_dir = sys_openat(AT_FDCWD, "/proc/self/ns", O_PATH | O_DIRECTORY, 0);

	if (their_dir < 0)
		return fail(err, -their_dir, "look at \"%s\"", path);
	if (our_dir < 0)
		return fail(err, -our_dir, "look at \"/proc/self/ns\"");
	*ret_mask = 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct stat theirs, ours;

		if (fstatat(their_dir, kinds[i].file, &theirs, 0) < 0) {
			if (errno == ENOENT && kinds[i].flag == CLONE_NEWTIME)
				continue; /* until Linux 5.6 is our baseline */
			return fail(err, errno, "look at \"%s/%s\"", path, kinds[i].file);
		}
		if (fstatat(our_dir, kinds[i].file, &ours, 0) < 0)
			return fail(err, errno, "look at \"/proc/self/ns/%s\"", kinds[i].file);
		if (theirs.st_ino != ours.st_ino || theirs.st_dev != ours.st_dev)
			*ret_mask |= kinds[i].flag;
	}
	return 0;
}

/*
 * Where init is now, not where we put it: systemd in a container moves itself, and the kernel
 * refuses processes in a cgroup that has children with controllers.
 */
static int current_cgroup(struct operation *operation, pid_t pid, const char *sub,
	const char **ret, struct error *err)
{
	char path[64], text[8192];
	char *line;

	if (!operation->container.record->cgroup) {
		*ret = NULL;
		return 0;
	}
	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);

	ssize_t length = file_read_small(AT_FDCWD, path, text, sizeof(text));

	if (length < 0)
		return fail(err, (int)-length, "read \"%s\"", path);
	line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (!line)
		return fail(err, 0, "\"%s\" names no cgroup v2", path);
	line = strchr(line, '/');
	if (!line)
		return fail(err, EPROTO, "read \"%s\"", path);
	line[strcspn(line, "\n")] = '\0';
	if (sub)
		*ret = arena_format(
			&operation->arena, "%s/%s", operation->container.record->cgroup, sub);
	else
		*ret = arena_text(&operation->arena, line);
	return *ret ? 0 : fail(err, ENOMEM, "find the cgroup");
}

/* ---- doing it ---- */

static int check_status(struct operation *operation, const struct mayfly_exec *options,
	int *ret_pidfd, struct error *err)
{
	switch (container_status(&operation->container, ret_pidfd)) {
	case OCI_STATUS_PAUSED:
		if (!options->ignore_paused)
			return fail(err, 0,
				"cannot exec in a paused container (use --ignore-paused to "
				"override)");
		return 0;
	case OCI_STATUS_CREATING:
		return fail(err, 0, "cannot exec in a container that is being created");
	case OCI_STATUS_STOPPED:
		return fail(err, 0, "cannot exec in a stopped container");
	default:
		return 0;
	}
}

struct joining {
	struct operation operation;
	struct oci_spec *spec;
	struct oci_process *process;
	struct request request;
	struct wanted wanted;
	struct plan plan;
	struct launch launch;
	int init_pidfd, init_root;
};

static int open_root(struct joining *joining, pid_t init, struct error *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/root", init);
	joining->init_root = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	return joining->init_root < 0
		       ? fail(err, -joining->init_root, "open the container's root")
		       : 0;
}

static int plan_joining(struct joining *joining, const char *id,
	const struct mayfly_exec *options, struct error *err)
{
	struct operation *operation = &joining->operation;
	const struct record *record = operation->container.record;
	pid_t init = (pid_t)record->pid;

	if (container_config(&operation->container, &joining->spec, err) < 0)
		return -1;
	if ((options->process
			    ? read_process(operation, options->process, &joining->process, err)
			    : change_process(operation, joining->spec->process, options,
				      &joining->process, err)) < 0)
		return -1;
	if (operation_check_console(joining->process->terminal, options->detach,
		    options->console_socket, err) < 0 ||
		operation_host(operation,
			plan_unasked(joining->spec, joining->process, REQUEST_EXEC), err) < 0)
		return -1;
	joining->request = (struct request){
		.verb = REQUEST_EXEC,
		.id = id,
		.bundle = record->bundle,
		.cwd_given = options->cwd && !options->process,
		.has_chroot_only = record->chroot_only,
	};
	if (operation_descriptors(&joining->request, options->preserve_fds, err) < 0)
		return -1;
	if (namespaces_to_join(init, &joining->request.join_mask, err) < 0 ||
		current_cgroup(
			operation, init, options->cgroup, &joining->request.cgroup, err) < 0)
		return -1;
	if (record->chroot_only && open_root(joining, init, err) < 0)
		return -1;
	/* What we read of /proc/PID was init's only if init still lives. */
	if (process_has_exited(joining->init_pidfd))
		return fail(err, 0, "cannot exec in a stopped container");
	joining->wanted = (struct wanted){
		.spec = joining->spec,
		.process = joining->process,
		.request = &joining->request,
		.host = &operation->host,
	};
	return plan_build(&joining->plan, &joining->wanted, &operation->arena, err);
}

static int launch_joining(struct joining *joining, const struct mayfly_exec *options,
	int *ret_status, struct error *err)
{
	struct launch *launch = &joining->launch;
	const char *cache = arena_format(
		&joining->operation.arena, "%s/.seccomp", joining->operation.store.path);

	*launch = (struct launch){
		.plan = &joining->plan,
		.host = &joining->operation.host,
		.wanted = &joining->wanted,
		.state_dir = joining->operation.container.dir,
		.store = joining->operation.store.fd,
		.seccomp_cache = cache,
		.console_socket = options->console_socket,
		.pidfd_socket = options->pidfd_socket,
		.init_pidfd = joining->init_pidfd,
		.init_root = joining->init_root,
		.unit = joining->operation.container.record->unit,
		.bus = record_bus(joining->operation.container.record),
	};
	if (!options->detach)
		relay_block_signals();
	if (launch_prepare(launch, err) < 0)
		return -1;
	/* The pid file only for a program that really runs: conmon takes it as the proof. */
	if (launch_commit(launch, err) < 0 || launch_await_exec(launch, err) < 0 ||
		(options->pid_file &&
			operation_pid_file(options->pid_file, launch->pid, err) < 0)) {
		launch_undo(launch);
		return -1;
	}

	int result = options->detach ? (*ret_status = 0, 0)
				     : operation_await_end(launch, -1, ret_status, err);

	if (result < 0)
		launch_undo(launch);
	else
		launch_close(launch);
	return result;
}

int mayfly_exec(const struct mayfly_global *global, const char *id,
	const struct mayfly_exec *options, int *ret_status, struct error *err)
{
	struct joining joining = {.init_pidfd = -1, .init_root = -1};
	int result = operation_open(&joining.operation, global, id, err);

	if (result == 0)
		result = check_status(&joining.operation, options, &joining.init_pidfd, err);
	if (result == 0)
		result = plan_joining(&joining, id, options, err);
	if (result == 0) {
		/* A terminal of the program's shows the program's output, and nothing else. */
		const char *level = joining.process->terminal ? "remark" : "warning";

		for (size_t i = 0; i < joining.process->warnings.n_texts; i++)
			operation_log(&joining.operation, level, "%s",
				joining.process->warnings.texts[i]);
		for (size_t i = 0; i < joining.plan.n_warnings; i++)
			operation_log(
				&joining.operation, level, "%s", joining.plan.warnings[i]);
		result = launch_joining(&joining, options, ret_status, err);
	}
	fd_close(&joining.init_pidfd);
	fd_close(&joining.init_root);
	operation_close(&joining.operation);
	return result;
}
