/* SPDX-License-Identifier: Apache-2.0 */
/* Walk a table of fields, fill a struct, name the field that is wrong. */
#include "oci/decode.h"

#include "oci/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A key of the user's may be long or strange; it is cut here, and made safe when printed. */
#define KEY_FORMAT "[\"%.64s\"]"

enum { WARNINGS_MAX = 64 };

static int out_of_memory(struct error *err)
{
	return fail(err, ENOMEM, "read the configuration");
}

static int add_warning(struct decode *decode, const char *text, struct error *err)
{
	struct oci_warnings *warnings = decode->warnings;

	for (size_t i = 0; i < warnings->n_texts; i++)
		if (text_equal(warnings->texts[i], text))
			return 0;
	if (warnings->n_texts == WARNINGS_MAX)
		return 0;
	if (!warnings->texts) {
		warnings->texts =
			arena_array(decode->arena, WARNINGS_MAX, sizeof(*warnings->texts));
		if (!warnings->texts)
			return out_of_memory(err);
	}
	warnings->texts[warnings->n_texts] = arena_text(decode->arena, text);
	if (!warnings->texts[warnings->n_texts])
		return out_of_memory(err);
	warnings->n_texts++;
	return 0;
}

int decode_warn(struct decode *decode, struct error *err, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return add_warning(decode, text, err);
}

int decode_expect(const struct json *value, enum json_kind kind, struct error *err)
{
	if (value->kind == kind)
		return 0;
	return fail(err, 0, "expected %s, found %s", json_kind_text(kind),
		json_kind_text(value->kind));
}

/* "-", then digits: what JSON allows besides (fraction, exponent) is not a whole number. */
static int expect_integer(const struct json *value, struct error *err)
{
	if (decode_expect(value, JSON_NUMBER, err) < 0)
		return -1;

	const char *digits = value->text + (value->text[0] == '-');

	if (!text_consists_of(digits, "0123456789"))
		return fail(err, 0, "%.40s is not a whole number", value->text);
	if (text_equal(value->text, "-0"))
		return fail(err, 0, "-0 is not a number that is written so");
	return 0;
}

int decode_unsigned(const struct json *value, uint64_t max, uint64_t *ret, struct error *err)
{
	if (expect_integer(value, err) < 0)
		return -1;
	if (!text_unsigned(value->text, max, ret))
		return fail(err, 0, "%.40s is not between 0 and %" PRIu64, value->text, max);
	return 0;
}

int decode_signed(
	const struct json *value, int64_t min, int64_t max, int64_t *ret, struct error *err)
{
	uint64_t magnitude;

	if (expect_integer(value, err) < 0)
		return -1;

	bool negative = value->text[0] == '-';
	bool fits = text_unsigned(
		value->text + negative, (uint64_t)INT64_MAX + negative, &magnitude);
	/* -magnitude, without overflow for INT64_MIN */
	int64_t number = !fits ? 0 : (int64_t)(negative ? -magnitude : magnitude);

	if (!fits || number < min || number > max)
		return fail(err, 0, "%.40s is not between %" PRId64 " and %" PRId64,
			value->text, min, max);
	*ret = number;
	return 0;
}

static int decode_word(
	const struct json *value, const struct name *names, uint64_t *ret, struct error *err)
{
	if (decode_expect(value, JSON_STRING, err) < 0)
		return -1;

	const struct name *name = name_find(names, value->text);

	if (!name)
		return fail(err, 0, "unknown name \"%.64s\"", value->text);
	*ret = name->value;
	return 0;
}

static int decode_text(const struct json *value, const char **ret, struct error *err)
{
	if (decode_expect(value, JSON_STRING, err) < 0)
		return -1;
	*ret = value->text;
	return 0;
}

static int decode_bool(const struct json *value, bool *ret, struct error *err)
{
	if (decode_expect(value, JSON_BOOL, err) < 0)
		return -1;
	*ret = value->boolean;
	return 0;
}

static int decode_u32(
	const struct field *field, const struct json *value, uint32_t *ret, struct error *err)
{
	uint64_t max = field->id ? ID_MAX : field->max ? field->max : UINT32_MAX;
	uint64_t number;

	if (decode_unsigned(value, max, &number, err) < 0)
		return -1;
	*ret = (uint32_t)number;
	return 0;
}

