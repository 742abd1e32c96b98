/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tiny writer of TAP: one line for each fact, the plan at the end. A test program includes it
 * once, calls is_…() as often as it likes, and returns tap_end() from main().
 */
#ifndef MAYFLY_TAP_H
#define MAYFLY_TAP_H

#include "oci/base/error.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int tap_count, tap_failed;

__attribute__((format(printf, 2, 3), unused)) static bool is_true(
	bool fact, const char *format, ...)
{
	va_list args;

	tap_count++;
	tap_failed += !fact;
	printf("%sok %u - ", fact ? "" : "not ", tap_count);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	return fact;
}

/* Texts, either of which may be NULL. */
__attribute__((unused)) static bool is_text(
	const char *found, const char *wanted, const char *name)
{
	bool same = found && wanted ? strcmp(found, wanted) == 0 : found == wanted;

	if (!is_true(same, "%s", name))
		printf("#  found: %s\n# wanted: %s\n", found ? found : "(null)",
			wanted ? wanted : "(null)");
	return same;
}

__attribute__((unused)) static bool is_number(uint64_t found, uint64_t wanted, const char *name)
{
	if (!is_true(found == wanted, "%s", name))
		printf("#  found: %" PRIu64 "\n# wanted: %" PRIu64 "\n", found, wanted);
	return found == wanted;
}

/*
 * The outcome of a call: WANTED is NULL when it must succeed, or the whole line of the error;
 * when it begins with "~", a part of that line.
 */
__attribute__((unused)) static bool is_result(
	int result, const struct error *err, const char *wanted, const char *name)
{
	char line[ERROR_WHERE_MAX + ERROR_WHAT_MAX + 64] = "success";

	if (result != 0)
		error_print(err, line, sizeof(line));

	bool same = wanted && result != 0 &&
		    (wanted[0] == '~' ? strstr(line, wanted + 1) != NULL
				      : strcmp(line, wanted) == 0);

	same = same || (!wanted && result == 0);
	if (!is_true(same, "%s", name))
		printf("#  found: %s\n# wanted: %s\n", line, wanted ? wanted : "success");
	return same;
}

/* A file of the source tree, NUL-terminated; ends the program when there is none. */
__attribute__((unused)) static char *tap_file(const char *path, size_t *ret_length)
{
	const char *srcdir = getenv("srcdir");
	char name[4096];

	snprintf(name, sizeof(name), "%s/%s", srcdir ? srcdir : ".", path);

	FILE *file = fopen(name, "re");
	char *bytes = calloc(1, 1024 * 1024);

	if (!file || !bytes) {
		printf("Bail out! cannot read %s\n", name);
		exit(1);
	}
	*ret_length = fread(bytes, 1, 1024 * 1024 - 1, file);
	fclose(file);
	return bytes;
}

static int tap_end(void)
{
	printf("1..%u\n", tap_count);
	return tap_failed ? 1 : 0;
}

#endif
