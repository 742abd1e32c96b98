/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mayfly update: other limits for a container. The flags are a short way to write the object
 * linux.resources; what is checked is that object.
 */
#include "runtime/command/command.h"

#include "oci/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct update_options {
	const char *resources;
	const char *blkio_weight;
	const char *cpu_period, *cpu_quota, *cpu_burst, *cpu_share, *cpu_rt_period,
		*cpu_rt_runtime, *cpu_idle;
	const char *cpuset_cpus, *cpuset_mems;
	const char *memory, *memory_reservation, *memory_swap;
	const char *pids_limit;
	const char *l3_cache_schema, *mem_bw_schema;
};

#define UPDATE(name, letter, member, argument, help)                                           \
	OPTION(struct update_options, name, letter, member, argument, help)

static const struct option options[] = {
	UPDATE("resources", 'r', resources, "FILE",
		"a linux.resources object (JSON) instead of the flags; - is standard input"),
	UPDATE("blkio-weight", 0, blkio_weight, "N", "share of the disks, 10 to 1000"),
	UPDATE("cpu-period", 0, cpu_period, "USEC", "length of a period, in microseconds"),
	UPDATE("cpu-quota", 0, cpu_quota, "USEC",
		"CPU time in a period, in microseconds; -1: no limit"),
	UPDATE("cpu-burst", 0, cpu_burst, "USEC",
		"unused CPU time that may be saved up, in microseconds"),
	UPDATE("cpu-share", 0, cpu_share, "N", "share of the CPUs, 2 to 262144"),
	UPDATE("cpu-rt-period", 0, cpu_rt_period, "USEC", "only with cgroup v1: ignored"),
	UPDATE("cpu-rt-runtime", 0, cpu_rt_runtime, "USEC", "only with cgroup v1: ignored"),
	UPDATE("cpu-idle", 0, cpu_idle, "N",
		"1: only when the CPUs have nothing else to do; 0: no"),
	UPDATE("cpuset-cpus", 0, cpuset_cpus, "LIST", "CPUs to run on, as 0-3,7"),
	UPDATE("cpuset-mems", 0, cpuset_mems, "LIST", "memory nodes to use, as 0-1"),
	UPDATE("memory", 0, memory, "BYTES", "memory, with k, m or g; -1: no limit"),
	UPDATE("memory-reservation", 0, memory_reservation, "BYTES",
		"memory that is not reclaimed while there is other; -1: all"),
	UPDATE("memory-swap", 0, memory_swap, "BYTES",
		"memory and swap together, with --memory; -1: no limit of swap"),
	UPDATE("pids-limit", 0, pids_limit, "N", "processes and threads; -1: no limit"),
	UPDATE("l3-cache-schema", 0, l3_cache_schema, "SCHEMA", "not supported: refused"),
	UPDATE("mem-bw-schema", 0, mem_bw_schema, "SCHEMA", "not supported: refused"),
	OPTION_ACCEPTED("kernel-memory", "BYTES"),
	OPTION_ACCEPTED("kernel-memory-tcp", "BYTES"),
	{0},
};

static const struct update_options defaults = {0};

enum kind { SIGNED, UNSIGNED, BYTES, LIST };

/* One flag, one member; those of one object stand together. */
static const struct {
	const char *flag;
	size_t offset;
	const char *object, *key;
	enum kind kind;
} members[] = {
#define MEMBER(flag, member, object, key, kind)                                                \
	{                                                                                      \
		flag, offsetof(struct update_options, member), object, key, kind               \
	}
	MEMBER("blkio-weight", blkio_weight, "blockIO", "weight", UNSIGNED),
	MEMBER("cpu-period", cpu_period, "cpu", "period", UNSIGNED),
	MEMBER("cpu-quota", cpu_quota, "cpu", "quota", SIGNED),
	MEMBER("cpu-burst", cpu_burst, "cpu", "burst", UNSIGNED),
	MEMBER("cpu-share", cpu_share, "cpu", "shares", UNSIGNED),
	MEMBER("cpu-rt-period", cpu_rt_period, "cpu", "realtimePeriod", UNSIGNED),
	MEMBER("cpu-rt-runtime", cpu_rt_runtime, "cpu", "realtimeRuntime", SIGNED),
	MEMBER("cpu-idle", cpu_idle, "cpu", "idle", SIGNED),
	MEMBER("cpuset-cpus", cpuset_cpus, "cpu", "cpus", LIST),
	MEMBER("cpuset-mems", cpuset_mems, "cpu", "mems", LIST),
	MEMBER("memory", memory, "memory", "limit", BYTES),
	MEMBER("memory-reservation", memory_reservation, "memory", "reservation", BYTES),
	MEMBER("memory-swap", memory_swap, "memory", "swap", BYTES),
	MEMBER("pids-limit", pids_limit, "pids", "limit", SIGNED),
};
enum { MEMBERS = sizeof(members) / sizeof(*members) };

