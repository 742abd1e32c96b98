/* SPDX-License-Identifier: Apache-2.0 */
/* What annotations may ask of a monitor, on a host with and without an operator's file. */
#include "oci/watching.h"

#include "tests/unit/tap.h"

#define P WATCHING_PREFIX

static const struct {
	const char *name, *value;  /* an annotation */
	const char *operator_file; /* the file; NULL: there is none */
	const char *flag;	   /* --wall; NULL: not given */
	const char *wrong;	   /* NULL: it is taken */
} rows[] = {
	{P "limit.wall", "2s", NULL, NULL, NULL},
	{P "limit.grace", "500ms", NULL, NULL, NULL},
	{P "limit.cpu", "1m", NULL, NULL, NULL},
	{P "limit.output", "1MiB", NULL, NULL, NULL},
	{P "limit.stdout", "0", NULL, NULL, NULL},
	{P "on.oom", "group", NULL, NULL, NULL},
	{P "on.pids", "record", NULL, NULL, NULL},
	{P "on.output", "block", NULL, NULL, NULL},
	{P "on.syscall", "kill", NULL, NULL, NULL},
	{P "result", "termination-log", NULL, NULL, NULL},

	{P "limit.wall", "2", NULL, NULL, "~annotations[dev.mayfly.limit.wall]: invalid value"},
	{P "limit.wall", "-1s", NULL, NULL, "~invalid value \"-1s\""},
	{P "limit.wall", "9223372036854775808ns", NULL, NULL, "~invalid value"},
	{P "limit.output", "1e6", NULL, NULL, "~invalid value"},
	{P "limit.memory", "64MiB", NULL, NULL,
		"~annotations[dev.mayfly.limit.memory]: an ordinary container has no such "
		"limit"},
	{P "limit.", "1", NULL, NULL, "~no such limit"},
	{P "limit.wall.", "1s", NULL, NULL, "~no such limit"},
	{P "Limit.wall", "1s", NULL, NULL, "~knows no such annotation"},
	{P "", "1s", NULL, NULL, "~knows no such annotation"},
	{P "ids", "private", NULL, NULL, "~knows no such annotation"},
	{P "exit", "verdict", NULL, NULL, "~knows no such annotation"},
	{P "on.oom", "", NULL, NULL, "~invalid value \"\": not group or process"},
	{P "result", "/etc/passwd", NULL, NULL, "~not spool, stderr or termination-log"},
	{P "result", "../x", NULL, NULL, "~not spool, stderr or termination-log"},
	{P "on.syscall", "record", NULL, NULL, "~weaker than the profile"},

	{P "limit.wall", "10s", "{\"ceilings\":{\"wall\":\"10s\"}}", NULL, NULL},
	{P "limit.wall", "10001ms", "{\"ceilings\":{\"wall\":\"10s\"}}", NULL,
		"annotations[dev.mayfly.limit.wall]: \"10001ms\" is more than this host's "
		"operator "
		"allows"},
	{P "limit.wall", "0", "{\"ceilings\":{\"wall\":\"10s\"}}", NULL,
		"~more than this host"},
	{P "limit.wall", "0", "{\"ceilings\":{\"wall\":\"0\"}}", NULL, NULL},
	{P "limit.cpu", "10h", "{\"ceilings\":{\"wall\":\"10s\"}}", NULL, NULL},
	{P "limit.wall", "1s", "{\"allow\":[]}", NULL, "~operator does not allow it"},
	{P "limit.wall", "1s", "{\"allow\":[\"limit.wall\"]}", NULL, NULL},
	{P "limit.wall", "1s", "{\"allow\":[\"limit.*\"]}", NULL, NULL},
	{P "limit.wall", "1s", "{\"allow\":[\"*\"]}", NULL, NULL},
	{P "limit.wall", "1s", "{\"allow\":[\"limit\"]}", NULL, "~does not allow"},
	{P "limit.wall", "1s", "{\"allow\":[\"\"]}", NULL, "~does not allow"},
	{P "on.syscall", "record", "{\"allow\":[\"on.syscall\"]}", NULL, NULL},
	{P "on.syscall", "record", "{\"ceilings\":{}}", NULL, "~weaker than the profile"},

	{P "limit.wall", "10s", NULL, "10s", NULL},
	{P "limit.wall", "11s", NULL, "10s",
		"~more than the command line's own limit (wall_ns)"},
	{P "limit.wall", "0", NULL, "10s", "~more than the command line's own limit"},

	{"other", "x", "{\"allow\":[]}", NULL, NULL},
	{"dev.mayflylimit.wall", "x", NULL, NULL, NULL},
};

