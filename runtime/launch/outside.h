/* SPDX-License-Identifier: Apache-2.0 */
/* What launch.c shares with its rooms: one function for each kind of outside step that is more
 * than a line. */
#ifndef MAYFLY_OUTSIDE_H
#define MAYFLY_OUTSIDE_H

#include "runtime/launch/launch.h"

/* How long a healthy child may take for what does not run the user's hooks. */
enum { LAUNCH_TIMEOUT_MS = 120 * 1000 };

/* ready.c: before the first step. On failure launch_undo() is left to do. */
int launch_get_ready(struct launch *launch, struct error *err);
bool launch_has_step(const struct step_list *list, enum step_kind kind);

/* sources.c: descriptors of the host, pinned before clone(). */
int launch_open_namespace(struct launch *launch, const struct step *step, struct error *err);
int launch_open_tree(struct launch *launch, const struct step *step, struct error *err);
int launch_open_device(struct launch *launch, const struct step *step, struct error *err);

/* filesystem.c */
int launch_open_filesystem(struct launch *launch, const struct step *step, struct error *err);

/* clone.c */
int launch_clone(struct launch *launch, const struct step *step, struct error *err);
/* The process told us its pid (FORK): reap the intermediate, and hold the real one. */
int launch_adopt(struct launch *launch, pid_t pid, struct error *err);

/* idmap.c: id maps of the container's process, and of detached trees. */
int launch_map_ids(struct launch *launch, const struct step *step, struct error *err);
int launch_map_tree(struct launch *launch, const struct step *step, struct error *err);
/* launch.c: of the plan, the cgroup and its limits. Undone by launch_undo(), also after an
 * error. */
int launch_steps_of_cgroup(struct launch *launch, struct error *err);
/* The container's process is in its unit: the stand-in leaves, and the limits are as asked. */
int launch_release_unit(struct launch *launch, struct error *err);
/* The prestart and createRuntime hooks, for the process there is. */
int launch_run_hooks(struct launch *launch, struct error *err);

/* rdt.c */
int launch_make_rdt_group(struct launch *launch, const struct step *step, struct error *err);
int launch_join_rdt_group(struct launch *launch, const struct step *step, struct error *err);
void launch_remove_rdt_group(struct launch *launch);

/* net_devices.c: the devices that were moved go back when the launch is undone. */
int launch_move_device(struct launch *launch, const struct step *step, struct error *err);
void launch_return_devices(struct launch *launch);
void launch_close_network(struct launch *launch);

/* Write /proc/PID/NAME of the container's process. -errno. */
int launch_write_proc(struct launch *launch, const char *name, const char *text);

#endif
