/* SPDX-License-Identifier: Apache-2.0 */
/* The systemd cgroup driver: a unit instead of a directory. Pure, as all of the plan. */
#ifndef MAYFLY_PLAN_UNIT_H
#define MAYFLY_PLAN_UNIT_H

#include "runtime/plan/plan.h"

/* Properties on their way into a step. */
struct unit_properties {
	struct arena *arena;
	struct unit_property *list;
	size_t count, room;
	struct error *err;
};

/* unit.c: instead of the other driver's part of plan_cgroup(). */
int plan_unit(struct plan *plan, const struct wanted *wanted, struct error *err);

/* Last before the program: the stand-in leaves the unit, and pids.max is as asked. */
int plan_release_unit(struct plan *plan, struct error *err);

/*
 * unit_properties.c: what systemd must know of the limits, lest it overwrite them when it is
 * reloaded. LIST is the outside list of a plan; each STEP_WRITE_CGROUP from FIRST on becomes
 * the properties that stand for the same file. For the plan of `update`, too: the answer,
 * without those that are at_start, is what unit_set() takes.
 */
int plan_unit_properties(
	struct unit_properties *properties, const struct step_list *list, size_t first);

/* Append one whose value is COUNT words; NULL when there is no memory, also for one of them. */
struct unit_property *unit_property_of(struct unit_properties *properties, const char *name,
	const char *type, const char *const *words, size_t count);

/* The words themselves behind TYPE, at least one. */
#define unit_property(properties, name, type, ...)                                             \
	unit_property_of((properties), (name), (type), (const char *const[]){__VA_ARGS__},     \
		sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* unit_annotations.c: org.systemd.property.NAME=VALUE. */
int plan_unit_annotations(struct unit_properties *properties, const struct oci_spec *spec);

/*
 * gvariant.c: VALUE in the text format of GVariant ("'process'", "uint64 5", "['a','b']") as
 * words of TYPE, a D-Bus signature; a number without a type becomes TYPE's. "@as []" and the
 * like are understood. -1 with *err.
 */
int gvariant_words(struct arena *arena, const char *value, const char *type,
	const char *const **ret_words, size_t *ret_count, struct error *err);

#endif
