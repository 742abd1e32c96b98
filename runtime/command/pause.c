/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly pause and mayfly resume. */
#include "runtime/command/command.h"

static int pause_container(const struct call *call, int *ret_status, struct error *err)
{
	return mayfly_pause(call->global, call->arguments[0], err);
}

static int resume_container(const struct call *call, int *ret_status, struct error *err)
{
	return mayfly_resume(call->global, call->arguments[0], err);
}

const struct command command_pause = {
	.name = "pause",
	.arguments = "ID",
	.purpose = "Freeze every process of a container.",
	.example = "mayfly pause job7",
	.options = command_no_options,
	.least = 1,
	.most = 1,
	.run = pause_container,
};

const struct command command_resume = {
	.name = "resume",
	.arguments = "ID",
	.purpose = "Let the processes of a paused container go on.",
	.example = "mayfly resume job7",
	.options = command_no_options,
	.least = 1,
	.most = 1,
	.run = resume_container,
};
