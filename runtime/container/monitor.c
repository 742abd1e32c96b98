/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's own process, and how others find it: see monitor.h. */
#include "runtime/container/monitor.h"

#include "runtime/container/outcome.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/process.h"
#include "runtime/sys/sys.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FINISH_TIMEOUT_MS = 15 * 1000 };

static const char lock_name[] = "watch";

/* ---- found by others ---- */

/* Who holds the lock, or 0; -1: somebody that our pid namespace does not show. */
static pid_t holder(int file)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(file, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
		return 0;
	return lock.l_pid > 0 ? lock.l_pid : -1;
}

int monitor_find(int dir)
{
	int AUTO_FD file = sys_openat(dir, lock_name, O_RDONLY | O_NOFOLLOW, 0);
	pid_t pid = file < 0 ? 0 : holder(file);
	int AUTO_FD pidfd = pid > 0 ? sys_pidfd_open(pid, 0) : -1;

	/* It still holds it, so it was not another process's number meanwhile. */
	if (pidfd < 0 || holder(file) != pid)
		return -1;
	return take_fd(&pidfd);
}

void monitor_finish(int dir)
{
	int AUTO_FD pidfd = monitor_find(dir);

	if (pidfd < 0)
		return;
	(void)sys_pidfd_send_signal(pidfd, SIGUSR1);
	if (fd_await(pidfd, FINISH_TIMEOUT_MS) == 0)
		return;
	(void)sys_pidfd_send_signal(pidfd, SIGKILL);
	(void)fd_await(pidfd, FINISH_TIMEOUT_MS);
}

/* ---- its will ---- */

static int write_will(struct birth *birth, struct error *err)
{
	const struct verdict_event lost = {.cause = CAUSE_ENGINE};
	struct result will = birth->watched->result;

	verdict_wake(&will.facts.latch, &lost, 1);
	will.message =
		"the watch over this container was lost, because its monitor was killed: "
		"from then on its limits did not hold";
	return result_save(birth->operation.container.dir, &will, &birth->operation.arena, err);
}

/* ---- its life ---- */

struct monitor {
	struct birth *birth;
	struct watched *watched;
	int dir, lock, begun, ready;
};

