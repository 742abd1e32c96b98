/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a process is, so that a number that the kernel gave to somebody else is never signalled.
 */
#ifndef MAYFLY_PROCESS_H
#define MAYFLY_PROCESS_H

#include "oci/base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A pid alone is reused. Start time has ticks of 10 ms; the inode of a pidfd (pidfs, since
 * Linux 6.9; 0 before) is unique until the next boot. Both together with the boot's id are an
 * identity.
 */
struct process_id {
	pid_t pid;
	uint64_t start_time; /* field 22 of /proc/PID/stat, clock ticks since boot */
	uint64_t pidfs;	     /* inode of its pidfd, or 0 */
};

/* Fill *ret for the live process PID that PIDFD refers to. -errno. */
int process_identify(pid_t pid, int pidfd, struct process_id *ret);

/*
 * A pidfd of exactly that process, or -ESRCH when it is gone, is a zombie, or its number
 * belongs to somebody else.
 */
int process_open(const struct process_id *id);

/* Has it exited? (A zombie has.) Needs no wait; to wait, fd_await(). */
bool process_has_exited(int pidfd);

/*
 * Has its last thread begun to exit, or is it gone? The first process of a pid namespace can
 * stay there for long: the kernel lets it go when the last zombie of the namespace is reaped,
 * which may be the child of somebody outside (`exec`, nsenter).
 */
bool process_runs_no_more(const struct process_id *id);

/* The id of this boot (36 characters and NUL); -errno. */
enum { BOOT_ID_SIZE = 37 };
int process_boot_id(char ret[BOOT_ID_SIZE]);

/*
 * Reap our child behind PIDFD, and wait at most TIMEOUT_MS for its end; the status is
 * wait(2)'s. -ETIMEDOUT: it does not end (uninterruptible sleep), or somebody who traces it
 * does not let go of it; -ECHILD: it was reaped before; another -errno.
 */
int process_reap(int pidfd, int timeout_ms, int *ret_status);

#endif
