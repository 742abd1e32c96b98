/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a request, and as the word of each limit: taken whole, or refused well. */
#include "oci/request.h"

#include "tests/fuzz/fuzz.h"

static void fuzz_limits(const char *text)
{
	for (const struct oci_limit_row *row = oci_limit_rows; row->key; row++) {
		struct oci_limits limits = {0};
		struct error err = {0};

		if (!row->word)
			continue;

		int result = oci_limit_set(&limits, row->word, text, &err);

		must_fail_well(result, &err);
		MUST(result < 0 || oci_limit_of(&limits, row)->set);
		MUST(result < 0 || oci_limit_of(&limits, row)->value <= INT64_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {.limit = 64 * 1024 * 1024};
	struct error err = {0};
	struct oci_request *request;
	int result = oci_request_parse((const char *)data, size, &arena, &request, &err);

	must_fail_well(result, &err);
	for (size_t i = 0; !result && i < request->n_files; i++) {
		const struct oci_data *from = &request->files[i].data;

		MUST(request->files[i].path);
		MUST(!!from->bytes + !!from->path + from->fd.set == 1);
		/* Its last byte is there, and one behind it. */
		MUST(!from->bytes || from->bytes[from->length] == '\0');
	}

	char *text = strndup((const char *)data, size);

	fuzz_limits(text);
	free(text);
	arena_free(&arena);
	return 0;
}
