/* SPDX-License-Identifier: Apache-2.0 */
/* state and list: the OCI state object. */
#include "runtime/container/monitor.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/restrain.h"
#include "runtime/sys/sys.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* While there is a monitor, what it has written is only its will. */
static const char *verdict_of(const struct container *container, enum oci_status status)
{
	int AUTO_FD monitor = -1;

	if (!container->record->watched || status != OCI_STATUS_STOPPED)
		return NULL;
	monitor = monitor_find(container->dir);
	return monitor >= 0 ? NULL : result_read(container->dir, container->arena);
}

static struct oci_state state_of(struct container *container)
{
	const struct record *record = container->record;
	int AUTO_FD pidfd = -1;
	struct oci_state state = {
		.oci_version = OCI_VERSION,
		.id = container->id,
		.status = container_status(container, &pidfd),
	};

	if (!record)
		return state;
	state.pid = pidfd >= 0 ? (int32_t)record->pid : 0;
	state.bundle = record->bundle;
	state.rootfs = record->rootfs;
	state.created = record->created;
	state.annotations = record->annotations;
	state.n_annotations = record->n_annotations;
	state.owner = "";
	state.result = verdict_of(container, state.status);
	return state;
}

static int print_state(struct container *container, const char **ret, struct error *err)
{
	const struct oci_state state = state_of(container);

	if (!container->record)
		return fail(
			err, NO_SUCH_CONTAINER, "container does not exist: %s", container->id);
	return oci_state_print(&state, OCI_STATE_PRETTY, container->arena, ret, err);
}

int mayfly_state(
	const struct mayfly_global *global, const char *id, char **ret_json, struct error *err)
{
	struct operation operation;
	const char *text;
	int result = -1;

	if (operation_open(&operation, global, id, err) == 0) {
		restrain_to(NULL, 0, false);
		if (print_state(&operation.container, &text, err) == 0)
			result = operation_text(text, true, ret_json, err);
	}
	operation_close(&operation);
	return result;
}

/* ---- list ---- */

static int compare_entries(const void *a, const void *b)
{
	return strcmp(
		((const struct mayfly_entry *)a)->id, ((const struct mayfly_entry *)b)->id);
}

void mayfly_list_free(struct mayfly_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(entries[i].id);
		free(entries[i].bundle);
		free(entries[i].created);
		free(entries[i].owner);
		free(entries[i].json);
	}
	free(entries);
}

/* The number, in words only where a static binary can know them without NSS: root. */
static char *owner_name(uint32_t uid)
{
	char *name;

	if (uid == 0)
		return strdup("root");
	return asprintf(&name, "#%u", uid) < 0 ? NULL : name;
}

static int fill_entry(
	struct container *container, struct mayfly_entry *entry, struct error *err)
{
	struct oci_state state = state_of(container);
	char *owner = owner_name(container->record->owner);
	const char *text;

	entry->owner = owner;
	state.owner = owner;
	if (oci_state_print(&state, OCI_STATE_LINE, container->arena, &text, err) < 0)
		return -1;
	entry->json = strdup(text);
	entry->id = strdup(container->id);
	entry->bundle = strdup(state.bundle);
	entry->created = strdup(state.created);
	entry->status = name_of(oci_status_names, state.status);
	entry->pid = state.pid;
	if (!owner || !entry->json || !entry->id || !entry->bundle || !entry->created)
		return fail(err, ENOMEM, "list \"%s\"", container->id);
	return 0;
}

/* 1: taken; 0: not ours, or going away right now; -1: out of memory. */
static int list_one(const struct mayfly_global *global, struct store *store, const char *id,
	struct mayfly_entry *entry, struct error *err)
{
	struct arena arena = {0};
	struct container container;
	int result = 0;

	if (container_open(&container, store, id, &arena, err) < 0) {
		char line[1024];

		/* Another runtime's directory has no record of ours; a broken record is worth a
		 * word. */
		error_print(err, line, sizeof(line));
		if (err->code != NO_SUCH_CONTAINER && global->log)
			global->log("warning", line);
	} else if (container.record) {
		result = fill_entry(&container, entry, err) < 0 ? -1 : 1;
	}
	container_close(&container);
	arena_free(&arena);
	return result;
}

static int list_all(const struct mayfly_global *global, struct store *store, DIR *dir,
	struct mayfly_entry **entries, size_t *count, struct error *err)
{
	size_t room = 0;
	struct dirent *found;

	while ((found = readdir(dir))) {
		if (oci_id_check(found->d_name, err) < 0)
			continue;
		if (*count == room) {
			size_t more = room ? room * 2 : 16;
			struct mayfly_entry *grown =
				reallocarray(*entries, more, sizeof(**entries));

			if (!grown)
				return fail(err, ENOMEM, "list containers");
			memset(grown + room, 0, (more - room) * sizeof(*grown));
			*entries = grown;
			room = more;
		}

		int taken = list_one(global, store, found->d_name, &(*entries)[*count], err);

		if (taken < 0) {
			(*count)++; /* half filled: freed with the others */
			return -1;
		}
		*count += (size_t)taken;
	}
	return 0;
}

int mayfly_list(const struct mayfly_global *global, struct mayfly_entry **ret_entries,
	size_t *ret_count, struct error *err)
{
	struct arena arena = {0};
	struct store store;
	struct mayfly_entry *entries = NULL;
	size_t count = 0;
	int result = -1;

	if (store_open(&store, global, false, &arena, err) < 0)
		goto out;
	restrain_to(NULL, 0, false); /* not before: opening sweeps what a killed once left */
	if (store.fd < 0) {
		/* A default root that nobody has made yet is an empty one. */
		result = global->root
				 ? fail(err, ENOENT, "open the state root \"%s\"", store.path)
				 : 0;
		goto out;
	}

	int copy = fcntl(store.fd, F_DUPFD_CLOEXEC, 3);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);

	if (!dir) {
		result = fail(err, errno, "read the state root \"%s\"", store.path);
		fd_close(&copy);
		goto out;
	}
	result = list_all(global, &store, dir, &entries, &count, err);
	closedir(dir);
out:
	if (result < 0) {
		mayfly_list_free(entries, count);
		entries = NULL;
		count = 0;
	} else if (count) {
		qsort(entries, count, sizeof(*entries), compare_entries);
	}
	*ret_entries = entries;
	*ret_count = count;
	store_close(&store);
	arena_free(&arena);
	return result;
}
