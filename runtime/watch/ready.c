/* SPDX-License-Identifier: Apache-2.0 */
/* Before the first wake: everything that can become ready. */
#include "runtime/watch/loop.h"

#include "runtime/cgroup/files.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <sched.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static int add(struct loop *loop, int fd, enum ready ready, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.u32 = ready};

	return SYS_RESULT(epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event));
}

static uint64_t usable_cpus_milli(uint64_t quota)
{
	cpu_set_t set;
	uint64_t count = 1024; /* more than fit into the set */

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		count = (uint64_t)CPU_COUNT(&set);
	return quota && quota < count * 1000 ? quota : count * 1000;
}

void loop_start_clocks(struct loop *loop)
{
	const struct watch *watch = loop->watch;

	if (watch->wall_ns)
		loop->wall_at = watch->begin_ns + watch->wall_ns;
	if (watch->cpu_ns)
		loop->cpu_at = watch->begin_ns + watch->cpu_ns / loop->cpus_milli * 1000;
}

static bool waits_for_program(const struct watch *watch)
{
	return watch->foreign && watch->begun >= 0;
}

static void set_clocks(struct loop *loop)
{
	loop->wall_at = loop->cpu_at = loop->kill_at = loop->armed = UINT64_MAX;
	loop->cpus_milli = usable_cpus_milli(loop->watch->cpus_milli);
	if (!waits_for_program(loop->watch))
		loop_start_clocks(loop);
}

static const struct {
	int signal;
	const char *name;
} asks[] = {{SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"}, {SIGHUP, "SIGHUP"}, {SIGQUIT, "SIGQUIT"}};

void loop_signals(sigset_t *ret)
{
	sigemptyset(ret);
	for (size_t i = 0; i < sizeof(asks) / sizeof(*asks); i++)
		sigaddset(ret, asks[i].signal);
}

const char *loop_signal_name(int signal)
{
	for (size_t i = 0; i < sizeof(asks) / sizeof(*asks); i++)
		if (asks[i].signal == signal)
			return asks[i].name;
	return NULL;
}

const char *watch_asked_by(void)
{
	sigset_t pending;

	if (sigpending(&pending) < 0)
		return NULL;
	for (size_t i = 0; i < sizeof(asks) / sizeof(*asks); i++)
		if (sigismember(&pending, asks[i].signal) == 1)
			return asks[i].name;
	return NULL;
}

int watch_open_signals(void)
{
	sigset_t signals;

	loop_signals(&signals);
	return SYS_RESULT(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

static int add_all(struct loop *loop)
{
	const struct watch *watch = loop->watch;
	int done = add(loop, watch->pidfd, READY_PROCESS, EPOLLIN);

	if (done == 0 && watch->status >= 0)
		done = add(loop, watch->status, READY_STATUS, EPOLLIN);
	if (done == 0)
		done = add(loop, loop->timer, READY_TIMER, EPOLLIN);
	if (done == 0)
		done = add(loop, loop->signals, READY_SIGNALS, EPOLLIN);
	if (done == 0 && loop->pids >= 0)
		done = add(loop, loop->pids, READY_PIDS, EPOLLPRI);
	if (done == 0 && watch->listener >= 0)
		done = add(loop, watch->listener, READY_LISTENER, EPOLLIN);
	if (done == 0 && waits_for_program(watch))
		done = add(loop, watch->begun, READY_BEGUN, EPOLLIN);
	/* A plain file has no caller that could go. */
	if (done == 0 && watch->client >= 0 && add(loop, watch->client, READY_CLIENT, 0) < 0)
		return 0;
	return done;
}

/* A unit that is stopped, a terminal that hangs up: no reason for a monitor to end. */
static int open_signals(const struct watch *watch)
{
	sigset_t signals;

	if (!watch->foreign)
		return watch_open_signals();
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	return SYS_RESULT(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

int loop_open(struct loop *loop, struct watch *watch, struct error *err)
{
	*loop = (struct loop){.watch = watch,
		.epoll = -1,
		.timer = -1,
		.signals = -1,
		.pids = -1,
		.foreign.events = -1};
	if (waits_for_program(watch))
		watch_begin(watch); /* until it does */
	if (watch->foreign)
		foreign_open(&loop->foreign, watch->pidfd, watch->pid);
	set_clocks(loop);
	loop->epoll = SYS_RESULT(epoll_create1(EPOLL_CLOEXEC));
	loop->timer = SYS_RESULT(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
	loop->signals = open_signals(watch);
	if (watch->pids_kill && watch->cgroup->fd >= 0)
		loop->pids = files_open(watch->cgroup->fd, "pids.events", O_RDONLY);

	const int fds[] = {loop->epoll, loop->timer, loop->signals};

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] < 0)
			return fail(err, -fds[i], "make ready to watch the container");

	int done = add_all(loop);

	for (int i = 0; i < 2 && done == 0; i++)
		if (watch->streams[i].from >= 0)
			done = loop_wait_for_program(loop, i);
	return done < 0 ? fail(err, -done, "make ready to watch the container") : 0;
}

void loop_close(struct loop *loop)
{
	fd_close(&loop->epoll);
	fd_close(&loop->timer);
	fd_close(&loop->signals);
	fd_close(&loop->pids);
	foreign_close(&loop->foreign);
}
