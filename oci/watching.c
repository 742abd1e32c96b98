/* SPDX-License-Identifier: Apache-2.0 */
/* Annotations dev.mayfly.* and the operator's file: see watching.h. */
#include "oci/watching.h"

#include "oci/decode.h"

#include <stdio.h>
#include <string.h>

const struct name watching_result_names[] = {
	{"spool", WATCHING_SPOOL},
	{"stderr", WATCHING_STDERR},
	{"termination-log", WATCHING_TERMINATION_LOG},
	{0},
};

/* ---- one value ---- */

static const char limit_prefix[] = "limit.";

/* The others of a request are linux.resources, process.rlimits and mounts here. */
static const char *const limits_of_ours[] = {
	"wall", "grace", "cpu", "output", "stdout", "stderr", NULL};

/* clang-format off */
static const struct word_row {
	const char *name;
	const struct name *words;
	size_t offset; /* of its struct opt_u32 */
} word_rows[] = {
	{"on.oom", oci_on_oom_names, offsetof(struct oci_watching, on.oom)},
	{"on.pids", oci_on_limit_names, offsetof(struct oci_watching, on.pids)},
	{"on.syscall", oci_on_limit_names, offsetof(struct oci_watching, on.syscall)},
	{"on.output", oci_on_output_names, offsetof(struct oci_watching, on.output)},
	{"result", watching_result_names, offsetof(struct oci_watching, result)},
	{0},
};
/* clang-format on */

static struct opt_u32 *word_of(struct oci_watching *watching, const struct word_row *row)
{
	return (struct opt_u32 *)((char *)watching + row->offset);
}

/* "kill or record" */
static void list_words(const struct name *words, char *ret, size_t size)
{
	size_t used = 0;

	*ret = '\0';
	for (const struct name *row = words; row->name; row++)
		used += (size_t)snprintf(ret + used, used < size ? size - used : 0, "%s%s",
			row == words  ? ""
			: row[1].name ? ", "
				      : " or ",
			row->name);
}

static int set_word(struct oci_watching *watching, const struct word_row *row, const char *text,
	struct error *err)
{
	const struct name *name = name_find(row->words, text);
	char words[100];

	if (!name) {
		list_words(row->words, words, sizeof(words));
		return fail(err, 0, "invalid value \"%.100s\": not %s", text, words);
	}
	*word_of(watching, row) = (struct opt_u32){true, (uint32_t)name->value};
	watching->asked = true;
	return 0;
}

static int set_limit(
	struct oci_watching *watching, const char *word, const char *text, struct error *err)
{
	const char *const *row = limits_of_ours;

	while (*row && strcmp(*row, word) != 0)
		row++;
	if (!*row)
		return fail(err, 0,
			"an ordinary container has no such limit: memory, processes and CPUs "
			"are linux.resources, files and stack process.rlimits");
	watching->asked = true;
	return oci_limit_set(&watching->limits, word, text, err);
}

int oci_watching_set(
	struct oci_watching *watching, const char *name, const char *text, struct error *err)
{
	if (strncmp(name, limit_prefix, sizeof(limit_prefix) - 1) == 0)
		return set_limit(watching, name + sizeof(limit_prefix) - 1, text, err);
	for (const struct word_row *row = word_rows; row->name; row++)
		if (strcmp(row->name, name) == 0)
			return set_word(watching, row, text, err);
	return fail(err, 0, "mayfly knows no such annotation of an ordinary container");
}

/* ---- the operator's file ---- */

struct operator_members {
	const char **allow;
	size_t n_allow;
	struct oci_pair *ceilings;
	size_t n_ceilings;
	bool journal;
};

/* clang-format off */
static const struct field operator_fields[] = {
	TEXTS(struct operator_members, "allow", allow),
	PAIRS(struct operator_members, "ceilings", ceilings),
	FIELD(struct operator_members, "journal", journal),
	{ 0 },
};
/* clang-format on */

int oci_operator_parse(const char *bytes, size_t length, struct arena *arena,
	struct oci_operator *ret, struct error *err)
{
	struct operator_members given = {0};
	struct oci_warnings warnings = {0};
	struct decode decode = {.arena = arena, .warnings = &warnings};
	struct oci_watching ceilings = {0};
	const struct json *root;

