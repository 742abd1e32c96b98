/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts to steps (config.md, Mounts): a bind is a host tree cloned outside and attached
 * inside, everything else a new file system (filesystem.c).
 */
#include "runtime/plan/mounts.h"

#include <errno.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>

static bool is_below(const char *path, const char *top)
{
	size_t length = strlen(top);

	return strncmp(path, top, length) == 0 && (path[length] == '/' || !path[length]);
}

bool is_bind(const struct oci_mount *mount)
{
	for (size_t i = 0; i < mount->n_options; i++)
		if (same(mount->options[i], "bind") || same(mount->options[i], "rbind"))
			return true;
	return false;
}

const struct oci_mount *mount_at(const struct wanted *wanted, const char *path)
{
	for (size_t i = wanted->spec->n_mounts; i-- > 0;)
		if (same(wanted->spec->mounts[i].destination, path))
			return &wanted->spec->mounts[i];
	return NULL;
}

/* MS_* words of the user as MOUNT_ATTR_* of this one mount. */
static void set_attributes(const struct oci_mount_options *options, struct step_mount *ret)
{
	static const struct {
		uint64_t ms, attr;
	} rows[] = {
		{MS_RDONLY, MOUNT_ATTR_RDONLY},
		{MS_NOSUID, MOUNT_ATTR_NOSUID},
		{MS_NODEV, MOUNT_ATTR_NODEV},
		{MS_NOEXEC, MOUNT_ATTR_NOEXEC},
		{MS_NODIRATIME, MOUNT_ATTR_NODIRATIME},
		{MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW},
	};
	const uint64_t atime = MS_NOATIME | MS_RELATIME | MS_STRICTATIME;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (options->set & rows[i].ms)
			ret->set |= rows[i].attr;
		if (options->clear & rows[i].ms)
			ret->clear |= rows[i].attr;
	}
	/* The access times are a field of three values, relatime being 0: mount_setattr(2). */
	if ((options->set | options->clear) & atime)
		ret->clear |= MOUNT_ATTR__ATIME;
	if (options->set & MS_STRICTATIME)
		ret->set |= MOUNT_ATTR_STRICTATIME;
	else if (options->set & MS_NOATIME)
		ret->set |= MOUNT_ATTR_NOATIME;
}

static int set_recursive(const struct wanted *wanted, const struct oci_mount_options *options,
	struct step_mount *ret, struct error *err)
{
	if (!options->has_recursive_attributes)
		return 0;
	if (!wanted->host->has_mount_setattr)
		return fail(err, 0,
			"recursive mount attributes need mount_setattr(2), which this kernel "
			"lacks (Linux 5.12 has it)");
	ret->set_all = options->attr_set;
	ret->clear_all = options->attr_clear;
	return 0;
}

/* Device nodes and later mount points are still to be made there: read-only comes at the end.
 */
void delay_readonly(struct step_mount *step)
{
	if (!((step->set | step->set_all) & MOUNT_ATTR_RDONLY))
		return;
	step->set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	step->set_all &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	step->final_readonly = true;
}

static int set_propagation(struct plan *plan, const struct oci_mount_options *options,
	struct step_mount *step, struct error *err)
{
	size_t n = options->n_propagation;
	unsigned long *list = arena_array(plan->arena, n + 1, sizeof(*list));

	if (!list)
		return no_memory(err);
	step->propagation = list;
	/*
	 * The clone of a shared host mount is its peer, submounts too: what is mounted inside
	 * would appear on the host. Only a word that says "shared" may leave it so.
	 */
	if (n == 0 && options->bind)
		list[step->n_propagation++] = MS_PRIVATE | MS_REC;
	else if (options->recursive && n && !(options->propagation[0] & (MS_REC | MS_SHARED)))
		list[step->n_propagation++] = MS_SLAVE | MS_REC;
	for (size_t i = 0; i < n; i++)
		list[step->n_propagation++] = options->propagation[i];
	return 0;
}

/* What all kinds have in common. */
struct step *mount_step(struct plan *plan, const struct wanted *wanted,
	const struct draft *draft, enum step_kind kind, struct error *err)
{
	const char *target = draft->mount->destination;
	struct step *step = plan_step(plan, &plan->inside, err, kind, "%s", draft->origin);

	if (!step)
		return NULL;
	step->mount.target = target;
	step->mount.slot = -1;
	/* An image with a symlink there would choose where the kernel's files appear. */
	step->mount.no_symlinks = is_below(target, "/proc") || is_below(target, "/sys") ||
				  is_below(target, "/dev");
	set_attributes(&draft->options, &step->mount);
	if (set_recursive(wanted, &draft->options, &step->mount, err) < 0 ||
		set_propagation(plan, &draft->options, &step->mount, err) < 0)
		return NULL;
	return step;
}

int plan_open_tree(struct plan *plan, const struct wanted *wanted, const struct draft *draft,
	const char *path, int *ret_slot, struct error *err)
{
	struct step *step = plan_step(
		plan, plan_sources(plan, wanted), err, STEP_OPEN_TREE, "%s", draft->origin);

	if (!step)
		return -1;
	*ret_slot = step->tree.slot = plan_slot(plan);
	step->tree.path = path;
	step->tree.recursive = draft->options.recursive;
	step->tree.nofollow = draft->options.source_nofollow;
	step->tree.target = draft->mount->destination;
	step->tree.must_be_procfs = same(draft->mount->destination, "/proc");
	return 0;
}

static int plan_bind(
	struct plan *plan, const struct wanted *wanted, struct draft *draft, struct error *err)
{
	const char *source = draft->mount->source;
	int slot;

