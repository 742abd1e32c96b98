/* SPDX-License-Identifier: Apache-2.0 */
/* What checkpoint and restore share. */
#ifndef MAYFLY_CRIU_OPTIONS_H
#define MAYFLY_CRIU_OPTIONS_H

#include "runtime/launch/criu.h"
#include "runtime/mayfly.h"

/* Is there a criu, and can the options be had? No side effect. */
int criu_options_check(const struct mayfly_criu *options, struct error *err);

/* Add them to criu's command line. */
int criu_options_add(struct criu *criu, const struct mayfly_criu *options, struct error *err);

/* The directory PATH as an absolute path in ARENA; made when missing. */
int criu_directory(struct arena *arena, const char *path, const char **ret, struct error *err);

#endif
