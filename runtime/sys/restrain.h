/* SPDX-License-Identifier: Apache-2.0 */
/* Taking away what this process may do to files, by Landlock: docs/decisions/099. */
#ifndef MAYFLY_RESTRAIN_H
#define MAYFLY_RESTRAIN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * From now on this process, and what it starts, writes, makes and removes files only below the
 * DIRECTORIES (descriptors, borrowed; O_PATH will do), and executes none unless it may EXECUTE.
 * Reading, signals and descriptors that are open already are as before. For good: there is no
 * way back.
 *
 * Since Linux 5.13 (landlock(7)); where the kernel has no Landlock, or its boot line leaves it
 * out, nothing changes. Whatever else the kernel answers is no reason to fail either: it
 * protects the host from our own mistakes, not from a container.
 */
void restrain_to(const int directories[], size_t count, bool execute);

#endif
