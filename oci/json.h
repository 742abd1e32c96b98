/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes to a tree, strictly: no duplicate keys, no NUL inside strings, valid UTF-8, bounded
 * depth and size. Nothing but json.c knows which library parses.
 */
#ifndef MAYFLY_OCI_JSON_H
#define MAYFLY_OCI_JSON_H

#include "oci/base/arena.h"
#include "oci/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_kind {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER, /* kept as text: converted exactly by whoever knows the range */
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json {
	enum json_kind kind;
	bool boolean;
	size_t count; /* elements, members, or bytes of text */
	union {
		const char *text; /* number or string, NUL-terminated, no NUL inside */
		const struct json *items;
		const struct json_member *members; /* in the order of the file */
	};
};

struct json_member {
	const char *key;
	struct json value;
};

enum {
	JSON_DEPTH_MAX = 64,
	JSON_BYTES_MAX = 8 * 1024 * 1024,
	/* Keeps the worst file of that size ("[1,1,1,…") below 32 MiB of memory. */
	JSON_VALUES_MAX = 112 * 1024,
};

/*
 * Parse all of BYTES into ARENA. BYTES need not end in NUL and is not kept. Fails with
 * "line N, column M" in err->where, the column in bytes. Time is linear but for the sorting of
 * the keys of large objects.
 */
int json_parse(const char *bytes, size_t length, struct arena *arena, const struct json **ret,
	struct error *err);

/* Name the FILE of a text that is no JSON: the place becomes "FILE:N:M". false: *err, which is
 * left alone, is about something else. */
bool json_in_file(struct error *err, const char *file);

/* The member called KEY, or NULL. OBJECT must be one. */
const struct json *json_find(const struct json *object, const char *key);

/* "a number", "an object": for sentences. */
const char *json_kind_text(enum json_kind kind);

#endif
