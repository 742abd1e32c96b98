/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one opener of names inside a container's root; see path.h for the rules. Runs in the
 * child, with umask 0, so that what is created has exactly the mode that is asked for.
 */
#include "runtime/sys/path.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

/* openat2 answers EAGAIN when a rename anywhere on the machine races with a "..". */
enum { RETRIES = 64 };
/* As many as the kernel itself follows; only dangling links are followed here. */
enum { LINKS_MAX = 40 };

static const char *relative(const char *path)
{
	while (*path == '/')
		path++;
	return *path ? path : ".";
}

static uint64_t resolve_flags(unsigned int flags)
{
	uint64_t resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

	if (flags & PATH_NO_SYMLINKS)
		resolve |= RESOLVE_NO_SYMLINKS;
	if (flags & PATH_NO_XDEV)
		resolve |= RESOLVE_NO_XDEV;
	return resolve;
}

static int open_again(int dir, const char *path, const struct open_how *how)
{
	int fd = -EAGAIN;

	for (int i = 0; i < RETRIES && (fd == -EAGAIN || fd == -EINTR); i++)
		fd = sys_openat2(dir, path, how);
	return fd;
}

/*
 * 0, or the errno that says what is wrong with the kind of FD. With O_PATH|O_NOFOLLOW the open
 * of a symlink succeeds, and move_mount() would even attach to it: so symlinks are never right.
 * Without O_NOFOLLOW the kernel never answers with one, and O_DIRECTORY was its own check.
 */
static int check_type(int fd, enum path_type type, int flags)
{
	struct stat info;

	if (!(flags & O_NOFOLLOW) && type != PATH_NOT_DIRECTORY)
		return 0;
	if (fstat(fd, &info) < 0)
		return errno;
	if (S_ISLNK(info.st_mode))
		return ELOOP;
	if (type == PATH_DIRECTORY && !S_ISDIR(info.st_mode))
		return ENOTDIR;
	if (type == PATH_NOT_DIRECTORY && S_ISDIR(info.st_mode))
		return EISDIR;
	return 0;
}

/* An O_PATH descriptor of the right kind, or -errno. */
static int open_typed(
	int dir, const char *path, enum path_type type, int flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(O_PATH | O_CLOEXEC | flags), .resolve = resolve};

	/* With O_NOFOLLOW it would say ENOTDIR of a symlink, which is ELOOP here. */
	if (type == PATH_DIRECTORY && !(flags & O_NOFOLLOW))
		how.flags |= O_DIRECTORY;

	int AUTO_FD fd = open_again(dir, path, &how);

	if (fd < 0)
		return fd;

	int wrong = check_type(fd, type, flags);

	return wrong ? -wrong : take_fd(&fd);
}

int path_open(
	int root, const char *path, enum path_type type, unsigned int flags, struct error *err)
{
	int fd = open_typed(root, relative(path), type, 0, resolve_flags(flags));

	if (fd < 0)
		return fail(err, -fd, "open \"%s\" in the container's root", path);
	return fd;
}

/* One creation: the text still to resolve, and what the image or a peer may cost us. */
struct creation {
	char path[PATH_MAX]; /* relative to the root */
	char link[PATH_MAX];
	int root;
	unsigned int flags;
	enum path_type type; /* of the last component */
	int made, restarts;
};

/*
 * Open the longest prefix of the path that exists as a directory. *ret_rest is the offset of
 * the first component that is missing; it is 0 when even the first one is.
 */
static int open_prefix(struct creation *creation, size_t *ret_rest)
{
	char *path = creation->path;
	size_t end = strlen(path);

	for (;;) {
		while (end > 0 && path[end - 1] != '/')
			end--; /* drop the component */
		*ret_rest = end;
		while (end > 0 && path[end - 1] == '/')
			end--;
		if (end == 0)
			return open_typed(creation->root, ".", PATH_DIRECTORY, 0,
				resolve_flags(creation->flags));

		char kept = path[end];
		int fd;

		path[end] = '\0';
		fd = open_typed(creation->root, path, PATH_DIRECTORY, 0,
			resolve_flags(creation->flags));
		path[end] = kept;
		if (fd != -ENOENT)
			return fd;
	}
}

/*
 * NAME in DIR is a symlink that leads to nothing: put its target in its place in the text.
 * START is the name's offset in the path, END the offset after it.
 */
static int substitute_link(
	struct creation *creation, int dir, const char *name, size_t start, size_t end)
{
	ssize_t length;
	int prefix;

	if (creation->flags & PATH_NO_SYMLINKS)
		return -ELOOP;
	length = SYS_RESULT(readlinkat(dir, name, creation->link, sizeof(creation->link)));
	if (length == -EINVAL)
		return 0; /* a peer just put something else there: look again */
	if (length < 0)
		return length;
	if ((size_t)length >= sizeof(creation->link))
		return -ENAMETOOLONG;
	creation->link[length] = '\0';

	const char *rest = creation->path + end;
	size_t rest_length = strlen(rest);

	prefix = creation->link[0] == '/' ? 0 : (int)start;
	if (prefix + (size_t)length + rest_length >= sizeof(creation->path))
		return -ENAMETOOLONG;
	memmove(creation->path + prefix + length, rest, rest_length + 1);
	memcpy(creation->path + prefix, creation->link, length);

	size_t skip = strspn(creation->path, "/");