	if (draft->options.copy_symlink)
		draft->options.source_nofollow = true;
	if (!source || !*source)
		return refuse(err, "source", "a bind mount needs one");
	if (*source != '/')
		source = arena_format(plan->arena, "%s/%s", wanted->request->bundle, source);
	if (!source)
		return no_memory(err);
	if (draft->options.set & OF_SUPERBLOCK &&
		plan_warn(plan, err,
			"%s: sync, dirsync, mand, lazytime and iversion belong to the file "
			"system; a bind mount cannot set them",
			draft->origin) < 0)
		return -1;
	if (draft->options.data &&
		plan_warn(plan, err,
			"%s: a bind mount cannot set \"%.128s\" of its file system",
			draft->origin, draft->options.data) < 0)
		return -1;
	if (plan_open_tree(plan, wanted, draft, source, &slot, err) < 0)
		return -1;
	if (draft->options.idmap != OCI_IDMAP_NONE &&
		plan_map_tree(plan, wanted, draft->mount, slot,
			draft->options.idmap == OCI_IDMAP_RECURSIVE, draft->origin, err) < 0)
		return -1;

	struct step *step = mount_step(plan, wanted, draft, STEP_ATTACH, err);

	if (!step)
		return -1;
	step->mount.source = source; /* for the sentence when it fails */
	step->mount.slot = slot;
	step->mount.copy_symlink = draft->options.copy_symlink;
	step->mount.target_nofollow = draft->options.target_nofollow;
	if (same(draft->mount->destination, "/dev"))
		delay_readonly(&step->mount);
	return 0;
}

static int plan_remount(
	struct plan *plan, const struct wanted *wanted, struct draft *draft, struct error *err)
{

	if (draft->options.data)
		return fail(err, 0,
			"\"remount\" changes the mount only, not \"%s\" of its file system",
			draft->options.data);
	if (draft->options.set & OF_SUPERBLOCK)
		return fail(err, 0,
			"\"remount\" changes the mount only: sync, dirsync, mand, lazytime and "
			"iversion belong to its file system");

	/* No default propagation: only what is asked for changes. */
	draft->options.bind = draft->options.recursive = false;
	return mount_step(plan, wanted, draft, STEP_CHANGE_MOUNT, err) ? 0 : -1;
}

static int plan_mount(
	struct plan *plan, const struct wanted *wanted, struct draft *draft, struct error *err)
{
	if (oci_mount_options(draft->mount, &draft->options, plan->arena, err) < 0)
		return -1;
	draft->type = draft->mount->type;
	if (draft->options.copy_symlink && (draft->options.remount || !draft->options.bind))
		return fail(err, 0, "\"copy-symlink\" is only for a bind mount");
	if (draft->options.target_nofollow && (draft->options.remount || !draft->options.bind))
		return fail(err, 0, "\"dest-nofollow\" is only for a bind mount");
	if (draft->options.idmap != OCI_IDMAP_NONE &&
		(draft->options.remount || !draft->options.bind))
		return fail(err, 0, "only a bind mount can be idmapped");
	if (draft->options.remount)
		return plan_remount(plan, wanted, draft, err);
	if (draft->options.bind)
		return plan_bind(plan, wanted, draft, err);
	if (!draft->type || !*draft->type)
		return refuse(err, "type",
			"must be set, because the options say neither \"bind\" nor \"rbind\"");
	if (same(draft->type, "bind"))
		return refuse(
			err, "type", "a bind mount needs the option \"bind\" or \"rbind\"");
	if (same(draft->type, "cgroup") || same(draft->type, "cgroup2"))
		return plan_cgroup_mount(plan, wanted, draft, err);
	return plan_filesystem(plan, wanted, draft, err);
}

int plan_mounts(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_spec *spec = wanted->spec;

	/* As runc and crun do: without them the program sees less, never more. */
	if (spec->n_mounts && !has_namespace(wanted, CLONE_NEWNS))
		return plan_warn(plan, err,
			"mounts: none is made without a mount namespace: they would be the "
			"host's");
	if (spec->linux->mount_label && !wanted->host->has_selinux &&
		plan_warn(plan, err, "linux.mountLabel: SELinux is not enabled on this host") <
			0)
		return -1;
	for (size_t i = 0; i < spec->n_mounts; i++) {
		struct draft draft = {.mount = &spec->mounts[i]};

		snprintf(draft.origin, sizeof(draft.origin), "mounts[%zu]", i);
		if (plan_mount(plan, wanted, &draft, err) < 0)
			return fail_in(err, "%s", draft.origin);
	}
	return 0;
}

static bool is_covered(const struct plan *plan, size_t index)
{
	const struct step *steps = plan->inside.steps;

	for (size_t i = index + 1; i < plan->inside.count; i++)
		if ((steps[i].kind == STEP_MOUNT || steps[i].kind == STEP_ATTACH) &&
			same(steps[i].mount.target, steps[index].mount.target))
			return true;
	return false;
}

int plan_readonly_mounts(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	size_t count = plan->inside.count;

	for (size_t i = 0; i < count; i++) {
		struct step mount = plan->inside.steps[i];

		if (mount.kind != STEP_MOUNT && mount.kind != STEP_ATTACH)
			continue;
		if (!mount.mount.final_readonly || is_covered(plan, i))
			continue;

		struct step *step = plan_step(
			plan, &plan->inside, err, STEP_CHANGE_MOUNT, "%s", mount.origin);

		if (!step)
			return -1;
		step->mount.target = mount.mount.target;
		step->mount.slot = -1;
		step->mount.no_symlinks = mount.mount.no_symlinks;
		step->mount.set = MOUNT_ATTR_RDONLY;
	}
	return 0;
}
