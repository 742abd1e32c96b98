/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run OCI hooks. Used on both sides of clone(), so it obeys the child's rules: no allocation,
 * no stdio, no library, no lock.
 */
#ifndef MAYFLY_HOOK_H
#define MAYFLY_HOOK_H

#include "hooks/points.h"
#include "oci/base/error.h"
#include "oci/hooks.h"

#include <sys/types.h>

/*
 * The OCI state object that a hook reads on stdin, as two pieces of text around the pid, which
 * is not known when the pieces are made: BEFORE ends in "\"pid\":" and AFTER follows the
 * digits.
 */
struct hook_state {
	const char *before, *after;
	pid_t pid; /* as the runtime's pid namespace sees it; 0 after the container has stopped
		    */
};

/*
 * A hook that exits with 65 (EX_DATAERR of sysexits.h) refuses the container: not the hook has
 * failed, what it was shown is wrong. err->code is HOOK_REFUSED then.
 */
enum { HOOK_REFUSES = 65, HOOK_REFUSED = -1065 };

/*
 * Run the hooks of one point one after another. A hook without env gets DEFAULT_ENV. Its
 * working directory is DIRECTORY (the bundle) when that exists, else "/". stdout and stderr are
 * captured, never the caller's; their beginning is in the error (2 KiB). A hook that does not
 * read its stdin is no error. At its timeout the hook's whole process group is killed.
 *
 * The first that fails is the last, except for poststop, where all run and the first error is
 * told.
 *
 * 0, or -1 with *err: `error running createRuntime hook #0: exit status 1, stdout: , stderr:
 * x`, or
 * `...: hook ran past specified timeout of 5.0s`. Waits for nothing else and leaves no zombie.
 */
int hook_run_all(enum hook_point point, const struct oci_hook *hooks, size_t n_hooks,
	const struct hook_state *state, char *const default_env[], const char *directory,
	struct error *err);

/* The hooks of one point; HOOKS may be NULL. */
const struct oci_hook *hook_list(
	const struct oci_hooks *hooks, enum hook_point point, size_t *ret_count);

#endif
