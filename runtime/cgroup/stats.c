/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics: a file that is not there counts nothing, because its controller is not there. */
#include "runtime/cgroup/stats.h"

#include "runtime/cgroup/files.h"
#include "runtime/sys/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 32768 };

struct reading {
	const struct cgroup *cgroup;
	struct arena *arena;
	struct cgroup_stats *stats;
	char text[FILE_MAX];
};

/* false: there is no such file. */
static bool load(struct reading *reading, const char *file)
{
	return cgroup_read(reading->cgroup, file, reading->text, sizeof(reading->text)) >= 0;
}

uint64_t cgroup_number_of(const char *text, const char *name)
{
	size_t length = strlen(name);

	while (text && *text) {
		if (!strncmp(text, name, length) && text[length] == ' ')
			return strtoull(text + length + 1, NULL, 10);
		text = strchr(text, '\n');
		text += text != NULL;
	}
	return 0;
}

/* A file of one number, where "max" is UNLIMITED. */
static uint64_t number(struct reading *reading, const char *file, uint64_t unlimited)
{
	if (!load(reading, file))
		return 0;
	return strncmp(reading->text, "max", 3) ? strtoull(reading->text, NULL, 10) : unlimited;
}

static void read_cpu(struct reading *reading)
{
	struct cgroup_stats *stats = reading->stats;

	if (!load(reading, "cpu.stat"))
		return;
	stats->cpu_total = 1000 * cgroup_number_of(reading->text, "usage_usec");
	stats->cpu_user = 1000 * cgroup_number_of(reading->text, "user_usec");
	stats->cpu_kernel = 1000 * cgroup_number_of(reading->text, "system_usec");
	stats->periods = cgroup_number_of(reading->text, "nr_periods");
	stats->throttled_periods = cgroup_number_of(reading->text, "nr_throttled");
	stats->throttled_time = 1000 * cgroup_number_of(reading->text, "throttled_usec");
}

static int read_memory(struct reading *reading, struct error *err)
{
	struct cgroup_stats *stats = reading->stats;
	size_t lines = 0;

	stats->memory = number(reading, "memory.current", 0);
	stats->memory_limit = number(reading, "memory.max", CGROUP_UNLIMITED);
	stats->memory_peak = number(reading, "memory.peak", 0); /* since Linux 5.19 */
	stats->swap = number(reading, "memory.swap.current", 0);
	stats->swap_limit = number(reading, "memory.swap.max", CGROUP_UNLIMITED);
	if (!load(reading, "memory.stat"))
		return 0;
	for (const char *at = reading->text; (at = strchr(at, '\n')); at++)
		lines++;
	stats->memory_stat =
		arena_array(reading->arena, lines + 1, sizeof(*stats->memory_stat));
	if (!stats->memory_stat)
		return fail(err, ENOMEM, "read the statistics");
	for (char *rest = reading->text, *line; (line = strsep(&rest, "\n")) && *line;) {
		struct cgroup_number *row = &stats->memory_stat[stats->n_memory_stat];
		size_t name = strcspn(line, " ");

		if (stats->n_memory_stat == lines || !line[name])
			break;
		row->name = arena_text_n(reading->arena, line, name);
		row->value = strtoull(line + name + 1, NULL, 10);
		if (!row->name)
			return fail(err, ENOMEM, "read the statistics");
		stats->n_memory_stat++;
	}
	return 0;
}

static void read_line(const char *text, const char *which, struct cgroup_pressure_line *ret)
{
	const char *line = strstr(text, which);

	if (line)
		(void)sscanf(line + strlen(which),
			" avg10=%lf avg60=%lf avg300=%lf total=%" SCNu64, &ret->avg10,
			&ret->avg60, &ret->avg300, &ret->total);
}

