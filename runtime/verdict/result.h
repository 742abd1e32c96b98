/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The result document, mayfly.result/v1: what was asked, what was measured, and why it ended.
 * Times are nanoseconds, sizes are bytes. What the kernel cannot tell is null, never 0. The
 * schema is share/mayfly/result.schema.json. Pure.
 */
#ifndef MAYFLY_RESULT_H
#define MAYFLY_RESULT_H

#include "oci/base/arena.h"
#include "oci/base/error.h"
#include "oci/request.h"
#include "runtime/verdict/verdict.h"

/* What the cgroup has counted when it was empty. */
struct result_counters {
	struct opt_u64 cpu_ns, user_ns, system_ns;
	struct opt_u64 nr_throttled, throttled_ns;
	struct opt_u64 memory_peak, swap_peak;
	struct opt_u64 oom, oom_kill, oom_group_kill, memory_max;
	struct opt_u64 pids_peak, pids_hits;
	struct opt_u64 read_bytes, write_bytes;
};

/* One of stdout and stderr. */
struct result_stream {
	bool watched; /* it went through us; else it is the caller's own descriptor */
	uint64_t bytes;
	struct opt_u64 limit;
	bool truncated;
	uint64_t undelivered; /* bytes that the reader did not take */
	/* What was kept for the document, or NULL: a request that came as one. */
	const char *data;
	size_t data_length;
};

struct result_syscall {
	bool set;
	int32_t nr;
	uint32_t audit_arch;
	const char *name, *arch; /* NULL: unknown here */
	uint64_t args[6], ip;
	uint32_t tid;	/* as the host knows it */
	uint64_t count; /* of all that were seen */
};

struct result_sent {
	int signal;
	uint64_t at_ns;
	const char *to; /* "init", "cgroup" */
};

enum { RESULT_SENT_MAX = 4 };

/* A file that was asked for; DATA when it is kept here. */
struct result_file {
	const char *path;
	bool found, truncated;
	uint64_t bytes; /* that were taken */
	const char *data;
	size_t data_length;
	const char *error; /* why not, or NULL */
};

struct result {
	const char *id;		/* NULL: nothing was made */
	const char *request_id; /* NULL: none was given */
	const char *message;	/* one sentence */
	struct verdict_facts facts;
	bool core;
	struct result_sent sent[RESULT_SENT_MAX];
	size_t n_sent;
	const char *cancelled_by; /* "SIGTERM", "client-gone"; NULL: not cancelled */
	const char *stage;	  /* "check", "setup", "hooks", "exec", "running" */
	int start_errno;	  /* of a program that was not executed; 0: none */

	struct opt_u64 wall_ns, setup_ns, teardown_ns;
	const char *started_at; /* RFC 3339; NULL: it was not */

	struct result_counters counters;
	const char *memory_scope; /* "own", "host", "ancestor:PATH"; NULL: nobody was killed */
	struct result_stream streams[2]; /* stdout, stderr */
	enum on_output on_output;
	struct result_syscall syscall;
	struct opt_u64 tmp_used;
	struct oci_limits limits;

	/* applied */
	const char *net;     /* "none", "host", a path */
	const char *seccomp; /* the template's name, "config", or NULL for none */
	bool seccomp_watched;
	bool user_namespace;
	struct opt_u64 uid; /* of the program, on the host */
	bool rt;	    /* the watcher had real-time priority */
	const char *const *degraded;
	size_t n_degraded;

	const struct result_file *files;
	size_t n_files;
	const char *teardown; /* "clean", "stuck"; NULL: there was nothing to take down */
	const char *kernel;
};

/* One line of JSON without a newline, in ARENA. */
int result_print(const struct result *result, struct arena *arena, const char **ret,
	size_t *ret_length, struct error *err);

/* The sentence of the document, for people: "wall time limit of 2 s reached after 2.0003 s". */
const char *result_message(const struct result *result, struct arena *arena);

#endif
