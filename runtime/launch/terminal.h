/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The caller's side of a running process: descriptors handed to the caller's sockets, and in
 * the foreground its terminal, signals and status.
 */
#ifndef MAYFLY_TERMINAL_H
#define MAYFLY_TERMINAL_H

#include "oci/base/error.h"

#include <stddef.h>
#include <sys/types.h>

/* launch/send.c */

/*
 * Connect to the unix stream socket PATH (absolute, of any length), send FD with PAYLOAD (at
 * least one byte), close. For --console-socket (the pty's master with a name) and
 * --pidfd-socket. Waits for no answer: containerd reads only when create has returned. A peer
 * that takes nothing is an error after 5 s.
 */
int launch_send_descriptor(const char *path, int fd, const char *payload, struct error *err);

/* launch/relay.c */

/* One more descriptor to look at: READY is called when FD can be read; -1 ends it. */
struct relay_watch {
	int fd;
	void (*ready)(struct relay_watch *watch);
};

struct relay {
	pid_t pid; /* our child */
	int pidfd;
	int master;		   /* of its pty; -1 for none. relay_run() closes it */
	struct relay_watch *watch; /* or NULL */
};

/*
 * Hold back every signal that relay_run() passes on, so that none is lost and none is our end.
 * A process made after this must reset its mask before exec.
 */
void relay_block_signals(void);

/*
 * Wait until the process has exited, and reap it; *ret_wait_status is wait(2)'s. Until then
 * signals that reach us go to it, but for those that are about ourselves (SIGCHLD, SIGPIPE,
 * SIGURG, SIGTTIN, SIGTTOU, SIGWINCH); other children that end are reaped (orphans, when we are
 * a subreaper).
 *
 * With a master, descriptors 0 and 1 are its other side: 0 is put in raw mode when it is a
 * terminal, and restored on every way out; its size goes to the pty now and at SIGWINCH. The
 * end of an input that is no terminal becomes the pty's end-of-file character. Output that
 * nobody takes any more (EPIPE) hangs the pty up. What the process wrote before it exited is
 * written out; a reader that has stopped is waited for until a signal asks to end.
 *
 * Signals stay blocked. -1 with *err when waiting failed; the process may then still run.
 */
int relay_run(struct relay *relay, int *ret_wait_status, struct error *err);

#endif
