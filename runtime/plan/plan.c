/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of a container's birth. Each room below says what is to be asked of the kernel for
 * one concern, on both sides of clone(), and this page says in which order. Nothing here or in
 * the rooms makes a system call.
 *
 * A room appends to three lists: "outside" (before clone), "after_clone" (outside, too, from
 * clone on) and "inside". So the order below is the order of all three.
 */
#include "runtime/plan/rooms.h"

/* create and run */
static plan_room *const birth[] = {
	plan_refusals,
	plan_namespaces,        /* open, clone, join, fork */
	plan_idmap,             /* meet: mapped */
	plan_oom,
	plan_new_namespaces,    /* cgroup, loopback, host name */
	plan_keyring,

	plan_root,              /* from here in the jail: only names inside the root */
	plan_mounts,
	plan_devices,
	plan_working_directory,
	plan_console,           /* before /dev becomes read-only */
	plan_readonly_mounts,

	plan_cgroup,            /* outside, before clone: limits hold from the first instruction */
	plan_devices_cgroup,

	plan_mapped,
	plan_hooks_outside,     /* meet: rootfs ready, hooks done */
	plan_sysctl,
	plan_paths,
	plan_pivot,             /* out of the jail, createContainer hooks, and the host is gone */

	plan_process,           /* from here the same rooms as exec */
	plan_labels,
	plan_stdio,
	plan_security,
	plan_program,
	plan_created,           /* meet: created, committed */
	plan_exec,
};

/* exec: another process in the container */
static plan_room *const join[] = {
	plan_join,
	plan_oom,
	plan_keyring,
	plan_console,

	plan_process,
	plan_labels,
	plan_stdio,
	plan_security,
	plan_program,
	plan_created,
	plan_exec,
};

/* A container may be created without a program; it is then planned for a user who may nothing. */
static const struct oci_process no_process = { .cwd = "/" };

static int check_program(const struct wanted *wanted, struct error *err)
{
	if (!wanted->process && wanted->request->verb == REQUEST_CREATE)
		return 0;
	if (!wanted->process)
		return refuse(err, "process", "must be set to start a program");
	return 0;
}

static int join_lists(struct plan *plan, struct error *err)
{
	for (size_t i = 0; i < plan->after_clone.count; i++) {
		struct step *step = plan_step(plan, &plan->outside, err, STEP_NONE, "%s", "");

		if (!step)
			return -1;
		*step = plan->after_clone.steps[i];
	}
	plan->after_clone = (struct step_list){ 0 };
	return 0;
}

int plan_build(struct plan *plan, const struct wanted *wanted, struct arena *arena,
	struct error *err)
{
	bool exec = wanted->request->verb == REQUEST_EXEC;
	plan_room *const *rooms = exec ? join : birth;
	size_t count = exec ? sizeof(join) / sizeof(*join) : sizeof(birth) / sizeof(*birth);
	struct wanted all = *wanted;

	*plan = (struct plan){ .arena = arena, .init_pidfd_slot = -1, .init_root_slot = -1 };
	if (check_program(wanted, err) < 0)
		return -1;
	plan->process = wanted->process;
	if (!all.process)
		all.process = &no_process;
	plan->terminal = all.process->terminal;
	for (size_t i = 0; i < count; i++)
		if (rooms[i](plan, &all, err) < 0)
			return -1;
	return join_lists(plan, err);
}
