/* SPDX-License-Identifier: Apache-2.0 */
/*
 * once: one request in a container of its own, from nothing to nothing. Inside it is an
 * ordinary container with an ordinary record, whose lock we hold as long as we live: when we
 * are killed, the next command on this root finds it unlocked and removes it (sweep.c), and its
 * processes have died with us.
 */
#include "runtime/container/once.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/process.h"
#include "runtime/sys/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>

/* ---- with a batch ---- */

void once_tie(struct once *once, int signal)
{
	once->tied = signal;
	if (!once->parent)
		return;
	(void)sys_prctl(PR_SET_PDEATHSIG, (unsigned long)signal, 0, 0, 0);
	/* It may have gone before. */
	if (getppid() != once->parent)
		(void)raise(signal);
}

/* ---- before ---- */

static int choose_id(struct once *once, struct error *err)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return fail(err, errno, "choose an id");
	snprintf(once->id, sizeof(once->id), "once-%016jx", (uintmax_t)number);
	return 0;
}

static const char *net_of(const struct oci_linux *section)
{
	const struct oci_namespace *net = oci_namespace_find(section, CLONE_NEWNET);

	if (!net)
		return "host";
	return net->path ? net->path : "none";
}

/* What was decided, as the result tells it. */
static void describe(struct once *once)
{
	struct result *result = &once->result;
	const struct birth *birth = &once->birth;
	const struct oci_spec *spec = birth->spec;
	uint32_t uid;

	result->limits = once->limits;
	result->net = net_of(spec->linux);
	result->seccomp_watched = birth->keep_listener;
	if (spec->linux->seccomp)
		result->seccomp = once->request->bundle	    ? "config"
				  : once->request->template ? once->request->template
							    : "strict";
	result->user_namespace = oci_namespace_find(spec->linux, CLONE_NEWUSER) != NULL;
	if (plan_host_uid(spec, spec->process->user.uid, &uid))
		result->uid = (struct opt_u64){true, uid};
	result->degraded = birth->plan.unenforced;
	result->n_degraded = birth->plan.n_unenforced;
	result->facts.oom_ends_all = once->oom_group && once->limits.memory.value;
	result->facts.has_file_limit = once->limits.fsize.value > 0;
}

static int prepare(struct once *once, struct error *err)
{
	const struct mayfly_create create = MAYFLY_OPTIONS(struct mayfly_create);
	struct birth *birth = &once->birth;

	if (choose_id(once, err) < 0 ||
		birth_open(birth, once->global, once->id, &create, REQUEST_RUN, err) < 0)
		return -1;
	birth->request.allow_missing_controllers |= once->request->best_effort;
	birth->request.allow_flag = "--best-effort";
	birth->tied = true;
	if (once_read_spec(once, err) < 0)
		return -1;
	if (birth_decide(birth, err) < 0)
		return once_name_refused(once, err);
	if (once_name_unenforced(once, err) < 0 || once_check_enforceable(once, err) < 0)
		return -1;
	describe(once);
	if (once_check_descriptors(once, err) < 0)
		return -1;
	return once_open_input(once, err);
}

/* ---- descriptors ---- */

static int open_stream(struct once *once, int number, struct error *err)
{
	enum { ROOM = 1024 * 1024 };
	const struct oci_limits *limits = &once->limits;
	const struct opt_u64 *own = number ? &limits->stderr_bytes : &limits->stdout_bytes;
	struct stream *stream = &once->watch.streams[number];
	int ends[2];

	stream->limit = own->value ? own->value : UINT64_MAX;
	if (once->keep_output && !own->value && !limits->output.value)
		stream->limit = ONCE_KEEP_MAX;
	stream->on_output = once->result.on_output;
	stream->left = &once->watch.output_left;
	stream->to = once->keep_output ? -1 : once->stdio[1 + number];
	if (!once_watches(once, number))
		return 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(err, errno, "make a pipe for the output");
	stream->from = ends[0];
	/* Of our end alone: the program's waits, as it should. */
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 || dup2(ends[1], 1 + number) < 0) {
		close(ends[1]);
		return fail(err, errno, "make a pipe for the output");
	}
	close(ends[1]);
	/* Fewer turns; a user who has too many pipes gets the small one. */
	if (stream->limit > ROOM)
		(void)fcntl(ends[0], F_SETPIPE_SZ, ROOM);
	stream_open(stream);
	return 0;
}

