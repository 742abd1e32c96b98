/* SPDX-License-Identifier: Apache-2.0 */
/* Carry out the outside list; undo it when something fails. */
#include "runtime/launch/launch.h"

#include "runtime/launch/outside.h"
#include "runtime/launch/terminal.h"
#include "runtime/launch/tty.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/process.h"
#include "runtime/sys/sys.h"

#include "oci/state.h"

#include <stdlib.h>
#include <string.h>

enum { UNDO_TIMEOUT_MS = 10 * 1000 };

/* ---- the conversation ---- */

/* The count is of all the cgroup's life: it says something only of who was killed. */
static bool has_oom_kills(const struct launch *launch)
{
	char events[512];
	const char *kills;

	return launch->cgroup.fd >= 0 &&
	       cgroup_read(&launch->cgroup, "memory.events", events, sizeof(events)) > 0 &&
	       (kills = strstr(events, "oom_kill ")) && strtoul(kills + 9, NULL, 10) > 0;
}

/* The process is gone without a word: say why, as far as the kernel knows. */
static int explain_death(struct launch *launch, struct error *err)
{
	int status = 0;
	bool reaped = process_reap(launch->pidfd, 1000, &status) == 0;

	if (reaped) {
		fd_close(&launch->pidfd);
		launch->pid = 0;
	}
	if ((!reaped || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)) &&
		has_oom_kills(launch))
		return fail(err, 0, "container init was OOM-killed (memory limit too low?)");
	if (!WIFSIGNALED(status))
		return fail(err, 0, "the container's process ended while it was set up");
	if (WTERMSIG(status) == SIGSYS)
		return fail(err, 0,
			"the container's process was killed by its seccomp filter while it "
			"was set up: without process.noNewPrivileges the filter is loaded "
			"early, and must allow what is left to do");
	return fail(err, 0,
		"the container's process was killed by signal %d while it was set up",
		WTERMSIG(status));
}

/*
 * Hooks of the user's own may take as long as they like, and the inside ones come between the
 * mounts and "created", or before the program; all else has a deadline.
 */
static int timeout_of(const struct launch *launch, enum message message)
{
	bool after_hooks = message == MESSAGE_LISTENER || message == MESSAGE_CREATED ||
			   message == MESSAGE_NONE;

	if (after_hooks && launch_has_step(&launch->plan->inside, STEP_RUN_HOOKS))
		return -1;
	return LAUNCH_TIMEOUT_MS;
}

static int await(
	struct launch *launch, enum message message, struct received *ret, struct error *err)
{
	int done = channel_receive(launch->channel, timeout_of(launch, message), ret);

	if (done < 0)
		return fail(err, -done, "wait for \"%s\" from the container's process",
			message_name(message));
	if (ret->message == MESSAGE_ERROR) {
		*err = ret->error;
		return -1;
	}
	if (ret->message == MESSAGE_NONE)
		return explain_death(launch, err);
	if (ret->message != message) {
		fd_close(&ret->fd);
		return fail(err, EPROTO, "\"%s\" came instead of \"%s\"",
			message_name(ret->message), message_name(message));
	}
	return 0;
}

static int take_console(struct launch *launch, int *master, struct error *err)
{
	if (launch->console_socket)
		return launch_send_descriptor(
			launch->console_socket, *master, "/dev/ptmx", err);
	/* The program may ask for it at once. */
	tty_give_size(*master);
	launch->console = take_fd(master);
	return 0;
}

static int take_listener(struct launch *launch, int *fd, struct error *err)
{
	int listener = *fd;
	const struct wanted *wanted = launch->wanted;
	bool exec = wanted->request->verb == REQUEST_EXEC;
	const struct oci_state state = {
		.oci_version = OCI_VERSION,
		.id = wanted->request->id,
		.pid = launch->pid,
		.status = exec ? OCI_STATUS_RUNNING : OCI_STATUS_CREATING,
		.bundle = wanted->request->bundle,
		.annotations = wanted->spec->annotations,
		.n_annotations = wanted->spec->n_annotations,
	};
	const char *fds[] = {"seccompFd"};
	const struct oci_process_state process = {
		.oci_version = OCI_VERSION,
		.fds = fds,
		.n_fds = 1,
		.pid = launch->pid,
		.metadata = launch->plan->seccomp->listener_metadata,
		.state = &state,
	};
	const char *text;

	if (launch->keep_listener) {
		launch->listener = take_fd(fd);
		return 0;
	}
	if (oci_process_state_print(&process, launch->plan->arena, &text, err) < 0)
		return -1;
	return launch_send_listener(launch->plan->seccomp, listener, launch->pid, text, err);
}

