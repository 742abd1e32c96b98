/* SPDX-License-Identifier: Apache-2.0 */
/* What is written into a cgroup that is there, and read of it, on the real kernel. */
#include "runtime/cgroup/stats.h"
#include "tests/unit/cgroup_place.h"

#include <sys/sysmacros.h>

static const char *content(const struct cgroup *cgroup, const char *file)
{
	static char texts[4][128];
	static unsigned int next;
	char *text = texts[next++ % 4];

	if (cgroup_read(cgroup, file, text, 128) < 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

#define WRITE(name, value)                                                                     \
	{                                                                                      \
		.kind = STEP_WRITE_CGROUP, .origin = "linux.resources." name, .file = {        \
			.path = name,                                                          \
			.text = value                                                          \
		}                                                                              \
	}

/* With the two files that every cgroup has and that hold a number. */
static void test_update(struct arena *arena)
{
	const struct step good[] = {
		WRITE("cgroup.max.depth", "5"), WRITE("cgroup.max.descendants", "7")};
	const struct step bad[] = {WRITE("cgroup.max.depth", "6"),
		WRITE("cgroup.max.descendants", "8"), WRITE("cgroup.max.depth", "words")};
	const struct step none[] = {
		WRITE("cgroup.max.depth", "6"), WRITE("memory.nothing", "1")};
	struct cgroup cgroup;
	struct cgroup_old *old;
	struct error err;
	size_t count;

	cgroup_create(&cgroup, &host, below("/update"), 0, &err);
	is_result(cgroup_update(&cgroup, good, 2, arena, &old, &count, &err), &err, NULL,
		"an update");
	is_text(content(&cgroup, "cgroup.max.depth"), "5", "the first file");
	is_text(content(&cgroup, "cgroup.max.descendants"), "7", "the second");
	cgroup_restore(&cgroup, old, count);
	is_text(content(&cgroup, "cgroup.max.depth"), "max", "both are put back");
	is_text(content(&cgroup, "cgroup.max.descendants"), "max", "when that is asked for");

	struct cgroup_old *unused;

	cgroup_update(&cgroup, good, 2, arena, &unused, &count, &err);
	is_result(cgroup_update(&cgroup, bad, 3, arena, &unused, &count, &err), &err,
		"~linux.resources.cgroup.max.depth: write \"words\" to cgroup.max.depth",
		"a text that the kernel refuses");
	is_text(content(&cgroup, "cgroup.max.depth"), "5", "what it took before is put back");
	is_text(content(&cgroup, "cgroup.max.descendants"), "7", "in each file");
	is_result(cgroup_update(&cgroup, none, 2, arena, &unused, &count, &err), &err,
		"~controller \"memory\" not available", "a file that is not there");
	is_text(content(&cgroup, "cgroup.max.depth"), "5", "the same");
	cgroup_undo(&cgroup, TIMEOUT_MS);
	cgroup_close(&cgroup);
}

/* The files as a kernel with every controller has them, in a directory. */
static void test_stats(struct arena *arena)
{
	static const struct {
		const char *name, *text;
	} files[] = {
		{"cgroup.events", "populated 1\nfrozen 0\n"},
		{"cpu.stat", "usage_usec 10\nuser_usec 6\nsystem_usec 4\nnr_periods 3\n"
			     "nr_throttled 2\nthrottled_usec 1\n"},
		{"cpu.pressure", "some avg10=1.50 avg60=0.00 avg300=0.25 total=77\n"
				 "full avg10=0.00 avg60=0.00 avg300=0.00 total=3\n"},
		{"memory.current", "4096\n"},
		{"memory.max", "max\n"},
		{"memory.swap.current", "8\n"},
		{"memory.swap.max", "100\n"},
		{"memory.stat", "anon 1\nfile 2\n"},
		{"pids.current", "5\n"},
		{"pids.max", "max\n"},
		{"io.stat", "8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n"
			    "7:0 \n8:0 rbytes=9 wbytes=8 rios=7 wios=6 dbytes=0 dios=0\n"
			    "7:1 7:2 253:5 rbytes=1 wbytes=1 rios=1 wios=1 dbytes=0 dios=0\n"},
		{"hugetlb.2MB.max", "max\n"},
		{"hugetlb.2MB.rsvd.max", "max\n"},
		{"hugetlb.2MB.rsvd.current", "2097152\n"},
		{"hugetlb.2MB.events", "max 4\n"},
		{"hugetlb.1GB.max", "max\n"},
		{"hugetlb.1GB.current", "1073741824\n"},
	};
	char name[] = "/tmp/mayfly-stats-XXXXXX";
	struct cgroup_stats stats;
	struct error err;
	struct cgroup cgroup = {.fd = -1, .mount = -1, .path = "/x"};

	if (!is_true(mkdtemp(name) != NULL, "a directory"))
		return;
	cgroup.fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		int fd = openat(cgroup.fd, files[i].name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		is_true(write(fd, files[i].text, strlen(files[i].text)) > 0, "%s",
			files[i].name);
		close(fd);
	}
	if (is_result(cgroup_stats(&cgroup, arena, &stats, &err), &err, NULL, "are read")) {
		is_number(stats.cpu_total, 10000, "nanoseconds");
		is_number(stats.throttled_time, 1000, "of throttling, too");
		is_true(stats.cpu_pressure.known && !stats.io_pressure.known, "pressure");
		is_true(stats.cpu_pressure.some.avg10 > 1.49 &&
				stats.cpu_pressure.some.avg10 < 1.51 &&
				stats.cpu_pressure.full.total == 3,
			"of both kinds");
		is_number(stats.memory_limit, CGROUP_UNLIMITED, "no limit of memory");
		is_number(stats.swap + stats.swap_limit, 108, "swap alone");
		is_true(stats.n_memory_stat == 2 && stats.memory_stat[1].value == 2 &&
				!strcmp(stats.memory_stat[1].name, "file"),
			"memory.stat");
		is_number(stats.pids_limit, 0, "no limit of processes");
		is_true(stats.n_io == 3 && stats.io[0].minor == 16 && stats.io[0].writes == 4 &&
				stats.io[1].read_bytes == 9,
			"disks, but those without numbers");
		is_true(stats.n_io == 3 && stats.io[2].major == 253 && stats.io[2].minor == 5,
			"and those behind such on a line of Linux 5.15");
		is_number(stats.n_hugetlb, 2, "each page size once");
		for (size_t i = 0; i < stats.n_hugetlb; i++)
			is_true(strcmp(stats.hugetlb[i].page_size, "2MB")
					? stats.hugetlb[i].usage == 1073741824
					: stats.hugetlb[i].usage == 2097152 &&
						  stats.hugetlb[i].failures == 4,
				"%s", stats.hugetlb[i].page_size);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlinkat(cgroup.fd, files[i].name, 0);
	is_result(cgroup_stats(&cgroup, arena, &stats, &err), &err,
		"~no such file or directory", "a cgroup that is gone");
	cgroup_close(&cgroup);
	rmdir(name);
}

int main(void)
{
	struct arena arena = {0};

	if (!find_place(&arena))
		return 77;
	test_update(&arena);
	test_stats(&arena);
	is_true(!is_there(base), "nothing is left");
	arena_free(&arena);
	return tap_end();
}
