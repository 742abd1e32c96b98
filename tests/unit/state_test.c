/* SPDX-License-Identifier: Apache-2.0 */
/* The state object in its three forms and back; the process state; container ids. */
#include "oci/state.h"

#include "tests/unit/tap.h"

static struct oci_pair annotations[] = {{"a", "x\ty"}, {"b", ""}};

static const struct oci_state running = {
	.oci_version = "1.3.0",
	.id = "c1",
	.pid = 4422,
	.status = OCI_STATUS_RUNNING,
	.bundle = "/b",
	.annotations = annotations,
	.n_annotations = 2,
	.rootfs = "/b/rootfs",
	.created = "2026-01-02T03:04:05.123456789Z",
	.owner = "",
};

static const struct oci_state stopped = {
	.oci_version = "1.3.0", .id = "c1", .status = OCI_STATUS_STOPPED, .bundle = "/b"};

static void test_print(void)
{
	struct arena arena = {0};
	struct error err = {0};
	const char *text = NULL;

	oci_state_print(&running, OCI_STATE_PRETTY, &arena, &text, &err);
	is_text(text,
		"{\n  \"ociVersion\": \"1.3.0\",\n  \"id\": \"c1\",\n  \"pid\": 4422,\n"
		"  \"status\": \"running\",\n  \"bundle\": \"/b\",\n  \"rootfs\": "
		"\"/b/rootfs\",\n"
		"  \"created\": \"2026-01-02T03:04:05.123456789Z\",\n"
		"  \"annotations\": {\n    \"a\": \"x\\ty\",\n    \"b\": \"\"\n  },\n"
		"  \"owner\": \"\"\n}",
		"as state prints it");
	oci_state_print(&running, OCI_STATE_HOOK, &arena, &text, &err);
	is_text(text,
		"{\"ociVersion\":\"1.3.0\",\"id\":\"c1\",\"pid\":4422,\"status\":\"running\","
		"\"bundle\":\"/b\",\"annotations\":{\"a\":\"x\\ty\",\"b\":\"\"}}",
		"the bytes hooks receive");
	oci_state_print(&stopped, OCI_STATE_HOOK, &arena, &text, &err);
	is_text(text,
		"{\"ociVersion\":\"1.3.0\",\"id\":\"c1\",\"status\":\"stopped\",\"bundle\":\"/"
		"b\"}",
		"the bytes poststop hooks receive");
	oci_state_print(&stopped, OCI_STATE_LINE, &arena, &text, &err);
	is_text(text,
		"{\"ociVersion\":\"1.3.0\",\"id\":\"c1\",\"pid\":0,\"status\":\"stopped\","
		"\"bundle\":\"/b\"}",
		"one line of list");

	const char *fds[] = {"seccompFd"};
	struct oci_process_state process = {.oci_version = "1.3.0",
		.fds = fds,
		.n_fds = 1,
		.pid = 7,
		.metadata = "m",
		.state = &stopped};

	oci_process_state_print(&process, &arena, &text, &err);
	is_text(text,
		"{\"ociVersion\":\"1.3.0\",\"fds\":[\"seccompFd\"],\"pid\":7,\"metadata\":"
		"\"m\","
		"\"state\":{\"ociVersion\":\"1.3.0\",\"id\":\"c1\",\"status\":\"stopped\","
		"\"bundle\":\"/b\"}}",
		"what a seccomp agent receives");
	arena_free(&arena);
}

static void test_round_trip(void)
{
	struct arena arena = {0};
	struct error err = {0};
	const char *text = NULL, *again = NULL;
	struct oci_state *state = NULL;

	oci_state_print(&running, OCI_STATE_PRETTY, &arena, &text, &err);
	if (is_result(oci_state_parse(text, strlen(text), &arena, &state, &err), &err, NULL,
		    "what was printed is read")) {
		oci_state_print(state, OCI_STATE_PRETTY, &arena, &again, &err);
		is_text(again, text, "and printed again");
	}
	arena_free(&arena);
}

static void test_parse(void)
{
	static const char *const cases[][3] = {
		{"status is missing", "{\"ociVersion\":\"1\",\"id\":\"a\",\"bundle\":\"/\"}",
			"status: is missing"},
		{"an unknown status",
			"{\"ociVersion\":\"1\",\"id\":\"a\",\"bundle\":\"/\",\"status\":\"x\"}",
			"status: unknown name \"x\""},
		{"a bad id",
			"{\"ociVersion\":\"1\",\"id\":\"../a\",\"bundle\":\"/"
			"\",\"status\":\"x\"}",
			"id: invalid container ID format: \"../a\": it may have a-z A-Z 0-9 _ "
			"+ "
			"- . and not begin with a dot"},
		{"a relative bundle", "{\"ociVersion\":\"1\",\"id\":\"a\",\"bundle\":\"b\"}",
			"status: is missing"},
		{"a negative pid",
			"{\"ociVersion\":\"1\",\"id\":\"a\",\"bundle\":\"/"
			"\",\"status\":\"running\","
			"\"pid\":-1}",
			"pid: -1 is not between 0 and 2147483647"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct arena arena = {0};
		struct error err = {0};
		struct oci_state *state;

		is_result(
			oci_state_parse(cases[i][1], strlen(cases[i][1]), &arena, &state, &err),
			&err, cases[i][2], cases[i][0]);
		arena_free(&arena);
	}
}

/* I1 to I8: what may not become a path. */
static void test_ids(void)
{
	static const char *const good[] = {
		"a", "A-Z_0.9+x", "buildah-buildah123", "-x", "a..b"};
	static const char *const bad[] = {"", ".", "..", ".a", "../x", "a/b", "/abs", "a b",
		"a\nb", "\033[2J", "a;b", "%n/", "\xc3\xa9", "\xff", "a\x01"};
	char longest[300];
	struct error err = {0};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		is_result(oci_id_check(good[i], &err), &err, NULL, good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		is_true(oci_id_check(bad[i], &err) < 0, "I8 id number %zu is refused", i);
	memset(longest, 'a', sizeof(longest));
	longest[256] = '\0';
	is_result(oci_id_check(longest, &err), &err,
		"invalid container ID format: longer than 255 bytes", "I7 256 characters");
	longest[255] = '\0';
	is_result(oci_id_check(longest, &err), &err, NULL, "I7 255 characters");
}

int main(void)
{
	test_print();
	test_round_trip();
	test_parse();
	test_ids();
	return tap_end();
}