/* A kernel without CONFIG_PSI has no such file, and with psi=0 one that cannot be read. */
static void read_pressure(
	struct reading *reading, const char *file, struct cgroup_pressure *ret)
{
	ret->known = load(reading, file);
	if (!ret->known)
		return;
	read_line(reading->text, "some", &ret->some);
	read_line(reading->text, "full", &ret->full);
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6" */
static bool read_device(const char *line, struct cgroup_io *ret)
{
	const char *numbers = strstr(line, " rbytes=");

	/* Before Linux 5.17 devices without numbers stand in front: "7:7 7:6 8:0 rbytes=…". */
	for (const char *at = line; numbers && (at = strchr(at, ' ')) && at < numbers; at++)
		line = at + 1;
	return sscanf(line,
		       "%" SCNu64 ":%" SCNu64 " rbytes=%" SCNu64 " wbytes=%" SCNu64
		       " rios=%" SCNu64 " wios=%" SCNu64,
		       &ret->major, &ret->minor, &ret->read_bytes, &ret->written_bytes,
		       &ret->reads, &ret->writes) == 6;
}

static int read_io(struct reading *reading, struct error *err)
{
	struct cgroup_stats *stats = reading->stats;
	size_t lines = 0;

	if (!load(reading, "io.stat"))
		return 0;
	for (const char *at = reading->text; (at = strchr(at, '\n')); at++)
		lines++;
	stats->io = arena_array(reading->arena, lines + 1, sizeof(*stats->io));
	if (!stats->io)
		return fail(err, ENOMEM, "read the statistics");
	for (char *rest = reading->text, *line; (line = strsep(&rest, "\n"));) {
		struct cgroup_io io;

		if (stats->n_io < lines && read_device(line, &io))
			stats->io[stats->n_io++] = io;
	}
	return 0;
}

/* What is reserved counts, where the kernel counts it (since 5.7). */
static int read_page_size(struct reading *reading, const char *size, struct error *err)
{
	struct cgroup_stats *stats = reading->stats;
	size_t n = stats->n_hugetlb;
	char file[64];

	if ((n & (n - 1)) == 0) {
		void *longer = arena_grow(reading->arena, stats->hugetlb, n, n ? 2 * n : 1,
			sizeof(*stats->hugetlb));

		if (!longer)
			return fail(err, ENOMEM, "read the statistics");
		stats->hugetlb = longer;
	}

	struct cgroup_hugetlb *row = &stats->hugetlb[n];

	row->page_size = arena_text(reading->arena, size);
	if (!row->page_size)
		return fail(err, ENOMEM, "read the statistics");
	snprintf(file, sizeof(file), "hugetlb.%s.rsvd.current", size);
	if (!load(reading, file))
		snprintf(file, sizeof(file), "hugetlb.%s.current", size);
	row->usage = number(reading, file, 0);
	snprintf(file, sizeof(file), "hugetlb.%s.events", size);
	row->failures = load(reading, file) ? cgroup_number_of(reading->text, "max") : 0;
	stats->n_hugetlb++;
	return 0;
}

static int read_hugetlb(struct reading *reading, struct error *err)
{
	int fd = files_open(reading->cgroup->fd, "", O_RDONLY | O_DIRECTORY);
	DIR *files = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *file;
	int result = 0;

	if (fd < 0)
		return fail(err, -fd, "read cgroup \"%s\"", reading->cgroup->path);
	if (!files) {
		fd_close(&fd);
		return fail(err, ENOMEM, "read the statistics");
	}
	while (result == 0 && (file = readdir(files))) {
		char size[16] = "", dummy;

		/* "hugetlb.2MB.max" names a size once; "hugetlb.2MB.rsvd.max" ends otherwise.
		 */
		if (sscanf(file->d_name, "hugetlb.%15[0-9KMGB].ma%c", size, &dummy) == 2)
			result = read_page_size(reading, size, err);
	}
	closedir(files);
	return result;
}

int cgroup_stats(const struct cgroup *cgroup, struct arena *arena, struct cgroup_stats *ret,
	struct error *err)
{
	struct reading *reading = arena_alloc(arena, sizeof(*reading));

	*ret = (struct cgroup_stats){0};
	if (!reading)
		return fail(err, ENOMEM, "read the statistics");
	reading->cgroup = cgroup;
	reading->arena = arena;
	reading->stats = ret;

	int populated = cgroup_populated(cgroup);

	if (populated < 0)
		return fail(err, -populated, "read cgroup \"%s\"", cgroup->path);
	read_cpu(reading);
	read_pressure(reading, "cpu.pressure", &ret->cpu_pressure);
	read_pressure(reading, "memory.pressure", &ret->memory_pressure);
	read_pressure(reading, "io.pressure", &ret->io_pressure);
	ret->pids = number(reading, "pids.current", 0);
	ret->pids_limit = number(reading, "pids.max", 0);
	if (read_memory(reading, err) < 0 || read_io(reading, err) < 0)
		return -1;
	return read_hugetlb(reading, err);
}
