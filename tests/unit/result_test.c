/* SPDX-License-Identifier: Apache-2.0 */
/* The result document, empty and full, and the words of limits. With an argument it prints the
 * documents, for tests/lint/schemas. */
#include "runtime/verdict/result.h"

#include "tests/unit/tap.h"

#include <signal.h>

static struct arena arena;

static const char *print(const struct result *result)
{
	struct error err;
	const char *text;
	size_t length;

	return result_print(result, &arena, &text, &length, &err) == 0 ? text : "(error)";
}

/* Nothing was started. */
static struct result nothing(void)
{
	return (struct result){
		.message = "no",
		.stage = "check",
		.facts.latch = {.cause = CAUSE_REJECT},
	};
}

/* Everything there is. */
static struct result everything(void)
{
	static const char *degraded[] = {"linux.resources.memory.limit: missing"};
	static const struct result_file files[] = {
		{.path = "/tmp/a",
			.found = true,
			.bytes = 2,
			.data = "\xC3\xBC",
			.data_length = 2},
		{.path = "/tmp/b", .found = true, .bytes = 3, .data = "a\0b", .data_length = 3},
		{.path = "/tmp/c", .error = "no such file or directory"},
	};
	struct result result = {
		.id = "once-0123456789abcdef",
		.request_id = "r\"1",
		.message = "late",
		.facts =
			{
				.latch = {.cause = CAUSE_WALL, .at_ns = 5, .seen = ~0U},
				.ended = true,
				.signal = SIGKILL,
				.counters = {.oom_kill = {true, 1}, .pids_hits = {true, 1}},
				.output_discarded = true,
				.output_undelivered = true,
				.disk_full = true,
			},
		.core = true,
		.sent = {{SIGTERM, 6, "init"}, {SIGKILL, 7, "cgroup"}},
		.n_sent = 2,
		.cancelled_by = "SIGTERM",
		.stage = "running",
		.started_at = "2026-11-20T23:10:11.123456789Z",
		.memory_scope = "ancestor:/a",
		.streams =
			{
				{.watched = true,
					.bytes = 1,
					.truncated = true,
					.undelivered = 70000,
					.data = "x",
					.data_length = 1,
					.limit = {true, 1}},
				{.watched = true, .data = "\xFF", .data_length = 1},
			},
		.syscall = {.set = true,
			.nr = 101,
			.name = "ptrace",
			.arch = "x86_64",
			.args = {0, 0x4d2},
			.ip = 0x7f,
			.tid = 7,
			.count = 1},
		.net = "none",
		.seccomp = "strict",
		.uid = {true, 231072},
		.degraded = degraded,
		.n_degraded = 1,
		.files = files,
		.n_files = 3,
		.teardown = "clean",
		.kernel = "6.18",
	};

	for (const struct oci_limit_row *row = oci_limit_rows; row->key; row++)
		*oci_limit_of(&result.limits, row) = (struct opt_u64){true, 1};
	result.counters =
		(struct result_counters){.cpu_ns = {true, 1}, .memory_peak = {true, 2}};
	return result;
}

static void check_documents(void)
{
	struct result empty = nothing(), full = everything();
	const char *text = print(&empty);

	is_true(strstr(text, "\"peak\":null") && strstr(text, "\"cpu_ns\":null") &&
			strstr(text, "\"oom_kill\":null"),
		"what the kernel does not tell is null, not 0");
	is_true(strstr(text, "\"verdict\":\"rejected\""), "a refusal is a result");
	is_true(strstr(text, "\"stdout\":null"), "a stream that is the caller's is null");
	text = print(&full);
	is_true(strstr(text, "\"undelivered\":70000") && strstr(text, "\"output-undelivered\""),
		"what the reader did not take is told");
	is_true(strstr(text, "\"text\":\"\xC3\xBC\""), "text stays text");
	is_true(strstr(text, "\"b64\":\"YQBi\""), "bytes with NUL are base64");
	is_true(strstr(text, "\"b64\":\"/w==\""), "bytes that are not UTF-8 are base64");
	is_true(strstr(text, "\"args\":[\"0x0\",\"0x4d2\""), "arguments are hexadecimal");
	is_true(!strchr(text, '\n'), "a document is one line");
}

