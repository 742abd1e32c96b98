/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly_once(): requests from the words of the command line, or from documents, one a line; of
 * documents several may run at a time, each in a process of its own. */
#include "runtime/container/once.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/sys.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* ---- the command line ---- */

#define LIMIT(word, member)                                                                    \
	{                                                                                      \
		word, offsetof(struct mayfly_once, member)                                     \
	}

static const struct {
	const char *word;
	size_t offset;
} limit_options[] = {
	LIMIT("wall", wall),
	LIMIT("grace", grace),
	LIMIT("cpu", cpu),
	LIMIT("cpus", cpus),
	LIMIT("memory", memory),
	LIMIT("pids", pids),
	LIMIT("output", output),
	LIMIT("stdout", stdout_limit),
	LIMIT("stderr", stderr_limit),
	LIMIT("tmp", tmp),
	LIMIT("fsize", fsize),
	LIMIT("nofile", nofile),
	LIMIT("stack", stack),
};

static int read_limits(
	const struct mayfly_once *options, struct oci_limits *ret, struct error *err)
{
	for (size_t i = 0; i < sizeof(limit_options) / sizeof(*limit_options); i++) {
		const char *text =
			*(const char *const *)((const char *)options + limit_options[i].offset);

		if (text && oci_limit_set(ret, limit_options[i].word, text, err) < 0) {
			error_in(err, "--%s", limit_options[i].word);
			return -1;
		}
	}
	return 0;
}

static int read_word(const char *option, const char *word, const struct name *names,
	struct opt_u32 *ret, struct error *err)
{
	const struct name *name = word ? name_find(names, word) : NULL;

	if (!word)
		return 0;
	if (!name)
		return fail(err, 0, "invalid value \"%.100s\" for flag --%s: not %s%s%s%s%s",
			word, option, names[0].name, names[2].name ? ", " : " or ",
			names[1].name, names[2].name ? " or " : "",
			names[2].name ? names[2].name : "");
	*ret = (struct opt_u32){true, (uint32_t)name->value};
	return 0;
}

static size_t count_texts(const char *const *texts)
{
	size_t count = 0;

	while (texts && texts[count])
		count++;
	return count;
}

/* "KEY=VALUE" apart. */
static int split(const char *text, const char *option, struct arena *arena,
	const char **ret_key, const char **ret_value, struct error *err)
{
	const char *equals = strchr(text, '=');

	if (!equals || equals == text)
		return fail(err, 0, "invalid value \"%.200s\" for flag --%s: it has no \"=\"",
			text, option);
	*ret_key = arena_text_n(arena, text, (size_t)(equals - text));
	*ret_value = equals + 1;
	return *ret_key ? 0 : fail(err, ENOMEM, "read the options");
}

static int read_pairs(const struct mayfly_once *options, struct oci_request *request,
	struct arena *arena, struct error *err)
{
	size_t n_env = count_texts(options->env), n_files = count_texts(options->files),
	       n_collect = count_texts(options->collect);

	request->env = arena_array(arena, n_env + 1, sizeof(*request->env));
	request->files = arena_array(arena, n_files + 1, sizeof(*request->files));
	request->collect = arena_array(arena, n_collect + 1, sizeof(*request->collect));
	if (!request->env || !request->files || !request->collect)
		return fail(err, ENOMEM, "read the options");
	request->n_env = n_env;
	request->n_files = n_files;
	request->n_collect = n_collect;
	for (size_t i = 0; i < n_env; i++)
		if (split(options->env[i], "env", arena, &request->env[i].key,
			    &request->env[i].value, err) < 0)
			return -1;
	for (size_t i = 0; i < n_files; i++)
		if (split(options->files[i], "file", arena, &request->files[i].path,
			    &request->files[i].data.path, err) < 0)
			return -1;
	for (size_t i = 0; i < n_collect; i++)
		if (split(options->collect[i], "collect", arena, &request->collect[i].path,
			    &request->collect[i].to, err) < 0)
			return -1;
	return 0;
}

