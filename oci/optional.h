/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that may be absent, and lists. A missing object or string is NULL; a missing number is
 * one of the structs below with set == false. A list is a pointer and a count next to it,
 * always "things" and "n_things": NULL and 0 when the key is absent, a non-NULL pointer and 0
 * when the list is there and empty. JSON null is the same as absent.
 */
#ifndef MAYFLY_OCI_OPTIONAL_H
#define MAYFLY_OCI_OPTIONAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct opt_u64 {
	bool set;
	uint64_t value;
};

struct opt_i64 {
	bool set;
	int64_t value;
};

struct opt_u32 {
	bool set;
	uint32_t value;
};

struct opt_i32 {
	bool set;
	int32_t value;
};

struct opt_bool {
	bool set;
	bool value;
};

/* One entry of a map from text to text (annotations, sysctl, unified), in the file's order. */
struct oci_pair {
	const char *key;
	const char *value;
};

/* What the user should hear without it being an error: sentences that name their field. */
struct oci_warnings {
	const char **texts;
	size_t n_texts;
};

#endif
