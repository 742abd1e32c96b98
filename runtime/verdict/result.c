/* SPDX-License-Identifier: Apache-2.0 */
/* The result document as JSON, member by member as in docs/once.md, and its sentence. */
#include "runtime/verdict/result.h"

#include "oci/base/libc.h"
#include "oci/base/text.h"
#include "oci/json_write.h"

#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* ---- bytes ---- */

static bool is_text_bytes(const char *data, size_t length)
{
	while (length) {
		size_t step = *data ? utf8_length(data, length) : 0;

		if (!step)
			return false;
		data += step;
		length -= step;
	}
	return true;
}

static char *encode_base64(struct arena *arena, const char *data, size_t length)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *text = arena_alloc(arena, (length + 2) / 3 * 4 + 1), *at = text;

	for (size_t i = 0; text && i < length; i += 3) {
		size_t left = length - i;
		uint32_t bits = (uint32_t)(unsigned char)data[i] << 16;

		bits |= left > 1 ? (uint32_t)(unsigned char)data[i + 1] << 8 : 0;
		bits |= left > 2 ? (uint32_t)(unsigned char)data[i + 2] : 0;
		*at++ = digits[bits >> 18];
		*at++ = digits[bits >> 12 & 63];
		*at++ = left > 1 ? digits[bits >> 6 & 63] : '=';
		*at++ = left > 2 ? digits[bits & 63] : '=';
	}
	return text;
}

/* As "text" when it is UTF-8 without NUL, else as "b64". DATA ends in a NUL of ours. */
static void put_data(struct json_writer *writer, const char *data, size_t length)
{
	char *coded;

	if (is_text_bytes(data, length)) {
		json_put_text(writer, "text", data);
		return;
	}
	coded = encode_base64(writer->arena, data, length);
	writer->failed = writer->failed || !coded;
	if (coded)
		json_put_text(writer, "b64", coded);
}

/* ---- the parts ---- */

static void put_cause(struct json_writer *writer, const struct result *result)
{
	static const char *const by[CAUSES] = {
		[CAUSE_NONE] = "engine",
		[CAUSE_SYSCALL] = "engine",
		[CAUSE_OUTPUT] = "engine",
		[CAUSE_EXIT] = "program",
		[CAUSE_PIDS] = "engine",
		[CAUSE_CPU] = "engine",
		[CAUSE_WALL] = "engine",
		[CAUSE_CANCEL] = "caller",
		[CAUSE_START] = "engine",
		[CAUSE_REJECT] = "engine",
		[CAUSE_ENGINE] = "engine",
	};
	const struct verdict_latch *latch = &result->facts.latch;
	enum verdict verdict = verdict_decide(&result->facts);
	bool memory = verdict == VERDICT_MEMORY_LIMIT || verdict == VERDICT_MEMORY_HOST;

	json_open(writer, "cause", '{');
	json_put_text(writer, "by", memory ? "kernel" : by[latch->cause]);
	json_put_text(writer, "what", memory ? "memory" : name_of(cause_names, latch->cause));
	json_put_unsigned(writer, "at_ns", latch->at_ns);
	if (result->cancelled_by)
		json_put_text(writer, "cancelled_by", result->cancelled_by);
	json_open(writer, "sent", '[');
	for (size_t i = 0; i < result->n_sent; i++) {
		json_open(writer, NULL, '{');
		json_put_signed(writer, "sig", result->sent[i].signal);
		json_put_unsigned(writer, "at_ns", result->sent[i].at_ns);
		json_put_text(writer, "to", result->sent[i].to);
		json_close(writer, '}');
	}
	json_close(writer, ']');
	json_close(writer, '}');
}

struct measure {
	const char *name;
	size_t offset; /* of a struct opt_u64 in struct result */
};

#define MEASURE(name, member)                                                                  \
	{                                                                                      \
		name, offsetof(struct result, member)                                          \
	}

