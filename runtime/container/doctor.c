/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: what on this host costs time, and what mayfly keeps on it between two containers. */
#include "runtime/container/operation.h"

#include "runtime/container/base.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/process.h"
#include "runtime/sys/sys.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From where on they are worth a word: docs/performance.md, "The host". */
enum { MANY_MOUNTS = 200, MANY_TASKS = 2000 };

struct report {
	struct operation operation;
	const char *base;
	const char *text;
	bool failed; /* memory is out */
};

static __attribute__((format(printf, 3, 4))) void line(
	struct report *report, const char *what, const char *format, ...)
{
	char sentence[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	report->text = arena_format(&report->operation.arena, "%s%-8s %s\n",
		report->text ? report->text : "", what, sentence);
	report->failed = report->failed || !report->text;
}

/* The lines of a file of proc, of any size; -1 when it cannot be read. */
static long count_lines(const char *path)
{
	int AUTO_FD fd = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
	char buffer[4096];
	ssize_t got;
	long count = 0;

	if (fd < 0)
		return -1;
	while ((got = sys_read(fd, buffer, sizeof(buffer))) > 0)
		for (ssize_t i = 0; i < got; i++)
			count += buffer[i] == '\n';
	return got < 0 ? -1 : count;
}

static void tell_mounts(struct report *report)
{
	long count = count_lines("/proc/self/mountinfo");

	if (count < MANY_MOUNTS || base_is_there(report->base))
		line(report, "mounts", "%ld", count);
	else
		line(report, "mounts",
			"%ld: each container copies and drops them all, about %ld us; "
			"\"mayfly doctor --prepare\" makes root's containers begin without "
			"them",
			count, count * 5 / 2);
}

/* The fourth word of /proc/loadavg, after the slash. */
static void tell_tasks(struct report *report)
{
	char text[128];
	const char *slash;

	if (file_read_small(AT_FDCWD, "/proc/loadavg", text, sizeof(text)) < 0 ||
		!(slash = strchr(text, '/')))
		return;

	long count = strtol(slash + 1, NULL, 10);

	if (count < MANY_TASKS || base_is_there(report->base))
		line(report, "tasks", "%ld", count);
	else
		line(report, "tasks",
			"%ld: pivot_root looks at each, about %ld us for a container; "
			"\"mayfly doctor --prepare\" does without it",
			count, count * 18 / 100);
}

static void tell_kernel(struct report *report)
{
	static const char *const layouts[] = {
		[CGROUP_NONE] = "not mounted: containers without limits only",
		[CGROUP_UNIFIED] = "unified",
		[CGROUP_HYBRID] = "hybrid: most limits cannot be enforced",
	};
	const struct host *host = &report->operation.host;
	int AUTO_FD pidfd = sys_pidfd_open(getpid(), 0);
	struct process_id id = {0};

	line(report, "cgroup2", "%s", layouts[host->cgroup]);
	if (!host->has_mount_setattr)
		line(report, "kernel",
			"no mount_setattr (Linux 5.12): each mount takes more calls");
	if (pidfd < 0 || process_identify(getpid(), pidfd, &id) < 0 || !id.pidfs)
		line(report, "kernel",
			"no pidfs (Linux 6.9): start, state and delete read /proc/PID/stat");
}

static void tell_filters(struct report *report)
{
	const struct store *store = &report->operation.store;
	int fd = store->fd < 0 ? -ENOENT
			       : sys_openat(store->fd, ".seccomp",
					 O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	long count = 0;

	if (directory) {
		for (struct dirent *entry; (entry = readdir(directory));)
			count += entry->d_name[0] != '.';
		closedir(directory);
	} else {
		fd_close(&fd);
	}
	if (count)
		line(report, "filters", "%ld compiled, in %s/.seccomp: remove them as you like",
			count, store->path);
	else
		line(report, "filters",
			"none compiled: the first container of a profile takes some 10 ms "
			"more");
}

static void tell_base(struct report *report)
{
	if (base_is_there(report->base))
		line(report, "base",
			"%s, an empty mount namespace; \"mayfly doctor --remove\" removes it",
			report->base);
	else
		line(report, "base", "none");
}

static int act(struct report *report, const struct mayfly_doctor *options, struct error *err)
{
	struct operation *operation = &report->operation;

	if (options->prepare && options->remove)
		return fail(err, 0, "--prepare and --remove: only one of them");
	if (store_open(&operation->store, operation->global, options->prepare,
		    &operation->arena, err) < 0)
		return -1;
	report->base = base_path(operation->global, &operation->arena);
	if (!report->base)
		return fail(err, ENOMEM, "find the base");
	if (options->prepare &&
		base_make(&operation->store, report->base, &operation->arena, err) < 0)
		return -1;
	if (options->remove && base_remove(&operation->store, report->base, err) < 0)
		return -1;
	return operation_host(operation, 0, err);
}

int mayfly_doctor(const struct mayfly_global *global, const struct mayfly_doctor *options,
	char **ret_text, struct error *err)
{
	struct report report = {.operation = {
					.global = global,
					.store = {.fd = -1},
					.container = {.dir = -1},
				}};
	int result = act(&report, options, err);

	if (result == 0) {
		tell_mounts(&report);
		tell_tasks(&report);
		tell_kernel(&report);
		tell_filters(&report);
		tell_base(&report);
		result = report.failed ? fail(err, ENOMEM, "print the report")
				       : operation_text(report.text, false, ret_text, err);
	}
	operation_close(&report.operation);
	return result;
}
