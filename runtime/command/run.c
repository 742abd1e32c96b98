/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly run: create, start, wait and delete in one. */
#include "runtime/command/command.h"

static const struct option options[] = {
	CREATE_OPTIONS(struct mayfly_run, create.),
	WATCH_OPTIONS(struct mayfly_run, create.),
	OPTION(struct mayfly_run, "detach", 'd', detach, NULL,
		"return as soon as the program runs; it is not deleted when it ends"),
	OPTION(struct mayfly_run, "keep", 0, keep, NULL,
		"do not delete the container at its end"),
	OPTION(struct mayfly_run, "no-subreaper", 0, no_subreaper, NULL,
		"do not adopt the orphans of the container"),
	{0},
};

static const struct mayfly_run defaults = {
	.size = sizeof(struct mayfly_run),
	.create = MAYFLY_OPTIONS(struct mayfly_create),
};

static int run(const struct call *call, int *ret_status, struct error *err)
{
	return mayfly_run(call->global, call->arguments[0], call->options, ret_status, err);
}

const struct command command_run = {
	.name = "run",
	.arguments = "ID",
	.purpose = "Run a bundle in a fresh container, wait for its end, and delete it.",
	.example = "mayfly run --bundle /srv/bundle job7",
	.status = "that of the program, or 128 and the number of the signal that ended it;\n"
		  "1 after an error; with --detach 0 or 1",
	.options = options,
	.defaults = &defaults,
	.size = sizeof(defaults),
	.least = 1,
	.most = 1,
	.sealed = true,
	.run = run,
};