	if (json_parse(bytes, length, arena, &root, err) < 0 ||
		decode_object(&decode, root, operator_fields, &given, err) < 0 ||
		decode_refuse_unknown(root, operator_fields, err) < 0)
		return -1;
	for (size_t i = 0; i < given.n_ceilings; i++)
		if (set_limit(&ceilings, given.ceilings[i].key, given.ceilings[i].value, err) <
			0)
			return fail_in(err, "ceilings.%.64s", given.ceilings[i].key);
	*ret = (struct oci_operator){
		.allow = given.allow,
		.n_allow = given.n_allow,
		.allow_all = json_find(root, "allow") == NULL,
		.limits = ceilings.limits,
		.journal = given.journal,
	};
	return 0;
}

static bool is_allowed(const struct oci_operator *operator, const char * name)
{
	if (operator->allow_all)
		return true;
	for (size_t i = 0; i < operator->n_allow; i++) {
		const char *pattern = operator->allow[i];
		size_t length = strlen(pattern);

		if (strcmp(pattern, name) == 0)
			return true;
		if (length && pattern[length - 1] == '*' &&
			strncmp(pattern, name, length - 1) == 0)
			return true;
	}
	return false;
}

/* ---- annotations ---- */

static const char *name_behind_prefix(const struct oci_pair *pair)
{
	size_t length = strlen(WATCHING_PREFIX);

	return strncmp(pair->key, WATCHING_PREFIX, length) == 0 ? pair->key + length : NULL;
}

/*
 * A pod's annotations come with each of its containers, and with the one that only holds its
 * namespaces: that has no termination log and no limits, and is ended with the pod.
 */
static bool is_sandbox(const struct oci_spec *spec)
{
	static const char *const keys[] = {
		"io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"};

	for (size_t i = 0; i < spec->n_annotations; i++)
		for (size_t j = 0; j < sizeof(keys) / sizeof(*keys); j++)
			if (!strcmp(spec->annotations[i].key, keys[j]) &&
				!strcmp(spec->annotations[i].value, "sandbox"))
				return true;
	return false;
}

bool oci_watching_is_asked(const struct oci_spec *spec)
{
	if (is_sandbox(spec))
		return false;
	for (size_t i = 0; i < spec->n_annotations; i++)
		if (name_behind_prefix(&spec->annotations[i]))
			return true;
	return false;
}

static int set_annotation(const struct oci_operator *operator, const char * name,
	const char *text, struct oci_watching *ret, struct error *err)
{
	struct oci_watching one = {0};
	const char *over;

	if (!is_allowed(operator, name))
		return fail(err, 0, "this host's operator does not allow it");
	if (oci_watching_set(&one, name, text, err) < 0)
		return -1;
	/* What the profile kills would live on, though its call fails. */
	if (operator->allow_all && one.on.syscall.set &&
		one.on.syscall.value == ON_LIMIT_RECORD)
		return fail(err, 0,
			"\"%.100s\" is weaker than the profile: only where the operator's file "
			"allows on.syscall",
			text);
	/* Each by itself: a ceiling of what was not asked for is no limit. */
	if (strncmp(name, limit_prefix, sizeof(limit_prefix) - 1) == 0) {
		struct oci_limits asked = one.limits;

		oci_limits_tighten(&asked, &operator->limits, &over);
		if (over)
			return fail(err, 0,
				"\"%.100s\" is more than this host's operator allows", text);
	}
	return oci_watching_set(ret, name, text, err);
}

/* What the command line asked for is the most of the annotations; its policies stay. */
static int combine(
	const struct oci_watching *flags, struct oci_watching *ret, struct error *err)
{
	const char *over;

	oci_limits_tighten(&ret->limits, &flags->limits, &over);
	if (over)
		return fail(err, 0,
			"annotations: more than the command line's own limit (%s); they can "
			"only ask for less",
			over);
	for (const struct word_row *row = word_rows; row->name; row++) {
		struct oci_watching copy = *flags;

		if (word_of(&copy, row)->set)
			*word_of(ret, row) = *word_of(&copy, row);
	}
	ret->asked = ret->asked || flags->asked;
	return 0;
}

int oci_watching_read(const struct oci_spec *spec, const struct oci_operator *operator,
	struct oci_watching * ret, struct error *err)
{
	const struct oci_watching flags = *ret;

	*ret = (struct oci_watching){0};
	for (size_t i = 0; i < spec->n_annotations && !is_sandbox(spec); i++) {
		const char *name = name_behind_prefix(&spec->annotations[i]);

		if (name && set_annotation(operator, name, spec->annotations[i].value, ret,
				    err) < 0)
			return fail_in(err, "annotations[%.64s]", spec->annotations[i].key);
	}
	return combine(&flags, ret, err);
}
