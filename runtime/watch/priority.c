/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A deadline is in time on a busy machine when we have real-time priority. But whoever passes
 * output on with it takes the processor from the program with every write and from the reader
 * with every page, and a third gets through: then we are ordinary, unless a clock is near.
 */
#include "runtime/watch/loop.h"

#include "runtime/sys/sys.h"

#include <sched.h>

#define HEADSTART_NS UINT64_C(100000000)
enum { QUIET_MS = 10 };

static bool become_real_time(struct loop *loop)
{
	const struct sched_param param = {.sched_priority = 1};

	loop->real_time =
		sys_sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) == 0;
	return loop->real_time;
}

void loop_become_ordinary(struct loop *loop)
{
	const struct sched_param param = {.sched_priority = 0};

	if (loop->real_time)
		(void)sys_sched_setscheduler(0, SCHED_OTHER, &param);
	loop->real_time = false;
}

void loop_begin_real_time(struct loop *loop)
{
	loop->watch->rt = loop->watch->real_time && become_real_time(loop);
}

uint64_t loop_choose_priority(struct loop *loop, uint64_t at, int *timeout_ms)
{
	bool far = at == UINT64_MAX || at > watch_now() + HEADSTART_NS;

	if (!loop->watch->rt)
		return at;
	if (loop->flowed && far)
		loop_become_ordinary(loop);
	else if (!loop->real_time)
		(void)become_real_time(loop);
	loop->flowed = false;
	if (loop->real_time)
		return at;
	/* Look again when nothing comes any more, and before the clock. */
	if (*timeout_ms < 0 || *timeout_ms > QUIET_MS)
		*timeout_ms = QUIET_MS;
	return far && at != UINT64_MAX ? at - HEADSTART_NS : at;
}
