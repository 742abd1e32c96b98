/* SPDX-License-Identifier: Apache-2.0 */
/* From a bundle to a created container: what create, run and plan share. */
#include "runtime/container/notify.h"

#include "oci/json.h"
#include "runtime/container/base.h"
#include "runtime/container/monitor.h"
#include "runtime/launch/criu.h"
#include "runtime/launch/resctrl.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/sys.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The bundle as an absolute path. */
static int find_bundle(struct birth *birth, const char *bundle, struct error *err)
{
	char *absolute = realpath(bundle ? bundle : ".", NULL);

	if (!absolute)
		return fail(err, errno, "the bundle \"%s\"", bundle ? bundle : ".");
	birth->request.bundle = arena_text(&birth->operation.arena, absolute);
	free(absolute);
	return birth->request.bundle ? 0 : fail(err, ENOMEM, "read the bundle");
}

static int read_config(struct birth *birth, const char *name, struct error *err)
{
	struct arena *arena = &birth->operation.arena;
	int AUTO_FD bundle =
		sys_openat(AT_FDCWD, birth->request.bundle, O_PATH | O_DIRECTORY, 0);

	if (!name)
		name = "config.json";
	if (bundle < 0)
		return fail(err, -bundle, "open the bundle \"%s\"", birth->request.bundle);
	if (file_read(bundle, name, OCI_BYTES_MAX, arena, &birth->config, &birth->config_length,
		    err) < 0) {
		if (err->code == ENOENT)
			return fail(err, 0, "JSON specification file %s not found in \"%s\"",
				name, birth->request.bundle);
		return -1;
	}
	if (oci_spec_parse(birth->config, birth->config_length, arena, &birth->spec, err) == 0)
		return 0;

	const char *path =
		*name == '/' ? name : arena_format(arena, "%s/%s", birth->request.bundle, name);

	(void)json_in_file(err, path ? path : name);
	return -1;
}

int birth_open(struct birth *birth, const struct mayfly_global *global, const char *id,
	const struct mayfly_create *options, enum request_verb verb, struct error *err)
{
	*birth = (struct birth){
		.operation = {.global = global, .store = {.fd = -1}, .container = {.dir = -1}},
		.request =
			{
				.verb = verb,
				.id = id,
				.no_pivot = options->no_pivot,
				.no_new_keyring = options->no_new_keyring,
				.systemd_cgroup = global->systemd_cgroup,
				.allow_missing_controllers = global->allow_missing_controllers,
				.force_rootless = global->rootless == MAYFLY_ROOTLESS_YES,
			},
		.launch = {.pidfd = -1,
			.channel = -1,
			.console = -1,
			.listener = -1,
			.status = -1,
			.state_dir = -1,
			.store = -1,
			.init_pidfd = -1,
			.init_root = -1},
		.pid_file = options->pid_file,
		.notify_socket = -1,
	};
	if (oci_id_check(id, err) < 0)
		return -1;
	return operation_descriptors(&birth->request, options->preserve_fds, err);
}

int birth_read(struct birth *birth, const struct mayfly_create *options, struct error *err)
{
	if (find_bundle(birth, options->bundle, err) < 0)
		return -1;
	return read_config(birth, options->config, err);
}

int birth_decide(struct birth *birth, struct error *err)
{
	struct operation *operation = &birth->operation;
	const char *base;

	if (operation_host(operation,
		    plan_unasked(birth->spec, birth->spec->process, birth->request.verb),
		    err) < 0)
		return -1;
	birth->wanted = (struct wanted){
		.spec = birth->spec,
		.process = birth->spec->process,
		.request = &birth->request,
		.host = &operation->host,
	};
	base = base_path(operation->global, &operation->arena);
	birth->request.base_mounts = base_is_there(base) ? base : NULL;
	return plan_build(&birth->plan, &birth->wanted, &operation->arena, err);
}

int birth_plan(struct birth *birth, const struct mayfly_global *global, const char *id,
	const struct mayfly_create *options, enum request_verb verb, struct error *err)
{
	if (birth_open(birth, global, id, options, verb, err) < 0 ||
		birth_read(birth, options, err) < 0 || watched_plan(birth, options, err) < 0 ||
		notify_plan(birth, err) < 0 || birth_decide(birth, err) < 0)
		return -1;
	return watched_check(birth, err);
}

static void tell_ignored(struct birth *birth)
{
	struct oci_warnings ignored;
	struct error err; /* it is no reason to fail */

	if (birth_ignored(birth, &ignored, &err) < 0)
		return;
	for (size_t i = 0; i < ignored.n_texts; i++)
		operation_log(&birth->operation, "debug", "ignored: %s", ignored.texts[i]);
}

