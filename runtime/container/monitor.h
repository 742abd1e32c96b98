/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor of an ordinary container, there only where a limit or a verdict was asked for
 * (docs/decisions/062): a process forked by create or run, in a session of its own, which holds
 * what it takes to end the container in time and to say why it ended.
 *
 *	<root>/<id>/begun        fifo: the container's process tells it of its exec
 *	<root>/<id>/watch        it holds a lock (fcntl(2)) of this file as long as it lives
 *	<root>/<id>/result.json  its will: until the end, that the watch was lost; then the
 *truth <root>/.results/<id>     the same, when the container is deleted
 */
#ifndef MAYFLY_MONITOR_H
#define MAYFLY_MONITOR_H

#include "oci/watching.h"
#include "runtime/container/operation.h"
#include "runtime/verdict/result.h"
#include "runtime/watch/watch.h"

struct watched {
	struct oci_watching asked;
	bool journal;
	struct watch watch;
	struct result result; /* what is known beforehand */
	int stdio[3];	      /* 1, 2: the caller's, for the monitor; or -1 */
	int log;	      /* /dev/termination-log, or -1 */
};

/*
 * watched.c: annotations, options and the operator's file, into birth->watched (NULL when
 * nothing was asked for) and into the spec; before birth_decide(). No side effect.
 */
int watched_plan(struct birth *birth, const struct mayfly_create *options, struct error *err);
/* After birth_decide(): what cannot be held to here is refused. */
int watched_check(struct birth *birth, struct error *err);

/* Put our pipes in place of the caller's stdout and stderr until the process is cloned. */
int watched_open(struct birth *birth, struct error *err);
void watched_restore_stdio(struct watched *watched);
void watched_close(struct watched *watched);

/* monitor.c: the container is complete and its program waits: from now on it is watched. */
int monitor_start(struct birth *birth, struct error *err);

/* A pidfd of the monitor that works in DIR; -1: there is none (any more). */
int monitor_find(int dir);

/*
 * Have the monitor of DIR end what is left of its container and write its result, and wait for
 * that. One that does not is killed: then its will counts.
 */
void monitor_finish(int dir);

/* result.c: RESULT as DIR's result.json. */
int result_save(int dir, const struct result *result, struct arena *arena, struct error *err);

/* The text of DIR's result.json, in ARENA; NULL: there is none. */
const char *result_read(int dir, struct arena *arena);

/*
 * Move the result of a container that is about to be deleted to .results, and throw away there
 * what is too old or too much (RESULTS_MAX, RESULTS_AGE_S). Never fails: a result that cannot
 * be kept is no reason to keep the container.
 */
enum { RESULTS_MAX = 1024, RESULTS_AGE_S = 24 * 60 * 60 };
void result_keep(const struct container *container);

/* One that was never created, because of WHY. */
void result_keep_failure(struct birth *birth, const struct error *why);

/* tell.c: the verdict to where it was asked for: stderr, termination log, journal. */
void monitor_tell(const struct watched *watched);

#endif
