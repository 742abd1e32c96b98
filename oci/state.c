/* SPDX-License-Identifier: Apache-2.0 */
/* The OCI state object: encode, decode. */
#include "oci/state.h"

#include "oci/base/text.h"
#include "oci/fields.h"
#include "oci/json_write.h"

#include <errno.h>
#include <string.h>

enum { ID_BYTES_MAX = 255 };

const struct name oci_status_names[] = {
	{"creating", OCI_STATUS_CREATING},
	{"created", OCI_STATUS_CREATED},
	{"running", OCI_STATUS_RUNNING},
	{"paused", OCI_STATUS_PAUSED},
	{"stopped", OCI_STATUS_STOPPED},
	{0},
};

static void put_state(struct json_writer *writer, const char *key,
	const struct oci_state *state, enum oci_state_form form)
{
	bool hook = form == OCI_STATE_HOOK;

	json_open(writer, key, '{');
	json_put_text(writer, "ociVersion", state->oci_version);
	json_put_text(writer, "id", state->id);
	/* REQUIRED when created or running; a stopped container has none to tell hooks. */
	if (!hook || state->pid > 0)
		json_put_signed(writer, "pid", state->pid);
	json_put_text(writer, "status", name_of(oci_status_names, state->status));
	json_put_text(writer, "bundle", state->bundle);
	if (!hook && state->rootfs)
		json_put_text(writer, "rootfs", state->rootfs);
	if (!hook && state->created)
		json_put_text(writer, "created", state->created);
	if (state->n_annotations)
		json_put_pairs(writer, "annotations", state->annotations, state->n_annotations);
	if (!hook && state->owner)
		json_put_text(writer, "owner", state->owner);
	if (!hook && state->result)
		json_put_raw(writer, "mayfly", state->result);
	json_close(writer, '}');
}

int oci_state_print(const struct oci_state *state, enum oci_state_form form,
	struct arena *arena, const char **ret, struct error *err)
{
	struct json_writer writer;

	json_start(&writer, arena, form == OCI_STATE_PRETTY ? "  " : NULL);
	put_state(&writer, NULL, state, form);
	return json_finish(&writer, ret, err);
}

int oci_process_state_print(const struct oci_process_state *state, struct arena *arena,
	const char **ret, struct error *err)
{
	struct json_writer writer;

	json_start(&writer, arena, NULL);
	json_open(&writer, NULL, '{');
	json_put_text(&writer, "ociVersion", state->oci_version);
	json_put_texts(&writer, "fds", state->fds, state->n_fds);
	json_put_signed(&writer, "pid", state->pid);
	if (state->metadata)
		json_put_text(&writer, "metadata", state->metadata);
	put_state(&writer, "state", state->state, OCI_STATE_HOOK);
	json_close(&writer, '}');
	return json_finish(&writer, ret, err);
}

int oci_id_check(const char *id, struct error *err)
{
	if (!*id)
		return fail(err, 0, "container id cannot be empty");
	if (strlen(id) > ID_BYTES_MAX)
		return fail(err, 0, "invalid container ID format: longer than %d bytes",
			ID_BYTES_MAX);
	/* A leading dot also excludes "." and "..", which would leave the state directory. */
	if (id[0] == '.' || !text_consists_of(id, "abcdefghijklmnopqrstuvwxyz0123456789_+-."
						  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
		return fail(err, 0,
			"invalid container ID format: \"%.64s\": it may have a-z A-Z 0-9 _ + - "
			". and "
			"not begin with a dot",
			id);
	return 0;
}

static int decode_id(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	if (decode_expect(value, JSON_STRING, err) < 0 || oci_id_check(value->text, err) < 0)
		return -1;
	*(const char **)member = value->text;
	return 0;
}

static int decode_status(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	if (decode_expect(value, JSON_STRING, err) < 0)
		return -1;

	const struct name *name = name_find(oci_status_names, value->text);

	if (!name)
		return fail(err, 0, "unknown name \"%.64s\"", value->text);
	*(enum oci_status *)member = (enum oci_status)name->value;
	return 0;
}

static int decode_bundle(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	if (decode_expect(value, JSON_STRING, err) < 0)
		return -1;
	if (value->text[0] != '/')
		return fail(err, 0, "\"%.64s\" is not an absolute path", value->text);
	*(const char **)member = value->text;
	return 0;
}

/* clang-format off */
const struct field state_fields[] = {
	FIELD(struct oci_state, "ociVersion", oci_version, .required = true),
	CUSTOM(struct oci_state, "id", id, decode_id,
		.why = "text: a container id", .required = true),
	FIELD(struct oci_state, "pid", pid, .max = INT32_MAX),
	CUSTOM(struct oci_state, "status", status, decode_status,
		.why = "word: creating created running paused stopped", .required = true),
	CUSTOM(struct oci_state, "bundle", bundle, decode_bundle,
		.why = "text: an absolute path", .required = true),
	PAIRS(struct oci_state, "annotations", annotations),
	FIELD(struct oci_state, "rootfs", rootfs),
	FIELD(struct oci_state, "created", created),
	FIELD(struct oci_state, "owner", owner),
	{ 0 },
};
/* clang-format on */

int oci_state_parse(const char *bytes, size_t length, struct arena *arena,
	struct oci_state **ret, struct error *err)
{
	struct oci_state *state = arena_alloc(arena, sizeof(*state));
	struct oci_warnings warnings = {0};
	struct decode decode = {.arena = arena, .warnings = &warnings};

	if (!state)
		return fail(err, ENOMEM, "read the state");
	if (decode_bytes(&decode, bytes, length, state_fields, state, err) < 0)
		return -1;
	*ret = state;
	return 0;
}
