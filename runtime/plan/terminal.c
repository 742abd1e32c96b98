/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal: a pty of the container's own devpts, never of the host's (config.md, Process).
 */
#include "runtime/plan/rooms.h"

#include <linux/sched.h>
#include <string.h>

int plan_console(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_process *process = wanted->process;
	const struct oci_mount *pts = mount_at(wanted, "/dev/pts");

	if (!process->terminal)
		return 0;
	if (!pts && !(mount_at(wanted, "/dev") && is_bind(mount_at(wanted, "/dev"))))
		return refuse(err, "process.terminal",
			"there is no devpts on /dev/pts in mounts to take a terminal from");

	struct step *step =
		plan_step(plan, &plan->inside, err, STEP_OPEN_CONSOLE, "process.terminal");

	if (!step)
		return -1;
	step->console.bind = wanted->request->verb != REQUEST_EXEC;
	step->console.uid = process->user.uid;
	if (process->console_size) {
		step->console.has_size = true;
		step->console.rows = (uint16_t)process->console_size->height;
		step->console.columns = (uint16_t)process->console_size->width;
	}
	return plan_message(plan, &plan->after_clone, err, STEP_AWAIT, MESSAGE_CONSOLE);
}