/* The container's descriptors take the place of ours until it has been cloned. */
static int swap_stdio(struct once *once, struct error *err)
{
	once->watch.output_left =
		once->limits.output.value ? once->limits.output.value : UINT64_MAX;
	for (int i = 0; i < 3; i++) {
		once->stdio[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
		if (once->stdio[i] < 0)
			return fail(err, errno, "copy descriptor %d", i);
	}
	if (once->input >= 0 && dup2(once->input, 0) < 0)
		return fail(err, errno, "put the input in place");
	if (open_stream(once, 0, err) < 0)
		return -1;
	if (once->request->merge_stderr && dup2(1, 2) < 0)
		return fail(err, errno, "merge the streams");
	return open_stream(once, 1, err);
}

/* Our own back; the copies stay, for the streams. */
static void restore_stdio(struct once *once)
{
	for (int i = 0; i < 3; i++)
		if (once->stdio[i] >= 0)
			(void)dup2(once->stdio[i], i);
}

/* ---- the container ---- */

/* A user's container may have gone without a cgroup, where nobody asked for a limit by one. */
static int check_cgroup(struct once *once, struct error *err)
{
	static const char why[] = "limits.cpu_ns: no cgroup may be made here, and only one "
				  "counts the time of all";
	struct birth *birth = &once->birth;

	if (!once->limits.cpu_ns.value || birth->launch.cgroup.fd >= 0)
		return 0;
	if (!birth->request.allow_missing_controllers)
		return fail(err, 0, "%s; run without it by --best-effort", why);
	once->limits.cpu_ns.value = 0;
	if (plan_unenforced(&birth->plan, err, "%s", why) < 0)
		return -1;
	once->result.degraded = birth->plan.unenforced;
	once->result.n_degraded = birth->plan.n_unenforced;
	return 0;
}

static int before_program(struct birth *birth, struct error *err)
{
	struct once *once = birth->data;

	if (check_cgroup(once, err) < 0)
		return -1;
	/* Before it runs: a short program may be gone before we look again. */
	if (once_hold_root(once, err) < 0)
		return -1;
	once_hold_tmp(once);
	return once_put_files(once, err);
}

/* As a program that was not found or may not be executed, or as a hook that said no; anything
 * else is the set-up's. */
static void note_start_failure(struct once *once, const struct error *err)
{
	struct result *result = &once->result;
	bool of_program = strncmp(err->where, "process.args", strlen("process.args")) == 0;
	bool of_hook = strncmp(err->where, "hooks.", strlen("hooks.")) == 0;

	result->stage = of_program ? "exec" : of_hook ? "hooks" : "setup";
	if (err->code > 0)
		result->start_errno = err->code;
	else if (of_program && strstr(err->what, "executable file not found"))
		result->start_errno = ENOENT;
	if (of_program && err->code == 0 && !result->start_errno)
		result->start_errno = ENOEXEC;
}

static int start(struct once *once, struct error *err)
{
	const struct mayfly_create create = MAYFLY_OPTIONS(struct mayfly_create);
	struct birth *birth = &once->birth;
	int result;

	birth->before_program = before_program;
	birth->data = once;
	result = swap_stdio(once, err);
	if (result == 0)
		result = birth_create(birth, &create, err);
	restore_stdio(once);
	return result;
}

static int run_hooks(struct once *once, struct error *err)
{
	struct operation *operation = &once->birth.operation;

	if (!operation->container.record->poststart)
		return 0;
	return operation_hooks(operation, HOOK_POSTSTART, once->birth.launch.pid, err);
}

static void fill_watch(struct once *once)
{
	struct watch *watch = &once->watch;
	struct launch *launch = &once->birth.launch;
	const struct oci_limits *limits = &once->limits;

	watch->pid = launch->pid;
	watch->pidfd = launch->pidfd;
	watch->cgroup = &launch->cgroup;
	watch->listener = launch->listener;
	watch->status = launch->status;
	watch->client = once->client;
	watch->wall_ns = limits->wall_ns.value;
	watch->grace_ns = limits->grace_ns.value;
	watch->cpu_ns = launch->cgroup.fd < 0 ? 0 : limits->cpu_ns.value;
	watch->cpus_milli = limits->cpus_milli.value;
	watch->pids_kill = once->pids_kill;
	watch->syscalls_recorded = once->syscalls_recorded;
	watch->own_pid_namespace = once->birth.plan.has_pid_namespace;
	/* Whoever throws output away for ever must not do it before everybody else. */
	watch->real_time = (watch->wall_ns || watch->cpu_ns) &&
			   once->result.on_output != ON_OUTPUT_DISCARD;
	counters_ancestors(watch->cgroup, &watch->ancestors);
}

static int kill_child(struct once *once)
{
	int ignored;

	(void)sys_pidfd_send_signal(once->birth.launch.pidfd, SIGKILL);
	return process_reap(once->birth.launch.pidfd, OPERATION_TIMEOUT_MS, &ignored);
}

/* From created to ended. */
static int run(struct once *once, struct error *err)
{
	struct launch *launch = &once->birth.launch;

	once->result.stage = "exec";
	if (launch_await_exec(launch, err) < 0) {
		note_start_failure(once, err);
		(void)kill_child(once);
		return -1;
	}
	if (once_check_exec(once, err) < 0) {
		(void)kill_child(once);
		return -1;
	}
	once_tie(once, SIGTERM);
	fill_watch(once);
	watch_begin(&once->watch);
	once->result.started_at = operation_now(&once->birth.operation.arena);
	once->result.setup_ns = (struct opt_u64){true, once->watch.begin_ns - once->began_ns};
	once->result.stage = "running";
	if (run_hooks(once, err) < 0 || watch_run(&once->watch, err) < 0) {
		(void)kill_child(once);
		return -1;
	}
	return 0;
}

/* ---- after ---- */

static void latch(struct once *once, enum cause cause)
{
	const struct verdict_event event = {.cause = cause};

	verdict_wake(&once->result.facts.latch, &event, 1);
}

/* Everything away, whatever it came to. */
static void take_down(struct once *once)
{
	struct operation *operation = &once->birth.operation;
	uint64_t before = watch_now();
	struct error err;
	char line[1024];

	fd_close(&once->root);
	fd_close(&once->mounts);
	fd_close(&once->tmp);
	if (operation->container.dir >= 0 && operation->container.record &&
		operation_destroy(operation, &err) < 0) {
		error_print(&err, line, sizeof(line));
		operation_log(operation, "warning", "%s", line);
		once->result.teardown = "stuck";
	}
	once->result.teardown_ns =
		(struct opt_u64){true, once->watch.teardown_ns + watch_now() - before};
}

static int run_to_end(struct once *once, struct error *err)
{
	if (prepare(once, err) < 0) {
		latch(once, CAUSE_REJECT);
		once->result.stage = "check";
		return -1;
	}
	if (once->check_only) {
		/* As if it had been: nothing was refused. */
		once->result.facts.ended = true;
		once->result.stage = "check";
		latch(once, CAUSE_EXIT);
		return 0;
	}
	birth_warn(&once->birth);
	watch_block_signals();
	once->result.stage = "setup";
	if (start(once, err) < 0) {
		note_start_failure(once, err);
		if (err->code == ECANCELED)
			once->result.cancelled_by = watch_asked_by();
		latch(once, once->result.cancelled_by	     ? CAUSE_CANCEL
				: err->code == HOOK_REFUSED ? CAUSE_REJECT
							    : CAUSE_START);
		return -1;
	}
	once->result.id = once->id;

	int result = run(once, err);

	if (result == 0) {
		once_take_watch(once);
		once_tie(once, SIGKILL); /* a host's file that never comes */
		result = once_collect(once, err);
	}
	if (result < 0)
		latch(once, strcmp(once->result.stage, "running") == 0 ? CAUSE_ENGINE
								       : CAUSE_START);
	once_tie(once, SIGTERM);
	take_down(once);
	return result;
}

void once_run(struct once *once)
{
	struct result *result = &once->result;
	struct arena *arena = &once->birth.operation.arena;
	struct utsname host;
	char line[2048];

	once->began_ns = watch_now();
	result->request_id = once->request->request_id;
	if (run_to_end(once, &once->err) < 0) {
		error_print(&once->err, line, sizeof(line));
		result->message = arena_text(arena, line);
	} else {
		result->message = result_message(result, arena);
	}
	if (uname(&host) == 0)
		result->kernel = arena_text(arena, host.release);
}

void once_close(struct once *once)
{
	for (int i = 0; i < 2; i++) {
		stream_close(&once->watch.streams[i]);
		free(once->watch.streams[i].kept);
	}
	for (int i = 0; i < 3; i++)
		fd_close(&once->stdio[i]);
	fd_close(&once->input);
	fd_close(&once->root);
	fd_close(&once->mounts);
	fd_close(&once->tmp);
	birth_close(&once->birth);
	fd_close(&once->ids);
}
