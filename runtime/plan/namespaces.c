/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which namespaces are made and joined, by how many processes, and what a new one needs at
 * once (config-linux.md, Namespaces).
 */
#include "runtime/plan/rooms.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <string.h>

bool has_namespace(const struct wanted *wanted, uint32_t type)
{
	return oci_namespace_find(wanted->spec->linux, type) != NULL;
}

bool has_new_namespace(const struct wanted *wanted, uint32_t type)
{
	const struct oci_namespace *ns = oci_namespace_find(wanted->spec->linux, type);

	return ns && !ns->path;
}

bool in_user_namespace(const struct wanted *wanted)
{
	return wanted->host->in_user_namespace || has_namespace(wanted, CLONE_NEWUSER);
}

/*
 * A new mount namespace is a copy of the one it is made in, with every mount of the host, each
 * of which must be taken down again. Made in an empty one (mayfly doctor --prepare) it is as
 * quick on any host. Not where something inside still looks for the host: a hook, or a user's
 * own sources.
 */
bool begins_from_base(const struct wanted *wanted)
{
	const struct oci_hooks *hooks = wanted->spec->hooks;
	const struct oci_linux *section = wanted->spec->linux;

	if (!wanted->request->base_mounts || in_user_namespace(wanted) ||
		wanted->host->euid != 0 || wanted->request->no_pivot ||
		!has_new_namespace(wanted, CLONE_NEWNS) || (hooks && hooks->n_create_container))
		return false;
	/* Those make the child fork, or belong to another tenant's user namespace. */
	for (size_t i = 0; i < section->n_namespaces; i++)
		if (section->namespaces[i].type == CLONE_NEWTIME ||
			(section->namespaces[i].path &&
				section->namespaces[i].type == CLONE_NEWPID))
			return false;
	return true;
}

/* How the namespaces are entered and made. */
struct birth {
	uint64_t clone; /* of clone() */
	bool joins, forks;
	uint64_t unshare; /* by the intermediate process, before it forks */
	uint64_t fork;	  /* of the fork */
	bool mounts;	  /* the mount namespace is made after joining the base */
};

static void decide_birth(uint64_t fresh, uint64_t joined, bool time_offsets, struct birth *ret)
{
	/* A process sees its own cgroup as the root of a namespace it makes, and clone3() makes
	 * namespaces before the process is in its cgroup: always unshared later, by itself. */
	uint64_t made = fresh & ~(uint64_t)CLONE_NEWCGROUP;

	*ret = (struct birth){.joins = joined != 0};
	/*
	 * setns(2) to a pid namespace and unshare(2) of a time namespace hold for children
	 * only. A new user namespace is left until after the joins, which need the privileges
	 * we have in the old one; and what is new beside a joined one belongs to it.
	 */
	ret->forks = time_offsets || (joined & (CLONE_NEWPID | CLONE_NEWUSER)) ||
		     ((fresh & CLONE_NEWUSER) && joined);
	if (!ret->forks) {
		ret->clone = made;
		return;
	}
	if (time_offsets) {
		/* They can be written only while the namespace is empty: time_namespaces(7). */
		ret->unshare = CLONE_NEWTIME;
		made &= ~(uint64_t)CLONE_NEWTIME;
	}
	ret->fork = made;
}

/* What oci/check.c cannot know: it depends on the host. */
static int check_host(const struct wanted *wanted, bool offsets, struct error *err)
{
	const struct host *host = wanted->host;

	if (host->euid != 0 && !has_namespace(wanted, CLONE_NEWUSER))
		return fail(err, 0,
			"rootless container requires user namespaces: add {\"type\": "
			"\"user\"} to linux.namespaces with id mappings, as \"mayfly spec "
			"--rootless\" writes them, or run as root");
	if (has_namespace(wanted, CLONE_NEWTIME) && !host->has_time_namespace)
		return refuse(err, "linux.namespaces",
			"time namespaces aren't enabled in the kernel");
	if (offsets && host->euid != 0)
		return refuse(err, "linux.timeOffsets",
			"only root can set them: the time namespace is made before the user "
			"namespace");
	return 0;
}

