/* SPDX-License-Identifier: Apache-2.0 */
/* What of a container is to be watched, decided before it is made: see monitor.h. */
#include "runtime/container/monitor.h"

#include "runtime/container/once.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/sys.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>

/* Where it was asked for an error does not know. */
#define NAMED(name, flag) WATCHING_PREFIX name " (" flag "): "

/* ---- what was asked ---- */

#define FLAG(name, flag, member)                                                               \
	{                                                                                      \
		name, flag, offsetof(struct mayfly_watching, member)                           \
	}

static const struct flag {
	const char *name, *flag;
	size_t offset; /* of its word */
} flags[] = {
	FLAG("limit.wall", "--wall", wall),
	FLAG("limit.grace", "--grace", grace),
	FLAG("limit.cpu", "--cpu", cpu),
	FLAG("limit.output", "--output", output),
	FLAG("limit.stdout", "--stdout", stdout_limit),
	FLAG("limit.stderr", "--stderr", stderr_limit),
	FLAG("on.output", "--on-output", on_output),
	FLAG("on.oom", "--on-oom", on_oom),
	FLAG("on.pids", "--on-pids", on_pids),
	FLAG("on.syscall", "--on-syscall", on_syscall),
	FLAG("result", "--result", result),
};

static int read_flags(
	const struct mayfly_watching *words, struct oci_watching *ret, struct error *err)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		const char *word =
			*(const char *const *)((const char *)words + flags[i].offset);

		if (word && oci_watching_set(ret, flags[i].name, word, err) < 0) {
			error_while(err, "%s", flags[i].flag);
			return -1;
		}
	}
	return 0;
}

/* Whoever may write it sets limits for others, so it must be root's, or our own. */
static int check_owner(const char *path, struct error *err)
{
	struct stat info;

	if (stat(path, &info) < 0)
		return fail(err, errno, "stat \"%s\"", path);
	if ((info.st_uid != 0 && info.st_uid != geteuid()) ||
		info.st_mode & (S_IWGRP | S_IWOTH))
		return fail(err, 0, "\"%s\" must belong to root, and nobody else may write it",
			path);
	return 0;
}

static int read_operator(struct birth *birth, struct oci_operator *ret, struct error *err)
{
	const char *path = birth->operation.global->limits_file;
	struct arena *arena = &birth->operation.arena;
	bool standard = !path;
	size_t length;
	char *bytes;

	*ret = (struct oci_operator){.allow_all = true};
	if (standard)
		path = LIMITSFILE;
	if (file_read(AT_FDCWD, path, OCI_BYTES_MAX, arena, &bytes, &length, err) < 0)
		return standard && (err->code == ENOENT || err->code == ENOTDIR) ? 0 : -1;
	if (check_owner(path, err) < 0)
		return -1;
	if (oci_operator_parse(bytes, length, arena, ret, err) < 0) {
		error_while(err, "%s", path);
		return -1;
	}
	return 0;
}

static int read_all(struct birth *birth, const struct mayfly_watching *words,
	struct oci_watching *asked, struct oci_operator *operator, struct error * err)
{
	*operator=(struct oci_operator){.allow_all = true};
	if (read_flags(words, asked, err) < 0)
		return -1;
	/* Who asks for nothing pays for nothing. */
	if (!asked->asked && !oci_watching_is_asked(birth->spec))
		return 0;
	if (read_operator(birth, operator, err) < 0)
		return -1;
	return oci_watching_read(birth->spec, operator, asked, err);
}

/* ---- into the spec ---- */

static bool is_set_to(struct opt_u32 word, uint32_t value)
{
	return word.set && word.value == value;
}

static int put_oom_group(struct birth *birth, struct error *err)
{
	struct arena *arena = &birth->operation.arena;
	struct oci_linux *section = birth->spec->linux;
	struct oci_resources *resources = section->resources;
	struct oci_pair *unified;

	if (operation_host(&birth->operation, 0, err) < 0)
		return -1;
	if (!(birth->operation.host.controllers & CONTROLLER_MEMORY))
		return fail(err, 0,
			NAMED("on.oom", "--on-oom") "group needs the memory controller of "
						    "cgroup v2, which this "
						    "host does not have");
	if (!resources)
		resources = section->resources = arena_alloc(arena, sizeof(*resources));
	unified = resources ? arena_grow(arena, resources->unified, resources->n_unified,
				      resources->n_unified + 1, sizeof(*unified))
			    : NULL;
	if (!unified)
		return fail(err, ENOMEM, "read the annotations");
	unified[resources->n_unified++] = (struct oci_pair){"memory.oom.group", "1"};
	resources->unified = unified;
	return 0;
}

