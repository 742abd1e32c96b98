/* SPDX-License-Identifier: Apache-2.0 */
/* The limits of a request that others enforce: the kernel by cgroup, by rlimit, by tmpfs. */
#include "runtime/container/once.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static int no_memory(struct error *err)
{
	return fail(err, ENOMEM, "read the limits");
}

int once_read_annotations(
	const struct oci_spec *spec, struct oci_limits *ret, struct error *err)
{
	static const char prefix[] = "dev.mayfly.limit.";

	for (size_t i = 0; i < spec->n_annotations; i++) {
		const struct oci_pair *pair = &spec->annotations[i];

		if (strncmp(pair->key, prefix, sizeof(prefix) - 1) != 0)
			continue;
		if (oci_limit_set(ret, pair->key + sizeof(prefix) - 1, pair->value, err) < 0)
			return fail_in(err, "annotations[%s]", pair->key);
	}
	return 0;
}

/* ---- by cgroup ---- */

static struct oci_resources *resources_of(struct once *once)
{
	struct arena *arena = &once->birth.operation.arena;
	struct oci_linux *section = once->birth.spec->linux;
	struct oci_resources *resources = section->resources;

	if (!resources)
		resources = section->resources = arena_alloc(arena, sizeof(*resources));
	if (!resources)
		return NULL;
	if (!resources->memory)
		resources->memory = arena_alloc(arena, sizeof(*resources->memory));
	if (!resources->pids)
		resources->pids = arena_alloc(arena, sizeof(*resources->pids));
	if (!resources->cpu)
		resources->cpu = arena_alloc(arena, sizeof(*resources->cpu));
	return resources->memory && resources->pids && resources->cpu ? resources : NULL;
}

/* 0 is no limit here, and -1 there. */
static struct opt_i64 limit_or_none(struct opt_u64 asked)
{
	return (struct opt_i64){true, asked.value ? (int64_t)asked.value : -1};
}

static int put_unified(struct once *once, struct oci_resources *resources, const char *key,
	const char *value, struct error *err)
{
	struct oci_pair *longer = arena_grow(&once->birth.operation.arena, resources->unified,
		resources->n_unified, resources->n_unified + 1, sizeof(*longer));

	if (!longer)
		return no_memory(err);
	longer[resources->n_unified++] = (struct oci_pair){key, value};
	resources->unified = longer;
	return 0;
}

static int put_cgroup(struct once *once, struct error *err)
{
	enum { PERIOD_US = 100000 };
	struct oci_limits *limits = &once->limits;
	struct oci_resources *resources = resources_of(once);

	if (!resources)
		return no_memory(err);
	if (limits->memory.set) {
		resources->memory->limit = limit_or_none(limits->memory);
		/* The same number: no swap at all. */
		resources->memory->swap = limit_or_none(limits->memory);
	}
	if (limits->pids.set)
		resources->pids->limit = limit_or_none(limits->pids);
	/* One more for the reaper, which is not the program's. */
	if (limits->pids.value && once->birth.request.reaper)
		resources->pids->limit.value++;
	if (limits->cpus_milli.set) {
		resources->cpu->quota = (struct opt_i64){
			true, limits->cpus_milli.value
				      ? (int64_t)limits->cpus_milli.value * (PERIOD_US / 1000)
				      : -1};
		resources->cpu->period = (struct opt_u64){true, PERIOD_US};
	}
	/* What the bundle's own resources say is a limit of the result, too. */
	if (!limits->memory.set && resources->memory->limit.set &&
		resources->memory->limit.value > 0)
		limits->memory =
			(struct opt_u64){true, (uint64_t)resources->memory->limit.value};
	if (!limits->pids.set && resources->pids->limit.set && resources->pids->limit.value > 0)
		limits->pids = (struct opt_u64){true, (uint64_t)resources->pids->limit.value};
	if (once->oom_group && limits->memory.value)
		return put_unified(once, resources, "memory.oom.group", "1", err);
	return 0;
}

/* ---- by rlimit ---- */

static int put_rlimit(struct once *once, uint32_t type, struct opt_u64 asked, struct error *err)
{
	struct oci_process *process = once->birth.spec->process;
	uint64_t value = asked.value ? asked.value : RLIM_INFINITY;
	struct oci_rlimit *longer;

	if (!asked.set)
		return 0;
	for (size_t i = 0; i < process->n_rlimits; i++)
		if (process->rlimits[i].type == type) {
			process->rlimits[i].soft = process->rlimits[i].hard = value;
			return 0;
		}
	longer = arena_grow(&once->birth.operation.arena, process->rlimits, process->n_rlimits,
		process->n_rlimits + 1, sizeof(*longer));
	if (!longer)
		return no_memory(err);
	longer[process->n_rlimits++] = (struct oci_rlimit){type, value, value};
	process->rlimits = longer;
	return 0;
}

static int put_rlimits(struct once *once, struct error *err)
{
	const struct oci_limits *limits = &once->limits;
	struct opt_u64 files = limits->nofile;

	/* RLIMIT_NOFILE has no "unlimited" above the kernel's own number. */
	if (files.set && files.value == 0)
		files.value = 1024 * 1024;
	if (put_rlimit(once, RLIMIT_FSIZE, limits->fsize, err) < 0 ||
		put_rlimit(once, RLIMIT_STACK, limits->stack, err) < 0)
		return -1;
	return put_rlimit(once, RLIMIT_NOFILE, files, err);
}