static void check_messages(void)
{
	struct result result = everything();

	result.limits.wall_ns.value = 2000000000;
	result.facts.latch.at_ns = 2000300000;
	is_text(result_message(&result, &arena),
		"wall time limit of 2 s reached after 2.0003 s", "a deadline in a sentence");
	result.facts.latch.cause = CAUSE_SYSCALL;
	is_text(result_message(&result, &arena),
		"forbidden system call ptrace (number 101 of x86_64)", "a call in a sentence");
	result.facts.latch.cause = CAUSE_EXIT;
	result.facts.signal = SIGSEGV;
	is_text(result_message(&result, &arena), "the program was ended by signal 11 (SIGSEGV)",
		"a signal in a sentence");
}

static void check_limits(void)
{
	static const struct {
		const char *word, *text;
		uint64_t value;
		bool wrong;
	} rows[] = {
		{"wall", "1500ms", 1500000000, false},
		{"wall", "2s", 2000000000, false},
		{"wall", "1m", 60000000000, false},
		{"wall", "0.25s", 250000000, false},
		{"wall", "0", 0, false},
		{"wall", "5", 0, true},
		{"wall", "", 0, true},
		{"wall", "s", 0, true},
		{"wall", "-1s", 0, true},
		{"wall", "1 s", 0, true},
		{"wall", "1.s", 0, true},
		{"wall", "1e3s", 0, true},
		{"wall", "0.0000000001s", 0, true},
		{"wall", "99999999999h", 0, true},
		{"memory", "67108864", 67108864, false},
		{"memory", "64MiB", 67108864, false},
		{"memory", "64m", 67108864, false},
		{"memory", "1.5GiB", 1610612736, false},
		{"memory", "64MB", 0, true},
		{"memory", "9223372036854775807", 0, true},
		{"memory", "18446744073709551616", 0, true},
		{"memory", "0x10", 0, true},
		{"pids", "64", 64, false},
		{"pids", "1.5", 0, true},
		{"pids", "64K", 0, true},
		{"cpus", "0.5", 500, false},
		{"cpus", "2", 2000, false},
		{"cpus", "0.0001", 0, true},
		{"tmp", "1MiB,100", 1048576, false},
		{"tmp", "1MiB,", 0, true},
		{"nosuch", "1", 0, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct oci_limits limits = {0};
		struct error err;
		const struct oci_limit_row *row = oci_limit_rows;
		int done = oci_limit_set(&limits, rows[i].word, rows[i].text, &err);

		while (row->key && (!row->word || strcmp(row->word, rows[i].word) != 0))
			row++;
		is_true(rows[i].wrong ? done < 0
				      : done == 0 && oci_limit_of(&limits, row)->value ==
							     rows[i].value,
			"%s %s", rows[i].word, rows[i].text);
	}
}

static void check_ceilings(void)
{
	const struct oci_limits ceiling = {.wall_ns = {true, 10}, .pids = {true, 0}};
	struct oci_limits asked = {.wall_ns = {true, 5}, .memory = {true, 7}};
	const char *over;

	oci_limits_tighten(&asked, &ceiling, &over);
	is_true(!over && asked.wall_ns.value == 5 && asked.memory.value == 7 && asked.pids.set,
		"less than the ceiling, and what it does not limit");
	asked.wall_ns.value = 11;
	oci_limits_tighten(&asked, &ceiling, &over);
	is_text(over, "wall_ns", "more than the ceiling");
	asked.wall_ns.value = 0;
	oci_limits_tighten(&asked, &ceiling, &over);
	is_text(over, "wall_ns", "no limit is more than any ceiling");
}

int main(int argc, char *argv[])
{
	if (argc > 1) {
		struct result empty = nothing(), full = everything();

		printf("%s\n%s\n", print(&empty), print(&full));
		return 0;
	}
	check_documents();
	check_messages();
	check_limits();
	check_ceilings();
	arena_free(&arena);
	return tap_end();
}
