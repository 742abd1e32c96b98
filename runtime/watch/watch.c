/* SPDX-License-Identifier: Apache-2.0 */
/* The loop. What is ready in one wake is collected first and judged together. */
#include "runtime/watch/loop.h"

#include "runtime/sys/channel.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/sys.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>

enum { KILL_TIMEOUT_MS = 10 * 1000, CPU_CHECK_FLOOR_NS = 1000 * 1000 };

#define NEVER UINT64_MAX
#define NS    UINT64_C(1000000000)
/* With a reader that takes nothing, once the container is gone. */
#define PATIENCE_NS (2 * NS)

uint64_t watch_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS + (uint64_t)now.tv_nsec;
}

void watch_begin(struct watch *watch)
{
	watch->begin_ns = watch_now();
}

static uint64_t since_begin(const struct watch *watch)
{
	return watch_now() - watch->begin_ns;
}

void watch_block_signals(void)
{
	sigset_t signals;

	loop_signals(&signals);
	sigaddset(&signals, SIGPIPE); /* a write says EPIPE */
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
}

/* ---- killing ---- */

static void note_sent(struct watch *watch, int signal, const char *to)
{
	if (watch->n_sent < RESULT_SENT_MAX)
		watch->sent[watch->n_sent++] =
			(struct result_sent){signal, since_begin(watch), to};
}

/*
 * Who is killed still has to come to a CPU to end, and on a busy machine that takes its time.
 * They run no instruction of theirs any more, so they may go first. Best effort.
 */
static void hurry(const struct watch *watch)
{
	enum { MOST = 256 };
	const struct sched_param param = {.sched_priority = 1};
	struct error ignored;
	pid_t *pids;
	size_t count;

	if (!watch->rt || cgroup_write(watch->cgroup, "cgroup.kill", "1", &ignored) < 0 ||
		cgroup_processes(watch->cgroup, &pids, &count, &ignored) < 0)
		return;
	for (size_t i = 0; i < count && i < MOST; i++)
		(void)sys_sched_setscheduler(pids[i], SCHED_FIFO, &param);
	free(pids);
}

static int kill_all(struct watch *watch, struct error *err)
{
	if (watch->cgroup->fd >= 0 && !watch->ended)
		hurry(watch);
	if (watch->cgroup->fd < 0) {
		(void)sys_pidfd_send_signal(watch->pidfd, SIGKILL);
		return 0;
	}
	if (cgroup_kill(watch->cgroup, KILL_TIMEOUT_MS, err) == 0)
		return 0;
	/* Whose cgroup it is may have removed it already. */
	if (err->code != ETIMEDOUT)
		return watch->foreign ? 0 : -1;
	/* In an uninterruptible wait of the kernel: told, not hidden. */
	watch->stuck = true;
	return 0;
}

/* SigCgt of /proc/PID/status: an init that has no handler for TERM never sees one. */
static bool handles_term(const struct watch *watch)
{
	char path[64], text[4096];
	const char *line;

	if (!watch->own_pid_namespace || watch->program >= 0)
		return true;
	snprintf(path, sizeof(path), "/proc/%d/status", watch->pid);
	if (file_read_small(AT_FDCWD, path, text, sizeof(text)) < 0 ||
		!(line = strstr(text, "\nSigCgt:")))
		return true;
	return strtoull(line + strlen("\nSigCgt:"), NULL, 16) >> (SIGTERM - 1) & 1;
}

static bool may_be_asked(const struct watch *watch)
{
	enum cause cause = watch->latch.cause;

	/* `delete --force` does not ask. */
	return cause == CAUSE_WALL || cause == CAUSE_CPU ||
	       (cause == CAUSE_CANCEL && !watch->foreign);
}

