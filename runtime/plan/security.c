/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the program is and what it may do: labels, user, groups, capability sets, no_new_privs
 * (config.md, User, Linux Process). All privileges the set-up needs are gone after this.
 */
#include "runtime/plan/rooms.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <string.h>

static int set_label(struct plan *plan, enum label_kind kind, const char *text,
	const char *field, struct error *err)
{
	struct step *step =
		plan_step(plan, &plan->inside, err, STEP_SET_LABEL, "process.%s", field);

	if (!step)
		return -1;
	step->label.kind = kind;
	step->label.text = text;
	return 0;
}

int plan_keyring(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_process *process = wanted->process;

	if (wanted->request->no_new_keyring)
		return 0;
	if (process->selinux_label && wanted->host->has_selinux &&
		set_label(plan, LABEL_SELINUX_KEY, process->selinux_label, "selinuxLabel",
			err) < 0)
		return -1;
	return plan_bare(plan, &plan->inside, err, STEP_JOIN_KEYRING, "");
}

int plan_labels(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_process *process = wanted->process;
	const char *profile = process->apparmor_profile;

	if (profile && !wanted->host->has_apparmor && strcmp(profile, "unconfined") != 0)
		return refuse(err, "process.apparmorProfile",
			"AppArmor is not enabled on this host, so \"%.128s\" cannot confine "
			"the program",
			profile);
	/* With no_new_privs, a confined process may take on more profiles, and leave none. */
	bool stack = wanted->host->is_apparmor_confined && process->no_new_privileges;

	if (profile && wanted->host->has_apparmor &&
		set_label(plan, stack ? LABEL_APPARMOR_STACK : LABEL_APPARMOR, profile,
			"apparmorProfile", err) < 0)
		return -1;
	if (!process->selinux_label)
		return 0;
	if (!wanted->host->has_selinux)
		return plan_warn(
			plan, err, "process.selinuxLabel: SELinux is not enabled on this host");
	return set_label(plan, LABEL_SELINUX, process->selinux_label, "selinuxLabel", err);
}

/* So that a user other than root can reopen /dev/stdout; a terminal is his already. */
int plan_stdio(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_user *user = &wanted->process->user;
	struct step *step;

	if (!plan->process)
		return 0;
	if (!wanted->process->terminal) {
		step = plan_step(plan, &plan->inside, err, STEP_OWN_STDIO, "process.user.uid");
		if (!step)
			return -1;
		step->owner.uid = user->uid;
	}
	if (environment_has_home(wanted->process))
		return 0;
	step = plan_step(plan, &plan->inside, err, STEP_FIND_HOME, "process.env");
	if (!step)
		return -1;
	step->user.uid = user->uid;
	return 0;
}

/* Ungrantable ones SHOULD be a warning, never an error (config.md, Linux Process). */
static int warn_ungrantable(struct plan *plan, uint64_t missing, struct error *err)
{
	const char *list = NULL;

	for (const struct name *row = oci_capability_names; row->name; row++) {
		if (!(missing & UINT64_C(1) << row->value))
			continue;
		list = list ? arena_format(plan->arena, "%s, %s", list, row->name) : row->name;
		if (!list)
			return no_memory(err);
	}
	if (!list)
		return 0;
	return plan_warn(plan, err, "process.capabilities: cannot be granted here: %s", list);
}

static void decide_capabilities(const struct wanted *wanted, struct step_capabilities *ret)
{
	const struct oci_capabilities *asked = wanted->process->capabilities;
	const struct host *host = wanted->host;
	/* In a user namespace of its own a container has all that the kernel knows. */
	uint64_t all = host->last_capability < 63
			       ? (UINT64_C(1) << (host->last_capability + 1)) - 1
			       : UINT64_MAX;
	uint64_t grantable =
		has_namespace(wanted, CLONE_NEWUSER) ? all : all & host->capabilities;

	*ret = (struct step_capabilities){.last = host->last_capability};
	if (!asked)
		return;
	ret->bounding = asked->bounding & grantable;
	ret->permitted = asked->permitted & grantable;
	/* The kernel wants effective within permitted and inheritable within bounding:
	 * capset(2). */
	ret->effective = asked->effective & ret->permitted;
	ret->inheritable = asked->inheritable & ret->bounding;
	ret->ambient = asked->ambient & ret->permitted & ret->inheritable;
}

static int warn_difference(struct plan *plan, const struct oci_capabilities *asked,
	const struct step_capabilities *ret, struct error *err)
{
	if (!asked)
		return 0;
	return warn_ungrantable(plan,
		(asked->bounding & ~ret->bounding) | (asked->permitted & ~ret->permitted) |
			(asked->effective & ~ret->effective) |
			(asked->inheritable & ~ret->inheritable) |
			(asked->ambient & ~ret->ambient),
		err);
}

static int check_mapped(const struct wanted *wanted, struct error *err)
{
	const struct oci_linux *section = wanted->spec->linux;
	const struct oci_user *user = &wanted->process->user;
	uint32_t id;

	if (section->n_uid_mappings &&
		!map_id(section->uid_mappings, section->n_uid_mappings, user->uid, &id))
		return refuse(err, "process.user.uid",
			"cannot set uid to unmapped user in user namespace: %u", user->uid);
	if (!section->n_gid_mappings)
		return 0;
	if (!map_id(section->gid_mappings, section->n_gid_mappings, user->gid, &id))
		return refuse(err, "process.user.gid",
			"cannot set gid to unmapped user in user namespace: %u", user->gid);
	for (size_t i = 0; i < user->n_additional_gids; i++) {
		uint32_t gid = user->additional_gids[i];

		if (map_id(section->gid_mappings, section->n_gid_mappings, gid, &id))
			continue;
		error_set(err, 0, "%u is not mapped in the user namespace", gid);
		return fail_in(err, "process.user.additionalGids[%zu]", i);
	}
	return 0;
}

