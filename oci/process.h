/* SPDX-License-Identifier: Apache-2.0 */
/* The process object (config.md, Process): of config.json, and bare for exec --process. */
#ifndef MAYFLY_OCI_PROCESS_H
#define MAYFLY_OCI_PROCESS_H

#include "oci/base/arena.h"
#include "oci/base/error.h"
#include "oci/names.h"
#include "oci/optional.h"

struct oci_console_size {
	uint32_t height, width; /* characters */
};

/* uid and gid are 0..4294967294: (uid_t)-1 means "leave as it is" to setresuid(2). */
struct oci_user {
	uint32_t uid, gid;
	struct opt_u32 umask; /* 0..0777 */
	uint32_t *additional_gids;
	size_t n_additional_gids;
};

/*
 * Bit N stands for capability number N of linux/capability.h. Unknown names are a warning and
 * set no bit. Ambient holds only what is in both inheritable and permitted; the rest is a
 * warning too: never more than asked, never a container that does not start.
 */
struct oci_capabilities {
	uint64_t bounding, effective, inheritable, permitted, ambient;
};

struct oci_rlimit {
	uint32_t type;	     /* RLIMIT_* */
	uint64_t soft, hard; /* UINT64_MAX is RLIM_INFINITY; soft <= hard */
};

struct oci_scheduler {
	uint32_t policy; /* SCHED_OTHER, SCHED_FIFO … */
	struct opt_i32 nice;
	struct opt_i32 priority;
	uint64_t flags;				  /* SCHED_FLAG_* */
	struct opt_u64 runtime, deadline, period; /* nanoseconds */
};

struct oci_io_priority {
	uint32_t io_class; /* 1 real time, 2 best effort, 3 idle */
	int32_t priority;  /* 0..7; 0 when absent */
};

/* Lists of CPUs like "0-3,7", syntax checked; oci_cpu_list() gives the numbers. */
struct oci_exec_cpu_affinity {
	const char *initial;
	const char *final;
};

struct oci_process {
	bool terminal;
	struct oci_console_size *console_size;
	struct oci_user user;
	const char **args; /* at least one, and args[0] is not "" */
	size_t n_args;
	const char **env; /* "NAME=value", NAME not empty; duplicates are kept */
	size_t n_env;
	const char *cwd;		       /* absolute */
	struct oci_capabilities *capabilities; /* NULL: all five sets are empty */
	struct oci_rlimit *rlimits;	       /* no type twice */
	size_t n_rlimits;
	bool no_new_privileges;
	const char *apparmor_profile; /* NULL also when "" */
	const char *selinux_label;    /* NULL also when "" */
	struct opt_i32 oom_score_adj; /* -1000..1000 */
	struct oci_scheduler *scheduler;
	struct oci_io_priority *io_priority;
	struct oci_exec_cpu_affinity *exec_cpu_affinity;
	struct oci_warnings warnings; /* of oci_process_parse(); inside a spec they are there */
};

/*
 * Decode the bare process object of exec --process. *ret lives in ARENA, which the caller frees
 * also after an error. Fails with the field in err->where ("user.uid").
 */
int oci_process_parse(const char *bytes, size_t length, struct arena *arena,
	struct oci_process **ret, struct error *err);

/*
 * Decode "UID" or "UID:GID" of exec --user: decimal digits only, 0..4294967294. *RET_GID stays
 * as it is when no GID is given.
 */
int oci_user_parse(const char *text, uint32_t *ret_uid, uint32_t *ret_gid, struct error *err);

/*
 * Set bit N of MASK for each CPU (or memory node) N of a list like "0-3,7". BITS is the size of
 * MASK in bits, a multiple of 64; MASK is cleared first, and may be NULL to check the syntax.
 */
int oci_cpu_list(const char *list, uint64_t *mask, size_t bits, struct error *err);

extern const struct name oci_capability_names[];       /* "CAP_CHOWN" to 0 */
extern const struct name oci_rlimit_names[];	       /* "RLIMIT_CORE" to RLIMIT_CORE */
extern const struct name oci_scheduler_policy_names[]; /* "SCHED_FIFO" to SCHED_FIFO */
extern const struct name oci_scheduler_flag_names[];
extern const struct name oci_io_class_names[]; /* "IOPRIO_CLASS_BE" to 2 */

#endif
