/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes to a tree. The only file that knows yajl, and only through its callbacks: its own tree
 * keeps the first of two equal keys, cuts strings at NUL and frees itself by recursion.
 */
#include "oci/json.h"

#include "oci/base/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

/* An array or object that is not closed yet; its values are on top of the stack. */
struct level {
	enum json_kind kind;
	size_t start;
};

struct reader {
	struct arena *arena;  /* the tree */
	struct arena scratch; /* the stack and yajl's own memory, gone after the parse */
	jmp_buf out_of_memory;
	struct json_member *stack;
	size_t used, size;
	size_t values;
	const char *key; /* of the next value */
	struct level levels[JSON_DEPTH_MAX];
	size_t depth;
	struct error *err;
};

/*
 * yajl does not check its allocations, so they must not fail: when memory is out, we leave
 * through longjmp(). Nothing is lost, the scratch arena owns everything yajl has.
 */
static void *scratch_alloc(void *context, size_t size)
{
	struct reader *reader = context;
	size_t *memory = NULL;

	if (size <= SIZE_MAX / 4)
		memory = arena_alloc(&reader->scratch, sizeof(max_align_t) + size);
	if (!memory)
		longjmp(reader->out_of_memory, 1);
	*memory = size;
	return (char *)memory + sizeof(max_align_t);
}

static void *scratch_realloc(void *context, void *old, size_t size)
{
	void *memory = scratch_alloc(context, size);

	if (old) {
		size_t old_size = *(size_t *)((char *)old - sizeof(max_align_t));

		memcpy(memory, old, old_size < size ? old_size : size);
	}
	return memory;
}

static void scratch_free(void *context, void *memory)
{
	/* the arena does it */
}

/* Callbacks answer 0 to stop the parser; the sentence is then in reader->err. */
enum { STOP = 0, GO_ON = 1 };

static int stop(struct reader *reader, int code, const char *sentence)
{
	error_set(reader->err, code, "%s", sentence);
	return STOP;
}

static struct json *push(struct reader *reader, enum json_kind kind)
{
	if (++reader->values > JSON_VALUES_MAX) {
		(void)stop(reader, 0, "there are more than 114688 values");
		return NULL;
	}
	if (reader->used == reader->size) {
		size_t size = reader->size ? reader->size * 2 : 256;
		struct json_member *stack = calloc(size, sizeof(*stack));

		if (!stack) {
			(void)stop(reader, ENOMEM, "read the configuration");
			return NULL;
		}
		/* Not in the arena, which would keep every smaller one as well. */
		if (reader->used)
			memcpy(stack, reader->stack, reader->used * sizeof(*stack));
		free(reader->stack);
		reader->stack = stack;
		reader->size = size;
	}

	struct json_member *top = &reader->stack[reader->used++];

	*top = (struct json_member){.key = reader->key, .value.kind = kind};
	reader->key = NULL;
	return &top->value;
}

static const char *keep(struct reader *reader, const void *bytes, size_t length)
{
	/* A path that ends at the NUL is not the path somebody checked. */
	if (memchr(bytes, '\0', length)) {
		(void)stop(reader, 0, "a string contains a NUL character");
		return NULL;
	}

	const char *text = arena_text_n(reader->arena, bytes, length);

	if (!text)
		(void)stop(reader, ENOMEM, "read the configuration");
	return text;
}

static int on_null(void *context)
{
	return push(context, JSON_NULL) ? GO_ON : STOP;
}

static int on_bool(void *context, int boolean)
{
	struct json *value = push(context, JSON_BOOL);

	if (!value)
		return STOP;
	value->boolean = boolean != 0;
	return GO_ON;
}

static int on_text(struct reader *reader, enum json_kind kind, const void *bytes, size_t length)
{
	struct json *value = push(reader, kind);

	if (!value)
		return STOP;
	value->count = length;
	value->text = keep(reader, bytes, length);
	return value->text ? GO_ON : STOP;
}

