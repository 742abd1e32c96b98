/* SPDX-License-Identifier: Apache-2.0 */
/* Until the rooms of the cgroup are merged. */
#include "runtime/plan/plan.h"

__attribute__((weak)) int plan_cgroup(struct plan *plan, const struct wanted *wanted,
	struct error *err)
{
	return 0;
}

__attribute__((weak)) int plan_devices_cgroup(struct plan *plan, const struct wanted *wanted,
	struct error *err)
{
	return 0;
}
