/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminals and signals outside: handing the pty's master to whoever asked for it, and staying with a
 * foreground process until it ends.
 */
#ifndef MAYFLY_TERMINAL_H
#define MAYFLY_TERMINAL_H

#include "oci/base/error.h"

#include <sys/types.h>

/*
 * Send FD with SCM_RIGHTS over the unix stream socket PATH, with PAYLOAD as its bytes. Paths longer than
 * sun_path go through a descriptor of their directory. Does not wait for an answer: containerd accepts only
 * after create has returned.
 */
int launch_send_descriptor(const char *path, int fd, const char *payload, struct error *err);

struct relay {
	int pidfd;   /* the container's process, our child */
	pid_t pid;
	int master;  /* the pty's master, or -1: it has our own descriptors 0, 1, 2 */
};

/*
 * Block the signals that relay_run() passes on, so that one that comes while the container is being set up
 * waits for it. The container's process empties its mask itself.
 */
void relay_block_signals(void);

/*
 * Until the process ends: copy between our descriptors 0, 1 and the master (our terminal in raw mode, put back on every
 * way out), pass on signals and window sizes, reap other children (we may be a subreaper). *ret_status is wait(2)'s.
 */
int relay_run(struct relay *relay, int *ret_status, struct error *err);

#endif
