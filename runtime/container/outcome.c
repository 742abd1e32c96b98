/* SPDX-License-Identifier: Apache-2.0 */
/* What the watcher saw, as the result tells it. */
#include "runtime/container/outcome.h"

#include "runtime/launch/launch.h"

#include <stdlib.h>
#include <string.h>

static void name_call(struct result_syscall *call, struct arena *arena)
{
	static const char prefix[] = "SCMP_ARCH_";
	const char *arch = name_of(oci_seccomp_arch_names, call->audit_arch);
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

static const char *memory_scope(const struct watch *watch, struct arena *arena)
{
	const struct result_counters *counters = &watch->counters;
	char path[4096];
	const char *who;

	if (!counters->oom_kill.set || counters->oom_kill.value == 0)
		return NULL;
	if (counters->oom.value > 0)
		return "own";
	who = counters_who(watch->cgroup, &watch->ancestors, path, sizeof(path));
	return who ? arena_format(arena, "ancestor:%s", who) : "host";
}

void outcome_take(struct result *result, const struct watch *watch, struct arena *arena)
{
	struct verdict_facts *facts = &result->facts;

	facts->latch = watch->latch;
	facts->ended = watch->ended && !watch->never_ran;
	facts->status_unknown = watch->status_unknown;
	facts->exit_code = watch->exit_code;
	facts->signal = watch->signal;
	result->core = watch->core;
	result->wall_ns = (struct opt_u64){true, watch->lasted_ns};
	memcpy(result->sent, watch->sent, sizeof(result->sent));
	result->n_sent = watch->n_sent;
	result->cancelled_by = watch->cancelled_by;
	result->counters = watch->counters;
	facts->counters = (struct verdict_counters){
		.oom = watch->counters.oom,
		.oom_kill = watch->counters.oom_kill,
		.pids_hits = watch->counters.pids_hits,
		.throttled = watch->counters.nr_throttled,
	};
	result->rt = watch->rt;
	result->syscall = watch->syscall;
	facts->syscalls_recorded = watch->syscalls_recorded && watch->syscall.set;
	result->teardown = watch->stuck ? "stuck" : "clean";
	result->memory_scope = memory_scope(watch, arena);
	name_call(&result->syscall, arena);
}

void outcome_take_stream(struct result *result, const struct stream *stream, int number)
{
	struct result_stream *ret = &result->streams[number];
	const struct oci_limits *limits = &result->limits;
	struct opt_u64 own = number ? limits->stderr_bytes : limits->stdout_bytes;

	ret->watched = true;
	ret->bytes = stream->bytes;
	ret->truncated = stream->truncated || stream->undelivered;
	ret->undelivered = stream->undelivered;
	if (!own.value || (limits->output.value && limits->output.value < own.value))
		own.value = limits->output.value;
	ret->limit = (struct opt_u64){own.value > 0, own.value};
	result->facts.output_undelivered |= stream->undelivered > 0;
	result->facts.output_discarded |= stream->discarded;
}
