/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one opener: the only functions that may name something inside a container's root.
 *
 * Every name is resolved by openat2(2) with RESOLVE_IN_ROOT|RESOLVE_NO_MAGICLINKS against a
 * descriptor of the root, so that a symlink of the image, absolute or not, ends inside the
 * image. What is found is held by an O_PATH descriptor, its type checked, and used through that
 * descriptor only; nothing is ever looked up twice. Things are created under a parent
 * descriptor with a single name and exclusively.
 *
 * Safe between clone() and exec. Paths are relative to ROOT; leading slashes are ignored.
 */
#ifndef MAYFLY_PATH_H
#define MAYFLY_PATH_H

#include "oci/base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum path_type {
	PATH_ANY,
	PATH_DIRECTORY,
	PATH_NOT_DIRECTORY, /* a file of any other type, but never a symlink */
};

enum path_flags {
	/* /proc, /sys and /dev: a symlink anywhere on the way is an error, not followed. */
	PATH_NO_SYMLINKS = 1 << 0,
	/* Stay on the file system (mount) of ROOT. */
	PATH_NO_XDEV = 1 << 1,
};

/* How many missing components a single call may create. */
enum { PATH_CREATE_MAX = 64 };

/*
 * Open what PATH names inside ROOT as an O_PATH descriptor, or -1 with *err: ENOENT, ENOTDIR,
 * EISDIR, ELOOP … in err->code. openat2 answers EAGAIN when a rename races with "..": tried
 * again at most 64 times.
 */
int path_open(
	int root, const char *path, enum path_type type, unsigned int flags, struct error *err);

/* The same, and missing components are made: directories of mode 0755, and for
 * PATH_NOT_DIRECTORY an empty regular file 0644 at the end. A race with a peer that creates the
 * same name is not an error; one that swaps the kind is. */
int path_create(
	int root, const char *path, enum path_type type, unsigned int flags, struct error *err);

/* The same, and whether it was there. */
int path_open_or_create(int root, const char *path, enum path_type type, unsigned int flags,
	bool *ret_existed, struct error *err);

/*
 * The parent directory of PATH as a descriptor (made when missing), and its last component in
 * NAME. For mknodat, symlinkat and unlinkat, which never follow the last component. "/", "."
 * and
 * ".." have none: EINVAL.
 */
enum { PATH_NAME_MAX = 256 };
int path_create_parent(int root, const char *path, unsigned int flags, char name[PATH_NAME_MAX],
	struct error *err);

/* Open a file below DIR for reading or writing (O_RDONLY, O_WRONLY …) that must be on a file
 * system of type MAGIC (FS_PROC, FS_CGROUP2): no symlink but the "self" ones of proc, no mount
 * crossed. For knobs of proc and cgroup. -errno. */
int path_open_knob(int dir, const char *path, int flags, long magic);

/* Write TEXT to such a file in one write(2). -errno. */
int path_write_knob(int dir, const char *path, const char *text, long magic);

#endif
