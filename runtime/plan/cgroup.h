/* SPDX-License-Identifier: Apache-2.0 */
/* What the two rooms of the cgroup share: plan_cgroup() and plan_devices_cgroup(). Pure. */
#ifndef MAYFLY_PLAN_CGROUP_H
#define MAYFLY_PLAN_CGROUP_H

#include "runtime/plan/plan.h"

/* Refuse the limit FIELD asks for, or note it as left out; WHY is half a sentence. */
int plan_cannot_enforce(struct plan *plan, const struct wanted *wanted, const char *field,
	const char *why, const char *remedy, struct error *err);

/* Delegation: the last step of the cgroup, when its limits are all in place. */
int plan_own_cgroup(struct plan *plan, const struct wanted *wanted, struct error *err);

#endif