static int decode_i32(
	const struct field *field, const struct json *value, int32_t *ret, struct error *err)
{
	bool limited = field->min || field->max;
	int64_t number;

	if (decode_signed(value, limited ? field->min : INT32_MIN,
		    limited ? (int64_t)field->max : INT32_MAX, &number, err) < 0)
		return -1;
	*ret = (int32_t)number;
	return 0;
}

static int decode_u64(
	const struct field *field, const struct json *value, uint64_t *ret, struct error *err)
{
	return decode_unsigned(value, field->max ? field->max : UINT64_MAX, ret, err);
}

static int decode_i64(
	const struct field *field, const struct json *value, int64_t *ret, struct error *err)
{
	bool limited = field->min || field->max;

	return decode_signed(value, limited ? field->min : INT64_MIN,
		limited ? (int64_t)field->max : INT64_MAX, ret, err);
}

/* The members of one optional struct; answers from the caller. */
#define DECODE_OPT(FUNCTION, TYPE)                                                             \
	do {                                                                                   \
		struct opt_##TYPE *opt = member;                                               \
		if (FUNCTION < 0)                                                              \
			return -1;                                                             \
		opt->set = true;                                                               \
		return 0;                                                                      \
	} while (0)

static int decode_number(
	const struct field *field, const struct json *value, void *member, struct error *err)
{
	switch (field->type) {
	case FIELD_U64:
		return decode_u64(field, value, member, err);
	case FIELD_I64:
		return decode_i64(field, value, member, err);
	case FIELD_U32:
		return decode_u32(field, value, member, err);
	case FIELD_I32:
		return decode_i32(field, value, member, err);
	case FIELD_BOOL:
		return decode_bool(value, member, err);
	case FIELD_OPT_U64:
		DECODE_OPT(decode_u64(field, value, &opt->value, err), u64);
	case FIELD_OPT_I64:
		DECODE_OPT(decode_i64(field, value, &opt->value, err), i64);
	case FIELD_OPT_U32:
		DECODE_OPT(decode_u32(field, value, &opt->value, err), u32);
	case FIELD_OPT_I32:
		DECODE_OPT(decode_i32(field, value, &opt->value, err), i32);
	case FIELD_OPT_BOOL:
		DECODE_OPT(decode_bool(value, &opt->value, err), bool);
	default:
		return fail(err, EINVAL, "a row of the table has no decoder");
	}
}

static int decode_name(
	const struct field *field, const struct json *value, void *member, struct error *err)
{
	struct opt_u32 *opt = member;
	uint32_t *plain = member;
	uint64_t number;

	if (field->empty_is_null && value->kind == JSON_STRING && value->count == 0)
		return 0;
	if (decode_word(value, field->names, &number, err) < 0)
		return -1;
	if (field->type == FIELD_OPT_NAME)
		*opt = (struct opt_u32){.set = true, .value = (uint32_t)number};
	else
		*plain = (uint32_t)number;
	return 0;
}

static int decode_flags(
	const struct field *field, const struct json *value, void *member, struct error *err)
{
	uint64_t flags = 0, flag;

	if (decode_expect(value, JSON_ARRAY, err) < 0)
		return -1;
	for (size_t i = 0; i < value->count; i++) {
		if (decode_word(&value->items[i], field->names, &flag, err) < 0)
			return fail_in(err, "[%zu]", i);
		flags |= flag;
	}
	if (field->size == sizeof(uint32_t))
		*(uint32_t *)member = (uint32_t)flags;
	else
		*(uint64_t *)member = flags;
	return 0;
}

static int decode_filled(struct decode *decode, const struct field *field,
	const struct json *value, void *object, struct error *err)
{
	if (decode_object(decode, value, field->fields, object, err) < 0)
		return -1;
	return field->function ? field->function(decode, value, object, err) : 0;
}

/* One element of a list, or one value of a map; KEY is NULL in lists. */
static int decode_element(struct decode *decode, const struct field *field,
	const struct json *value, const char *key, void *element, struct error *err)
{
	static const struct field id = {.id = true};
	uint64_t number;

	switch (field->type) {
	case FIELD_TEXTS:
		if (field->function)
			return field->function(decode, value, element, err);
		return decode_text(value, element, err);
	case FIELD_IDS:
		return decode_u32(&id, value, element, err);
	case FIELD_NAMES:
		if (decode_word(value, field->names, &number, err) < 0)
			return -1;
		*(uint32_t *)element = (uint32_t)number;
		return 0;
	case FIELD_PAIRS:
		((struct oci_pair *)element)->key = key;
		return decode_text(value, &((struct oci_pair *)element)->value, err);
	case FIELD_MAP:
		*(const char **)((char *)element + field->key_offset) = key;
		return decode_filled(decode, field, value, element, err);
	default:
		return decode_filled(decode, field, value, element, err);
	}
}

