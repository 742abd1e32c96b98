/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files. */
#include "runtime/sys/file.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <stdio.h>
#include <string.h>

enum { TEMPORARY_SIZE = 256 };

int file_write(int fd, const void *bytes, size_t length)
{
	const char *from = bytes;

	while (length) {
		ssize_t put = sys_write(fd, from, length);

		if (put < 0)
			return (int)put;
		from += put;
		length -= (size_t)put;
	}
	return 0;
}

ssize_t file_read_text(int fd, char *buffer, size_t size)
{
	size_t length = 0;

	while (length < size - 1) {
		ssize_t got = sys_read(fd, buffer + length, size - 1 - length);

		if (got < 0)
			return got;
		if (got == 0)
			break;
		length += (size_t)got;
	}
	buffer[length] = '\0';
	return (ssize_t)length;
}

ssize_t file_read_small(int dir, const char *path, char *buffer, size_t size)
{
	int AUTO_FD fd = sys_openat(dir, path, O_RDONLY | O_NOCTTY, 0);

	return fd < 0 ? fd : file_read_text(fd, buffer, size);
}

/* FD can be read, or has ended, before STOP can be read. */
static int await(int fd, int stop)
{
	struct pollfd pollers[] = {
		{.fd = fd, .events = POLLIN}, {.fd = stop, .events = POLLIN}};
	int done;

	do
		done = poll(pollers, 2, -1);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return -errno;
	return pollers[1].revents ? -ECANCELED : 0;
}

int file_read_fd(int fd, size_t limit, struct arena *arena, char **ret_bytes,
	size_t *ret_length, struct error *err)
{
	return file_read_fd_until(fd, -1, limit, arena, ret_bytes, ret_length, err);
}

int file_read_fd_until(int fd, int stop, size_t limit, struct arena *arena, char **ret_bytes,
	size_t *ret_length, struct error *err)
{
	size_t room = 64 * 1024, length = 0;
	char *bytes = arena_alloc(arena, room);

	for (;;) {
		if (!bytes)
			return fail(err, ENOMEM, "read %zu bytes", room);
		if (length == room - 1) {
			if (length >= limit)
				return fail(err, EFBIG, "more than %zu bytes", limit);
			bytes = arena_grow(arena, bytes, length, room * 2, 1);
			room *= 2;
			continue;
		}

		ssize_t got = stop < 0 ? 0 : await(fd, stop);

		if (got == 0)
			got = sys_read(fd, bytes + length, room - 1 - length);
		if (got < 0)
			return fail(err, (int)-got, "read");
		if (got == 0)
			break;
		length += (size_t)got;
	}
	if (length > limit)
		return fail(err, EFBIG, "more than %zu bytes", limit);
	bytes[length] = '\0';
	*ret_bytes = bytes;
	*ret_length = length;
	return 0;
}

int file_read(int dir, const char *path, size_t limit, struct arena *arena, char **ret_bytes,
	size_t *ret_length, struct error *err)
{
	/* O_NONBLOCK: a FIFO without a writer must not stop us; O_NOCTTY: nor a terminal grab
	 * us. */
	int AUTO_FD fd = sys_openat(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat info;

	if (fd < 0)
		return fail(err, -fd, "open \"%s\"", path);
	if (fstat(fd, &info) < 0)
		return fail(err, errno, "stat \"%s\"", path);
	if (!S_ISREG(info.st_mode))
		return fail(err, 0, "\"%s\" is not a regular file", path);
	if ((uint64_t)info.st_size > limit)
		return fail(err, EFBIG, "\"%s\" has more than %zu bytes", path, limit);

	/* A file of proc says 0 and has more; one that grows meanwhile is cut at its size. */
	size_t room = (info.st_size > 0 ? (size_t)info.st_size : limit) + 1, length = 0;
	char *bytes = arena_alloc(arena, room);

	if (!bytes)
		return fail(err, ENOMEM, "read \"%s\"", path);
	while (length < room - 1) {
		ssize_t got = sys_read(fd, bytes + length, room - 1 - length);

		if (got < 0)
			return fail(err, (int)-got, "read \"%s\"", path);
		if (got == 0)
			break;
		length += (size_t)got;
	}
	bytes[length] = '\0';
	*ret_bytes = bytes;
	*ret_length = length;
	return 0;
}

static int temporary_name(const char *name, char temporary[TEMPORARY_SIZE], struct error *err)
{
	if (snprintf(temporary, TEMPORARY_SIZE, ".%s.new", name) >= TEMPORARY_SIZE)
		return fail(err, ENAMETOOLONG, "write \"%s\"", name);
	return 0;
}

int file_write_aside(int dir, const char *name, mode_t mode, const void *bytes, size_t length,
	struct error *err)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
	char temporary[TEMPORARY_SIZE];

	if (temporary_name(name, temporary, err) < 0)
		return -1;

	int AUTO_FD fd = sys_openat(dir, temporary, flags, mode);

	/* The leftover of one that was killed. */
	if (fd == -EEXIST && unlinkat(dir, temporary, 0) == 0)
		fd = sys_openat(dir, temporary, flags, mode);

	if (fd < 0)
		return fail(err, -fd, "create \"%s\"", temporary);

	int done = file_write(fd, bytes, length);

	if (done < 0) {
		(void)unlinkat(dir, temporary, 0); /* the error to tell is the first one */
		return fail(err, -done, "write \"%s\"", name);
	}
	return 0;
}

int file_put_in_place(int dir, const char *name, struct error *err)
{
	char temporary[TEMPORARY_SIZE];

	if (temporary_name(name, temporary, err) < 0)
		return -1;

	int done = SYS_RESULT(renameat(dir, temporary, dir, name));

	if (done < 0) {
		(void)unlinkat(dir, temporary, 0); /* the error to tell is the first one */
		return fail(err, -done, "write \"%s\"", name);
	}
	return 0;
}

int file_replace(int dir, const char *name, mode_t mode, const void *bytes, size_t length,
	struct error *err)
{
	return file_write_aside(dir, name, mode, bytes, length, err) < 0
		       ? -1
		       : file_put_in_place(dir, name, err);
}

int file_create(int dir, const char *name, mode_t mode, const void *bytes, size_t length)
{
	int AUTO_FD fd = sys_openat(dir, ".", O_WRONLY | O_TMPFILE, mode);
	char self[32];

	if (fd < 0)
		return fd;

	int done = file_write(fd, bytes, length);

	if (done < 0)
		return done;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return SYS_RESULT(linkat(AT_FDCWD, self, dir, name, AT_SYMLINK_FOLLOW));
}
