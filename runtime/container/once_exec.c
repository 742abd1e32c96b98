/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Killed for memory before its first instruction: execve() closes our channel some steps before
 * it is done, and what those steps need may be more than the limit.
 */
#include "runtime/container/once.h"

#include "runtime/sys/file.h"
#include "runtime/sys/sys.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	/*
	 * Under more than this execve() has room. A look that comes late must not take a
	 * program's own death for one of these, and nobody uses up a megabyte so soon.
	 */
	TIGHT = 1024 * 1024,
	LOOKS = 1000,
	PAUSE_NS = 200 * 1000,
};

/* The number of the program for the host; 0: it has none any more. */
static pid_t program_of(const struct once *once)
{
	char path[64], text[64];
	pid_t init = once->birth.launch.pid;

	if (!once->birth.request.reaper)
		return init;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", init, init);
	if (file_read_small(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return 0;
	return (pid_t)strtol(text, NULL, 10);
}

/*
 * startcode of /proc/PID/stat, field 26: the last that execve() fills in before it returns. 0
 * is before that, 1 without memory of its own, as in a process that is dead.
 */
static bool has_begun(const struct once *once)
{
	enum { STARTCODE = 26, AFTER_NAME = 3 };
	char path[64], text[1024];
	pid_t pid = program_of(once);
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (!pid || file_read_small(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return false;
	at = strrchr(text, ')'); /* the name may hold anything */
	for (int field = AFTER_NAME - 1; at && field < STARTCODE; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return at && strtoull(at, NULL, 10) > 1;
}

static bool has_ended(const struct once *once)
{
	struct pollfd poller = {.fd = once->birth.launch.pidfd, .events = POLLIN};

	return poll(&poller, 1, 0) > 0;
}

static bool was_killed_for_memory(struct once *once)
{
	struct result_counters *counters = &once->result.counters;

	counters_read(&once->birth.launch.cgroup, counters);
	return counters->oom_kill.set && counters->oom_kill.value > 0;
}

int once_check_exec(struct once *once, struct error *err)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	uint64_t limit = once->limits.memory.value;

	if (!limit || limit >= TIGHT || once->birth.launch.cgroup.fd < 0)
		return 0;
	for (int i = 0; i < LOOKS; i++) {
		/* In this order: who is dead is counted. */
		bool ended = has_ended(once);

		if (was_killed_for_memory(once)) {
			once->result.start_errno = ENOMEM;
			return fail(err, 0,
				"killed for memory before the program's first instruction: "
				"the limit of %" PRIu64 " bytes is less than execve() needs",
				limit);
		}
		if (ended || has_begun(once))
			return 0;
		nanosleep(&pause, NULL);
	}
	return 0;
}
