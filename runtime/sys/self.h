/* SPDX-License-Identifier: Apache-2.0 */
/* The runtime's own process: how it starts, and from which file it runs. */
#ifndef MAYFLY_SELF_H
#define MAYFLY_SELF_H

#include "oci/base/error.h"

#include <stdbool.h>

/* The machine's own, known by its inode: namespaces(7). True also when that cannot be asked. */
bool self_in_initial_user_namespace(void);

/*
 * Refuse to run with somebody else's privileges (AT_SECURE), make sure of descriptors 0 to 2,
 * default
 * signal dispositions but SIGPIPE ignored, an empty signal mask, umask 022, and not dumpable
 * when we are the host's root.
 */
int self_setup(struct error *err);

/*
 * Go on from a copy of our own binary that nobody can write: a container's process that
 * executes /proc/self/exe, or opens it, must not reach the host's file (CVE-2019-5736). Does
 * nothing when we already run from such a clone or a sealed memfd, or when no process of the
 * container can own the file. Otherwise executes ARGV again from a private read-only clone of
 * the mount, which is dissolved by that exec, so that nobody can remount it; or, where that
 * cannot be had or we were executed by a descriptor already, from a sealed memfd. Which of them
 * we run from the kernel is asked, not the environment. Answers only on failure, or when there
 * is nothing to do.
 */
int self_seal(char *const argv[], struct error *err);

#endif
