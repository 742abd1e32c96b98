/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks of config.json (config.md, POSIX-platform Hooks). */
#ifndef MAYFLY_OCI_HOOKS_H
#define MAYFLY_OCI_HOOKS_H

#include "oci/optional.h"

struct oci_hook {
	const char *path;  /* absolute */
	const char **args; /* with argv[0]; none: the path alone */
	size_t n_args;
	const char **env; /* "NAME=value"; none: see the hooks/ floor */
	size_t n_env;
	struct opt_i32 timeout; /* seconds, > 0; absent: no limit */
};

/* In the order in which the lifecycle reaches them. */
struct oci_hooks {
	struct oci_hook *prestart;
	size_t n_prestart;
	struct oci_hook *create_runtime;
	size_t n_create_runtime;
	struct oci_hook *create_container;
	size_t n_create_container;
	struct oci_hook *start_container;
	size_t n_start_container;
	struct oci_hook *poststart;
	size_t n_poststart;
	struct oci_hook *poststop;
	size_t n_poststop;
};

#endif
