/* SPDX-License-Identifier: Apache-2.0 */
/* Small questions about text. */
#include "oci/base/text.h"

#include <string.h>

bool text_equal(const char *left, const char *right)
{
	return strcmp(left, right) == 0;
}

bool text_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_consists_of(const char *text, const char *allowed)
{
	return *text && text[strspn(text, allowed)] == '\0';
}

bool text_unsigned(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return false;
	}
	if (value > max)
		return false;
	*ret = value;
	return true;
}

size_t utf8_length(const char *text, size_t length)
{
	/* Unicode, table 3-7: the second byte decides what is overlong or a surrogate. */
	static const struct {
		unsigned char first, last, second_first, second_last;
		size_t length;
	} rows[] = {
		{0xC2, 0xDF, 0x80, 0xBF, 2},
		{0xE0, 0xE0, 0xA0, 0xBF, 3},
		{0xE1, 0xEC, 0x80, 0xBF, 3},
		{0xED, 0xED, 0x80, 0x9F, 3},
		{0xEE, 0xEF, 0x80, 0xBF, 3},
		{0xF0, 0xF0, 0x90, 0xBF, 4},
		{0xF1, 0xF3, 0x80, 0xBF, 4},
		{0xF4, 0xF4, 0x80, 0x8F, 4},
	};
	const unsigned char *byte = (const unsigned char *)text;

	if (length == 0)
		return 0;
	if (byte[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (byte[0] < rows[i].first || byte[0] > rows[i].last)
			continue;
		if (length < rows[i].length || byte[1] < rows[i].second_first ||
			byte[1] > rows[i].second_last)
			return 0;
		for (size_t j = 2; j < rows[i].length; j++)
			if (byte[j] < 0x80 || byte[j] > 0xBF)
				return 0;
		return rows[i].length;
	}
	return 0;
}

/* The code unit of "\uXXXX" at TEXT, or 0 when it is something else. */
static unsigned int code_unit(const char *text, size_t length)
{
	unsigned int value = 0;

	if (length < 6 || text[0] != '\\' || text[1] != 'u')
		return 0;
	for (size_t i = 2; i < 6; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = text[i] ? strchr(digits, text[i] | 0x20) : NULL;

		if (!digit)
			return 0;
		value = value * 16 + (unsigned int)(digit - digits);
	}
	return value;
}

size_t json_escape_length(const char *text, size_t length)
{
	unsigned int unit = code_unit(text, length);

	if (unit >= 0xDC00 && unit <= 0xDFFF)
		return 0;
	if (unit < 0xD800 || unit > 0xDBFF) {
		/* the second byte may begin a longer character: it is checked on its own */
		bool simple = length >= 2 && (unsigned char)text[1] < 0x80;

		return simple ? 2 : 1;
	}
	unit = code_unit(text + 6, length - 6);
	return unit >= 0xDC00 && unit <= 0xDFFF ? 12 : 0;
}
