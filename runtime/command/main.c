/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program: global options, the command, its options, one line when something went wrong.
 * Nothing below this folder prints.
 */
#include "runtime/command/command.h"
#include "runtime/command/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A mistake on the command line, as opposed to one of the container. */
static int usage(struct error *err, const struct command *command)
{
	struct error mistake = *err;

	error_set(err, mistake.code, "%.1500s; see \"" MAYFLY_NAME "%s%s --help\"",
		mistake.what, command ? " " : "", command ? command->name : "");
	return -1;
}

/* Typed behind the command, most of all because an error named one: say where it goes. */
static void explain_misplaced(
	const struct command *command, const struct parsed *parsed, struct error *err)
{
	const char *word = parsed->rest ? *parsed->rest : "";
	const char *name = word + strspn(word, "-");
	size_t length = strcspn(name, "=");
	const struct option *row = options_find(global_option_table, name, length);

	if (!row || !row->help || options_find(command->options, name, length))
		return;
	error_set(err, 0,
		"--%s is a global option: it goes in front of the command, " MAYFLY_NAME
		" --%s%s%s %s ...",
		row->name, row->name, row->argument ? " " : "",
		row->argument ? row->argument : "", command->name);
}

/* An option that was typed behind the first argument, where it is an argument; or NULL. */
static const char *find_late_option(const struct command *command, const struct parsed *parsed)
{
	for (size_t i = 1; i < parsed->n_rest; i++) {
		const char *name = parsed->rest[i] + strspn(parsed->rest[i], "-");

		if (name != parsed->rest[i] &&
			options_find(command->options, name, strcspn(name, "=")))
			return parsed->rest[i];
	}
	return NULL;
}

static int check_count(
	const struct command *command, const struct parsed *parsed, struct error *err)
{
	size_t count = parsed->n_rest;
	bool exactly = command->least == command->most, few = count < command->least;
	const char *late = few ? NULL : find_late_option(command, parsed);

	if (!few && count <= command->most)
		return 0;
	return fail(err, 0, "\"%s\" requires %s %zu argument(s)%s%.100s", command->name,
		exactly ? "exactly"
		: few	? "a minimum of"
			: "a maximum of",
		few ? command->least : command->most,
		late ? ", and options in front of them, not behind: " : "", late ? late : "");
}

static int print_help(const struct command *command, struct arena *arena, struct error *err)
{
	const char *text = help_text(command, arena);

	return text ? put_text(text, err) : fail(err, 0, "out of memory");
}

/* The options and arguments of the command itself, and its work. */
static int run_command(const struct command *command, const struct mayfly_global *global,
	char *const *words, struct arena *arena, int *ret_status, struct error *err)
{
	void *options = arena_alloc(arena, command->size ? command->size : 1);
	struct parsed parsed;

	*ret_status = EXIT_FAILURE;
	if (!options)
		return fail(err, 0, "out of memory");
	if (command->defaults)
		memcpy(options, command->defaults, command->size);
	if (options_parse(command->options, options, words, arena, &parsed, err) < 0) {
		explain_misplaced(command, &parsed, err);
		return usage(err, command);
	}
	if (command->available && command->available(err) < 0)
		return -1;
	if (parsed.help) {
		*ret_status = EXIT_SUCCESS;
		return print_help(command, arena, err);
	}
	if (check_count(command, &parsed, err) < 0)
		return usage(err, command);

	const struct call call = {
		.command = command,
		.global = global,
		.options = options,
		.arguments = parsed.rest,
		.n_arguments = parsed.n_rest,
		.arena = arena,
	};

	*ret_status = EXIT_SUCCESS;
	if (command->run(&call, ret_status, err) == 0)
		return 0;
	if (!command->own_status || !*ret_status)
		*ret_status = command->error_status ? command->error_status : EXIT_FAILURE;
	return -1;
}

/* runc's and crun's commands that are not built yet. */
static const char *const later_commands[] = {"mounts", NULL};

