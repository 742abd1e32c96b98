/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of `events`: the shape that readers of runc's events know, which is cgroup v1's. What
 * v2 does not count is left out or 0, as there.
 */
#include "runtime/container/operation.h"

#include "oci/json_write.h"
#include "runtime/cgroup/stats.h"

#include <string.h>

/* Left out when 0. */
static void put_known(struct json_writer *writer, const char *key, uint64_t value)
{
	if (value)
		json_put_unsigned(writer, key, value);
}

static void put_pressure_line(
	struct json_writer *writer, const char *key, const struct cgroup_pressure_line *line)
{
	json_open(writer, key, '{');
	json_put_decimal(writer, "avg10", line->avg10);
	json_put_decimal(writer, "avg60", line->avg60);
	json_put_decimal(writer, "avg300", line->avg300);
	json_put_unsigned(writer, "total", line->total);
	json_close(writer, '}');
}

static void put_pressure(struct json_writer *writer, const struct cgroup_pressure *pressure)
{
	if (!pressure->known)
		return;
	json_open(writer, "psi", '{');
	put_pressure_line(writer, "some", &pressure->some);
	put_pressure_line(writer, "full", &pressure->full);
	json_close(writer, '}');
}

static void put_cpu(struct json_writer *writer, const struct cgroup_stats *stats)
{
	json_open(writer, "cpu", '{');
	json_open(writer, "usage", '{');
	put_known(writer, "total", stats->cpu_total);
	json_put_unsigned(writer, "kernel", stats->cpu_kernel);
	json_put_unsigned(writer, "user", stats->cpu_user);
	json_close(writer, '}');
	json_open(writer, "throttling", '{');
	put_known(writer, "periods", stats->periods);
	put_known(writer, "throttledPeriods", stats->throttled_periods);
	put_known(writer, "throttledTime", stats->throttled_time);
	json_close(writer, '}');
	put_pressure(writer, &stats->cpu_pressure);
	json_close(writer, '}');
}

/* Files of cgroup v1 alone: always there, always 0. */
static void put_cpuset(struct json_writer *writer)
{
	static const char *const keys[] = {"cpu_exclusive", "mem_hardwall", "mem_exclusive",
		"memory_migrate", "memory_spread_page", "memory_spread_slab", "memory_pressure",
		"sched_load_balance", "sched_relax_domain_level"};

	json_open(writer, "cpuset", '{');
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		json_put_unsigned(writer, keys[i], 0);
	json_close(writer, '}');
}

static void put_memory_entry(struct json_writer *writer, const char *key, uint64_t limit,
	uint64_t usage, uint64_t max)
{
	json_open(writer, key, '{');
	json_put_unsigned(writer, "limit", limit);
	put_known(writer, "usage", usage);
	put_known(writer, "max", max);
	json_put_unsigned(writer, "failcnt", 0);
	json_close(writer, '}');
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t memory_number(const struct cgroup_stats *stats, const char *name)
{
	for (size_t i = 0; i < stats->n_memory_stat; i++)
		if (!strcmp(stats->memory_stat[i].name, name))
			return stats->memory_stat[i].value;
	return 0;
}

static void put_memory(struct json_writer *writer, const struct cgroup_stats *stats)
{
	json_open(writer, "memory", '{');
	put_known(writer, "cache", memory_number(stats, "file"));
	put_memory_entry(
		writer, "usage", stats->memory_limit, stats->memory, stats->memory_peak);
	/* Swap of v1 is memory and swap together. */
	put_memory_entry(writer, "swap", sum(stats->swap_limit, stats->memory_limit),
		sum(stats->swap, stats->memory), 0);
	put_memory_entry(writer, "kernel", 0, 0, 0);
	put_memory_entry(writer, "kernelTCP", 0, 0, 0);
	if (stats->n_memory_stat) {
		json_open(writer, "raw", '{');
		for (size_t i = 0; i < stats->n_memory_stat; i++)
			json_put_unsigned(writer, stats->memory_stat[i].name,
				stats->memory_stat[i].value);
		json_close(writer, '}');
	}
	put_pressure(writer, &stats->memory_pressure);
	json_close(writer, '}');
}

static void put_io_entry(struct json_writer *writer, const struct cgroup_io *io,
	const char *operation, uint64_t value)
{
	json_open(writer, NULL, '{');
	put_known(writer, "major", io->major);
	put_known(writer, "minor", io->minor);
	json_put_text(writer, "op", operation);
	put_known(writer, "value", value);
	json_close(writer, '}');
}

static void put_io(struct json_writer *writer, const struct cgroup_stats *stats)
{
	json_open(writer, "blkio", '{');
	if (stats->n_io) {
		json_open(writer, "ioServiceBytesRecursive", '[');
		for (size_t i = 0; i < stats->n_io; i++) {
			put_io_entry(writer, &stats->io[i], "Read", stats->io[i].read_bytes);
			put_io_entry(
				writer, &stats->io[i], "Write", stats->io[i].written_bytes);
		}
		json_close(writer, ']');
		json_open(writer, "ioServicedRecursive", '[');
		for (size_t i = 0; i < stats->n_io; i++) {
			put_io_entry(writer, &stats->io[i], "Read", stats->io[i].reads);
			put_io_entry(writer, &stats->io[i], "Write", stats->io[i].writes);
		}
		json_close(writer, ']');
	}
	put_pressure(writer, &stats->io_pressure);
	json_close(writer, '}');
}

static void put_hugetlb(struct json_writer *writer, const struct cgroup_stats *stats)
{
	json_open(writer, "hugetlb", '{');
	for (size_t i = 0; i < stats->n_hugetlb; i++) {
		json_open(writer, stats->hugetlb[i].page_size, '{');
		put_known(writer, "usage", stats->hugetlb[i].usage);
		json_put_unsigned(writer, "failcnt", stats->hugetlb[i].failures);
		json_close(writer, '}');
	}
	json_close(writer, '}');
}

static void put_pids(struct json_writer *writer, const struct cgroup_stats *stats)
{
	json_open(writer, "pids", '{');
	put_known(writer, "current", stats->pids);
	put_known(writer, "limit", stats->pids_limit);
	json_close(writer, '}');
}

int stats_print(const char *id, const struct cgroup_stats *stats, struct arena *arena,
	const char **ret, struct error *err)
{
	struct json_writer writer;

	json_start(&writer, arena, NULL);
	json_open(&writer, NULL, '{');
	json_put_text(&writer, "type", "stats");
	json_put_text(&writer, "id", id);
	json_open(&writer, "data", '{');
	put_cpu(&writer, stats);
	put_cpuset(&writer);
	put_memory(&writer, stats);
	put_pids(&writer, stats);
	put_io(&writer, stats);
	put_hugetlb(&writer, stats);
	json_open(&writer, "intel_rdt", '{');
	json_close(&writer, '}');
	json_put_null(&writer, "network_interfaces");
	json_close(&writer, '}');
	json_close(&writer, '}');
	json_end_line(&writer);
	return json_finish(&writer, ret, err);
}
