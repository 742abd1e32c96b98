/* SPDX-License-Identifier: Apache-2.0 */
/*
 * J13 and J2 for every field there is: a config that uses all of them, with one value after the
 * other replaced by one of each wrong kind, and cut off after every byte.
 */
#include "oci/json.h"
#include "oci/spec.h"
#include "tests/unit/tap.h"

struct walk {
	size_t number; /* of the value that is replaced */
	size_t at;
	const char *replacement;
	enum json_kind was;
	char path[256]; /* of the value that is replaced */
};

static const char *const replacements[] = {
	[JSON_NULL] = "null",
	[JSON_BOOL] = "true",
	[JSON_NUMBER] = "5",
	[JSON_STRING] = "\"x\"",
	[JSON_ARRAY] = "[]",
	[JSON_OBJECT] = "{}",
};

/* Objects whose keys are the user's. */
static bool is_map(const char *path)
{
	static const char *const maps[] = {"annotations", "linux.sysctl", "linux.netDevices",
		"linux.resources.unified", "linux.resources.rdma"};

	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++)
		if (strcmp(path, maps[i]) == 0)
			return true;
	return false;
}

static char *append(char *end, const char *text)
{
	return stpcpy(end, text);
}

/* The text of VALUE at END, with the chosen one replaced. */
static char *print(struct walk *walk, const struct json *value, const char *path, char *end)
{
	char inner[256];

	if (walk->at++ == walk->number) {
		walk->was = value->kind;
		snprintf(walk->path, sizeof(walk->path), "%s", path);
		return append(end, walk->replacement);
	}
	switch (value->kind) {
	case JSON_NULL:
		return append(end, "null");
	case JSON_BOOL:
		return append(end, value->boolean ? "true" : "false");
	case JSON_NUMBER:
		return append(end, value->text);
	case JSON_STRING:
		/* the one newline of that config is in a value nobody reads here */
		return end +
		       sprintf(end, "\"%.*s\"", (int)strcspn(value->text, "\n"), value->text);
	case JSON_ARRAY:
		end = append(end, "[");
		for (size_t i = 0; i < value->count; i++) {
			snprintf(inner, sizeof(inner), "%.200s[%zu]", path, i);
			end = append(end, i ? "," : "");
			end = print(walk, &value->items[i], inner, end);
		}
		return append(end, "]");
	case JSON_OBJECT:
		end = append(end, "{");
		for (size_t i = 0; i < value->count; i++) {
			const char *key = value->members[i].key;

			snprintf(inner, sizeof(inner),
				is_map(path) ? "%.200s[\"%s\"]" : "%.200s.%s", path, key);
			end += sprintf(end, "%s\"%s\":", i ? "," : "", key);
			end = print(walk, &value->members[i].value,
				inner[0] == '.' ? inner + 1 : inner, end);
		}
		return append(end, "}");
	}
	return end;
}

static bool is_ignored(const char *path)
{
	return strcmp(path, "process.user.username") == 0 ||
	       strcmp(path, "process.commandLine") == 0 ||
	       strcmp(path, "linux.intelRdt.enableCMT") == 0;
}

/* One wrong value: an error at exactly that place. Answers whether there was such a value. */
static bool replace_one(const struct json *root, size_t number, enum json_kind kind, char *text)
{
	struct walk walk = {.number = number, .replacement = replacements[kind]};
	struct arena arena = {0};
	struct error err = {0};
	struct oci_spec *spec;

	*print(&walk, root, "", text) = '\0';
	if (walk.at <= number)
		return false;
	if (walk.was == kind || is_ignored(walk.path))
		return true;

	int result = oci_spec_parse(text, strlen(text), &arena, &spec, &err);

	/* null is absent where something may be absent: then the rules decide */
	if (kind == JSON_NULL)
		is_true(result == 0 || err.what[0], "null for %s", walk.path);
	else if (!is_true(result < 0 && strcmp(err.where, walk.path) == 0, "%s for %s",
			 json_kind_text(kind), walk.path))
		printf("# found: %s: %s\n", err.where, err.what);
	arena_free(&arena);
	return true;
}

static void test_cuts(const char *text, size_t length)
{
	size_t accepted = 0;

	while (length && text[length - 1] == '\n')
		length--;
	for (size_t cut = 0; cut < length; cut++) {
		char *bytes = malloc(cut ? cut : 1);
		struct arena arena = {0};
		struct error err = {0};
		struct oci_spec *spec;

		memcpy(bytes, text, cut);
		accepted += oci_spec_parse(bytes, cut, &arena, &spec, &err) == 0;
		arena_free(&arena);
		free(bytes);
	}
	is_number(accepted, 0, "J2 cut off after every byte");
	printf("# %zu places\n", length);
}

int main(void)
{
	size_t length;
	char *bytes = tap_file("tests/fuzz/corpus/spec/every.json", &length);
	char *text = malloc(length * 2);
	struct arena arena = {0};
	struct error err = {0};
	const struct json *root;

	if (!is_result(
		    json_parse(bytes, length, &arena, &root, &err), &err, NULL, "every field"))
		return tap_end();
	for (enum json_kind kind = JSON_NULL; kind <= JSON_OBJECT; kind++)
		for (size_t number = 0; replace_one(root, number, kind, text); number++)
			;
	test_cuts(bytes, length);
	arena_free(&arena);
	free(bytes);
	free(text);
	return tap_end();
}
