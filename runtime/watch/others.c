/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of an init that is not our child: when its program began, and how it ended. */
#include "runtime/watch/loop.h"

#include "runtime/sys/channel.h"
#include "runtime/sys/process.h"
#include "runtime/sys/sys.h"

#include <time.h>

static void begin(struct loop *loop)
{
	struct watch *watch = loop->watch;

	(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->begun, NULL);
	watch->begun = -1;
	watch_begin(watch);
	clock_gettime(CLOCK_REALTIME, &watch->started);
	if (!loop->ending)
		loop_start_clocks(loop);
}

/*
 * Its process says that it executes the program, and its end of the fifo closes by that: both
 * are there when it has ended, however short the program was. What it said of a failure is
 * kept.
 */
void loop_take_begun(struct loop *loop)
{
	struct watch *watch = loop->watch;
	struct start_report report = {0};
	ssize_t got;

	if (watch->begun < 0)
		return;
	while ((got = SYS_RESULT(read(watch->begun, &report, sizeof(report)))) ==
		sizeof(report)) {
		loop->executing = report.word == START_EXECUTING;
		if (!loop->executing)
			watch->why = report.err;
	}
	if (got != 0)
		return;
	if (loop->executing)
		begin(loop);
	else
		(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->begun, NULL);
}

void loop_take_foreign(struct loop *loop)
{
	struct watch *watch = loop->watch;
	struct epoll_event reaped = {.events = 0, .data.u32 = READY_PROCESS};
	bool later;
	int status = 0;

	loop_take_begun(loop);
	watch->never_ran = watch->begun >= 0;
	if (!foreign_status(&loop->foreign, &status, &later)) {
		/* It hangs up when its parent has reaped it. `delete` may wait for us. */
		if (later && !loop->asked &&
			epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->pidfd, &reaped) == 0)
			return;
		watch->status_unknown = true;
	}
	(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->pidfd, NULL);
	loop_note_end(loop, status);
}

void loop_take_request(struct loop *loop)
{
	struct watch *watch = loop->watch;

	if (!process_has_exited(watch->pidfd)) {
		watch->cancelled_by = "delete";
		loop_add_event(loop, CAUSE_CANCEL);
		return;
	}
	loop->asked = true;
	if (!watch->ended)
		loop_take_foreign(loop);
}

/* A unit's cgroup goes with its last process: then what was read when that ended counts. */
void loop_read_counters(struct watch *watch)
{
	struct result_counters last;

	counters_read(watch->cgroup, &last);
	if (!watch->foreign || last.cpu_ns.set)
		watch->counters = last;
}