static int put_calls(struct birth *birth, struct error *err)
{
	struct oci_seccomp *seccomp = birth->spec->linux->seccomp;

	if (!seccomp)
		return fail(err, 0,
			NAMED("on.syscall",
				"--on-syscall") "there is no linux.seccomp to be watched");
	birth->keep_listener = once_watch_calls(seccomp);
	if (birth->keep_listener)
		return 0;
	return fail(err, 0,
		NAMED("on.syscall",
			"--on-syscall") "this linux.seccomp cannot be watched: it kills by "
					"default, has a "
					"listener of its own, or kills for nothing");
}

static int put_policies(
	struct birth *birth, const struct oci_watching *asked, struct error *err)
{
	if (is_set_to(asked->on.oom, ON_OOM_GROUP) && put_oom_group(birth, err) < 0)
		return -1;
	return asked->on.syscall.set ? put_calls(birth, err) : 0;
}

/* ---- what is known before ---- */

static void describe_limits(struct birth *birth, struct watched *watched)
{
	const struct oci_spec *spec = birth->spec;
	const struct oci_resources *resources = spec->linux->resources;
	struct oci_limits *limits = &watched->result.limits;

	*limits = watched->asked.limits;
	if (resources && resources->memory && resources->memory->limit.set &&
		resources->memory->limit.value > 0)
		limits->memory =
			(struct opt_u64){true, (uint64_t)resources->memory->limit.value};
	if (resources && resources->pids && resources->pids->limit.set &&
		resources->pids->limit.value > 0)
		limits->pids = (struct opt_u64){true, (uint64_t)resources->pids->limit.value};
	for (size_t i = 0; spec->process && i < spec->process->n_rlimits; i++)
		if (spec->process->rlimits[i].type == RLIMIT_FSIZE)
			limits->fsize = (struct opt_u64){true, spec->process->rlimits[i].soft};
	watched->result.facts.has_file_limit =
		limits->fsize.set && limits->fsize.value != RLIM_INFINITY;
	if (!watched->result.facts.has_file_limit)
		limits->fsize = (struct opt_u64){0};
}

static bool ends_all(const struct oci_resources *resources)
{
	for (size_t i = 0; resources && i < resources->n_unified; i++)
		if (!strcmp(resources->unified[i].key, "memory.oom.group"))
			return strcmp(resources->unified[i].value, "1") == 0;
	return false;
}

static void describe(struct birth *birth, struct watched *watched)
{
	const struct oci_spec *spec = birth->spec;
	struct result *result = &watched->result;
	const struct oci_namespace *net = oci_namespace_find(spec->linux, CLONE_NEWNET);
	struct utsname host;
	uint32_t uid;

	describe_limits(birth, watched);
	/* The monitor overwrites the words of our command line. */
	result->id = arena_text(&birth->operation.arena, birth->request.id);
	result->stage = "running";
	result->on_output = watched->asked.on.output.set
				    ? (enum on_output)watched->asked.on.output.value
				    : ON_OUTPUT_KILL;
	/* "own" may be an interface of the engine's: its plugins come after us. */
	result->net = !net ? "host" : net->path ? net->path : "own";
	result->seccomp = spec->linux->seccomp ? "config" : NULL;
	result->seccomp_watched = birth->keep_listener;
	result->user_namespace = oci_namespace_find(spec->linux, CLONE_NEWUSER) != NULL;
	if (spec->process && plan_host_uid(spec, spec->process->user.uid, &uid))
		result->uid = (struct opt_u64){true, uid};
	result->facts.oom_ends_all = ends_all(spec->linux->resources);
	if (uname(&host) == 0)
		result->kernel = arena_text(&birth->operation.arena, host.release);
}

int watched_plan(struct birth *birth, const struct mayfly_create *options, struct error *err)
{
	struct oci_watching asked = {0};
	struct oci_operator operator;
	struct watched *watched;

	if (read_all(birth, &options->watching, &asked, &operator, err) < 0)
		return -1;
	if (!asked.asked)
		return 0;
	if (put_policies(birth, &asked, err) < 0)
		return -1;
	watched = arena_alloc(&birth->operation.arena, sizeof(*watched));
	if (!watched)
		return fail(err, ENOMEM, "read the annotations");
	*watched = (struct watched){.asked = asked,
		.journal = operator.journal,
		.watch = {.listener = -1,
			.client = -1,
			.status = -1,
			.program = -1,
			.streams = {{.from = -1, .to = -1, .reopened = -1},
				{.from = -1, .to = -1, .reopened = -1}}},
		.stdio = {-1, -1, -1},
		.log = -1};
	describe(birth, watched);
	birth->watched = watched;
	return 0;
}

/* ---- what can be held to ---- */

static bool relays(const struct watched *watched, int number)
{
	const struct oci_limits *limits = &watched->asked.limits;

	return limits->output.value ||
	       (number ? limits->stderr_bytes.value : limits->stdout_bytes.value);
}

static const struct oci_mount *find_log(const struct oci_spec *spec)
{
	for (size_t i = 0; i < spec->n_mounts; i++)
		if (!strcmp(spec->mounts[i].destination, "/dev/termination-log") &&
			spec->mounts[i].source)
			return &spec->mounts[i];
	return NULL;
}

