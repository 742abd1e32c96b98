/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the values are, the text is valid JSON. */
#include "oci/json_write.h"

#include "oci/json.h"
#include "tests/unit/tap.h"

static void test_escapes(void)
{
	static const char *const cases[][2] = {
		{"plain", "\"plain\""},
		{"", "\"\""},
		{"\"\\/", "\"\\\"\\\\/\""},
		{"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
		{"\x01\x1f\x7f\033", "\"\\u0001\\u001f\\u007f\\u001b\""},
		{"\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\""},
		{"a\xff"
		 "b",
			"\"a\xef\xbf\xbd"
			"b\""},
		{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct arena arena = {0};
		struct json_writer writer;
		struct error err = {0};
		const struct json *value;
		const char *text = NULL;

		json_start(&writer, &arena, NULL);
		json_put_text(&writer, NULL, cases[i][0]);
		is_result(json_finish(&writer, &text, &err), &err, NULL, "written");
		is_text(text, cases[i][1], "escaped");
		is_result(json_parse(text, strlen(text), &arena, &value, &err), &err, NULL,
			"valid");
		arena_free(&arena);
	}
}

static void put_everything(struct json_writer *writer)
{
	json_open(writer, NULL, '{');
	json_put_unsigned(writer, "u", UINT64_MAX);
	json_put_signed(writer, "i", INT64_MIN);
	json_put_bool(writer, "b", true);
	json_put_decimal(writer, "d", 12.5);
	json_put_decimal(writer, "z", 0);
	json_put_null(writer, "n");
	json_open(writer, "e", '{');
	json_close(writer, '}');
	json_open(writer, "l", '[');
	json_put_bool(writer, NULL, false);
	json_put_text(writer, NULL, "x");
	json_close(writer, ']');
	json_open(writer, "k", '[');
	json_close(writer, ']');
	json_close(writer, '}');
}

int main(void)
{
	struct arena arena = {0};
	struct json_writer writer;
	struct error err = {0};
	const char *text = NULL;
	size_t length;

	test_escapes();
	json_start(&writer, &arena, NULL);
	put_everything(&writer);
	json_finish(&writer, &text, &err);
	is_text(text,
		"{\"u\":18446744073709551615,\"i\":-9223372036854775808,\"b\":true,"
		"\"d\":12.5,\"z\":0,\"n\":null,"
		"\"e\":{},\"l\":[false,\"x\"],\"k\":[]}",
		"on one line");
	json_start(&writer, &arena, "\t");
	put_everything(&writer);
	json_end_line(&writer);
	json_finish_length(&writer, &text, &length, &err);
	is_text(text,
		"{\n\t\"u\": 18446744073709551615,\n\t\"i\": "
		"-9223372036854775808,\n"
		"\t\"b\": true,\n\t\"d\": 12.5,\n\t\"z\": 0,\n\t\"n\": null,\n\t\"e\": "
		"{},\n\t\"l\": "
		"[\n\t\tfalse,\n\t\t\"x\"\n\t],\n\t\"k\": []\n}\n",
		"indented");
	is_number(length, strlen(text), "the length");

	/* growth, and the end of memory */
	json_start(&writer, &arena, NULL);
	json_open(&writer, NULL, '[');
	for (int i = 0; i < 100000; i++)
		json_put_text(&writer, NULL, "0123456789");
	json_close(&writer, ']');
	is_result(json_finish_length(&writer, &text, &length, &err), &err, NULL, "a long text");
	is_number(length, 1300001, "its length");
	arena_free(&arena);

	struct arena small = {.limit = 2048};

	json_start(&writer, &small, NULL);
	json_open(&writer, NULL, '[');
	for (int i = 0; i < 1000; i++)
		json_put_text(&writer, NULL, "0123456789");
	json_close(&writer, ']');
	is_result(json_finish(&writer, &text, &err), &err, "write JSON: cannot allocate memory",
		"out of memory is said once");
	arena_free(&small);
	return tap_end();
}
