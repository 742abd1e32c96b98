/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly once: one program in a container without a name, and why it ended. */
#include "runtime/command/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct once_options {
	struct mayfly_once once;
	struct texts env, files, collect;
	const char *result, *show_template;
	bool json;
};

#define ONCE(name, letter, member, argument, help)                                             \
	OPTION(struct once_options, name, letter, member, argument, help)

static const struct option options[] = {
	ONCE("bundle", 'b', once.bundle, "DIR",
		"take configuration and root from a bundle instead of a template"),
	ONCE("rootfs", 0, once.rootfs, "DIR", "the root file system"),
	ONCE("template", 0, once.template_name, "NAME",
		"strict, judge, agent, dev, or a file: isolation and limits (default: the "
		"isolation of strict)"),
	ONCE("show-template", 0, show_template, "NAME", "print a template and exit"),
	ONCE("request", 'f', once.request, "FILE",
		"read requests, one JSON document a line, from FILE or - for standard input"),
	ONCE("jobs", 'j', once.jobs, "N", "how many of them run at a time (default: 1)"),
	ONCE("env", 'e', env, "NAME=VALUE", "add to the environment; nothing is inherited"),
	ONCE("cwd", 0, once.cwd, "DIR", "the working directory"),
	ONCE("stdin", 0, once.input, "FILE", "standard input, instead of the caller's"),
	ONCE("file", 0, files, "PATH=FILE",
		"put a copy of FILE at PATH, which must be in a tmpfs such as /tmp"),
	ONCE("collect", 0, collect, "PATH=FILE",
		"copy PATH to FILE when the program has ended, 1 MiB at most"),
	ONCE("wall", 0, once.wall, "TIME", "end it after so much time: 1500ms, 2s, 1m"),
	ONCE("grace", 0, once.grace, "TIME",
		"first ask it to end, by SIGTERM, and give it so long"),
	ONCE("cpu", 0, once.cpu, "TIME", "end it after so much CPU time of all processes"),
	ONCE("cpus", 0, once.cpus, "NUMBER", "how much of how many CPUs it gets: 0.5, 2"),
	ONCE("memory", 0, once.memory, "SIZE", "memory of all processes, without swap: 64MiB"),
	ONCE("pids", 0, once.pids, "N", "how many processes and threads"),
	ONCE("output", 0, once.output, "SIZE", "bytes on stdout and stderr together"),
	ONCE("stdout", 0, once.stdout_limit, "SIZE", "bytes on stdout"),
	ONCE("stderr", 0, once.stderr_limit, "SIZE", "bytes on stderr"),
	ONCE("on-output", 0, once.on_output, "WHAT",
		"when there is more: kill (default), discard, or block"),
	ONCE("merge-stderr", 0, once.merge_stderr, NULL, "stderr goes where stdout goes"),
	ONCE("tmp", 0, once.tmp, "SIZE[,INODES]", "the tmpfs at /tmp"),
	ONCE("fsize", 0, once.fsize, "SIZE", "largest file it may write"),
	ONCE("nofile", 0, once.nofile, "N", "open descriptors of a process"),
	ONCE("stack", 0, once.stack, "SIZE", "stack of a process"),
	ONCE("net", 0, once.net, "WHICH", "none, host, or the path of a network namespace"),
	ONCE("on-oom", 0, once.on_oom, "WHAT",
		"when memory is gone: end the group (default), or the process the kernel "
		"chooses"),
	ONCE("on-pids", 0, once.on_pids, "WHAT",
		"when a fork is refused: kill, or record (default)"),
	ONCE("on-syscall", 0, once.on_syscall, "WHAT",
		"at a forbidden system call: kill (default), or record and answer EPERM"),
	ONCE("best-effort", 0, once.best_effort, NULL,
		"run without what this host cannot enforce; the result says what"),
	ONCE("check", 0, once.check, NULL, "only say whether everything could be enforced"),
	ONCE("result", 0, result, "FILE|FD",
		"write the result document to a file, or to a descriptor by number"),
	ONCE("json", 0, json, NULL, "write the result document to standard error"),
	ONCE("exit-verdict", 0, once.exit_verdict, NULL,
		"tell every verdict by an exit status of its own, 64 to 78"),
	{0},
};

static const struct once_options defaults = {
	.once = {.size = sizeof(struct mayfly_once), .client = -1},
};

/* Where results go; the command is the only user of one process. */
static int result_fd = -1;

static int put_result(const char *json, size_t length, struct error *err)
{
	const struct {
		const char *bytes;
		size_t length;
	} parts[] = {{json, length}, {"\n", 1}};

	for (size_t i = 0; i < 2; i++) {
		const char *at = parts[i].bytes;

		for (size_t left = parts[i].length; left;) {
			ssize_t put = write(result_fd, at, left);

			if (put < 0 && errno == EINTR)
				continue;
			if (put < 0)
				return fail(err, errno, "write the result");
			at += put;
			left -= (size_t)put;
		}
	}
	return 0;
}

