/* SPDX-License-Identifier: Apache-2.0 */
/* Text, arena and error: what everything else stands on. */
#include "oci/base/arena.h"
#include "oci/base/text.h"
#include "tests/unit/tap.h"

#include <errno.h>

static void test_utf8(void)
{
	/* every code point has exactly one form */
	size_t wrong = 0;

	for (uint32_t point = 0; point < 0x120000; point++) {
		char bytes[4] = {(char)(0xF0 | point >> 18),
			(char)(0x80 | (point >> 12 & 0x3F)), (char)(0x80 | (point >> 6 & 0x3F)),
			(char)(0x80 | (point & 0x3F))};
		bool four = point >= 0x10000 && point < 0x110000;

		wrong += (utf8_length(bytes, 4) == 4) != four;
		wrong += utf8_length(bytes, 3) != 0;
		if (point >= 0x10000)
			continue;
		bytes[1] = (char)(0xE0 | point >> 12);

		bool three = point >= 0x800 && !(point >= 0xD800 && point < 0xE000);

		wrong += (utf8_length(bytes + 1, 3) == 3) != three;
		if (point >= 0x800)
			continue;
		bytes[2] = (char)(0xC0 | point >> 6);
		wrong += (utf8_length(bytes + 2, 2) == 2) != (point >= 0x80);
	}
	is_number(wrong, 0, "UTF-8: overlong forms, surrogates and beyond the end are none");
	is_number(utf8_length("", 0), 0, "UTF-8: nothing is none");
	is_number(utf8_length("\x80", 1), 0, "UTF-8: a continuation is none");
	is_number(utf8_length("\xff", 1), 0, "UTF-8: 0xFF is none");
}

static void test_numbers(void)
{
	uint64_t value = 7;

	is_true(text_unsigned("18446744073709551615", UINT64_MAX, &value) &&
			value == UINT64_MAX,
		"2^64-1");
	is_true(!text_unsigned("18446744073709551616", UINT64_MAX, &value), "2^64");
	is_true(!text_unsigned("28446744073709551615", UINT64_MAX, &value), "more than 2^64");
	is_true(!text_unsigned("", 10, &value), "nothing");
	is_true(!text_unsigned("11", 10, &value), "above the largest");
	is_true(!text_unsigned("+1", 10, &value), "a sign");
	is_true(!text_unsigned("1 ", 10, &value), "a space");
}

static void test_escapes(void)
{
	static const struct {
		const char *text;
		size_t length;
	} cases[] = {
		{"\\n", 2},
		{"\\", 1},
		{"\\u0041", 2},
		{"\\ud83d\\ude00", 12},
		{"\\uD83D\\uDE00", 12},
		{"\\ud83d", 0},
		{"\\ud83d\\u0041", 0},
		{"\\ud83dx", 0},
		{"\\ude00", 0},
		{"\\ud8", 2},
		{"\\u d83", 2},
		{"\\\xc3\xa9", 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		is_number(json_escape_length(cases[i].text, strlen(cases[i].text)),
			cases[i].length, cases[i].text);
}

static int deep(struct error *err)
{
	(void)fail(err, ENOENT, "open \"%s\"", "a\033\xff");
	(void)fail_in(err, "type");
	(void)fail_in(err, "[%d]", 2);
	return fail_in(err, "linux.namespaces");
}

static void test_error(void)
{
	struct error err = {0};
	char line[8];

	is_result(deep(&err), &err,
		"linux.namespaces[2].type: open \"a??\": no such file or directory",
		"an error");
	is_number(error_print(&err, line, sizeof(line)), 7, "a short buffer is filled");
	is_text(line, "linux.n", "and ends in NUL");
	for (int i = 0; i < 1000; i++)
		error_in(&err, "a_long_place_%d", i);
	is_true(strlen(err.where) < sizeof(err.where), "places do not overflow");
}

static void test_arena(void)
{
	struct arena arena = {.limit = 100000};
	bool aligned = true;

	for (size_t i = 1; i < 100; i++) {
		char *memory = arena_alloc(&arena, i);

		aligned = aligned && memory && (uintptr_t)memory % _Alignof(max_align_t) == 0 &&
			  !memory[i - 1];
		memset(memory, 0xAA, i);
	}
	is_true(aligned, "memory is aligned and zeroed");
	is_true(!arena_alloc(&arena, 100000), "the limit holds");
	is_true(!arena_alloc(&arena, SIZE_MAX), "SIZE_MAX");
	is_true(!arena_array(&arena, SIZE_MAX / 2, 3), "a product that overflows");
	is_true(!arena_text_n(&arena, "", SIZE_MAX), "a text of SIZE_MAX");
	is_text(arena_format(&arena, "%s-%d", "a", 5), "a-5", "a formatted text");
	arena_free(&arena);
	is_true(arena.total == 0 && !arena.blocks, "nothing is left");
	arena_free(&arena);
}

int main(void)
{
	test_utf8();
	test_numbers();
	test_escapes();
	test_error();
	test_arena();
	return tap_end();
}
