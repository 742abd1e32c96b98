/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly result: why a container ended. */
#include "runtime/command/command.h"

#include <stdlib.h>

struct result_options {
	bool wait;
};

static const struct option options[] = {
	OPTION(struct result_options, "wait", 0, wait, NULL, "wait for the container's end"),
	{0},
};

static const struct result_options defaults;

static int result(const struct call *call, int *ret_status, struct error *err)
{
	const struct result_options *wanted = call->options;
	char *json = NULL;

	if (mayfly_result(call->global, call->arguments[0], wanted->wait, &json, err) < 0)
		return -1;

	int ret = put_text(json, err);

	free(json);
	return ret;
}

const struct command command_result = {
	.name = "result",
	.arguments = "ID",
	.purpose = "Print why a container ended, as JSON; also of one that is deleted.",
	.example = "mayfly result --wait job7",
	.options = options,
	.defaults = &defaults,
	.size = sizeof(defaults),
	.least = 1,
	.most = 1,
	.run = result,
};
