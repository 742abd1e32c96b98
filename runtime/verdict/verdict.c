/* SPDX-License-Identifier: Apache-2.0 */
/* One verdict out of many events: see verdict.h. */
#include "runtime/verdict/verdict.h"

#include <errno.h>
#include <signal.h>

const struct name verdict_names[] = {
	{"ok", VERDICT_OK},
	{"exit", VERDICT_EXIT},
	{"signal", VERDICT_SIGNAL},
	{"timeout", VERDICT_TIMEOUT},
	{"cpu-limit", VERDICT_CPU_LIMIT},
	{"memory-limit", VERDICT_MEMORY_LIMIT},
	{"memory-host", VERDICT_MEMORY_HOST},
	{"output-limit", VERDICT_OUTPUT_LIMIT},
	{"pids-limit", VERDICT_PIDS_LIMIT},
	{"syscall", VERDICT_SYSCALL},
	{"file-limit", VERDICT_FILE_LIMIT},
	{"cancelled", VERDICT_CANCELLED},
	{"start-failed", VERDICT_START_FAILED},
	{"rejected", VERDICT_REJECTED},
	{"engine-error", VERDICT_ENGINE_ERROR},
	{0},
};

const struct name cause_names[] = {
	{"none", CAUSE_NONE},
	{"syscall", CAUSE_SYSCALL},
	{"output", CAUSE_OUTPUT},
	{"exit", CAUSE_EXIT},
	{"pids", CAUSE_PIDS},
	{"cpu", CAUSE_CPU},
	{"wall", CAUSE_WALL},
	{"cancel", CAUSE_CANCEL},
	{"start", CAUSE_START},
	{"reject", CAUSE_REJECT},
	{"engine", CAUSE_ENGINE},
	{0},
};

/* The verdict of each cause; an exit needs a closer look. */
static const enum verdict verdict_of[CAUSES] = {
	[CAUSE_NONE] = VERDICT_ENGINE_ERROR,
	[CAUSE_SYSCALL] = VERDICT_SYSCALL,
	[CAUSE_OUTPUT] = VERDICT_OUTPUT_LIMIT,
	[CAUSE_EXIT] = VERDICT_OK,
	[CAUSE_PIDS] = VERDICT_PIDS_LIMIT,
	[CAUSE_CPU] = VERDICT_CPU_LIMIT,
	[CAUSE_WALL] = VERDICT_TIMEOUT,
	[CAUSE_CANCEL] = VERDICT_CANCELLED,
	[CAUSE_START] = VERDICT_START_FAILED,
	[CAUSE_REJECT] = VERDICT_REJECTED,
	[CAUSE_ENGINE] = VERDICT_ENGINE_ERROR,
};

/* Found late, but nobody can do these things after the exit: they came before it. */
static bool came_before_exit(enum cause cause)
{
	return cause == CAUSE_SYSCALL || cause == CAUSE_OUTPUT;
}

void verdict_wake(struct verdict_latch *latch, const struct verdict_event *events, size_t count)
{
	struct verdict_event first = {.cause = CAUSE_NONE};

	for (size_t i = 0; i < count; i++) {
		const struct verdict_event *event = &events[i];

		if (event->cause == CAUSE_NONE)
			continue;
		latch->seen |= 1U << event->cause;
		if (first.cause == CAUSE_NONE || event->cause < first.cause ||
			(event->cause == first.cause && event->at_ns < first.at_ns))
			first = *event;
	}
	if (first.cause == CAUSE_NONE)
		return;
	if (latch->cause == CAUSE_NONE ||
		(latch->cause == CAUSE_EXIT && came_before_exit(first.cause))) {
		latch->cause = first.cause;
		latch->at_ns = first.at_ns;
	}
}

static uint64_t count_of(struct opt_u64 number)
{
	return number.set ? number.value : 0;
}

/* The kernel killed for memory, and it was init, or all of them. */
static bool ended_by_memory(const struct verdict_facts *facts)
{
	return count_of(facts->counters.oom_kill) > 0 &&
	       (facts->signal == SIGKILL || facts->oom_ends_all);
}

