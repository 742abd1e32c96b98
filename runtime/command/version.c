/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly version, and --version: the first line is "mayfly version X.Y.Z". */
#include "runtime/command/command.h"

#include <stdlib.h>

static int version(const struct call *call, int *ret_status, struct error *err)
{
	char *text = NULL;

	if (mayfly_version(&text, err) < 0)
		return -1;

	int ret = put_text(text, err);

	free(text);
	return ret;
}

const struct command command_version = {
	.name = "version",
	.arguments = "",
	.purpose = "Print the version, the commit, and those of spec and libraries.",
	.example = "mayfly version",
	.options = command_no_options,
	.run = version,
};
