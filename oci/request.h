/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request document of `mayfly once -f`, mayfly.request/v1: one program to be run once. The
 * command line fills the same struct. Unknown keys are errors: a limit that is spelt wrong
 * would be no limit. The schema is share/mayfly/request.schema.json.
 */
#ifndef MAYFLY_OCI_REQUEST_H
#define MAYFLY_OCI_REQUEST_H

#include "oci/base/arena.h"
#include "oci/base/error.h"
#include "oci/limits.h"
#include "oci/names.h"
#include "oci/optional.h"

/* Bytes from one of four places. */
struct oci_data {
	const char *bytes; /* "text" or "b64"; NULL: not from the document */
	size_t length;
	const char *path;  /* a file of the host */
	struct opt_u32 fd; /* of the caller */
};

/* To be put into the container before its program runs. */
struct oci_request_file {
	const char *path; /* inside; a relative one is below process.cwd */
	struct oci_data data;
	struct opt_u32 mode; /* 0..0777; absent: 0644 */
};

/* To be read when it has ended. */
struct oci_collect {
	const char *path;
	struct opt_u64 max_bytes; /* absent: 1 MiB */
	bool optional;		  /* that it is missing is no failure */
	const char *to;		  /* of the command line: a file of the host; NULL: keep it */
};

/* Policies; the values are the numbers of the tables below. */
struct oci_on {
	struct opt_u32 oom, pids, syscall, output;
};

enum { ON_OOM_GROUP, ON_OOM_PROCESS };
enum { ON_LIMIT_KILL, ON_LIMIT_RECORD };
enum on_output { ON_OUTPUT_KILL, ON_OUTPUT_DISCARD, ON_OUTPUT_BLOCK };
extern const struct name oci_on_oom_names[], oci_on_limit_names[], oci_on_output_names[];

struct oci_request {
	const char *request_id, *tenant;
	const char *template, *bundle, *rootfs; /* NULL: not given */
	const char **args;
	size_t n_args;
	struct oci_pair *env;
	size_t n_env;
	const char *cwd;
	const char *net;	/* "none", "host" or the path of a network namespace */
	struct oci_data *input; /* "stdin"; NULL: empty */
	struct oci_request_file *files;
	size_t n_files;
	struct oci_collect *collect;
	size_t n_collect;
	struct oci_limits limits;
	struct oci_on on;
	bool merge_stderr, best_effort;
};

/* *ret and all it points to live in ARENA. Fails with the field in err->where. */
int oci_request_parse(const char *bytes, size_t length, struct arena *arena,
	struct oci_request **ret, struct error *err);

#endif
