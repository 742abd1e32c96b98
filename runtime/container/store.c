/* SPDX-License-Identifier: Apache-2.0 */
/* The state root, and one container's directory: directory, lock, record. */
#include "runtime/container/operation.h"

#include "oci/spec.h"

#include "runtime/cgroup/cgroup.h"
#include "runtime/host/host.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/self.h"
#include "runtime/sys/sys.h"
#include "runtime/sys/tree.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

static const char record_name[] = "mayfly.json";
static const char resources_name[] = "resources.json";

/* What a container's directory may hold beside the record and "notify"; nothing else is ever
 * removed. */
static const char *const our_names[] = {
	"start",
	"exec",
	"begun",
	"watch",
	"result.json",
	".result.json.new",
	"config.json",
	".config.json.new",
	resources_name,
	".resources.json.new",
	".mayfly.json.new",
};

/* What the decoder takes. */
enum { RECORD_LIMIT = OCI_BYTES_MAX };

/* ---- the root ---- */

char *mayfly_default_root(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	const char *user = getenv("USER");
	bool as_user = geteuid() != 0 ||
		       (!self_in_initial_user_namespace() && (!user || strcmp(user, "root")));
	char *root;

	if (!as_user || !runtime || !*runtime)
		return strdup("/run/mayfly");
	return asprintf(&root, "%s/mayfly", runtime) < 0 ? NULL : root;
}

/* mkdir -p of 0700; the sticky bit keeps cleaners of $XDG_RUNTIME_DIR away. */
static int make_directories(
	const char *path, bool sticky, struct arena *arena, struct error *err)
{
	char *copy = arena_text(arena, path);

	if (!copy)
		return fail(err, ENOMEM, "make \"%s\"", path);
	for (char *at = copy + 1;; at++) {
		char was = *at;

		if (was != '/' && was != '\0')
			continue;
		*at = '\0';
		if (mkdir(copy, 0700) < 0 && errno != EEXIST)
			return fail(err, errno,
				"make the directory \"%s\" for the state root (another: "
				"--root)",
				copy);
		*at = was;
		if (was == '\0')
			break;
	}
	if (sticky && chmod(path, 01700) < 0)
		return fail(err, errno, "chmod \"%s\"", path);
	return 0;
}

int store_open(struct store *store, const struct mayfly_global *global, bool create,
	struct arena *arena, struct error *err)
{
	bool given = global->root != NULL;
	struct stat info;

	store->fd = -1;
	if (given) {
		store->path = global->root;
	} else {
		char *root = mayfly_default_root();

		store->path = root ? arena_text(arena, root) : NULL;
		free(root);
	}
	if (!store->path)
		return fail(err, ENOMEM, "find the state root");
	if (!*store->path)
		return fail(err, 0, "--root: the path is empty");

