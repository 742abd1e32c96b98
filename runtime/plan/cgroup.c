/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the container's cgroup is, its limits, and who owns it (config-linux.md, Cgroups Path
 * and Cgroup ownership). The conversions of the limits are in resources.c.
 */
#include "runtime/plan/cgroup.h"

#include "runtime/plan/resources.h"
#include "runtime/plan/unit.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>

/* A path of a cgroup under construction: "/a/b", without empty components and ".". */
struct cgroup_path {
	char text[PATH_MAX];
	size_t length;
};

static int append_path(struct cgroup_path *path, const char *more, struct error *err)
{
	while (*more) {
		size_t name = strcspn(more, "/");

		if (name == 2 && more[0] == '.' && more[1] == '.')
			return fail(err, 0, "the path of a cgroup has no \"..\"");
		if (name > NAME_MAX || path->length + 1 + name >= sizeof(path->text))
			return fail(err, ENAMETOOLONG, "the path of the cgroup");
		if (name && !(name == 1 && more[0] == '.')) {
			path->text[path->length++] = '/';
			memcpy(path->text + path->length, more, name);
			path->length += name;
		}
		more += name;
		more += *more == '/';
	}
	path->text[path->length] = '\0';
	return 0;
}

/*
 * Absolute: below the cgroup2 mount. Relative or absent: next to our own cgroup, so that the
 * same path is the same cgroup for one caller, and a delegated caller stays where it may write.
 */
static int choose_path(const struct wanted *wanted, struct cgroup_path *ret, struct error *err)
{
	const struct oci_linux *section = wanted->spec->linux;
	const char *asked = section->cgroups_path;
	const char *own = wanted->host->own_cgroup ? wanted->host->own_cgroup : "/";
	const char *last = asked ? asked : wanted->request->id;

	*ret = (struct cgroup_path){0};
	if (!asked && (!last || strchr(last, '/')))
		return fail(err, 0, "invalid container ID format");
	if (last[0] != '/') {
		if (append_path(ret, own, err) < 0)
			return fail_in(err, "linux.cgroupsPath");

		char *slash = strrchr(ret->text, '/');

		ret->length = slash ? (size_t)(slash - ret->text) : 0;
	}

	size_t parent = ret->length;

	if (append_path(ret, last, err) < 0)
		return fail_in(err, "linux.cgroupsPath");
	if (ret->length == parent) {
		error_set(err, 0, "a container cannot have the root cgroup");
		return fail_in(err, "linux.cgroupsPath");
	}
	return 0;
}

int plan_cannot_enforce(struct plan *plan, const struct wanted *wanted, const char *field,
	const char *why, const char *remedy, struct error *err)
{
	if (wanted->request->allow_missing_controllers)
		return plan_unenforced(plan, err, "%s: %s", field, why);
	error_set(err, 0, "%s, so this limit would not hold; %s, or run without it by %s", why,
		remedy,
		wanted->request->allow_flag ? wanted->request->allow_flag
					    : "--allow-missing-controllers");
	return fail_in(err, "%s", field);
}

/* May this user do without what only the host's root can do with cgroups? */
static bool is_rootless(const struct wanted *wanted)
{
	return wanted->host->euid != 0 || wanted->host->in_user_namespace ||
	       wanted->request->force_rootless;
}

static int plan_without_cgroup(
	struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_linux *section = wanted->spec->linux;
	unsigned int needed;

	if (plan_limits(plan, wanted, section->resources, &needed, err) < 0)
		return -1;
	if (section->cgroups_path)
		return plan_warn(plan, err,
			"linux.cgroupsPath: no cgroup2 file system is mounted on this host; "
			"the container runs without a cgroup of its own");
	return plan_warn(plan, err,
		"no cgroup2 file system is mounted on this host; the container runs "
		"without a cgroup of its own");
}

int plan_cgroup(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_linux *section = wanted->spec->linux;
	struct cgroup_path path;

	if (wanted->request->systemd_cgroup)
		return plan_unit(plan, wanted, err);
	if (wanted->host->cgroup == CGROUP_NONE)
		return plan_without_cgroup(plan, wanted, err);
	if (choose_path(wanted, &path, err) < 0)
		return -1;

	plan->cgroup = arena_text(plan->arena, path.text);
	if (!plan->cgroup)
		return fail(err, ENOMEM, "plan the cgroup");

	size_t index = plan->outside.count;
	unsigned int needed;

	if (!plan_step(plan, &plan->outside, err, STEP_CREATE_CGROUP, "%s",
		    section->cgroups_path ? "linux.cgroupsPath" : ""))
		return -1;
	if (plan_limits(plan, wanted, section->resources, &needed, err) < 0)
		return -1;

	/* Only now: the list may have moved, and it is known what the limits need. */
	struct step *create = &plan->outside.steps[index];

	create->cgroup.path = plan->cgroup;
	create->cgroup.controllers = needed;
	create->cgroup.optional = is_rootless(wanted) && !section->cgroups_path &&
				  plan->outside.count == index + 1;
	return 0;
}

/* Is there a cgroup mount in the container that it can write to? */
static int has_writable_cgroup_mount(
	const struct wanted *wanted, struct arena *arena, bool *ret, struct error *err)
{
	*ret = false;
	for (size_t i = 0; i < wanted->spec->n_mounts; i++) {
		const struct oci_mount *mount = &wanted->spec->mounts[i];
		struct oci_mount_options options = {0};

		if (strcmp(mount->destination, "/sys/fs/cgroup") != 0 || !mount->type ||
			(strcmp(mount->type, "cgroup") != 0 &&
				strcmp(mount->type, "cgroup2") != 0))
			continue;
		if (oci_mount_options(mount, &options, arena, err) < 0)
			return fail_in(err, "mounts[%zu]", i);
		/* A later mount hides an earlier one. */
		*ret = !(options.set & MS_RDONLY) && !options.bind;
	}
	return 0;
}

int plan_own_cgroup(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_linux *section = wanted->spec->linux;
	const struct oci_namespace *namespace = oci_namespace_find(section, CLONE_NEWCGROUP);
	uint32_t uid;
	bool writable;

	if (!plan->cgroup || !wanted->process || !namespace || namespace->path)
		return 0;
	if (has_writable_cgroup_mount(wanted, plan->arena, &writable, err) < 0)
		return -1;
	if (!writable)
		return 0;
	if (!plan_host_uid(wanted->spec, wanted->process->user.uid, &uid))
		return plan_warn(plan, err,
			"process.user.uid: its user on the host is not known, so it will not "
			"own "
			"the container's cgroup");
	/* What we make is ours already. */
	if (uid == wanted->host->euid)
		return 0;

	struct step *step =
		plan_step(plan, &plan->outside, err, STEP_OWN_CGROUP, "process.user.uid");

	if (!step)
		return -1;
	step->owner.uid = uid;
	return 0;
}
