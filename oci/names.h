/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of the spec and the numbers they stand for. The decoder, the features document and the
 * error messages all use the same tables, so they cannot disagree.
 */
#ifndef MAYFLY_OCI_NAMES_H
#define MAYFLY_OCI_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A table ends with a row whose name is NULL. */
struct name {
	const char *name;
	uint64_t value;
};

/* The row called NAME exactly (case matters), or NULL. */
const struct name *name_find(const struct name *table, const char *name);

/* The first name that stands for VALUE, or NULL. */
const char *name_of(const struct name *table, uint64_t value);

#endif
