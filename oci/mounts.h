/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts and their option words (config.md, Mounts; Linux mount options). */
#ifndef MAYFLY_OCI_MOUNTS_H
#define MAYFLY_OCI_MOUNTS_H

#include "oci/base/arena.h"
#include "oci/base/error.h"
#include "oci/names.h"
#include "oci/optional.h"

/* One line of a uid or gid map: config-linux.md, User namespace mappings. */
struct oci_id_mapping {
	uint32_t container_id; /* 0..4294967294 */
	uint32_t host_id;      /* 0..4294967294 */
	uint32_t size;	       /* > 0 */
	bool relative; /* while a spec is read: host_id is an id of the container */
};

struct oci_mount {
	/*
	 * Absolute and normalised when the spec was parsed: "." and empty components are gone,
	 * ".." is resolved as if / were the top. A relative destination is taken from /.
	 */
	const char *destination;
	const char *type;     /* NULL when absent; ignored for binds */
	const char *source;   /* NULL when absent; relative to the bundle for binds */
	const char **options; /* the words as written; see oci_mount_options() */
	size_t n_options;
	struct oci_id_mapping *uid_mappings;
	size_t n_uid_mappings;
	struct oci_id_mapping *gid_mappings;
	size_t n_gid_mappings;
};

enum oci_idmap {
	OCI_IDMAP_NONE,
	OCI_IDMAP,	     /* "idmap", or mappings without an option word */
	OCI_IDMAP_RECURSIVE, /* "ridmap" */
};

/* What the option words of one mount ask for. */
struct oci_mount_options {
	/*
	 * MS_* flags to set, and flags the user wants cleared; a later word wins, so no bit is
	 * in both. MS_BIND, MS_REC and MS_REMOUNT are in neither: they are the members below.
	 */
	uint64_t set, clear;
	bool bind;	/* "bind" or "rbind": the type is to be ignored */
	bool recursive; /* "rbind" */
	bool remount;
	/* MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE, with MS_REC for r-words; in order.
	 */
	uint32_t *propagation;
	size_t n_propagation;
	/* MOUNT_ATTR_* for one recursive mount_setattr(); both 0 when no r-word was given. */
	uint64_t attr_set, attr_clear;
	bool has_recursive_attributes; /* an r-word was given (rrelatime sets no bit at all) */
	enum oci_idmap idmap;
	bool tmpcopyup;
	bool copy_symlink, source_nofollow, target_nofollow; /* words of crun */
	const char *data; /* all other words joined by ","; NULL when there are none */
};

/*
 * Decode the option words of MOUNT. Pure; what *ret points to lives in ARENA. Fails only for
 * words that contradict the mount itself (ENOMEM aside): the kernel judges the data string.
 */
int oci_mount_options(const struct oci_mount *mount, struct oci_mount_options *ret,
	struct arena *arena, struct error *err);

/*
 * Make *PATH_OF absolute and free of ".", ".." and empty components, as if resolved below a
 * root without symbolic links. The result lives in ARENA.
 */
int oci_normal_path(const char *path, struct arena *arena, const char **ret, struct error *err);

/* The option words mayfly knows; features prints them. */
extern const struct name oci_mount_option_names[];

/* "shared", "rslave", … to MS_* (with MS_REC for r-words). */
extern const struct name oci_propagation_names[];

#endif
