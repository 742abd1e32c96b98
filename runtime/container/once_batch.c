/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests as documents, one a line. Each runs in a process of its own, so that what goes wrong
 * with one is its own; the results come out in the order of the requests.
 */
#include "runtime/container/once.h"

#include "oci/json.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/process.h"
#include "runtime/sys/sys.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { JOBS_MAX = 1024, REQUESTS_MAX = 100 * 1000, BATCH_BYTES_MAX = 256 * 1024 * 1024 };
enum { CANCELLED = 130 };

struct job {
	pid_t pid;  /* 0: not running */
	int result; /* a memfd with its document, or -1 */
	int status;
	bool done;
};

struct batch {
	const struct mayfly_global *global;
	const struct mayfly_once *options;
	struct arena arena;
	const char **lines;
	size_t count;
	struct job *jobs; /* one a line */
	size_t put;	  /* how many results are out */
	sigset_t signals; /* an end of a job, or a wish to cancel */
	bool cancelled;	  /* no more jobs are begun */
};

/* ---- the documents ---- */

static int read_all(struct batch *batch, char **ret, size_t *ret_length, struct error *err)
{
	const char *name = batch->options->request;

	if (strcmp(name, "-") == 0) {
		if (file_read_fd(STDIN_FILENO, BATCH_BYTES_MAX, &batch->arena, ret, ret_length,
			    err) == 0)
			return 0;
		error_while(err, "read the requests from standard input");
		return -1;
	}
	return file_read(AT_FDCWD, name, BATCH_BYTES_MAX, &batch->arena, ret, ret_length, err);
}

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t\r")] == '\0';
}

/*
 * One document over several lines, or one on each line. The first line tells: a whole document
 * ends with the brace that it began with.
 */
static bool is_one_document(const char *bytes, size_t length, struct arena *arena)
{
	struct oci_request *request;
	struct error ignored;
	const char *end = memchr(bytes, '\n', length);
	size_t first = end ? (size_t)(end - bytes) : length;

	if (oci_request_parse(bytes, first, arena, &request, &ignored) == 0)
		return false;
	return oci_request_parse(bytes, length, arena, &request, &ignored) == 0 ||
	       !memchr(bytes, '\n', length) || first == 0 || bytes[first - 1] != '}';
}

static int split_lines(struct batch *batch, char *bytes, size_t length, struct error *err)
{
	size_t most = 1;

	for (const char *at = bytes; (at = strchr(at, '\n')); at++)
		most++;
	if (most > REQUESTS_MAX)
		return fail(
			err, E2BIG, "%zu lines of requests, more than %d", most, REQUESTS_MAX);
	batch->lines = arena_array(&batch->arena, most, sizeof(*batch->lines));
	if (!batch->lines)
		return fail(err, ENOMEM, "read the requests");
	if (is_one_document(bytes, length, &batch->arena)) {
		batch->lines[batch->count++] = bytes;
		return 0;
	}
	for (char *line; (line = strsep(&bytes, "\n"));)
		if (!is_blank(line))
			batch->lines[batch->count++] = line;
	return 0;
}

/* ---- one of them, in its own process ---- */

/* Where put_result of a worker writes: its only job is one result. */
static int worker_result = -1;

static int put_into_memory(const char *json, size_t length, struct error *err)
{
	int done = file_write(worker_result, json, length);

	return done < 0 ? fail(err, -done, "keep the result") : 0;
}

/* Of a document that is JSON but no request; or NULL. */
static const char *find_id(const char *line, struct arena *arena)
{
	const struct json *root, *id;
	struct error ignored;

	if (json_parse(line, strlen(line), arena, &root, &ignored) < 0 ||
		root->kind != JSON_OBJECT)
		return NULL;
	id = json_find(root, "request_id");
	return id && id->kind == JSON_STRING ? id->text : NULL;
}

static void name_document(const struct batch *batch, size_t number, struct error *err)
{
	const char *name = batch->options->request;
	char place[ERROR_WHERE_MAX];

	if (strcmp(name, "-") == 0)
		name = "standard input";
	if (batch->count > 1)
		snprintf(place, sizeof(place), "%.400s: request %zu", name, number + 1);
	else
		snprintf(place, sizeof(place), "%s", name);
	(void)json_in_file(err, place);
}

static int run_line(const struct batch *batch, size_t number, int *ret_status)
{
	const char *line = batch->lines[number];
	struct mayfly_once options = *batch->options;
	struct oci_request *request;
	struct arena arena = {0};
	struct error err;

	options.put_result = put_into_memory;
	options.put_message = NULL;
	if (oci_request_parse(line, strlen(line), &arena, &request, &err) < 0) {
		struct error why = err;

		name_document(batch, number, &why);
		return once_reject(
			batch->global, &options, find_id(line, &arena), &why, ret_status, &err);
	}
	request->best_effort |= options.best_effort;
	return once_run_one(batch->global, &options, request, true, ret_status, &err);
}

__attribute__((noreturn)) static void work(struct batch *batch, size_t number)
{
	int status = 125;
	sigset_t child;

	/* A wish to cancel stays blocked: it may come before this process can hear it, and
	 * waits. */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_UNBLOCK, &child, NULL);
	worker_result = take_fd(&batch->jobs[number].result);
	/* What the others told is nobody's here. */
	for (size_t i = batch->put; i < number; i++)
		fd_close(&batch->jobs[i].result);
	(void)run_line(batch, number, &status);
	_exit(status);
}

