/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root file system: into the jail, masked and read-only paths, and out by pivot_root
 * (config.md, Root; config-linux.md, Rootfs Mount Propagation, Masked Paths, Readonly Paths).
 */
#include "hooks/points.h"
#include "runtime/plan/rooms.h"

#include <errno.h>
#include <linux/mount.h>
#include <linux/sched.h>

static unsigned long root_propagation(const struct wanted *wanted)
{
	const struct opt_u32 *asked = &wanted->spec->linux->rootfs_propagation;

	return asked->set ? asked->value : 0;
}

int plan_root(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const char *path = wanted->spec->root->path;
	bool mounts = has_namespace(wanted, CLONE_NEWNS);

	if (*path != '/')
		path = arena_format(plan->arena, "%s/%s", wanted->request->bundle, path);
	if (!path)
		return no_memory(err);

	struct step *step =
		plan_step(plan, mounts ? plan_sources(plan, wanted) : &plan->outside, err,
			STEP_OPEN_TREE, "root.path");

	if (!step)
		return -1;
	int slot = step->tree.slot = plan_slot(plan);

	step->tree.path = path;
	step->tree.recursive = mounts;
	step->tree.must_be_directory = true;
	step->tree.in_place = !mounts;
	plan->root_slot = slot;
	if (!mounts)
		return 0;

	step = plan_step(plan, &plan->inside, err, STEP_ISOLATE_MOUNTS,
		root_propagation(wanted) ? "linux.rootfsPropagation" : "linux.namespaces");
	if (!step)
		return -1;
	/* Never shared, whatever is asked: our mounts would appear on the host. */
	bool alone = root_propagation(wanted) & (MS_PRIVATE | MS_UNBINDABLE);

	step->propagation.flags = MS_REC | (alone ? MS_PRIVATE : MS_SLAVE);
	step = plan_step(plan, &plan->inside, err, STEP_ENTER_ROOT, "root.path");
	if (!step)
		return -1;
	step->root.slot = slot;
	/* The clone is a peer of the host's mount; as its slave it hears of it, no more. */
	step->root.propagation =
		MS_REC |
		(root_propagation(wanted) & (MS_SLAVE | MS_SHARED) ? MS_SLAVE : MS_PRIVATE);
	return 0;
}

static int plan_list(struct plan *plan, enum step_kind kind, const char *field,
	const char **paths, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct step *step =
			plan_step(plan, &plan->inside, err, kind, "linux.%s[%zu]", field, i);

		if (!step)
			return -1;
		step->text = paths[i];
	}
	return 0;
}

int plan_paths(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_linux *section = wanted->spec->linux;

	if (plan_list(plan, STEP_PROTECT_PATH, "readonlyPaths", section->readonly_paths,
		    section->n_readonly_paths, err) < 0)
		return -1;
	return plan_list(plan, STEP_MASK_PATH, "maskedPaths", section->masked_paths,
		section->n_masked_paths, err);
}

static int set_root(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	unsigned long propagation = root_propagation(wanted);
	bool readonly = wanted->spec->root->readonly;

	if (!readonly && !propagation)
		return 0;

	unsigned long *list = arena_alloc(plan->arena, sizeof(*list));
	struct step *step = plan_step(plan, &plan->inside, err, STEP_SET_ROOT,
		readonly ? "root.readonly" : "linux.rootfsPropagation");

	if (!list)
		return no_memory(err);
	if (!step)
		return -1;
	*list = propagation;
	step->mount.target = "/";
	step->mount.slot = -1;
	step->mount.set = readonly ? MOUNT_ATTR_RDONLY : 0;
	step->mount.propagation = list;
	step->mount.n_propagation = propagation ? 1 : 0;
	return 0;
}

static int chroot_only(struct plan *plan, const char *origin, struct error *err)
{
	struct step *step = plan_step(plan, &plan->inside, err, STEP_CHROOT, "%s", origin);

	if (!step)
		return -1;
	step->root.slot = plan->root_slot;
	return 0;
}

int plan_pivot(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	bool mounts = has_namespace(wanted, CLONE_NEWNS);

	if (mounts && plan_bare(plan, &plan->inside, err, STEP_LEAVE_ROOT, "root.path") < 0)
		return -1;
	if (plan_hooks(plan, wanted, &plan->inside, HOOK_CREATE_CONTAINER, err) < 0)
		return -1;
	if (!mounts) {
		if (wanted->spec->root->readonly)
			return refuse(err, "root.readonly",
				"unable to make the root read-only without a private mount "
				"namespace");
		return chroot_only(plan, "root.path", err);
	}
	/* Our root is mounted over "/" already, which is what MS_MOVE would have done. */
	if (wanted->request->no_pivot) {
		if (chroot_only(plan, "--no-pivot", err) < 0)
			return -1;
		plan->inside.steps[plan->inside.count - 1].root.of_host = true;
	} else if (begins_from_base(wanted)) {
		/* Below it is an empty directory, and pivot_root() looks at every task there
		 * is. */
		if (chroot_only(plan, "root.path", err) < 0)
			return -1;
	} else if (plan_bare(plan, &plan->inside, err, STEP_PIVOT_ROOT, "root.path") < 0) {
		return -1;
	}
	return set_root(plan, wanted, err);
}
