/* SPDX-License-Identifier: Apache-2.0 */
/* pause and resume: the freezer of cgroup v2. */
#include "runtime/container/operation.h"

static int check_pausable(struct container *container, struct error *err)
{
	switch (container_status(container, NULL)) {
	case OCI_STATUS_CREATED:
	case OCI_STATUS_RUNNING:
		return 0;
	case OCI_STATUS_PAUSED:
		return fail(err, 0, "container not running: it is paused already");
	case OCI_STATUS_CREATING:
		return fail(err, 0, "container not running: it is being created");
	default:
		return fail(err, 0, "container not running");
	}
}

static int check_resumable(struct container *container, struct error *err)
{
	if (container_status(container, NULL) == OCI_STATUS_PAUSED)
		return 0;
	return fail(err, 0, "container not paused");
}

static int set_frozen(
	const struct mayfly_global *global, const char *id, bool frozen, struct error *err)
{
	struct operation operation;
	struct cgroup cgroup;
	int result = operation_open(&operation, global, id, err);

	if (result == 0)
		result = container_lock(&operation.container, OPERATION_TIMEOUT_MS, err);
	if (result == 0 && !operation.container.record)
		result = fail(err, NO_SUCH_CONTAINER, "container does not exist: %s", id);
	if (result == 0)
		result = frozen ? check_pausable(&operation.container, err)
				: check_resumable(&operation.container, err);
	if (result == 0)
		result = operation_cgroup(&operation, &cgroup, err);
	if (result == 0) {
		/* A freeze that does not come about in time is taken back. */
		result = cgroup_freeze(&cgroup, frozen, OPERATION_TIMEOUT_MS, err);
		cgroup_close(&cgroup);
	}
	operation_close(&operation);
	return result;
}

int mayfly_pause(const struct mayfly_global *global, const char *id, struct error *err)
{
	return set_frozen(global, id, true, err);
}

int mayfly_resume(const struct mayfly_global *global, const char *id, struct error *err)
{
	return set_frozen(global, id, false, err);
}
