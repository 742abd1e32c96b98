/* SPDX-License-Identifier: Apache-2.0 */
/* delete: undo what create did, whatever became of it since. */
#include "runtime/container/operation.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/restrain.h"
#include "runtime/sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* created and stopped need no force: Docker and Podman delete what they have only created. */
static int check_status(struct operation *operation, bool force, struct error *err)
{
	enum oci_status status = container_status(&operation->container, NULL);

	if (force || status == OCI_STATUS_STOPPED || status == OCI_STATUS_CREATED ||
		status == OCI_STATUS_CREATING)
		return 0;
	return fail(err, 0, "cannot delete container %s that is not stopped: %s",
		operation->container.id, name_of(oci_status_names, status));
}

/*
 * A directory without a record is the leftover of a create that was killed at its very
 * beginning, or another runtime's container. Ours is empty but for a half-written file:
 * container_forget() removes just those names, and rmdir refuses the rest.
 */
static int delete_unrecorded(struct operation *operation, struct error *err)
{
	const struct container *container = &operation->container;

	if (unlinkat(container->store->fd, container->id, AT_REMOVEDIR) == 0)
		return 0;
	if (unlinkat(container->dir, ".mayfly.json.new", 0) < 0)
		return fail(
			err, 0, "the state directory of \"%s\" is not mayfly's", container->id);
	return container_forget(&operation->container, err);
}

/*
 * To the state root, and to where cgroups and resctrl groups are. Not where another program
 * does a part of it: a poststop hook may do as it likes, and systemd is asked by a helper.
 */
static void restrain(const struct operation *operation)
{
	const struct record *record = operation->container.record;

	if (record->poststop || record->unit)
		return;

	int AUTO_FD groups = sys_openat(AT_FDCWD, "/sys/fs", O_PATH | O_DIRECTORY, 0);
	const int places[] = {operation->store.fd, groups};

	restrain_to(places, groups < 0 ? 1 : 2, false);
}

int mayfly_delete(
	const struct mayfly_global *global, const char *id, bool force, struct error *err)
{
	struct operation operation;
	int result = operation_open_locked(&operation, global, id, err);

	if (result == 0 && !operation.container.record)
		result = delete_unrecorded(&operation, err);
	else if (result == 0 && (result = check_status(&operation, force, err)) == 0) {
		restrain(&operation);
		result = operation_destroy(&operation, err);
	}
	/* What does not exist is as deleted as can be: Podman deletes after every failed
	 * create. */
	if (result < 0 && force && err->code == NO_SUCH_CONTAINER)
		result = 0;
	operation_close(&operation);
	return result;
}