static int step_await(struct launch *launch, const struct step *step, struct error *err)
{
	struct received received;

	if (step->message == MESSAGE_CREATED && launch->meanwhile &&
		launch->meanwhile(launch->meanwhile_data, err) < 0)
		return -1;
	if (await(launch, step->message, &received, err) < 0)
		return -1;

	int AUTO_FD fd = received.fd;

	switch (step->message) {
	case MESSAGE_FORKED:
		return launch_adopt(launch, (pid_t)received.value, err);
	case MESSAGE_CONSOLE:
		return take_console(launch, &fd, err);
	case MESSAGE_LISTENER:
		return take_listener(launch, &fd, err);
	default:
		return 0;
	}
}

static int step_tell(struct launch *launch, const struct step *step, struct error *err)
{
	int done = channel_tell(launch->channel, step->message, 0, -1);

	/* The peer is gone: why it went is in what it said before, or in its status. */
	if (done == -EPIPE || done == -ECONNRESET) {
		struct received received;

		return await(launch, MESSAGE_NONE, &received, err) < 0
			       ? -1
			       : explain_death(launch, err);
	}
	if (done < 0)
		return fail(err, -done, "tell the container's process \"%s\"",
			message_name(step->message));
	return 0;
}

static int step_hooks(struct launch *launch, const struct step *step, struct error *err)
{
	const struct oci_hooks *hooks = launch->wanted->spec->hooks;
	enum hook_point point = step->hooks.point;
	size_t count = 0;
	const struct oci_hook *list = hook_list(hooks, point, &count);
	struct hook_state state;

	if (launch_state_text(launch->wanted, launch->plan->arena, point, &state, err) < 0)
		return -1;
	state.pid = launch->pid;
	launch->hooks_ran = true;
	return hook_run_all(
		point, list, count, &state, environ, launch->wanted->request->bundle, err);
}

/* ---- the steps ---- */

/* Without permission for cgroups, and nothing asked of them, a user's container goes without.
 */
static int step_create_cgroup(struct launch *launch, const struct step *step, struct error *err)
{
	if (cgroup_create(&launch->cgroup, launch->host, step->cgroup.path,
		    step->cgroup.controllers, err) == 0)
		return 0;
	if (!step->cgroup.optional)
		return -1;
	return err->code == EACCES || err->code == EPERM || err->code == EROFS ? 0 : -1;
}

static int step_start_unit(struct launch *launch, const struct step *step, struct error *err)
{
	char path[PATH_MAX];

	launch->bus = unit_bus_of(&launch->host->systemd);
	/* Refused, it may be another's, which is not ours to stop. */
	if (unit_start(&launch->stand_in, &launch->bus, &step->unit, path, err) < 0)
		return -1;
	launch->unit = step->unit.name;

	/* Mostly as it was expected; in a container that runs systemd it may be elsewhere. */
	const char *is = !strcmp(path, step->unit.path) ? step->unit.path
							: arena_text(launch->plan->arena, path);

	if (!is)
		return fail(err, ENOMEM, "find the cgroup of %s", step->unit.name);
	return cgroup_adopt(&launch->cgroup, launch->host, is, step->unit.controllers, err);
}

static int step_write_cgroup(struct launch *launch, const struct step *step, struct error *err)
{
	if (cgroup_write(&launch->cgroup, step->file.path, step->file.text, err) == 0)
		return 0;
	return step->file.optional && err->code == ENOENT ? 0 : -1;
}

static int step_write_proc(struct launch *launch, const struct step *step, struct error *err)
{
	int done = launch_write_proc(launch, step->file.path, step->file.text);

	if (done < 0)
		return fail(err, -done, "write \"%s\" to /proc/PID/%s", step->file.text,
			step->file.path);
	return 0;
}

static int step_rlimit(struct launch *launch, const struct step *step, struct error *err)
{
	const struct rlimit limit = {step->rlimit.soft, step->rlimit.hard};

	int done = SYS_RESULT(
		syscall(SYS_prlimit64, launch->pid, step->rlimit.resource, &limit, NULL));

	if (done < 0)
		return fail(err, -done, "set the limit to soft %ju, hard %ju",
			(uintmax_t)step->rlimit.soft, (uintmax_t)step->rlimit.hard);
	return 0;
}

