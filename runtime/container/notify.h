/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NOTIFY_SOCKET (sd_notify(3)): a program in the container says that it is ready on a socket of
 * ours, and the service manager that started mayfly hears it from us. The program has another
 * pid there, and the host's socket is not in its root.
 */
#ifndef MAYFLY_NOTIFY_H
#define MAYFLY_NOTIFY_H

#include "runtime/container/operation.h"

/*
 * Before the plan: mount the directory of the socket and name it in the program's environment,
 * when our own has a NOTIFY_SOCKET and the program's has none (Podman brings a proxy of its
 * own). An abstract socket is reached from the host's network namespace alone, and needs no
 * proxy.
 */
int notify_plan(struct birth *birth, struct error *err);

/* Is there a service manager to tell? */
bool notify_is_asked(void);

/* Make the directory of the socket; with LISTEN also the socket, and answer it in *ret (-1
 * without). */
int notify_make(
	const struct container *container, bool listen, int *ret_socket, struct error *err);

/*
 * `start` and a detached `run`: without the lock, which others may want meanwhile, wait for
 * READY=1 on SOCKET (-1: for nothing), pass it on with PID, the container's process, and wait
 * until the manager has seen that we were still there. The end of the process, which PIDFD
 * tells, ends the waiting, too. A failure is a warning: the program runs all the same.
 */
void notify_await(struct operation *operation, int socket, pid_t pid, int pidfd);

/* One datagram of SOCKET: was it READY=1? Then the host hears of it. 1, 0 or -1. */
int notify_pass_on(int socket, pid_t pid, struct error *err);

#endif
