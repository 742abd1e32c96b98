/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What killed `once` commands have left. Whoever runs one holds the lock of its directory as
 * long as it lives, so a directory whose lock can be had has nobody any more. Every command
 * that opens the state root looks; a root that never saw a `once` costs one call.
 */
#include "runtime/container/operation.h"

#include "oci/base/text.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include <dirent.h>
#include <string.h>
#include <sys/file.h>

static const char marker[] = ".once";
static const char prefix[] = "once-";
enum { ID_DIGITS = 16 };

static bool is_once(const char *name)
{
	return strncmp(name, prefix, sizeof(prefix) - 1) == 0 &&
	       strlen(name) == sizeof(prefix) - 1 + ID_DIGITS &&
	       text_consists_of(name + sizeof(prefix) - 1, "0123456789abcdef");
}

/*
 * Between mkdir and the lock a directory looks as if it had nobody. Those who make one share
 * the marker's lock meanwhile; whoever removes one without a record must have it alone.
 */
int store_announce(struct store *store, int *ret_fd, struct error *err)
{
	int AUTO_FD fd = sys_openat(store->fd, marker, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);

	if (fd < 0)
		return fail(err, -fd, "open \"%s\" of the state root", marker);
	while (flock(fd, LOCK_SH) < 0)
		if (errno != EINTR)
			return fail(err, errno, "lock \"%s\" of the state root", marker);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* The record says that it is one of ours, or there is none yet. */
static void remove_unowned(struct operation *operation, int announced)
{
	struct container *container = &operation->container;
	struct error err;

	if (container_lock(container, 0, &err) < 0)
		return;
	if (container->record && container->record->once)
		(void)operation_destroy(operation, &err);
	else if (!container->record && flock(announced, LOCK_EX | LOCK_NB) == 0)
		(void)container_forget(container, &err);
	(void)flock(announced, LOCK_UN);
}

static void sweep_one(const struct mayfly_global *global, struct store *store, const char *name,
	int announced)
{
	struct operation operation = {
		.global = global, .store = {.fd = store->fd, .path = store->path}};

	operation.container = (struct container){.store = &operation.store,
		.id = name,
		.dir = sys_openat(store->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0),
		.arena = &operation.arena};
	/* Most are somebody's, and then this is all. */
	if (operation.container.dir >= 0 &&
		flock(operation.container.dir, LOCK_EX | LOCK_NB) == 0)
		remove_unowned(&operation, announced);
	container_close(&operation.container);
	arena_free(&operation.arena);
}

void store_sweep(const struct mayfly_global *global, struct store *store)
{
	int AUTO_FD announced = sys_openat(store->fd, marker, O_RDWR | O_NOFOLLOW, 0);
	struct dirent *entry;
	DIR *dir;

	if (announced < 0)
		return;

	int fd = sys_openat(store->fd, ".", O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		if (is_once(entry->d_name))
			sweep_one(global, store, entry->d_name, announced);
	closedir(dir);
}