/* ---- by tmpfs ---- */

static bool is_option(const char *option, const char *name)
{
	size_t length = strlen(name);

	return strncmp(option, name, length) == 0 && option[length] == '=';
}

static struct oci_mount *find_tmp(struct once *once)
{
	struct oci_spec *spec = once->birth.spec;

	for (size_t i = spec->n_mounts; i-- > 0;)
		if (strcmp(spec->mounts[i].destination, "/tmp") == 0)
			return &spec->mounts[i];
	return NULL;
}

static struct oci_mount *add_tmp(struct once *once)
{
	static const char *options[] = {"nosuid", "nodev", "mode=1777"};
	struct oci_spec *spec = once->birth.spec;
	struct oci_mount *longer = arena_grow(&once->birth.operation.arena, spec->mounts,
		spec->n_mounts, spec->n_mounts + 1, sizeof(*longer));

	if (!longer)
		return NULL;
	longer[spec->n_mounts] = (struct oci_mount){.destination = "/tmp",
		.type = "tmpfs",
		.source = "tmpfs",
		.options = options,
		.n_options = 3};
	spec->mounts = longer;
	return &longer[spec->n_mounts++];
}

static int put_option(struct once *once, struct oci_mount *mount, const char *name,
	struct opt_u64 asked, struct error *err)
{
	struct arena *arena = &once->birth.operation.arena;
	const char **options = arena_array(arena, mount->n_options + 1, sizeof(*options));
	size_t kept = 0;

	if (!asked.set)
		return 0;
	if (!options)
		return no_memory(err);
	for (size_t i = 0; i < mount->n_options; i++)
		if (!is_option(mount->options[i], name))
			options[kept++] = mount->options[i];
	/* 0 is "unlimited" for the kernel as well; absent would be half of the memory. */
	options[kept] = arena_format(arena, "%s=%" PRIu64, name, asked.value);
	if (!options[kept++])
		return no_memory(err);
	mount->options = options;
	mount->n_options = kept;
	return 0;
}

static int put_tmp(struct once *once, struct error *err)
{
	const struct oci_limits *limits = &once->limits;
	struct oci_mount *tmp;

	if (!limits->tmp.set && !limits->tmp_inodes.set)
		return 0;
	tmp = find_tmp(once);
	if (!tmp)
		tmp = add_tmp(once);
	if (!tmp)
		return no_memory(err);
	if (!tmp->type || strcmp(tmp->type, "tmpfs") != 0)
		return fail(err, 0,
			"--tmp limits the tmpfs at /tmp, but the configuration has something "
			"else there");
	if (put_option(once, tmp, "size", limits->tmp, err) < 0)
		return -1;
	return put_option(once, tmp, "nr_inodes", limits->tmp_inodes, err);
}

int once_put_limits(struct once *once, struct error *err)
{
	if (put_cgroup(once, err) < 0 || put_rlimits(once, err) < 0)
		return -1;
	return put_tmp(once, err);
}

/* ---- what they are called ---- */

/* put_cgroup() backwards. */
static const struct {
	const char *field, *word;
} fields[] = {
	{"linux.resources.memory.limit", "memory"},
	{"linux.resources.memory.swap", "memory"},
	{"linux.resources.unified.memory.oom.group", "memory"},
	{"linux.resources.pids.limit", "pids"},
	{"linux.resources.cpu.quota", "cpus"},
	{"linux.resources.cpu.period", "cpus"},
};

/* The row of a limit that was asked for, by the field (of LENGTH bytes) that stands for it. */
static const struct oci_limit_row *find_asked(
	struct once *once, const char *field, size_t length)
{
	const struct oci_limit_row *row = oci_limit_rows;
	const char *word = NULL;

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (strlen(fields[i].field) == length &&
			memcmp(fields[i].field, field, length) == 0)
			word = fields[i].word;
	while (word && row->key && !(row->word && strcmp(row->word, word) == 0))
		row++;
	return word && row->key && oci_limit_of(&once->asked, row)->set ? row : NULL;
}

static void write_name(
	const struct once *once, const struct oci_limit_row *row, char *ret, size_t size)
{
	if (once->keep_output)
		snprintf(ret, size, "limits.%s", row->key);
	else
		snprintf(ret, size, "--%s", row->word);
}

int once_name_refused(struct once *once, struct error *err)
{
	const struct oci_limit_row *row = find_asked(once, err->where, strlen(err->where));

	if (row)
		write_name(once, row, err->where, sizeof(err->where));
	return -1;
}

int once_name_unenforced(struct once *once, struct error *err)
{
	struct plan *plan = &once->birth.plan;
	size_t kept = 0;

	for (size_t i = 0; i < plan->n_unenforced; i++) {
		const char *sentence = plan->unenforced[i], *colon = strstr(sentence, ": ");
		const struct oci_limit_row *row =
			colon ? find_asked(once, sentence, (size_t)(colon - sentence)) : NULL;
		char name[64];
		bool told = false;

		if (row) {
			write_name(once, row, name, sizeof(name));
			sentence = arena_format(plan->arena, "%s%s", name, colon);
		}
		if (!sentence)
			return no_memory(err);
		for (size_t j = 0; j < kept; j++)
			told |= strcmp(plan->unenforced[j], sentence) == 0;
		if (!told)
			plan->unenforced[kept++] = sentence;
	}
	plan->n_unenforced = kept;
	return 0;
}
