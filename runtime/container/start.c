/* SPDX-License-Identifier: Apache-2.0 */
/* start: let the parked process go on, and hear from it whether its program runs. */
#include "runtime/container/notify.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

static int check_status(struct operation *operation, int *ret_pidfd, struct error *err)
{
	enum oci_status status = container_status(&operation->container, ret_pidfd);

	switch (status) {
	case OCI_STATUS_CREATED:
		return 0;
	case OCI_STATUS_STOPPED:
		return fail(err, 0, "cannot start a container that has stopped");
	case OCI_STATUS_RUNNING:
		return fail(err, 0, "cannot start an already running container");
	default:
		return fail(err, 0, "cannot start a container in the %s state",
			name_of(oci_status_names, status));
	}
}

/* One report, 1; none for now, 0; every writer is gone, -ENODATA. */
static int read_report(int fifo, struct start_report *ret)
{
	ssize_t got = SYS_RESULT(read(fifo, ret, sizeof(*ret)));

	if (got == -EAGAIN || got == -EINTR)
		return 0;
	if (got == 0)
		return -ENODATA;
	return got == sizeof(*ret) ? 1 : got < 0 ? (int)got : -EPROTO;
}

/*
 * The process keeps its end of the fifo until it executes the program, which closes it. A
 * program that has run and ended before we look is a success like any other.
 */
static int await_exec(int fifo, bool *ret_hook_failed, struct error *err)
{
	struct start_report report;
	bool executing = false;

	for (;;) {
		struct pollfd poller = {.fd = fifo, .events = POLLIN};
		/* startContainer hooks may take as long as they like. */
		int ready = SYS_RESULT(poll(&poller, 1, -1));
		int got = ready < 0		  ? ready
			  : poller.revents == POLLHUP ? -ENODATA
						      : read_report(fifo, &report);

		if (got == 1 && report.word != START_EXECUTING) {
			*ret_hook_failed = report.word == START_HOOK_FAILED;
			*err = report.err;
			return -1;
		}
		if (got == 1)
			executing = true;
		if (got == -ENODATA)
			break;
		if (got < 0 && got != -EINTR)
			return fail(err, -got, "hear from the container's process");
	}
	return executing ? 0
			 : fail(err, 0,
				   "the container's process ended before it ran the program");
}

static int run_program(struct operation *operation, bool *ret_hook_failed, struct error *err)
{
	int dir = operation->container.dir;
	int AUTO_FD exec = sys_openat(dir, "exec", O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0);
	int AUTO_FD start = sys_openat(dir, "start", O_WRONLY | O_NONBLOCK | O_NOFOLLOW, 0);

	/* ENXIO: nobody reads any more. */
	if (start == -ENXIO)
		return fail(err, 0, "cannot start a container that has stopped");
	if (exec < 0 || start < 0)
		return fail(err, exec < 0 ? -exec : -start, "open the start fifo");
	/* First the name, then the word: a start that is killed in between leaves a container
	 * that can only be deleted, never one that is started twice. */
	if (unlinkat(dir, "start", 0) < 0)
		return fail(err, errno, "remove the start fifo");

	ssize_t put = sys_write(start, "0", 1);

	if (put < 0)
		return fail(err, (int)-put, "write the start fifo");
	/* From here it takes as long as the process likes, which somebody in a shared pid
	 * namespace may have stopped: `delete --force` must not wait for that. */
	if (container_unlock(&operation->container, err) < 0 ||
		await_exec(exec, ret_hook_failed, err) < 0)
		return -1;
	(void)unlinkat(dir, "exec", 0); /* delete takes it too */
	return 0;
}

/* Under the lock again. A container that somebody has deleted meanwhile has no hooks to run. */
static int run_poststart(struct operation *operation, struct error *err)
{
	if (container_lock(&operation->container, OPERATION_TIMEOUT_MS, err) < 0)
		return -1;

	const struct record *record = operation->container.record;

	if (!record)
		return fail(err, NO_SUCH_CONTAINER, "container does not exist: %s",
			operation->container.id);
	return operation_hooks(operation, HOOK_POSTSTART, (pid_t)record->pid, err);
}

/* The spec's lifecycle goes on at "destroyed" when a hook has failed: runtime.md, steps 7
 * and 9. */
static void destroy(struct operation *operation)
{
	struct error ignored; /* the error to tell is the hook's */

	if (container_lock(&operation->container, OPERATION_TIMEOUT_MS, &ignored) == 0)
		(void)operation_destroy(operation, &ignored);
}

int mayfly_start(const struct mayfly_global *global, const char *id, struct error *err)
{
	struct operation operation;
	int AUTO_FD pidfd = -1;
	int AUTO_FD notify = -1;
	bool hook_failed = false;
	int result = -1;

	if (operation_open_locked(&operation, global, id, err) < 0)
		goto out;

	const struct record *record = operation.container.record;

	if (check_status(&operation, &pidfd, err) < 0)
		goto out;
	if (!record->has_process) {
		error_set(err, 0, "process: the config has none: nothing to start");
		goto out;
	}
	/* Before the program runs, and only when there is somebody to tell. */
	if (record->notify && notify_is_asked() &&
		notify_make(&operation.container, true, &notify, err) < 0)
		goto out;

	pid_t pid = (pid_t)record->pid;

	result = run_program(&operation, &hook_failed, err);
	if (result == 0 && record->poststart) {
		result = run_poststart(&operation, err);
		hook_failed = result < 0;
	}
	if (hook_failed)
		destroy(&operation);
	if (result == 0)
		notify_await(&operation, notify, pid, pidfd);
out:
	operation_close(&operation);
	return result;
}
