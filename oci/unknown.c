/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that are ignored, as the specification demands: for whoever asks what became of one.
 * Walks the same tables as the decoder, apart from it, because no container waits for this.
 */
#include "oci/base/text.h"
#include "oci/fields.h"

#include <errno.h>

enum { UNKNOWN_MAX = 64 };

struct search {
	struct arena *arena;
	struct oci_warnings *found;
	struct error *err;
};

static int walk(struct search *search, const struct json *value, const struct field *fields,
	const char *place);

static int no_memory(struct search *search)
{
	return fail(search->err, ENOMEM, "look for unknown keys");
}

static int report(struct search *search, const char *place)
{
	struct oci_warnings *found = search->found;

	if (found->n_texts == UNKNOWN_MAX)
		return 0;
	if (!found->texts)
		found->texts = arena_array(search->arena, UNKNOWN_MAX, sizeof(*found->texts));
	if (!found->texts)
		return no_memory(search);
	found->texts[found->n_texts++] = place;
	return 0;
}

static int walk_elements(struct search *search, const struct json *value,
	const struct field *field, const char *place)
{
	for (size_t i = 0; i < value->count; i++) {
		bool map = value->kind == JSON_OBJECT;
		const struct json *element = map ? &value->members[i].value : &value->items[i];
		const char *inner = map ? arena_format(search->arena, "%s[\"%.64s\"]", place,
						  value->members[i].key)
					: arena_format(search->arena, "%s[%zu]", place, i);

		if (!inner)
			return no_memory(search);
		if (walk(search, element, field->fields, inner) < 0)
			return -1;
	}
	return 0;
}

static int walk(struct search *search, const struct json *value, const struct field *fields,
	const char *place)
{
	if (!fields || value->kind != JSON_OBJECT)
		return 0;
	for (size_t i = 0; i < value->count; i++) {
		const struct json_member *member = &value->members[i];
		const struct field *field = fields;
		const char *inner = arena_format(
			search->arena, "%s%s%.64s", place, *place ? "." : "", member->key);
		int result;

		if (!inner)
			return no_memory(search);
		while (field->key && !text_equal(field->key, member->key))
			field++;
		if (!field->key)
			result = report(search, inner);
		else if (field->type != FIELD_LIST && field->type != FIELD_MAP)
			result = walk(search, &member->value, field->fields, inner);
		else if (member->value.kind ==
			 (field->type == FIELD_MAP ? JSON_OBJECT : JSON_ARRAY))
			result = walk_elements(search, &member->value, field, inner);
		else
			result = 0; /* the decoder has refused it */
		if (result < 0)
			return -1;
	}
	return 0;
}

int oci_spec_unknown(const char *bytes, size_t length, struct arena *arena,
	struct oci_warnings *ret, struct error *err)
{
	struct search search = {.arena = arena, .found = ret, .err = err};
	const struct json *root;

	*ret = (struct oci_warnings){0};
	if (json_parse(bytes, length, arena, &root, err) < 0)
		return -1;
	return walk(&search, root, spec_fields, "");
}
