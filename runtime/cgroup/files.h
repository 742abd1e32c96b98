/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of cgroup2 as the rooms of this floor use them. Every name is resolved beneath a
 * descriptor that was proven to be cgroup2, without symlinks and without crossing a mount.
 */
#ifndef MAYFLY_CGROUP_FILES_H
#define MAYFLY_CGROUP_FILES_H

#include "runtime/cgroup/cgroup.h"

#include <limits.h>
#include <stdint.h>

/* O_PATH of the cgroup2 mount, or -1 with *err. */
int files_open_mount(const struct host *host, struct error *err);

/* Split "/a/b/c" in "a/b" (or "") and "c"; the root itself and a relative path are errors. */
int files_split(
	const char *path, char parent[PATH_MAX], const char **ret_name, struct error *err);

/* Open PATH (relative, or "" for DIR itself) beneath DIR with FLAGS; -errno. */
int files_open(int dir, const char *path, int flags);

/* The start of a file as text, NUL-terminated: its length, or -errno. */
ssize_t files_read(int dir, const char *file, char *buffer, size_t size);

/* One write(2); -errno. */
int files_write(int dir, const char *file, const char *text, size_t length);

/* cgroup.events: two numbers. */
struct events {
	bool populated, frozen;
};
int files_read_events(int events_fd, struct events *ret);

/* What to wait for in cgroup.events. */
enum event { EVENT_EMPTY, EVENT_FROZEN, EVENT_THAWED };

/* Wait until it is so: 0, -ETIMEDOUT, -ENODEV (the cgroup is gone) or another -errno. */
int files_await(int cgroup_fd, enum event event, int timeout_ms);

/* Microseconds of the monotonic clock. */
int64_t files_now(void);

/* Sleep, twice as long each time, 10 ms at most. */
void files_pause(int *microseconds);

/*
 * Visit every cgroup below TOP, children before their parent, without recursion: a container
 * can nest as deep as it likes. A negative answer ends the walk.
 *
 * CHILD is asked for each before it is descended into; its 1 means that there is no need to.
 * ENTER is called for TOP and, without CHILD, for each below with its O_PATH descriptor. LEAVE
 * is called in the parent when everything below NAME was visited. CHILD, or else ENTER, must be
 * given.
 */
struct walk {
	int (*child)(int parent, const char *name, void *data);
	int (*enter)(int dir, void *data);
	int (*leave)(int parent, const char *name, void *data);
	void *data;
	int64_t deadline; /* of files_now(); -ETIMEDOUT after it */
};
int files_walk(int top, const struct walk *walk);

/* The processes in it and below; the list (may be NULL) is malloc'ed. -errno. */
int files_processes(int cgroup_fd, pid_t **ret_pids, size_t *ret_count);
int files_count_processes(int cgroup_fd, size_t *ret_count);

/* Remove PATH (relative to MOUNT) and what is below it; a missing one is success. */
int files_remove(int mount, const char *path, int timeout_ms, struct error *err);

#endif
