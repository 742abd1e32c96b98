/* SPDX-License-Identifier: Apache-2.0 */
/* The hook's own side of clone(): from a copy of the runtime to the hook's program. */
#ifndef MAYFLY_HOOK_EXEC_H
#define MAYFLY_HOOK_EXEC_H

#include "oci/hooks.h"

struct hook_exec {
	const struct oci_hook *hook;
	char *const *default_env; /* NULL-terminated, or NULL */
	const char *directory;	  /* or NULL */
	int in, out, err;	  /* become 0, 1, 2; all above 2 */
	int failure; /* CLOEXEC; gets the errno of what went wrong before the program ran */
};

/* Never returns; exit status 127 when the program could not be executed. */
_Noreturn void hook_exec(const struct hook_exec *exec);

/* All signals are as a new program expects them: none held back, and none ignored. */
void hook_reset_signals(void);

#endif
