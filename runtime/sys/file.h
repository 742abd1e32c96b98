/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files of the host: the bundle's and our own state, never the image's. */
#ifndef MAYFLY_FILE_H
#define MAYFLY_FILE_H

#include "oci/base/arena.h"
#include "oci/base/error.h"

#include <sys/types.h>

/*
 * Read a regular file of at most LIMIT bytes into ARENA, with a NUL after it that *ret_length
 * does not count. A FIFO, device or directory is an error at once, never a wait. PATH is
 * relative to DIR.
 */
int file_read(int dir, const char *path, size_t limit, struct arena *arena, char **ret_bytes,
	size_t *ret_length, struct error *err);

/* The same from an open descriptor of any kind until end-of-file (stdin). */
int file_read_fd(int fd, size_t limit, struct arena *arena, char **ret_bytes,
	size_t *ret_length, struct error *err);

/* The same, but ECANCELED as soon as STOP, a descriptor or -1, can be read. */
int file_read_fd_until(int fd, int stop, size_t limit, struct arena *arena, char **ret_bytes,
	size_t *ret_length, struct error *err);

/*
 * Put BYTES in place of DIR's file NAME, whole or not at all: a new file of mode MODE, then
 * rename(2). No fsync: state lives on tmpfs. A leftover of a killed writer is overwritten.
 */
int file_replace(int dir, const char *name, mode_t mode, const void *bytes, size_t length,
	struct error *err);

/* Its two halves, for who has time before the second. */
int file_write_aside(int dir, const char *name, mode_t mode, const void *bytes, size_t length,
	struct error *err);
int file_put_in_place(int dir, const char *name, struct error *err);

/*
 * Make DIR's file NAME, whole or not at all, and leave nothing behind when we are killed: the
 * file has no name until it is complete. 0, -EEXIST, or another -errno where the file system
 * cannot do it (-EOPNOTSUPP …).
 */
int file_create(int dir, const char *name, mode_t mode, const void *bytes, size_t length);

/* All of BYTES, in as many writes as that takes: 0 or -errno. */
int file_write(int fd, const void *bytes, size_t length);

/* The start of a file, at most SIZE - 1 bytes, into BUFFER with a NUL: its length or -errno. */
ssize_t file_read_text(int fd, char *buffer, size_t size);

/* The same of a small file by name, such as one of proc's. */
ssize_t file_read_small(int dir, const char *path, char *buffer, size_t size);

#endif
