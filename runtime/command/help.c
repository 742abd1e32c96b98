/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly help, and --help of every command: printed from the tables the parser reads. */
#include "runtime/command/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELP_COLUMN = 30 };

static void put_option(FILE *out, const struct option *row)
{
	char letter[8] = "    ";
	int used;

	if (row->letter)
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	used = fprintf(out, "  %s--%s%s%s", letter, row->name, row->argument ? " " : "",
		row->argument ? row->argument : "");
	if (used >= HELP_COLUMN) {
		fputc('\n', out);
		used = 0;
	}
	fprintf(out, "%*s%s\n", HELP_COLUMN - used, "", row->help);
}

static void put_options(FILE *out, const char *title, const struct option *table)
{
	static const struct option help = {
		"help", 'h', OPTION_BOOL, 0, NULL, "print this and exit"};

	fprintf(out, "\n%s:\n", title);
	for (const struct option *row = table; row->name; row++)
		if (row->help)
			put_option(out, row);
	put_option(out, &help);
}

static void put_command(FILE *out, const struct command *command)
{
	bool options = command->options->name;

	fprintf(out, "usage: " MAYFLY_NAME " [global options] %s%s%s%s\n\n%s\n", command->name,
		options ? " [options]" : "", *command->arguments ? " " : "", command->arguments,
		command->purpose);
	put_options(out, "Options", command->options);
	fprintf(out, "\nExample:\n  %s\n", command->example);
	fprintf(out, "\nExit status: %s.\n",
		command->status ? command->status : "0, or 1 after an error");
}

static void put_all(FILE *out)
{
	fprintf(out, "usage: " MAYFLY_NAME " [global options] COMMAND [options] [arguments]\n\n"
		     "Runs OCI containers that live for one request.\n\nCommands:\n");
	for (size_t i = 0; commands[i]; i++)
		fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->purpose);
	put_options(out, "Global options", global_option_table);
	fprintf(out, "\nThe options of a command: " MAYFLY_NAME " COMMAND --help\n");
}

const char *help_text(const struct command *command, struct arena *arena)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	if (command)
		put_command(out, command);
	else
		put_all(out);

	const char *copy = fclose(out) == 0 ? arena_text(arena, text) : NULL;

	free(text);
	return copy;
}

static int help(const struct call *call, int *ret_status, struct error *err)
{
	const struct command *command = NULL;

	if (call->n_arguments) {
		command = command_find(call->arguments[0]);
		const char *near = command ? NULL : command_nearest(call->arguments[0]);

		if (near)
			return fail(err, 0,
				"no such command: \"%.100s\" (did you mean \"%s\"?)",
				call->arguments[0], near);
		if (!command)
			return fail(err, 0, "no such command: \"%.100s\"", call->arguments[0]);
	}

	const char *text = help_text(command, call->arena);

	return text ? put_text(text, err) : fail(err, 0, "out of memory");
}

const struct command command_help = {
	.name = "help",
	.arguments = "[COMMAND]",
	.purpose = "Explain the commands, or one of them.",
	.example = "mayfly help run",
	.options = command_no_options,
	.most = 1,
	.run = help,
};