void birth_warn(struct birth *birth)
{
	const struct operation *operation = &birth->operation;

	for (size_t i = 0; birth->spec && i < birth->spec->warnings.n_texts; i++)
		operation_log(operation, "warning", "%s", birth->spec->warnings.texts[i]);
	for (size_t i = 0; i < birth->plan.n_warnings; i++)
		operation_log(operation, "warning", "%s", birth->plan.warnings[i]);
	for (size_t i = 0; i < birth->plan.n_unenforced; i++)
		operation_log(
			operation, "unenforced", "NOT ENFORCED: %s", birth->plan.unenforced[i]);
	if (operation->global->debug && birth->config)
		tell_ignored(birth);
}

/*
 * RFC 3339 with nanoseconds, because CRI-O decodes it as such. Not by gmtime(), which reads the
 * time zone's file first: the days of a year that begins in March, so that the leap day is its
 * last (a century has 36524 of them, 400 years 146097).
 */
const char *operation_time(struct arena *arena, const struct timespec *time)
{
	int64_t days = time->tv_sec / 86400 + 719468, second = time->tv_sec % 86400;
	int64_t era = days / 146097, day = days % 146097;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t of_year = day - (365 * year + year / 4 - year / 100);
	int64_t march_month = (5 * of_year + 2) / 153;
	int month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);

	return arena_format(arena, "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ",
		(int)(era * 400 + year + (month <= 2)), month,
		(int)(of_year - (153 * march_month + 2) / 5 + 1), (int)(second / 3600),
		(int)(second / 60 % 60), (int)(second % 60), time->tv_nsec);
}

const char *operation_now(struct arena *arena)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return operation_time(arena, &now);
}

static const char *rootfs_of(const struct birth *birth, struct arena *arena)
{
	const char *path = birth->spec->root->path;

	return path[0] == '/' ? path
			      : arena_format(arena, "%s/%s", birth->request.bundle, path);
}

static int make_record(struct birth *birth, struct error *err)
{
	struct arena *arena = &birth->operation.arena;
	const struct oci_spec *spec = birth->spec;
	struct record *record = arena_alloc(arena, sizeof(*record));
	char *boot_id = arena_alloc(arena, BOOT_ID_SIZE);

	if (!record || !boot_id)
		return fail(err, ENOMEM, "make the record");

	int done = process_boot_id(boot_id);

	if (done < 0)
		return fail(err, -done, "read the boot id");
	*record = (struct record){
		.format = 1,
		.phase = RECORD_CREATING,
		.id = birth->request.id,
		.bundle = birth->request.bundle,
		.rootfs = rootfs_of(birth, arena),
		.created = operation_now(arena),
		.owner = geteuid(),
		.boot_id = boot_id,
		.cgroup = birth->plan.cgroup,
		.rdt_mount = birth->plan.rdt_mount,
		.rdt_group = birth->plan.rdt_group,
		.rdt_monitor = birth->plan.rdt_monitor,
		.systemd_cgroup = birth->request.systemd_cgroup,
		.unit = birth->plan.unit,
		.systemd_socket = birth->operation.host.systemd.private_socket,
		.systemd_bus = birth->operation.host.systemd.bus,
		.own_pid_namespace = birth->plan.has_pid_namespace,
		.chroot_only = !oci_namespace_find(spec->linux, CLONE_NEWNS),
		.has_process = spec->process != NULL,
		.notify = birth->notify,
		.watched = birth->watched != NULL,
		.once = birth->tied,
		.poststart = spec->hooks && spec->hooks->n_poststart,
		.poststop = spec->hooks && spec->hooks->n_poststop,
		.annotations = spec->annotations,
		.n_annotations = spec->n_annotations,
		.unenforced = birth->plan.unenforced,
		.n_unenforced = birth->plan.n_unenforced,
	};
	if (!record->rootfs || !record->created)
		return fail(err, ENOMEM, "make the record");
	birth->operation.container.record = record;
	birth->operation.container.boot_known = true;
	return 0;
}

/* Compiled filters are shared by all containers of a root; a cache that cannot be made is none.
 */
static const char *seccomp_cache(struct birth *birth)
{
	struct operation *operation = &birth->operation;

	if (!birth->plan.seccomp ||
		(mkdirat(operation->store.fd, ".seccomp", 0700) < 0 && errno != EEXIST))
		return NULL;
	return arena_format(&operation->arena, "%s/.seccomp", operation->store.path);
}

/* All that the last record says is known while the child still works. */
static int write_ready_record(void *data, struct error *err)
{
	struct birth *birth = data;
	struct container *container = &birth->operation.container;
	struct record *record = container->record;
	struct process_id id;
	int done = process_identify(birth->launch.pid, birth->launch.pidfd, &id);

	if (done < 0)
		return fail(err, -done, "identify the container's process");
	record->pid = (uint64_t)id.pid;
	record->start_time = id.start_time;
	record->pidfs = id.pidfs;
	record->phase = RECORD_READY;
	/* A user's container may have gone without: STEP_CREATE_CGROUP, optional. */
	record->cgroup = birth->launch.cgroup.fd < 0 ? NULL : birth->launch.cgroup.path;
	return container_write_aside(container, err);
}

