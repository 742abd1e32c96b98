/* SPDX-License-Identifier: Apache-2.0 */
/* Cache and memory bandwidth: the container's resctrl group (config-linux.md, IntelRdt). */
#include "runtime/plan/rooms.h"

#include <errno.h>
#include <string.h>

/* One buffer, because the kernel takes the lines of one write as one change. */
static int join_schemata(struct plan *plan, const struct oci_intel_rdt *asked, const char **ret,
	struct error *err)
{
	const char *text = "";

	*ret = NULL;
	if (!asked->l3_cache_schema && !asked->mem_bw_schema && !asked->n_schemata)
		return 0;
	if (asked->l3_cache_schema)
		text = arena_format(plan->arena, "%s%s\n", text, asked->l3_cache_schema);
	if (text && asked->mem_bw_schema)
		text = arena_format(plan->arena, "%s%s\n", text, asked->mem_bw_schema);
	for (size_t i = 0; text && i < asked->n_schemata; i++)
		text = arena_format(plan->arena, "%s%s\n", text, asked->schemata[i]);
	*ret = text;
	return text ? 0 : no_memory(err);
}

static int rdt_step(struct plan *plan, const struct wanted *wanted, struct step_list *list,
	enum step_kind kind, struct error *err)
{
	const struct oci_intel_rdt *asked = wanted->spec->linux->intel_rdt;
	struct step *step = plan_step(plan, list, err, kind, "linux.intelRdt");
	const char *name = asked->clos_id ? asked->clos_id : wanted->request->id;

	if (!step)
		return -1;
	step->rdt.mount = wanted->host->resctrl;
	step->rdt.group = strcmp(name, "/") == 0 ? "" : name;
	step->rdt.own = !asked->clos_id;
	step->rdt.monitor = asked->enable_monitoring ? wanted->request->id : NULL;
	return join_schemata(plan, asked, &step->rdt.schemata, err);
}

/* What delete removes, below the mount of resctrl. */
static int remember(struct plan *plan, const struct step *step, struct error *err)
{
	if (step->rdt.own)
		plan->rdt_group = step->rdt.group;
	if (step->rdt.own || step->rdt.monitor)
		plan->rdt_mount = step->rdt.mount;
	if (!step->rdt.monitor)
		return 0;
	plan->rdt_monitor = arena_format(plan->arena, "%s%smon_groups/%s", step->rdt.group,
		*step->rdt.group ? "/" : "", step->rdt.monitor);
	return plan->rdt_monitor ? 0 : no_memory(err);
}

int plan_intel_rdt(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	bool exec = wanted->request->verb == REQUEST_EXEC;
	const char *id = wanted->request->id;

	if (!wanted->spec->linux->intel_rdt)
		return 0;
	if (!wanted->host->resctrl)
		return refuse(err, "linux.intelRdt",
			"no resctrl file system is mounted at /sys/fs/resctrl (on hardware "
			"that "
			"has it: mount -t resctrl resctrl /sys/fs/resctrl)");
	if (!wanted->spec->linux->intel_rdt->clos_id &&
		(strcmp(id, "info") == 0 || strcmp(id, "mon_groups") == 0 ||
			strcmp(id, "mon_data") == 0))
		return refuse(err, "linux.intelRdt",
			"\"%s\" is a directory of resctrl itself: give the container another "
			"id, or a closID",
			id);
	if (!exec) {
		if (rdt_step(plan, wanted, &plan->outside, STEP_MAKE_RDT_GROUP, err) < 0 ||
			remember(plan, &plan->outside.steps[plan->outside.count - 1], err) < 0)
			return -1;
	}
	return rdt_step(plan, wanted, &plan->after_clone, STEP_JOIN_RDT_GROUP, err);
}