/* The first cause of ours has come: ask, or kill at once. */
static int begin_end(struct loop *loop, struct error *err)
{
	struct watch *watch = loop->watch;

	loop->ending = true;
	loop->wall_at = loop->cpu_at = NEVER;
	if (watch->grace_ns && may_be_asked(watch) && handles_term(watch)) {
		note_sent(watch, SIGTERM, "init");
		(void)sys_pidfd_send_signal(
			watch->program >= 0 ? watch->program : watch->pidfd, SIGTERM);
		loop->kill_at = watch_now() + watch->grace_ns;
		return 0;
	}
	note_sent(watch, SIGKILL, watch->cgroup->fd < 0 ? "init" : "cgroup");
	return kill_all(watch, err);
}

static int end_grace(struct loop *loop, struct error *err)
{
	loop->kill_at = NEVER;
	note_sent(loop->watch, SIGKILL, loop->watch->cgroup->fd < 0 ? "init" : "cgroup");
	return kill_all(loop->watch, err);
}

/* ---- what is ready ---- */

void loop_add_event(struct loop *loop, enum cause cause)
{
	if (loop->n_events < LOOP_EVENTS)
		loop->events[loop->n_events++] =
			(struct verdict_event){cause, since_begin(loop->watch)};
}

void loop_note_end(struct loop *loop, int status)
{
	struct watch *watch = loop->watch;

	watch->lasted_ns = since_begin(watch);
	watch->ended = true;
	watch->core = WIFSIGNALED(status) && WCOREDUMP(status);
	if (WIFSIGNALED(status))
		watch->signal = WTERMSIG(status);
	else
		watch->exit_code = WEXITSTATUS(status);
	loop_add_event(loop, watch->never_ran ? CAUSE_START : CAUSE_EXIT);
}

/* What the reaper tells: who the program is, and how it ended. */
static void read_status(struct loop *loop)
{
	struct watch *watch = loop->watch;
	struct received received = {.message = MESSAGE_NONE};
	int done = 0;

	/* It has two things to say. Whoever got hold of it must not talk us past the deadline.
	 */
	for (int i = 0; i < 2; i++) {
		done = channel_receive(watch->status, 0, &received);
		if (done < 0 || received.message == MESSAGE_NONE)
			break;
		if (received.message == MESSAGE_PROGRAM && watch->program < 0)
			watch->program = take_fd(&received.fd);
		if (received.message == MESSAGE_ENDED && !watch->ended)
			loop_note_end(loop, (int)received.value);
		fd_close(&received.fd);
	}
	/* It is gone, or says what it should not. */
	if (done != -ETIMEDOUT && (done < 0 || received.message == MESSAGE_NONE))
		(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->status, NULL);
}

static int reap(struct loop *loop, struct error *err)
{
	struct watch *watch = loop->watch;
	siginfo_t info = {0};

	/* The reaper ends behind the program, and what it said is there before it has. */
	if (watch->status >= 0)
		read_status(loop);

	int done = SYS_RESULT(waitid(P_PIDFD, (id_t)watch->pidfd, &info, WEXITED | __WALL));

	if (done == -EINTR)
		return 0;
	if (done < 0)
		return fail(err, -done, "wait for the container's process");
	(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->pidfd, NULL);
	if (!watch->ended)
		loop_note_end(loop, info.si_code == CLD_EXITED	 ? info.si_status << 8
				    : info.si_code == CLD_DUMPED ? info.si_status | 0x80
								 : info.si_status);
	return 0;
}

static void read_signals(struct loop *loop)
{
	struct watch *watch = loop->watch;
	struct signalfd_siginfo info;

	while (sys_read(loop->signals, &info, sizeof(info)) == sizeof(info)) {
		if (watch->foreign) {
			loop_take_request(loop);
			continue;
		}
		if (!watch->cancelled_by)
			watch->cancelled_by = loop_signal_name((int)info.ssi_signo);
		loop_add_event(loop, CAUSE_CANCEL);
	}
}

static void check_pids(struct loop *loop)
{
	uint64_t hits;
	char text[256];

	/* The descriptor that is polled has to be read, or it stays ready. */
	(void)SYS_RESULT(pread(loop->pids, text, sizeof(text), 0));
	if (counters_pids_hits(loop->watch->cgroup, &hits) == 0 && hits > 0)
		loop_add_event(loop, CAUSE_PIDS);
}

