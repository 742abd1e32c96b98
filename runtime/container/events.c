/* SPDX-License-Identifier: Apache-2.0 */
/* events: what the container uses now and then, and each kill for want of memory. */
#include "runtime/container/operation.h"

#include "oci/json_write.h"
#include "runtime/cgroup/stats.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <string.h>

struct watch {
	const struct mayfly_events *options;
	const char *id;
	struct cgroup cgroup;
	int pidfd;	   /* of the container's process */
	int memory_events; /* -1: without a memory controller nothing is killed for it */
	uint64_t kills;	   /* that were seen */
};

static int put_stats(struct watch *watch, struct error *err)
{
	struct arena arena = {0};
	struct cgroup_stats stats;
	const char *line;
	int result = cgroup_stats(&watch->cgroup, &arena, &stats, err);

	if (result == 0)
		result = stats_print(watch->id, &stats, &arena, &line, err);
	if (result == 0)
		result = watch->options->line(line, err);
	arena_free(&arena);
	return result;
}

/* Reading arms poll() for what comes after it. */
static uint64_t count_kills(const struct watch *watch)
{
	char text[512];
	ssize_t got =
		watch->memory_events < 0
			? -EBADF
			: SYS_RESULT(pread(watch->memory_events, text, sizeof(text) - 1, 0));

	if (got <= 0)
		return watch->kills;
	text[got] = '\0';
	return cgroup_number_of(text, "oom_kill");
}

static int put_kills(struct watch *watch, struct error *err)
{
	uint64_t kills = count_kills(watch);
	struct arena arena = {0};
	struct json_writer writer;
	const char *line;
	int result = 0;

	if (kills > watch->kills) {
		json_start(&writer, &arena, NULL);
		json_open(&writer, NULL, '{');
		json_put_text(&writer, "type", "oom");
		json_put_text(&writer, "id", watch->id);
		json_close(&writer, '}');
		json_end_line(&writer);
		result = json_finish(&writer, &line, err);
		if (result == 0)
			result = watch->options->line(line, err);
	}
	watch->kills = kills;
	arena_free(&arena);
	return result;
}

/* Until the process has ended. What killed it is told before that. */
static int follow(struct watch *watch, struct error *err)
{
	int64_t next = fd_now_ms() + watch->options->interval_ms;

	for (;;) {
		struct pollfd fds[] = {
			{.fd = watch->pidfd, .events = POLLIN},
			{.fd = watch->memory_events, .events = POLLPRI},
		};
		int64_t left = next - fd_now_ms();
		int ready = SYS_RESULT(poll(fds, 2, left > 0 ? (int)left : 0));

		if (ready < 0 && ready != -EINTR)
			return fail(err, -ready, "wait for events");
		if (put_kills(watch, err) < 0)
			return -1;
		if (ready > 0 && fds[0].revents)
			return 0;
		if (fd_now_ms() < next)
			continue;
		next = fd_now_ms() + watch->options->interval_ms;
		/* Gone with its last process, which poll() tells in a moment. */
		if (put_stats(watch, err) < 0 && err->code != ENOENT && err->code != ENODEV)
			return -1;
	}
}

static int open_watch(struct operation *operation, struct watch *watch, struct error *err)
{
	struct container *container = &operation->container;
	enum oci_status status = container_status(container, &watch->pidfd);

	if (!container->record)
		return fail(
			err, NO_SUCH_CONTAINER, "container does not exist: %s", container->id);
	if (status == OCI_STATUS_STOPPED || status == OCI_STATUS_CREATING)
		return fail(err, 0, "container with id %s is not running", container->id);
	if (operation_cgroup(operation, &watch->cgroup, err) < 0)
		return -1;
	watch->memory_events = cgroup_open_file(&watch->cgroup, "memory.events");
	watch->kills = count_kills(watch);
	return 0;
}

int mayfly_events(const struct mayfly_global *global, const char *id,
	const struct mayfly_events *options, struct error *err)
{
	struct operation operation;
	struct watch watch = {.options = options,
		.id = id,
		.cgroup = {.fd = -1, .mount = -1},
		.pidfd = -1,
		.memory_events = -1};
	int result = operation_open(&operation, global, id, err);

	if (result == 0)
		result = open_watch(&operation, &watch, err);
	if (result == 0)
		result = options->once ? put_stats(&watch, err) : follow(&watch, err);
	fd_close(&watch.memory_events);
	fd_close(&watch.pidfd);
	cgroup_close(&watch.cgroup);
	operation_close(&operation);
	return result;
}
