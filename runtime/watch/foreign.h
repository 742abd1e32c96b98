/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a process ended that is not our child: the monitor's. Three ways, each exact: what the
 * kernel keeps behind a pidfd (PIDFD_GET_INFO, since Linux 6.15, once its parent has reaped
 * it); field 52 of /proc/PID/stat while it has not; and on older kernels the process connector
 * (proc events, netlink), for root of the machine.
 */
#ifndef MAYFLY_FOREIGN_H
#define MAYFLY_FOREIGN_H

#include <stdbool.h>
#include <sys/types.h>

struct foreign {
	int pidfd; /* borrowed */
	pid_t pid;
	int events; /* netlink socket, or -1. Owned */
};

/* To be called before the process can end. EVENTS stays -1 where the kernel needs it not. */
void foreign_open(struct foreign *foreign, int pidfd, pid_t pid);
void foreign_close(struct foreign *foreign);

/*
 * The status, as wait(2) tells it, of the process that has exited. False when it cannot be
 * known; *ret_later says that it can once its parent has reaped it, which makes the pidfd hang
 * up.
 */
bool foreign_status(const struct foreign *foreign, int *ret_status, bool *ret_later);

#endif