/* Standard error may be a pipe that nobody reads, and the container is gone: no reason to stay.
 */
static void put_message(const char *verdict, const char *sentence)
{
	enum { PATIENCE_MS = 2000 };
	struct pollfd reader = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (poll(&reader, 1, PATIENCE_MS) == 0)
		return;
	fprintf(stderr, MAYFLY_NAME " once: %s: %s\n", verdict, sentence);
}

/* Before anything is started: a result that cannot be written is found out now. */
static int open_result(
	const struct once_options *given, struct mayfly_once *wanted, struct error *err)
{
	const char *where = given->result;
	uint32_t number;

	if (where && parse_id(where, &number)) {
		if (fcntl((int)number, F_GETFD) < 0)
			return fail(err, errno, "--result %u", number);
		result_fd = wanted->client = (int)number;
	} else if (where && strcmp(where, "-") == 0) {
		return fail(err, 0,
			"--result -: for standard output give 1, for a file of that name ./-");
	} else if (where) {
		result_fd =
			open(where, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);
		if (result_fd < 0)
			return fail(err, errno, "--result \"%.200s\"", where);
	} else if (given->json) {
		result_fd = STDERR_FILENO;
	} else if (wanted->request) {
		result_fd = STDOUT_FILENO;
	}
	if (result_fd >= 0)
		wanted->put_result = put_result;
	else
		wanted->put_message = put_message;
	return 0;
}

static int show_template(const char *name, struct error *err)
{
	char *text;

	if (mayfly_template(name, &text, err) < 0)
		return -1;

	int result = put_text(text, err);

	free(text);
	return result;
}

/* An option that is given: its member is no longer 0. */
static bool is_given(const struct option *row, const struct once_options *given)
{
	const void *member = (const char *)given + row->offset;

	switch (row->kind) {
	case OPTION_BOOL:
		return *(const bool *)member;
	case OPTION_TEXT:
		return *(const char *const *)member;
	case OPTION_TEXTS:
		return ((const struct texts *)member)->count;
	case OPTION_UNSIGNED:
		return *(const unsigned int *)member;
	case OPTION_IGNORED:
		break;
	}
	return false;
}

/* A document says all of what is run: a limit beside it would hold for nothing. */
static int check_request(
	const struct once_options *given, const struct call *call, struct error *err)
{
	static const char *const beside[] = {
		"request", "jobs", "best-effort", "check", "result", "json", "exit-verdict"};

	if (call->n_arguments)
		return fail(err, 0,
			"--request says what to run: no program may be given beside it");
	for (const struct option *row = options; row->name; row++) {
		bool allowed = false;

		for (size_t i = 0; i < sizeof(beside) / sizeof(*beside); i++)
			allowed |= strcmp(row->name, beside[i]) == 0;
		if (!allowed && is_given(row, given))
			return fail(err, 0,
				"--request says what to run: --%s belongs into the document",
				row->name);
	}
	return 0;
}

static int check_use(
	const struct once_options *given, const struct call *call, struct error *err)
{
	if (given->once.request)
		return check_request(given, call, err);
	return given->once.jobs ? fail(err, 0, "--jobs is for --request") : 0;
}

static int once(const struct call *call, int *ret_status, struct error *err)
{
	const struct once_options *given = call->options;
	struct mayfly_once wanted = given->once;

	if (given->show_template)
		return show_template(given->show_template, err);
	if (check_use(given, call, err) < 0 || open_result(given, &wanted, err) < 0)
		return -1;
	wanted.env = given->env.items;
	wanted.files = given->files.items;
	wanted.collect = given->collect.items;
	wanted.args = (const char *const *)call->arguments;
	return mayfly_once(call->global, &wanted, ret_status, err);
}

const struct command command_once = {
	.name = "once",
	.arguments = "-- PROGRAM [ARGUMENT...]",
	.purpose = "Run one program in a container without a name, and say why it ended.",
	.example = "mayfly once --rootfs /srv/busybox --wall 2s --memory 64MiB --json -- echo "
		   "hello",
	.status =
		"that of the program; 128 and the number of the signal that ended it;\n"
		"124 for time, 125 when it was refused, 126 and 127 when it is no program or\n"
		"there is none, 130 when cancelled, 137 for memory, 153 for output, 159 for a\n"
		"forbidden system call",
	.options = options,
	.defaults = &defaults,
	.size = sizeof(defaults),
	.most = SIZE_MAX,
	.sealed = true,
	.descriptors = true,
	.error_status = 125,
	.own_status = true,
	.run = once,
};
