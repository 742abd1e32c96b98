/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly list: the containers under the root, as a table, as JSON, or as ids alone. */
#include "runtime/command/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct list_options {
	const char *format;
	bool quiet;
};

static const struct option options[] = {
	OPTION(struct list_options, "format", 'f', format, "FORMAT",
		"table or json (default: table)"),
	OPTION(struct list_options, "quiet", 'q', quiet, NULL, "ids only, one on a line"),
	{0},
};

static const struct list_options defaults = {0};

/* Widths as every runtime prints them: at least 12, and 3 spaces behind the longest. */
enum { COLUMNS = 6, NARROWEST = 12, GAP = 3 };

struct row {
	const char *cells[COLUMNS];
	char pid[16];
};

static void fill(struct row *row, const struct mayfly_entry *entry)
{
	snprintf(row->pid, sizeof(row->pid), "%d", (int)entry->pid);
	row->cells[0] = entry->id;
	row->cells[1] = row->pid;
	row->cells[2] = entry->status;
	row->cells[3] = entry->bundle;
	row->cells[4] = entry->created;
	row->cells[5] = entry->owner;
}

/* Characters, not bytes: what follows a UTF-8 lead byte has no width. */
static int width(const char *cell)
{
	int count = 0;

	for (; *cell; cell++)
		count += ((unsigned char)*cell & 0xC0) != 0x80;
	return count;
}

/* A bundle's name may hold an escape sequence; the reader's terminal is not to obey it. */
static void put_cell(FILE *out, const char *cell, int columns)
{
	int left = columns - width(cell);

	for (; *cell; cell++)
		fputc((unsigned char)*cell < 0x20 || *cell == 0x7F ? '?' : *cell, out);
	while (left-- > 0)
		fputc(' ', out);
}

static void put_rows(FILE *out, const struct row *rows, size_t count)
{
	int widths[COLUMNS] = {0};

	for (size_t column = 0; column + 1 < COLUMNS; column++) {
		widths[column] = NARROWEST;
		for (size_t i = 0; i < count; i++) {
			int needed = width(rows[i].cells[column]) + GAP;

			if (needed > widths[column])
				widths[column] = needed;
		}
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t column = 0; column < COLUMNS; column++)
			put_cell(out, rows[i].cells[column], widths[column]);
		fputc('\n', out);
	}
}

static int put_table(FILE *out, const struct mayfly_entry *entries, size_t count,
	struct arena *arena, struct error *err)
{
	struct row *rows = arena_array(arena, count + 1, sizeof(*rows));

	if (!rows)
		return fail(err, 0, "out of memory");
	rows[0] = (struct row){.cells = {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
	for (size_t i = 0; i < count; i++)
		fill(&rows[i + 1], &entries[i]);
	put_rows(out, rows, count + 1);
	return 0;
}

static void put_json(FILE *out, const struct mayfly_entry *entries, size_t count)
{
	fputc('[', out);
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(entries[i].json);

		/* One line for all of them, whoever ended the object's own. */
		while (length && entries[i].json[length - 1] == '\n')
			length--;
		fprintf(out, "%s%.*s", i ? "," : "", (int)length, entries[i].json);
	}
	fputs("]\n", out);
}

static void put_ids(FILE *out, const struct mayfly_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s\n", entries[i].id);
}

static int put_entries(const struct call *call, bool json, const struct mayfly_entry *entries,
	size_t count, struct error *err)
{
	const struct list_options *given = call->options;
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	int ret = 0;

	if (!out)
		return fail(err, 0, "out of memory");
	if (given->quiet)
		put_ids(out, entries, count);
	else if (json)
		put_json(out, entries, count);
	else
		ret = put_table(out, entries, count, call->arena, err);
	if (fclose(out) != 0 && ret == 0)
		ret = fail(err, 0, "out of memory");
	if (ret == 0)
		ret = put_bytes(text, length, err);
	free(text);
	return ret;
}

static int list(const struct call *call, int *ret_status, struct error *err)
{
	const struct list_options *given = call->options;
	struct mayfly_entry *entries = NULL;
	size_t count = 0;
	bool json;

	if (parse_format(given->format, &json, err) < 0)
		return -1;
	if (mayfly_list(call->global, &entries, &count, err) < 0)
		return -1;

	int ret = put_entries(call, json, entries, count, err);

	mayfly_list_free(entries, count);
	return ret;
}

const struct command command_list = {
	.name = "list",
	.arguments = "",
	.purpose = "List the containers under the root.",
	.example = "mayfly list --format json",
	.options = options,
	.defaults = &defaults,
	.size = sizeof(defaults),
	.run = list,
};
