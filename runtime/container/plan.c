/* SPDX-License-Identifier: Apache-2.0 */
/* plan: what create would do, and what it would leave out. */
#include "runtime/container/operation.h"

#include <errno.h>

/* One more line; what comes from a file must not be obeyed by a terminal. */
static int add_line(struct arena *arena, char **text, const char *title, const char *sentence,
	struct error *err)
{
	char *line = arena_format(arena, "%s: %s", title, sentence);

	for (char *at = line; at && *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '?';
	*text = line ? arena_format(arena, "%s%s\n", *text, line) : NULL;
	return *text ? 0 : fail(err, ENOMEM, "print the plan");
}

/* Names of system calls that a filter has and libseccomp has not, as one more of TEXTS. */
static int add_unknown_calls(struct birth *birth, struct oci_warnings *ret, struct error *err)
{
	struct arena *arena = &birth->operation.arena;
	const struct oci_seccomp *seccomp = birth->spec->linux->seccomp;
	const char *names = NULL;

	if (!seccomp)
		return 0;
	if (launch_unknown_calls(seccomp, arena, &names, err) < 0)
		return -1;
	if (!names)
		return 0;
	names = arena_format(arena, "linux.seccomp.syscalls: not known to libseccomp %s: %s",
		launch_seccomp_version(), names);
	ret->texts = arena_grow(
		arena, ret->texts, ret->n_texts, ret->n_texts + 1, sizeof(*ret->texts));
	if (!names || !ret->texts)
		return fail(err, ENOMEM, "look at the configuration");
	ret->texts[ret->n_texts++] = names;
	return 0;
}

int birth_ignored(struct birth *birth, struct oci_warnings *ret, struct error *err)
{
	struct arena *arena = &birth->operation.arena;

	if (oci_spec_unknown(birth->config, birth->config_length, arena, ret, err) < 0)
		return -1;
	for (size_t i = 0; i < ret->n_texts; i++) {
		ret->texts[i] = arena_format(arena, "%s: no key of the specification %s",
			ret->texts[i], OCI_VERSION);
		if (!ret->texts[i])
			return fail(err, ENOMEM, "look at the configuration");
	}
	return add_unknown_calls(birth, ret, err);
}

static int print_all(struct birth *birth, char **ret_text, struct error *err)
{
	struct arena *arena = &birth->operation.arena;
	const struct oci_warnings *warnings = &birth->spec->warnings;
	struct oci_warnings ignored;
	char *text = plan_print(&birth->plan, arena);

	if (!text)
		return fail(err, ENOMEM, "print the plan");
	for (size_t i = 0; i < warnings->n_texts; i++)
		if (add_line(arena, &text, "warning", warnings->texts[i], err) < 0)
			return -1;
	if (birth_ignored(birth, &ignored, err) < 0)
		return -1;
	for (size_t i = 0; i < ignored.n_texts; i++)
		if (add_line(arena, &text, "ignored", ignored.texts[i], err) < 0)
			return -1;
	return operation_text(text, false, ret_text, err);
}

int mayfly_plan(const struct mayfly_global *global, const char *id,
	const struct mayfly_create *options, char **ret_text, struct error *err)
{
	struct birth birth;
	int result = birth_plan(&birth, global, id ? id : "ID", options, REQUEST_CREATE, err);

	if (result == 0)
		result = print_all(&birth, ret_text, err);
	birth_close(&birth);
	return result;
}
