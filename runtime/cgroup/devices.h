/* SPDX-License-Identifier: Apache-2.0 */
/* Device rules as a program for the kernel; apart from loading it, pure. */
#ifndef MAYFLY_CGROUP_DEVICES_H
#define MAYFLY_CGROUP_DEVICES_H

#include "runtime/plan/step.h"

#include <linux/bpf.h>
#include <stddef.h>

/*
 * What a list means (config-linux.md, Allowed Device list; the kernel's cgroup v1 rules): at
 * first all is denied. For each access bit asked, the last rule that names the device and the
 * bit decides; all bits must be allowed. Type 'a' is every device with every access.
 */
struct device_program {
	struct bpf_insn *instructions; /* malloc'ed; NULL when everything is allowed */
	size_t count, room;
};

/* 0 or -errno; E2BIG: more rules than a program can hold. */
int device_program_build(
	const struct step_device_rule *rules, size_t count, struct device_program *ret);
void device_program_free(struct device_program *program);

#endif