static int start_job(struct batch *batch, size_t number, struct error *err)
{
	struct job *job = &batch->jobs[number];
	pid_t parent = getpid();

	job->result = sys_memfd_create("result", 0);
	if (job->result < 0)
		return fail(err, -job->result, "keep the result");
	job->pid = fork();
	if (job->pid < 0) {
		job->pid = 0;
		return fail(err, errno, "fork");
	}
	if (job->pid > 0)
		return 0;

	/* A wish to cancel is heard by the watch and not before: once_tie(). */
	if (sys_prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent)
		_exit(125);
	work(batch, number);
}

/* ---- all of them ---- */

static int put_one(struct batch *batch, struct job *job, struct error *err)
{
	off_t size = lseek(job->result, 0, SEEK_END);
	void *text = size > 0 ? mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, job->result, 0)
			      : MAP_FAILED;
	int result = 0;

	if (text == MAP_FAILED)
		return fail(err, 0, "a request ended without a result");
	if (batch->options->put_result)
		result = batch->options->put_result(text, (size_t)size, err);
	munmap(text, (size_t)size);
	fd_close(&job->result);
	return result;
}

/* In order: what is done waits for what was asked before. */
static int put_done(struct batch *batch, struct error *err)
{
	while (batch->put < batch->count && batch->jobs[batch->put].done)
		if (put_one(batch, &batch->jobs[batch->put++], err) < 0)
			return -1;
	return 0;
}

static void block_signals(struct batch *batch)
{
	static const int signals[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT};

	/* Where a caller ignores it, there would be nothing to wait for. */
	(void)signal(SIGCHLD, SIG_DFL);
	sigemptyset(&batch->signals);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaddset(&batch->signals, signals[i]);
	(void)sigprocmask(SIG_BLOCK, &batch->signals, NULL);
}

/* Each that runs is cancelled in the same way, and still gives its result. */
static void await_signal(struct batch *batch, size_t started)
{
	int signal = sigwaitinfo(&batch->signals, NULL);

	if (signal < 0 || signal == SIGCHLD)
		return;
	batch->cancelled = true;
	for (size_t i = 0; i < started; i++)
		if (batch->jobs[i].pid > 0)
			(void)kill(batch->jobs[i].pid, signal);
}

/* Answers 1 when a job has ended, 0 when something else happened. */
static int await_one(struct batch *batch, size_t started, struct error *err)
{
	int status;
	pid_t pid = SYS_RESULT(waitpid(-1, &status, __WALL | WNOHANG));

	if (pid == 0) {
		await_signal(batch, started);
		return 0;
	}
	if (pid < 0)
		return fail(err, -pid, "wait for the requests");
	for (size_t i = 0; i < started; i++) {
		struct job *job = &batch->jobs[i];

		if (job->pid != pid)
			continue;
		job->pid = 0;
		job->done = true;
		job->status = WIFEXITED(status) ? WEXITSTATUS(status) : 125;
		return 1;
	}
	return 0;
}

static void cancel(struct batch *batch, size_t started)
{
	for (size_t i = 0; i < started; i++)
		if (batch->jobs[i].pid > 0)
			(void)kill(batch->jobs[i].pid, SIGTERM);
	for (size_t i = 0; i < started; i++)
		if (batch->jobs[i].pid > 0)
			(void)waitpid(batch->jobs[i].pid, NULL, __WALL);
}

static int run_all(struct batch *batch, struct error *err)
{
	size_t most = batch->options->jobs ? batch->options->jobs : 1;
	size_t started = 0, running = 0;
	int result = 0;

	while (result == 0 && ((started < batch->count && !batch->cancelled) || running > 0)) {
		if (started < batch->count && !batch->cancelled && running < most) {
			result = start_job(batch, started, err);
			started += result == 0;
			running += result == 0;
			continue;
		}
		result = await_one(batch, started, err);
		running -= result == 1;
		if (result >= 0)
			result = put_done(batch, err);
	}
	if (result < 0)
		cancel(batch, started);
	return result;
}

int once_batch(const struct mayfly_global *global, const struct mayfly_once *options,
	int *ret_status, struct error *err)
{
	struct batch batch = {.global = global, .options = options};
	char *bytes;
	size_t length;
	int result = -1;

	if (options->jobs > JOBS_MAX)
		return fail(err, 0, "--jobs %u: at most %d", options->jobs, JOBS_MAX);
	if (read_all(&batch, &bytes, &length, err) < 0 ||
		split_lines(&batch, bytes, length, err) < 0)
		goto out;
	batch.jobs = arena_array(&batch.arena, batch.count + 1, sizeof(*batch.jobs));
	if (!batch.jobs) {
		error_set(err, ENOMEM, "read the requests");
		goto out;
	}
	block_signals(&batch);
	result = run_all(&batch, err);
	/* Of several the results tell; of one its status does, too. */
	if (result == 0)
		*ret_status = batch.count == 1	? batch.jobs[0].status
			      : batch.cancelled ? CANCELLED
						: 0;
out:
	arena_free(&batch.arena);
	return result;
}