/* The name, with dots, of a sysctl that would be written in a namespace of TYPE; or NULL. */
static int sysctl_of(struct plan *plan, const struct oci_linux *section, uint32_t type,
	const char **ret, struct error *err)
{
	*ret = NULL;
	for (size_t i = 0; i < section->n_sysctl && !*ret; i++) {
		if (oci_sysctl_namespace(section->sysctl[i].key) != type)
			continue;

		char *name = arena_text(plan->arena, section->sysctl[i].key);

		if (!name)
			return no_memory(err);
		for (char *at = name; *at; at++)
			*at = *at == '/' ? '.' : *at == '.' ? '/' : *at;
		*ret = name;
	}
	return 0;
}

/* Descriptors of the namespaces to join, opened while everything is still the host's. */
static int open_namespaces(struct plan *plan, const struct wanted *wanted,
	struct step_join *ret, struct error *err)
{
	const struct oci_linux *section = wanted->spec->linux;
	struct step_namespace *list =
		arena_array(plan->arena, section->n_namespaces + 1, sizeof(*list));

	if (!list)
		return no_memory(err);
	*ret = (struct step_join){.pidfd_slot = -1, .namespaces = list};
	for (size_t i = 0; i < section->n_namespaces; i++) {
		const struct oci_namespace *ns = &section->namespaces[i];

		if (!ns->path)
			continue;

		struct step *step = plan_step(plan, &plan->outside, err, STEP_OPEN_NAMESPACE,
			"linux.namespaces[%zu]", i);

		if (!step)
			return -1;
		step->open_path.slot = plan_slot(plan);
		step->open_path.path = ns->path;
		step->open_path.ns_type = (int)ns->type;
		if (sysctl_of(plan, section, ns->type, &step->open_path.sysctl, err) < 0)
			return -1;
		if (ns->type == CLONE_NEWUSER &&
			plan_joined_maps(plan, wanted, &ret->maps, err) < 0)
			return -1;
		list[ret->n_namespaces].slot = step->open_path.slot;
		list[ret->n_namespaces++].type = (int)ns->type;
	}
	if (!begins_from_base(wanted))
		return 0;

	struct step *step =
		plan_step(plan, &plan->outside, err, STEP_OPEN_NAMESPACE, "linux.namespaces");

	if (!step)
		return -1;
	step->open_path.slot = plan_slot(plan);
	step->open_path.path = wanted->request->base_mounts;
	step->open_path.ns_type = CLONE_NEWNS;
	list[ret->n_namespaces].slot = step->open_path.slot;
	list[ret->n_namespaces++].type = CLONE_NEWNS;
	return 0;
}

static int unshare_time(
	struct plan *plan, const struct oci_time_offsets *offsets, struct error *err)
{
	const struct {
		const char *clock;
		const struct oci_time_offset *offset;
	} rows[] = {{"monotonic", offsets->monotonic}, {"boottime", offsets->boottime}};
	const char *text = "";

	struct step *step =
		plan_step(plan, &plan->inside, err, STEP_UNSHARE, "linux.timeOffsets");

	if (!step)
		return -1;
	step->unshare.flags = CLONE_NEWTIME;
	for (size_t i = 0; i < 2; i++) {
		if (!rows[i].offset)
			continue;
		text = arena_format(plan->arena, "%s%s %" PRId64 " %" PRIu32 "\n", text,
			rows[i].clock, rows[i].offset->secs, rows[i].offset->nanosecs);
		if (!text)
			return no_memory(err);
	}
	return plan_file(plan, &plan->inside, err, STEP_WRITE_SELF, "timens_offsets", text,
		"linux.timeOffsets");
}

static int plan_birth(struct plan *plan, const struct birth *birth,
	const struct step_join *join, const struct oci_time_offsets *offsets, struct error *err)
{
	struct step *step =
		plan_step(plan, &plan->after_clone, err, STEP_CLONE, "linux.namespaces");

	if (!step)
		return -1;
	step->clone.flags = birth->clone;
	if (birth->joins) {
		step = plan_step(plan, &plan->inside, err, STEP_JOIN, "linux.namespaces");
		if (!step)
			return -1;
		step->join = *join;
	}
	if (birth->mounts) {
		step = plan_step(plan, &plan->inside, err, STEP_UNSHARE, "linux.namespaces");
		if (!step)
			return -1;
		step->unshare.flags = CLONE_NEWNS;
	}
	if (birth->unshare && unshare_time(plan, offsets, err) < 0)
		return -1;
	if (!birth->forks)
		return 0;
	step = plan_step(plan, &plan->inside, err, STEP_FORK, "linux.namespaces");
	if (!step)
		return -1;
	step->clone.flags = birth->fork;
	return plan_message(plan, &plan->after_clone, err, STEP_AWAIT, MESSAGE_FORKED);
}