static int commit_record(struct birth *birth, struct error *err)
{
	/* A restored process was never waited for. */
	if ((birth->restoring && write_ready_record(birth, err) < 0) ||
		container_put_in_place(&birth->operation.container, err) < 0)
		return -1;
	if (birth->pid_file && operation_pid_file(birth->pid_file, birth->launch.pid, err) < 0)
		return -1;
	if (birth->watched && monitor_start(birth, err) < 0)
		return -1;
	if (birth->before_program && birth->before_program(birth, err) < 0)
		return -1;
	/* A restored process is running already. */
	return birth->restoring ? 0 : launch_commit(&birth->launch, err);
}

/*
 * The record that is written next lets "delete --force" kill what is in the cgroup that it
 * names, and remove the resctrl groups, should we be killed before they are made: so a cgroup
 * with others in it is not named, nor is a group that is there. Making them looks again.
 */
static int check_free(const struct birth *birth, struct error *err)
{
	const struct record *record = birth->operation.container.record;

	if (resctrl_check_free(record->rdt_mount, record->rdt_group, err) < 0 ||
		resctrl_check_free(record->rdt_mount, record->rdt_monitor, err) < 0)
		return fail_in(err, "linux.intelRdt");
	if (!record->cgroup || record->unit)
		return 0;
	return cgroup_check_free(&birth->operation.host, record->cgroup, err);
}

static int prepare(struct birth *birth, struct error *err)
{
	int result;

	if (birth->restoring)
		return launch_restore(&birth->launch, birth->restoring, err);
	if (!birth->watched)
		return launch_prepare(&birth->launch, err);
	result = watched_open(birth, err);
	if (result == 0)
		result = launch_prepare(&birth->launch, err);
	watched_restore_stdio(birth->watched);
	return result;
}

static int launch_all(
	struct birth *birth, const struct mayfly_create *options, struct error *err)
{
	struct container *container = &birth->operation.container;
	size_t words_length;

	/* The intent: from here on every command can see what there may be to undo. */
	if (make_record(birth, err) < 0 || check_free(birth, err) < 0 ||
		container_save(container, err) < 0 ||
		file_replace(container->dir, "config.json", 0600, birth->config,
			birth->config_length, err) < 0)
		return -1;
	if (birth->notify && notify_make(container, birth->request.verb == REQUEST_RUN,
				     &birth->notify_socket, err) < 0)
		return -1;
	birth->launch = (struct launch){
		.plan = &birth->plan,
		.host = &birth->operation.host,
		.wanted = &birth->wanted,
		.state_dir = container->dir,
		.store = birth->operation.store.fd,
		.seccomp_cache = seccomp_cache(birth),
		.console_socket = options->console_socket,
		.pidfd_socket = options->pidfd_socket,
		.init_pidfd = -1,
		.init_root = -1,
		.tied = birth->tied,
		.watched = birth->watched != NULL,
		.keep_listener = birth->keep_listener,
		.words = operation_words(&words_length),
		.meanwhile = write_ready_record,
		.meanwhile_data = birth,
	};
	birth->launch.words_length = words_length;
	if (prepare(birth, err) < 0)
		return -1;
	if (commit_record(birth, err) < 0) {
		launch_undo(&birth->launch);
		return -1;
	}
	return 0;
}

static int make_directory(struct birth *birth, struct error *err)
{
	struct operation *operation = &birth->operation;
	int AUTO_FD announced = -1;

	if (birth->tied && store_announce(&operation->store, &announced, err) < 0)
		return -1;
	return container_make(&operation->container, &operation->store, birth->request.id,
		&operation->arena, err);
}

int birth_create(struct birth *birth, const struct mayfly_create *options, struct error *err)
{
	struct operation *operation = &birth->operation;
	struct error ignored; /* the error to tell is the one that brought us here */

	if (operation->store.fd < 0 && store_open(&operation->store, operation->global, true,
					       &operation->arena, err) < 0)
		return -1;
	if (make_directory(birth, err) < 0)
		return -1;
	if (launch_all(birth, options, err) == 0)
		return 0;
	/* A failed hook ends the lifecycle where delete does: runtime.md, Lifecycle. */
	if (birth->launch.left) {
		operation_log(operation, "warning",
			"process %d does not end: container \"%s\" stays until \"delete "
			"--force\"",
			birth->launch.pid, birth->request.id);
		return -1;
	}
	if (birth->watched) {
		monitor_finish(operation->container.dir);
		result_keep_failure(birth, err);
	}
	if (birth->launch.hooks_ran && operation->container.record->poststop)
		(void)operation_hooks(operation, HOOK_POSTSTOP, 0, &ignored);
	(void)container_forget(&operation->container, &ignored);
	return -1;
}

void birth_close(struct birth *birth)
{
	if (birth->launch.plan)
		launch_close(&birth->launch);
	fd_close(&birth->notify_socket);
	if (birth->watched)
		watched_close(birth->watched);
	operation_close(&birth->operation);
}