	memmove(creation->path, creation->path + skip, strlen(creation->path + skip) + 1);
	return 0;
}

/*
 * Make NAME in DIR unless a peer does at the same time, and open what is there then. -EAGAIN:
 * it is a symlink, so the whole path must be looked at again.
 */
static int make_one(struct creation *creation, int dir, const char *name, bool last)
{
	bool file = last && creation->type == PATH_NOT_DIRECTORY;
	int made, fd;

	if (++creation->made > PATH_CREATE_MAX)
		return -ENAMETOOLONG;
	made = file ? SYS_RESULT(mknodat(dir, name, S_IFREG | 0644, 0))
		    : SYS_RESULT(mkdirat(dir, name, 0755));
	if (made < 0 && made != -EEXIST)
		return made;
	fd = open_typed(dir, name, file ? PATH_NOT_DIRECTORY : PATH_DIRECTORY, O_NOFOLLOW,
		RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
	return fd == -ELOOP ? -EAGAIN : fd;
}

/* What is missing below DIR, from the offset AT on. The last descriptor, or -errno. */
static int make_rest(struct creation *creation, int dir, size_t at)
{
	int AUTO_FD below = dir;

	for (;;) {
		char name[PATH_NAME_MAX];
		size_t start = at + strspn(creation->path + at, "/");
		size_t length = strcspn(creation->path + start, "/");
		size_t end = start + length;
		bool last = creation->path[end + strspn(creation->path + end, "/")] == '\0';

		if (length >= sizeof(name))
			return -ENAMETOOLONG;
		memcpy(name, creation->path + start, length);
		name[length] = '\0';
		/* What is before it exists now, so the kernel can resolve it. */
		if (length == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			return -EAGAIN;

		int fd = make_one(creation, below, name, last);

		if (fd == -EAGAIN) {
			int done = substitute_link(creation, below, name, start, end);

			return done < 0 ? done : -EAGAIN;
		}
		if (fd < 0 || last)
			return fd;
		fd_close(&below);
		below = fd;
		at = end;
	}
}

/* Not part of path_create(): most targets exist, and these buffers would be zeroed for nothing.
 */
static __attribute__((noinline)) int create_missing(
	int root, const char *path, enum path_type type, unsigned int flags)
{
	struct creation creation = {.root = root, .flags = flags, .type = type};
	size_t length = strlen(path);
	int fd;

	/* A slash at the end would ask for a directory, which TYPE has already decided. */
	while (length > 0 && path[length - 1] == '/')
		length--;
	if (length >= sizeof(creation.path))
		return -ENAMETOOLONG;
	memcpy(creation.path, path, length);
	do {
		size_t rest;

		if (creation.restarts++ >= LINKS_MAX)
			return -ELOOP;
		fd = open_prefix(&creation, &rest);
		if (fd < 0)
			return fd;
		fd = make_rest(&creation, fd, rest);
		if (fd == -EAGAIN)
			fd = open_typed(root, creation.path, type, 0, resolve_flags(flags));
	} while (fd == -ENOENT);
	return fd;
}

int path_open_or_create(int root, const char *path, enum path_type type, unsigned int flags,
	bool *ret_existed, struct error *err)
{
	int fd = open_typed(root, relative(path), type, 0, resolve_flags(flags));

	*ret_existed = fd >= 0;
	if (fd == -ENOENT)
		fd = create_missing(root, relative(path), type, flags);
	if (fd < 0)
		return fail(err, -fd, "create \"%s\" in the container's root", path);
	return fd;
}

int path_create(
	int root, const char *path, enum path_type type, unsigned int flags, struct error *err)
{
	bool ignored;

	return path_open_or_create(root, path, type, flags, &ignored, err);
}

int path_create_parent(int root, const char *path, unsigned int flags, char name[PATH_NAME_MAX],
	struct error *err)
{
	char parent[PATH_MAX];
	const char *from = relative(path);
	size_t length = strlen(from);
	size_t start;

	while (length > 0 && from[length - 1] == '/')
		length--;
	for (start = length; start > 0 && from[start - 1] != '/'; start--)
		;
	if (length - start >= PATH_NAME_MAX || start >= sizeof(parent))
		return fail(err, ENAMETOOLONG, "create \"%s\" in the container's root", path);
	memcpy(name, from + start, length - start);
	name[length - start] = '\0';
	if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return fail(err, EINVAL, "\"%s\" does not name a file", path);
	memcpy(parent, from, start);
	parent[start] = '\0';
	return path_create(root, parent, PATH_DIRECTORY, flags, err);
}

int path_open_knob(int dir, const char *path, int flags, long magic)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	struct statfs fs;

	/* Only proc has symlinks that we need, and all of them stay in it: self, net, mounts.
	 */
	if (magic != FS_PROC)
		how.resolve |= RESOLVE_NO_SYMLINKS;

	int AUTO_FD fd = open_again(dir, relative(path), &how);

	if (fd < 0)
		return fd;
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	if ((unsigned long)fs.f_type != (unsigned long)magic)
		return -EXDEV;
	return take_fd(&fd);
}

int path_write_knob(int dir, const char *path, const char *text, long magic)
{
	int AUTO_FD fd = path_open_knob(dir, path, O_WRONLY, magic);
	size_t length = strlen(text);

	if (fd < 0)
		return fd;

	ssize_t put = sys_write(fd, text, length);

	if (put < 0)
		return put;
	return (size_t)put == length ? 0 : -EIO;
}
