/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever state is read is written again and read again, the same. */
#include "oci/state.h"

#include "oci/json.h"
#include "oci/json_write.h"
#include "tests/fuzz/fuzz.h"

/* Any bytes as a value: the text that is written is JSON. */
static void fuzz_writer(const char *text, struct arena *arena)
{
	const struct json *value;
	struct json_writer writer;
	struct error err = {0};
	const char *written;
	size_t length;

	json_start(&writer, arena, "\t");
	json_open(&writer, NULL, '{');
	json_put_text(&writer, text, text);
	json_close(&writer, '}');
	MUST(json_finish_length(&writer, &written, &length, &err) == 0);
	MUST(strlen(written) == length);
	MUST(json_parse(written, length, arena, &value, &err) == 0);
	MUST(value->kind == JSON_OBJECT && value->count == 1);
	MUST(strcmp(value->members[0].key, value->members[0].value.text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {.limit = 64 * 1024 * 1024};
	struct error err = {0};
	struct oci_state *state;
	const char *once, *twice;
	int result = oci_state_parse((const char *)data, size, &arena, &state, &err);

	must_fail_well(result, &err);
	for (enum oci_state_form form = OCI_STATE_PRETTY; !result && form <= OCI_STATE_HOOK;
		form++) {
		MUST(oci_state_print(state, form, &arena, &once, &err) == 0);
		MUST(oci_state_parse(once, strlen(once), &arena, &state, &err) == 0);
		MUST(oci_state_print(state, form, &arena, &twice, &err) == 0);
		MUST(strcmp(once, twice) == 0);
		MUST(form == OCI_STATE_PRETTY || !strchr(once, '\n'));
	}

	char *text = strndup((const char *)data, size);

	fuzz_writer(text, &arena);
	free(text);
	arena_free(&arena);
	return 0;
}
