/* SPDX-License-Identifier: Apache-2.0 */
/* update: other limits for a container that is there. All of them hold afterwards, or the old
 * ones do. */
#include "runtime/container/operation.h"

#include "oci/json.h"
#include "runtime/plan/resources.h"
#include "runtime/plan/unit.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/sys.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct update {
	struct operation operation;
	struct oci_spec *spec;		  /* with the limits as they are remembered */
	struct oci_resources *asked;	  /* what is to change */
	struct oci_resources *remembered; /* what to remember afterwards */
	struct cgroup cgroup;
	struct plan plan;
};

static int read_asked(
	struct update *update, const struct mayfly_update *options, struct error *err)
{
	struct arena *arena = &update->operation.arena;
	const char *path = options->resources, *name = path ? path : "--resources";
	char *bytes = (char *)(uintptr_t)options->json;
	size_t length = bytes ? strlen(bytes) : 0;
	int done = 0;

	if (path && !strcmp(path, "-")) {
		name = "standard input";
		done = file_read_fd(0, OCI_BYTES_MAX, arena, &bytes, &length, err);
	} else if (path) {
		done = file_read(AT_FDCWD, path, OCI_BYTES_MAX, arena, &bytes, &length, err);
	}
	if (done < 0) {
		error_while(err, "--resources");
		return -1;
	}
	if (!bytes)
		return fail(err, 0, "nothing to update: give limits, or --resources FILE");
	if (oci_resources_parse(bytes, length, arena, &update->asked, err) < 0)
		return json_in_file(err, name) ? -1 : fail_in(err, "linux.resources");
	/* The devices are as create left them: Podman sends the config's own list again. */
	update->asked->devices = NULL;
	update->asked->n_devices = 0;
	return 0;
}

static int check_status(struct container *container, struct error *err)
{
	switch (container_status(container, NULL)) {
	case OCI_STATUS_CREATING:
		return fail(err, 0, "container not running: it is being created");
	case OCI_STATUS_STOPPED:
		return fail(err, 0, "container not running");
	default:
		return 0;
	}
}

/*
 * cpu.max holds quota and period, and an update may name only one of them: the other one is
 * then what the kernel has, whoever wrote it.
 */
static int complete_cpu(struct update *update, struct error *err)
{
	struct oci_cpu *cpu = update->asked->cpu;
	char text[64], *rest;

	if (!cpu || (cpu->quota.value != 0) == (cpu->period.value != 0) ||
		cgroup_read(&update->cgroup, "cpu.max", text, sizeof(text)) < 0)
		return 0;

	int64_t quota = strtoll(text, &rest, 10);
	uint64_t period = strtoull(*rest == ' ' ? rest : strchrnul(text, ' '), NULL, 10);

	if (cpu->quota.value == 0)
		cpu->quota = (struct opt_i64){true, quota > 0 ? quota : -1};
	else if (period)
		cpu->period = (struct opt_u64){true, period};
	return 0;
}

/* memory.checkBeforeUpdate: rather refuse than have the kernel kill what is over the limit. */
static int check_usage(struct update *update, struct error *err)
{
	const struct oci_memory *memory = update->asked->memory;
	char text[32];

	if (!memory || !memory->check_before_update.value ||
		cgroup_read(&update->cgroup, "memory.current", text, sizeof(text)) < 0)
		return 0;

	int64_t usage = strtoll(text, NULL, 10);

	if (memory->swap.value > 0 && memory->swap.value <= usage)
		return fail(err, 0,
			"linux.resources.memory.swap: rejecting memory+swap limit %" PRId64
			" <= usage %" PRId64,
			memory->swap.value, usage);
	if (memory->limit.value > 0 && memory->limit.value <= usage)
		return fail(err, 0,
			"linux.resources.memory.limit: rejecting memory limit %" PRId64
			" <= usage %" PRId64,
			memory->limit.value, usage);
	return 0;
}

/*
 * Which limits there are, this cgroup says itself: the caller may be in another part of the
 * tree than the container, with other controllers (a user's Podman outside of user@.service).
 */
static void ask_cgroup(struct update *update)
{
	struct host *host = &update->operation.host;
	char text[512];

	if (cgroup_read(&update->cgroup, "cgroup.controllers", text, sizeof(text)) < 0)
		return;
	host->controllers = host_controllers_parse(text);
	host->has_swap_accounting =
		cgroup_read(&update->cgroup, "memory.swap.max", text, sizeof(text)) >= 0;
	host->bfq_weight =
		cgroup_read(&update->cgroup, "io.bfq.weight", text, sizeof(text)) >= 0;
}

