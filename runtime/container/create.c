/* SPDX-License-Identifier: Apache-2.0 */
/* create, and plan, which stops before the first side effect. */
#include "runtime/container/operation.h"

#include <errno.h>

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

int mayfly_plan(const struct mayfly_global *global, const char *id,
	const struct mayfly_create *options, char **ret_text, struct error *err)
{
	struct birth birth;
	int result = birth_plan(&birth, global, id ? id : "ID", options, REQUEST_CREATE, err);

	if (result == 0) {
		char *text = plan_print(&birth.plan, birth.plan.arena);

		result = text ? operation_text(text, false, ret_text, err)
			      : fail(err, ENOMEM, "print the plan");
	}
	birth_close(&birth);
	return result;
}
