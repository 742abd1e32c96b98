/* SPDX-License-Identifier: Apache-2.0 */
/* Values to JSON text, into a growing piece of the arena. */
#include "oci/json_write.h"

#include "oci/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void json_start(struct json_writer *writer, struct arena *arena, const char *indent)
{
	*writer = (struct json_writer){.arena = arena, .indent = indent, .first = true};
}

static void add(struct json_writer *writer, const char *text, size_t length)
{
	if (writer->failed)
		return;
	if (writer->size - writer->length < length + 1) {
		size_t size = writer->size ? writer->size * 2 : 512;

		while (size - writer->length < length + 1)
			size *= 2;

		char *bigger = arena_grow(writer->arena, writer->text, writer->length, size, 1);

		if (!bigger) {
			writer->failed = true;
			return;
		}
		writer->text = bigger;
		writer->size = size;
	}
	memcpy(writer->text + writer->length, text, length);
	writer->length += length;
	writer->text[writer->length] = '\0';
}

static void add_text(struct json_writer *writer, const char *text)
{
	add(writer, text, strlen(text));
}

/* A control character, a quotation mark or a backslash; the short forms where JSON has them. */
static void add_escape(struct json_writer *writer, unsigned char byte)
{
	static const char from[] = "\"\\\b\f\n\r\t";
	static const char to[] = "\"\\bfnrt";
	const char *known = byte ? strchr(from, byte) : NULL;
	char text[8];

	if (known)
		snprintf(text, sizeof(text), "\\%c", to[known - from]);
	else
		snprintf(text, sizeof(text), "\\u%04x", (unsigned int)byte);
	add_text(writer, text);
}

static void add_quoted(struct json_writer *writer, const char *text)
{
	size_t left = strlen(text);

	add_text(writer, "\"");
	while (left) {
		size_t length = utf8_length(text, left);
		unsigned char byte = (unsigned char)*text;

		if (length == 0)
			add_text(writer, "\xEF\xBF\xBD"); /* U+FFFD, as Go does */
		else if (byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7F)
			add_escape(writer, byte);
		else
			add(writer, text, length);
		length += length == 0;
		text += length;
		left -= length;
	}
	add_text(writer, "\"");
}

static void new_line(struct json_writer *writer)
{
	if (!writer->indent)
		return;
	add_text(writer, "\n");
	for (size_t i = 0; i < writer->depth; i++)
		add_text(writer, writer->indent);
}

/* What stands in front of every value: the comma, the line, the key. */
static void begin(struct json_writer *writer, const char *key)
{
	if (!writer->first)
		add_text(writer, ",");
	if (writer->depth > 0)
		new_line(writer);
	writer->first = false;
	if (!key)
		return;
	add_quoted(writer, key);
	add_text(writer, writer->indent ? ": " : ":");
}

void json_open(struct json_writer *writer, const char *key, char kind)
{
	begin(writer, key);
	add(writer, &kind, 1);
	writer->depth++;
	writer->first = true;
}

void json_close(struct json_writer *writer, char kind)
{
	writer->depth--;
	if (!writer->first)
		new_line(writer);
	writer->first = false;
	add(writer, &kind, 1);
}

void json_put_text(struct json_writer *writer, const char *key, const char *value)
{
	begin(writer, key);
	add_quoted(writer, value);
}

void json_put_raw(struct json_writer *writer, const char *key, const char *value)
{
	begin(writer, key);
	add_text(writer, value);
}

void json_put_unsigned(struct json_writer *writer, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	begin(writer, key);
	add_text(writer, text);
}

void json_put_signed(struct json_writer *writer, const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	begin(writer, key);
	add_text(writer, text);
}

void json_put_decimal(struct json_writer *writer, const char *key, double value)
{
	char text[40];
	size_t length = (size_t)snprintf(text, sizeof(text), "%.2f", value);

	while (length > 1 && text[length - 1] == '0')
		text[--length] = '\0';
	if (text[length - 1] == '.')
		text[length - 1] = '\0';
	begin(writer, key);
	add_text(writer, text);
}

void json_put_null(struct json_writer *writer, const char *key)
{
	begin(writer, key);
	add_text(writer, "null");
}

void json_put_bool(struct json_writer *writer, const char *key, bool value)
{
	begin(writer, key);
	add_text(writer, value ? "true" : "false");
}

void json_put_optional(struct json_writer *writer, const char *key, struct opt_u64 value)
{
	if (value.set)
		json_put_unsigned(writer, key, value.value);
	else
		json_put_null(writer, key);
}

void json_put_optional_text(struct json_writer *writer, const char *key, const char *value)
{
	if (value)
		json_put_text(writer, key, value);
	else
		json_put_null(writer, key);
}

void json_put_texts(
	struct json_writer *writer, const char *key, const char *const *values, size_t count)
{
	json_open(writer, key, '[');
	for (size_t i = 0; i < count; i++)
		json_put_text(writer, NULL, values[i]);
	json_close(writer, ']');
}

void json_put_pairs(
	struct json_writer *writer, const char *key, const struct oci_pair *pairs, size_t count)
{
	json_open(writer, key, '{');
	for (size_t i = 0; i < count; i++)
		json_put_text(writer, pairs[i].key, pairs[i].value);
	json_close(writer, '}');
}

void json_end_line(struct json_writer *writer)
{
	add_text(writer, "\n");
}

int json_finish_length(
	struct json_writer *writer, const char **ret, size_t *ret_length, struct error *err)
{
	if (writer->failed || !writer->text)
		return fail(err, ENOMEM, "write JSON");
	*ret = writer->text;
	*ret_length = writer->length;
	return 0;
}

int json_finish(struct json_writer *writer, const char **ret, struct error *err)
{
	size_t length;

	return json_finish_length(writer, ret, &length, err);
}