static int unknown_command(const char *name, struct error *err)
{
	const char *near = command_nearest(name);

	for (size_t i = 0; later_commands[i]; i++)
		if (strcmp(later_commands[i], name) == 0)
			return fail(err, 0, "the command \"%s\" is not supported yet", name);

	if (near)
		return fail(err, 0, "no such command: \"%.100s\" (did you mean \"%s\"?)", name,
			near);
	return fail(err, 0, "no such command: \"%.100s\"", name);
}

static int set_up_log(const struct global_options *options, struct error *err)
{
	const struct log_options log = {
		.file = options->log,
		.format = options->log_format,
		.level = options->log_level,
		.debug = options->global.debug,
	};

	return log_open(&log, err);
}

/* What was typed, read as far as it needs no effect on the machine. */
struct typed {
	struct global_options options;
	struct parsed parsed;
	const struct command *command; /* NULL: none, or an unknown one */
	bool wrong;		       /* err is set */
};

static void read_words(
	char *const *words, struct arena *arena, struct typed *ret, struct error *err)
{
	*ret = (struct typed){.options = global_defaults};
	if (options_parse(global_option_table, &ret->options, words, arena, &ret->parsed, err) <
			0 ||
		global_options_check(&ret->options, err) < 0) {
		ret->wrong = true;
		return;
	}
	ret->options.global.log = log_sentence;
	if (ret->options.version)
		ret->command = &command_version;
	else if (ret->parsed.n_rest && !ret->parsed.help)
		ret->command = command_find(ret->parsed.rest[0]);
}

static int act(struct typed *typed, struct arena *arena, int *ret_status, struct error *err)
{
	static char *const nothing[] = {NULL};
	char *const *words = typed->options.version ? nothing : typed->parsed.rest + 1;

	*ret_status = EXIT_FAILURE;
	if (typed->parsed.help) {
		*ret_status = EXIT_SUCCESS;
		return print_help(NULL, arena, err);
	}
	if (typed->command)
		return run_command(
			typed->command, &typed->options.global, words, arena, ret_status, err);
	if (typed->parsed.n_rest)
		(void)unknown_command(typed->parsed.rest[0], err);
	else
		error_set(err, 0, "no command was given");
	return usage(err, NULL);
}

/* --debug: which mayfly did what, for whoever reads a caller's log later. */
static void tell(const struct typed *typed, const char *what, int number)
{
	char line[200];

	if (!typed->command)
		return;
	snprintf(line, sizeof(line), "%s %s %d", typed->command->name, what, number);
	log_sentence("debug", line);
}

static void report(const struct command *command, const struct error *err)
{
	char who[100] = MAYFLY_NAME;

	if (command)
		snprintf(who, sizeof(who), MAYFLY_NAME " %s failed", command->name);
	log_error(who, err);
}

/* It may start this program anew, from a sealed copy. */
static int set_up(char *const argv[], const struct command *command, struct error *err)
{
	if (mayfly_setup(argv, command && command->sealed, err) < 0)
		return -1;
	return command && command->descriptors ? mayfly_note_descriptors(err) : 0;
}

int main(int argc, char *argv[])
{
	struct arena arena = {0};
	struct error err = {0}, later;
	struct typed typed;
	int status = EXIT_FAILURE;

	if (argc < 1)
		return status;
	read_words(argv + 1, &arena, &typed, &err);

	bool wrong = typed.wrong;

	/* Before anything has an effect. */
	if (set_up(argv, typed.command, &later) < 0) {
		err = later;
		wrong = true;
	} else if (wrong) {
		(void)usage(&err, NULL);
	}
	/* The first mistake is the one that is told, into the log that was asked for. */
	if (set_up_log(&typed.options, &later) < 0 && !wrong) {
		err = later;
		wrong = true;
	}
	tell(&typed, "begins in process", getpid());
	if (wrong || act(&typed, &arena, &status, &err) < 0) {
		report(wrong ? NULL : typed.command, &err);
		status = status ? status : EXIT_FAILURE;
	}
	tell(&typed, "ends with status", status);
	log_close();
	arena_free(&arena);
	return status;
}
