/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limits of one request: as words of the command line ("2s", "64MiB"), as values of
 * dev.mayfly.limit.* annotations, and as numbers of the request document. One table names them
 * for all three, and for the result.
 */
#ifndef MAYFLY_OCI_LIMITS_H
#define MAYFLY_OCI_LIMITS_H

#include "oci/base/error.h"
#include "oci/optional.h"

/* 0 is no limit; what is not set was not asked for. */
struct oci_limits {
	struct opt_u64 wall_ns, grace_ns, cpu_ns;
	struct opt_u64 cpus_milli; /* thousandths of a CPU */
	struct opt_u64 memory, pids;
	struct opt_u64 output, stdout_bytes, stderr_bytes;
	struct opt_u64 tmp, tmp_inodes;
	struct opt_u64 fsize, nofile, stack;
};

enum limit_kind {
	LIMIT_DURATION, /* "1500ms", "2s", "1m"; nanoseconds */
	LIMIT_SIZE,	/* "1000", "64KiB"; bytes */
	LIMIT_COUNT,
	LIMIT_CPUS, /* "0.5"; thousandths */
	LIMIT_TMP,  /* a size, and after a comma a count of inodes */
};

struct oci_limit_row {
	const char *word; /* of the command line; NULL: it has none of its own */
	const char *key;  /* of the documents */
	enum limit_kind kind;
	size_t offset; /* of its struct opt_u64 */
};
extern const struct oci_limit_row oci_limit_rows[]; /* ends with a NULL key */

/* Set the limit called WORD from TEXT. The error says what would be right. */
int oci_limit_set(
	struct oci_limits *limits, const char *word, const char *text, struct error *err);

static inline struct opt_u64 *oci_limit_of(
	struct oci_limits *limits, const struct oci_limit_row *row)
{
	return (struct opt_u64 *)((char *)limits + row->offset);
}

/*
 * Put what LIMITS asks for over CEILING: *NAME is the first that asks for more than CEILING
 * has, or NULL. Unset ones are CEILING's.
 */
void oci_limits_tighten(
	struct oci_limits *limits, const struct oci_limits *ceiling, const char **ret_over);

#endif