static const struct measure times[] = {
	MEASURE("wall_ns", wall_ns),
	MEASURE("cpu_ns", counters.cpu_ns),
	MEASURE("user_ns", counters.user_ns),
	MEASURE("system_ns", counters.system_ns),
	MEASURE("setup_ns", setup_ns),
	MEASURE("teardown_ns", teardown_ns),
	{0},
};

static const struct measure memories[] = {
	MEASURE("peak", counters.memory_peak),
	MEASURE("swap_peak", counters.swap_peak),
	MEASURE("oom", counters.oom),
	MEASURE("oom_kill", counters.oom_kill),
	MEASURE("oom_group_kill", counters.oom_group_kill),
	MEASURE("max_events", counters.memory_max),
	{0},
};

static const struct measure processes[] = {
	MEASURE("peak", counters.pids_peak),
	MEASURE("hits", counters.pids_hits),
	{0},
};

static const struct measure processors[] = {
	MEASURE("nr_throttled", counters.nr_throttled),
	MEASURE("throttled_ns", counters.throttled_ns),
	{0},
};

static const struct measure transfers[] = {
	MEASURE("read_bytes", counters.read_bytes),
	MEASURE("write_bytes", counters.write_bytes),
	{0},
};

static void put_measures(
	struct json_writer *writer, const struct result *result, const struct measure *rows)
{
	for (; rows->name; rows++)
		json_put_optional(writer, rows->name,
			*(const struct opt_u64 *)((const char *)result + rows->offset));
}

static void put_measured(struct json_writer *writer, const struct result *result)
{
	json_open(writer, "time", '{');
	put_measures(writer, result, times);
	json_put_optional_text(writer, "started_at", result->started_at);
	json_close(writer, '}');

	json_open(writer, "memory", '{');
	json_put_unsigned(writer, "limit", result->limits.memory.value);
	put_measures(writer, result, memories);
	json_put_optional_text(writer, "scope", result->memory_scope);
	json_close(writer, '}');

	json_open(writer, "pids", '{');
	json_put_unsigned(writer, "limit", result->limits.pids.value);
	put_measures(writer, result, processes);
	json_close(writer, '}');

	json_open(writer, "cpu", '{');
	put_measures(writer, result, processors);
	json_close(writer, '}');

	json_open(writer, "io", '{');
	put_measures(writer, result, transfers);
	json_close(writer, '}');
}

static void put_stream(struct json_writer *writer, const struct result *result, int number)
{
	const struct result_stream *stream = &result->streams[number];

	if (!stream->watched) {
		json_put_null(writer, number ? "stderr" : "stdout");
		return;
	}
	json_open(writer, number ? "stderr" : "stdout", '{');
	json_put_unsigned(writer, "bytes", stream->bytes);
	json_put_optional(writer, "limit", stream->limit);
	json_put_bool(writer, "truncated", stream->truncated);
	json_put_unsigned(writer, "undelivered", stream->undelivered);
	json_put_text(writer, "action", name_of(oci_on_output_names, result->on_output));
	if (stream->data)
		put_data(writer, stream->data, stream->data_length);
	json_close(writer, '}');
}

static void put_syscall(struct json_writer *writer, const struct result_syscall *call)
{
	char text[24];

	if (!call->set) {
		json_put_null(writer, "syscall");
		return;
	}
	json_open(writer, "syscall", '{');
	json_put_signed(writer, "nr", call->nr);
	json_put_optional_text(writer, "name", call->name);
	json_put_optional_text(writer, "arch", call->arch);
	json_open(writer, "args", '[');
	for (size_t i = 0; i < sizeof(call->args) / sizeof(*call->args); i++) {
		snprintf(text, sizeof(text), "%#" PRIx64, call->args[i]);
		json_put_text(writer, NULL, call->args[i] ? text : "0x0");
	}
	json_close(writer, ']');
	snprintf(text, sizeof(text), "%#" PRIx64, call->ip);
	json_put_text(writer, "ip", text);
	json_put_unsigned(writer, "tid", call->tid);
	json_put_unsigned(writer, "count", call->count);
	json_close(writer, '}');
}

