/* SPDX-License-Identifier: Apache-2.0 */
/* The six points of the lifecycle (config.md, POSIX-platform Hooks): who runs them, where, and
 * what a failure means. */
#ifndef MAYFLY_HOOK_POINTS_H
#define MAYFLY_HOOK_POINTS_H

#include <stdbool.h>

enum hook_point {
	HOOK_PRESTART, /* deprecated; like createRuntime */
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_POINTS,
};

struct hook_point_info {
	const char *name; /* the spec's key: "createRuntime" */
	const char
		*status; /* of the state it gets: "creating", "created", "running", "stopped" */
	bool inside;	 /* runs in the container's namespaces */
	bool fatal;	 /* a failure stops the container; else it is a warning */
};

/* One row per point, in the order of enum hook_point. */
extern const struct hook_point_info hook_points[HOOK_POINTS];

#endif
