/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conversation of the two sides of clone(): numbered messages over a SOCK_SEQPACKET pair,
 * each with at most one value, one descriptor, and for MESSAGE_ERROR a whole struct error.
 * Fixed layout, no length arithmetic. Safe between clone() and exec.
 */
#ifndef MAYFLY_CHANNEL_H
#define MAYFLY_CHANNEL_H

#include "oci/base/error.h"

#include <stdint.h>

/*
 * Named for what has happened when it is sent. Which side says what, and when, is in the plan:
 * a unit test walks both lists and proves that every AWAIT has its TELL, in the same order.
 */
enum message {
	MESSAGE_NONE,
	MESSAGE_FORKED,	       /* in → out: value is the pid of the container's process */
	MESSAGE_MAPPED,	       /* out → in: the id maps are written */
	MESSAGE_NETWORK_READY, /* out → in: the network devices are there */
	MESSAGE_ROOTFS_READY, /* in → out: mounts are done; run prestart and createRuntime hooks
			       */
	MESSAGE_HOOKS_DONE,   /* out → in */
	MESSAGE_CONSOLE,      /* in → out: the descriptor is the pty's master */
	MESSAGE_LISTENER,     /* in → out: the descriptor is seccomp's notify listener */
	MESSAGE_LISTENER_SENT, /* out → in */
	MESSAGE_CREATED,       /* in → out: everything but the program's exec is done */
	MESSAGE_COMMITTED, /* out → in: the record is saved, limits are set: go on without me */
	MESSAGE_PROGRAM,   /* in → out: value is the program's pid inside, the descriptor its
			      pidfd */
	MESSAGE_ENDED,	   /* in → out: value is the program's status as wait(2) tells it */
	MESSAGE_ERROR,	   /* in → out, at any moment: then the sender exits */
	MESSAGE_COUNT
};

/* A pair of connected ends, CLOEXEC; -errno. */
int channel_open(int ret_ends[2]);

/* Send one message; FD -1 for none. 0 or -errno (EPIPE: the peer is gone). */
int channel_tell(int end, enum message message, int64_t value, int fd);

/* Send *err as MESSAGE_ERROR. Best effort: nobody is there to hear of a failure. */
void channel_tell_error(int end, const struct error *err);

struct received {
	enum message message; /* MESSAGE_NONE: the peer closed its end (exec, or exit) */
	int64_t value;
	int fd;		    /* -1 for none; owned by the receiver */
	struct error error; /* of MESSAGE_ERROR */
};

/*
 * Wait at most TIMEOUT_MS (-1: for ever) for one message. 0, -ETIMEDOUT or another -errno. A
 * peer that sends what is not a message is -EPROTO.
 */
int channel_receive(int end, int timeout_ms, struct received *ret);

/*
 * What a process says of its program into the fifos "exec" (for `start`) and "begun" (for the
 * monitor): one of these, and then end-of-file, because the fifo closes when it executes the
 * program or ends. One write(2) each, below PIPE_BUF, so that reports never mix.
 */
enum start_word { START_EXECUTING = 1, START_FAILED = 2, START_HOOK_FAILED = 3 };

struct start_report {
	int word; /* enum start_word; EXECUTING then end-of-file: the program runs (or ran) */
	struct error err; /* of FAILED, HOOK_FAILED */
};

/* The name of a message as the plan prints it: "rootfs ready". */
const char *message_name(enum message message);

#endif
