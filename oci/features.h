/* SPDX-License-Identifier: Apache-2.0 */
/* The features document (features.md, features-linux.md), from the tables the decoder uses. */
#ifndef MAYFLY_OCI_FEATURES_H
#define MAYFLY_OCI_FEATURES_H

#include "oci/base/arena.h"
#include "oci/base/error.h"
#include "oci/optional.h"

/* A limit of `mayfly once` on this host. */
struct oci_feature_limit {
	const char *key;    /* of the request document */
	const char *status; /* "enforceable", "partial", "no" */
	const char *reason; /* why not quite; NULL: enforceable */
};

/* What oci/ cannot know: how this binary was built. */
struct oci_features {
	bool systemd;			  /* the systemd cgroup driver works */
	bool systemd_user;		  /* also the user's own manager */
	bool checkpoint;		  /* and restore: there is a criu */
	const char *libseccomp_version;	  /* "2.5.4"; NULL: no seccomp */
	uint64_t seccomp_supported_flags; /* SECCOMP_FILTER_FLAG_* this kernel takes */
	const struct oci_feature_limit *limits;
	size_t n_limits;
};

/* The document as JSON text in ARENA, with a newline at the end. */
int oci_features_print(const struct oci_features *features, struct arena *arena,
	const char **ret, struct error *err);

#endif