/* The steps of create, for what is asked now. */
static int plan_update(struct update *update, struct error *err)
{
	struct operation *operation = &update->operation;
	const struct request request = {
		.id = operation->container.id,
		.allow_missing_controllers = operation->global->allow_missing_controllers,
	};
	const struct wanted wanted = {
		.spec = update->spec, .request = &request, .host = &operation->host};
	unsigned int controllers;

	update->plan = (struct plan){.arena = &operation->arena};
	if (plan_limits(&update->plan, &wanted, update->asked, &controllers, err) < 0)
		return -1;
	for (size_t i = 0; i < update->plan.n_warnings; i++)
		operation_log(operation, "warning", "%s", update->plan.warnings[i]);
	for (size_t i = 0; i < update->plan.n_unenforced; i++)
		operation_log(operation, "unenforced", "NOT ENFORCED: %s",
			update->plan.unenforced[i]);
	return oci_resources_merge(update->spec->linux->resources, update->asked,
		&operation->arena, &update->remembered, err);
}

/* In the record, beside those that create left out. */
static int remember_unenforced(struct update *update, struct error *err)
{
	struct container *container = &update->operation.container;
	struct record *record = container->record;
	size_t more = update->plan.n_unenforced;

	if (more == 0)
		return 0;

	const char **all = arena_grow(container->arena, record->unenforced,
		record->n_unenforced, record->n_unenforced + more, sizeof(*all));

	if (!all)
		return fail(err, ENOMEM, "remember the limits");
	for (size_t i = 0; i < more; i++) {
		const char *sentence = update->plan.unenforced[i];
		size_t same = 0;

		while (same < record->n_unenforced && strcmp(all[same], sentence) != 0)
			same++;
		if (same == record->n_unenforced)
			all[record->n_unenforced++] = sentence;
	}
	record->unenforced = all;
	return container_save(container, err);
}

/*
 * systemd has to know the limits in its unit's properties before they are in the files, or a
 * daemon-reload undoes them. PLAN has the steps that write the files.
 */
static int tell_systemd(const struct update *update, const struct plan *plan, struct error *err)
{
	const struct record *record = update->operation.container.record;
	const struct unit_bus bus = record_bus(record);
	struct unit_properties properties = {.arena = plan->arena, .err = err};

	if (!record->unit)
		return 0;
	if (plan_unit_properties(&properties, &plan->outside, 0) < 0)
		return -1;
	return unit_set(&bus, record->unit, properties.list, properties.count, err);
}

/* The limits of before, as the config remembers them. */
static void tell_systemd_old(struct update *update)
{
	const struct request request = {.allow_missing_controllers = true};
	const struct wanted wanted = {
		.spec = update->spec, .request = &request, .host = &update->operation.host};
	struct plan old = {.arena = &update->operation.arena};
	struct error ignored; /* the error to tell is the one that brought us here */
	unsigned int controllers;

	if (plan_limits(
		    &old, &wanted, update->spec->linux->resources, &controllers, &ignored) == 0)
		(void)tell_systemd(update, &old, &ignored);
}

static int write_limits(struct update *update, struct error *err)
{
	struct container *container = &update->operation.container;
	struct cgroup_old *old;
	size_t n_old;

	if (cgroup_update(&update->cgroup, update->plan.outside.steps,
		    update->plan.outside.count, &update->operation.arena, &old, &n_old,
		    err) < 0)
		return -1;
	if (remember_unenforced(update, err) == 0 &&
		container_save_resources(container, update->remembered, err) == 0)
		return 0;
	cgroup_restore(&update->cgroup, old, n_old);
	return -1;
}

/* The one place where an update takes effect. */
static int apply(struct update *update, struct error *err)
{
	if (tell_systemd(update, &update->plan, err) < 0)
		return -1;
	if (write_limits(update, err) == 0)
		return 0;
	tell_systemd_old(update);
	return -1;
}

static int do_update(
	struct update *update, const struct mayfly_update *options, struct error *err)
{
	struct operation *operation = &update->operation;

	if (read_asked(update, options, err) < 0 ||
		container_lock(&operation->container, OPERATION_TIMEOUT_MS, err) < 0)
		return -1;
	if (!operation->container.record)
		return fail(err, NO_SUCH_CONTAINER, "container does not exist: %s",
			operation->container.id);
	if (check_status(&operation->container, err) < 0 ||
		container_config(&operation->container, &update->spec, err) < 0 ||
		operation_cgroup(operation, &update->cgroup, err) < 0)
		return -1;

	ask_cgroup(update);

	int result = complete_cpu(update, err);

	if (result == 0)
		result = check_usage(update, err);
	if (result == 0)
		result = plan_update(update, err);
	if (result == 0)
		result = apply(update, err);
	cgroup_close(&update->cgroup);
	return result;
}

int mayfly_update(const struct mayfly_global *global, const char *id,
	const struct mayfly_update *options, struct error *err)
{
	struct update update = {.cgroup = {.fd = -1, .mount = -1}};
	int result = operation_open(&update.operation, global, id, err);

	if (result == 0)
		result = do_update(&update, options, err);
	operation_close(&update.operation);
	return result;
}
