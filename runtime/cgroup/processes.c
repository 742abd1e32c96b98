/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in a cgroup and below it, and the end of them all. */
#include "runtime/cgroup/files.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <stdlib.h>

struct pids {
	pid_t *list; /* NULL while only counting */
	size_t count, room;
	bool keep;
};

static int add(struct pids *pids, pid_t pid)
{
	if (pids->keep && pids->count == pids->room) {
		size_t room = pids->room ? pids->room * 2 : 64;
		pid_t *list = reallocarray(pids->list, room, sizeof(*list));

		if (!list)
			return -ENOMEM;
		pids->list = list;
		pids->room = room;
	}
	if (pids->keep)
		pids->list[pids->count] = pid;
	pids->count++;
	return 0;
}

/* Numbers, one a line. A process our pid namespace does not know is "0". */
static int read_pids(int dir, void *data)
{
	int AUTO_FD fd = files_open(dir, "cgroup.procs", O_RDONLY);
	char buffer[4096];
	pid_t pid = 0;

	if (fd < 0)
		return fd == -ENOENT || fd == -ENODEV ? 0 : fd;
	for (;;) {
		ssize_t got = sys_read(fd, buffer, sizeof(buffer));

		/* A threaded cgroup has its processes listed in the domain above. */
		if (got == -EOPNOTSUPP || got == -ENODEV || got == 0)
			return 0;
		if (got < 0)
			return (int)got;
		for (ssize_t i = 0; i < got; i++) {
			if (buffer[i] >= '0' && buffer[i] <= '9') {
				pid = pid * 10 + (buffer[i] - '0');
				continue;
			}
			if (add(data, pid) < 0)
				return -ENOMEM;
			pid = 0;
		}
	}
}

enum { WALK_MS = 10000 };

static int collect(int cgroup_fd, struct pids *pids)
{
	const struct walk walk = {.enter = read_pids,
		.data = pids,
		.deadline = files_now() + WALK_MS * INT64_C(1000)};
	int answer = files_walk(cgroup_fd, &walk);

	if (answer < 0) {
		free(pids->list);
		pids->list = NULL;
	}
	return answer;
}

int files_processes(int cgroup_fd, pid_t **ret_pids, size_t *ret_count)
{
	struct pids pids = {.keep = true};
	int answer = collect(cgroup_fd, &pids);

	if (answer < 0)
		return answer;
	*ret_pids = pids.list;
	*ret_count = pids.count;
	return 0;
}

int files_count_processes(int cgroup_fd, size_t *ret_count)
{
	struct pids pids = {0};
	int answer = collect(cgroup_fd, &pids);

	*ret_count = answer < 0 ? 0 : pids.count;
	return answer;
}

int cgroup_processes(
	const struct cgroup *cgroup, pid_t **ret_pids, size_t *ret_count, struct error *err)
{
	pid_t *pids;
	size_t count, known = 0;
	int answer = cgroup->fd < 0 ? -ENOENT : files_processes(cgroup->fd, &pids, &count);

	if (answer < 0)
		return fail(err, -answer, "list the processes of cgroup \"%s\"", cgroup->path);
	for (size_t i = 0; i < count; i++)
		if (pids[i] > 0)
			pids[known++] = pids[i];
	*ret_pids = pids;
	*ret_count = known;
	return 0;
}

/*
 * Until Linux 5.14 is our baseline: no cgroup.kill. Frozen, none of them can fork or end, so
 * the numbers that were read are still theirs when the signal is sent.
 */
static int kill_each(const struct cgroup *cgroup)
{
	enum { FREEZE_MS = 100 };
	pid_t *pids;
	size_t count;

	(void)files_write(cgroup->fd, "cgroup.freeze", "1", 1);
	(void)files_await(cgroup->fd, EVENT_FROZEN, FREEZE_MS);

	int answer = files_processes(cgroup->fd, &pids, &count);

	if (answer == 0) {
		/* 0 would be our own process group. */
		for (size_t i = 0; i < count; i++)
			if (pids[i] > 1 && pids[i] != getpid())
				(void)kill(pids[i], SIGKILL);
		free(pids);
	}
	(void)files_write(cgroup->fd, "cgroup.freeze", "0", 1);
	return answer;
}

/* Somebody may be born into it from outside after the kill, so it is said again now and then.
 */
enum { KILL_AGAIN_MS = 100 };

int cgroup_kill(const struct cgroup *cgroup, int timeout_ms, struct error *err)
{
	int64_t deadline = files_now() + (int64_t)timeout_ms * 1000;
	size_t count;
	int answer = cgroup->fd < 0 ? -ENODEV : cgroup_populated(cgroup);

	while (answer == 1 || answer == -ETIMEDOUT) {
		int64_t left = (deadline - files_now()) / 1000;

		if (answer == -ETIMEDOUT && left <= 0)
			break;
		answer = files_write(cgroup->fd, "cgroup.kill", "1", 1);
		if (answer == -ENOENT)
			answer = kill_each(cgroup);
		if (answer < 0)
			break;
		if (left > KILL_AGAIN_MS)
			left = KILL_AGAIN_MS;
		answer = files_await(cgroup->fd, EVENT_EMPTY, left > 0 ? (int)left : 0);
	}
	if (answer == 0 || answer == -ENODEV || answer == -ENOENT)
		return 0;
	if (answer != -ETIMEDOUT)
		return fail(err, -answer, "kill the processes of cgroup \"%s\"", cgroup->path);
	if (files_count_processes(cgroup->fd, &count) < 0)
		count = 0;
	return fail(err, ETIMEDOUT,
		"kill the processes of cgroup \"%s\": %zu still there after %d ms",
		cgroup->path, count, timeout_ms);
}
