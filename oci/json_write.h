/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values to JSON text. Members come out in the order of the calls; control characters are
 *escaped and bytes that are not UTF-8 become U+FFFD, so the text is always valid JSON. A failed
 * allocation is remembered and reported once, by json_finish().
 *
 *	json_start(&writer, arena, "  ");
 *	json_open(&writer, NULL, '{');
 *	json_put_text(&writer, "id", id);
 *	json_close(&writer, '}');
 *	return json_finish(&writer, &text, err);
 */
#ifndef MAYFLY_OCI_JSON_WRITE_H
#define MAYFLY_OCI_JSON_WRITE_H

#include "oci/base/arena.h"
#include "oci/base/error.h"
#include "oci/optional.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_writer {
	struct arena *arena;
	const char *indent; /* of one level; NULL: all on one line without spaces */
	char *text;
	size_t length, size;
	size_t depth;
	bool first;  /* nothing was written yet at this level */
	bool failed; /* out of memory */
};

void json_start(struct json_writer *writer, struct arena *arena, const char *indent);

/* KEY is NULL at the top and inside arrays. KIND is '{' or '['; json_close() takes '}' or ']'.
 */
void json_open(struct json_writer *writer, const char *key, char kind);
void json_close(struct json_writer *writer, char kind);

void json_put_text(struct json_writer *writer, const char *key, const char *value);
/* VALUE is JSON already. */
void json_put_raw(struct json_writer *writer, const char *key, const char *value);
void json_put_unsigned(struct json_writer *writer, const char *key, uint64_t value);
void json_put_signed(struct json_writer *writer, const char *key, int64_t value);
/* With two decimals, or as many as are not 0. */
void json_put_decimal(struct json_writer *writer, const char *key, double value);
void json_put_null(struct json_writer *writer, const char *key);
void json_put_bool(struct json_writer *writer, const char *key, bool value);

/* null when it is not set, or NULL. */
void json_put_optional(struct json_writer *writer, const char *key, struct opt_u64 value);
void json_put_optional_text(struct json_writer *writer, const char *key, const char *value);

/* An array of texts, and an object of texts. */
void json_put_texts(
	struct json_writer *writer, const char *key, const char *const *values, size_t count);
void json_put_pairs(struct json_writer *writer, const char *key, const struct oci_pair *pairs,
	size_t count);

/* A newline behind the whole document. */
void json_end_line(struct json_writer *writer);

/* The NUL-terminated text in the arena, or out of memory. */
int json_finish(struct json_writer *writer, const char **ret, struct error *err);

/* The same, and its length; text may then be used as bytes. */
int json_finish_length(
	struct json_writer *writer, const char **ret, size_t *ret_length, struct error *err);

#endif
