/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mayfly exec: another process in a container. Options end at the container's id: what follows
 * is the command, and its options are its own.
 */
#include "runtime/command/command.h"

#include <string.h>

struct exec_options {
	struct mayfly_exec exec;
	struct texts env, gids, capabilities;
};

#define EXEC(name, letter, member, argument, help)                                             \
	OPTION(struct exec_options, name, letter, member, argument, help)

static const struct option options[] = {
	EXEC("process", 'p', exec.process, "FILE",
		"a process object (JSON) instead of a command; - is standard input"),
	EXEC("cwd", 0, exec.cwd, "DIR", "working directory in the container"),
	EXEC("env", 'e', env, "NAME=VALUE", "add to the environment; may be repeated"),
	EXEC("tty", 't', exec.tty, NULL, "give the process a terminal"),
	EXEC("user", 'u', exec.user, "UID[:GID]",
		"run as this user, by number (default GID: the container's)"),
	EXEC("additional-gids", 'g', gids, "GID",
		"a further group, by number; may be repeated"),
	EXEC("cap", 'c', capabilities, "CAP_NAME", "a further capability; may be repeated"),
	EXEC("no-new-privs", 0, exec.no_new_privs, NULL, "set no_new_privs"),
	EXEC("apparmor", 0, exec.apparmor, "PROFILE", "AppArmor profile of the process"),
	EXEC("process-label", 0, exec.process_label, "LABEL", "SELinux label of the process"),
	EXEC("detach", 'd', exec.detach, NULL, "return as soon as the command runs"),
	EXEC("pid-file", 0, exec.pid_file, "FILE",
		"write the process id of the command into FILE"),
	EXEC("console-socket", 0, exec.console_socket, "SOCKET",
		"Unix socket that is sent the terminal's master side"),
	EXEC("pidfd-socket", 0, exec.pidfd_socket, "SOCKET",
		"Unix socket that is sent a pidfd of the command"),
	EXEC("preserve-fds", 0, exec.preserve_fds, "N",
		"hand descriptors 3 to 2+N to the command (default: 0)"),
	EXEC("cgroup", 0, exec.cgroup, "PATH", "a cgroup below the container's own"),
	EXEC("ignore-paused", 0, exec.ignore_paused, NULL, "also when the container is paused"),
	OPTION_ACCEPTED("no-subreaper", NULL),
	{0},
};

static const struct exec_options defaults = {
	.exec = MAYFLY_OPTIONS(struct mayfly_exec),
};

/* Names are never looked up: the container's own passwd is the image's to write. */
static int check_user(const char *user, struct arena *arena, struct error *err)
{
	const char *colon = strchr(user, ':');
	size_t length = colon ? (size_t)(colon - user) : strlen(user);
	const char *uid = arena_text_n(arena, user, length);
	uint32_t number;

	if (!uid)
		return fail(err, 0, "out of memory");
	if (!parse_id(uid, &number) || (colon && !parse_id(colon + 1, &number)))
		return fail(err, 0,
			"--user \"%.100s\" is not UID or UID:GID with numbers from 0 to "
			"4294967294",
			user);
	return 0;
}

static int read_gids(
	const struct texts *texts, struct arena *arena, const uint32_t **ret, struct error *err)
{
	uint32_t *gids = arena_array(arena, texts->count + 1, sizeof(*gids));

	if (!gids)
		return fail(err, 0, "out of memory");
	for (size_t i = 0; i < texts->count; i++)
		if (!parse_id(texts->items[i], &gids[i]))
			return fail(err, 0,
				"--additional-gids \"%.100s\" is not a number from 0 to "
				"4294967294",
				texts->items[i]);
	*ret = gids;
	return 0;
}

static int check_env(const struct texts *env, struct error *err)
{
	for (size_t i = 0; i < env->count; i++)
		if (env->items[i][0] == '=' || !strchr(env->items[i], '='))
			return fail(
				err, 0, "--env \"%.200s\" is not NAME=VALUE", env->items[i]);
	return 0;
}

static int exec(const struct call *call, int *ret_status, struct error *err)
{
	const struct exec_options *given = call->options;
	struct mayfly_exec wanted = given->exec;

	if (wanted.process && call->n_arguments > 1)
		return fail(err, 0,
			"--process already says what to run: no command may follow the id");
	if (!wanted.process && call->n_arguments < 2)
		return fail(err, 0, "process args cannot be empty");
	if (wanted.user && check_user(wanted.user, call->arena, err) < 0)
		return -1;
	if (check_env(&given->env, err) < 0)
		return -1;
	if (read_gids(&given->gids, call->arena, &wanted.additional_gids, err) < 0)
		return -1;
	wanted.n_additional_gids = given->gids.count;
	wanted.env = given->env.items;
	wanted.capabilities = given->capabilities.items;
	if (!wanted.process)
		wanted.args = (const char *const *)call->arguments + 1;
	return mayfly_exec(call->global, call->arguments[0], &wanted, ret_status, err);
}

const struct command command_exec = {
	.name = "exec",
	.arguments = "ID COMMAND [ARGUMENT...]",
	.purpose = "Run another process in a container.",
	.example = "mayfly exec --user 1000:1000 --env LANG=C job7 ls -l /",
	.status = "that of the command, or 128 and the number of the signal that ended it;\n"
		  "255 after an error; with --detach 0 or 255",
	.options = options,
	.defaults = &defaults,
	.size = sizeof(defaults),
	.least = 1,
	.most = SIZE_MAX,
	.sealed = true,
	.error_status = 255,
	.run = exec,
};
