/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes in and out: standard input, files that are there before the program runs, files that
 * are taken when it has ended. Inside the container everything is done with the program's own
 * user as fsuid, so nothing can be put or read here that the program could not.
 */
#include "runtime/container/once.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/path.h"
#include "runtime/sys/sys.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>

enum { FILE_BYTES_MAX = 64 * 1024 * 1024, COLLECT_DEFAULT = 1024 * 1024 };

/* ---- where bytes come from ---- */

/*
 * What mayfly holds itself (its state, its pipes, the results of a batch) has numbers, too, and
 * is not the request's to name.
 */
static int check_given(const struct oci_data *data, struct error *err)
{
	uint32_t fd = data->fd.value;

	if (!data->fd.set || operation_was_given((int)fd))
		return 0;
	error_set(err, 0, "%" PRIu32 " is not a descriptor that mayfly was started with", fd);
	return fail_in(err, "fd");
}

int once_check_descriptors(const struct once *once, struct error *err)
{
	const struct oci_request *request = once->request;

	if (request->input && check_given(request->input, err) < 0)
		return fail_in(err, "stdin");
	for (size_t i = 0; i < request->n_files; i++)
		if (check_given(&request->files[i].data, err) < 0)
			return fail_in(err, "files[%zu]", i);
	return 0;
}

/* While the container is made, its descriptors are in the place of the caller's first three. */
static int of_caller(const struct once *once, const struct oci_data *data)
{
	int fd = (int)data->fd.value;

	return fd <= STDERR_FILENO && once->stdio[fd] >= 0 ? once->stdio[fd] : fd;
}

static int read_data(struct once *once, const struct oci_data *data, const char **ret,
	size_t *ret_length, struct error *err)
{
	struct arena *arena = &once->birth.operation.arena;
	char *bytes;

	*ret = data->bytes;
	*ret_length = data->length;
	if (data->bytes)
		return 0;
	if (data->path) {
		if (file_read(AT_FDCWD, data->path, FILE_BYTES_MAX, arena, &bytes, ret_length,
			    err) < 0)
			return -1;
	} else {
		/* Nobody may ever write into a pipe, and there is no deadline yet. */
		int AUTO_FD stop = watch_open_signals();

		if (stop < 0)
			return fail(err, -stop, "listen to signals");
		if (file_read_fd_until(of_caller(once, data), stop, FILE_BYTES_MAX, arena,
			    &bytes, ret_length, err) < 0)
			return fail_in(err, "fd");
	}
	*ret = bytes;
	return 0;
}

/* A file without a name that the program reads from its start, and that nobody can write to. */
static int input_of_bytes(const char *bytes, size_t length, struct error *err)
{
	const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
	int AUTO_FD memory = sys_memfd_create("stdin", MFD_ALLOW_SEALING);
	int done = memory < 0 ? memory : file_write(memory, bytes, length);

	if (done == 0)
		done = SYS_RESULT(fcntl(memory, F_ADD_SEALS, seals));
	if (done >= 0)
		done = (int)SYS_RESULT(lseek(memory, 0, SEEK_SET));
	return done < 0 ? fail(err, -done, "keep the input") : take_fd(&memory);
}

/*
 * A directory on descriptor 0 is a way out of the container (/proc/self/fd/0/..), and nothing
 * that can be mounted or written to a disk is an input.
 */
static int check_input(int fd, struct error *err)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat info;

	if (flags < 0 || fstat(fd, &info) < 0)
		return fail(err, errno, "look at the input");
	if (S_ISDIR(info.st_mode) || S_ISBLK(info.st_mode))
		return fail(err, EINVAL,
			"the input is a directory or a disk: name a file, a "
			"pipe, a socket or a character device");
	if (flags & O_PATH)
		return fail(err, EBADF, "the input cannot be read: it is open as a place only");
	if ((flags & O_ACCMODE) == O_WRONLY)
		return fail(
			err, EBADF, "the input cannot be read: it is open for writing only");
	return 0;
}

