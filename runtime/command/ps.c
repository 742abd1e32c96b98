/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly ps: the processes of a container, as ids or as the host's ps(1) shows them. */
#include "runtime/command/command.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct ps_options {
	const char *format;
};

static const struct option options[] = {
	OPTION(struct ps_options, "format", 'f', format, "FORMAT",
		"table or json (default: table)"),
	{0},
};

static const struct ps_options defaults = {0};

struct pids {
	pid_t *items;
	size_t count;
};

static int put_json(const struct pids *pids, struct arena *arena, struct error *err)
{
	enum { LONGEST = 12 };
	size_t size = pids->count * LONGEST + 4, used = 0;
	char *text = arena_alloc(arena, size);

	if (!text)
		return fail(err, 0, "out of memory");
	text[used++] = '[';
	for (size_t i = 0; i < pids->count; i++)
		used += (size_t)snprintf(
			text + used, size - used, "%s%d", i ? "," : "", (int)pids->items[i]);
	memcpy(text + used, "]\n", 3);
	return put_text(text, err);
}

/* The WANTED-th word of LINE, counted from 0: where it begins, and its length; or NULL. */
static const char *find_word(const char *line, size_t wanted, size_t *ret_length)
{
	for (;; wanted--) {
		line += strspn(line, " \t\n");
		*ret_length = strcspn(line, " \t\n");
		if (*ret_length == 0)
			return NULL;
		if (wanted == 0)
			return line;
		line += *ret_length;
	}
}

static int find_pid_column(const char *header, size_t *ret)
{
	const char *word;
	size_t length;

	for (*ret = 0; (word = find_word(header, *ret, &length)); (*ret)++)
		if (length == 3 && memcmp(word, "PID", 3) == 0)
			return 0;
	return -1;
}

static bool is_ours(const char *line, size_t column, const struct pids *pids)
{
	size_t length;
	const char *word = find_word(line, column, &length);
	char *end;

	if (!word)
		return false;

	long number = strtol(word, &end, 10);

	if (end != word + length)
		return false;
	for (size_t i = 0; i < pids->count; i++)
		if (pids->items[i] == number)
			return true;
	return false;
}

/* Pass on the header and the lines of our processes; read to the end, so that ps can finish. */
static int filter(FILE *from, const struct pids *pids, struct error *err)
{
	char *line = NULL;
	size_t size = 0, column = 0;
	int ret = 0;

	if (getline(&line, &size, from) < 0)
		ret = fail(err, 0, "ps printed nothing");
	else if (find_pid_column(line, &column) < 0)
		ret = fail(err, 0, "ps printed no column PID");
	else
		ret = put_text(line, err);
	while (getline(&line, &size, from) >= 0)
		if (ret == 0 && is_ours(line, column, pids))
			ret = put_text(line, err);
	free(line);
	return ret;
}

/* PATH may be absent: then libc looks into /bin and /usr/bin. */
static int spawn_ps(char *const *arguments, pid_t *ret_pid, struct error *err)
{
	extern char **environ;
	posix_spawn_file_actions_t actions;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(err, errno, "make a pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);

	int code = posix_spawnp(ret_pid, "ps", &actions, NULL, arguments, environ);

	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (code == 0)
		return ends[0];
	close(ends[0]);
	if (code == ENOENT)
		return fail(
			err, 0, "ps(1) is not installed (package procps): use --format json");
	return fail(err, code, "run ps");
}

static int put_table(const struct pids *pids, char *const *arguments, struct arena *arena,
	size_t n_arguments, struct error *err)
{
	char **words = arena_array(arena, n_arguments + 3, sizeof(*words));
	pid_t ps;
	int status;

	if (!words)
		return fail(err, 0, "out of memory");
	words[0] = (char *)"ps";
	words[1] = (char *)"-ef";
	for (size_t i = 0; i < n_arguments; i++)
		words[i + 1] = arguments[i];

	int fd = spawn_ps(words, &ps, err);

	if (fd < 0)
		return -1;

	FILE *from = fdopen(fd, "r");
	int ret = from ? filter(from, pids, err) : fail(err, errno, "read what ps says");

	if (from)
		fclose(from);
	else
		close(fd);
	while (waitpid(ps, &status, 0) < 0 && errno == EINTR)
		;
	return ret;
}

static int ps(const struct call *call, int *ret_status, struct error *err)
{
	const struct ps_options *given = call->options;
	struct pids pids = {0};
	bool json;
	int ret;

	if (parse_format(given->format, &json, err) < 0)
		return -1;
	if (mayfly_ps(call->global, call->arguments[0], &pids.items, &pids.count, err) < 0)
		return -1;
	if (json)
		ret = put_json(&pids, call->arena, err);
	else
		ret = put_table(
			&pids, call->arguments + 1, call->arena, call->n_arguments - 1, err);
	free(pids.items);
	return ret;
}

const struct command command_ps = {
	.name = "ps",
	.arguments = "ID [PS-OPTION...]",
	.purpose = "List the processes of a container, by the host's ps (default: ps -ef).",
	.example = "mayfly ps job7 -o pid,rss,args",
	.options = options,
	.defaults = &defaults,
	.size = sizeof(defaults),
	.least = 1,
	.most = SIZE_MAX,
	.run = ps,
};
