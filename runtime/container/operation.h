/* SPDX-License-Identifier: Apache-2.0 */
/* What the operations on containers share: opening one, ending one. */
#ifndef MAYFLY_OPERATION_H
#define MAYFLY_OPERATION_H

#include "oci/spec.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/container/store.h"
#include "runtime/host/host.h"
#include "runtime/launch/launch.h"

#include <time.h>

/* How long we wait for the kernel, or for another command, before we say so. */
enum { OPERATION_TIMEOUT_MS = 10 * 1000 };

struct operation {
	const struct mayfly_global *global;
	struct arena arena;
	struct store store;
	struct container container;
	struct host host;
	bool host_known;
	unsigned int host_unasked; /* enum host_unasked, of what is known */
};

/* Check the id, open the store and the container. On failure only operation_close() is left to
 * do. */
int operation_open(struct operation *operation, const struct mayfly_global *global,
	const char *id, struct error *err);
/* The same, holding the container's lock. */
int operation_open_locked(struct operation *operation, const struct mayfly_global *global,
	const char *id, struct error *err);
void operation_close(struct operation *operation);

/* The facts of this host but those UNASKED (enum host_unasked), asked once. */
int operation_host(struct operation *operation, unsigned int unasked, struct error *err);

/* A sentence for the log; LEVEL as in struct mayfly_global. */
void operation_log(const struct operation *operation, const char *level, const char *format,
	...) __attribute__((format(printf, 3, 4)));

/* malloc'ed copy of TEXT for the caller of the library, with a newline when NEWLINE. */
int operation_text(const char *text, bool newline, char **ret, struct error *err);

/*
 * End the container whatever its state: kill every process, remove its cgroup, run poststop
 * hooks (whose failure is only a warning), remove its directory. The caller holds the lock.
 */
int operation_destroy(struct operation *operation, struct error *err);

/* Run the poststart or poststop hooks of the saved config. */
int operation_hooks(
	struct operation *operation, enum hook_point point, pid_t pid, struct error *err);

/* The cgroup of the container, open; err->code is ENOENT when it has none or it is gone. */
int operation_cgroup(struct operation *operation, struct cgroup *ret, struct error *err);

/* stats.c: the line of `events` for STATS, in ARENA. */
struct cgroup_stats;
int stats_print(const char *id, const struct cgroup_stats *stats, struct arena *arena,
	const char **ret, struct error *err);
/* RFC 3339 with nanoseconds, of now or of a CLOCK_REALTIME; NULL: out of memory. */
const char *operation_now(struct arena *arena);
const char *operation_time(struct arena *arena, const struct timespec *time);

/* Write TEXT to PATH, whole or not at all, without a newline. */
int operation_pid_file(const char *path, pid_t pid, struct error *err);

/* A terminal needs somebody to hold its master: a console socket, or us in the foreground, on a
 * terminal of our own. */
int operation_check_console(
	bool terminal, bool detach, const char *console_socket, struct error *err);

/*
 * Relay signals and the terminal until the process ends: its exit status, or 128 + signal.
 * NOTIFY_SOCKET, or -1, is one of notify.h whose READY=1 is passed on; it stays the caller's.
 */
int operation_await_end(
	struct launch *launch, int notify_socket, int *ret_status, struct error *err);

/*
 * sweep.c: containers of `once` commands that were killed are removed. Called with every state
 * root that is opened; never fails.
 */
void store_sweep(const struct mayfly_global *global, struct store *store);

/* Somebody is about to make such a container, and holds *RET_FD until its lock is had. */
int store_announce(struct store *store, int *ret_fd, struct error *err);

/*
 * setup.c: which descriptors the program keeps: those of LISTEN_FDS, then --preserve-fds more.
 * All must have been open when mayfly was started.
 */
char *operation_words(size_t *ret_length); /* of our command line and environment */
/* FD was open when mayfly was started; false, too, where nobody noted it. */
bool operation_was_given(int fd);
int operation_descriptors(struct request *request, unsigned int preserve, struct error *err);

/* birth.c: what create, run, exec, once and plan share. */
struct birth {
	struct operation operation;
	struct request request;
	struct oci_spec *spec;
	char *config; /* its bytes */
	size_t config_length;
	struct wanted wanted;
	struct plan plan;
	struct launch launch;
	const char *pid_file;
	bool notify;	   /* the program has a notify socket of ours: notify.h */
	int notify_socket; /* run: that socket; -1 for none */
	const struct restoring *restoring; /* restore: processes come from files; or NULL */
	struct watched *watched;	   /* monitor.h; NULL: nothing was asked for */
	bool tied, keep_listener;	   /* once: see struct launch */
	/* Called when the container is complete and its program waits to be told; may be NULL.
	 */
	int (*before_program)(struct birth *birth, struct error *err);
	void *data; /* of the caller */
};

/*
 * The three parts of birth_plan(), for a caller that changes the spec between the second and
 * the third, or has it from elsewhere.
 */
int birth_open(struct birth *birth, const struct mayfly_global *global, const char *id,
	const struct mayfly_create *options, enum request_verb verb, struct error *err);
int birth_read(struct birth *birth, const struct mayfly_create *options, struct error *err);
int birth_decide(struct birth *birth, struct error *err);

/* Read and check everything, and build the plan; no side effect. */
int birth_plan(struct birth *birth, const struct mayfly_global *global, const char *id,
	const struct mayfly_create *options, enum request_verb verb, struct error *err);

/* Make the directory, write the intent, launch, and write the record: the container is created.
 * On failure undone. */
int birth_create(struct birth *birth, const struct mayfly_create *options, struct error *err);
void birth_close(struct birth *birth);

/* plan.c: what of the configuration nobody looks at: keys of no specification, system calls
 * that libseccomp does not know. RET's texts live in the birth's arena. */
int birth_ignored(struct birth *birth, struct oci_warnings *ret, struct error *err);

/* The warnings of spec and plan, and loudly what is not enforced; with --debug also what is
 * ignored. */
void birth_warn(struct birth *birth);

#endif
