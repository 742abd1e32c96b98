/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program of mayfly's own in libexec, run for what needs a shared library
 * (docs/decisions/032-helper-program.md). It says one line and then holds what it found until
 * its standard input ends.
 */
#ifndef MAYFLY_HELPER_H
#define MAYFLY_HELPER_H

#include "oci/base/error.h"

#include <sys/types.h>

/* A running one; {.input = -1} is none. */
struct helper {
	pid_t pid;
	int input;	       /* its standard input, ours to close */
	char answer[4096 + 1]; /* without its end of line; a path of the kernel fits */
};

/*
 * Start ARGV[0], which is a path, without an environment, and read its line into answer. A line
 * that begins with '/' is success; any other is why there is none: -1 and *err. It has 60
 * seconds. helper_end() is left to do in either case.
 */
int helper_run(struct helper *helper, const char *const argv[], struct error *err);

/* End and reap it; safe on none. */
void helper_end(struct helper *helper);

#endif
