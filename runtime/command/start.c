/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly start: run the program of a created container. runtime.md, Start. */
#include "runtime/command/command.h"

static int start(const struct call *call, int *ret_status, struct error *err)
{
	return mayfly_start(call->global, call->arguments[0], err);
}

const struct command command_start = {
	.name = "start",
	.arguments = "ID",
	.purpose = "Run the program of a created container.",
	.example = "mayfly start job7",
	.options = command_no_options,
	.least = 1,
	.most = 1,
	.run = start,
};
