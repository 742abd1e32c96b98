/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a container for a command, and ending one. */
#include "runtime/container/operation.h"

#include "runtime/container/monitor.h"
#include "runtime/container/notify.h"
#include "runtime/launch/resctrl.h"
#include "runtime/launch/terminal.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/sys.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int open_store(struct operation *operation, const struct mayfly_global *global,
	const char *id, struct error *err)
{
	*operation = (struct operation){
		.global = global, .store = {.fd = -1}, .container = {.dir = -1}};
	/* Before any path is built from it. */
	if (oci_id_check(id, err) < 0)
		return -1;
	return store_open(&operation->store, global, false, &operation->arena, err);
}

int operation_open(struct operation *operation, const struct mayfly_global *global,
	const char *id, struct error *err)
{
	if (open_store(operation, global, id, err) < 0)
		return -1;
	return container_open(
		&operation->container, &operation->store, id, &operation->arena, err);
}

int operation_open_locked(struct operation *operation, const struct mayfly_global *global,
	const char *id, struct error *err)
{
	if (open_store(operation, global, id, err) < 0)
		return -1;
	return container_open_locked(&operation->container, &operation->store, id,
		OPERATION_TIMEOUT_MS, &operation->arena, err);
}

void operation_close(struct operation *operation)
{
	container_close(&operation->container);
	store_close(&operation->store);
	arena_free(&operation->arena);
}

int operation_host(struct operation *operation, unsigned int unasked, struct error *err)
{
	if (operation->host_known && !(operation->host_unasked & ~unasked))
		return 0;
	const struct record *record = operation->container.record;
	bool systemd = record ? record->unit != NULL : operation->global->systemd_cgroup;

	if (host_probe(&operation->host, unasked, &operation->arena, err) < 0 ||
		(systemd && host_probe_systemd(&operation->host, &operation->arena, err) < 0))
		return -1;
	operation->host_known = true;
	operation->host_unasked = unasked;
	return 0;
}

void operation_log(
	const struct operation *operation, const char *level, const char *format, ...)
{
	char sentence[2048];
	va_list args;

	if (!operation->global->log)
		return;
	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	operation->global->log(level, sentence);
}

int operation_text(const char *text, bool newline, char **ret, struct error *err)
{
	if (asprintf(ret, "%s%s", text, newline ? "\n" : "") < 0)
		return fail(err, ENOMEM, "print the answer");
	return 0;
}

int operation_pid_file(const char *path, pid_t pid, struct error *err)
{
	char directory[4096], name[4096], digits[16];

	if (strlen(path) >= sizeof(directory))
		return fail(err, ENAMETOOLONG, "--pid-file");
	strcpy(directory, path);
	strcpy(name, path);

	int AUTO_FD dir = sys_openat(AT_FDCWD, dirname(directory), O_RDONLY | O_DIRECTORY, 0);

	if (dir < 0)
		return fail(err, -dir, "open the directory of the pid file \"%s\"", path);

	/* Digits and nothing else: containerd gives the whole content to atoi. */
	int length = snprintf(digits, sizeof(digits), "%d", pid);

	const char *base = basename(name);
	int done = file_create(dir, base, 0644, digits, (size_t)length);

	/* Nobody reads a pid file before we have ended, so the old one may go first. */
	if (done == -EEXIST && unlinkat(dir, base, 0) == 0)
		done = file_create(dir, base, 0644, digits, (size_t)length);
	if (done == 0)
		return 0;
	if (file_replace(dir, base, 0644, digits, (size_t)length, err) < 0) {
		error_while(err, "write the pid file");
		return -1;
	}
	return 0;
}

