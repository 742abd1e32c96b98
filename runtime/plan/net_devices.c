/* SPDX-License-Identifier: Apache-2.0 */
/* Network devices that move into the container (config-linux.md, Network Devices). */
#include "runtime/plan/rooms.h"

#include <errno.h>
#include <linux/sched.h>

/* The slot of the network namespace that is joined, or -1 for a new one. */
static int joined_network(const struct plan *plan)
{
	for (size_t i = 0; i < plan->outside.count; i++) {
		const struct step *step = &plan->outside.steps[i];

		if (step->kind == STEP_OPEN_NAMESPACE &&
			step->open_path.ns_type == CLONE_NEWNET)
			return step->open_path.slot;
	}
	return -1;
}

/* The child waits: what it does next (sysctl, hooks) may be about these devices. */
int plan_net_devices(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_linux *section = wanted->spec->linux;

	if (section->n_net_devices == 0)
		return 0;
	if (wanted->host->euid != 0)
		return refuse(err, "linux.netDevices",
			"only root can move a network device of the host");
	for (size_t i = 0; i < section->n_net_devices; i++) {
		const struct oci_net_device *asked = &section->net_devices[i];
		struct step *step = plan_step(plan, &plan->after_clone, err, STEP_MOVE_DEVICE,
			"linux.netDevices[\"%s\"]", asked->host_name);

		if (!step)
			return -1;
		step->net_device.name = asked->host_name;
		step->net_device.inside = asked->name ? asked->name : asked->host_name;
		step->net_device.slot = joined_network(plan);
	}
	if (plan_message(plan, &plan->after_clone, err, STEP_TELL, MESSAGE_NETWORK_READY) < 0)
		return -1;
	return plan_message(plan, &plan->inside, err, STEP_AWAIT, MESSAGE_NETWORK_READY);
}
