/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pin what the container needs of the host's file system. Done outside before clone(); by the
 * child, before it enters the root, when the runtime is not root: the child has CAP_SYS_ADMIN
 * over its own mount namespace.
 */
#ifndef MAYFLY_INIT_SOURCES_H
#define MAYFLY_INIT_SOURCES_H

#include "oci/base/error.h"
#include "runtime/plan/step.h"

/* A descriptor, or -1 with *err. */
int source_open_tree(const struct step_tree *tree, struct error *err);
int source_open_device(const struct step_device *device, struct error *err);

#endif
