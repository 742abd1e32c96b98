/* SPDX-License-Identifier: Apache-2.0 */
/* What watch.c and its rooms share: the descriptors of the loop, and what one wake has seen. */
#ifndef MAYFLY_LOOP_H
#define MAYFLY_LOOP_H

#include "runtime/watch/foreign.h"
#include "runtime/watch/watch.h"

#include <signal.h>
#include <sys/epoll.h>

enum ready {
	READY_PROCESS,
	READY_STATUS,
	READY_SIGNALS,
	READY_TIMER,
	READY_PIDS,
	READY_LISTENER,
	READY_CLIENT,
	READY_BEGUN,
	READY_STREAMS,			 /* stdout, stderr: the program has written */
	READY_SINKS = READY_STREAMS + 2, /* their readers take more */
	READY_COUNT = READY_SINKS + 2,
};

enum { LOOP_EVENTS = 32 };

struct loop {
	struct watch *watch;
	int epoll, timer, signals, pids; /* owned */
	struct foreign foreign;
	uint64_t cpus_milli;
	/* CLOCK_MONOTONIC nanoseconds; UINT64_MAX: never. */
	uint64_t wall_at, cpu_at, kill_at, armed;
	bool ending;	/* we have asked it to end, or killed it */
	bool real_time; /* that is our priority now */
	bool flowed;	/* output was passed on in this wake */
	bool asked;	/* by a signal, when init had ended: wait for no reader */
	bool executing; /* a foreign one is about to execute its program */
	bool over;	/* a limit of the output is passed, and that is its end */
	struct verdict_event events[LOOP_EVENTS];
	size_t n_events;
	/* What of each stream is waited for: neither, the program, or the reader. */
	enum { WAIT_NONE, WAIT_PROGRAM, WAIT_READER } waits[2];
};

/* ready.c */
void loop_signals(sigset_t *ret);	  /* that ask to end */
const char *loop_signal_name(int signal); /* of one of them; or NULL */
int loop_open(struct loop *loop, struct watch *watch, struct error *err);
void loop_close(struct loop *loop);

void loop_start_clocks(struct loop *loop);

/* watch.c */
void loop_add_event(struct loop *loop, enum cause cause);
void loop_note_end(struct loop *loop, int status);

/* others.c: an init that is not our child has exited; says something; and SIGUSR1. */
void loop_take_foreign(struct loop *loop);
void loop_take_begun(struct loop *loop);
void loop_take_request(struct loop *loop);
void loop_read_counters(struct watch *watch); /* once more, at the end */

/* output.c: a stream or its sink is ready. */
int loop_move(struct loop *loop, uint32_t ready, struct error *err);
/* Pass on all that is there without waiting; -1: out of memory. */
int loop_flush(struct loop *loop);
bool loop_is_blocked(const struct loop *loop);
uint64_t loop_taken(const struct loop *loop); /* bytes, by the readers of both */
void loop_give_up(struct loop *loop);	      /* of readers that are waited for */
int loop_wait_for_program(struct loop *loop, int number);

/*
 * priority.c: real-time priority from the start, where watch->real_time wants it and we may
 * have it; then, before each wait, as output and clocks want it. AT is the soonest clock;
 * answers when to wake for it, and shortens *timeout_ms (-1: none).
 */
void loop_begin_real_time(struct loop *loop);
void loop_become_ordinary(struct loop *loop);
uint64_t loop_choose_priority(struct loop *loop, uint64_t at, int *timeout_ms);

/* calls.c: a forbidden system call; true when it is the container's end. */
bool loop_take_call(struct loop *loop, uint32_t events);

#endif
