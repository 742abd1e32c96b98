/* SPDX-License-Identifier: Apache-2.0 */
/* restore: a container from a bundle and the files of a checkpoint. It is running at once. */
#include "runtime/container/criu_options.h"
#include "runtime/container/operation.h"

#include "runtime/launch/terminal.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/process.h"
#include "runtime/sys/sys.h"

#include <errno.h>
#include <stdlib.h>

/* What create does with a process that is not there yet, and criu cannot be asked for. */
static int check_spec(const struct birth *birth, struct error *err)
{
	const struct oci_linux *section = birth->spec->linux;

	if (birth->spec->process && birth->spec->process->terminal)
		return fail(err, 0,
			"process.terminal: a container with a terminal cannot be restored");
	if (birth->request.preserve_fds && !birth->request.listen_fds)
		return fail(
			err, 0, "--preserve-fds: a restored process has its own descriptors");
	if (section->n_net_devices)
		return fail(err, 0, "linux.netDevices: cannot be restored");
	if (section->intel_rdt)
		return fail(err, 0, "linux.intelRdt: cannot be restored");
	return criu_check_mounts(birth->spec, err);
}

static int make_words(struct birth *birth, const struct mayfly_restore *options,
	struct restoring *ret, struct error *err)
{
	struct arena *arena = &birth->operation.arena;
	const struct mayfly_criu *asked = &options->criu;
	const char *images = asked->image_path ? asked->image_path : "checkpoint";
	const char *root = birth->spec->root->path;
	struct criu words = {.arena = arena};
	char *absolute;

	absolute = realpath(images, NULL);
	if (!absolute)
		return fail(err, errno, "the checkpoint \"%s\"", images);
	ret->images = arena_text(arena, absolute);
	free(absolute);
	ret->work = ret->images;
	if (asked->work_path && criu_directory(arena, asked->work_path, &ret->work, err) < 0)
		return -1;
	if (root[0] != '/')
		root = arena_format(arena, "%s/%s", birth->request.bundle, root);
	absolute = root ? realpath(root, NULL) : NULL;
	if (!absolute)
		return fail(err, errno, "root.path: \"%s\"", root ? root : "");
	ret->rootfs = arena_text(arena, absolute);
	free(absolute);
	if (!ret->images || !ret->rootfs)
		return fail(err, ENOMEM, "restore");
	if (criu_options_add(&words, asked, err) < 0)
		return -1;

	static const char *const none[] = {NULL};

	ret->options = words.argv ? words.argv : none;
	return 0;
}

static int restore_foreground(struct birth *birth, int *ret_status, struct error *err)
{
	struct operation *operation = &birth->operation;
	struct error failure;
	int result = container_unlock(&operation->container, err);

	if (result == 0)
		result = operation_await_end(&birth->launch, -1, ret_status, err);
	if (container_lock(&operation->container, OPERATION_TIMEOUT_MS, &failure) < 0)
		return result;
	if (operation_destroy(operation, &failure) < 0 && result == 0) {
		*err = failure;
		return -1;
	}
	return result;
}

static int restore(struct birth *birth, const struct mayfly_restore *options, int *ret_status,
	struct error *err)
{
	struct operation *operation = &birth->operation;
	struct restoring restoring;

	if (check_spec(birth, err) < 0 || make_words(birth, options, &restoring, err) < 0)
		return -1;
	birth_warn(birth);
	birth->restoring = &restoring;
	if (!options->detach) {
		relay_block_signals();
		if (!options->no_subreaper)
			(void)sys_prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	}
	if (birth_create(birth, &options->create, err) < 0)
		return -1;
	if (operation->container.record->poststart &&
		operation_hooks(operation, HOOK_POSTSTART, birth->launch.pid, err) < 0) {
		struct error ignored; /* the error to tell is the hook's */

		(void)operation_destroy(operation, &ignored);
		return -1;
	}
	return options->detach ? 0 : restore_foreground(birth, ret_status, err);
}

int mayfly_restore(const struct mayfly_global *global, const char *id,
	const struct mayfly_restore *options, int *ret_status, struct error *err)
{
	struct birth birth;
	int result = criu_options_check(&options->criu, err);

	if (result < 0)
		return -1;
	result = birth_plan(&birth, global, id, &options->create, REQUEST_RUN, err);
	if (result == 0 && birth.watched)
		result = fail(err, 0,
			"annotations: a restored container cannot be watched: leave out those "
			"of dev.mayfly");
	if (result == 0)
		result = restore(&birth, options, ret_status, err);
	birth_close(&birth);
	return result;
}
