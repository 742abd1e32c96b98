/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu(8), the program that freezes processes into files and makes them again. It is run by its
 * command line: docs/decisions/052.
 */
#ifndef MAYFLY_CRIU_H
#define MAYFLY_CRIU_H

#include "runtime/launch/launch.h"

/* A command line as it grows, in an arena. */
struct criu {
	struct arena *arena;
	const char **argv; /* NULL-terminated */
	size_t count, room;
	const char *work, *log; /* its directory, and the name of the log file in it */
};

/* Begin with criu's own path. -1 when there is no criu on this machine. */
int criu_start(struct criu *criu, struct arena *arena, const char *command, struct error *err);

/* One more word, or two: a format for the second; NULL for none. */
int criu_add(struct criu *criu, struct error *err, const char *option, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* What both directions say: directories and log. */
int criu_add_directories(struct criu *criu, const char *images, const char *work,
	const char *log, struct error *err);

/* Can criu be told of these mounts? The end of one's name must not be in the middle of it. */
int criu_check_mounts(const struct oci_spec *spec, struct error *err);

/* Mounts that are not the container's own, and namespaces that were joined by path: what criu
 * is told of them. */
int criu_add_dump_externals(
	struct criu *criu, const struct oci_spec *spec, int netns, struct error *err);

/* Where the program is, or NULL. */
const char *criu_path(void);

/* Run it and wait; KEEP is one more descriptor it inherits (--status-fd), or -1. The error has
 * the last line of its log that says why. */
int criu_run(struct criu *criu, int keep, struct error *err);

/* How a process of ours ends that could not become criu. */
enum {
	CRIU_NO_MOUNT = 124,
	CRIU_NO_CGROUP_NAMESPACE,
	CRIU_NO_DESCRIPTORS,
	CRIU_NOT_EXECUTED,
};

/*
 * What a run of one's own is made of (restore.c). In the child: let FD, a descriptor, go on to
 * criu; become criu, with KEEP as above. In the parent: wait for the end of the process behind
 * PIDFD, and say why it failed.
 */
int criu_keep_open(int fd);
_Noreturn void criu_execute(const struct criu *criu, int keep);
int criu_await_end(const struct criu *criu, int pidfd, struct error *err);

/* A bind mount; or any that criu is only told of. */
bool criu_is_bind(const struct oci_mount *mount);
bool criu_is_external(const struct oci_mount *mount);

struct restoring {
	const char *images, *work; /* absolute */
	const char *rootfs;	   /* absolute */
	/* NULL-terminated words of criu's command line, as the caller's options say them. */
	const char *const *options;
};

/*
 * restore.c. Instead of launch_prepare(): make the cgroup and its limits, and let criu make the
 * processes in it. launch->pid is the first of them, our child. On failure everything done is
 * undone.
 */
int launch_restore(struct launch *launch, const struct restoring *restoring, struct error *err);

#endif
