/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of the resctrl file system (config-linux.md, IntelRdt; the kernel's
 * Documentation/arch/x86/resctrl.rst). MOUNT is where it is mounted, a fact of the host: a test
 * gives a directory that looks like one.
 */
#ifndef MAYFLY_RESCTRL_H
#define MAYFLY_RESCTRL_H

#include "oci/base/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct resctrl_group {
	const char *mount;    /* "/sys/fs/resctrl" */
	const char *name;     /* of the directory; "" for the root group */
	const char *schemata; /* whole lines, each with its newline; NULL: leave them alone */
	bool own;	      /* made for this container: it must not be there yet */
};

/*
 * Make the group, or compare it with what is asked: one that is there must have the same
 * schemata. Without schemata a group that is not our own must be there. *RET_MADE: a directory
 * was made, also when this fails afterwards.
 */
int resctrl_prepare(const struct resctrl_group *group, bool *ret_made, struct error *err);

/* Move the process into the group, and into the monitoring group MONITOR in it (NULL: none). */
int resctrl_join(
	const struct resctrl_group *group, const char *monitor, pid_t pid, struct error *err);

/* Make the monitoring group; resctrl_join() needs it. */
int resctrl_make_monitor(
	const struct resctrl_group *group, const char *monitor, struct error *err);

/*
 * Nobody else's: fail with EEXIST when the directory PATH below MOUNT, which a container is to
 * make and delete, is there already. NULL is none.
 */
int resctrl_check_free(const char *mount, const char *path, struct error *err);

/* Remove the directory PATH below MOUNT ("web", "web/mon_groups/id"). Missing is success; 0 or
 * -errno. */
int resctrl_remove(const char *mount, const char *path);

/* Is each line of WANTED among those of PRESENT? Blanks, leading zeros and the order of domains
 * mean nothing. */
bool resctrl_same(const char *wanted, const char *present);

#endif
