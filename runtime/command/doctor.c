/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly doctor: what on this host costs time, and what mayfly keeps on it. */
#include "runtime/command/command.h"

#include <stdlib.h>

static const struct option options[] = {
	OPTION(struct mayfly_doctor, "prepare", 0, prepare, NULL,
		"pin an empty mount namespace that root's containers begin from"),
	OPTION(struct mayfly_doctor, "remove", 0, remove, NULL,
		"remove what --prepare has made; containers go on"),
	{0},
};

static const struct mayfly_doctor defaults = MAYFLY_OPTIONS(struct mayfly_doctor);

static int doctor(const struct call *call, int *ret_status, struct error *err)
{
	char *text = NULL;

	if (mayfly_doctor(call->global, call->options, &text, err) < 0)
		return -1;

	int ret = put_text(text, err);

	free(text);
	return ret;
}

const struct command command_doctor = {
	.name = "doctor",
	.arguments = "",
	.purpose = "Tell what on this host costs time, and what mayfly keeps on it.",
	.example = "mayfly doctor --prepare",
	.options = options,
	.defaults = &defaults,
	.size = sizeof(defaults),
	.run = doctor,
};
