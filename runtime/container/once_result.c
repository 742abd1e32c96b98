/* SPDX-License-Identifier: Apache-2.0 */
/* What the watcher saw, as the result tells it. */
#include "runtime/container/once.h"

#include <stdlib.h>
#include <string.h>

bool once_watches(const struct once *once, int number)
{
	const struct oci_limits *limits = &once->limits;

	if (number == 1 && once->request->merge_stderr)
		return false;
	return once->keep_output || limits->output.value ||
	       (number ? limits->stderr_bytes.value : limits->stdout_bytes.value);
}

static void name_call(struct once *once)
{
	struct result_syscall *call = &once->result.syscall;
	static const char prefix[] = "SCMP_ARCH_";
	const char *arch = name_of(oci_seccomp_arch_names, call->audit_arch);
	struct arena *arena = &once->birth.operation.arena;
	char *name = call->set ? launch_syscall_name(call->audit_arch, call->nr) : NULL;

	if (name)
		call->name = arena_text(arena, name);
	free(name);
	if (!call->set || !arch)
		return;
	/* "x86_64", as uname(1) says it. */
	if (strncmp(arch, prefix, sizeof(prefix) - 1) == 0)
		arch += sizeof(prefix) - 1;

	char *small = arena_text(arena, arch);

	for (char *at = small; at && *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	call->arch = small;
}

static const char *memory_scope(struct once *once)
{
	const struct result *result = &once->result;
	const struct result_counters *counters = &result->counters;
	struct arena *arena = &once->birth.operation.arena;
	char path[4096];
	const char *who;

	if (!counters->oom_kill.set || counters->oom_kill.value == 0)
		return NULL;
	if (counters->oom.value > 0)
		return "own";
	who = counters_who(once->watch.cgroup, &once->watch.ancestors, path, sizeof(path));
	return who ? arena_format(arena, "ancestor:%s", who) : "host";
}

static void take_stream(struct once *once, int number)
{
	struct stream *stream = &once->watch.streams[number];
	struct result_stream *ret = &once->result.streams[number];
	const struct oci_limits *limits = &once->limits;
	struct opt_u64 own = number ? limits->stderr_bytes : limits->stdout_bytes;

	if (!once_watches(once, number))
		return;
	ret->watched = true;
	ret->bytes = stream->bytes;
	ret->truncated = stream->truncated || stream->undelivered;
	ret->undelivered = stream->undelivered;
	once->result.facts.output_undelivered |= stream->undelivered > 0;
	if (!own.value || (limits->output.value && limits->output.value < own.value))
		own.value = limits->output.value;
	ret->limit = (struct opt_u64){own.value > 0, own.value};
	if (stream->limit == ONCE_KEEP_MAX && once->keep_output)
		ret->limit = (struct opt_u64){true, ONCE_KEEP_MAX};
	once->result.facts.output_discarded |= stream->discarded;
	if (!once->keep_output)
		return;
	ret->data = stream->kept ? stream->kept : "";
	ret->data_length = (size_t)stream->bytes;
	if (stream->kept)
		stream->kept[stream->bytes] = '\0';
}

void once_take_watch(struct once *once)
{
	struct result *result = &once->result;
	const struct watch *watch = &once->watch;
	struct verdict_facts *facts = &result->facts;

	facts->latch = watch->latch;
	facts->ended = watch->ended;
	facts->exit_code = watch->exit_code;
	facts->signal = watch->signal;
	result->core = watch->core;
	result->wall_ns = (struct opt_u64){true, watch->lasted_ns};
	memcpy(result->sent, watch->sent, sizeof(result->sent));
	result->n_sent = watch->n_sent;
	result->cancelled_by = watch->cancelled_by;
	result->counters = watch->counters;
	/* The reaper is not the program's. */
	if (once->birth.request.reaper && result->counters.pids_peak.value > 0)
		result->counters.pids_peak.value--;
	facts->counters = (struct verdict_counters){
		.oom = watch->counters.oom,
		.oom_kill = watch->counters.oom_kill,
		.pids_hits = watch->counters.pids_hits,
		.throttled = watch->counters.nr_throttled,
	};
	result->rt = watch->rt;
	result->syscall = watch->syscall;
	facts->syscalls_recorded = once->syscalls_recorded && watch->syscall.set;
	result->teardown = watch->stuck ? "stuck" : "clean";
	result->memory_scope = memory_scope(once);
	once_measure_tmp(once);
	name_call(once);
	take_stream(once, 0);
	take_stream(once, 1);
}
