/* SPDX-License-Identifier: Apache-2.0 */
/* One request in one container, from its template to its result: what the rooms of it share. */
#ifndef MAYFLY_ONCE_H
#define MAYFLY_ONCE_H

#include "oci/features.h"
#include "oci/request.h"
#include "runtime/container/operation.h"
#include "runtime/verdict/result.h"
#include "runtime/watch/watch.h"

enum { ONCE_ID_SIZE = sizeof("once-0123456789abcdef"), ONCE_KEEP_MAX = 1024 * 1024 };

struct once {
	const struct mayfly_global *global;
	struct oci_request *request;
	bool check_only;  /* say what would be refused, and do nothing */
	bool keep_output; /* in the document instead of passing it on */
	int client;	  /* whose reader is the caller's; or -1 */

	pid_t parent; /* whose job we are, and with whom we die; or 0 */
	int tied;     /* by which signal */

	char id[ONCE_ID_SIZE];
	struct birth birth;
	struct watch watch;
	struct result result;
	struct oci_limits limits; /* of template and request together */
	struct oci_limits asked;  /* the same, without those that a bundle's resources set */
	bool pids_kill, syscalls_recorded, oom_group;
	uint64_t effective; /* our capabilities, while the program's are in their place */
	int ids;	    /* holds our range of user ids; or -1 */
	int input;	    /* to be descriptor 0; or -1: leave it */
	int stdio[3];	    /* our own, while the container's are in their place; or -1 */
	int root, mounts;   /* of the container, for the files that come out; or -1 */
	int tmp;	    /* its tmpfs at /tmp; or -1 */
	uint64_t began_ns;  /* CLOCK_MONOTONIC */
	struct error err;   /* why it was not started */
};

/* spec.c: the template or the bundle, with what the request changes. Nothing has an effect. */
int once_read_spec(struct once *once, struct error *err);
/* limits.c: the limits, into the spec. */
int once_put_limits(struct once *once, struct error *err);
/*
 * The plan speaks of fields of the configuration: --memory is two of them. A limit of the
 * request gets the request's name, in the error (and -1), and in what is not enforced.
 */
int once_name_refused(struct once *once, struct error *err);
int once_name_unenforced(struct once *once, struct error *err);
/* enforce.c: what the plan has no step for can be held to here, or is left out and told. */
int once_check_enforceable(struct once *once, struct error *err);
/* Each limit by itself on HOST, for the features document; *ret lives in ARENA. */
int once_features(const struct host *host, struct arena *arena, struct oci_feature_limit **ret,
	size_t *ret_count, struct error *err);
/* Limits of the annotations dev.mayfly.limit.*. */
int once_read_annotations(
	const struct oci_spec *spec, struct oci_limits *ret, struct error *err);

/* The text of a template by name, or of a file when the name has a slash; in ARENA. */
int once_read_template(const char *name, struct arena *arena, char **ret, size_t *ret_length,
	struct error *err);

/* calls.c: what kills becomes what asks us; true when something does. */
bool once_watch_calls(struct oci_seccomp *seccomp);

/* ids.c: a range of user ids that no other container has; -1 with *err when all are taken. */
int once_take_ids(struct store *store, int *ret_lock, uint32_t *ret_first, struct error *err);
enum { ONCE_IDS = 65536 };

/*
 * rights.c: look up and open with the program's fsuid, fsgid and capabilities; -1 with *err
 * where we may not become it. Needs CAP_SETUID and CAP_SETGID for another user than ours.
 */
int once_become_program(struct once *once, struct error *err);
void once_become_ourselves(struct once *once);

/*
 * place.c: PATH from the container's ROOT is in a tmpfs that is the container's own, so that it
 * is gone with it. -1 with *err when not.
 */
int once_check_place(struct once *once, int root, const char *path, struct error *err);
/* The configuration mounts a tmpfs at /tmp. */
bool once_has_tmp(const struct once *once);
/* FD is in no file system of the kernel's own (proc, sysfs ...). -1 with *err when it is. */
int once_check_source(int fd, struct error *err);

/* files.c */
/* No descriptor is named but those that mayfly was started with. */
int once_check_descriptors(const struct once *once, struct error *err);
int once_open_input(struct once *once, struct error *err);
int once_put_files(struct once *once, struct error *err);
int once_hold_root(struct once *once, struct error *err);
void once_hold_tmp(struct once *once);
void once_measure_tmp(struct once *once);
int once_collect(struct once *once, struct error *err);

/* exec.c: -1 with *err when memory was too little for execve() itself. */
int once_check_exec(struct once *once, struct error *err);

/* result.c: does that stream go through us? */
bool once_watches(const struct once *once, int number);
void once_take_watch(struct once *once);

/*
 * SIGNAL comes when the parent ends: SIGKILL where SIGTERM is blocked and nobody looks. What
 * changes fsuid or fsgid asks again for once->tied: the kernel forgets it then.
 */
void once_tie(struct once *once, int signal);

/* Run it to its end; the result is filled in whatever happens. */
void once_run(struct once *once);
void once_close(struct once *once);

/* request.c: run REQUEST and tell; the same for one that could not be read. OF_BATCH: in a
 * job's own process. */
int once_run_one(const struct mayfly_global *global, const struct mayfly_once *options,
	struct oci_request *request, bool of_batch, int *ret_status, struct error *err);
int once_reject(const struct mayfly_global *global, const struct mayfly_once *options,
	const char *request_id, const struct error *why, int *ret_status, struct error *err);

/* batch.c */
int once_batch(const struct mayfly_global *global, const struct mayfly_once *options,
	int *ret_status, struct error *err);

#endif
