/* SPDX-License-Identifier: Apache-2.0 */
/* What every fuzz target needs: a fact that must hold whatever the bytes are. */
#ifndef MAYFLY_FUZZ_H
#define MAYFLY_FUZZ_H

#include "oci/base/arena.h"
#include "oci/base/error.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(FACT)                                                                             \
	do {                                                                                   \
		if (!(FACT)) {                                                                 \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,      \
				#FACT);                                                        \
			abort();                                                               \
		}                                                                              \
	} while (0)

/* An error has a sentence, and prints on one line without control characters. */
static inline void must_fail_well(int result, const struct error *err)
{
	char line[ERROR_WHERE_MAX + ERROR_WHAT_MAX + 64];

	MUST(result == 0 || result == -1);
	if (result == 0)
		return;
	MUST(err->what[0]);
	for (size_t i = error_print(err, line, sizeof(line)); i > 0; i--)
		MUST((unsigned char)line[i - 1] >= 0x20 && line[i - 1] != 0x7F);
}

/* Absolute, and nothing in it that a kernel would resolve. */
static inline void must_be_normal(const char *path)
{
	MUST(path[0] == '/');
	MUST(strlen(path) <= 4096);
	if (path[1] == '\0')
		return;
	for (const char *at = path; *at;) {
		size_t length = strcspn(++at, "/");

		MUST(length > 0);
		MUST(!(length == 1 && at[0] == '.') &&
			!(length == 2 && at[0] == '.' && at[1] == '.'));
		at += length;
	}
}

#endif