static int compare_numbers(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/*
 * Whoever waits for the end of a pipe of the caller's must not wait for us; and the lock on the
 * state directory is shared by all who hold its descriptor.
 */
static int close_others(const struct monitor *monitor)
{
	const struct watched *watched = monitor->watched;
	const struct launch *launch = &monitor->birth->launch;
	const struct stream *streams = watched->watch.streams;
	int keep[] = {2, launch->pidfd, launch->cgroup.fd, launch->cgroup.mount,
		launch->listener, monitor->dir, monitor->lock, monitor->begun, monitor->ready,
		watched->log, watched->stdio[1], watched->stdio[2], streams[0].from,
		streams[1].from, streams[0].reopened, streams[1].reopened};
	size_t count = sizeof(keep) / sizeof(*keep);
	int null = sys_openat(AT_FDCWD, "/dev/null", O_RDWR, 0), done = null < 0 ? null : 0;

	for (int fd = 0; fd < 3 && done == 0; fd++)
		done = dup2(null, fd) < 0 ? -errno : 0;
	qsort(keep, count, sizeof(*keep), compare_numbers);
	for (size_t i = 0; i < count && done == 0; i++) {
		unsigned int from = (unsigned int)keep[i] + 1;
		unsigned int to = i + 1 < count ? (unsigned int)keep[i + 1] - 1 : ~0U;

		if (keep[i] >= 2 && (i + 1 == count || keep[i + 1] > keep[i] + 1))
			done = sys_close_range(from, to, 0);
	}
	return done;
}

/* In ps(1) it is not the `create` that it was. */
static void take_name(const struct launch *launch, const char *id)
{
	static const char name[] = "mayfly-monitor";

	(void)sys_prctl(PR_SET_NAME, (unsigned long)name, 0, 0, 0);
	if (!launch->words || launch->words_length < sizeof(name) + 1)
		return;
	memset(launch->words, 0, launch->words_length);
	snprintf(launch->words, launch->words_length, "%s %s", name, id);
}

static int become_monitor(struct monitor *monitor)
{
	const struct container *container = &monitor->birth->operation.container;
	const struct launch *launch = &monitor->birth->launch;
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	sigset_t all;

	/* Faults of our own end us all the same. */
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)setsid();
	(void)umask(077);
	if (chdir("/") < 0)
		return -errno;
	monitor->dir = sys_openat(container->dir, ".", O_RDONLY | O_DIRECTORY, 0);
	monitor->lock =
		sys_openat(monitor->dir, lock_name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	monitor->begun =
		sys_openat(monitor->dir, "begun", O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0);
	if (monitor->dir < 0 || monitor->lock < 0 || monitor->begun < 0)
		return monitor->dir < 0	   ? monitor->dir
		       : monitor->lock < 0 ? monitor->lock
					   : monitor->begun;
	if (fcntl(monitor->lock, F_SETLK, &lock) < 0)
		return -errno;

	int done = close_others(monitor);

	take_name(launch, monitor->watched->result.id);
	return done;
}

static void fill_watch(struct monitor *monitor)
{
	struct launch *launch = &monitor->birth->launch;
	const struct oci_watching *asked = &monitor->watched->asked;
	const struct oci_resources *resources = monitor->birth->spec->linux->resources;
	struct watch *watch = &monitor->watched->watch;

	watch->foreign = true;
	watch->begun = monitor->begun;
	watch->pid = launch->pid;
	watch->pidfd = launch->pidfd;
	watch->cgroup = &launch->cgroup;
	watch->listener = launch->listener;
	watch->wall_ns = asked->limits.wall_ns.value;
	watch->grace_ns = asked->limits.grace_ns.value;
	watch->cpu_ns = launch->cgroup.fd < 0 ? 0 : asked->limits.cpu_ns.value;
	if (resources && resources->cpu && resources->cpu->quota.value > 0 &&
		resources->cpu->period.value > 0)
		watch->cpus_milli = (uint64_t)resources->cpu->quota.value * 1000 /
				    resources->cpu->period.value;
	watch->pids_kill = asked->on.pids.set && asked->on.pids.value == ON_LIMIT_KILL;
	watch->syscalls_recorded =
		asked->on.syscall.set && asked->on.syscall.value == ON_LIMIT_RECORD;
	watch->own_pid_namespace = monitor->birth->plan.has_pid_namespace;
	watch->real_time = (watch->wall_ns || watch->cpu_ns) &&
			   monitor->watched->result.on_output != ON_OUTPUT_DISCARD;
	counters_ancestors(watch->cgroup, &watch->ancestors);
}

static const char *message_of(
	const struct watch *watch, const struct result *result, struct arena *arena)
{
	char line[2048];

	if (result->facts.latch.cause == CAUSE_START && watch->why.what[0]) {
		error_print(&watch->why, line, sizeof(line));
		return arena_text(arena, line);
	}
	if (result->facts.latch.cause == CAUSE_START)
		return "the container ended before its program ran";
	if (watch->status_unknown && verdict_decide(&result->facts) == VERDICT_ENGINE_ERROR)
		return "the program ended; how, this kernel tells its parent only";
	return result_message(result, arena);
}

static void fill_result(struct monitor *monitor)
{
	struct arena *arena = &monitor->birth->operation.arena;
	const struct watch *watch = &monitor->watched->watch;
	struct result *result = &monitor->watched->result;

	outcome_take(result, watch, arena);
	for (int i = 0; i < 2; i++)
		if (monitor->watched->stdio[1 + i] >= 0 && watch->streams[i].left)
			outcome_take_stream(result, &watch->streams[i], i);
	if (watch->started.tv_sec)
		result->started_at = operation_time(arena, &watch->started);
	else
		result->wall_ns = (struct opt_u64){0};
	result->teardown_ns = (struct opt_u64){true, watch->teardown_ns};
	if (watch->never_ran) {
		result->stage = watch->why.what[0] ? "exec" : "setup";
		result->start_errno = watch->why.code > 0 ? watch->why.code : 0;
	}
	result->message = message_of(watch, result, arena);
}

/* Our own fault: watch_run() has ended the container, since its limits would not hold. */
static void fill_failure(struct monitor *monitor, const struct error *why)
{
	const struct verdict_event fault = {.cause = CAUSE_ENGINE};
	struct result *result = &monitor->watched->result;
	char line[2048];

	error_print(why, line, sizeof(line));
	verdict_wake(&result->facts.latch, &fault, 1);
	result->message = arena_format(&monitor->birth->operation.arena,
		"the container was ended because it could not be watched: %s", line);
}

static void work(struct monitor *monitor)
{
	struct watched *watched = monitor->watched;
	struct error err;

	fill_watch(monitor);
	if (watch_run(&watched->watch, &err) == 0)
		fill_result(monitor);
	else
		fill_failure(monitor, &err);
	(void)result_save(
		monitor->dir, &watched->result, &monitor->birth->operation.arena, &err);
	monitor_tell(watched);
}

static _Noreturn void live(struct monitor *monitor)
{
	int done = become_monitor(monitor);

	if (sys_write(monitor->ready, &done, sizeof(done)) != sizeof(done) || done < 0)
		_exit(1);
	fd_close(&monitor->ready);
	work(monitor);
	_exit(0);
}

/* ---- its birth ---- */

static int await_ready(int fd, struct error *err)
{
	int answer = -EPROTO;
	int done = fd_await(fd, OPERATION_TIMEOUT_MS);

	if (done == 0 && sys_read(fd, &answer, sizeof(answer)) != sizeof(answer))
		answer = -EPROTO;
	if (done == 0)
		done = answer;
	return done < 0 ? fail(err, -done, "start the monitor") : 0;
}

int monitor_start(struct birth *birth, struct error *err)
{
	struct monitor monitor = {.birth = birth, .watched = birth->watched};
	int ends[2];
	pid_t pid;

	if (birth->launch.cgroup.fd < 0 && birth->watched->asked.limits.cpu_ns.value)
		return fail(err, 0,
			WATCHING_PREFIX "limit.cpu (--cpu): no cgroup may be made here, and "
					"only one counts the time of all");
	if (write_will(birth, err) < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(err, errno, "make a pipe");
	monitor.ready = ends[1];

	int AUTO_FD ready = ends[0];

	pid = fork();
	if (pid == 0)
		live(&monitor);
	close(ends[1]);
	if (pid < 0)
		return fail(err, errno, "start the monitor");
	if (await_ready(ready, err) == 0)
		return 0;
	(void)kill(pid, SIGKILL); /* our child, and not reaped */
	(void)waitpid(pid, NULL, __WALL);
	return -1;
}