/*
 * The time that is left cannot be used up sooner than by all CPUs at once, so the next look is
 * then: it converges in a few looks.
 */
static void check_cpu(struct loop *loop, uint64_t now)
{
	struct watch *watch = loop->watch;
	uint64_t used, pause;

	if (counters_cpu_ns(watch->cgroup, &used) < 0) {
		loop->cpu_at = NEVER; /* the cgroup is gone, and so is the container */
		return;
	}
	if (used >= watch->cpu_ns) {
		loop->cpu_at = NEVER;
		loop_add_event(loop, CAUSE_CPU);
		return;
	}
	pause = (watch->cpu_ns - used) / loop->cpus_milli * 1000;
	loop->cpu_at = now + (pause > CPU_CHECK_FLOOR_NS ? pause : CPU_CHECK_FLOOR_NS);
}

static int check_clocks(struct loop *loop, struct error *err)
{
	uint64_t now = watch_now(), unused;

	(void)sys_read(loop->timer, &unused, sizeof(unused));
	if (now >= loop->wall_at) {
		loop->wall_at = NEVER;
		loop_add_event(loop, CAUSE_WALL);
	}
	if (now >= loop->cpu_at)
		check_cpu(loop, now);
	return now >= loop->kill_at && !loop->watch->ended ? end_grace(loop, err) : 0;
}

static int handle(struct loop *loop, const struct epoll_event *event, struct error *err)
{
	switch (event->data.u32) {
	case READY_PROCESS:
		if (!loop->watch->foreign)
			return reap(loop, err);
		loop_take_foreign(loop);
		return 0;
	case READY_BEGUN:
		loop_take_begun(loop);
		return 0;
	case READY_STATUS:
		read_status(loop);
		return 0;
	case READY_SIGNALS:
		read_signals(loop);
		return 0;
	case READY_TIMER:
		return check_clocks(loop, err);
	case READY_PIDS:
		check_pids(loop);
		return 0;
	case READY_LISTENER:
		if (loop_take_call(loop, event->events))
			loop_add_event(loop, CAUSE_SYSCALL);
		return 0;
	case READY_CLIENT:
		(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, loop->watch->client, NULL);
		if (!loop->watch->cancelled_by)
			loop->watch->cancelled_by = "client-gone";
		loop_add_event(loop, CAUSE_CANCEL);
		return 0;
	default:
		return loop_move(loop, event->data.u32, err);
	}
}

/* ---- the loop ---- */

static uint64_t soonest(const struct loop *loop)
{
	uint64_t at = loop->wall_at;

	if (loop->cpu_at < at)
		at = loop->cpu_at;
	return loop->kill_at < at ? loop->kill_at : at;
}

static int set_timer(struct loop *loop, uint64_t at, struct error *err)
{
	struct itimerspec when = {0};

	if (at == loop->armed)
		return 0;
	if (at != NEVER)
		when.it_value = (struct timespec){(time_t)(at / NS), (long)(at % NS)};
	if (timerfd_settime(loop->timer, TFD_TIMER_ABSTIME, &when, NULL) < 0)
		return fail(err, errno, "set the deadline");
	loop->armed = at;
	return 0;
}

static int wake(struct loop *loop, int timeout_ms, struct error *err)
{
	struct epoll_event ready[READY_COUNT];
	struct watch *watch = loop->watch;

	uint64_t at = loop_choose_priority(loop, soonest(loop), &timeout_ms);

	if (set_timer(loop, at, err) < 0)
		return -1;

	int count = SYS_RESULT(epoll_wait(loop->epoll, ready, READY_COUNT, timeout_ms));

	if (count == -EINTR)
		return 0;
	if (count < 0)
		return fail(err, -count, "wait for the container");
	loop->n_events = 0;
	for (int i = 0; i < count; i++)
		if (handle(loop, &ready[i], err) < 0)
			return -1;
	if (loop->over)
		loop_add_event(loop, CAUSE_OUTPUT);
	loop->over = false;
	verdict_wake(&watch->latch, loop->events, loop->n_events);
	if (watch->latch.cause == CAUSE_NONE || loop->ending || watch->ended)
		return 0;
	return begin_end(loop, err);
}