static int on_number(void *context, const char *text, size_t length)
{
	return on_text(context, JSON_NUMBER, text, length);
}

static int on_string(void *context, const unsigned char *text, size_t length)
{
	return on_text(context, JSON_STRING, text, length);
}

static int on_key(void *context, const unsigned char *text, size_t length)
{
	struct reader *reader = context;

	reader->key = keep(reader, text, length);
	return reader->key ? GO_ON : STOP;
}

static int open_level(struct reader *reader, enum json_kind kind)
{
	if (reader->depth == JSON_DEPTH_MAX)
		return stop(reader, 0, "arrays and objects are nested deeper than 64 levels");
	if (!push(reader, kind))
		return STOP;
	reader->levels[reader->depth++] = (struct level){.kind = kind, .start = reader->used};
	return GO_ON;
}

static int on_object(void *context)
{
	return open_level(context, JSON_OBJECT);
}

static int on_array(void *context)
{
	return open_level(context, JSON_ARRAY);
}

static int compare_keys(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/*
 * Parsers disagree on which of two equal keys counts, so whoever checked this file may have
 * seen another one. Sorting, not hashing: nobody can choose keys that make it quadratic.
 */
static int check_duplicates(
	struct reader *reader, const struct json_member *members, size_t count)
{
	const char *few[16];
	const char **keys = few;

	if (count > sizeof(few) / sizeof(*few))
		keys = arena_array(&reader->scratch, count, sizeof(*keys));
	if (!keys)
		return stop(reader, ENOMEM, "read the configuration");
	for (size_t i = 0; i < count; i++)
		keys[i] = members[i].key;
	if (count > 1)
		qsort(keys, count, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(keys[i - 1], keys[i]) == 0) {
			error_set(reader->err, 0, "the key \"%.64s\" appears twice", keys[i]);
			return STOP;
		}
	}
	return GO_ON;
}

static int on_object_end(void *context)
{
	struct reader *reader = context;
	size_t start = reader->levels[--reader->depth].start;
	size_t count = reader->used - start;
	struct json *object = &reader->stack[start - 1].value;
	struct json_member *members;

	if (!check_duplicates(reader, &reader->stack[start], count))
		return STOP;
	members = arena_grow(
		reader->arena, &reader->stack[start], count, count, sizeof(*members));
	if (!members)
		return stop(reader, ENOMEM, "read the configuration");
	object->members = members;
	object->count = count;
	reader->used = start;
	return GO_ON;
}

static int on_array_end(void *context)
{
	struct reader *reader = context;
	size_t start = reader->levels[--reader->depth].start;
	size_t count = reader->used - start;
	struct json *array = &reader->stack[start - 1].value;
	struct json *items = arena_array(reader->arena, count, sizeof(*items));

	if (!items)
		return stop(reader, ENOMEM, "read the configuration");
	for (size_t i = 0; i < count; i++)
		items[i] = reader->stack[start + i].value;
	array->items = items;
	array->count = count;
	reader->used = start;
	return GO_ON;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_bool,
	.yajl_number = on_number, /* as text: exact up to 64 bits, never through a double */
	.yajl_string = on_string,
	.yajl_start_map = on_object,
	.yajl_map_key = on_key,
	.yajl_end_map = on_object_end,
	.yajl_start_array = on_array,
	.yajl_end_array = on_array_end,
};

#define PLACE "line %zu, column %zu"

/* Lines and bytes in them, both from 1. */
static void set_place(const char *bytes, size_t offset, struct error *err)
{
	size_t line = 1, start = 0;

	for (size_t i = 0; i < offset; i++)
		if (bytes[i] == '\n') {
			line++;
			start = i + 1;
		}
	error_in(err, PLACE, line, offset - start + 1);
}

bool json_in_file(struct error *err, const char *file)
{
	size_t line, column;

	if (sscanf(err->where, PLACE, &line, &column) != 2)
		return false;
	snprintf(err->where, sizeof(err->where), "%.*s:%zu:%zu", ERROR_WHERE_MAX - 48, file,
		line, column);
	return true;
}

