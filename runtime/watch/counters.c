/* SPDX-License-Identifier: Apache-2.0 */
/* The counters of a cgroup: keys and numbers, one a line. */
#include "runtime/watch/counters.h"

#include "runtime/cgroup/files.h"
#include "runtime/sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 4096, NS_PER_US = 1000 };

/* The number behind KEY at the start of a line. */
static struct opt_u64 value_of(const char *text, const char *key, uint64_t unit)
{
	size_t length = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return (struct opt_u64){
				true, strtoull(line + length + 1, NULL, 10) * unit};
	}
	return (struct opt_u64){0};
}

struct row {
	const char *file, *key; /* key NULL: the file is the number */
	uint64_t unit;
	size_t offset;
};

#define ROW(file, key, unit, member)                                                           \
	{                                                                                      \
		file, key, unit, offsetof(struct result_counters, member)                      \
	}

/* Rows of one file stand together: it is read once. */
static const struct row rows[] = {
	ROW("cpu.stat", "usage_usec", NS_PER_US, cpu_ns),
	ROW("cpu.stat", "user_usec", NS_PER_US, user_ns),
	ROW("cpu.stat", "system_usec", NS_PER_US, system_ns),
	ROW("cpu.stat", "nr_throttled", 1, nr_throttled),
	ROW("cpu.stat", "throttled_usec", NS_PER_US, throttled_ns),
	ROW("memory.peak", NULL, 1, memory_peak),
	ROW("memory.swap.peak", NULL, 1, swap_peak),
	ROW("memory.events", "oom_kill", 1, oom_kill),
	ROW("memory.events", "oom_group_kill", 1, oom_group_kill),
	ROW("memory.events", "max", 1, memory_max),
	ROW("memory.events.local", "oom", 1, oom),
	ROW("pids.peak", NULL, 1, pids_peak),
	ROW("pids.events", "max", 1, pids_hits),
};

/* "8:0 rbytes=1 wbytes=2 …", a line for each device. */
static void read_io(const struct cgroup *cgroup, struct result_counters *ret)
{
	char text[TEXT_MAX];
	uint64_t bytes[2] = {0};
	static const char *const keys[] = {" rbytes=", " wbytes="};

	if (cgroup_read(cgroup, "io.stat", text, sizeof(text)) < 0)
		return;
	for (size_t i = 0; i < 2; i++)
		for (const char *at = text; (at = strstr(at, keys[i])); at++)
			bytes[i] += strtoull(at + strlen(keys[i]), NULL, 10);
	ret->read_bytes = (struct opt_u64){true, bytes[0]};
	ret->write_bytes = (struct opt_u64){true, bytes[1]};
}

void counters_read(const struct cgroup *cgroup, struct result_counters *ret)
{
	const char *file = "";
	char text[TEXT_MAX];
	bool there = false;

	*ret = (struct result_counters){0};
	if (cgroup->fd < 0)
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct opt_u64 *member = (struct opt_u64 *)((char *)ret + row->offset);

		if (strcmp(file, row->file) != 0) {
			file = row->file;
			there = cgroup_read(cgroup, file, text, sizeof(text)) > 0;
		}
		if (there && row->key)
			*member = value_of(text, row->key, row->unit);
		else if (there)
			*member = (struct opt_u64){true, strtoull(text, NULL, 10)};
	}
	read_io(cgroup, ret);
}

static int read_one(const struct cgroup *cgroup, const char *file, const char *key,
	uint64_t unit, uint64_t *ret)
{
	char text[TEXT_MAX];
	ssize_t got = cgroup_read(cgroup, file, text, sizeof(text));

	if (got < 0)
		return (int)got;

	struct opt_u64 value = value_of(text, key, unit);

	if (!value.set)
		return -ENODATA;
	*ret = value.value;
	return 0;
}

int counters_cpu_ns(const struct cgroup *cgroup, uint64_t *ret)
{
	return read_one(cgroup, "cpu.stat", "usage_usec", NS_PER_US, ret);
}

int counters_pids_hits(const struct cgroup *cgroup, uint64_t *ret)
{
	return read_one(cgroup, "pids.events", "max", 1, ret);
}

/* ---- ancestors ---- */

/* Cut the last component off; false at the root. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return false;
	*slash = '\0';
	return true;
}

static uint64_t read_oom(int mount, const char *path)
{
	char text[TEXT_MAX];
	int AUTO_FD dir = files_open(mount, path + 1, O_PATH | O_DIRECTORY);

	if (dir < 0 || files_read(dir, "memory.events.local", text, sizeof(text)) < 0)
		return 0;
	return value_of(text, "oom", 1).value;
}

void counters_ancestors(const struct cgroup *cgroup, struct counters_ancestors *ret)
{
	char path[PATH_MAX];

	ret->count = 0;
	if (cgroup->fd < 0 || strlen(cgroup->path) >= sizeof(path))
		return;
	strcpy(path, cgroup->path);
	while (ret->count < COUNTERS_ANCESTORS_MAX && go_up(path))
		ret->oom[ret->count++] = read_oom(cgroup->mount, path);
}

const char *counters_who(const struct cgroup *cgroup, const struct counters_ancestors *before,
	char *text, size_t size)
{
	if (cgroup->fd < 0 || strlen(cgroup->path) >= size)
		return NULL;
	strcpy(text, cgroup->path);
	for (size_t i = 0; i < before->count && go_up(text); i++)
		if (read_oom(cgroup->mount, text) > before->oom[i])
			return text;
	return NULL;
}