static int decode_elements(struct decode *decode, const struct field *field,
	const struct json *value, void *object, struct error *err)
{
	bool map = field->type == FIELD_PAIRS || field->type == FIELD_MAP;

	if (decode_expect(value, map ? JSON_OBJECT : JSON_ARRAY, err) < 0)
		return -1;
	if (field->max_count && value->count > field->max_count)
		return fail(err, 0, "%zu entries are more than %zu", value->count,
			field->max_count);

	char *elements = arena_array(decode->arena, value->count, field->size);

	if (!elements)
		return out_of_memory(err);
	for (size_t i = 0; i < value->count; i++) {
		const char *key = map ? value->members[i].key : NULL;
		const struct json *element = map ? &value->members[i].value : &value->items[i];

		if (decode_element(
			    decode, field, element, key, elements + i * field->size, err) == 0)
			continue;
		if (map)
			return fail_in(err, KEY_FORMAT, key);
		return fail_in(err, "[%zu]", i);
	}
	*(void **)((char *)object + field->offset) = elements;
	*(size_t *)((char *)object + field->count_offset) = value->count;
	return 0;
}

static int decode_member(struct decode *decode, const struct field *field,
	const struct json *value, void *object, struct error *err)
{
	void *member = (char *)object + field->offset;
	void *inner = member;

	switch (field->type) {
	case FIELD_IGNORED:
		return 0;
	case FIELD_REFUSED:
		return fail(err, 0, "%s", field->why);
	case FIELD_TEXT:
		if (decode_text(value, member, err) < 0)
			return -1;
		if (field->empty_is_null && value->count == 0)
			*(const char **)member = NULL;
		return 0;
	case FIELD_NAME:
	case FIELD_OPT_NAME:
		return decode_name(field, value, member, err);
	case FIELD_FLAGS:
		return decode_flags(field, value, member, err);
	case FIELD_CUSTOM:
		return field->function(decode, value, member, err);
	case FIELD_OBJECT:
		if (field->pointer) {
			inner = arena_alloc(decode->arena, field->size);
			if (!inner)
				return out_of_memory(err);
			*(void **)member = inner;
		}
		return decode_filled(decode, field, value, inner, err);
	case FIELD_LIST:
	case FIELD_NAMES:
	case FIELD_TEXTS:
	case FIELD_IDS:
	case FIELD_PAIRS:
	case FIELD_MAP:
		return decode_elements(decode, field, value, object, err);
	default:
		return decode_number(field, value, member, err);
	}
}

int decode_refuse_unknown(
	const struct json *value, const struct field *fields, struct error *err)
{
	for (size_t i = 0; i < value->count; i++) {
		const struct field *field = fields;

		while (field->key && !text_equal(field->key, value->members[i].key))
			field++;
		if (!field->key)
			return fail(err, 0, "unknown name \"%.64s\"", value->members[i].key);
	}
	return 0;
}

int decode_object(struct decode *decode, const struct json *value, const struct field *fields,
	void *ret, struct error *err)
{
	if (decode_expect(value, JSON_OBJECT, err) < 0)
		return -1;
	for (; fields->key; fields++) {
		const struct json *found = json_find(value, fields->key);

		/* Go writes an empty list or map as null. */
		if (!found || found->kind == JSON_NULL) {
			if (!fields->required)
				continue;
			(void)fail(err, 0, "is missing");
			return fail_in(err, "%s", fields->key);
		}
		if (decode_member(decode, fields, found, ret, err) < 0 ||
			(fields->closed &&
				decode_refuse_unknown(found, fields->fields, err) < 0))
			return fail_in(err, "%s", fields->key);
	}
	return 0;
}

int decode_bytes(struct decode *decode, const char *bytes, size_t length,
	const struct field *fields, void *ret, struct error *err)
{
	const struct json *root;

	if (json_parse(bytes, length, decode->arena, &root, err) < 0)
		return -1;
	return decode_object(decode, root, fields, ret, err);
}