int watched_check(struct birth *birth, struct error *err)
{
	const struct watched *watched = birth->watched;
	const struct host *host = &birth->operation.host;
	const struct oci_watching *asked;

	if (!watched)
		return 0;
	asked = &watched->asked;
	birth->watched->result.degraded = birth->plan.unenforced;
	birth->watched->result.n_degraded = birth->plan.n_unenforced;
	if (asked->limits.cpu_ns.value && host->cgroup == CGROUP_NONE)
		return fail(err, 0,
			NAMED("limit.cpu", "--cpu") "no cgroup2 file system is mounted on this "
						    "host, and only a "
						    "cgroup counts the time of all processes");
	if (host->cgroup == CGROUP_NONE && !birth->plan.has_pid_namespace)
		return fail(err, 0,
			"the limits of dev.mayfly: without cgroup2 on this host only a pid "
			"namespace of its own "
			"makes sure that nothing of the container stays");
	if (is_set_to(asked->on.pids, ON_LIMIT_KILL) && !watched->result.limits.pids.value)
		return fail(err, 0,
			NAMED("on.pids", "--on-pids") "kill needs linux.resources.pids.limit");
	if (birth->plan.terminal && (relays(watched, 0) || relays(watched, 1)))
		return fail(err, 0,
			NAMED("limit.output", "--output") "the output of a terminal "
							  "(process.terminal) cannot be "
							  "limited");
	if (is_set_to(asked->result, WATCHING_STDERR) && birth->plan.terminal)
		return fail(err, 0,
			NAMED("result", "--result") "with a terminal (process.terminal) there "
						    "is no stderr to tell "
						    "it on");
	if (is_set_to(asked->result, WATCHING_TERMINATION_LOG) && !find_log(birth->spec))
		return fail(err, 0,
			NAMED("result",
				"--result") "nothing is mounted at /dev/termination-log");
	return 0;
}

/* ---- before the clone ---- */

static int open_log(struct birth *birth, struct error *err)
{
	const struct oci_mount *mount = find_log(birth->spec);
	struct watched *watched = birth->watched;
	struct stat info;

	if (!mount || !is_set_to(watched->asked.result, WATCHING_TERMINATION_LOG))
		return 0;
	watched->log = sys_openat(
		AT_FDCWD, mount->source, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	if (watched->log < 0)
		return fail(
			err, -watched->log, "open the termination log \"%s\"", mount->source);
	if (fstat(watched->log, &info) < 0 || !S_ISREG(info.st_mode))
		return fail(
			err, 0, "the termination log \"%s\" is no plain file", mount->source);
	return 0;
}

static int open_stream(struct watched *watched, int number, struct error *err)
{
	enum { ROOM = 1024 * 1024 };
	const struct oci_limits *limits = &watched->asked.limits;
	const struct opt_u64 *own = number ? &limits->stderr_bytes : &limits->stdout_bytes;
	struct stream *stream = &watched->watch.streams[number];
	int ends[2];

	if (!relays(watched, number))
		return 0;
	stream->limit = own->value ? own->value : UINT64_MAX;
	stream->on_output = watched->result.on_output;
	stream->left = &watched->watch.output_left;
	stream->to = watched->stdio[1 + number];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(err, errno, "make a pipe for the output");
	stream->from = ends[0];
	/* Of our end alone: the program's waits, as it should. */
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 || dup2(ends[1], 1 + number) < 0) {
		close(ends[1]);
		return fail(err, errno, "make a pipe for the output");
	}
	close(ends[1]);
	if (stream->limit > ROOM)
		(void)fcntl(ends[0], F_SETPIPE_SZ, ROOM);
	stream_open(stream);
	return 0;
}

int watched_open(struct birth *birth, struct error *err)
{
	struct watched *watched = birth->watched;
	bool to_stderr = is_set_to(watched->asked.result, WATCHING_STDERR);

	watched->watch.output_left = watched->asked.limits.output.value
					     ? watched->asked.limits.output.value
					     : UINT64_MAX;
	if (open_log(birth, err) < 0)
		return -1;
	for (int i = 1; i < 3; i++) {
		if (!relays(watched, i - 1) && !(i == 2 && to_stderr))
			continue;
		watched->stdio[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
		if (watched->stdio[i] < 0)
			return fail(err, errno, "copy descriptor %d", i);
	}
	return open_stream(watched, 0, err) < 0 ? -1 : open_stream(watched, 1, err);
}

void watched_restore_stdio(struct watched *watched)
{
	for (int i = 1; i < 3; i++)
		if (watched->stdio[i] >= 0)
			(void)dup2(watched->stdio[i], i);
}

void watched_close(struct watched *watched)
{
	for (int i = 0; i < 2; i++)
		stream_close(&watched->watch.streams[i]);
	for (int i = 1; i < 3; i++)
		fd_close(&watched->stdio[i]);
	fd_close(&watched->log);
}