/* One that the program's can be shown on: as runc looks for it. */
static int check_own_terminal(struct error *err)
{
	for (int fd = 0; fd <= 2; fd++)
		if (isatty(fd))
			return 0;

	int AUTO_FD tty = sys_openat(AT_FDCWD, "/dev/tty", O_RDWR | O_NOCTTY, 0);

	if (tty >= 0)
		return 0;
	return fail(err, -tty,
		"the program is to have a terminal (process.terminal; exec: --tty), and mayfly "
		"has none: leave that out, or give --detach with --console-socket; open "
		"/dev/tty");
}

int operation_check_console(
	bool terminal, bool detach, const char *console_socket, struct error *err)
{
	if (terminal && detach && !console_socket)
		return fail(err, 0,
			"cannot allocate tty if mayfly will detach without setting console "
			"socket: give --console-socket, or leave out the terminal "
			"(process.terminal; exec: --tty)");
	if (console_socket && !(terminal && detach))
		return fail(err, 0,
			"cannot use console socket if mayfly will not detach or allocate tty");
	return terminal && !detach ? check_own_terminal(err) : 0;
}

/* The manager knows us as the service's process, and we stay: it needs no other pid. */
static void pass_notice_on(struct relay_watch *watch)
{
	struct error ignored; /* the program runs, whether the manager hears of it or not */

	if (notify_pass_on(watch->fd, 0, &ignored) != 0)
		watch->fd = -1;
}

int operation_await_end(
	struct launch *launch, int notify_socket, int *ret_status, struct error *err)
{
	struct relay_watch watch = {.fd = notify_socket, .ready = pass_notice_on};
	struct relay relay = {
		.watch = &watch,
		.pidfd = launch->pidfd,
		.pid = launch->pid,
		.master = take_fd(&launch->console),
	};
	int status;

	if (relay_run(&relay, &status, err) < 0)
		return -1;
	*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return 0;
}

/* The one fact that the cgroup of a container that is there takes. */
static void find_cgroups(struct operation *operation)
{
	if (!operation->host_known)
		host_probe_cgroup(&operation->host);
}

int operation_cgroup(struct operation *operation, struct cgroup *ret, struct error *err)
{
	find_cgroups(operation);
	return container_cgroup(&operation->container, &operation->host, ret, err);
}

/* What poststop hooks read has the result, too: the text ends in the object's brace. */
static int add_result(struct container *container, enum hook_point point,
	struct hook_state *state, struct error *err)
{
	const char *result = container->record->watched && point == HOOK_POSTSTOP
				     ? result_read(container->dir, container->arena)
				     : NULL;

	if (!result)
		return 0;
	state->after = arena_format(container->arena, "%.*s,\"mayfly\":%s}",
		(int)strlen(state->after) - 1, state->after, result);
	return state->after ? 0 : fail(err, ENOMEM, "print the state for hooks");
}

int operation_hooks(
	struct operation *operation, enum hook_point point, pid_t pid, struct error *err)
{
	struct container *container = &operation->container;
	struct oci_spec *spec;
	size_t count = 0;

	if (container_config(container, &spec, err) < 0)
		return -1;

	const struct oci_hook *list = hook_list(spec->hooks, point, &count);
	const struct request request = {
		.id = container->id, .bundle = container->record->bundle};
	const struct wanted wanted = {.spec = spec, .request = &request};
	struct hook_state state;

	if (launch_state_text(&wanted, container->arena, point, &state, err) < 0)
		return -1;
	state.pid = pid;
	if (add_result(container, point, &state, err) < 0)
		return -1;
	return hook_run_all(
		point, list, count, &state, environ, container->record->bundle, err);
}

/*
 * Without a cgroup, or when one that was killed before us has removed it, there is only the one
 * process to kill; its pid namespace goes with it. It may wait there for somebody's zombie.
 */
