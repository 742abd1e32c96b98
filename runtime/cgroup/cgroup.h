/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's cgroup. Paths are absolute below the cgroup2 mount ("/docker/abc"); nothing
 * follows a symlink or leaves the mount. There are two drivers: cgroup_create() makes it by
 * files, unit.h has systemd make it, and cgroup_adopt() takes it over.
 */
#ifndef MAYFLY_CGROUP_H
#define MAYFLY_CGROUP_H

#include "oci/base/arena.h"
#include "oci/base/error.h"
#include "runtime/host/host.h"
#include "runtime/plan/step.h"

#include <stdbool.h>
#include <sys/types.h>

/* One container's cgroup, open. */
struct cgroup {
	int fd;		     /* O_PATH|O_DIRECTORY of the cgroup; -1 for none */
	int mount;	     /* O_PATH of the cgroup2 mount */
	const char *path;    /* borrowed */
	int created;	     /* how many trailing components we made, for undo */
	unsigned int wanted; /* of cgroup_create() */
};

/*
 * Make the cgroup and its missing parents, and enable in each parent the controllers that
 * WANTED (a mask of enum controller) needs; best effort for the others the parent offers. An
 * existing cgroup is taken only when it is empty and not frozen: "container's cgroup is not
 * empty: N process(es) found".
 */
int cgroup_create(struct cgroup *cgroup, const struct host *host, const char *path,
	unsigned int wanted, struct error *err);

/*
 * Take over the cgroup of a unit that systemd has made: enable in its ancestors what WANTED
 * needs and systemd does not know (hugetlb, rdma, misc), and open it. Nothing of it is removed
 * by cgroup_undo().
 */
int cgroup_adopt(struct cgroup *cgroup, const struct host *host, const char *path,
	unsigned int wanted, struct error *err);

/*
 * clone3() into it was refused with CODE: 0 when another try is worth it, because the cgroup
 * had to become threaded and now is; else -1 with *err, which says why. Threaded cgroups are so
 * rare that nobody pays for looking before.
 */
int cgroup_clone_refused(const struct cgroup *cgroup, int code, struct error *err);

/*
 * Take back a cgroup_create(): kill what is in it, remove it and the parents it made. Never
 * fails; a cgroup that was there before keeps its place.
 */
void cgroup_undo(struct cgroup *cgroup, int timeout_ms);

/* Open an existing one. err->code is ENOENT when it is gone. */
int cgroup_open(
	struct cgroup *cgroup, const struct host *host, const char *path, struct error *err);
void cgroup_close(struct cgroup *cgroup);

/* Write one file in one write(2) (several lines: one write a line). Names are single
 * components. */
int cgroup_write(
	const struct cgroup *cgroup, const char *file, const char *text, struct error *err);

/*
 * `update`: carry out the STEPS of kind STEP_WRITE_CGROUP in order. When the kernel refuses
 * one, those before it are put back, as far as their files can be read. *ret_old, in ARENA, is
 * what cgroup_restore() takes to put all of them back later; it never fails.
 */
struct cgroup_old {
	const char *file, *text; /* text NULL: not known */
};
int cgroup_update(const struct cgroup *cgroup, const struct step *steps, size_t count,
	struct arena *arena, struct cgroup_old **ret_old, size_t *ret_count, struct error *err);
void cgroup_restore(const struct cgroup *cgroup, const struct cgroup_old *old, size_t count);

/* Load the device program for RULES (defaults are already in them) and attach it to the cgroup.
 */
int cgroup_limit_devices(const struct cgroup *cgroup, const struct step_device_rule *rules,
	size_t count, struct error *err);

/* Delegation: the files of /sys/kernel/cgroup/delegate go to UID. */
int cgroup_own(const struct cgroup *cgroup, uid_t uid, struct error *err);

/* -1 with *ERR when PATH is there and has a process, or is frozen; 0 otherwise. No effect. */
int cgroup_check_free(const struct host *host, const char *path, struct error *err);

/* Freeze or thaw, and wait at most TIMEOUT_MS for it to be so. */
int cgroup_freeze(const struct cgroup *cgroup, bool frozen, int timeout_ms, struct error *err);
bool cgroup_is_frozen(const struct cgroup *cgroup);

/* 1: has processes (below, too); 0: empty; -errno. */
int cgroup_populated(const struct cgroup *cgroup);

/* SIGKILL everything in it, at any depth, frozen or not; wait at most TIMEOUT_MS until it is
 * empty. */
int cgroup_kill(const struct cgroup *cgroup, int timeout_ms, struct error *err);

/* One rmdir, for the usual end: true when it is gone, and so had no process left. */
bool cgroup_remove_empty(const struct host *host, const char *path);

/*
 * Remove the cgroup and what is below it (a container may have made more). Missing is success.
 * Parents stay. Never removes outside of it.
 */
int cgroup_remove(const struct host *host, const char *path, int timeout_ms, struct error *err);

/* The pids in it and below, in the runtime's pid namespace; the list is malloc'ed. */
int cgroup_processes(
	const struct cgroup *cgroup, pid_t **ret_pids, size_t *ret_count, struct error *err);

/* Open a file of the cgroup to read it, and to poll it for POLLPRI; -errno. */
int cgroup_open_file(const struct cgroup *cgroup, const char *file);

/* A small text file of the cgroup into BUFFER, NUL-terminated; length or -errno. */
ssize_t cgroup_read(const struct cgroup *cgroup, const char *file, char *buffer, size_t size);

#endif
