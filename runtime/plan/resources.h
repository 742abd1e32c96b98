/* SPDX-License-Identifier: Apache-2.0 */
/* Limits become writes to cgroup files. For plan/cgroup.c and the plan of `update`; pure. */
#ifndef MAYFLY_PLAN_RESOURCES_H
#define MAYFLY_PLAN_RESOURCES_H

#include "oci/resources.h"
#include "runtime/plan/plan.h"

/*
 * Append a STEP_WRITE_CGROUP for each limit of RESOURCES (may be NULL), in the order in which
 * the kernel takes them. A limit this host cannot enforce is an error that names the field, or
 * with
 * --allow-missing-controllers a plan_unenforced(). *ret_controllers: what the writes need.
 */
int plan_limits(struct plan *plan, const struct wanted *wanted,
	const struct oci_resources *resources, unsigned int *ret_controllers,
	struct error *err);

/* cpu.shares (2 … 262144) as cpu.weight (1 … 10000): contract with kubelet, Podman and systemd.
 */
uint64_t plan_cpu_weight(uint64_t shares);

#endif
