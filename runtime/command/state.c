/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly state: the state object of runtime.md. */
#include "runtime/command/command.h"

#include <stdlib.h>

static int state(const struct call *call, int *ret_status, struct error *err)
{
	char *json = NULL;

	if (mayfly_state(call->global, call->arguments[0], &json, err) < 0)
		return -1;

	int ret = put_text(json, err);

	free(json);
	return ret;
}

const struct command command_state = {
	.name = "state",
	.arguments = "ID",
	.purpose = "Print the state of a container as JSON.",
	.example = "mayfly state job7",
	.options = command_no_options,
	.least = 1,
	.most = 1,
	.run = state,
};
