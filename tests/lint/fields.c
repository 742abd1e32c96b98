/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walk the decoder's own tables and print docs/spec-coverage.md, so that the page cannot say
 * anything else than the code; with --dictionary, the words for the fuzzers.
 */
#include "oci/fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static unsigned int accepted, ignored;

static const char *type_text(const struct field *field)
{
	static const char *const texts[] = {
		[FIELD_TEXT] = "text",
		[FIELD_BOOL] = "true or false",
		[FIELD_U64] = "uint64",
		[FIELD_I64] = "int64",
		[FIELD_U32] = "uint32",
		[FIELD_I32] = "int32",
		[FIELD_OPT_BOOL] = "true or false",
		[FIELD_OPT_U64] = "uint64",
		[FIELD_OPT_I64] = "int64",
		[FIELD_OPT_U32] = "uint32",
		[FIELD_OPT_I32] = "int32",
		[FIELD_NAME] = "word",
		[FIELD_OPT_NAME] = "word",
		[FIELD_NAMES] = "list of words",
		[FIELD_FLAGS] = "list of words",
		[FIELD_TEXTS] = "list of texts",
		[FIELD_IDS] = "list of ids",
		[FIELD_OBJECT] = "object",
		[FIELD_LIST] = "list of objects",
		[FIELD_PAIRS] = "map of texts",
		[FIELD_MAP] = "map of objects",
		[FIELD_CUSTOM] = "checked",
		[FIELD_REFUSED] = "refused",
		[FIELD_IGNORED] = "ignored",
	};

	if (field->type == FIELD_CUSTOM && field->fields)
		return texts[FIELD_OBJECT];
	if (field->id)
		return "id";
	return texts[field->type];
}

static void print_notes(const struct field *field)
{
	if (field->why)
		printf("%s", field->why);
	for (const struct name *name = field->names; name && name->name; name++)
		printf("%s%s", name == field->names ? "" : " ", name->name);
	if (field->id)
		printf("0 to %" PRIu64, ID_MAX);
	else if (field->min || field->max)
		printf("%" PRId64 " to %" PRIu64, field->min, field->max);
	if (field->max_count)
		printf("%sat most %zu", field->why || field->names ? "; " : "",
			field->max_count);
}

static void print_fields(const char *prefix, const struct field *fields)
{
	for (; fields->key; fields++) {
		const char *more = fields->type == FIELD_LIST  ? "[]."
				   : fields->type == FIELD_MAP ? "{}."
							       : ".";
		char path[512];

		printf("| `%s%s` | %s | %s | ", prefix, fields->key, type_text(fields),
			fields->required ? "required" : "");
		print_notes(fields);
		printf(" |\n");
		if (fields->type == FIELD_IGNORED || fields->type == FIELD_REFUSED)
			ignored++;
		else
			accepted++;
		if (!fields->fields)
			continue;
		snprintf(path, sizeof(path), "%s%s%s", prefix, fields->key, more);
		print_fields(path, fields->fields);
	}
}

static void print_page(void)
{
	printf("# What of the specification mayfly reads\n\n"
	       "Printed from the decoder's tables by `tests/lint/spec-coverage --update`; do "
	       "not edit.\n"
	       "Runtime specification %s. Keys that are not here are ignored, as the "
	       "specification\n"
	       "demands; `null` is the same as an absent key.\n\n"
	       "## config.json\n\n| field | type | | values |\n|---|---|---|---|\n",
		OCI_VERSION);
	print_fields("", spec_fields);
	printf("\n%u fields are read, %u are known and without meaning here.\n\n"
	       "`exec --process` reads a bare `process` object, `update` a bare "
	       "`linux.resources`.\n\n"
	       "## Rules between fields\n\n| section | rule |\n|---|---|\n",
		accepted, ignored);
	for (const struct rule *rule = spec_rules; rule->check; rule++)
		printf("| %s | %s |\n", rule->section, rule->sentence);
	printf("\n## The state object\n\n| field | type | | values |\n|---|---|---|---|\n");
	print_fields("", state_fields);
}

static void print_words(const struct field *fields)
{
	for (; fields->key; fields++) {
		printf("\"\\\"%s\\\":\"\n", fields->key);
		for (const struct name *name = fields->names; name && name->name; name++)
			printf("\"\\\"%s\\\"\"\n", name->name);
		if (fields->fields)
			print_words(fields->fields);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--dictionary") == 0) {
		print_words(spec_fields);
		print_words(state_fields);
		for (const struct name *name = oci_mount_option_names; name->name; name++)
			printf("\"\\\"%s\\\"\"\n", name->name);
	} else {
		print_page();
	}
	return 0;
}
