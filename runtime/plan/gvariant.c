/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A value in GVariant's text format, as the words of a known D-Bus type: what annotations say
 * to systemd. Booleans, numbers, strings, and arrays of them; the type is known, so a type
 * that is written ("uint64 5", "@as []") only has to agree.
 */
#include "runtime/plan/unit.h"

#include "runtime/plan/rooms.h"

#include "oci/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct reading {
	struct arena *arena;
	const char *at;
	const char **words;
	size_t count, room;
	struct error *err;
};

static const struct {
	const char *word;
	char type;
} type_words[] = {
	{"boolean", 'b'},
	{"byte", 'y'},
	{"int32", 'i'},
	{"uint32", 'u'},
	{"int64", 'x'},
	{"uint64", 't'},
	{"string", 's'},
};

static const struct number_type {
	char type;
	bool negative;
	uint64_t most; /* the least is -most - 1 */
} number_types[] = {
	{'y', false, UINT8_MAX},
	{'i', true, INT32_MAX},
	{'u', false, UINT32_MAX},
	{'x', true, INT64_MAX},
	{'t', false, UINT64_MAX},
};

static int add_word(struct reading *reading, const char *word)
{
	if (!word)
		return no_memory(reading->err);
	if (reading->count == reading->room) {
		size_t room = reading->room ? 2 * reading->room : 8;
		const char **words = arena_grow(
			reading->arena, reading->words, reading->count, room, sizeof(*words));

		if (!words)
			return no_memory(reading->err);
		reading->words = words;
		reading->room = room;
	}
	reading->words[reading->count++] = word;
	return 0;
}

static void skip_space(struct reading *reading)
{
	reading->at += strspn(reading->at, " \t\n");
}

static int wrong(struct reading *reading, const char *type)
{
	return fail(reading->err, 0,
		"\"%.100s\" is no value of the type \"%s\" (GVariant's text format)",
		reading->at, type);
}

/* A type written before the value: "uint64 " or "@t ". It must be the one there is. */
static int skip_type(struct reading *reading, const char *type)
{
	if (*reading->at == '@') {
		size_t length = strcspn(reading->at, " ");

		if (length - 1 != strlen(type) || strncmp(reading->at + 1, type, length - 1))
			return wrong(reading, type);
		reading->at += length;
		skip_space(reading);
		return 0;
	}
	for (size_t i = 0; i < sizeof(type_words) / sizeof(*type_words); i++) {
		size_t length = strlen(type_words[i].word);

		if (strncmp(reading->at, type_words[i].word, length) ||
			reading->at[length] != ' ')
			continue;
		if (type_words[i].type != *type)
			return wrong(reading, type);
		reading->at += length;
		skip_space(reading);
	}
	return 0;
}

static int read_string(struct reading *reading)
{
	char quote = *reading->at;
	const char *from = reading->at + 1;
	char *text = arena_alloc(reading->arena, strlen(from) + 1);
	size_t used = 0;

	if (!text)
		return no_memory(reading->err);
	if (quote != '\'' && quote != '"')
		return wrong(reading, "s");
	for (; *from && *from != quote; from++) {
		if (*from == '\\' && strchr("\\'\"", from[1]) && from[1])
			from++;
		else if (*from == '\\')
			return wrong(reading, "s");
		text[used++] = *from;
	}
	if (!*from)
		return wrong(reading, "s");
	reading->at = from + 1;
	return add_word(reading, text);
}

static int read_boolean(struct reading *reading)
{
	static const char *const words[] = {"true", "false"};

	for (size_t i = 0; i < 2; i++) {
		size_t length = strlen(words[i]);

		if (strncmp(reading->at, words[i], length))
			continue;
		reading->at += length;
		return add_word(reading, words[i]);
	}
	return wrong(reading, "b");
}

static int read_number(struct reading *reading, const struct number_type *number)
{
	const char type[2] = {number->type, '\0'};
	bool minus = *reading->at == '-' && number->negative;
	const char *digits = reading->at + minus;
	size_t length = strspn(digits, "0123456789");
	const char *text = arena_text_n(reading->arena, digits, length);
	uint64_t value;

	if (!text)
		return no_memory(reading->err);
	if (!text_unsigned(text, number->most + minus, &value))
		return wrong(reading, type);
	reading->at = digits + length;
	return add_word(
		reading, arena_format(reading->arena, "%s%" PRIu64, minus ? "-" : "", value));
}

static int read_basic(struct reading *reading, char type)
{
	const char text[2] = {type, '\0'};

	if (skip_type(reading, text) < 0)
		return -1;
	if (type == 's')
		return read_string(reading);
	if (type == 'b')
		return read_boolean(reading);
	for (size_t i = 0; i < sizeof(number_types) / sizeof(*number_types); i++)
		if (number_types[i].type == type)
			return read_number(reading, &number_types[i]);
	return wrong(reading, text);
}

/* "[1, 2]": its length is known when its end is. */
static int read_array(struct reading *reading, const char *type)
{
	size_t length = 0, place = reading->count;

	if (skip_type(reading, type) < 0)
		return -1;
	if (*reading->at != '[')
		return wrong(reading, type);
	reading->at++;
	if (add_word(reading, "0") < 0)
		return -1;
	for (skip_space(reading); *reading->at != ']'; length++) {
		if (read_basic(reading, type[1]) < 0)
			return -1;
		skip_space(reading);
		if (*reading->at != ',' && *reading->at != ']')
			return wrong(reading, type);
		reading->at += *reading->at == ',';
		skip_space(reading);
	}
	reading->at++;
	reading->words[place] = arena_format(reading->arena, "%zu", length);
	return reading->words[place] ? 0 : no_memory(reading->err);
}

int gvariant_words(struct arena *arena, const char *value, const char *type,
	const char *const **ret_words, size_t *ret_count, struct error *err)
{
	struct reading reading = {.arena = arena, .at = value, .err = err};

	skip_space(&reading);
	if ((*type == 'a' ? read_array(&reading, type) : read_basic(&reading, *type)) < 0)
		return -1;
	skip_space(&reading);
	if (*reading.at)
		return wrong(&reading, type);
	*ret_words = reading.words;
	*ret_count = reading.count;
	return 0;
}
