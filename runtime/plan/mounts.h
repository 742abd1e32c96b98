/* SPDX-License-Identifier: Apache-2.0 */
/* What mounts.c and filesystem.c share. */
#ifndef MAYFLY_PLAN_MOUNTS_H
#define MAYFLY_PLAN_MOUNTS_H

#include "runtime/plan/rooms.h"

#include <linux/mount.h>
#include <string.h>

/* What belongs to the file system and not to one mount of it. */
#define OF_SUPERBLOCK (MS_SYNCHRONOUS | MS_DIRSYNC | MS_MANDLOCK | MS_LAZYTIME | MS_I_VERSION)

/* One mount on its way to a step. */
struct draft {
	const struct oci_mount *mount;
	struct oci_mount_options options;
	const char *type;
	char origin[32];
};

static inline bool same(const char *a, const char *b)
{
	return a && strcmp(a, b) == 0;
}

/* mounts.c: what all kinds have in common, as a step inside. */
struct step *mount_step(struct plan *plan, const struct wanted *wanted,
	const struct draft *draft, enum step_kind kind, struct error *err);
int plan_open_tree(struct plan *plan, const struct wanted *wanted, const struct draft *draft,
	const char *path, int *ret_slot, struct error *err);
void delay_readonly(struct step_mount *step);

/* filesystem.c: everything that is no bind. */
int plan_filesystem(
	struct plan *plan, const struct wanted *wanted, struct draft *draft, struct error *err);
int plan_cgroup_mount(
	struct plan *plan, const struct wanted *wanted, struct draft *draft, struct error *err);

#endif
