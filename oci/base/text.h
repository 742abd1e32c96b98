/* SPDX-License-Identifier: Apache-2.0 */
/* Small questions about text that more than one file asks. */
#ifndef MAYFLY_TEXT_H
#define MAYFLY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool text_equal(const char *left, const char *right);
bool text_starts(const char *text, const char *prefix);

/* Only characters of ALLOWED, and at least one. */
bool text_consists_of(const char *text, const char *allowed);

/* NUL-terminated decimal digits and nothing else, at most MAX: true and *ret. */
bool text_unsigned(const char *text, uint64_t max, uint64_t *ret);

/*
 * The bytes of the UTF-8 character at TEXT, of which LENGTH bytes may be read; 0 when it is
 * none: overlong forms, surrogates and what lies beyond U+10FFFF are none.
 */
size_t utf8_length(const char *text, size_t length);

/*
 * The bytes of the JSON escape at TEXT, which begins with a backslash. Both halves of a
 * surrogate pair count as one; 0 for half a pair. Other mistakes count as two bytes: the parser
 * finds them.
 */
size_t json_escape_length(const char *text, size_t length);

#endif