static int do_step(struct launch *launch, const struct step *step, struct error *err)
{
	switch (step->kind) {
	case STEP_OPEN_NAMESPACE:
		return launch_open_namespace(launch, step, err);
	case STEP_OPEN_TREE:
		return launch_open_tree(launch, step, err);
	case STEP_OPEN_FILESYSTEM:
		return launch_open_filesystem(launch, step, err);
	case STEP_OPEN_DEVICE:
		return launch_open_device(launch, step, err);
	case STEP_CREATE_CGROUP:
		return step_create_cgroup(launch, step, err);
	case STEP_START_UNIT:
		return step_start_unit(launch, step, err);
	case STEP_RELEASE_UNIT:
		helper_end(&launch->stand_in);
		return 0;
	case STEP_WRITE_CGROUP:
		return step_write_cgroup(launch, step, err);
	case STEP_LIMIT_DEVICES:
		return cgroup_limit_devices(&launch->cgroup, step->device_rules.rules,
			step->device_rules.count, err);
	case STEP_OWN_CGROUP:
		return cgroup_own(&launch->cgroup, step->owner.uid, err);
	case STEP_CLONE:
		return launch_clone(launch, step, err);
	case STEP_MAP_IDS:
		return launch_map_ids(launch, step, err);
	case STEP_WRITE_PROC:
		return step_write_proc(launch, step, err);
	case STEP_SET_RLIMIT:
		return step_rlimit(launch, step, err);
	case STEP_MAKE_RDT_GROUP:
		return launch_make_rdt_group(launch, step, err);
	case STEP_JOIN_RDT_GROUP:
		return launch_join_rdt_group(launch, step, err);
	case STEP_MOVE_DEVICE:
		return launch_move_device(launch, step, err);
	case STEP_MAP_TREE:
		return launch_map_tree(launch, step, err);
	case STEP_TELL:
		return step_tell(launch, step, err);
	case STEP_AWAIT:
		return step_await(launch, step, err);
	case STEP_RUN_HOOKS:
		return step_hooks(launch, step, err);
	default:
		/* The two lists share one enum; the planner's unit test proves who gets what.
		 */
		return fail(err, ENOSYS, "step %d is not one of the outside", (int)step->kind);
	}
}

static bool is_commit(const struct step *step)
{
	return step->kind == STEP_TELL && step->message == MESSAGE_COMMITTED;
}

static void begin(struct launch *launch)
{
	launch->cgroup = (struct cgroup){.fd = -1, .mount = -1};
	launch->stand_in = (struct helper){.input = -1};
	launch->pid = 0;
	launch->pidfd = launch->channel = launch->console = launch->listener = -1;
	launch->status = -1;
	launch->network = NULL;
	launch->rdt_made = launch->rdt_monitored = NULL;
	launch->inside = (struct init_context){
		.channel = -1,
		.status = -1,
		.start_fifo = -1,
		.exec_fifo = -1,
		.begun = -1,
		.proc = -1,
		.host_root = -1,
		.root = -1,
		.console = -1,
	};
}

int launch_prepare(struct launch *launch, struct error *err)
{
	const struct step_list *list = &launch->plan->outside;
	const struct request *request = launch->wanted->request;

	begin(launch);
	if (launch_get_ready(launch, err) < 0)
		goto undo;
	if (request->verb == REQUEST_EXEC && request->cgroup &&
		cgroup_open(&launch->cgroup, launch->host, request->cgroup, err) < 0) {
		error_while(err, "join the container's cgroup");
		goto undo;
	}
	for (size_t i = 0; i < list->count && !is_commit(&list->steps[i]); i++) {
		if (do_step(launch, &list->steps[i], err) == 0)
			continue;
		if (list->steps[i].origin[0] && !err->where[0])
			error_in(err, "%s", list->steps[i].origin);
		goto undo;
	}
	if (launch->pidfd_socket &&
		launch_send_descriptor(launch->pidfd_socket, launch->pidfd, "pidfd", err) < 0)
		goto undo;
	return 0;
undo:
	launch_undo(launch);
	return -1;
}

