/* SPDX-License-Identifier: Apache-2.0 */
/* create: everything but the program. */
#include "runtime/container/operation.h"

int mayfly_create(const struct mayfly_global *global, const char *id,
	const struct mayfly_create *options, struct error *err)
{
	struct birth birth;
	int result = birth_plan(&birth, global, id, options, REQUEST_CREATE, err);

	if (result == 0)
		result = operation_check_console(
			birth.plan.terminal, true, options->console_socket, err);
	if (result == 0) {
		birth_warn(&birth);
		result = birth_create(&birth, options, err);
	}
	birth_close(&birth);
	return result;
}
