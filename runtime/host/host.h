/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts about this kernel and this process, found by calling the real interface harmlessly and
 * reading the answer; never by uname. Plain members, so that a golden test can set them:
 * "old kernel" and "rootless" are cases on any machine.
 */
#ifndef MAYFLY_HOST_H
#define MAYFLY_HOST_H

#include "oci/base/arena.h"
#include "oci/base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum cgroup_layout {
	CGROUP_NONE,	/* no cgroup2 is mounted */
	CGROUP_UNIFIED, /* /sys/fs/cgroup is cgroup2 */
	CGROUP_HYBRID,	/* cgroup2 at /sys/fs/cgroup/unified: it can kill and freeze, limits are
			   in v1 */
};

/* Bits of host.controllers. Names: host_controllers[]. */
enum controller {
	CONTROLLER_CPUSET = 1 << 0,
	CONTROLLER_CPU = 1 << 1,
	CONTROLLER_IO = 1 << 2,
	CONTROLLER_MEMORY = 1 << 3,
	CONTROLLER_HUGETLB = 1 << 4,
	CONTROLLER_PIDS = 1 << 5,
	CONTROLLER_RDMA = 1 << 6,
	CONTROLLER_MISC = 1 << 7,
	CONTROLLER_DMEM = 1 << 8,
};

struct controller_name {
	const char *name;
	unsigned int bit;
};
extern const struct controller_name host_controllers[]; /* ends with a NULL name */

/* The mask of the names in TEXT (cgroup.controllers, cgroup.subtree_control); others are
 * skipped. */
unsigned int host_controllers_parse(const char *text);

/*
 * systemd as the maker of cgroups (--systemd-cgroup): its manager and how to reach it. The
 * system's for root; for everybody else, and in a user namespace, the user's own.
 */
struct systemd {
	bool booted;		    /* systemd is this host's init: sd_booted(3) */
	bool user;		    /* the user's manager, user@UID.service */
	const char *private_socket; /* the manager's own, asked first; needs no dbus-daemon */
	const char *bus;	    /* a D-Bus address */
	const char *cgroup;	    /* of its own tree below the mount; "" for the root */
};

struct host {
	uid_t euid;
	gid_t egid;
	bool in_user_namespace; /* not the initial one */
	bool can_set_ids;	/* CAP_SETUID and CAP_SETGID: maps can be written directly */
	bool can_mknod;		/* CAP_MKNOD in the initial user namespace */
	uint64_t capabilities;	/* our bounding set: what can be given at all */
	unsigned int last_capability;
	uint64_t ignored_signals; /* bit N - 1 of signal N: exec keeps those ignored */

	enum cgroup_layout cgroup;
	const char *cgroup_mount; /* "/sys/fs/cgroup", "/sys/fs/cgroup/unified", or "" */
	const char *own_cgroup;	  /* of /proc/self/cgroup, "0::"; "/" when unknown */
	unsigned int controllers; /* that the cgroup2 root (or our delegated cgroup) offers */
	bool bfq_weight;	  /* io.bfq.weight exists */

	const char *resctrl; /* where it is mounted, "/sys/fs/resctrl"; NULL: it is not */

	bool has_kcore; /* /proc/kcore: /dev/core is a link to it */
	bool has_time_namespace;
	bool has_mount_setattr;	   /* Linux 5.12: recursive attributes, idmapped mounts */
	bool has_apparmor;	   /* the module is enabled */
	bool is_apparmor_confined; /* by a profile of its own: then only more can be added */
	bool has_selinux;
	bool has_swap_accounting; /* memory.swap.max exists */

	struct systemd systemd; /* after host_probe_systemd() */
};

/* Facts that nobody will ask for: a configuration that names none of it needs no look. */
enum host_unasked {
	HOST_NO_LABELS = 1 << 0,      /* has_apparmor, is_apparmor_confined, has_selinux */
	HOST_NO_RESCTRL = 1 << 1,     /* resctrl */
	HOST_NO_OWN_CGROUP = 1 << 2,  /* own_cgroup, but where another fact needs it */
	HOST_NO_TIME_SPACES = 1 << 3, /* has_time_namespace */
	HOST_NO_LIMIT_FILES = 1 << 4, /* has_swap_accounting, bfq_weight */
};

/*
 * Fill *host, but for what is UNASKED (enum host_unasked), which is as on a host that lacks it.
 * Text lives in ARENA. Fails only when /proc is not there or memory is out.
 */
int host_probe(struct host *host, unsigned int unasked, struct arena *arena, struct error *err);

/*
 * Only where cgroups are: cgroup and cgroup_mount, in two system calls. For what only looks at
 * a cgroup that is there, as `state` does, which some callers ask many times a second.
 */
void host_probe_cgroup(struct host *host);

/*
 * Fill host->systemd, and make host->controllers those that its tree offers; after
 * host_probe(), and only when systemd makes the cgroup. Reads DBUS_SESSION_BUS_ADDRESS and
 * XDG_RUNTIME_DIR. Fails only when memory is out.
 */
int host_probe_systemd(struct host *host, struct arena *arena, struct error *err);

#endif
