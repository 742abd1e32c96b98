/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching one container from its program's first instruction until nothing of it is left: one
 * loop over its process, its clocks, its output and what the kernel reports. What is seen goes
 * to runtime/verdict; nothing here decides why it ended.
 */
#ifndef MAYFLY_WATCH_H
#define MAYFLY_WATCH_H

#include "oci/base/error.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/verdict/result.h"
#include "runtime/watch/counters.h"
#include "runtime/watch/stream.h"

#include <time.h>

struct watch {
	int pidfd; /* of our child, the container's init; borrowed */
	pid_t pid;
	const struct cgroup *cgroup; /* its fd is -1 for none: then init is all there is */
	int status;		     /* of the container's reaper, or -1; borrowed */
	int listener;		     /* seccomp's, or -1; borrowed */
	/*
	 * Init is not our child, but that of an engine, which reaps it. Then nothing is killed
	 * but at a limit, the signals below end nothing, and SIGUSR1 is `delete`, which wants
	 * it over.
	 */
	bool foreign;
	int begun;  /* of a foreign one: what its process says of its exec, see struct
		       start_report; -1: it runs already. Borrowed */
	int client; /* whose end is the caller's: it is hung up when the caller is gone; -1 */
	struct stream streams[2]; /* stdout, stderr; from is -1 when they are the caller's */
	uint64_t output_left;	  /* of what both may write together; the streams point here */

	/* Nanoseconds; 0: no limit. The clock begins with watch_begin(). */
	uint64_t wall_ns, grace_ns, cpu_ns;
	uint64_t cpus_milli;	/* the quota, thousandths of a CPU; 0: none */
	bool pids_kill;		/* a refused fork is the end */
	bool syscalls_recorded; /* a forbidden call is answered with EPERM, and noted */
	bool own_pid_namespace; /* init ignores a TERM that it does not handle */
	bool real_time; /* try SCHED_FIFO: a deadline is then in time on a busy machine */

	/* What was seen. */
	uint64_t begin_ns;	 /* CLOCK_MONOTONIC */
	struct timespec started; /* CLOCK_REALTIME, of a foreign one; 0: it did not */
	struct verdict_latch latch;
	int program; /* pidfd of a program with a reaper, or -1; owned by watch_run() */
	bool ended, core;
	bool never_ran;	     /* it ended before its program's first instruction, … */
	struct error why;    /* … for this, when a word of it was said */
	bool status_unknown; /* of a foreign one */
	int exit_code, signal;
	uint64_t lasted_ns, teardown_ns;
	struct result_sent sent[RESULT_SENT_MAX];
	size_t n_sent;
	const char *cancelled_by;
	struct result_syscall syscall;
	struct result_counters counters;
	struct counters_ancestors ancestors; /* as they were before */
	bool stuck;			     /* something could not be killed in time */
	bool rt;			     /* SCHED_FIFO it was */
};

/* Hold SIGTERM, SIGINT, SIGHUP and SIGQUIT back: watch_run() takes them as a wish to cancel. */
void watch_block_signals(void);

/*
 * Before watch_run(), which takes them: a new descriptor that is readable once one of them has
 * come, or -errno; the name of one that has, or NULL.
 */
int watch_open_signals(void);
const char *watch_asked_by(void);

/* The program runs from now on. */
void watch_begin(struct watch *watch);

/*
 * Watch until init has ended, end what it left behind, pass on what was written, and read the
 * counters of the empty cgroup. -1 with *err when watching failed; everything is killed then,
 * too.
 */
int watch_run(struct watch *watch, struct error *err);

/* Nanoseconds of the monotonic clock. */
uint64_t watch_now(void);

#endif
