/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan is everything that will be asked of the kernel for one container (or one more process
 * in it), in order. plan_build() is a pure function of spec, request and host facts: it
 * validates, resolves and orders, and calls no system call.
 */
#ifndef MAYFLY_PLAN_H
#define MAYFLY_PLAN_H

#include "oci/base/arena.h"
#include "oci/base/error.h"
#include "oci/spec.h"
#include "runtime/host/host.h"
#include "runtime/plan/request.h"
#include "runtime/plan/step.h"

struct step_list {
	struct step *steps;
	size_t count, room;
};

struct plan {
	struct arena *arena;
	struct step_list outside, inside;
	int slots;                     /* how many were handed out */

	const char *cgroup;            /* the container's cgroup below the mount, or NULL for none */
	const struct oci_seccomp *seccomp; /* to compile before clone, or NULL */
	bool seccomp_listens;
	const struct oci_process *process; /* may be NULL at create */
	bool terminal;
	bool has_pid_namespace;        /* its own (not joined): killing init kills all */

	/* Sentences for the log: what was asked, is harmless to miss, and is not done here. */
	const char **warnings;
	size_t n_warnings;
	/* Limits left out because of --allow-missing-controllers: said loudly, and kept in the state. */
	const char **unenforced;
	size_t n_unenforced;
};

/* All that a room may look at. */
struct wanted {
	const struct oci_spec *spec;
	const struct oci_process *process; /* spec->process, or exec's own */
	const struct request *request;
	const struct host *host;
};

/*
 * Build the plan of a container (REQUEST_CREATE, REQUEST_RUN) or of one more process
 * (REQUEST_EXEC). Everything lives in ARENA. -1 with *err, which names the field.
 */
int plan_build(struct plan *plan, const struct wanted *wanted, struct arena *arena,
	struct error *err);

/* Print both lists, one step a line with its origin as a comment, into the arena; NULL: no memory. */
char *plan_print(const struct plan *plan, struct arena *arena);

/* ---- for the rooms ---- */

/*
 * Append a zeroed step to a list and answer it, or NULL with *err set (out of memory). ORIGIN
 * is a printf format: plan_step(&plan->inside, plan, err, STEP_MOUNT, "mounts[%zu]", i)
 */
struct step *plan_step(struct plan *plan, struct step_list *list, struct error *err,
	enum step_kind kind, const char *origin, ...) __attribute__((format(printf, 5, 6)));
int plan_slot(struct plan *plan);
int plan_warn(struct plan *plan, struct error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int plan_unenforced(struct plan *plan, struct error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The rooms, in the order of plan.c. Each answers 0, or -1 with *err. */
typedef int plan_room(struct plan *plan, const struct wanted *wanted, struct error *err);
plan_room plan_namespaces, plan_idmap, plan_cgroup, plan_devices_cgroup, plan_hostname,
	plan_root, plan_mounts, plan_devices, plan_console, plan_sysctl, plan_paths,
	plan_hooks_before_pivot, plan_pivot, plan_process, plan_security, plan_user,
	plan_program, plan_exec;
plan_room plan_join; /* exec: instead of namespaces … pivot */

#endif
