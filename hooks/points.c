/* SPDX-License-Identifier: Apache-2.0 */
/* The six points, one row each (config.md, POSIX-platform Hooks; runtime.md, Lifecycle). */
#include "hooks/hook.h"

const struct hook_point_info hook_points[HOOK_POINTS] = {
	/* As the OCI's validation suite has it; for the next two callers know runc's word. */
	[HOOK_PRESTART] = {"prestart", "created", .inside = false, .fatal = true},
	[HOOK_CREATE_RUNTIME] = {"createRuntime", "creating", .inside = false, .fatal = true},
	[HOOK_CREATE_CONTAINER] = {"createContainer", "creating", .inside = true,
		.fatal = true},
	[HOOK_START_CONTAINER] = {"startContainer", "created", .inside = true, .fatal = true},
	/* Since runtime-spec 1.3 a failure stops the container; before, it was a warning. */
	[HOOK_POSTSTART] = {"poststart", "running", .inside = false, .fatal = true},
	[HOOK_POSTSTOP] = {"poststop", "stopped", .inside = false, .fatal = false},
};

const struct oci_hook *hook_list(
	const struct oci_hooks *hooks, enum hook_point point, size_t *ret_count)
{
	*ret_count = 0;
	if (!hooks)
		return NULL;

	const struct {
		const struct oci_hook *list;
		size_t count;
	} lists[HOOK_POINTS] = {
		[HOOK_PRESTART] = {hooks->prestart, hooks->n_prestart},
		[HOOK_CREATE_RUNTIME] = {hooks->create_runtime, hooks->n_create_runtime},
		[HOOK_CREATE_CONTAINER] = {hooks->create_container, hooks->n_create_container},
		[HOOK_START_CONTAINER] = {hooks->start_container, hooks->n_start_container},
		[HOOK_POSTSTART] = {hooks->poststart, hooks->n_poststart},
		[HOOK_POSTSTOP] = {hooks->poststop, hooks->n_poststop},
	};

	*ret_count = lists[point].count;
	return lists[point].list;
}
