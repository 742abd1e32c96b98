/* SPDX-License-Identifier: Apache-2.0 */
/* What a program in libexec may answer, with a shell in its place. */
#include "runtime/sys/helper.h"
#include "tests/unit/tap.h"

/* The path of a cgroup has at most PATH_MAX bytes, and the end of line comes on top. */
enum { LONGEST = 4095 };

static void test_answer(const char *script, size_t length, const char *wanted)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};
	struct helper helper;
	struct error err;

	if (is_result(helper_run(&helper, argv, &err), &err, wanted, script) && !wanted)
		is_number(strlen(helper.answer), length, "the whole line");
	helper_end(&helper);
	is_true(helper.pid == 0 && helper.input == -1, "it is gone");
}

int main(void)
{
	char script[64];

	test_answer("echo /a/b; echo /c", 4, NULL);
	snprintf(script, sizeof(script), "printf '/%%0%dd\\n' 0", LONGEST - 1);
	test_answer(script, LONGEST, NULL);
	snprintf(script, sizeof(script), "printf '/%%0%dd\\n' 0", LONGEST + 100);
	test_answer(script, 0, "~file name too long");
	test_answer("printf /half", 0, "~broken pipe");
	test_answer("echo no such unit >&2; exit 1", 0, "/bin/sh: no such unit");
	test_answer("exit 0", 0, "/bin/sh: no answer");
	return tap_end();
}
