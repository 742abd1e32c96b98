/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint: a running container becomes files, by criu. */
#include "runtime/container/criu_options.h"
#include "runtime/container/operation.h"

#include "oci/json_write.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/sys.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

struct checkpoint {
	struct operation operation;
	const struct mayfly_checkpoint *options;
	struct oci_spec *spec;
	const char *images, *work;
	pid_t pid;
	int pidfd; /* holds it: see check_process() */
	bool paused;
};

static int check_container(struct checkpoint *checkpoint, struct error *err)
{
	struct operation *operation = &checkpoint->operation;
	enum oci_status status = container_status(&operation->container, &checkpoint->pidfd);

	if (status != OCI_STATUS_RUNNING && status != OCI_STATUS_PAUSED)
		return fail(err, 0, "container cannot be checkpointed in %s state",
			name_of(oci_status_names, status));
	if (container_config(&operation->container, &checkpoint->spec, err) < 0)
		return -1;
	if (checkpoint->spec->process && checkpoint->spec->process->terminal)
		return fail(err, 0,
			"process.terminal: a container with a terminal cannot be checkpointed: "
			"its other side is not mayfly's");
	checkpoint->paused = status == OCI_STATUS_PAUSED;
	checkpoint->pid = (pid_t)operation->container.record->pid;
	return criu_check_mounts(checkpoint->spec, err);
}

/*
 * criu takes a number, and so does /proc: it is the container's as long as nobody has reaped
 * that process. What was read before, was read of it.
 */
static int check_process(const struct checkpoint *checkpoint, struct error *err)
{
	int done = sys_pidfd_send_signal(checkpoint->pidfd, 0);

	return done < 0 ? fail(err, -done, "the container's process has ended") : 0;
}

/* The names of descriptors 0 to 2, so that restore can put its own in their place. */
static int save_descriptors(struct checkpoint *checkpoint, struct error *err)
{
	struct json_writer writer;
	const char *text;
	size_t length;
	int AUTO_FD dir = sys_openat(AT_FDCWD, checkpoint->images, O_RDONLY | O_DIRECTORY, 0);

	if (dir < 0)
		return fail(err, -dir, "open \"%s\"", checkpoint->images);
	json_start(&writer, &checkpoint->operation.arena, NULL);
	json_open(&writer, NULL, '[');
	for (int fd = 0; fd <= 2; fd++) {
		char path[64], name[PATH_MAX];

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", checkpoint->pid, fd);

		ssize_t got = readlink(path, name, sizeof(name) - 1);

		name[got > 0 ? got : 0] = '\0';
		json_put_text(&writer, NULL, name);
	}
	json_close(&writer, ']');
	if (json_finish_length(&writer, &text, &length, err) < 0)
		return -1;
	return file_replace(dir, "descriptors.json", 0600, text, length, err);
}

static int add_page_server(struct criu *criu, const char *address, struct error *err)
{
	const char *colon = strrchr(address, ':');

	if (!colon || !colon[1])
		return fail(err, 0, "Use --page-server ADDRESS:PORT to specify page server");
	if (criu_add(criu, err, "--page-server", NULL) < 0 ||
		criu_add(criu, err, "--address", "%.*s", (int)(colon - address), address) < 0)
		return -1;
	return criu_add(criu, err, "--port", "%s", colon + 1);
}

/* Docker pauses first. criu must be told where what is frozen can be thawed: it needs the tasks
 * to move a little. It freezes them again when they are left running. */
static int add_freezer(struct checkpoint *checkpoint, struct criu *criu, struct error *err)
{
	struct operation *operation = &checkpoint->operation;

	if (!checkpoint->paused)
		return 0;
	if (operation_host(operation, ~0U, err) < 0)
		return -1;
	return criu_add(criu, err, "--freeze-cgroup", "%s%s", operation->host.cgroup_mount,
		operation->container.record->cgroup);
}

/* The options that only a checkpoint has. */
static int add_own(
	struct criu *criu, const struct mayfly_checkpoint *options, struct error *err)
{
	if (options->leave_running && criu_add(criu, err, "--leave-running", NULL) < 0)
		return -1;
	if ((options->pre_dump || options->parent_path) &&
		criu_add(criu, err, "--track-mem", NULL) < 0)
		return -1;
	if (options->parent_path &&
		criu_add(criu, err, "--prev-images-dir", "%s", options->parent_path) < 0)
		return -1;
	if (options->status_fd &&
		criu_add(criu, err, "--status-fd", "%u", options->status_fd) < 0)
		return -1;
	return options->page_server ? add_page_server(criu, options->page_server, err) : 0;
}

static int dump(struct checkpoint *checkpoint, struct error *err)
{
	const struct mayfly_checkpoint *options = checkpoint->options;
	struct criu criu;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", checkpoint->pid);

	int AUTO_FD netns = sys_openat(AT_FDCWD, path, O_RDONLY, 0);

	if (criu_start(&criu, &checkpoint->operation.arena,
		    options->pre_dump ? "pre-dump" : "dump", err) < 0 ||
		criu_add_directories(
			&criu, checkpoint->images, checkpoint->work, "dump.log", err) < 0 ||
		criu_add(&criu, err, "--tree", "%d", checkpoint->pid) < 0 ||
		criu_add_dump_externals(&criu, checkpoint->spec, netns, err) < 0 ||
		criu_options_add(&criu, &options->criu, err) < 0 ||
		add_freezer(checkpoint, &criu, err) < 0 || add_own(&criu, options, err) < 0 ||
		check_process(checkpoint, err) < 0)
		return -1;
	return criu_run(&criu, options->status_fd ? (int)options->status_fd : -1, err);
}

static int checkpoint_all(struct checkpoint *checkpoint, struct error *err)
{
	const struct mayfly_checkpoint *options = checkpoint->options;
	struct arena *arena = &checkpoint->operation.arena;
	const char *images = options->criu.image_path ? options->criu.image_path : "checkpoint";

	if (check_container(checkpoint, err) < 0 ||
		criu_directory(arena, images, &checkpoint->images, err) < 0)
		return -1;
	checkpoint->work = checkpoint->images;
	if (options->criu.work_path &&
		criu_directory(arena, options->criu.work_path, &checkpoint->work, err) < 0)
		return -1;
	if (!options->pre_dump && save_descriptors(checkpoint, err) < 0)
		return -1;
	if (dump(checkpoint, err) < 0)
		return -1;
	/* Its processes are gone: so is the container, as with runc. */
	if (options->leave_running || options->pre_dump)
		return 0;
	return operation_destroy(&checkpoint->operation, err);
}

int mayfly_checkpoint(const struct mayfly_global *global, const char *id,
	const struct mayfly_checkpoint *options, struct error *err)
{
	struct checkpoint checkpoint = {.options = options, .pidfd = -1};
	int result = criu_options_check(&options->criu, err);

	if (result < 0)
		return -1;
	result = operation_open(&checkpoint.operation, global, id, err);
	if (result == 0)
		result = container_lock(
			&checkpoint.operation.container, OPERATION_TIMEOUT_MS, err);
	if (result == 0 && !checkpoint.operation.container.record)
		result = fail(err, NO_SUCH_CONTAINER, "container does not exist: %s", id);
	if (result == 0)
		result = checkpoint_all(&checkpoint, err);
	fd_close(&checkpoint.pidfd);
	operation_close(&checkpoint.operation);
	return result;
}
