/* SPDX-License-Identifier: Apache-2.0 */
/* The bare objects of exec --process and update, and what else comes from a command line. */
#include "oci/process.h"

#include "oci/resources.h"
#include "oci/state.h"
#include "tests/fuzz/fuzz.h"

static void fuzz_words(const char *text)
{
	struct error err = {0};
	uint32_t uid = 5, gid = 5;
	uint64_t mask[4];

	int result = oci_user_parse(text, &uid, &gid, &err);

	must_fail_well(result, &err);
	if (result == 0)
		MUST(uid != UINT32_MAX && gid != UINT32_MAX &&
			strspn(text, "0123456789:") == strlen(text));
	must_fail_well(oci_cpu_list(text, mask, 256, &err), &err);
	result = oci_id_check(text, &err);
	must_fail_well(result, &err);
	if (result == 0)
		MUST(text[0] != '.' && !strchr(text, '/') && strlen(text) <= 255);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {.limit = 64 * 1024 * 1024};
	struct error err = {0};
	struct oci_process *process;
	struct oci_resources *resources;
	int result = oci_process_parse((const char *)data, size, &arena, &process, &err);

	must_fail_well(result, &err);
	if (result == 0)
		MUST(process->user.uid != UINT32_MAX && process->n_args > 0 &&
			process->cwd[0] == '/');
	must_fail_well(
		oci_resources_parse((const char *)data, size, &arena, &resources, &err), &err);

	char *text = strndup((const char *)data, size);

	fuzz_words(text);
	free(text);
	arena_free(&arena);
	return 0;
}