/*
 * What was written before everybody was gone is in the pipes, and that is finite. A reader that
 * has stopped, as a pager does, is waited for until a signal asks to end. But what has a
 * deadline, or was ended, is to come to its end: then it has until the deadline, and PATIENCE
 * since it took something.
 */
static uint64_t give_up_at(const struct watch *watch, uint64_t taken_at)
{
	bool cancelled = watch->latch.seen & 1U << CAUSE_CANCEL;
	uint64_t deadline = watch->wall_ns ? watch->begin_ns + watch->wall_ns : 0;

	if (!watch->wall_ns && !cancelled && watch->latch.cause == CAUSE_EXIT)
		return NEVER;
	return taken_at + PATIENCE_NS > deadline ? taken_at + PATIENCE_NS : deadline;
}

static int milliseconds_until(uint64_t at)
{
	uint64_t now = watch_now(), left = at > now ? (at - now) / 1000000 + 1 : 0;

	return at == NEVER || left > INT_MAX ? -1 : (int)left;
}

static bool was_asked(const struct loop *loop)
{
	if (loop->asked)
		return true;
	for (size_t i = 0; i < loop->n_events; i++)
		if (loop->events[i].cause == CAUSE_CANCEL)
			return true;
	return false;
}

static int wait_for_readers(struct loop *loop, struct error *err)
{
	uint64_t taken = loop_taken(loop), taken_at = watch_now();

	while (loop_is_blocked(loop)) {
		uint64_t until = give_up_at(loop->watch, taken_at);

		loop->n_events = 0;
		if (wake(loop, milliseconds_until(until), err) < 0)
			return -1;
		if (loop_flush(loop) < 0)
			return fail(err, ENOMEM, "keep the output");
		if (loop_taken(loop) != taken) {
			taken = loop_taken(loop);
			taken_at = watch_now();
		} else if (was_asked(loop) || watch_now() >= until) {
			break;
		}
	}
	loop_give_up(loop);
	return 0;
}

static int finish_output(struct loop *loop, struct error *err)
{
	if (loop_flush(loop) < 0)
		return fail(err, ENOMEM, "keep the output");
	if (wait_for_readers(loop, err) < 0)
		return -1;
	loop->n_events = 0;
	if (loop->over)
		loop_add_event(loop, CAUSE_OUTPUT);
	verdict_wake(&loop->watch->latch, loop->events, loop->n_events);
	return 0;
}

/* The reaper is a zombie of ours, unless it was the program that ended us. */
static void reap_rest(const struct watch *watch)
{
	siginfo_t info;

	(void)waitid(P_PIDFD, (id_t)watch->pidfd, &info, WEXITED | WNOHANG | __WALL);
}

static int run(struct loop *loop, struct error *err)
{
	struct watch *watch = loop->watch;

	while (!watch->ended && !watch->stuck)
		if (wake(loop, -1, err) < 0)
			return -1;

	uint64_t ended = watch_now();

	/* Complete is when the cgroup is empty, never when a pipe ends: somebody may hold it.
	 */
	if (watch->foreign)
		counters_read(watch->cgroup, &watch->counters);
	if ((!watch->foreign || loop->ending) && kill_all(watch, err) < 0)
		return -1;
	loop_read_counters(watch);
	watch->teardown_ns = watch_now() - ended;
	loop->wall_at = loop->cpu_at = loop->kill_at = NEVER;
	if (epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->pidfd, NULL) == 0)
		reap_rest(watch);
	return finish_output(loop, err);
}

int watch_run(struct watch *watch, struct error *err)
{
	struct loop loop;
	struct error ignored;
	int result;

	watch->program = -1;
	result = loop_open(&loop, watch, err);

	if (result == 0) {
		loop_begin_real_time(&loop);
		result = run(&loop, err);
		loop_become_ordinary(&loop);
	}
	if (result < 0)
		(void)kill_all(watch, &ignored);
	loop_close(&loop);
	fd_close(&watch->program);
	return result;
}