static bool parse_signed(const char *text, int64_t *ret)
{
	bool negative = *text == '-';
	uint64_t value;

	if (!text_unsigned(text + negative, INT64_MAX, &value))
		return false;
	*ret = negative ? -(int64_t)value : (int64_t)value;
	return true;
}

/* "64m", "1.5g", "100kB", "2GiB": powers of 1024, as Docker reads them; and -1. */
static bool parse_bytes(const char *text, int64_t *ret)
{
	static const char units[] = "kmgtp";
	double value;
	char *end, after;
	int shift = 0;

	if (strcmp(text, "-1") == 0) {
		*ret = -1;
		return true;
	}
	/* strtod() would take more than a number with a point: "0x10", "1e3", "inf". */
	after = text[strspn(text, "0123456789.")];
	if (*text < '0' || *text > '9' || (after && strchr("xXeE", after)))
		return false;
	if (text_unsigned(text, INT64_MAX, (uint64_t *)ret))
		return true;
	value = strtod(text, &end);
	end += *end == ' ';

	const char *unit = *end ? strchr(units, *end | 0x20) : NULL;

	if (unit) {
		shift = 10 * (int)(unit - units + 1);
		end++;
		end += (*end | 0x20) == 'i';
	}
	end += (*end | 0x20) == 'b';
	value *= (double)(INT64_C(1) << shift);
	if (*end || !(value < 9.2e18))
		return false;
	*ret = (int64_t)value;
	return true;
}

/* VALUE as JSON, or NULL when it is none of KIND. */
static const char *to_json(enum kind kind, const char *value, struct arena *arena)
{
	uint64_t number;
	int64_t signed_number;

	switch (kind) {
	case UNSIGNED:
		return text_unsigned(value, UINT64_MAX, &number)
			       ? arena_format(arena, "%" PRIu64, number)
			       : NULL;
	case SIGNED:
		return parse_signed(value, &signed_number)
			       ? arena_format(arena, "%" PRId64, signed_number)
			       : NULL;
	case BYTES:
		return parse_bytes(value, &signed_number)
			       ? arena_format(arena, "%" PRId64, signed_number)
			       : NULL;
	case LIST:
		return text_consists_of(value, "0123456789-,")
			       ? arena_format(arena, "\"%s\"", value)
			       : NULL;
	}
	return NULL;
}

static const char *const wanted_of[] = {
	[SIGNED] = "a number",
	[UNSIGNED] = "a number from 0",
	[BYTES] = "a size like 67108864, 64m or -1",
	[LIST] = "a list like 0-3,7",
};

/* The flags as a linux.resources object; NULL when none was given. */
static int make_json(const struct update_options *given, struct arena *arena, const char **ret,
	struct error *err)
{
	const char *json = "", *object = NULL;
	bool any = false;

	for (size_t i = 0; i < MEMBERS; i++) {
		const char *value =
			*(const char *const *)((const char *)given + members[i].offset);
		bool same = object && strcmp(object, members[i].object) == 0;

		if (!value)
			continue;

		const char *text = to_json(members[i].kind, value, arena);

		if (!text)
			return fail(err, 0, "invalid value \"%.100s\" for flag --%s: not %s",
				value, members[i].flag, wanted_of[members[i].kind]);
		json = same ? arena_format(arena, "%s,\"%s\":%s", json, members[i].key, text)
			    : arena_format(arena, "%s%s\"%s\":{\"%s\":%s", json,
				      any ? "}," : "", members[i].object, members[i].key, text);
		if (!json)
			return fail(err, 0, "out of memory");
		object = members[i].object;
		any = true;
	}
	*ret = any ? arena_format(arena, "{%s}}", json) : NULL;
	return any && !*ret ? fail(err, 0, "out of memory") : 0;
}

static int update(const struct call *call, int *ret_status, struct error *err)
{
	const struct update_options *given = call->options;
	struct mayfly_update wanted = MAYFLY_OPTIONS(struct mayfly_update);

	if (given->l3_cache_schema || given->mem_bw_schema)
		return fail(err, 0,
			"--%s is not supported: a container's resctrl group gets its schema "
			"once, when it is created (linux.intelRdt)",
			given->l3_cache_schema ? "l3-cache-schema" : "mem-bw-schema");
	wanted.resources = given->resources;
	/* With a file the flags are not looked at, as with runc. */
	if (!given->resources && make_json(given, call->arena, &wanted.json, err) < 0)
		return -1;
	return mayfly_update(call->global, call->arguments[0], &wanted, err);
}

const struct command command_update = {
	.name = "update",
	.arguments = "ID",
	.purpose = "Change the limits of a container.",
	.example = "mayfly update --memory 128m --pids-limit 64 job7",
	.options = options,
	.defaults = &defaults,
	.size = sizeof(defaults),
	.least = 1,
	.most = 1,
	.run = update,
};
