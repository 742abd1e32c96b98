/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options by table, where the struct is the table's type: a row names the option and the
 * member, and the member's C type says how the value is read. Help, man pages and completions
 * are checked against the same rows.
 *
 * What callers rely on (they were written for Go's flag package): one or two dashes; "--x=v"
 * and
 * "--x v"; "=true" and "=false" for booleans; the first argument that is no option ends them.
 */
#ifndef MAYFLY_COMMAND_OPTIONS_H
#define MAYFLY_COMMAND_OPTIONS_H

#include "oci/base/arena.h"
#include "oci/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A member of this type collects every use of its option. */
struct texts {
	const char **items; /* NULL-terminated; NULL when the option was never given */
	size_t count, size;
};

enum option_kind { OPTION_BOOL, OPTION_TEXT, OPTION_TEXTS, OPTION_UNSIGNED, OPTION_IGNORED };

struct option {
	const char *name; /* without dashes; NULL ends a table */
	char letter;	  /* or 0 */
	enum option_kind kind;
	size_t offset;
	const char *argument; /* what help calls the value: "DIR"; NULL for booleans */
	const char *help;     /* NULL: accepted, and not shown */
};

#define OPTION_KIND(type, member)                                                              \
	_Generic(((type *)0)->member,        \
		bool: OPTION_BOOL,           \
		const char *: OPTION_TEXT,   \
		unsigned int: OPTION_UNSIGNED, \
		struct texts: OPTION_TEXTS)

#define OPTION(type, name, letter, member, argument, help)                                     \
	{                                                                                      \
		name, letter, OPTION_KIND(type, member), offsetof(type, member), argument,     \
			help                                                                   \
	}

/* Accepted for callers that pass it, without any effect. */
#define OPTION_ACCEPTED(name, argument)                                                        \
	{                                                                                      \
		name, 0, OPTION_IGNORED, 0, argument, NULL                                     \
	}

struct parsed {
	bool help;	   /* -h or --help was there: nothing else was looked at after it */
	char *const *rest; /* the arguments behind the options, NULL-terminated */
	size_t n_rest;
};

/*
 * Read the options in front of ARGUMENTS (NULL-terminated, without the command's own name) into
 * TARGET. The error names the option, and the nearest one of the table when it is unknown; rest
 * then begins with it.
 */
int options_parse(const struct option *table, void *target, char *const *arguments,
	struct arena *arena, struct parsed *ret, struct error *err);

/* The row of NAME (long, or one letter), or NULL. */
const struct option *options_find(const struct option *table, const char *name, size_t length);

/* A user or group id: 0 to 4294967294; the last number of 32 bits means "unchanged" to the
 * kernel. */
bool parse_id(const char *text, uint32_t *ret);

/* How many edits turn A into B: for "did you mean". */
size_t text_distance(const char *a, const char *b);

#endif
