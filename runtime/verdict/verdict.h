/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a container ended: events and counters in, one verdict out. Pure: no system call, no
 * clock, no memory but the caller's, so that every order of events is a row of a test.
 *
 * The first cause wins and is kept; what comes after it is a consequence, or a fact beside it.
 */
#ifndef MAYFLY_VERDICT_H
#define MAYFLY_VERDICT_H

#include "oci/names.h"
#include "oci/optional.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verdict {
	VERDICT_OK,
	VERDICT_EXIT,
	VERDICT_SIGNAL,
	VERDICT_TIMEOUT,
	VERDICT_CPU_LIMIT,
	VERDICT_MEMORY_LIMIT,
	VERDICT_MEMORY_HOST,
	VERDICT_OUTPUT_LIMIT,
	VERDICT_PIDS_LIMIT,
	VERDICT_SYSCALL,
	VERDICT_FILE_LIMIT,
	VERDICT_CANCELLED,
	VERDICT_START_FAILED,
	VERDICT_REJECTED,
	VERDICT_ENGINE_ERROR,
	VERDICTS,
};

extern const struct name verdict_names[]; /* "memory-limit" */

/*
 * What can end a container, in the order in which two that are seen in one wake of the watcher
 * count: a forbidden call and the byte beyond the limit happened before the exit that was seen
 * with them, and a program that had exited when the deadline was looked at was in time.
 */
enum cause {
	CAUSE_NONE,
	CAUSE_SYSCALL, /* a system call that the filter answers by killing */
	CAUSE_OUTPUT,  /* byte N+1 was there to be read */
	CAUSE_EXIT,    /* init ended, by itself or by a signal that is not ours */
	CAUSE_PIDS,    /* a fork was refused, and the request says that this ends it */
	CAUSE_CPU,
	CAUSE_WALL,
	CAUSE_CANCEL,
	CAUSE_START,  /* the program was never executed */
	CAUSE_REJECT, /* nothing was started */
	CAUSE_ENGINE, /* a failure of our own */
	CAUSES,
};

extern const struct name cause_names[]; /* "wall" */

struct verdict_event {
	enum cause cause;
	uint64_t at_ns; /* since the program began */
};

/* The latch: zeroed at the beginning. */
struct verdict_latch {
	enum cause cause;
	uint64_t at_ns;
	unsigned int seen; /* 1 << cause, of all that were ever seen */
};

/*
 * All events of one wake, in any order: the answer does not depend on it. A cause that is
 * latched stays, but for an exit that the output or a forbidden call turns out to have come
 * before.
 */
void verdict_wake(
	struct verdict_latch *latch, const struct verdict_event *events, size_t count);

/* What the kernel counted; unset where it cannot tell. */
struct verdict_counters {
	struct opt_u64 oom;	 /* memory.events.local: our own limit was hit in vain */
	struct opt_u64 oom_kill; /* memory.events */
	struct opt_u64 pids_hits;
	struct opt_u64 throttled;
};

struct verdict_facts {
	struct verdict_latch latch;
	bool ended;	       /* init's status is known, … */
	bool status_unknown;   /* … but not how: it was another's child */
	int exit_code, signal; /* one of them; signal 0: it exited */
	struct verdict_counters counters;
	bool oom_ends_all;	 /* memory.oom.group */
	bool has_file_limit;	 /* RLIMIT_FSIZE was set */
	bool output_discarded;	 /* bytes beyond the limit were read and thrown away */
	bool output_undelivered; /* the reader did not take all that was written */
	bool syscalls_recorded;	 /* forbidden calls that were only noted */
	bool disk_full;		 /* the private tmpfs */
};

enum verdict verdict_decide(const struct verdict_facts *facts);

/* The facts that are not the verdict itself, by name: at most SIZE go into RET; their count. */
enum { VERDICT_HITS_MAX = 16 };
size_t verdict_hits(const struct verdict_facts *facts, const char *ret[], size_t size);

/*
 * The exit status that tells it: coreutils' and the shell's habits (124, 126, 127, 128+n), or
 * with DISTINCT 64 and the number of the verdict. START_ERRNO is of VERDICT_START_FAILED, 0 for
 * none.
 */
int verdict_exit_status(
	enum verdict verdict, int exit_code, int signal, int start_errno, bool distinct);

#endif