int once_open_input(struct once *once, struct error *err)
{
	const struct oci_data *data = once->request->input;

	if (!data && !once->keep_output)
		return 0; /* ours */
	if (!data)
		once->input = sys_openat(AT_FDCWD, "/dev/null", O_RDONLY, 0);
	else if (data->path)
		/* A FIFO without a writer would hold us up before there is a deadline. */
		once->input =
			sys_openat(AT_FDCWD, data->path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
	else if (data->fd.set)
		once->input = SYS_RESULT(fcntl((int)data->fd.value, F_DUPFD_CLOEXEC, 3));
	else
		return (once->input = input_of_bytes(data->bytes, data->length, err)) < 0 ? -1
											  : 0;
	if (once->input < 0) {
		error_set(err, -once->input, "open the input");
		return fail_in(err, "stdin");
	}
	if (data && check_input(once->input, err) < 0)
		return fail_in(err, "stdin");
	if (data && data->path && fcntl(once->input, F_SETFL, 0) < 0)
		return fail(err, errno, "wait for the input");
	return 0;
}

/* ---- where they go ---- */

static int open_root(struct once *once, const char *what, int flags, struct error *err)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", once->birth.launch.pid, what);
	fd = sys_openat(AT_FDCWD, path, flags, 0);
	/* What was opened is our child's as long as nobody has reaped it, and that is us. */
	return fd < 0 ? fail(err, -fd, "open %s of the container", what) : fd;
}

/* A path of the request as one from the container's root. */
static const char *from_root(struct once *once, const char *path)
{
	const char *cwd = once->birth.spec->process->cwd;

	if (path[0] == '/')
		return path;
	return arena_format(&once->birth.operation.arena, "%s/%s", cwd, path);
}

/* ---- in ---- */

static int put_file(
	struct once *once, int root, const struct oci_request_file *file, struct error *err)
{
	char name[PATH_NAME_MAX];
	const char *path = from_root(once, file->path), *bytes;
	size_t length;

	if (!path)
		return fail(err, ENOMEM, "read the request");
	if (once_check_place(once, root, path, err) < 0)
		return fail_in(err, "path");

	int AUTO_FD dir = path_create_parent(root, path, PATH_NO_SYMLINKS, name, err);

	if (dir < 0)
		return fail_in(err, "path");

	int AUTO_FD fd = sys_openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);

	if (fd < 0) {
		error_set(err, -fd, "make \"%.200s\"", path);
		return fail_in(err, "path");
	}
	/* What the caller may read is asked with the caller's own rights. */
	once_become_ourselves(once);
	if (read_data(once, &file->data, &bytes, &length, err) < 0 ||
		once_become_program(once, err) < 0)
		return -1;

	int done = file_write(fd, bytes, length);

	if (done < 0)
		return fail(err, -done, "write \"%.200s\"", path);
	if (fchmod(fd, file->mode.set ? file->mode.value : 0644) < 0)
		return fail(err, errno, "chmod \"%.200s\"", path);
	return 0;
}

static int put_all(struct once *once, int root, struct error *err)
{
	const struct oci_request *request = once->request;

	for (size_t i = 0; i < request->n_files; i++)
		if (put_file(once, root, &request->files[i], err) < 0)
			return fail_in(err, "files[%zu]", i);
	return 0;
}

int once_put_files(struct once *once, struct error *err)
{
	int result;

	if (once->request->n_files == 0)
		return 0;

	int AUTO_FD root = open_root(once, "root", O_PATH | O_DIRECTORY, err);

	if (root < 0)
		return fail_in(err, "files");
	result = once_become_program(once, err);
	if (result == 0)
		result = put_all(once, root, err);
	once_become_ourselves(once);
	return result;
}

/* ---- out ---- */

/* When everybody in it is gone, a mount namespace goes, and with it the way to its tmpfs. */
int once_hold_root(struct once *once, struct error *err)
{
	if (once->request->n_collect == 0)
		return 0;
	once->mounts = open_root(once, "ns/mnt", O_RDONLY, err);
	if (once->mounts >= 0)
		once->root = open_root(once, "root", O_PATH | O_DIRECTORY, err);
	return once->root < 0 ? fail_in(err, "collect") : 0;
}

/* Its size is told where it can be: without root the container may not be looked into. */
void once_hold_tmp(struct once *once)
{
	struct error ignored;
	int AUTO_FD root = open_root(once, "root", O_PATH | O_DIRECTORY, &ignored);
	int AUTO_FD tmp =
		root < 0 ? -1
			 : path_open(root, "/tmp", PATH_DIRECTORY, PATH_NO_SYMLINKS, &ignored);

	if (tmp >= 0 && once_has_tmp(once))
		once->tmp = take_fd(&tmp);
}