	int AUTO_FD fd =
		sys_openat(AT_FDCWD, store->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

	if (fd == -ENOENT && create) {
		if (make_directories(store->path, !given && geteuid() != 0, arena, err) < 0)
			return -1;
		fd = sys_openat(AT_FDCWD, store->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	}
	if (fd == -ENOENT)
		return 0;
	if (fd == -ELOOP || fd == -ENOTDIR)
		return fail(err, -fd, "the state root \"%s\" must be a directory, not a link",
			store->path);
	if (fd < 0)
		return fail(
			err, -fd, "open the state root \"%s\" (another: --root)", store->path);
	if (fstat(fd, &info) < 0)
		return fail(err, errno, "stat \"%s\"", store->path);
	if (!strcmp(store->path, "/"))
		return fail(err, 0, "--root: \"/\" cannot be the state root");
	if (info.st_uid != geteuid())
		return fail(err, 0,
			"the state root \"%s\" belongs to user %u, not to us: be that user, or "
			"give another with --root",
			store->path, info.st_uid);
	if (info.st_mode & (S_IWGRP | S_IWOTH))
		return fail(err, 0,
			"the state root \"%s\" can be written by others: chmod go-w",
			store->path);
	store->fd = take_fd(&fd);
	store_sweep(global, store);
	return 0;
}

void store_close(struct store *store)
{
	fd_close(&store->fd);
}

/* ---- one container ---- */

static int lock_directory(int dir, int timeout_ms)
{
	int64_t deadline = fd_now_ms() + timeout_ms;
	struct timespec pause = {.tv_nsec = 1000000};

	while (flock(dir, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return -errno;
		if (fd_now_ms() >= deadline)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 16000000)
			pause.tv_nsec *= 2;
	}
	return 0;
}

int container_make(struct container *container, struct store *store, const char *id,
	struct arena *arena, struct error *err)
{
	struct stat info;

	*container = (struct container){.store = store, .id = id, .dir = -1, .arena = arena};
	if (mkdirat(store->fd, id, 0711) < 0)
		return errno == EEXIST
			       ? fail(err, 0, "container with given ID already exists: %s", id)
			       : fail(err, errno, "make the state directory of \"%s\"", id);

	int AUTO_FD dir = sys_openat(store->fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	int done = dir < 0 ? dir : lock_directory(dir, 0);

	/* A `delete --force` may have come between, and taken the empty directory for a
	 * leftover. */
	if (done == 0 && (fstat(dir, &info) < 0 || info.st_nlink == 0))
		done = -ENOENT;
	if (done < 0) {
		(void)unlinkat(store->fd, id, AT_REMOVEDIR); /* only when it is still empty */
		return fail(err, -done, "lock the state directory of \"%s\"", id);
	}
	container->dir = take_fd(&dir);
	return 0;
}

static int read_record(struct container *container, struct error *err)
{
	char *bytes;
	size_t length;

	container->record = NULL;
	if (file_read(container->dir, record_name, RECORD_LIMIT, container->arena, &bytes,
		    &length, err) < 0) {
		if (err->code == ENOENT)
			return 0;
		error_while(err, "read the record of \"%s\"", container->id);
		return -1;
	}
	if (record_parse(bytes, length, container->arena, &container->record, err) < 0) {
		error_while(err, "the record of \"%s\"", container->id);
		return -1;
	}
	return 0;
}

static int open_directory(struct container *container, struct store *store, const char *id,
	struct arena *arena, struct error *err)
{
	*container = (struct container){.store = store, .id = id, .dir = -1, .arena = arena};
	if (oci_id_check(id, err) < 0)
		return -1;
	if (store->fd < 0)
		return fail(err, NO_SUCH_CONTAINER, "container does not exist: %s", id);

	int AUTO_FD dir = sys_openat(store->fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

	if (dir == -ENOENT)
		return fail(err, NO_SUCH_CONTAINER, "container does not exist: %s", id);
	if (dir < 0)
		return fail(err, -dir, "open the state directory of \"%s\"", id);
	container->dir = take_fd(&dir);
	return 0;
}

int container_open(struct container *container, struct store *store, const char *id,
	struct arena *arena, struct error *err)
{
	if (open_directory(container, store, id, arena, err) < 0)
		return -1;
	if (read_record(container, err) < 0) {
		fd_close(&container->dir);
		return -1;
	}
	return 0;
}

int container_open_locked(struct container *container, struct store *store, const char *id,
	int timeout_ms, struct arena *arena, struct error *err)
{
	return open_directory(container, store, id, arena, err) < 0
		       ? -1
		       : container_lock(container, timeout_ms, err);
}

void container_close(struct container *container)
{
	fd_close(&container->dir);
}

int container_lock(struct container *container, int timeout_ms, struct error *err)
{
	struct stat info;
	int done = lock_directory(container->dir, timeout_ms);

	if (done == -ETIMEDOUT)
		return fail(err, 0,
			"container \"%s\" is busy: another mayfly command works on it",
			container->id);
	if (done < 0)
		return fail(err, -done, "lock the state directory of \"%s\"", container->id);
	if (fstat(container->dir, &info) == 0 && info.st_nlink == 0)
		return fail(
			err, NO_SUCH_CONTAINER, "container does not exist: %s", container->id);
	return read_record(container, err);
}

int container_unlock(struct container *container, struct error *err)
{
	if (flock(container->dir, LOCK_UN) < 0)
		return fail(err, errno, "unlock the state directory of \"%s\"", container->id);
	return 0;
}

int container_write_aside(struct container *container, struct error *err)
{
	/* Its own arena: the text is as long as the annotations, and written twice. */
	struct arena scratch = {0};
	const char *text;
	size_t length;
	int result = record_print(container->record, &scratch, &text, &length, err);

	/* A character may take six here and one in the config: what cannot be read again cannot
	 * be deleted. */
	if (result == 0 && length > RECORD_LIMIT)
		result = fail(err, EFBIG,
			"the annotations make a record of %zu bytes, and %d is the limit",
			length, RECORD_LIMIT);
	if (result == 0)
		result = file_write_aside(container->dir, record_name, 0600, text, length, err);
	arena_free(&scratch);
	return result;
}

int container_put_in_place(struct container *container, struct error *err)
{
	return file_put_in_place(container->dir, record_name, err);
}

int container_save(struct container *container, struct error *err)
{
	return container_write_aside(container, err) < 0
		       ? -1
		       : container_put_in_place(container, err);
}

/* Config and record, and no third: all there is of one that was started and never updated. The
 * buffer has room for more than these, so what does not fit is not the only one. */
static bool is_plain(int dir)
{
	_Alignas(struct dirent) char buffer[1024];
	const struct dirent *entry;
	long length = SYS_RESULT(syscall(SYS_getdents64, dir, buffer, sizeof(buffer)));

	for (long at = 0; at < length; at += entry->d_reclen) {
		entry = (const struct dirent *)(buffer + at);
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			strcmp(entry->d_name, "config.json") != 0 &&
			strcmp(entry->d_name, record_name) != 0)
			return false;
	}
	return length > 0;
}

static int remove_file(const struct container *container, const char *name, struct error *err)
{
	if (unlinkat(container->dir, name, 0) < 0 && errno != ENOENT)
		return fail(err, errno, "remove \"%s\" of \"%s\"", name, container->id);
	return 0;
}

/* Everything but the record. */
static int remove_all_else(const struct container *container, struct error *err)
{
	if (is_plain(container->dir))
		return remove_file(container, "config.json", err);
	for (size_t i = 0; i < sizeof(our_names) / sizeof(*our_names); i++)
		if (remove_file(container, our_names[i], err) < 0)
			return -1;
	/* Of the container's own mounts, which CAP_SYS_ADMIN makes writable. */
	int done = tree_remove(container->dir, "notify", OPERATION_TIMEOUT_MS);

	return done < 0 ? fail(err, -done, "remove \"notify\" of \"%s\"", container->id) : 0;
}

/* The record goes last: what has none, and is not empty, is nobody's to delete. */
int container_forget(struct container *container, struct error *err)
{
	if (remove_all_else(container, err) < 0 || remove_file(container, record_name, err) < 0)
		return -1;
	if (unlinkat(container->store->fd, container->id, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return fail(err, errno, "remove the state directory of \"%s\"", container->id);
	return 0;
}

bool container_of_this_boot(struct container *container)
{
	char boot_id[BOOT_ID_SIZE];

	if (!container->boot_known) {
		container->boot_known = true;
		container->other_boot = process_boot_id(boot_id) == 0 &&
					strcmp(boot_id, container->record->boot_id) != 0;
	}
	return !container->other_boot;
}

enum oci_status container_status(struct container *container, int *ret_pidfd)
{
	const struct record *record = container->record;
	struct stat info;

	if (ret_pidfd)
		*ret_pidfd = -1;
	if (!record)
		return OCI_STATUS_CREATING;
	/* A root that outlives a reboot: the pid belongs to somebody else now. */
	if (!container_of_this_boot(container))
		return OCI_STATUS_STOPPED;
	if (record->phase == RECORD_CREATING)
		return OCI_STATUS_CREATING;

	const struct process_id id = record_process(record);
	int AUTO_FD pidfd = process_open(&id);

	if (pidfd < 0)
		return OCI_STATUS_STOPPED;
	if (ret_pidfd)
		*ret_pidfd = take_fd(&pidfd);

	struct host host;
	struct cgroup cgroup;
	struct error ignored; /* without a cgroup it cannot be paused */
	bool frozen = false;

	host_probe_cgroup(&host);
	if (record->cgroup && container_cgroup(container, &host, &cgroup, &ignored) == 0) {
		frozen = cgroup_is_frozen(&cgroup);
		cgroup_close(&cgroup);
	}
	if (frozen)
		return OCI_STATUS_PAUSED;
	return fstatat(container->dir, "start", &info, AT_SYMLINK_NOFOLLOW) == 0
		       ? OCI_STATUS_CREATED
		       : OCI_STATUS_RUNNING;
}

/* What `update` has made of linux.resources; the rules for devices are still the config's. */
static int read_resources(struct container *container, struct oci_spec *spec, struct error *err)
{
	struct oci_resources *resources;
	struct stat info;
	char *bytes;
	size_t length;

	if (fstatat(container->dir, resources_name, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail(err, errno, "stat \"%s\"", resources_name);
	if (file_read(container->dir, resources_name, OCI_BYTES_MAX, container->arena, &bytes,
		    &length, err) < 0 ||
		oci_resources_parse(bytes, length, container->arena, &resources, err) < 0)
		return -1;
	if (spec->linux->resources) {
		resources->devices = spec->linux->resources->devices;
		resources->n_devices = spec->linux->resources->n_devices;
	}
	spec->linux->resources = resources;
	return 0;
}

int container_save_resources(
	struct container *container, const struct oci_resources *resources, struct error *err)
{
	const char *text;
	size_t length;

	if (oci_resources_print(resources, container->arena, &text, &length, err) < 0)
		return -1;
	return file_replace(container->dir, resources_name, 0600, text, length, err);
}

int container_config(struct container *container, struct oci_spec **ret, struct error *err)
{
	char *bytes;
	size_t length;

	if (file_read(container->dir, "config.json", OCI_BYTES_MAX, container->arena, &bytes,
		    &length, err) < 0 ||
		oci_spec_parse(bytes, length, container->arena, ret, err) < 0 ||
		read_resources(container, *ret, err) < 0) {
		error_while(err, "the saved config of \"%s\"", container->id);
		return -1;
	}
	return 0;
}

int container_cgroup(struct container *container, const struct host *host, struct cgroup *ret,
	struct error *err)
{
	*ret = (struct cgroup){.fd = -1, .mount = -1};
	if (!container->record || !container->record->cgroup)
		return fail(err, ENOENT, "container \"%s\" has no cgroup", container->id);
	return cgroup_open(ret, host, container->record->cgroup, err);
}