int launch_steps_of_cgroup(struct launch *launch, struct error *err)
{
	const struct step_list *list = &launch->plan->outside;
	bool cloned = false;

	begin(launch);
	for (size_t i = 0; i < list->count; i++) {
		const struct step *step = &list->steps[i];
		bool early = step->kind == STEP_CREATE_CGROUP ||
			     step->kind == STEP_START_UNIT || step->kind == STEP_WRITE_CGROUP ||
			     step->kind == STEP_OWN_CGROUP;
		bool of_cgroup = step->kind == STEP_LIMIT_DEVICES || (early && !cloned);

		cloned |= step->kind == STEP_CLONE;
		if (!of_cgroup || do_step(launch, step, err) == 0)
			continue;
		if (step->origin[0] && !err->where[0])
			error_in(err, "%s", step->origin);
		return -1;
	}
	return 0;
}

int launch_release_unit(struct launch *launch, struct error *err)
{
	const struct step_list *list = &launch->plan->outside;
	bool released = false;

	for (size_t i = 0; i < list->count; i++) {
		const struct step *step = &list->steps[i];

		released = released || step->kind == STEP_RELEASE_UNIT;
		if (released && !is_commit(step) && do_step(launch, step, err) < 0)
			return fail_in(err, "%s", step->origin);
	}
	return 0;
}

int launch_run_hooks(struct launch *launch, struct error *err)
{
	const struct step_list *list = &launch->plan->outside;

	for (size_t i = 0; i < list->count; i++)
		if (list->steps[i].kind == STEP_RUN_HOOKS &&
			do_step(launch, &list->steps[i], err) < 0)
			return -1;
	return 0;
}

int launch_commit(struct launch *launch, struct error *err)
{
	const struct step tell = {
		.kind = STEP_TELL, .origin = "", .message = MESSAGE_COMMITTED};

	return step_tell(launch, &tell, err);
}

int launch_await_exec(struct launch *launch, struct error *err)
{
	struct received received;
	int done =
		channel_receive(launch->channel, timeout_of(launch, MESSAGE_NONE), &received);

	/* Of a program with a reaper: its own process loads the filter, as the last of all. */
	if (done == 0 && received.message == MESSAGE_LISTENER && launch->keep_listener) {
		fd_close(&launch->listener);
		launch->listener = take_fd(&received.fd);
		done = channel_tell(launch->channel, MESSAGE_LISTENER_SENT, 0, -1);
		if (done == 0 || done == -EPIPE)
			done = channel_receive(
				launch->channel, timeout_of(launch, MESSAGE_NONE), &received);
	}
	if (done < 0)
		return fail(err, -done, "wait for the program");
	if (received.message == MESSAGE_ERROR) {
		*err = received.error;
		return -1;
	}
	fd_close(&received.fd);
	if (received.message != MESSAGE_NONE)
		return fail(err, EPROTO, "\"%s\" came instead of the program",
			message_name(received.message));
	return 0;
}

void launch_close(struct launch *launch)
{
	for (int i = 0; launch->slots && i <= launch->plan->slots; i++)
		fd_close(&launch->slots[i]);
	free(launch->slots);
	launch->slots = NULL;
	free(launch->inside.bpf);
	launch->inside.bpf = NULL;
	fd_close(&launch->inside.channel);
	fd_close(&launch->inside.status);
	fd_close(&launch->inside.start_fifo);
	fd_close(&launch->inside.exec_fifo);
	fd_close(&launch->inside.begun);
	fd_close(&launch->inside.proc);
	launch_close_network(launch);
	fd_close(&launch->channel);
	fd_close(&launch->console);
	fd_close(&launch->listener);
	fd_close(&launch->status);
	fd_close(&launch->pidfd);
	helper_end(&launch->stand_in);
	cgroup_close(&launch->cgroup);
}

void launch_undo(struct launch *launch)
{
	bool exec = launch->wanted->request->verb == REQUEST_EXEC;
	struct error ignored;
	int status;

	launch_return_devices(launch);
	if (launch->pidfd >= 0) {
		(void)sys_pidfd_send_signal(
			launch->pidfd, SIGKILL); /* ESRCH: it went by itself */
		/* ECHILD: explain_death() did */
		launch->left =
			process_reap(launch->pidfd, UNDO_TIMEOUT_MS, &status) == -ETIMEDOUT;
	}
	launch_remove_rdt_group(launch);
	helper_end(&launch->stand_in);
	if (!exec)
		cgroup_undo(&launch->cgroup, UNDO_TIMEOUT_MS);
	if (!exec && launch->unit)
		(void)unit_stop(&launch->bus, launch->unit, NULL, &ignored);
	launch_close(launch);
}
