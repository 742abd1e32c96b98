/* SPDX-License-Identifier: Apache-2.0 */
/* What is understood and not built yet: said at once and by name, never passed over. */
#include "runtime/plan/rooms.h"

int plan_refusals(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	if (wanted->request->systemd_cgroup)
		return refuse(err, "--systemd-cgroup",
			"the systemd cgroup driver is not built yet; use cgroupfs (Docker: "
			"native.cgroupdriver=cgroupfs, Podman: --cgroup-manager=cgroupfs)");
	return 0;
}
