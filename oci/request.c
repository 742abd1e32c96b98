/* SPDX-License-Identifier: Apache-2.0 */
/* The request document: see request.h. */
#include "oci/request.h"

#include "oci/decode.h"
#include "oci/fields.h"

#include <errno.h>
#include <string.h>

enum { FILES_MAX = 4096, MODE_MAX = 0777 };

const struct name oci_on_oom_names[] = {
	{"group", ON_OOM_GROUP},
	{"process", ON_OOM_PROCESS},
	{0},
};

const struct name oci_on_limit_names[] = {
	{"kill", ON_LIMIT_KILL},
	{"record", ON_LIMIT_RECORD},
	{0},
};

const struct name oci_on_output_names[] = {
	{"kill", ON_OUTPUT_KILL},
	{"discard", ON_OUTPUT_DISCARD},
	{"block", ON_OUTPUT_BLOCK},
	{0},
};

/* As it stands in the document. */
struct data_members {
	const char *text, *b64, *path;
	struct opt_u32 fd;
};

struct file_members {
	const char *path, *text, *b64, *src;
	struct opt_u32 fd, mode;
};

/* ---- base64, RFC 4648 section 4: padded, no other characters ---- */

static int digit_of(char byte)
{
	if (byte >= 'A' && byte <= 'Z')
		return byte - 'A';
	if (byte >= 'a' && byte <= 'z')
		return byte - 'a' + 26;
	if (byte >= '0' && byte <= '9')
		return byte - '0' + 52;
	return byte == '+' ? 62 : byte == '/' ? 63 : -1;
}

static int decode_base64(
	const char *text, struct arena *arena, struct oci_data *ret, struct error *err)
{
	size_t length = strlen(text), padding = 0, used = 0;
	char *bytes = arena_alloc(arena, length / 4 * 3 + 1);
	uint32_t bits = 0;

	if (!bytes)
		return fail(err, ENOMEM, "read base64");
	while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
		padding++;
	if (length % 4)
		return fail(err, 0, "not base64: %zu characters, not a multiple of 4", length);
	for (size_t i = 0; i < length; i++) {
		bool pad = i >= length - padding;
		int digit = pad ? 0 : digit_of(text[i]);

		if (digit < 0)
			return fail(err, 0, "not base64: character %zu", i + 1);
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4 != 3)
			continue;
		bytes[used++] = (char)(bits >> 16);
		bytes[used++] = (char)(bits >> 8);
		bytes[used++] = (char)bits;
		bits = 0;
	}
	ret->bytes = bytes;
	ret->length = used - padding;
	return 0;
}

/* Exactly one of them says where the bytes come from. */
static int take_data(const struct data_members *given, const char *path_key,
	struct arena *arena, struct oci_data *ret, struct error *err)
{
	int count = !!given->text + !!given->b64 + !!given->path + given->fd.set;

	if (count != 1)
		return fail(err, 0, "needs exactly one of text, b64, %s and fd", path_key);
	*ret = (struct oci_data){.path = given->path, .fd = given->fd};
	if (given->text) {
		ret->bytes = given->text;
		ret->length = strlen(given->text);
	}
	if (given->b64 && decode_base64(given->b64, arena, ret, err) < 0)
		return fail_in(err, "b64");
	return 0;
}

/* clang-format off */
static const struct field data_fields[] = {
	FIELD(struct data_members, "text", text),
	FIELD(struct data_members, "b64", b64),
	FIELD(struct data_members, "path", path),
	FIELD(struct data_members, "fd", fd, .max = INT32_MAX),
	{ 0 },
};

static const struct field file_fields[] = {
	FIELD(struct file_members, "path", path, .required = true),
	FIELD(struct file_members, "text", text),
	FIELD(struct file_members, "b64", b64),
	FIELD(struct file_members, "src", src),
	FIELD(struct file_members, "fd", fd, .max = INT32_MAX),
	FIELD(struct file_members, "mode", mode, .max = MODE_MAX),
	{ 0 },
};

static const struct field collect_fields[] = {
	FIELD(struct oci_collect, "path", path, .required = true),
	FIELD(struct oci_collect, "max_bytes", max_bytes),
	FIELD(struct oci_collect, "optional", optional),
	{ 0 },
};
/* clang-format on */

static int decode_input(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	struct data_members given = {0};
	struct oci_data *data = arena_alloc(decode->arena, sizeof(*data));

	if (!data)
		return fail(err, ENOMEM, "read the request");
	if (decode_object(decode, value, data_fields, &given, err) < 0 ||
		decode_refuse_unknown(value, data_fields, err) < 0 ||
		take_data(&given, "path", decode->arena, data, err) < 0)
		return -1;
	*(struct oci_data **)member = data;
	return 0;
}

static int decode_file(struct decode *decode, const struct json *value,
	struct oci_request_file *ret, struct error *err)
{
	struct file_members given = {0};

	if (decode_object(decode, value, file_fields, &given, err) < 0 ||
		decode_refuse_unknown(value, file_fields, err) < 0)
		return -1;

	const struct data_members data = {given.text, given.b64, given.src, given.fd};

