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
	/*
	 * While the plan is built: what is outside from clone() on. A room speaks of both sides
	 * of it at once; plan_build() puts this list behind "outside", and then it is empty.
	 */
	struct step_list after_clone;
	/*
	 * While the plan is built, and only when the runtime is not root: what is to be opened
	 * on the host. open_tree(2) wants CAP_SYS_ADMIN over the mount namespace, so the child
	 * does it, before it enters the root; plan_build() puts this list there.
	 */
	struct step_list opened_inside;
	int slots; /* how many were handed out */
	/*
	 * Slots that no step fills, but launch before clone(); -1 for none. Exec: the pidfd of
	 * the container's init, and an O_PATH descriptor of init's root (CHROOT; no mount
	 * namespace).
	 */
	int init_pidfd_slot, init_root_slot;
	int root_slot; /* of the root's tree */

	const char *cgroup; /* the container's cgroup below the mount, or NULL for none */
	/* Where resctrl is, and what of it goes with the container (below that); or NULL. */
	const char *rdt_mount, *rdt_group, *rdt_monitor;
	const char *unit;		   /* of systemd, whose cgroup that is, or NULL */
	const struct oci_seccomp *seccomp; /* to compile before clone, or NULL */
	bool seccomp_listens;
	const struct oci_process *process; /* may be NULL at create */
	bool terminal;
	bool has_pid_namespace; /* its own (not joined): killing init kills all */

	/* Sentences for the log: what was asked, is harmless to miss, and is not done here. */
	const char **warnings;
	size_t n_warnings;
	/* Limits left out because of --allow-missing-controllers: said loudly, and kept in the
	 * state. */
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

/* The facts of the host that no room asks for (enum host_unasked). PROCESS may be NULL. */
unsigned int plan_unasked(
	const struct oci_spec *spec, const struct oci_process *process, enum request_verb verb);

/*
 * Build the plan of a container (REQUEST_CREATE, REQUEST_RUN) or of one more process
 * (REQUEST_EXEC). Everything lives in ARENA. -1 with *err, which names the field.
 */
int plan_build(
	struct plan *plan, const struct wanted *wanted, struct arena *arena, struct error *err);

/* Print both lists, one step a line with its origin as a comment, into the arena; NULL: no
 * memory. */
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

/* The rooms. Each answers 0, or -1 with *err; plan.c has their order. */
typedef int plan_room(struct plan *plan, const struct wanted *wanted, struct error *err);
plan_room plan_annotations, plan_namespaces, plan_idmap, plan_oom, plan_new_namespaces,
	plan_keyring, plan_root, plan_mounts, plan_devices, plan_working_directory,
	plan_console, plan_readonly_mounts, plan_cgroup, plan_devices_cgroup, plan_mapped,
	plan_net_devices, plan_intel_rdt, plan_hooks_outside, plan_sysctl, plan_paths,
	plan_pivot, plan_process, plan_labels, plan_stdio, plan_rlimits, plan_security,
	plan_program, plan_created, plan_exec;
plan_room plan_join, plan_enter; /* exec: instead of namespaces … pivot */

/*
 * The host's id for an id of the container, by the spec's maps: false when it is not mapped.
 * Without a user namespace it is the same. (OWN_CGROUP.)
 */
bool plan_host_uid(const struct oci_spec *spec, uint32_t uid, uint32_t *ret);

#endif