static enum verdict decide_exit(const struct verdict_facts *facts)
{
	if (!facts->ended)
		return VERDICT_ENGINE_ERROR;
	/* Whose limit it was: ours counts an "oom" of its own, an ancestor's does not. */
	if (ended_by_memory(facts))
		return count_of(facts->counters.oom) > 0 ? VERDICT_MEMORY_LIMIT
							 : VERDICT_MEMORY_HOST;
	if (facts->status_unknown)
		return VERDICT_ENGINE_ERROR;
	if (facts->signal == SIGXFSZ && facts->has_file_limit)
		return VERDICT_FILE_LIMIT;
	if (facts->signal)
		return VERDICT_SIGNAL;
	return facts->exit_code ? VERDICT_EXIT : VERDICT_OK;
}

enum verdict verdict_decide(const struct verdict_facts *facts)
{
	if (facts->latch.cause == CAUSE_EXIT)
		return decide_exit(facts);
	return verdict_of[facts->latch.cause];
}

static bool saw(const struct verdict_facts *facts, enum cause cause)
{
	return facts->latch.seen & 1U << cause && facts->latch.cause != cause;
}

size_t verdict_hits(const struct verdict_facts *facts, const char *ret[], size_t size)
{
	enum verdict verdict = verdict_decide(facts);
	bool memory = verdict == VERDICT_MEMORY_LIMIT || verdict == VERDICT_MEMORY_HOST;
	bool oom = count_of(facts->counters.oom_kill) > 0 && !memory;
	bool init_of_it = facts->ended && facts->signal == SIGKILL;
	const struct {
		bool hit;
		const char *name;
	} rows[] = {
		{saw(facts, CAUSE_SYSCALL), "syscall"},
		{saw(facts, CAUSE_OUTPUT), "output"},
		{saw(facts, CAUSE_CPU), "cpu"},
		{saw(facts, CAUSE_WALL), "wall"},
		{saw(facts, CAUSE_CANCEL), "cancel"},
		{facts->output_discarded, "output-discarded"},
		{facts->output_undelivered, "output-undelivered"},
		{facts->syscalls_recorded, "syscall-recorded"},
		{count_of(facts->counters.pids_hits) > 0 && verdict != VERDICT_PIDS_LIMIT,
			"pids"},
		{oom && !init_of_it, "oom-child"},
		{oom && init_of_it, "oom"},
		{count_of(facts->counters.throttled) > 0, "throttled"},
		{facts->signal == SIGXFSZ && verdict != VERDICT_FILE_LIMIT, "fsize"},
		{facts->disk_full, "disk-full"},
	};
	size_t count = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) && count < size; i++)
		if (rows[i].hit)
			ret[count++] = rows[i].name;
	return count;
}

/* Not found: 127. There, but no program: 126. All else is 125. */
static int start_status(int start_errno)
{
	switch (start_errno) {
	case ENOENT:
		return 127;
	case EACCES:
	case ENOEXEC:
	case EISDIR:
	case EPERM:
	case ETXTBSY:
	case ELIBBAD:
		return 126;
	default:
		return 125;
	}
}

int verdict_exit_status(
	enum verdict verdict, int exit_code, int signal, int start_errno, bool distinct)
{
	enum { FIRST_DISTINCT = 64 };

	if (distinct)
		return FIRST_DISTINCT + (int)verdict;
	switch (verdict) {
	case VERDICT_OK:
	case VERDICT_EXIT:
		return exit_code;
	case VERDICT_SIGNAL:
		return 128 + signal;
	case VERDICT_TIMEOUT:
	case VERDICT_CPU_LIMIT:
		return 124;
	case VERDICT_MEMORY_LIMIT:
	case VERDICT_MEMORY_HOST:
		return 128 + SIGKILL;
	case VERDICT_OUTPUT_LIMIT:
	case VERDICT_FILE_LIMIT:
		return 128 + SIGXFSZ;
	case VERDICT_PIDS_LIMIT:
		return 128 + SIGKILL;
	case VERDICT_SYSCALL:
		return 128 + SIGSYS;
	case VERDICT_CANCELLED:
		return 128 + SIGINT;
	case VERDICT_START_FAILED:
		return start_status(start_errno);
	default:
		return 125;
	}
}