static const struct {
	const char *text, *wrong;
} files[] = {
	{"{}", NULL},
	{"{\"allow\":[\"limit.*\"],\"ceilings\":{\"wall\":\"1m\",\"output\":\"1MiB\"},"
	 "\"journal\":true}",
		NULL},
	{"{\"ceiling\":{}}", "~unknown name \"ceiling\""},
	{"{\"ceilings\":{\"wal\":\"1m\"}}", "~ceilings.wal: an ordinary container has no"},
	{"{\"ceilings\":{\"wall\":1}}", "~ceilings"},
	{"{\"ceilings\":{\"wall\":\"1\"}}", "~ceilings.wall: invalid value"},
	{"{\"journal\":\"yes\"}", "~journal"},
	{"[]", "~expected an object"},
	{"", "~"},
};

static int read_row(size_t i, struct arena *arena, struct oci_watching *ret, struct error *err)
{
	struct oci_pair pair = {rows[i].name, rows[i].value};
	const struct oci_spec spec = {.annotations = &pair, .n_annotations = 1};
	struct oci_operator bounds = {.allow_all = true};
	const char *file = rows[i].operator_file;

	*ret = (struct oci_watching){0};
	if (file && oci_operator_parse(file, strlen(file), arena, &bounds, err) < 0)
		return -1;
	if (rows[i].flag && oci_watching_set(ret, "limit.wall", rows[i].flag, err) < 0)
		return -1;
	return oci_watching_read(&spec, &bounds, ret, err);
}

static void check_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena arena = {0};
		struct oci_watching watching;
		struct error err = {0};
		char name[200];
		int result = read_row(i, &arena, &watching, &err);

		snprintf(name, sizeof(name), "%s=%s %s %s", rows[i].name, rows[i].value,
			rows[i].operator_file ? rows[i].operator_file : "",
			rows[i].flag ? rows[i].flag : "");
		is_result(result, &err, rows[i].wrong, name);
		if (result == 0)
			is_true(watching.asked == (strncmp(rows[i].name, P, strlen(P)) == 0),
				"%s: asked for", name);
		arena_free(&arena);
	}
}

static void check_files(void)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct arena arena = {0};
		struct oci_operator bounds;
		struct error err = {0};

		is_result(oci_operator_parse(
				  files[i].text, strlen(files[i].text), &arena, &bounds, &err),
			&err, files[i].wrong, files[i].text);
		arena_free(&arena);
	}
}

/* The values that are left when several say something. */
static void check_values(void)
{
	struct oci_pair pairs[] = {{P "limit.wall", "2s"}, {P "on.oom", "group"},
		{P "result", "stderr"}, {"other", "x"}};
	const struct oci_spec spec = {.annotations = pairs, .n_annotations = 4};
	const struct oci_operator bounds = {.allow_all = true};
	struct oci_watching watching = {0};
	struct error err;

	is_true(oci_watching_is_asked(&spec), "there are annotations of ours");
	is_result(oci_watching_set(&watching, "limit.wall", "3s", &err), &err, NULL, "--wall");
	is_result(
		oci_watching_set(&watching, "limit.output", "5", &err), &err, NULL, "--output");
	is_result(
		oci_watching_set(&watching, "on.oom", "process", &err), &err, NULL, "--on-oom");
	is_result(oci_watching_read(&spec, &bounds, &watching, &err), &err, NULL,
		"with annotations");
	is_number(watching.limits.wall_ns.value, UINT64_C(2000000000), "the smaller deadline");
	is_number(watching.limits.output.value, 5, "the option's where there is no annotation");
	is_number(watching.on.oom.value, ON_OOM_PROCESS, "a policy of the command line stays");
	is_number(watching.result.value, WATCHING_STDERR, "the annotation's where it is alone");
	is_true(!watching.on.pids.set && !watching.limits.cpu_ns.set, "and nothing else");
}

static void check_sandbox(void)
{
	static const char *const keys[] = {
		"io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"};

	for (size_t i = 0; i < 2; i++) {
		struct oci_pair pairs[] = {{P "limit.wal", "2s"}, {keys[i], "sandbox"}};
		const struct oci_spec spec = {.annotations = pairs, .n_annotations = 2};
		const struct oci_operator none = {.allow_all = true};
		struct oci_watching watching = {0};
		struct error err;

		is_true(!oci_watching_is_asked(&spec), "a pod's sandbox asks for nothing");
		is_result(oci_watching_read(&spec, &none, &watching, &err), &err, NULL,
			"whatever its pod asks for");
		is_true(!watching.asked, "and is not watched");
		pairs[1].value = "container";
		is_true(oci_watching_is_asked(&spec), "its containers do");
	}
}

int main(void)
{
	check_sandbox();
	check_rows();
	check_files();
	check_values();
	return tap_end();
}