static int set_user(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_user *user = &wanted->process->user;
	gid_t *groups = arena_array(plan->arena, user->n_additional_gids, sizeof(*groups));
	bool denied = denies_setgroups(wanted), keep = keeps_groups(wanted);

	if (keep && user->n_additional_gids && wanted->request->verb != REQUEST_EXEC)
		return refuse(err, "process.user.additionalGids",
			"the groups of the caller are kept "
			"(annotations[\"run.oci.keep_original_groups\"]): there can be no "
			"others");
	keep = keep && !user->n_additional_gids;
	if (!groups)
		return no_memory(err);
	if (denied && user->n_additional_gids)
		return refuse(err, "process.user.additionalGids",
			"cannot set any additional groups in a rootless container");
	if (check_mapped(wanted, err) < 0)
		return -1;
	for (size_t i = 0; i < user->n_additional_gids; i++)
		groups[i] = user->additional_gids[i];

	struct step *step = plan_step(plan, &plan->inside, err, STEP_SET_USER, "process.user");

	if (!step)
		return -1;
	step->user = (struct step_user){
		.uid = user->uid,
		.gid = user->gid,
		.groups = groups,
		.n_groups = user->n_additional_gids,
		.skip_setgroups = denied || keep,
	};
	return 0;
}

static int drop_bounding(
	struct plan *plan, const struct step_capabilities *capabilities, struct error *err)
{
	struct step *step = plan_step(
		plan, &plan->inside, err, STEP_DROP_BOUNDING, "process.capabilities.bounding");

	if (!step)
		return -1;
	step->capabilities = *capabilities;
	return 0;
}

/*
 * What the steps of exec that come before SET_CAPABILITIES ask of the kernel; FILTERED: those
 * that come behind the filter, when that is loaded before the fork.
 */
static uint64_t needed_to_enter(const struct wanted *wanted, bool filtered)
{
	const struct oci_process *process = wanted->process;
	bool early_filter = wanted->spec->linux->seccomp && !process->no_new_privileges;
	bool nice = process->scheduler || (process->io_priority && !filtered);
	const struct {
		bool needed;
		int capability;
	} rows[] = {
		{!filtered, CAP_CHOWN},	  /* of stdio */
		{true, CAP_DAC_OVERRIDE}, /* a working directory that only root may enter */
		{true, CAP_SETUID},
		{true, CAP_SETGID},
		{!filtered && wanted->request->has_chroot_only, CAP_SYS_CHROOT},
		{nice, CAP_SYS_NICE},
		{!filtered && process->n_rlimits > 0, CAP_SYS_RESOURCE},
		{!filtered && early_filter, CAP_SYS_ADMIN},
	};
	uint64_t mask = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].needed)
			mask |= UINT64_C(1) << rows[i].capability;
	return mask;
}

static int shed_all_but(struct plan *plan, const struct step_capabilities *capabilities,
	uint64_t needed, struct error *err)
{
	struct step *step =
		plan_step(plan, &plan->inside, err, STEP_SHED_CAPABILITIES, "%s", "");

	if (!step)
		return -1;
	step->capabilities = *capabilities;
	step->capabilities.permitted |= capabilities->inheritable | needed;
	return 0;
}

/*
 * Without a user namespace, a process of the container with CAP_SYS_PTRACE can seize one that
 * enters, from the moment it is in their pid namespace: it must have little to give then. The
 * bounding set as well, because an exec as root would get all of it back.
 */
int plan_shed(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	struct step_capabilities capabilities;

	decide_capabilities(wanted, &capabilities);
	if (drop_bounding(plan, &capabilities, err) < 0)
		return -1;
	return shed_all_but(plan, &capabilities, needed_to_enter(wanted, false), err);
}

int plan_shed_filtered(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	struct step_capabilities capabilities;

	decide_capabilities(wanted, &capabilities);
	return shed_all_but(plan, &capabilities, needed_to_enter(wanted, true), err);
}

int plan_security(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	struct step_capabilities capabilities;
	struct step *step;

	if (wanted->process->no_new_privileges &&
		plan_bare(plan, &plan->inside, err, STEP_NO_NEW_PRIVILEGES,
			"process.noNewPrivileges") < 0)
		return -1;
	decide_capabilities(wanted, &capabilities);
	if (plan_seccomp_early(plan, wanted, err) < 0 ||
		warn_difference(plan, wanted->process->capabilities, &capabilities, err) < 0)
		return -1;
	/* exec has done it before: plan_shed() */
	if (wanted->request->verb != REQUEST_EXEC &&
		drop_bounding(plan, &capabilities, err) < 0)
		return -1;
	if (set_user(plan, wanted, err) < 0)
		return -1;
	step = plan_step(
		plan, &plan->inside, err, STEP_SET_CAPABILITIES, "process.capabilities");
	if (!step)
		return -1;
	step->capabilities = capabilities;
	return 0;
}
