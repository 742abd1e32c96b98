/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --systemd-cgroup: linux.cgroupsPath is "slice:prefix:name", and systemd makes the cgroup of a
 * transient scope. systemd.slice(5) has the layout of slices, systemd.scope(5) scopes.
 *
 * A scope cannot be made without a process, and the container's is to be born in it, under its
 * limits (CLONE_INTO_CGROUP). So mayfly-systemd stands in for it, from START_UNIT to
 * RELEASE_UNIT: docs/decisions/040-scope-with-a-stand-in.md.
 */
#include "runtime/plan/unit.h"

#include "runtime/plan/cgroup.h"
#include "runtime/plan/resources.h"
#include "runtime/plan/rooms.h"

#include "oci/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define WHERE "linux.cgroupsPath"

/* UNIT_NAME_MAX of systemd, which counts the NUL. */
enum { NAME_SIZE = 256 };

/* The kernel has at most so many processes (PID_MAX_LIMIT), and refuses a higher limit: with
 * that one nobody misses the place of the stand-in. */
enum { ROOM_MAX = 4 << 20 };

static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
			      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "0123456789:-_.\\@";

struct unit_name {
	char slice[NAME_SIZE], unit[NAME_SIZE];
	bool is_slice; /* the unit itself is one: slice is not used */
};

static bool ends_in(const char *text, const char *suffix)
{
	size_t length = strlen(text), tail = strlen(suffix);

	return length > tail && !strcmp(text + length - tail, suffix);
}

static int check_name(const char *name, struct error *err)
{
	if (text_consists_of(name, letters))
		return 0;
	return refuse(err, WHERE,
		"\"%.255s\" is no name of a systemd unit: letters, digits and :-_.\\@ only",
		name);
}

/* The parts of PATH, or those that are used without one. */
static int split(
	const char *path, const struct wanted *wanted, struct unit_name *ret, struct error *err)
{
	const char *prefix = "mayfly", *name = wanted->request->id;
	int prefix_length = (int)strlen(prefix), slice_length = 0;

	*ret = (struct unit_name){0};
	if (path && *path) {
		const char *first = strchr(path, ':');
		const char *second = first ? strchr(first + 1, ':') : NULL;

		if (!second || strchr(second + 1, ':'))
			return refuse(err, WHERE,
				"expected cgroupsPath to be of format \"slice:prefix:name\" "
				"for systemd cgroups, got \"%.500s\" instead",
				path);
		slice_length = (int)(first - path);
		prefix = first + 1;
		prefix_length = (int)(second - prefix);
		name = second + 1;
	}
	if (!name || !*name)
		return refuse(err, WHERE, "the name of a systemd unit is missing");
	ret->is_slice = ends_in(name, ".slice");

	int used =
		snprintf(ret->unit, NAME_SIZE, "%.*s%s%s%s", ret->is_slice ? 0 : prefix_length,
			prefix, ret->is_slice || !prefix_length ? "" : "-", name,
			ret->is_slice ? "" : ".scope");
	int slice = slice_length ? snprintf(ret->slice, NAME_SIZE, "%.*s", slice_length, path)
				 : snprintf(ret->slice, NAME_SIZE, "%s",
					   wanted->host->systemd.user ? "user.slice"
								      : "system.slice");

	if (used >= NAME_SIZE || slice >= NAME_SIZE)
		return refuse(err, WHERE, "the name of a systemd unit has at most %d bytes",
			NAME_SIZE - 1);
	return check_name(ret->unit, err);
}

/* "a-b.slice" is "/a.slice/a-b.slice", "-.slice" is the root. */
static int expand_slice(const char *slice, char path[PATH_MAX], struct error *err)
{
	size_t stem = strlen(slice) - strlen(".slice"), used = strlen(path);

	if (!ends_in(slice, ".slice") || slice[0] == '-' || slice[stem - 1] == '-' ||
		strstr(slice, "--") || strchr(slice, '/')) {
		if (!strcmp(slice, "-.slice"))
			return 0;
		return refuse(err, WHERE, "invalid slice name: \"%s\"", slice);
	}
	for (size_t end = 1; end <= stem; end++) {
		if (slice[end] != '-' && end != stem)
			continue;

		int length =
			snprintf(path + used, PATH_MAX - used, "/%.*s.slice", (int)end, slice);

		used += (size_t)length;
		if (used >= PATH_MAX)
			return refuse(err, WHERE, "the slice \"%s\" is too deep", slice);
	}
	return check_name(slice, err);
}

static int place(struct plan *plan, const struct wanted *wanted, const struct unit_name *name,
	struct error *err)
{
	char path[PATH_MAX], other[PATH_MAX] = "";
	size_t used;