	ret->path = given.path;
	ret->mode = given.mode;
	return take_data(&data, "src", decode->arena, &ret->data, err);
}

static int decode_files(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	struct oci_request *request = member;

	if (decode_expect(value, JSON_ARRAY, err) < 0)
		return -1;
	if (value->count > FILES_MAX)
		return fail(err, 0, "%zu files, more than %d", value->count, FILES_MAX);
	request->files = arena_array(decode->arena, value->count, sizeof(*request->files));
	if (!request->files && value->count)
		return fail(err, ENOMEM, "read the request");
	for (size_t i = 0; i < value->count; i++)
		if (decode_file(decode, &value->items[i], &request->files[i], err) < 0)
			return fail_in(err, "[%zu]", i);
	request->n_files = value->count;
	return 0;
}

static int check_collect(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	return decode_refuse_unknown(value, collect_fields, err);
}

/* clang-format off */
static const struct field limits_fields[] = {
	FIELD(struct oci_limits, "wall_ns", wall_ns, .max = INT64_MAX),
	FIELD(struct oci_limits, "grace_ns", grace_ns, .max = INT64_MAX),
	FIELD(struct oci_limits, "cpu_ns", cpu_ns, .max = INT64_MAX),
	FIELD(struct oci_limits, "cpus_milli", cpus_milli, .max = INT32_MAX),
	FIELD(struct oci_limits, "memory", memory, .max = INT64_MAX),
	FIELD(struct oci_limits, "pids", pids, .max = INT32_MAX),
	FIELD(struct oci_limits, "output", output, .max = INT64_MAX),
	FIELD(struct oci_limits, "stdout", stdout_bytes, .max = INT64_MAX),
	FIELD(struct oci_limits, "stderr", stderr_bytes, .max = INT64_MAX),
	FIELD(struct oci_limits, "tmp", tmp, .max = INT64_MAX),
	FIELD(struct oci_limits, "tmp_inodes", tmp_inodes, .max = INT64_MAX),
	FIELD(struct oci_limits, "fsize", fsize, .max = INT64_MAX),
	FIELD(struct oci_limits, "nofile", nofile, .max = INT32_MAX),
	FIELD(struct oci_limits, "stack", stack, .max = INT64_MAX),
	{ 0 },
};

static const struct field on_fields[] = {
	NAME(struct oci_on, "oom", oom, oci_on_oom_names),
	NAME(struct oci_on, "pids", pids, oci_on_limit_names),
	NAME(struct oci_on, "syscall", syscall, oci_on_limit_names),
	NAME(struct oci_on, "output", output, oci_on_output_names),
	{ 0 },
};

static const struct field request_fields[] = {
	{ .key = "schema", .type = FIELD_IGNORED, .why = "checked before the fields" },
	FIELD(struct oci_request, "request_id", request_id),
	FIELD(struct oci_request, "tenant", tenant),
	FIELD(struct oci_request, "template", template),
	FIELD(struct oci_request, "bundle", bundle),
	FIELD(struct oci_request, "rootfs", rootfs),
	TEXTS(struct oci_request, "args", args),
	PAIRS(struct oci_request, "env", env),
	FIELD(struct oci_request, "cwd", cwd),
	FIELD(struct oci_request, "net", net),
	CUSTOM(struct oci_request, "stdin", input, decode_input, .why = "where stdin comes from"),
	{ .key = "files", .type = FIELD_CUSTOM, .offset = 0, .function = decode_files,
	  .why = "files to be put in" },
	LIST(struct oci_request, "collect", collect, collect_fields, .function = check_collect,
		.max_count = FILES_MAX),
	INSIDE(struct oci_request, "limits", limits, limits_fields, .closed = true),
	INSIDE(struct oci_request, "on", on, on_fields, .closed = true),
	FIELD(struct oci_request, "merge_stderr", merge_stderr),
	FIELD(struct oci_request, "best_effort", best_effort),
	{ 0 },
};
/* clang-format on */

static int check_schema(const struct json *root, struct error *err)
{
	const struct json *schema =
		root->kind == JSON_OBJECT ? json_find(root, "schema") : NULL;

	if (!schema ||
		(schema->kind == JSON_STRING && strcmp(schema->text, "mayfly.request/v1") == 0))
		return 0;
	error_set(err, 0, "this mayfly knows \"mayfly.request/v1\"");
	return fail_in(err, "schema");
}

int oci_request_parse(const char *bytes, size_t length, struct arena *arena,
	struct oci_request **ret, struct error *err)
{
	struct oci_request *request = arena_alloc(arena, sizeof(*request));
	struct oci_warnings warnings = {0};
	struct decode decode = {.arena = arena, .warnings = &warnings};
	const struct json *root;

	if (!request)
		return fail(err, ENOMEM, "read the request");
	if (json_parse(bytes, length, arena, &root, err) < 0 || check_schema(root, err) < 0 ||
		decode_object(&decode, root, request_fields, request, err) < 0 ||
		decode_refuse_unknown(root, request_fields, err) < 0)
		return -1;
	if (request->args && (request->n_args == 0 || !request->args[0][0]))
		return fail(err, 0, "args: must name a program");
	*ret = request;
	return 0;
}