static int kill_process(struct operation *operation, struct error *err)
{
	enum { LOOK_MS = 250 };
	const struct process_id id = record_process(operation->container.record);
	int AUTO_FD pidfd = process_open(&id);

	if (pidfd < 0)
		return 0; /* gone, or a zombie that waits for its parent */
	(void)sys_pidfd_send_signal(pidfd, SIGKILL); /* ESRCH: it went in between */

	int64_t deadline = fd_now_ms() + OPERATION_TIMEOUT_MS;
	int done;

	do {
		done = fd_await(pidfd, LOOK_MS);
		if (done == -ETIMEDOUT && process_runs_no_more(&id))
			return 0;
	} while (done == -ETIMEDOUT && fd_now_ms() < deadline);
	if (done == -ETIMEDOUT)
		return fail(err, 0, "container init still running");
	return done < 0 ? fail(err, -done, "wait for the container's process") : 0;
}

static int kill_all(struct operation *operation, struct error *err)
{
	struct cgroup cgroup;
	int result;

	if (operation_cgroup(operation, &cgroup, err) < 0)
		return err->code == ENOENT ? kill_process(operation, err) : -1;
	result = cgroup_kill(&cgroup, OPERATION_TIMEOUT_MS, err);
	cgroup_close(&cgroup);
	if (result < 0)
		error_while(err, "container init still running");
	return result;
}

static int remove_rdt(const struct record *record, struct error *err)
{
	const char *const paths[] = {record->rdt_monitor, record->rdt_group};

	for (size_t i = 0; record->rdt_mount && i < 2; i++) {
		int done = paths[i] ? resctrl_remove(record->rdt_mount, paths[i]) : 0;

		if (done < 0)
			return fail(err, -done, "remove the resctrl group \"%s\"", paths[i]);
	}
	return 0;
}

static bool is_slice(const char *unit)
{
	const char *dot = strrchr(unit, '.');

	return dot && !strcmp(dot, ".slice");
}

/* systemd forgets a scope by itself when the last of it is gone: then there is no question. */
static int stop_unit(struct operation *operation, struct error *err)
{
	const struct record *record = operation->container.record;
	const struct unit_bus bus = record_bus(record);
	struct cgroup cgroup;
	struct error gone;

	if (!record->unit)
		return 0;
	if (!is_slice(record->unit)) {
		if (operation_cgroup(operation, &cgroup, &gone) == 0)
			cgroup_close(&cgroup);
		else if (gone.code == ENOENT)
			return 0;
	}
	return unit_stop(&bus, record->unit, NULL, err);
}

/* The kernel removes no cgroup with a process in it: gone, there was nobody to kill. */
static int end_processes(struct operation *operation, struct error *err)
{
	const struct record *record = operation->container.record;
	const struct unit_bus bus = record_bus(record);

	/* How far an interrupted create had come nobody knows, and the unit of that name, with
	 * what is in its cgroup, may be another's. */
	if (record->unit && record->phase == RECORD_CREATING)
		return unit_stop(&bus, record->unit, record->id, err);
	find_cgroups(operation);
	if (!record->unit && record->cgroup &&
		cgroup_remove_empty(&operation->host, record->cgroup))
		return 0;
	if (kill_all(operation, err) < 0 || stop_unit(operation, err) < 0)
		return -1;
	return record->cgroup ? cgroup_remove(&operation->host, record->cgroup,
					OPERATION_TIMEOUT_MS, err)
			      : 0;
}

int operation_destroy(struct operation *operation, struct error *err)
{
	struct container *container = &operation->container;
	const struct record *record = container->record;
	struct error warning;
	char line[2048];

	/* A killed create that had not come to its first record has had no effect yet but the
	 * directory. */
	if (!record)
		return container_forget(container, err);
	if (record->watched && container_of_this_boot(container))
		monitor_finish(container->dir);
	if (container_of_this_boot(container) &&
		(end_processes(operation, err) < 0 || remove_rdt(record, err) < 0))
		return -1;
	if (record->poststop && operation_hooks(operation, HOOK_POSTSTOP, 0, &warning) < 0) {
		error_print(&warning, line, sizeof(line));
		operation_log(operation, "warning", "%s", line);
	}
	if (record->watched)
		result_keep(container);
	return container_forget(container, err);
}
