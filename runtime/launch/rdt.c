/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of linux.intelRdt, and what a failed create takes back of them. */
#include "runtime/launch/outside.h"
#include "runtime/launch/resctrl.h"

static struct resctrl_group group_of(const struct step *step)
{
	return (struct resctrl_group){
		.mount = step->rdt.mount,
		.name = step->rdt.group,
		.schemata = step->rdt.schemata,
		.own = step->rdt.own,
	};
}

int launch_make_rdt_group(struct launch *launch, const struct step *step, struct error *err)
{
	const struct resctrl_group group = group_of(step);
	bool made;
	int result = resctrl_prepare(&group, &made, err);

	if (made)
		launch->rdt_made = step;
	if (result == 0 && step->rdt.monitor) {
		result = resctrl_make_monitor(&group, step->rdt.monitor, err);
		if (result == 0)
			launch->rdt_monitored = step;
	}
	return result;
}

int launch_join_rdt_group(struct launch *launch, const struct step *step, struct error *err)
{
	const struct resctrl_group group = group_of(step);

	return resctrl_join(&group, step->rdt.monitor, launch->pid, err);
}

void launch_remove_rdt_group(struct launch *launch)
{
	const struct plan *plan = launch->plan;

	if (launch->rdt_monitored)
		(void)resctrl_remove(launch->rdt_monitored->rdt.mount, plan->rdt_monitor);
	if (launch->rdt_made)
		(void)resctrl_remove(launch->rdt_made->rdt.mount, launch->rdt_made->rdt.group);
}
