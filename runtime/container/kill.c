/* SPDX-License-Identifier: Apache-2.0 */
/* kill and ps: the processes of a container. */
#include "runtime/container/operation.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/restrain.h"
#include "runtime/sys/sys.h"

#include <stdlib.h>

static bool is_listed(const pid_t *pids, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* How many processes are held at once: the usual soft limit of descriptors is 1024. */
enum { HELD_AT_ONCE = 256 };

/*
 * Between reading a number and holding its process, the process may go and the number be given
 * to a stranger. So the cgroup is read once more: a number that is still there belongs to one
 * of its processes, and what we hold is that one, or one that has ended since.
 */
static int signal_some(const struct cgroup *cgroup, const pid_t *pids, size_t count, int signal,
	struct error *err)
{
	int held[HELD_AT_ONCE];
	pid_t *now = NULL;
	size_t n_now = 0;
	int result;

	for (size_t i = 0; i < count; i++)
		held[i] = sys_pidfd_open(pids[i], 0);
	result = cgroup_processes(cgroup, &now, &n_now, err);
	for (size_t i = 0; i < count; i++) {
		if (result == 0 && held[i] >= 0 && is_listed(now, n_now, pids[i]))
			(void)sys_pidfd_send_signal(held[i], signal); /* it may be gone: fine */
		fd_close(&held[i]);
	}
	free(now);
	return result;
}

/*
 * Every process of the cgroup. SIGKILL is the kernel's own cgroup.kill, which no fork can
 * outrun; another signal goes to the processes that are there when we look.
 */
static int signal_all(struct operation *operation, int signal, struct error *err)
{
	struct cgroup cgroup;
	pid_t *pids = NULL;
	size_t count = 0;
	int result = operation_cgroup(operation, &cgroup, err);

	if (result < 0)
		return err->code == ENOENT ? 0 : -1;
	restrain_to(&cgroup.fd, 1, false);
	if (signal == SIGKILL)
		result = cgroup_kill(&cgroup, OPERATION_TIMEOUT_MS, err);
	else
		result = cgroup_processes(&cgroup, &pids, &count, err);
	for (size_t done = 0; result == 0 && done < count; done += HELD_AT_ONCE) {
		size_t some = count - done < HELD_AT_ONCE ? count - done : HELD_AT_ONCE;

		result = signal_some(&cgroup, pids + done, some, signal, err);
	}
	free(pids);
	cgroup_close(&cgroup);
	return result;
}

int mayfly_kill(const struct mayfly_global *global, const char *id, int signal, bool all,
	struct error *err)
{
	struct operation operation;
	int AUTO_FD pidfd = -1;
	int result = operation_open(&operation, global, id, err);

	if (result == 0 && !operation.container.record)
		result = fail(err, NO_SUCH_CONTAINER, "container does not exist: %s", id);
	if (result == 0) {
		enum oci_status status = container_status(&operation.container, &pidfd);
		/* In somebody else's pid namespace the others do not die with it. */
		bool whole = all || (signal == SIGKILL &&
					    !operation.container.record->own_pid_namespace);

		if (!whole)
			restrain_to(NULL, 0, false);
		if (pidfd < 0 && !all) {
			result = fail(err, 0,
				status == OCI_STATUS_CREATING
					? "container not running: it is being created"
					: "container not running");
		} else if (whole) {
			result = signal_all(&operation, signal, err);
		}
		if (result == 0 && pidfd >= 0) {
			int done = sys_pidfd_send_signal(pidfd, signal);

			/* ESRCH after a signal to all: it went with the others. */
			if (done == -ESRCH && !whole)
				result = fail(err, ESRCH, "container not running");
			else if (done < 0 && done != -ESRCH)
				result = fail(err, -done, "send signal %d", signal);
		}
	}
	operation_close(&operation);
	return result;
}

int mayfly_ps(const struct mayfly_global *global, const char *id, pid_t **ret_pids,
	size_t *ret_count, struct error *err)
{
	struct operation operation;
	struct cgroup cgroup;
	int result = operation_open(&operation, global, id, err);

	*ret_pids = NULL;
	*ret_count = 0;
	restrain_to(NULL, 0, true); /* ps(1) */
	if (result == 0 && operation_cgroup(&operation, &cgroup, err) < 0) {
		/* Gone with its last process: no processes. Never had one: that is worth an
		 * error. */
		const struct record *record = operation.container.record;

		if (err->code != ENOENT || !record || !record->cgroup)
			result = -1;
	} else if (result == 0) {
		result = cgroup_processes(&cgroup, ret_pids, ret_count, err);
		cgroup_close(&cgroup);
	}
	operation_close(&operation);
	return result;
}
