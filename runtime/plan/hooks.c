/* SPDX-License-Identifier: Apache-2.0 */
/* Where hooks run (config.md, POSIX-platform Hooks); poststart and poststop are not of the
 * birth. */
#include "hooks/points.h"
#include "runtime/plan/rooms.h"

static size_t count_hooks(const struct wanted *wanted, int point)
{
	const struct oci_hooks *hooks = wanted->spec->hooks;

	if (!hooks)
		return 0;

	const size_t counts[HOOK_POINTS] = {
		[HOOK_PRESTART] = hooks->n_prestart,
		[HOOK_CREATE_RUNTIME] = hooks->n_create_runtime,
		[HOOK_CREATE_CONTAINER] = hooks->n_create_container,
		[HOOK_START_CONTAINER] = hooks->n_start_container,
	};

	return counts[point];
}

int plan_hooks(struct plan *plan, const struct wanted *wanted, struct step_list *list,
	int point, struct error *err)
{
	if (count_hooks(wanted, point) == 0)
		return 0;

	struct step *step =
		plan_step(plan, list, err, STEP_RUN_HOOKS, "hooks.%s", hook_points[point].name);

	if (!step)
		return -1;
	step->hooks.point = point;
	return 0;
}

/* Outside, when the namespaces and mounts are there and the program's are not yet entered. */
int plan_hooks_outside(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	if (count_hooks(wanted, HOOK_PRESTART) + count_hooks(wanted, HOOK_CREATE_RUNTIME) == 0)
		return 0;
	if (plan_message(plan, &plan->inside, err, STEP_TELL, MESSAGE_ROOTFS_READY) < 0 ||
		plan_message(plan, &plan->after_clone, err, STEP_AWAIT, MESSAGE_ROOTFS_READY) <
			0 ||
		plan_hooks(plan, wanted, &plan->after_clone, HOOK_PRESTART, err) < 0 ||
		plan_hooks(plan, wanted, &plan->after_clone, HOOK_CREATE_RUNTIME, err) < 0 ||
		plan_message(plan, &plan->after_clone, err, STEP_TELL, MESSAGE_HOOKS_DONE) < 0)
		return -1;
	return plan_message(plan, &plan->inside, err, STEP_AWAIT, MESSAGE_HOOKS_DONE);
}
