/* SPDX-License-Identifier: Apache-2.0 */
/* Options by table: see options.h. Pure but for memory of the arena. */
#include "runtime/command/options.h"

#include "oci/base/text.h"

#include <limits.h>
#include <string.h>

bool parse_id(const char *text, uint32_t *ret)
{
	uint64_t value;

	if (!text_unsigned(text, UINT32_MAX - 1ULL, &value))
		return false;
	*ret = (uint32_t)value;
	return true;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t text_distance(const char *a, const char *b)
{
	enum { LONGEST = 64 };
	size_t row[LONGEST + 1];
	size_t length = strlen(b);

	if (strlen(a) > LONGEST || length > LONGEST)
		return SIZE_MAX;
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < length; j++) {
			size_t change = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			row[j + 1] = smaller(change, smaller(row[j], row[j + 1]) + 1);
		}
	}
	return row[length];
}

const struct option *options_find(const struct option *table, const char *name, size_t length)
{
	for (const struct option *row = table; row->name; row++) {
		if (strlen(row->name) == length && memcmp(row->name, name, length) == 0)
			return row;
		if (length == 1 && row->letter == *name)
			return row;
	}
	return NULL;
}

/* A word that shares nothing with what was typed is no help: at most a third may differ. */
static const char *nearest(const struct option *table, const char *name)
{
	const char *best = NULL;
	size_t least = strlen(name) / 3 + 2;

	for (const struct option *row = table; row->name; row++) {
		size_t distance = row->help ? text_distance(name, row->name) : SIZE_MAX;

		if (distance < least) {
			least = distance;
			best = row->name;
		}
	}
	return best;
}

/* WORD as it was typed, without the value. */
static int unknown(const struct option *table, const char *word, struct error *err)
{
	const char *near = nearest(table, word + strspn(word, "-"));

	if (near)
		return fail(err, 0, "unknown flag: %.100s (did you mean --%s?)", word, near);
	return fail(err, 0, "unknown flag: %.100s", word);
}

static bool parse_bool(const char *text, bool *ret)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{"true", true},
		{"false", false},
		{"1", true},
		{"0", false},
		{"t", true},
		{"f", false},
		{"T", true},
		{"F", false},
		{"True", true},
		{"False", false},
		{"TRUE", true},
		{"FALSE", false},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(words[i].word, text) != 0)
			continue;
		*ret = words[i].value;
		return true;
	}
	return false;
}

static int append(
	struct texts *texts, const char *value, struct arena *arena, struct error *err)
{
	if (texts->count + 1 >= texts->size) {
		size_t size = texts->size ? texts->size * 2 : 8;
		const char **grown = arena_grow(
			arena, texts->items, texts->count, size, sizeof(*texts->items));

		if (!grown)
			return fail(err, 0, "out of memory");
		texts->items = grown;
		texts->size = size;
	}
	/* What follows is zero already: that is the end mark. */
	texts->items[texts->count++] = value;
	return 0;
}

static int store(const struct option *row, void *target, const char *value, struct arena *arena,
	struct error *err)
{
	void *member = (char *)target + row->offset;
	uint64_t number;

	switch (row->kind) {
	case OPTION_BOOL:
		if (!parse_bool(value, member))
			return fail(err, 0,
				"invalid value \"%.100s\" for flag --%s: not true or false",
				value, row->name);
		return 0;
	case OPTION_TEXT:
		*(const char **)member = value;
		return 0;
	case OPTION_TEXTS:
		return append(member, value, arena, err);
	case OPTION_UNSIGNED:
		if (!text_unsigned(value, INT_MAX, &number))
			return fail(err, 0,
				"invalid value \"%.100s\" for flag --%s: not a number", value,
				row->name);
		*(unsigned int *)member = (unsigned int)number;
		return 0;
	case OPTION_IGNORED:
		return 0;
	}
	return fail(err, 0, "flag --%s has no kind", row->name);
}

/* "-" alone is an argument (standard input), "--" ends the options. */
static bool is_option(const char *word)
{
	return word[0] == '-' && word[1];
}

static bool is_help(const char *name)
{
	return strcmp(name, "help") == 0 || strcmp(name, "h") == 0;
}

/* Read the option at *at, and leave *at behind it. */
static int parse_one(const struct option *table, void *target, char *const **at,
	struct arena *arena, struct error *err)
{
	const char *word = *(*at)++;
	const char *name = word + (word[1] == '-' ? 2 : 1);
	size_t length = strcspn(name, "=");
	const char *value = name[length] ? name + length + 1 : NULL;
	const struct option *row = options_find(table, name, length);

	if (!row) {
		char *typed = arena_text_n(arena, word, (size_t)(name - word) + length);

		return typed ? unknown(table, typed, err) : fail(err, 0, "out of memory");
	}
	if (value)
		return store(row, target, value, arena, err);
	if (!row->argument)
		return row->kind == OPTION_BOOL ? store(row, target, "true", arena, err) : 0;
	if (!**at)
		return fail(err, 0, "flag needs an argument: --%s", row->name);
	return store(row, target, *(*at)++, arena, err);
}

int options_parse(const struct option *table, void *target, char *const *arguments,
	struct arena *arena, struct parsed *ret, struct error *err)
{
	char *const *at = arguments;
	bool help = false;

	*ret = (struct parsed){0};
	while (*at && is_option(*at) && !help) {
		const char *name = *at + ((*at)[1] == '-' ? 2 : 1);

		if (!*name) { /* "--" */
			at++;
			break;
		}
		ret->rest = at;
		help = is_help(name);
		if (help)
			at++;
		else if (parse_one(table, target, &at, arena, err) < 0)
			return -1;
	}
	*ret = (struct parsed){.help = help, .rest = at};
	while (at[ret->n_rest])
		ret->n_rest++;
	return 0;
}
