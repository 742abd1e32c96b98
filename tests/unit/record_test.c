/* SPDX-License-Identifier: Apache-2.0 */
/* The record of a container: what is written is what is read, and nonsense is refused. */
#include "runtime/container/record.h"
#include "tests/unit/tap.h"

static void round_trip(void)
{
	struct arena arena = {0};
	struct error err;
	struct oci_pair annotations[] = {{"a", "1"}, {"b", "\"quoted\"\n"}};
	const char *unenforced[] = {"linux.resources.memory.limit: none"};
	const struct record record = {
		.phase = RECORD_READY,
		.id = "x",
		.bundle = "/b",
		.rootfs = "/b/rootfs",
		.created = "2026-01-02T03:04:05.000000006Z",
		.owner = 7,
		.boot_id = "boot",
		.pid = 42,
		.start_time = 18446744073709551615U,
		.pidfs = 9,
		.cgroup = "/x",
		.own_pid_namespace = true,
		.has_process = true,
		.notify = true,
		.poststop = true,
		.annotations = annotations,
		.n_annotations = 2,
		.unenforced = unenforced,
		.n_unenforced = 1,
	};
	struct record *read = NULL;
	const char *text, *again;
	size_t length, again_length;

	is_result(record_print(&record, &arena, &text, &length, &err), &err, NULL,
		"a record is printed");
	is_result(record_parse(text, length, &arena, &read, &err), &err, NULL, "and read");
	if (read) {
		is_number(read->start_time, 18446744073709551615U,
			"numbers are exact to 64 bits");
		is_text(read->annotations[1].value, "\"quoted\"\n",
			"text survives quotes and newlines");
		record_print(read, &arena, &again, &again_length, &err);
		is_text(again, text, "printing what was read gives the same bytes");
	}
	arena_free(&arena);
}

static void nonsense(void)
{
	static const struct {
		const char *text, *wanted;
	} rows[] = {
		{"", "~line 1"},
		{"{}", "~format"},
		{"{\"format\":2,\"phase\":\"ready\",\"id\":\"x\",\"bundle\":\"/"
		 "b\",\"created\":\"\",\"bootId\":\"\"}",
			"a record of format 2; this mayfly knows format 1"},
		{"{\"format\":1,\"phase\":\"odd\",\"id\":\"x\",\"bundle\":\"/"
		 "b\",\"created\":\"\",\"bootId\":\"\"}",
			"~phase: unknown name \"odd\""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena arena = {0};
		struct record *record;
		struct error err;

		is_result(
			record_parse(rows[i].text, strlen(rows[i].text), &arena, &record, &err),
			&err, rows[i].wanted, rows[i].wanted);
		arena_free(&arena);
	}
}

int main(void)
{
	round_trip();
	nonsense();
	return tap_end();
}
