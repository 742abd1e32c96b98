/* SPDX-License-Identifier: Apache-2.0 */
/* The six points, one row each (config.md, POSIX-platform Hooks; runtime.md, Lifecycle). */
#include "hooks/points.h"

const struct hook_point_info hook_points[HOOK_POINTS] = {
	[HOOK_PRESTART] = {"prestart", "creating", .inside = false, .fatal = true},
	[HOOK_CREATE_RUNTIME] = {"createRuntime", "creating", .inside = false, .fatal = true},
	[HOOK_CREATE_CONTAINER] = {"createContainer", "creating", .inside = true,
		.fatal = true},
	[HOOK_START_CONTAINER] = {"startContainer", "created", .inside = true, .fatal = true},
	/* Since runtime-spec 1.3 a failure stops the container; before, it was a warning. */
	[HOOK_POSTSTART] = {"poststart", "running", .inside = false, .fatal = true},
	[HOOK_POSTSTOP] = {"poststop", "stopped", .inside = false, .fatal = false},
};
