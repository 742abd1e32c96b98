/* SPDX-License-Identifier: Apache-2.0 */
/* What a cgroup has counted. To be read before it is removed: after that its files answer
 * ENODEV. */
#ifndef MAYFLY_COUNTERS_H
#define MAYFLY_COUNTERS_H

#include "runtime/cgroup/cgroup.h"
#include "runtime/verdict/result.h"

/* Everything this kernel tells; what it does not stays unset. Never fails. */
void counters_read(const struct cgroup *cgroup, struct result_counters *ret);

/* CPU time of all processes so far, nanoseconds (cpu.stat, usage_usec); -errno. */
int counters_cpu_ns(const struct cgroup *cgroup, uint64_t *ret);

/* How often fork was refused (pids.events, max); -errno. */
int counters_pids_hits(const struct cgroup *cgroup, uint64_t *ret);

/*
 * Ancestors of the cgroup and how often each has hit its own limit in vain
 * (memory.events.local, "oom"): read at the beginning and at the end, it says whose limit
 * killed us.
 */
enum { COUNTERS_ANCESTORS_MAX = 16 };
struct counters_ancestors {
	size_t count; /* from the parent up, below the root */
	uint64_t oom[COUNTERS_ANCESTORS_MAX];
};
void counters_ancestors(const struct cgroup *cgroup, struct counters_ancestors *ret);

/* The path of the first whose count grew, in TEXT of SIZE, or NULL: nobody's but the machine's.
 */
const char *counters_who(const struct cgroup *cgroup, const struct counters_ancestors *before,
	char *text, size_t size);

#endif