static void put_limits(struct json_writer *writer, const struct oci_limits *limits)
{
	struct oci_limits all = *limits;

	json_open(writer, "limits", '{');
	for (const struct oci_limit_row *row = oci_limit_rows; row->key; row++)
		json_put_unsigned(writer, row->key, oci_limit_of(&all, row)->value);
	json_close(writer, '}');
}

static void put_applied(struct json_writer *writer, const struct result *result)
{
	json_open(writer, "applied", '{');
	json_put_optional_text(writer, "net", result->net);
	json_put_optional_text(writer, "seccomp", result->seccomp);
	json_put_bool(writer, "seccomp_watched", result->seccomp_watched);
	json_put_bool(writer, "userns", result->user_namespace);
	json_put_optional(writer, "uid", result->uid);
	json_put_bool(writer, "rt", result->rt);
	json_put_texts(writer, "degraded", result->degraded, result->n_degraded);
	json_close(writer, '}');
}

static void put_files(struct json_writer *writer, const struct result *result)
{
	json_open(writer, "files", '[');
	for (size_t i = 0; i < result->n_files; i++) {
		const struct result_file *file = &result->files[i];

		json_open(writer, NULL, '{');
		json_put_text(writer, "path", file->path);
		json_put_bool(writer, "found", file->found);
		json_put_unsigned(writer, "bytes", file->bytes);
		json_put_bool(writer, "truncated", file->truncated);
		json_put_optional_text(writer, "error", file->error);
		if (file->data)
			put_data(writer, file->data, file->data_length);
		json_close(writer, '}');
	}
	json_close(writer, ']');
}

static void put_head(struct json_writer *writer, const struct result *result)
{
	const struct verdict_facts *facts = &result->facts;
	bool known = facts->ended && !facts->status_unknown;

	json_put_text(writer, "schema", "mayfly.result/v1");
	json_put_optional_text(writer, "id", result->id);
	json_put_optional_text(writer, "request_id", result->request_id);
	json_put_text(writer, "verdict", name_of(verdict_names, verdict_decide(facts)));
	json_put_text(writer, "message", result->message ? result->message : "");
	json_put_optional(writer, "exit_code",
		(struct opt_u64){
			.set = known && !facts->signal, .value = (uint64_t)facts->exit_code});
	json_put_optional(writer, "signal",
		(struct opt_u64){
			.set = known && facts->signal, .value = (uint64_t)facts->signal});
	json_put_bool(writer, "core", result->core);
	put_cause(writer, result);
	json_put_text(writer, "stage", result->stage);
	json_put_optional(writer, "errno",
		(struct opt_u64){.set = result->start_errno > 0,
			.value = (uint64_t)result->start_errno});
}

int result_print(const struct result *result, struct arena *arena, const char **ret,
	size_t *ret_length, struct error *err)
{
	const char *hits[VERDICT_HITS_MAX];
	size_t n_hits = verdict_hits(&result->facts, hits, VERDICT_HITS_MAX);
	struct json_writer writer;

	json_start(&writer, arena, NULL);
	json_open(&writer, NULL, '{');
	put_head(&writer, result);
	put_measured(&writer, result);
	put_stream(&writer, result, 0);
	put_stream(&writer, result, 1);
	put_syscall(&writer, &result->syscall);
	json_open(&writer, "disk", '{');
	json_put_optional(&writer, "tmp_used", result->tmp_used);
	json_put_unsigned(&writer, "tmp_limit", result->limits.tmp.value);
	if (result->tmp_used.set)
		json_put_bool(&writer, "full", result->facts.disk_full);
	else
		json_put_null(&writer, "full");
	json_close(&writer, '}');
	json_put_texts(&writer, "hits", hits, n_hits);
	put_limits(&writer, &result->limits);
	put_applied(&writer, result);
	put_files(&writer, result);
	json_put_optional_text(&writer, "teardown", result->teardown);
	json_open(&writer, "engine", '{');
	json_put_text(&writer, "version", PACKAGE_VERSION);
	json_put_optional_text(&writer, "kernel", result->kernel);
	json_close(&writer, '}');
	json_close(&writer, '}');
	return json_finish_length(&writer, ret, ret_length, err);
}

