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

#include <linux/sched.h>

/* create and run */
static plan_room *const birth[] = {
	plan_annotations,
	plan_namespaces, /* open, clone, join, fork */
	plan_idmap,
	plan_oom,
	plan_new_namespaces, /* cgroup, loopback, host name */
	plan_keyring,

	plan_root, /* from here in the jail: only names inside the root */
	plan_mounts,
	plan_mapped,	  /* meet: mapped */
	plan_net_devices, /* meet: network ready */
	plan_devices,
	plan_working_directory,
	plan_console, /* meet: console; before /dev becomes read-only */
	plan_readonly_mounts,

	plan_cgroup, /* outside, before clone: limits hold from the first instruction */
	plan_devices_cgroup,
	plan_intel_rdt,

	plan_hooks_outside, /* meet: rootfs ready, hooks done */
	plan_sysctl,
	plan_paths,
	plan_pivot, /* out of the jail, createContainer hooks, and the host is gone */

	plan_process, /* from here the same rooms as exec */
	plan_labels,
	plan_stdio,
	plan_rlimits,
	plan_security,
	plan_program,
	plan_created, /* meet: created, committed */
	plan_exec,
};

/* exec: another process in the container */
static plan_room *const join[] = {
	plan_join,
	plan_enter, /* unless the filter comes first: plan_security */
	plan_keyring,
	plan_console,

	plan_process,
	plan_labels,
	plan_stdio,
	plan_rlimits,
	plan_security,
	plan_program,
	plan_created,
	plan_exec,
};

/* A container may be created without a program; it is then planned for a user who may nothing.
 */
static const struct oci_process no_process = {.cwd = "/"};

static int check_program(const struct wanted *wanted, struct error *err)
{
	if (!wanted->process && wanted->request->verb == REQUEST_CREATE)
		return 0;
	if (!wanted->process)
		return refuse(err, "process", "must be set to start a program");
	return 0;
}

static int append(struct plan *plan, struct step_list *list, const struct step *from,
	size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct step *step = plan_step(plan, list, err, STEP_NONE, "%s", "");

		if (!step)
			return -1;
		*step = from[i];
	}
	return 0;
}

/* The steps of opened_inside go where the host is last seen. */
static int open_inside(struct plan *plan, struct error *err)
{
	const struct step_list all = plan->inside, opened = plan->opened_inside;
	size_t jail = 0;

	if (opened.count == 0)
		return 0;
	while (jail < all.count && all.steps[jail].kind != STEP_ENTER_ROOT)
		jail++;
	plan->inside = plan->opened_inside = (struct step_list){0};
	if (append(plan, &plan->inside, all.steps, jail, err) < 0 ||
		append(plan, &plan->inside, opened.steps, opened.count, err) < 0)
		return -1;
	return append(plan, &plan->inside, all.steps + jail, all.count - jail, err);
}

static int join_lists(struct plan *plan, struct error *err)
{
	const struct step_list after = plan->after_clone;

	plan->after_clone = (struct step_list){0};
	if (append(plan, &plan->outside, after.steps, after.count, err) < 0)
		return -1;
	return open_inside(plan, err);
}

unsigned int plan_unasked(
	const struct oci_spec *spec, const struct oci_process *process, enum request_verb verb)
{
	const struct oci_linux *section = spec->linux;
	const struct oci_resources *limits = section->resources;
	bool exec = verb == REQUEST_EXEC;
	const struct {
		unsigned int facts;
		bool asked;
	} rows[] = {
		{HOST_NO_LABELS,
			process && (process->apparmor_profile || process->selinux_label)},
		{HOST_NO_RESCTRL, !exec && section->intel_rdt},
		{HOST_NO_OWN_CGROUP,
			!exec && (!section->cgroups_path || section->cgroups_path[0] != '/')},
		{HOST_NO_TIME_SPACES,
			!exec && oci_namespace_find(section, CLONE_NEWTIME) != NULL},
		{HOST_NO_LIMIT_FILES, !exec && limits && (limits->memory || limits->block_io)},
	};
	unsigned int unasked = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!rows[i].asked)
			unasked |= rows[i].facts;
	return unasked;
}

int plan_build(
	struct plan *plan, const struct wanted *wanted, struct arena *arena, struct error *err)
{
	bool exec = wanted->request->verb == REQUEST_EXEC;
	plan_room *const *rooms = exec ? join : birth;
	size_t count = exec ? sizeof(join) / sizeof(*join) : sizeof(birth) / sizeof(*birth);
	struct wanted all = *wanted;

	*plan = (struct plan){.arena = arena, .init_pidfd_slot = -1, .init_root_slot = -1};
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
