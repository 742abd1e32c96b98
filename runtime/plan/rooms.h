/* SPDX-License-Identifier: Apache-2.0 */
/* What the rooms of the plan tell each other. Nobody outside runtime/plan includes this. */
#ifndef MAYFLY_ROOMS_H
#define MAYFLY_ROOMS_H

#include "runtime/plan/plan.h"

/* namespaces.c: TYPE is CLONE_NEW…; listed at all, listed without a path. */
bool has_namespace(const struct wanted *wanted, uint32_t type);
bool has_new_namespace(const struct wanted *wanted, uint32_t type);
bool begins_from_base(const struct wanted *wanted); /* request->base_mounts can be used */

/* Some user namespace other than the initial one is between the container and the host. */
bool in_user_namespace(const struct wanted *wanted);

/* idmap.c */
bool map_id(const struct oci_id_mapping *maps, size_t count, uint32_t id, uint32_t *ret);
bool denies_setgroups(const struct wanted *wanted);
int plan_joined_maps(struct plan *plan, const struct wanted *wanted, struct step_maps *ret,
	struct error *err);

/* Before exec's process can be seen by those of the container: what it will not need is gone.
 */
plan_room plan_shed, plan_shed_filtered;
/* Idmap the detached tree in SLOT for MOUNT. */
int plan_map_tree(struct plan *plan, const struct wanted *wanted, const struct oci_mount *mount,
	int slot, bool recursive, const char *origin, struct error *err);

/* mounts.c: what is mounted at PATH at last, or NULL; is it a bind? */
const struct oci_mount *mount_at(const struct wanted *wanted, const char *path);
bool is_bind(const struct oci_mount *mount);

/* hooks.c: RUN_HOOKS in LIST when the point has any. */
int plan_hooks(struct plan *plan, const struct wanted *wanted, struct step_list *list,
	int point, struct error *err);

/* annotations.c: the two that are obeyed. */
bool keeps_groups(const struct wanted *wanted);
const char *mount_context_type(const struct wanted *wanted); /* "context", "fscontext" … */

/* seccomp.c: the three places a filter may be loaded at; each knows whether it is meant. */
/*
 * Does the process of an exec load its filter before the fork that puts it into the container's
 * pid namespace? It needs CAP_SYS_ADMIN for that, which nobody in there may ever see it hold.
 */
bool filter_before_fork(const struct wanted *wanted);
plan_room plan_fork, plan_session;
int plan_seccomp_early(struct plan *plan, const struct wanted *wanted, struct error *err);
int plan_seccomp_listening(struct plan *plan, const struct wanted *wanted, struct error *err);
int plan_seccomp_late(struct plan *plan, const struct wanted *wanted, struct error *err);

/* program.c */
bool environment_has_home(const struct oci_process *process);

/* Where steps go that open a source on the host: see plan.h, opened_inside. */
struct step_list *plan_sources(struct plan *plan, const struct wanted *wanted);

/* A step that carries nothing, or one text or number. */
int plan_bare(struct plan *plan, struct step_list *list, struct error *err, enum step_kind kind,
	const char *origin);
int plan_text(struct plan *plan, struct step_list *list, struct error *err, enum step_kind kind,
	const char *text, const char *origin);
int plan_number(struct plan *plan, struct step_list *list, struct error *err,
	enum step_kind kind, int64_t number, const char *origin);
int plan_file(struct plan *plan, struct step_list *list, struct error *err, enum step_kind kind,
	const char *path, const char *text, const char *origin);
int plan_message(struct plan *plan, struct step_list *list, struct error *err,
	enum step_kind kind, enum message message);

/* Refuse the field WHERE with a sentence; -1. */
#define refuse(err, where, ...)                                                                \
	(error_set((err), 0, __VA_ARGS__), error_in((err), "%s", (where)), -1)

/* The sentence every room answers when the arena is exhausted. */
#define no_memory(err) fail((err), ENOMEM, "make the plan")

#endif