static int read_options(const struct mayfly_once *options, struct oci_request *request,
	struct arena *arena, struct error *err)
{
	*request = (struct oci_request){
		.template = options->template_name,
		.bundle = options->bundle,
		.rootfs = options->rootfs,
		.args = (const char **)(uintptr_t)options->args,
		.n_args = count_texts(options->args),
		.cwd = options->cwd,
		.net = options->net,
		.merge_stderr = options->merge_stderr,
		.best_effort = options->best_effort,
	};
	if (options->input) {
		request->input = arena_alloc(arena, sizeof(*request->input));
		if (!request->input)
			return fail(err, ENOMEM, "read the options");
		request->input->path = options->input;
	}
	if (read_limits(options, &request->limits, err) < 0 ||
		read_word("on-oom", options->on_oom, oci_on_oom_names, &request->on.oom, err) <
			0 ||
		read_word("on-pids", options->on_pids, oci_on_limit_names, &request->on.pids,
			err) < 0 ||
		read_word("on-syscall", options->on_syscall, oci_on_limit_names,
			&request->on.syscall, err) < 0 ||
		read_word("on-output", options->on_output, oci_on_output_names,
			&request->on.output, err) < 0)
		return -1;
	return read_pairs(options, request, arena, err);
}

/* ---- one ---- */

static void begin(struct once *once, const struct mayfly_global *global,
	struct oci_request *request, const struct mayfly_once *options)
{
	*once = (struct once){
		.global = global,
		.request = request,
		.client = options->client,
		.check_only = options->check,
		.ids = -1,
		.input = -1,
		.stdio = {-1, -1, -1},
		.root = -1,
		.mounts = -1,
		.tmp = -1,
		.watch = {.streams = {{.from = -1, .to = -1, .reopened = -1},
				  {.from = -1, .to = -1, .reopened = -1}}},
	};
}

static bool is_own_end(enum verdict verdict)
{
	return verdict == VERDICT_OK || verdict == VERDICT_EXIT;
}

static bool has_started(enum verdict verdict)
{
	return verdict != VERDICT_START_FAILED && verdict != VERDICT_REJECTED &&
	       verdict != VERDICT_ENGINE_ERROR;
}

/* Put the result; the status, and -1 with *err when there was no program. */
static int tell(const struct once *once, const struct mayfly_once *options, int *ret_status,
	struct error *err)
{
	const struct result *result = &once->result;
	const struct verdict_facts *facts = &result->facts;
	enum verdict verdict = verdict_decide(facts);
	struct arena arena = {0};
	const char *text;
	size_t length;
	int done = 0;

	*ret_status = verdict_exit_status(verdict, facts->exit_code, facts->signal,
		result->start_errno, options->exit_verdict);
	if (strcmp(result->stage, "exec") != 0 && verdict == VERDICT_START_FAILED &&
		!options->exit_verdict)
		*ret_status = 125;
	if (options->put_result) {
		done = result_print(result, &arena, &text, &length, err);
		if (done == 0)
			done = options->put_result(text, length, err);
		arena_free(&arena);
	}
	if (done < 0)
		return -1;
	if (!has_started(verdict)) {
		*err = once->err;
		return -1;
	}
	if (!is_own_end(verdict) && options->put_message)
		options->put_message(name_of(verdict_names, verdict), result->message);
	return 0;
}

int once_run_one(const struct mayfly_global *global, const struct mayfly_once *options,
	struct oci_request *request, bool of_batch, int *ret_status, struct error *err)
{
	struct once once;

	begin(&once, global, request, options);
	once.keep_output = of_batch;
	if (of_batch) {
		once.parent = getppid();
		once.tied = SIGKILL;
	}
	once_run(&once);

	int result = tell(&once, options, ret_status, err);

	once_close(&once);
	return result;
}

int once_reject(const struct mayfly_global *global, const struct mayfly_once *options,
	const char *request_id, const struct error *why, int *ret_status, struct error *err)
{
	const struct verdict_event event = {.cause = CAUSE_REJECT};
	struct oci_request none = {0};
	struct once once;
	char line[2048];

	begin(&once, global, &none, options);
	error_print(why, line, sizeof(line));
	once.err = *why;
	once.result.request_id = request_id;
	once.result.stage = "check";
	once.result.message = line;
	verdict_wake(&once.result.facts.latch, &event, 1);
	return tell(&once, options, ret_status, err);
}

int mayfly_once(const struct mayfly_global *global, const struct mayfly_once *options,
	int *ret_status, struct error *err)
{
	struct oci_request request;
	struct arena arena = {0};
	struct error why;
	int result;

	*ret_status = 125;
	if (options->request)
		return once_batch(global, options, ret_status, err);
	if (read_options(options, &request, &arena, &why) < 0)
		result = once_reject(global, options, NULL, &why, ret_status, err);
	else
		result = once_run_one(global, options, &request, false, ret_status, err);
	arena_free(&arena);
	return result;
}
