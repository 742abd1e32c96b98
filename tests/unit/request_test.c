/* SPDX-License-Identifier: Apache-2.0 */
/* The request document: what is taken, and that nothing else is. A document on standard input
 * is only judged, for tests/lint/schemas. */
#include "oci/request.h"

#include "tests/unit/tap.h"

static const struct {
	const char *text, *wrong; /* NULL: it is taken */
} rows[] = {
	{"{}", NULL},
	{"{\"schema\":\"mayfly.request/v1\",\"args\":[\"true\"]}", NULL},
	{"{\"schema\":\"mayfly.request/v2\"}",
		"schema: this mayfly knows \"mayfly.request/v1\""},
	{"[]", "expected an object, found an array"},
	{"{\"limit\":{}}", "unknown name \"limit\""},
	{"{\"limits\":{\"wall\":1}}", "limits: unknown name \"wall\""},
	{"{\"args\":[]}", "args: must name a program"},
	{"{\"args\":[\"\"]}", "args: must name a program"},
	{"{\"on\":{\"oom\":\"never\"}}", "on.oom: unknown name \"never\""},
	{"{\"stdin\":{}}", "stdin: needs exactly one of text, b64, path and fd"},
	{"{\"stdin\":{\"text\":\"a\",\"fd\":1}}",
		"stdin: needs exactly one of text, b64, path and fd"},
	{"{\"stdin\":{\"b64\":\"YQ\"}}",
		"stdin.b64: not base64: 2 characters, not a multiple of 4"},
	{"{\"stdin\":{\"b64\":\"Y*==\"}}", "stdin.b64: not base64: character 2"},
	{"{\"stdin\":{\"b64\":\"YQ==\"}}", NULL},
	{"{\"files\":[{\"path\":\"/tmp/a\",\"text\":\"x\",\"mode\":511}]}", NULL},
	{"{\"files\":[{\"path\":\"/tmp/a\"}]}",
		"files[0]: needs exactly one of text, b64, src and fd"},
	{"{\"files\":[{\"path\":\"/tmp/a\",\"text\":\"x\",\"owner\":1}]}",
		"files[0]: unknown name \"owner\""},
	{"{\"collect\":[{\"path\":\"/tmp/a\",\"max\":1}]}", "collect[0]: unknown name \"max\""},
};

/* Taken, or refused with the error WRONG. */
static bool is_as(const char *text, const char *wrong)
{
	struct arena arena = {0};
	struct oci_request *request;
	struct error err = {0};
	char line[512] = "";
	int done = oci_request_parse(text, strlen(text), &arena, &request, &err);

	if (done < 0)
		error_print(&err, line, sizeof(line));
	arena_free(&arena);
	if (wrong && strcmp(line, wrong) != 0)
		printf("# got: %s\n", line);
	return wrong ? strcmp(line, wrong) == 0 : done == 0;
}

static void check_values(void)
{
	static const char text[] =
		"{\"env\":{\"A\":\"1\"},\"limits\":{\"memory\":5,\"cpus_milli\":500},"
		"\"files\":[{\"path\":\"f\",\"b64\":\"AAEC\"}],\"on\":{\"output\":\"discard\"}"
		"}";
	struct arena arena = {0};
	struct oci_request *request;
	struct error err;

	if (!is_true(oci_request_parse(text, strlen(text), &arena, &request, &err) == 0,
		    "a request is read"))
		return;
	is_true(request->n_env == 1 && request->limits.memory.value == 5 &&
			request->limits.cpus_milli.value == 500 && !request->limits.wall_ns.set,
		"its values, and no others");
	is_true(request->files[0].data.length == 3 &&
			memcmp(request->files[0].data.bytes, "\0\1\2", 3) == 0,
		"base64 is bytes");
	is_true(request->on.output.value == ON_OUTPUT_DISCARD && !request->on.oom.set,
		"policies");
	arena_free(&arena);
}

int main(int argc, char *argv[])
{
	char text[65536];

	if (argc > 1) {
		struct arena arena = {0};
		struct oci_request *request;
		struct error err;
		size_t length = fread(text, 1, sizeof(text), stdin);
		int done = oci_request_parse(text, length, &arena, &request, &err);

		arena_free(&arena);
		return done < 0;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		is_true(is_as(rows[i].text, rows[i].wrong), "%s", rows[i].text);
	is_true(!is_as("{\"limits\":{\"wall_ns\":-1}}", NULL), "a negative limit is refused");
	check_values();
	return tap_end();
}
