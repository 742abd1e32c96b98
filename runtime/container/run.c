/* SPDX-License-Identifier: Apache-2.0 */
/* run: create, start, wait and delete in one process, which needs no fifo and no second
 * start-up. */
#include "runtime/container/notify.h"

#include "runtime/launch/terminal.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/process.h"
#include "runtime/sys/sys.h"

static int run_program(struct birth *birth, struct error *err)
{
	struct operation *operation = &birth->operation;

	if (launch_await_exec(&birth->launch, err) < 0)
		return -1;
	if (!operation->container.record->poststart)
		return 0;
	return operation_hooks(operation, HOOK_POSTSTART, birth->launch.pid, err);
}

static int wait_for_end(struct birth *birth, int *ret_status, struct error *err)
{
	/* Other commands may work on the container while it runs. */
	if (container_unlock(&birth->operation.container, err) < 0)
		return -1;
	return operation_await_end(&birth->launch, birth->notify_socket, ret_status, err);
}

static int run_foreground(struct birth *birth, const struct mayfly_run *options,
	int *ret_status, struct error *err)
{
	struct operation *operation = &birth->operation;
	struct error failure;

	*ret_status = 0;

	int result = run_program(birth, err);

	if (result == 0 && options->detach) {
		notify_await(&birth->operation, birth->notify_socket, birth->launch.pid,
			birth->launch.pidfd);
		return 0;
	}
	if (result == 0)
		result = wait_for_end(birth, ret_status, err);
	/* Whether it ended or could not begin, the container is done. */
	if (result < 0) {
		int ignored;

		(void)sys_pidfd_send_signal(birth->launch.pidfd, SIGKILL);
		(void)process_reap(birth->launch.pidfd, OPERATION_TIMEOUT_MS, &ignored);
	}
	if (options->keep && result == 0)
		return 0;
	/* Somebody else may have deleted it already: BuildKit and `delete --force` do. */
	if (container_lock(&operation->container, OPERATION_TIMEOUT_MS, &failure) < 0)
		return failure.code == NO_SUCH_CONTAINER || result < 0 ? result
								       : (*err = failure, -1);
	if (operation_destroy(operation, &failure) < 0 && result == 0) {
		*err = failure;
		return -1;
	}
	return result;
}

int mayfly_run(const struct mayfly_global *global, const char *id,
	const struct mayfly_run *options, int *ret_status, struct error *err)
{
	struct birth birth;
	int result = birth_plan(&birth, global, id, &options->create, REQUEST_RUN, err);

	if (result == 0)
		result = operation_check_console(birth.plan.terminal, options->detach,
			options->create.console_socket, err);
	if (result == 0) {
		birth_warn(&birth);
		/* From here a signal is the container's, not ours: a death now would leave it
		 * behind. */
		if (!options->detach) {
			relay_block_signals();
			if (!options->no_subreaper)
				(void)sys_prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
		}
		result = birth_create(&birth, &options->create, err);
	}
	if (result == 0)
		result = run_foreground(&birth, options, ret_status, err);
	birth_close(&birth);
	return result;
}