	snprintf(path, sizeof(path), "%s", wanted->host->systemd.cgroup);
	/* A slice wants the other one, and systemd starts what is wanted: nothing but a slice.
	 */
	if (name->is_slice && expand_slice(name->slice, other, err) < 0)
		return -1;
	if (expand_slice(name->is_slice ? name->unit : name->slice, path, err) < 0)
		return -1;
	used = strlen(path);
	if (!name->is_slice)
		used += (size_t)snprintf(path + used, sizeof(path) - used, "/%s", name->unit);
	if (used >= sizeof(path))
		return refuse(err, WHERE, "the path of the cgroup is too long");
	if (name->is_slice && !strcmp(name->unit, "-.slice"))
		return refuse(err, WHERE, "a container cannot have the root cgroup");
	plan->cgroup = arena_text(plan->arena, path);
	plan->unit = arena_text(plan->arena, name->unit);
	return plan->cgroup && plan->unit ? 0 : no_memory(err);
}

/* What every unit of a container has. */
static int add_basics(struct unit_properties *properties, const struct wanted *wanted,
	const struct unit_name *name)
{
	static const char *const accounting[] = {
		"MemoryAccounting", "CPUAccounting", "IOAccounting", "TasksAccounting"};
	const char *description =
		arena_format(properties->arena, UNIT_DESCRIPTION, wanted->request->id);
	bool good = description && unit_property(properties, "Description", "s", description);

	if (good && name->is_slice)
		good = unit_property(properties, "Wants", "as", "1",
			arena_text(properties->arena, name->slice));
	else if (good)
		good = unit_property(properties, "Slice", "s",
			       arena_text(properties->arena, name->slice)) &&
		       unit_property(properties, "Delegate", "b", "true");
	for (size_t i = 0; good && i < sizeof(accounting) / sizeof(*accounting); i++)
		good = unit_property(properties, accounting[i], "b", "true");
	/* Not ordered before the shutdown of what is none of its business; and a unit that
	 * failed (its program was killed by the OOM killer) is forgotten like any other. */
	if (!good || !unit_property(properties, "DefaultDependencies", "b", "false") ||
		!unit_property(properties, "CollectMode", "s", "inactive-or-failed"))
		return -1;
	return 0;
}

/* Until RELEASE_UNIT there is one process more in the scope than was asked for. */
static int make_room_for_stand_in(struct plan *plan, size_t first, struct error *err)
{
	for (size_t i = first; i < plan->outside.count; i++) {
		struct step *step = &plan->outside.steps[i];
		uint64_t limit;

		if (step->kind != STEP_WRITE_CGROUP || strcmp(step->file.path, "pids.max") ||
			!text_unsigned(step->file.text, ROOM_MAX - 1, &limit))
			continue;
		step->file.later = step->file.text;
		step->file.text = arena_format(plan->arena, "%" PRIu64, limit + 1);
		if (!step->file.text)
			return no_memory(err);
	}
	return 0;
}

int plan_release_unit(struct plan *plan, struct error *err)
{
	const struct step *start = NULL, *pids = NULL;

	for (size_t i = 0; i < plan->outside.count; i++) {
		const struct step *step = &plan->outside.steps[i];

		if (step->kind == STEP_START_UNIT)
			start = step;
		if (step->kind == STEP_WRITE_CGROUP && !strcmp(step->file.path, "pids.max"))
			pids = step;
	}
	if (!start || start->unit.slice)
		return 0;
	if (plan_bare(plan, &plan->after_clone, err, STEP_RELEASE_UNIT, "") < 0)
		return -1;
	if (!pids || !pids->file.later)
		return 0;
	return plan_file(plan, &plan->after_clone, err, STEP_WRITE_CGROUP, "pids.max",
		pids->file.later, pids->origin);
}

static int check_host(const struct wanted *wanted, struct error *err)
{
	if (wanted->host->cgroup != CGROUP_UNIFIED)
		return refuse(err, "--systemd-cgroup",
			"cgroup v2 (unified) required; boot the host with it, or leave the "
			"option out");
	if (!wanted->host->systemd.booted)
		return refuse(err, "--systemd-cgroup",
			"systemd is not running on this host (there is no "
			"/run/systemd/system); leave the option out, and give " WHERE
			" as a path");
	return 0;
}

int plan_unit(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_linux *section = wanted->spec->linux;
	struct unit_properties properties = {.arena = plan->arena, .err = err};
	struct unit_name name;
	unsigned int needed;
	size_t index = plan->outside.count;

	if (check_host(wanted, err) < 0 ||
		split(section->cgroups_path, wanted, &name, err) < 0 ||
		place(plan, wanted, &name, err) < 0)
		return -1;
	if (!plan_step(plan, &plan->outside, err, STEP_START_UNIT, "%s",
		    section->cgroups_path ? WHERE : ""))
		return -1;
	if (plan_limits(plan, wanted, section->resources, &needed, err) < 0)
		return -1;
	if (add_basics(&properties, wanted, &name) < 0 ||
		plan_unit_annotations(&properties, wanted->spec) < 0 ||
		plan_unit_properties(&properties, &plan->outside, index + 1) < 0)
		return -1;
	if (!name.is_slice && make_room_for_stand_in(plan, index + 1, err) < 0)
		return -1;
	plan->outside.steps[index].unit = (struct step_unit){
		.name = plan->unit,
		.path = plan->cgroup,
		.properties = properties.list,
		.n_properties = properties.count,
		.controllers = needed,
		.slice = name.is_slice,
	};
	return 0;
}
