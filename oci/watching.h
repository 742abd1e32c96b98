/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an ordinary container asks of a monitor, by annotations dev.mayfly.* or by the options
 * of the same names; and the operator's file, which says how much of that annotations may ask.
 * Annotations come from whoever may run a container: none of them names a path.
 */
#ifndef MAYFLY_OCI_WATCHING_H
#define MAYFLY_OCI_WATCHING_H

#include "oci/request.h"
#include "oci/spec.h"

#define WATCHING_PREFIX "dev.mayfly."

/* Where the verdict goes, besides what is kept of it in any case. */
enum watching_result {
	WATCHING_SPOOL,		  /* nowhere else */
	WATCHING_STDERR,	  /* a line at the end of the container's stderr */
	WATCHING_TERMINATION_LOG, /* Kubernetes' file, when the program left it empty */
};
extern const struct name watching_result_names[];

struct oci_watching {
	bool asked;		  /* anything at all: then there is a monitor, and a result */
	struct oci_limits limits; /* wall, grace, cpu, output, stdout, stderr */
	struct oci_on on;
	struct opt_u32 result; /* enum watching_result */
};

/* limits.json: what annotations may ask. Options of the command line are the operator's own. */
struct oci_operator {
	const char **allow; /* names behind the prefix; "limit.*" is all that begin so */
	size_t n_allow;
	bool allow_all;		  /* there was no such list */
	struct oci_limits limits; /* the most of each that may be asked */
	bool journal;		  /* verdicts go to the journal, too */
};

/* *ret and all it points to live in ARENA. Unknown keys are errors. */
int oci_operator_parse(const char *bytes, size_t length, struct arena *arena,
	struct oci_operator *ret, struct error *err);

/* Set what is called NAME ("limit.wall", "on.oom", "result") to TEXT. */
int oci_watching_set(
	struct oci_watching *watching, const char *name, const char *text, struct error *err);

/* Does SPEC have an annotation of ours? Then the operator's file is to be read. Not of a pod's
 * sandbox, which is not watched. */
bool oci_watching_is_asked(const struct oci_spec *spec);

/*
 * Add to *RET, which holds what the command line asked for, what the annotations of SPEC ask:
 * they may only ask for less. The error names the annotation. Annotations for other uses (those
 * of templates, dev.mayfly.ids) are errors, too: what they mean would not hold here.
 */
int oci_watching_read(const struct oci_spec *spec, const struct oci_operator *operator,
	struct oci_watching * ret, struct error *err);

#endif
