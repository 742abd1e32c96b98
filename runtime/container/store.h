/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state root and one container's directory in it:
 *
 *	<root>/<id>/mayfly.json   the record
 *	<root>/<id>/config.json   a copy of the bundle's, for exec and hooks
 *	<root>/<id>/start, exec   fifos; "start" is there until the container is started
 *	<root>/<id>/begun, watch, result.json   of its monitor: monitor.h
 *
 * The directory itself is locked with flock(2) by commands that change it; a killed command's
 *lock goes with it. Other runtimes may keep directories beside ours (Docker gives all of them
 *one root): what has no mayfly.json and is not empty is not ours and never touched.
 */
#ifndef MAYFLY_STORE_H
#define MAYFLY_STORE_H

#include "oci/state.h"
#include "runtime/container/record.h"
#include "runtime/mayfly.h"

#include <errno.h>

struct store {
	int fd; /* O_DIRECTORY; -1: a root that does not exist (and none was asked for) */
	const char *path; /* absolute or as given */
};

/*
 * Open the state root; CREATE makes it (0700) with its parents. It must be a directory of ours
 * that nobody else can write. A default root that does not exist is an empty store.
 */
int store_open(struct store *store, const struct mayfly_global *global, bool create,
	struct arena *arena, struct error *err);
void store_close(struct store *store);

struct container {
	struct store *store;
	const char *id;
	int dir;	       /* its directory, or -1 */
	struct record *record; /* NULL: the directory has no record (a killed create) */
	struct arena *arena;
	bool boot_known, other_boot; /* container_of_this_boot() */
};

/* Make the directory and lock it; EEXIST: "container with given ID already exists". */
int container_make(struct container *container, struct store *store, const char *id,
	struct arena *arena, struct error *err);

/* err->code of "container does not exist": callers look for these words alone, so no errno text
 * follows. */
enum { NO_SUCH_CONTAINER = -ENOENT };

/* Open what is there and read its record. NO_SUCH_CONTAINER when there is none. */
int container_open(struct container *container, struct store *store, const char *id,
	struct arena *arena, struct error *err);
/* The same under the lock, which is awaited for TIMEOUT_MS. Closes nothing when it fails. */
int container_open_locked(struct container *container, struct store *store, const char *id,
	int timeout_ms, struct arena *arena, struct error *err);
void container_close(struct container *container);

/* Take the lock within TIMEOUT_MS, and read the record again, because its owner may have
 * changed it. */
int container_lock(struct container *container, int timeout_ms, struct error *err);

/* Give the lock back. */
int container_unlock(struct container *container, struct error *err);

/* Write the record. */
int container_save(struct container *container, struct error *err);
/* Its two halves: what was written counts from the second on. */
int container_write_aside(struct container *container, struct error *err);
int container_put_in_place(struct container *container, struct error *err);

/* Remove the directory: only names that mayfly writes. Missing is fine. */
int container_forget(struct container *container, struct error *err);

/* Was the recorded container made since this machine was started? Asked once. */
bool container_of_this_boot(struct container *container);

/* What the container is now, and a pidfd of its process in *ret_pidfd (-1 when it is gone;
 * NULL: not asked). */
enum oci_status container_status(struct container *container, int *ret_pidfd);

/* The config as it was at create, with linux.resources as `update` left them. */
struct oci_spec;
int container_config(struct container *container, struct oci_spec **ret, struct error *err);

/* Remember what `update` has made of linux.resources. */
struct oci_resources;
int container_save_resources(
	struct container *container, const struct oci_resources *resources, struct error *err);

/* Its cgroup, open; -1 with ENOENT when it has none or it is gone. */
struct cgroup;
struct host;
int container_cgroup(struct container *container, const struct host *host, struct cgroup *ret,
	struct error *err);

#endif
