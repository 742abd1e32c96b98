/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly features: what this runtime can do. features.md; callers read it before anything else.
 */
#include "runtime/command/command.h"

#include <stdlib.h>

static int features(const struct call *call, int *ret_status, struct error *err)
{
	char *json = NULL;

	if (mayfly_features(&json, err) < 0)
		return -1;

	int ret = put_text(json, err);

	free(json);
	return ret;
}

const struct command command_features = {
	.name = "features",
	.arguments = "",
	.purpose = "Print what this runtime supports as JSON (OCI features document).",
	.example = "mayfly features | jq .linux.namespaces",
	.options = command_no_options,
	.run = features,
};