int plan_namespaces(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_linux *section = wanted->spec->linux;
	uint64_t fresh = 0, joined = 0;
	struct step_join opened;
	struct birth birth;
	const struct oci_time_offsets *times = section->time_offsets;
	bool offsets = times && (times->monotonic || times->boottime);

	if (check_host(wanted, offsets, err) < 0)
		return -1;
	for (size_t i = 0; i < section->n_namespaces; i++)
		*(section->namespaces[i].path ? &joined : &fresh) |=
			section->namespaces[i].type;
	plan->has_pid_namespace = fresh & CLONE_NEWPID;
	decide_birth(fresh, joined, offsets, &birth);
	if (begins_from_base(wanted)) {
		birth.joins = birth.mounts = true;
		birth.clone &= ~(uint64_t)CLONE_NEWNS;
	}
	if (open_namespaces(plan, wanted, &opened, err) < 0)
		return -1;
	return plan_birth(plan, &birth, &opened, section->time_offsets, err);
}

static int plan_name(struct plan *plan, enum step_kind kind, const char *field,
	const char *name, struct error *err)
{
	if (!name)
		return 0;
	return plan_text(plan, &plan->inside, err, kind, name, field);
}

int plan_new_namespaces(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	struct step *step;

	if (has_new_namespace(wanted, CLONE_NEWCGROUP)) {
		step = plan_step(plan, &plan->inside, err, STEP_UNSHARE, "linux.namespaces");
		if (!step)
			return -1;
		step->unshare.flags = CLONE_NEWCGROUP;
	}
	if (has_new_namespace(wanted, CLONE_NEWNET) &&
		plan_bare(plan, &plan->inside, err, STEP_LOOPBACK_UP, "linux.namespaces") < 0)
		return -1;
	/* The names must be there when hooks see the uts namespace (config.md, Hooks). */
	if (plan_name(plan, STEP_SET_HOSTNAME, "hostname", wanted->spec->hostname, err) < 0)
		return -1;
	return plan_name(
		plan, STEP_SET_DOMAINNAME, "domainname", wanted->spec->domainname, err);
}

/* exec: one pidfd names every namespace of the container, and the process cannot be swapped. */
int plan_join(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct request *request = wanted->request;
	struct step *step = plan_step(plan, &plan->after_clone, err, STEP_CLONE, "%s", "");

	if (!step)
		return -1;
	plan->cgroup = wanted->host->cgroup == CGROUP_NONE ? NULL : request->cgroup;
	plan->init_pidfd_slot = plan_slot(plan);
	step = plan_step(plan, &plan->inside, err, STEP_JOIN, "%s", "");
	if (!step)
		return -1;
	step->join.pidfd_slot = plan->init_pidfd_slot;
	step->join.mask = request->join_mask;
	if (plan_shed(plan, wanted, err) < 0)
		return -1;
	if (!request->has_chroot_only)
		return 0;
	plan->init_root_slot = plan_slot(plan);
	step = plan_step(plan, &plan->inside, err, STEP_CHROOT, "%s", "");
	if (!step)
		return -1;
	step->root.slot = plan->init_root_slot;
	return 0;
}

/* From here on the processes of the container see this one. */
int plan_fork(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	if (plan_bare(plan, &plan->inside, err, STEP_FORK, "") < 0 ||
		plan_message(plan, &plan->after_clone, err, STEP_AWAIT, MESSAGE_FORKED) < 0 ||
		plan_intel_rdt(plan, wanted, err) < 0)
		return -1;
	return plan_oom(plan, wanted, err);
}

int plan_enter(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	return filter_before_fork(wanted) ? 0 : plan_fork(plan, wanted, err);
}
