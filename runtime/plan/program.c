/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program: its environment, where it is found, and its execution. An error in finding it is
 * create's, as every caller expects.
 */
#include "hooks/points.h"
#include "runtime/plan/rooms.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static size_t name_length(const char *entry)
{
	return strcspn(entry, "=");
}

static bool same_name(const char *a, const char *b)
{
	size_t length = name_length(a);

	return length == name_length(b) && memcmp(a, b, length) == 0;
}

/* FNV-1a of the name */
static size_t hash_name(const char *entry)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < name_length(entry); i++)
		hash = (hash ^ (unsigned char)entry[i]) * UINT64_C(1099511628211);
	return (size_t)(hash ^ hash >> 32);
}

/* A set of names with more room than names: a config may hold a million of them. */
struct names {
	const char **rows;
	size_t room; /* a power of two */
};

static bool names_add(struct names *names, const char *entry)
{
	size_t i = hash_name(entry) & (names->room - 1);

	for (; names->rows[i]; i = (i + 1) & (names->room - 1))
		if (same_name(names->rows[i], entry))
			return false;
	names->rows[i] = entry;
	return true;
}

static bool is_empty_home(const char *entry)
{
	return strcmp(entry, "HOME=") == 0;
}

bool environment_has_home(const struct oci_process *process)
{
	for (size_t i = process->n_env; i-- > 0;)
		if (same_name(process->env[i], "HOME="))
			return !is_empty_home(process->env[i]);
	return false;
}

static int add_listen_fds(struct plan *plan, const struct wanted *wanted, const char *(*ret)[2],
	struct error *err)
{
	unsigned int count = wanted->request->listen_fds;

	if (!count)
		return 0;
	(*ret)[0] = arena_format(plan->arena, "LISTEN_FDS=%u", count);
	(*ret)[1] = "LISTEN_PID=1";
	return (*ret)[0] ? 0 : no_memory(err);
}

/* Of a name that is there twice, the last one stays, at its place. */
static int plan_environment(
	struct plan *plan, const struct wanted *wanted, struct step *step, struct error *err)
{
	const struct oci_process *process = wanted->process;
	const char *sockets[2] = {0};
	size_t n = process->n_env, used = 0;
	char **envp = arena_array(plan->arena, n + 4, sizeof(*envp));
	struct names names = {.room = 8};

	while (names.room < 2 * (n + 2))
		names.room *= 2;
	names.rows = arena_array(plan->arena, names.room, sizeof(*names.rows));
	if (!envp || !names.rows)
		return no_memory(err);
	if (add_listen_fds(plan, wanted, &sockets, err) < 0)
		return -1;

	for (size_t i = 2; i-- > 0;)
		if (sockets[i] && names_add(&names, sockets[i]))
			envp[used++] = (char *)sockets[i];
	for (size_t i = n; i-- > 0;)
		if (names_add(&names, process->env[i]) && !is_empty_home(process->env[i]))
			envp[used++] = (char *)process->env[i];
	for (size_t i = 0; i < used / 2; i++) {
		char *other = envp[i];

		envp[i] = envp[used - 1 - i];
		envp[used - 1 - i] = other;
	}
	step->exec.envp = envp;
	step->exec.n_env = used;
	return 0;
}

static int plan_argv(struct plan *plan, const struct oci_process *process, struct step *step,
	struct error *err)
{
	char **argv = arena_array(plan->arena, process->n_args + 1, sizeof(*argv));

	if (!argv)
		return no_memory(err);
	for (size_t i = 0; i < process->n_args; i++)
		argv[i] = (char *)process->args[i];
	step->exec.argv = argv;
	return 0;
}

static int find_program(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_process *process = wanted->process;
	struct step *step =
		plan_step(plan, &plan->inside, err, STEP_FIND_PROGRAM, "process.args[0]");

	if (!step || plan_argv(plan, process, step, err) < 0)
		return -1;
	return plan_environment(plan, wanted, step, err);
}

int plan_program(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	const struct oci_process *process = wanted->process;

	if (plan_text(plan, &plan->inside, err, STEP_CHANGE_DIRECTORY, process->cwd,
		    wanted->request->cwd_given ? "--cwd" : "process.cwd") < 0)
		return -1;
	/* With a reaper it may be a file that is handed in when all else is done. */
	if (!plan->process || wanted->request->reaper)
		return 0;
	return find_program(plan, wanted, err);
}

/* FIND_PROGRAM and EXEC share what FIND_HOME may have added to the environment. */
static const struct step *found_program(const struct plan *plan)
{
	for (size_t i = plan->inside.count; i-- > 0;)
		if (plan->inside.steps[i].kind == STEP_FIND_PROGRAM)
			return &plan->inside.steps[i];
	return NULL;
}

int plan_exec(struct plan *plan, const struct wanted *wanted, struct error *err)
{
	if (wanted->request->verb == REQUEST_CREATE &&
		plan_bare(plan, &plan->inside, err, STEP_AWAIT_START, "") < 0)
		return -1;
	if (wanted->request->verb != REQUEST_EXEC &&
		plan_hooks(plan, wanted, &plan->inside, HOOK_START_CONTAINER, err) < 0)
		return -1;
	/* Without a program there is nothing to start, and `start` says so before it asks. */
	if (!plan->process)
		return 0;
	if (wanted->request->reaper &&
		(plan_bare(plan, &plan->inside, err, STEP_SPAWN, "") < 0 ||
			find_program(plan, wanted, err) < 0))
		return -1;
	if (plan_number(plan, &plan->inside, err, STEP_CLOSE_FDS, wanted->request->preserve_fds,
		    "") < 0 ||
		plan_seccomp_late(plan, wanted, err) < 0)
		return -1;

	struct step *step = plan_step(plan, &plan->inside, err, STEP_EXEC, "process.args");

	if (!step)
		return -1;
	step->exec = found_program(plan)->exec;
	return 0;
}
