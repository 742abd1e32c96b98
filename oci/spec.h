/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json as typed values: the root object (config.md). The names are the spec's in
 * snake_case; see optional.h for what is absent. Everything lives in the arena of the parse.
 */
#ifndef MAYFLY_OCI_SPEC_H
#define MAYFLY_OCI_SPEC_H

#include "oci/base/arena.h"
#include "oci/base/error.h"
#include "oci/hooks.h"
#include "oci/linux.h"
#include "oci/mounts.h"
#include "oci/optional.h"
#include "oci/process.h"

/* What state, features and --version report. */
#define OCI_VERSION "1.3.0"

/* Limits of mayfly's own, so that a hostile file costs a bounded amount of time and memory. */
enum {
	OCI_BYTES_MAX = 8 * 1024 * 1024,
	OCI_MOUNTS_MAX = 4096,
	OCI_PATH_MAX = 4095,
	OCI_ID_MAPPINGS_MAX = 340, /* the kernel's: user_namespaces(7) */
	OCI_GROUPS_MAX = 65536,	   /* the kernel's: NGROUPS_MAX */
};

struct oci_root {
	const char *path; /* absolute, or relative to the bundle; never "" */
	bool readonly;
};

struct oci_spec {
	const char *oci_version; /* "1.…" */
	struct oci_root *root;	 /* never NULL after oci_spec_parse() */
	struct oci_mount *mounts;
	size_t n_mounts;
	struct oci_process *process; /* NULL: create works, start does not */
	const char *hostname;	     /* NULL also when "" */
	const char *domainname;	     /* NULL also when "" */
	struct oci_hooks *hooks;     /* may be NULL */
	struct oci_pair *annotations;
	size_t n_annotations;
	struct oci_linux *linux; /* never NULL after oci_spec_parse(): absent is empty */
	struct oci_warnings warnings;
};

/*
 * Decode and check config.json: everything that can be said without asking the host. BYTES need
 * not end in NUL and is not kept. *ret lives in ARENA, which the caller frees also after an
 * error. Fails with the field in err->where, or "line N, column M" when the text is not JSON.
 */
int oci_spec_parse(const char *bytes, size_t length, struct arena *arena, struct oci_spec **ret,
	struct error *err);

/*
 * The places of keys that no table knows ("linux.resources.cpu.sharez"), at most 64 of them, in
 * the order of the file. RET's texts live in ARENA.
 */
int oci_spec_unknown(const char *bytes, size_t length, struct arena *arena,
	struct oci_warnings *ret, struct error *err);

#endif
