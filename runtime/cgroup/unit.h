/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Units of systemd, made and unmade by mayfly-systemd (runtime/helper/systemd.c): the other
 * driver of cgroups. What a unit's cgroup is then used for is in cgroup.h.
 */
#ifndef MAYFLY_CGROUP_UNIT_H
#define MAYFLY_CGROUP_UNIT_H

#include "oci/base/error.h"
#include "runtime/host/host.h"
#include "runtime/plan/step.h"
#include "runtime/sys/helper.h"

#include <limits.h>
#include <sys/types.h>

/* Where a manager listens; as in struct systemd, and as the record keeps it. */
struct unit_bus {
	const char *private_socket, *address;
};

static inline struct unit_bus unit_bus_of(const struct systemd *systemd)
{
	return (struct unit_bus){systemd->private_socket, systemd->bus};
}

/*
 * Make UNIT and wait until it is there. A unit of that name that failed before is forgotten
 * first; one that is about to end is waited for. For a scope, STAND_IN is in it when this
 * answers, and must stay until the container's process is: helper_end(). PATH becomes its
 * cgroup below the mount, as the kernel says it.
 */
int unit_start(struct helper *stand_in, const struct unit_bus *bus,
	const struct step_unit *unit, char path[PATH_MAX], struct error *err);

/*
 * Stop it, whatever is in it, and forget its failure. One that is not there is success. With
 * the id of a container (else NULL): only when it is that container's, and with SIGKILL; for an
 * interrupted create, which may not have come to make it, while somebody else has one.
 */
int unit_stop(const struct unit_bus *bus, const char *name, const char *id, struct error *err);

/*
 * `update`: give a unit new values of PROPERTIES until it ends or the host is booted. Those
 * that are at_start are left out. The files are the caller's to write, after this.
 */
int unit_set(const struct unit_bus *bus, const char *name,
	const struct unit_property *properties, size_t count, struct error *err);

/*
 * Let the manager move PID into the unit's cgroup: it may where we may not, because our own is
 * outside of its tree (rootless, from a login session).
 */
int unit_attach(const struct unit_bus *bus, const char *name, pid_t pid, struct error *err);

#endif
