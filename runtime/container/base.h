/* SPDX-License-Identifier: Apache-2.0 */
/* The pinned empty mount namespace that root's containers may begin from. */
#ifndef MAYFLY_BASE_H
#define MAYFLY_BASE_H

#include "runtime/container/store.h"

#include <stdbool.h>

/* Where it is pinned below the state root, whether it is or not; in ARENA, NULL: no memory. */
const char *base_path(const struct mayfly_global *global, struct arena *arena);

/* Is a namespace pinned at PATH, and are we one who may enter it? */
bool base_is_there(const char *path);

/* Pin one; fine when there is one. The store is open, PATH is base_path(). */
int base_make(
	const struct store *store, const char *path, struct arena *arena, struct error *err);

/* Let go of it, which ends no container; fine when there is none. */
int base_remove(const struct store *store, const char *path, struct error *err);

#endif