/* ---- the sentence ---- */

/* "2 s", "0.25 s", "2.0003 s": up to a tenth of a millisecond. */
static const char *seconds(uint64_t ns, char text[32])
{
	uint64_t tenths = (ns + 50000) / 100000;
	int used = snprintf(text, 32, "%" PRIu64 ".%04" PRIu64, tenths / 10000, tenths % 10000);

	while (used > 0 && text[used - 1] == '0')
		text[--used] = '\0';
	if (used > 0 && text[used - 1] == '.')
		text[--used] = '\0';
	strcpy(text + used, " s");
	return text;
}

static const char *describe_output(const struct result *result, struct arena *arena)
{
	const struct oci_limits *limits = &result->limits;
	const struct result_stream *out = &result->streams[0], *error = &result->streams[1];
	const char *which = "stdout and stderr together";
	uint64_t limit = limits->output.value;

	if (limits->stderr_bytes.value && error->truncated &&
		error->bytes == limits->stderr_bytes.value) {
		which = "stderr";
		limit = limits->stderr_bytes.value;
	}
	if (limits->stdout_bytes.value && out->truncated &&
		out->bytes == limits->stdout_bytes.value) {
		which = "stdout";
		limit = limits->stdout_bytes.value;
	}
	return arena_format(arena,
		"output limit of %" PRIu64 " bytes (%s) exceeded; %" PRIu64
		" bytes were passed on",
		limit, which, out->bytes + error->bytes);
}

static const char *describe_syscall(const struct result *result, struct arena *arena)
{
	const struct result_syscall *call = &result->syscall;

	return arena_format(arena, "forbidden system call %s (number %" PRId32 " of %s)",
		call->name ? call->name : "without a known name", call->nr,
		call->arch ? call->arch : "an unknown architecture");
}

const char *result_message(const struct result *result, struct arena *arena)
{
	const struct verdict_facts *facts = &result->facts;
	const struct oci_limits *limits = &result->limits;
	char limit[32], after[32];

	switch (verdict_decide(facts)) {
	case VERDICT_OK:
		return "the program ended with status 0";
	case VERDICT_EXIT:
		return arena_format(
			arena, "the program ended with status %d", facts->exit_code);
	case VERDICT_SIGNAL:
		return arena_format(arena, "the program was ended by signal %d (SIG%s)",
			facts->signal,
			sigabbrev_np(facts->signal) ? sigabbrev_np(facts->signal) : "RT");
	case VERDICT_TIMEOUT:
		return arena_format(arena, "wall time limit of %s reached after %s",
			seconds(limits->wall_ns.value, limit),
			seconds(facts->latch.at_ns, after));
	case VERDICT_CPU_LIMIT:
		return arena_format(arena, "CPU time limit of %s reached after %s",
			seconds(limits->cpu_ns.value, limit),
			seconds(facts->latch.at_ns, after));
	case VERDICT_MEMORY_LIMIT:
		return arena_format(arena, "memory limit of %" PRIu64 " bytes reached",
			limits->memory.value);
	case VERDICT_MEMORY_HOST:
		return "killed because memory ran out above this container (an ancestor's "
		       "limit, or the machine's); not the program's own limit";
	case VERDICT_OUTPUT_LIMIT:
		return describe_output(result, arena);
	case VERDICT_PIDS_LIMIT:
		return arena_format(
			arena, "limit of %" PRIu64 " processes reached", limits->pids.value);
	case VERDICT_SYSCALL:
		return describe_syscall(result, arena);
	case VERDICT_FILE_LIMIT:
		return arena_format(arena, "file size limit of %" PRIu64 " bytes reached",
			limits->fsize.value);
	case VERDICT_CANCELLED:
		return arena_format(arena, "cancelled by %s",
			result->cancelled_by ? result->cancelled_by : "the caller");
	default:
		return result->message ? result->message : "no cause is known";
	}
}
