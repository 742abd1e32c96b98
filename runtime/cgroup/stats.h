/* SPDX-License-Identifier: Apache-2.0 */
/* What a cgroup uses, from the files of cgroup v2 (admin-guide/cgroup-v2.rst). */
#ifndef MAYFLY_CGROUP_STATS_H
#define MAYFLY_CGROUP_STATS_H

#include "runtime/cgroup/cgroup.h"

#include <stdint.h>

/* "No limit" of memory. */
#define CGROUP_UNLIMITED UINT64_MAX

struct cgroup_number {
	const char *name;
	uint64_t value;
};

struct cgroup_pressure {
	bool known;
	struct cgroup_pressure_line {
		double avg10, avg60, avg300; /* percent */
		uint64_t total;		     /* microseconds */
	} some, full;
};

struct cgroup_io {
	uint64_t major, minor;
	uint64_t read_bytes, written_bytes, reads, writes;
};

struct cgroup_hugetlb {
	const char *page_size; /* "2MB" */
	uint64_t usage, failures;
};

/* 0 where the controller is not there; times in nanoseconds, sizes in bytes. */
struct cgroup_stats {
	uint64_t cpu_total, cpu_user, cpu_kernel;
	uint64_t periods, throttled_periods, throttled_time;
	struct cgroup_pressure cpu_pressure, memory_pressure, io_pressure;

	uint64_t memory, memory_limit, memory_peak;
	uint64_t swap, swap_limit; /* memory is not counted here */
	struct cgroup_number *memory_stat;
	size_t n_memory_stat;

	uint64_t pids, pids_limit; /* limit 0: none */

	struct cgroup_io *io;
	size_t n_io;
	struct cgroup_hugetlb *hugetlb;
	size_t n_hugetlb;
};

/* Text and lists live in ARENA. -1 with ENOENT or ENODEV when the cgroup is gone, or out of
 * memory. */
int cgroup_stats(const struct cgroup *cgroup, struct arena *arena, struct cgroup_stats *ret,
	struct error *err);

/* The number behind "NAME " at the start of a line of TEXT, or 0. */
uint64_t cgroup_number_of(const char *text, const char *name);

#endif
