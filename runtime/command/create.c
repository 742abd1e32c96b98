/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly create: everything but the program's exec. runtime.md, Create. */
#include "runtime/command/command.h"

/* --no-subreaper has no meaning here; callers of another runtime pass it to create too. */
static const struct option options[] = {
	CREATE_OPTIONS(struct mayfly_create, ),
	WATCH_OPTIONS(struct mayfly_create, ),
	OPTION_ACCEPTED("no-subreaper", NULL),
	{0},
};

static const struct mayfly_create defaults = MAYFLY_OPTIONS(struct mayfly_create);

static int create(const struct call *call, int *ret_status, struct error *err)
{
	return mayfly_create(call->global, call->arguments[0], call->options, err);
}

const struct command command_create = {
	.name = "create",
	.arguments = "ID",
	.purpose = "Create a container from a bundle; `start` then runs its program.",
	.example = "mayfly create --bundle /srv/bundle --pid-file /run/job7.pid job7",
	.options = options,
	.defaults = &defaults,
	.size = sizeof(defaults),
	.least = 1,
	.most = 1,
	.sealed = true,
	.run = create,
};
