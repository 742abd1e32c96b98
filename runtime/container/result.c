/* SPDX-License-Identifier: Apache-2.0 */
/* Results: the one of a container that is there, and those that are kept of deleted ones. */
#include "runtime/container/monitor.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/restrain.h"
#include "runtime/sys/sys.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const char result_name[] = "result.json";
static const char results_name[] = ".results";

enum { RESULT_BYTES_MAX = 256 * 1024 };

int result_save(int dir, const struct result *result, struct arena *arena, struct error *err)
{
	const char *json;
	size_t length;

	if (result_print(result, arena, &json, &length, err) < 0)
		return -1;
	return file_replace(dir, result_name, 0600, json, length, err);
}

static const char *read_text(int dir, const char *name, struct arena *arena)
{
	struct error ignored;
	size_t length;
	char *text;

	if (file_read(dir, name, RESULT_BYTES_MAX, arena, &text, &length, &ignored) < 0)
		return NULL;
	return text;
}

const char *result_read(int dir, struct arena *arena)
{
	return read_text(dir, result_name, arena);
}

/* ---- what is kept ---- */

struct kept {
	char *name;
	time_t at;
};

static int compare_age(const void *a, const void *b)
{
	const struct kept *one = a, *other = b;

	return one->at < other->at ? 1 : one->at > other->at ? -1 : 0;
}

/* Newest first; *ret is malloc'ed. What cannot be listed is left alone. */
static size_t list_kept(int results, struct kept **ret)
{
	int copy = sys_openat(results, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	size_t count = 0, room = 0;
	struct dirent *entry;
	struct stat info;

	*ret = NULL;
	if (!dir) {
		fd_close(&copy);
		return 0;
	}
	while ((entry = readdir(dir))) {
		struct kept *grown = *ret;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
			fstatat(results, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (count == room) {
			room = room ? room * 2 : 64;
			grown = reallocarray(*ret, room, sizeof(*grown));
			if (!grown)
				break;
			*ret = grown;
		}
		grown[count].at = info.st_mtime;
		grown[count].name = strdup(entry->d_name);
		if (!grown[count].name)
			break;
		count++;
	}
	closedir(dir);
	if (count)
		qsort(*ret, count, sizeof(**ret), compare_age);
	return count;
}

static void prune(int results)
{
	struct kept *kept;
	size_t count = list_kept(results, &kept);
	time_t now = time(NULL);

	for (size_t i = 0; i < count; i++) {
		if (i + 1 >= RESULTS_MAX || kept[i].at + RESULTS_AGE_S < now)
			(void)unlinkat(results, kept[i].name, 0);
		free(kept[i].name);
	}
	free(kept);
}

static int open_results(int store, bool make)
{
	if (make && mkdirat(store, results_name, 0700) < 0 && errno != EEXIST)
		return -errno;
	return sys_openat(store, results_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

/*
 * A copy, not a rename: Landlock, under which `delete` is, lets nothing move from one directory
 * to another. The name of the new file is a third one, because an id may be as long as a name
 * can be; what a killed command has left of it grows old like the others.
 */
void result_keep(const struct container *container)
{
	const char *text = result_read(container->dir, container->arena);
	int AUTO_FD results = text ? open_results(container->store->fd, true) : -1;
	int AUTO_FD file = -1;
	char name[32];

	if (results < 0)
		return;
	prune(results);
	snprintf(name, sizeof(name), ".%d.new", getpid());
	file = sys_openat(results, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	if (file < 0)
		return;
	if (sys_write(file, text, strlen(text)) != (ssize_t)strlen(text) ||
		renameat(results, name, results, container->id) < 0)
		(void)unlinkat(results, name, 0);
}

void result_keep_failure(struct birth *birth, const struct error *why)
{
	const struct container *container = &birth->operation.container;
	struct arena *arena = &birth->operation.arena;
	struct result result = birth->watched->result;
	struct verdict_event event = {
		.cause = why->code == HOOK_REFUSED ? CAUSE_REJECT : CAUSE_START};
	struct error ignored;
	char line[2048];

	error_print(why, line, sizeof(line));
	verdict_wake(&result.facts.latch, &event, 1);
	result.message = arena_text(arena, line);
	result.stage = "setup";
	result.start_errno = why->code > 0 ? why->code : 0;
	if (result_save(container->dir, &result, arena, &ignored) == 0)
		result_keep(container);
}

/* ---- mayfly result ---- */

/* 1: the text of the container that is there; 0: there is none (any more); -1. */
static int of_container(
	struct operation *operation, bool wait, const char **ret, struct error *err)
{
	const struct container *container = &operation->container;
	const struct record *record = container->record;
	int AUTO_FD monitor = -1;

	if (!record || !record->watched)
		return fail(err, 0,
			"container \"%s\" is not watched: its result is there only when it "
			"has a limit or an annotation of dev.mayfly",
			container->id);
	monitor = monitor_find(container->dir);
	if (monitor >= 0 && !wait)
		return fail(err, 0,
			"container \"%s\" has not ended yet; with --wait its result is waited "
			"for",
			container->id);
	if (monitor >= 0) {
		int done = fd_await(monitor, -1);

		if (done < 0)
			return fail(err, -done, "wait for the result");
	}
	*ret = result_read(container->dir, &operation->arena);
	return *ret ? 1 : 0;
}

static int of_deleted(
	struct operation *operation, const char *id, const char **ret, struct error *err)
{
	int AUTO_FD results =
		operation->store.fd < 0 ? -1 : open_results(operation->store.fd, false);

	*ret = results < 0 ? NULL : read_text(results, id, &operation->arena);
	if (*ret)
		return 0;
	return fail(err, NO_SUCH_CONTAINER,
		"no result of \"%s\" is kept: there are the last %d, and none is older than a "
		"day",
		id, RESULTS_MAX);
}

int mayfly_result(const struct mayfly_global *global, const char *id, bool wait,
	char **ret_json, struct error *err)
{
	struct operation operation;
	const char *text = NULL;
	int result = operation_open(&operation, global, id, err);
	bool missing = result < 0 && err->code == NO_SUCH_CONTAINER;

	if (result == 0 || missing)
		restrain_to(NULL, 0, false);
	if (result == 0)
		result = of_container(&operation, wait, &text, err);
	if (result == 0 || missing)
		result = of_deleted(&operation, id, &text, err);
	if (result >= 0)
		result = operation_text(text, true, ret_json, err);
	operation_close(&operation);
	return result;
}