/*
 * What yajl does not see or repairs in silence: bytes that are not UTF-8 (its own check lets
 * overlong forms and surrogates pass), and half a surrogate pair, which it turns into '?'.
 */
static int check_bytes(const char *bytes, size_t length, size_t *ret_at, struct error *err)
{
	bool in_string = false;

	for (size_t i = 0, step; i < length; i += step) {
		*ret_at = i;
		step = (unsigned char)bytes[i] < 0x80 ? 1 : utf8_length(bytes + i, length - i);
		if (step == 0)
			return fail(err, 0, "the text is not valid UTF-8");
		if (bytes[i] == '\0')
			return fail(err, 0, "the text contains a NUL character");
		if (bytes[i] == '"')
			in_string = !in_string;
		if (bytes[i] != '\\' || !in_string)
			continue;
		step = json_escape_length(bytes + i, length - i);
		if (step == 0)
			return fail(err, 0, "a string contains half of a surrogate pair");
	}
	return 0;
}

static int run_parser(struct reader *reader, const char *bytes, size_t length, size_t *ret_at)
{
	yajl_alloc_funcs memory = {
		.malloc = scratch_alloc,
		.realloc = scratch_realloc,
		.free = scratch_free,
		.ctx = reader,
	};

	*ret_at = 0;
	if (setjmp(reader->out_of_memory))
		return fail(reader->err, ENOMEM, "read the configuration");

	yajl_handle parser = yajl_alloc(&callbacks, &memory, reader);
	yajl_status status = yajl_parse(parser, (const unsigned char *)bytes, length);

	*ret_at = yajl_get_bytes_consumed(parser);
	*ret_at -= *ret_at > 0; /* the last one is the bad one, or the end of what is bad */
	if (status == yajl_status_ok) {
		*ret_at = length;
		status = yajl_complete_parse(parser);
	}
	if (status == yajl_status_error) {
		/* "parse error: premature EOF\n" */
		unsigned char *text = yajl_get_error(parser, 0, NULL, 0);
		const char *colon = text ? strchr((const char *)text, ':') : NULL;
		const char *sentence = colon ? colon + 2 : "no reason is known";

		return fail(reader->err, 0, "not JSON: %.*s", (int)strcspn(sentence, "\n"),
			sentence);
	}
	return status == yajl_status_ok ? 0 : -1;
}

int json_parse(const char *bytes, size_t length, struct arena *arena, const struct json **ret,
	struct error *err)
{
	struct reader reader = {.arena = arena, .err = err};
	size_t at = 0;

	if (length > JSON_BYTES_MAX)
		return fail(err, 0, "the text is longer than 8 MiB");
	if (length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
		return fail(err, 0, "the text begins with a byte order mark");

	int result = check_bytes(bytes, length, &at, err);

	if (result == 0)
		result = run_parser(&reader, bytes, length, &at);
	if (result == 0) {
		struct json *root = arena_alloc(arena, sizeof(*root));

		if (root)
			*root = reader.stack[0].value;
		*ret = root;
		result = root ? 0 : fail(err, ENOMEM, "read the configuration");
	}
	free(reader.stack);
	arena_free(&reader.scratch);
	if (result < 0 && err->code != ENOMEM)
		set_place(bytes, at < length ? at : length, err);
	return result;
}

const struct json *json_find(const struct json *object, const char *key)
{
	for (size_t i = 0; i < object->count; i++)
		if (strcmp(object->members[i].key, key) == 0)
			return &object->members[i].value;
	return NULL;
}

const char *json_kind_text(enum json_kind kind)
{
	static const char *const texts[] = {
		[JSON_NULL] = "null",
		[JSON_BOOL] = "true or false",
		[JSON_NUMBER] = "a number",
		[JSON_STRING] = "a string",
		[JSON_ARRAY] = "an array",
		[JSON_OBJECT] = "an object",
	};

	return texts[kind];
}
