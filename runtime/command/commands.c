/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, the options in front of them, and the little that commands share. */
#include "runtime/command/command.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

const struct option command_no_options[] = {{0}};

const struct command *const commands[] = {
	&command_create,
	&command_start,
	&command_run,
	&command_once,
	&command_exec,
	&command_state,
	&command_list,
	&command_ps,
	&command_kill,
	&command_delete,
	&command_pause,
	&command_resume,
	&command_update,
	&command_events,
	&command_checkpoint,
	&command_restore,
	&command_result,
	&command_plan,
	&command_spec,
	&command_features,
	&command_doctor,
	&command_version,
	&command_help,
	NULL,
};

#define GLOBAL(name, letter, member, argument, help)                                           \
	OPTION(struct global_options, name, letter, member, argument, help)

const struct option global_option_table[] = {
	GLOBAL("root", 0, global.root, "DIR",
		"where containers are remembered (default: /run/mayfly, or "
		"$XDG_RUNTIME_DIR/mayfly)"),
	GLOBAL("log", 0, log, "FILE", "append errors to FILE, besides standard error"),
	GLOBAL("log-format", 0, log_format, "FORMAT",
		"of the log file: text or json (default: text)"),
	GLOBAL("log-level", 0, log_level, "LEVEL", "error, warning or debug (default: error)"),
	GLOBAL("debug", 0, global.debug, NULL, "the same as --log-level debug"),
	GLOBAL("systemd-cgroup", 0, systemd_cgroup, NULL, "let systemd make the cgroup"),
	GLOBAL("cgroup-manager", 0, cgroup_manager, "NAME",
		"cgroupfs or systemd (default: cgroupfs)"),
	GLOBAL("rootless", 0, rootless, "WHEN",
		"do without a cgroup that may not be made: true, false or auto (default: "
		"auto)"),
	GLOBAL("allow-missing-controllers", 0, global.allow_missing_controllers, NULL,
		"run without the limits this host cannot enforce, and say which"),
	GLOBAL("version", 'v', version, NULL, "print the version and exit"),
	GLOBAL("limits-file", 0, global.limits_file, "FILE",
		"what annotations may ask (default: /etc/mayfly/limits.json)"),
	OPTION_ACCEPTED("criu", "FILE"),
	{0},
};

const struct global_options global_defaults = {
	.global = MAYFLY_OPTIONS(struct mayfly_global),
};

static int check_rootless(struct global_options *options, struct error *err)
{
	static const struct {
		const char *word;
		int value;
	} words[] = {
		{"auto", MAYFLY_ROOTLESS_AUTO},
		{"true", MAYFLY_ROOTLESS_YES},
		{"false", MAYFLY_ROOTLESS_NO},
	};

	if (!options->rootless)
		return 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(words[i].word, options->rootless) != 0)
			continue;
		options->global.rootless = words[i].value;
		return 0;
	}
	return fail(err, 0,
		"invalid value \"%.100s\" for flag --rootless: not true, false or auto",
		options->rootless);
}

static int check_cgroup_manager(struct global_options *options, struct error *err)
{
	const char *name = options->cgroup_manager;

	options->global.systemd_cgroup = options->systemd_cgroup;
	if (!name)
		return 0;
	if (strcmp(name, "disabled") == 0)
		return fail(err, 0,
			"--cgroup-manager disabled is not supported: a container without a "
			"cgroup could not be killed as a whole");
	if (strcmp(name, "systemd") != 0 && strcmp(name, "cgroupfs") != 0)
		return fail(err, 0,
			"invalid value \"%.100s\" for flag --cgroup-manager: not cgroupfs "
			"or systemd",
			name);
	options->global.systemd_cgroup = strcmp(name, "systemd") == 0;
	return 0;
}

int global_options_check(struct global_options *options, struct error *err)
{
	if (options->log_level && strcmp(options->log_level, "debug") == 0)
		options->global.debug = true;
	if (check_rootless(options, err) < 0)
		return -1;
	return check_cgroup_manager(options, err);
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

const char *command_nearest(const char *name)
{
	const char *best = NULL;
	size_t least = strlen(name) / 3 + 2;

	for (size_t i = 0; commands[i]; i++) {
		size_t distance = text_distance(name, commands[i]->name);

		if (distance >= least)
			continue;
		least = distance;
		best = commands[i]->name;
	}
	return best;
}

int put_bytes(const char *bytes, size_t length, struct error *err)
{
	while (length) {
		ssize_t put = write(STDOUT_FILENO, bytes, length);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return fail(err, errno, "write to standard output");
		bytes += put;
		length -= (size_t)put;
	}
	return 0;
}

int put_text(const char *text, struct error *err)
{
	return put_bytes(text, strlen(text), err);
}

int parse_format(const char *word, bool *ret_json, struct error *err)
{
	*ret_json = word && strcmp(word, "json") == 0;
	if (!word || *ret_json || strcmp(word, "table") == 0)
		return 0;
	return fail(
		err, 0, "invalid value \"%.100s\" for flag --format: not table or json", word);
}
