/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly delete: undo what create did. runtime.md, Delete. */
#include "runtime/command/command.h"

struct delete_options {
	bool force;
};

static const struct option options[] = {
	OPTION(struct delete_options, "force", 'f', force, NULL,
		"kill what still runs; a container that does not exist is no error"),
	{0},
};

static const struct delete_options defaults = {0};

static int delete (const struct call *call, int *ret_status, struct error *err)
{
	const struct delete_options *given = call->options;

	return mayfly_delete(call->global, call->arguments[0], given->force, err);
}

const struct command command_delete = {
	.name = "delete",
	.arguments = "ID",
	.purpose = "Delete a container that has stopped or was never started.",
	.example = "mayfly delete --force job7",
	.options = options,
	.defaults = &defaults,
	.size = sizeof(defaults),
	.least = 1,
	.most = 1,
	.run = delete,
};