void once_measure_tmp(struct once *once)
{
	struct result *result = &once->result;
	struct statfs fs;

	if (once->tmp < 0 || fstatfs(once->tmp, &fs) < 0)
		return;
	result->tmp_used = (struct opt_u64){
		true, (uint64_t)(fs.f_blocks - fs.f_bfree) * (uint64_t)fs.f_bsize};
	/* Without a limit both are 0. */
	result->facts.disk_full =
		(fs.f_blocks > 0 && fs.f_bfree == 0) || (fs.f_files > 0 && fs.f_ffree == 0);
}

static int open_collected(struct once *once, const char *path, struct error *err)
{
	char name[32];
	struct stat info;

	/* O_PATH: a fifo, a device or a dead FUSE is looked at, never waited for. */
	int AUTO_FD found = path_open(once->root, path, PATH_NOT_DIRECTORY, 0, err);

	if (found < 0)
		return -1;
	if (once_check_source(found, err) < 0)
		return -1;
	if (fstat(found, &info) < 0 || !S_ISREG(info.st_mode))
		return fail(err, 0, "not a plain file");
	snprintf(name, sizeof(name), "/proc/self/fd/%d", found);

	int fd = sys_openat(AT_FDCWD, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

	return fd < 0 ? fail(err, -fd, "open it") : fd;
}

static int read_collected(
	struct once *once, int fd, uint64_t most, struct result_file *ret, struct error *err)
{
	struct arena *arena = &once->birth.operation.arena;
	struct stat info;
	char *bytes;
	char one;

	if (fstat(fd, &info) < 0)
		return fail(err, errno, "look at it");

	uint64_t size = (uint64_t)info.st_size < most ? (uint64_t)info.st_size : most;

	bytes = arena_alloc(arena, size + 1);
	if (!bytes)
		return fail(err, ENOMEM, "read it");
	while (ret->bytes < size) {
		ssize_t got = sys_read(fd, bytes + ret->bytes, size - ret->bytes);

		if (got < 0)
			return fail(err, (int)-got, "read it");
		if (got == 0)
			break;
		ret->bytes += (uint64_t)got;
	}
	ret->truncated = sys_read(fd, &one, 1) == 1;
	ret->data = bytes;
	ret->data_length = ret->bytes;
	return 0;
}

/* Where the command line said, with the caller's own rights. */
static int put_on_host(const char *to, struct result_file *file, struct error *err)
{
	int AUTO_FD fd =
		sys_openat(AT_FDCWD, to, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, 0644);
	int done = fd < 0 ? fd : file_write(fd, file->data, file->data_length);

	if (done < 0)
		return fail(err, -done, "write \"%.200s\"", to);
	file->data = NULL;
	return 0;
}

static int collect_one(struct once *once, const struct oci_collect *wanted,
	struct result_file *ret, struct error *err)
{
	uint64_t most = wanted->max_bytes.set ? wanted->max_bytes.value : COLLECT_DEFAULT;
	const char *path = from_root(once, wanted->path);
	int result = -1;

	if (!path || once_become_program(once, err) < 0)
		return -1;

	int AUTO_FD fd = open_collected(once, path, err);

	if (fd >= 0)
		result = read_collected(once, fd, most, ret, err);
	once_become_ourselves(once);
	if (result < 0)
		return -1;
	ret->found = true;
	if (!wanted->to)
		return 0;
	return put_on_host(wanted->to, ret, err);
}

int once_collect(struct once *once, struct error *err)
{
	const struct oci_request *request = once->request;
	struct arena *arena = &once->birth.operation.arena;
	struct result_file *files = arena_array(arena, request->n_collect, sizeof(*files));

	if (!files && request->n_collect)
		return fail(err, ENOMEM, "collect the files");
	for (size_t i = 0; i < request->n_collect; i++) {
		struct error why = {0};
		char line[1024];

		files[i].path = request->collect[i].path;
		if (collect_one(once, &request->collect[i], &files[i], &why) == 0 ||
			(request->collect[i].optional && why.code == ENOENT))
			continue;
		error_print(&why, line, sizeof(line));
		files[i].error = arena_text(arena, line);
	}
	once->result.files = files;
	once->result.n_files = request->n_collect;
	return 0;
}
