/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of one container between commands: who its process is, and what delete must
 * undo. Written before the first side effect (phase "creating") and once more when the
 * container is created, each time whole, by rename.
 */
#ifndef MAYFLY_RECORD_H
#define MAYFLY_RECORD_H

#include "oci/base/arena.h"
#include "oci/base/error.h"
#include "oci/names.h"
#include "oci/optional.h"
#include "runtime/cgroup/unit.h"
#include "runtime/sys/process.h"

enum record_phase {
	RECORD_CREATING, /* the intent: all below may or may not exist */
	RECORD_READY,
};

struct record {
	uint32_t format; /* 1 */
	uint32_t phase;	 /* enum record_phase */
	const char *id;
	const char *bundle, *rootfs; /* absolute */
	const char *created;	     /* RFC 3339 with nanoseconds */
	uint32_t owner;		     /* uid that created it */
	const char *boot_id;

	uint64_t pid, start_time, pidfs; /* of the container's process; 0 while creating */

	const char *cgroup; /* below the cgroup2 mount; NULL: it has none */
	const char *rdt_mount, *rdt_group, *rdt_monitor; /* of struct plan; NULL: none */
	bool systemd_cgroup;
	/* With that: the unit whose cgroup it is, and where its manager listens. */
	const char *unit, *systemd_socket, *systemd_bus;
	bool own_pid_namespace;	  /* killing its process kills all */
	bool chroot_only;	  /* no mount namespace */
	bool has_process;	  /* the config says what to run */
	bool notify;		  /* its program has a notify socket of ours */
	bool once;		  /* whoever made it holds its lock as long as it lives */
	bool watched;		  /* it has, or had, a monitor */
	bool poststart, poststop; /* has such hooks: config.json must be read */

	struct oci_pair *annotations;
	size_t n_annotations;
	const char **unenforced; /* limits that this host could not enforce */
	size_t n_unenforced;
};

int record_parse(const char *bytes, size_t length, struct arena *arena, struct record **ret,
	struct error *err);
int record_print(const struct record *record, struct arena *arena, const char **ret,
	size_t *ret_length, struct error *err);

static inline struct unit_bus record_bus(const struct record *record)
{
	return (struct unit_bus){record->systemd_socket, record->systemd_bus};
}

static inline struct process_id record_process(const struct record *record)
{
	return (struct process_id){(pid_t)record->pid, record->start_time, record->pidfs};
}

#endif
