/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly plan: what create would do, step by step; nothing is done. */
#include "runtime/command/command.h"

#include <stdlib.h>
#include <string.h>

static const struct option options[] = {
	CREATE_OPTIONS(struct mayfly_create, ),
	{0},
};

static const struct mayfly_create defaults = MAYFLY_OPTIONS(struct mayfly_create);

/* An id holds no slash and is not ".", so "mayfly plan ./bundle" can only mean the bundle. */
static bool is_directory_name(const char *word)
{
	return strchr(word, '/') || strcmp(word, ".") == 0 || strcmp(word, "..") == 0;
}

static int plan(const struct call *call, int *ret_status, struct error *err)
{
	struct mayfly_create wanted = *(const struct mayfly_create *)call->options;
	const char *id = call->n_arguments ? call->arguments[0] : "plan";
	char *text = NULL;

	if (!wanted.bundle && is_directory_name(id)) {
		wanted.bundle = id;
		id = "plan";
	}
	if (mayfly_plan(call->global, id, &wanted, &text, err) < 0) {
		struct error found = *err;

		/* Here it cannot be looked whether there is such a directory. */
		if (call->n_arguments && !wanted.bundle && strstr(found.what, "not found in"))
			error_set(err, found.code,
				"%.1000s; \"%.100s\" was taken as an id: for a bundle of that "
				"name, " MAYFLY_NAME " plan ./%.100s",
				found.what, id, id);
		return -1;
	}

	int ret = put_text(text, err);

	free(text);
	return ret;
}

const struct command command_plan = {
	.name = "plan",
	.arguments = "[ID | ./DIR]",
	.purpose = "Print every step create would take for a bundle; start nothing.",
	.example = "mayfly plan --bundle /srv/bundle",
	.options = options,
	.defaults = &defaults,
	.size = sizeof(defaults),
	.most = 1,
	.run = plan,
};
