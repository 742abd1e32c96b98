/* SPDX-License-Identifier: Apache-2.0 */
/* The default config.json of "mayfly spec". */
#ifndef MAYFLY_OCI_TEMPLATE_H
#define MAYFLY_OCI_TEMPLATE_H

#include "oci/base/arena.h"
#include "oci/base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct oci_template {
	bool rootless;	   /* a user namespace, no network namespace, no limits */
	uint32_t uid, gid; /* of the caller, mapped to 0 inside; only with rootless */
};

/* The config as JSON text in ARENA, indented with tabs, with a newline at the end. */
int oci_template_print(const struct oci_template *template, struct arena *arena,
	const char **ret, struct error *err);

#endif
