/* SPDX-License-Identifier: Apache-2.0 */
/* The root object, the configs that engines write, and the hostile bytes of the J family. */
#include "tests/unit/config.h"

#include <errno.h>
#include <sched.h>
#include <time.h>

static const struct config_case root_cases[] = {
	{"the smallest config", CONFIG("")},
	{"an unknown key is ignored", ROOT("\"xyzzy\":1")},
	{"a key in other letters is unknown", ROOT("\"PROCESS\":{\"args\":5}")},
	{"other platforms are ignored", ROOT("\"windows\":{\"layerFolders\":[]},\"vm\":7")},
	{"null is absent",
		ROOT("\"process\":null,\"mounts\":null,\"linux\":null,\"hooks\":null,"
		     "\"hostname\":null,\"annotations\":null")},
	{"root is missing", "{\"ociVersion\":\"1.0.0\"}", "root: is missing"},
	{"root is null", "{\"ociVersion\":\"1.0.0\",\"root\":null}", "root: is missing"},
	{"root.path is missing", "{\"ociVersion\":\"1.0.0\",\"root\":{}}",
		"root.path: is missing"},
	{"root.path is empty", "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"\"}}",
		"root.path: is empty"},
	{"root is an array", "[]", "expected an object, found an array"},
	{"root is a number", "5", "expected an object, found a number"},
	{"root is null", "null", "expected an object, found null"},
	{"version is missing", "{\"root\":{\"path\":\"r\"}}", "ociVersion: is missing"},
	{"version is a number", "{\"ociVersion\":1,\"root\":{\"path\":\"r\"}}",
		"ociVersion: expected a string, found a number"},
	{"version 99", "{\"ociVersion\":\"99\",\"root\":{\"path\":\"r\"}}",
		"ociVersion: the version \"99\" is not 1.x"},
	{"version 10.0.0", "{\"ociVersion\":\"10.0.0\",\"root\":{\"path\":\"r\"}}",
		"ociVersion: the version \"10.0.0\" is not 1.x"},
	{"version 1.3.0+dev", "{\"ociVersion\":\"1.3.0+dev\",\"root\":{\"path\":\"r\"}}"},
	{"version 1.99.7-rc1", "{\"ociVersion\":\"1.99.7-rc1\",\"root\":{\"path\":\"r\"}}"},
	{"mounts is an object", ROOT("\"mounts\":{}"),
		"mounts: expected an array, found an object"},
	{"a mount is text", ROOT("\"mounts\":[\"x\"]"),
		"mounts[0]: expected an object, found a string"},
	{"an annotation is a number", ROOT("\"annotations\":{\"a\":1}"),
		"annotations[\"a\"]: expected a string, found a number"},
	{"the key of an annotation is made safe", ROOT("\"annotations\":{\"\\u001b[2J\":1}"),
		"annotations[\"?[2J\"]: expected a string, found a number"},
	{"the key of an annotation is empty", ROOT("\"annotations\":{\"\":\"x\"}"),
		"annotations: a key is empty"},
	{"a hostname needs a namespace", ROOT("\"hostname\":\"h\""),
		"hostname: unable to set hostname without a private UTS namespace"},
	{"a domainname needs a namespace", ROOT("\"domainname\":\"h\""),
		"domainname: unable to set domainname without a private UTS namespace"},
	{"an empty hostname needs none", ROOT("\"hostname\":\"\"")},
	{"a hostname of 65 bytes",
		ROOT("\"hostname\":"
		     "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""),
		"hostname: is longer than 64 bytes"},
	{"a hook", ROOT("\"hooks\":{\"poststop\":[{\"path\":\"/h\",\"timeout\":1}]}")},
	{"a hook without a path", ROOT("\"hooks\":{\"poststop\":[{}]}"),
		"hooks.poststop[0].path: is missing"},
	{"a hook with a relative path", ROOT("\"hooks\":{\"prestart\":[{\"path\":\"h\"}]}"),
		"hooks.prestart[0]: the path \"h\" is not absolute"},
	{"a hook with timeout 0, which is none",
		ROOT("\"hooks\":{\"createRuntime\":[{\"path\":\"/h\",\"timeout\":0}]}")},
	{"a hook with timeout -1",
		ROOT("\"hooks\":{\"createRuntime\":[{\"path\":\"/h\",\"timeout\":-1}]}"),
		"hooks.createRuntime[0]: the timeout -1 is below 0"},
	{"a hook with a bad variable",
		ROOT("\"hooks\":{\"poststart\":[{\"path\":\"/h\",\"env\":[\"A=\",\"B\"]}]}"),
		"hooks.poststart[0].env[1]: \"B\" is not of the form NAME=value"},
};

static const struct config_case hostile_cases[] = {
	{"J1 empty", "", "line 1, column 1: not JSON: premature EOF"},
	{"J1 only spaces", " \n\n ", "line 3, column 2: not JSON: premature EOF"},
	{"J2 truncated", "{\n\"ociVersion\":\"1.0",
		"line 2, column 18: not JSON: premature EOF"},
	{"J5 a duplicate key", ROOT("\"process\":null,\"process\":null"),
		"line 1, column 77: the key \"process\" appears twice"},
	{"J5 a duplicate inside user", PROCESS("\"user\":{\"uid\":1,\"gid\":1,\n\"uid\":0}"),
		"line 2, column 8: the key \"uid\" appears twice"},
	{"J5 a duplicate inside a mount", MOUNT("\"destination\":\"/x\""),
		"line 1, column 98: the key \"destination\" appears twice"},
	{"J5 a duplicate inside something unknown", ROOT("\"x\":{\"y\":1,\"y\":1}"),
		"line 1, column 64: the key \"y\" appears twice"},
	{"J5 a duplicate by an escape", ROOT("\"x\":{\"y\":1,\"\\u0079\":1}"),
		"line 1, column 69: the key \"y\" appears twice"},
	{"J6 NUL in an argument", PROCESS("\"env\":[\"a=\\u0000b\"]"),
		"line 1, column 100: a string contains a NUL character"},
	{"J7 NUL in a path",
		"{\"ociVersion\":\"1.0.0\",\n\"root\":{\"path\":\"rootfs\\u0000/etc\"}}",
		"line 2, column 33: a string contains a NUL character"},
	{"J7 NUL in a key", ROOT("\"annotations\":{\"a\\u0000\":\"\"}"),
		"line 1, column 71: a string contains a NUL character"},
	{"J7 NUL in the text", "{\0}", "line 1, column 2: the text contains a NUL character",
		3},
	{"J8 bytes that are not UTF-8", ROOT("\"hostname\":\"\xff\xfe\""),
		"line 1, column 60: the text is not valid UTF-8"},
	{"J8 an overlong slash", ROOT("\"hostname\":\"\xc0\xaf\""),
		"line 1, column 60: the text is not valid UTF-8"},
	{"J8 an overlong slash of three bytes", ROOT("\"hostname\":\"\xe0\x80\xaf\""),
		"line 1, column 60: the text is not valid UTF-8"},
	{"J8 a surrogate as bytes", ROOT("\"hostname\":\"\xed\xa0\x80\""),
		"line 1, column 60: the text is not valid UTF-8"},
	{"J8 beyond U+10FFFF", ROOT("\"hostname\":\"\xf4\x90\x80\x80\""),
		"line 1, column 60: the text is not valid UTF-8"},
	{"J8 a character cut off at the end", "\"\xe2\x82",
		"line 1, column 2: the text is not valid UTF-8"},
	{"J8 a lone high surrogate", ROOT("\"hostname\":\"\\ud800\""),
		"line 1, column 60: a string contains half of a surrogate pair"},
	{"J8 a lone low surrogate", ROOT("\"hostname\":\"\\uDC00\""),
		"line 1, column 60: a string contains half of a surrogate pair"},
	{"J8 two high surrogates", ROOT("\"hostname\":\"\\ud800\\ud800\""),
		"line 1, column 60: a string contains half of a surrogate pair"},
	{"J8 a whole pair", ROOT("\"annotations\":{\"a\":\"\\ud83d\\ude00 \\\\ud800\"}")},
	{"J9 a byte order mark", "\xEF\xBB\xBF" CONFIG(""),
		"the text begins with a byte order mark"},
	{"J11 a comment", "/*x*/" CONFIG(""), "~line 1, column 1: not JSON: "},
	{"J11 a comment at the end", CONFIG("") "//x", "~line 1, column 47: not JSON: "},
	{"a second document", CONFIG("") "\n{}",
		"~line 2, column 1: not JSON: trailing garbage"},
	{"spaces at the end", CONFIG("") " \t\r\n\n"},
	{"a comma too much", CONFIG(",\"x\":[1,]"), "~line 1, column 55: not JSON: "},
	{"J13 args is text", CONFIG(",\"process\":{\"cwd\":\"/\",\"args\":\"sh\"}"),
		"process.args: expected an array, found a string"},
	{"J13 uid is text", PROCESS("\"user\":{\"uid\":\"1000\",\"gid\":0}"),
		"process.user.uid: expected a number, found a string"},
	{"J13 uid 1.5", PROCESS("\"user\":{\"uid\":1.5,\"gid\":0}"),
		"process.user.uid: 1.5 is not a whole number"},
	{"J13 uid 1e3", PROCESS("\"user\":{\"uid\":1e3,\"gid\":0}"),
		"process.user.uid: 1e3 is not a whole number"},
	{"J13 a bool as 1", PROCESS("\"terminal\":1"),
		"process.terminal: expected true or false, found a number"},
	{"J18 1e999", LINUX("\"resources\":{\"pids\":{\"limit\":1e999}}"),
		"linux.resources.pids.limit: 1e999 is not a whole number"},
	{"J18 -0", LINUX("\"resources\":{\"memory\":{\"limit\":-0}}"),
		"~linux.resources.memory.limit: -0 "},
	{"J18 2^63", LINUX("\"resources\":{\"memory\":{\"limit\":9223372036854775808}}"),
		"linux.resources.memory.limit: 9223372036854775808 is not between "
		"-9223372036854775808 and 9223372036854775807"},
	{"J18 2^64", LINUX("\"resources\":{\"cpu\":{\"shares\":18446744073709551616}}"),
		"linux.resources.cpu.shares: 18446744073709551616 is not between 0 and "
		"18446744073709551615"},
	{"J18 the smallest", LINUX("\"resources\":{\"cpu\":{\"quota\":-9223372036854775808}}")},
	{"J18 one less", LINUX("\"resources\":{\"cpu\":{\"quota\":-9223372036854775809}}"),
		"~linux.resources.cpu.quota: -9223372036854775809 is not between"},
	{"J18 0x10", LINUX("\"resources\":{\"pids\":{\"limit\":0x10}}"),
		"~line 1, column 87: not JSON: "},
	{"J18 01", LINUX("\"resources\":{\"pids\":{\"limit\":01}}"),
		"~line 1, column 86: not JSON: "},
	{"J18 NaN", LINUX("\"resources\":{\"pids\":{\"limit\":NaN}}"),
		"~line 1, column 86: not JSON: "},
	{"J18 -Infinity", LINUX("\"resources\":{\"pids\":{\"limit\":-Infinity}}"),
		"~line 1, column 86: not JSON: "},
	{"J18 +1", LINUX("\"resources\":{\"pids\":{\"limit\":+1}}"),
		"~line 1, column 86: not JSON: "},
	{"J19 uid 2^32", PROCESS("\"user\":{\"uid\":4294967296,\"gid\":0}"),
		"process.user.uid: 4294967296 is not between 0 and 4294967294"},
	{"J19 uid 2^32-1", PROCESS("\"user\":{\"uid\":4294967295,\"gid\":0}"),
		"process.user.uid: 4294967295 is not between 0 and 4294967294"},
	{"J19 uid -1", PROCESS("\"user\":{\"uid\":-1,\"gid\":0}"),
		"process.user.uid: -1 is not between 0 and 4294967294"},
	{"J19 gid 2^32-1", PROCESS("\"user\":{\"uid\":0,\"gid\":4294967295}"),
		"process.user.gid: 4294967295 is not between 0 and 4294967294"},
	{"J19 a group 2^32-1",
		PROCESS("\"user\":{\"uid\":0,\"gid\":0,\"additionalGids\":[0,4294967295]}"),
		"process.user.additionalGids[1]: 4294967295 is not between 0 and 4294967294"},
	{"J19 the largest uid", PROCESS("\"user\":{\"uid\":4294967294,\"gid\":4294967294}")},
	{"J21 an unknown rlimit",
		PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_X\",\"soft\":1,\"hard\":1}]"),
		"process.rlimits[0].type: unknown name \"RLIMIT_X\""},
};

/* PREFIX, COUNT times MIDDLE (with "%zu" for its number), SUFFIX. */
static char *generate(const char *prefix, const char *middle, size_t count, const char *suffix)
{
	size_t room = strlen(prefix) + strlen(suffix) + count * (strlen(middle) + 20) + 1;
	char *text = malloc(room), *end = stpcpy(text, prefix);

	for (size_t i = 0; i < count; i++) {
		const char *number = strstr(middle, "%zu");

		if (number)
			end += sprintf(end, "%.*s%zu%s", (int)(number - middle), middle, i,
				number + 3);
		else
			end = stpcpy(end, middle);
		if (suffix[0] == ',' && i + 1 == count)
			end--;
	}
	stpcpy(end, suffix[0] == ',' ? suffix + 1 : suffix);
	return text;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A suffix that begins with ',' means: without the last comma of the repetitions. */
static const struct {
	const char *name, *prefix, *middle;
	size_t count;
	const char *suffix, *error;
} large_cases[] = {
	{"J3 a million arrays", "{\"annotations\":", "[", 1000000, "",
		"line 1, column 79: arrays and objects are nested deeper than 64 levels"},
	{"J4 deep objects in an unknown key", "{\"x\":", "{\"a\":", 200000, "",
		"line 1, column 321: arrays and objects are nested deeper than 64 levels"},
	{"64 levels are accepted", "", "[", 64,
		"]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
		"]]]]]]]]]]]]]",
		"expected an object, found an array"},
	{"K22 341 lines",
		"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"linux\":{"
		"\"uidMappings\":[",
		"{\"containerID\":%zu,\"hostID\":0,\"size\":1},", 341, ",]}}",
		"linux.uidMappings: 341 lines are more than the kernel's 340"},
	{"a label of 4096 bytes",
		"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"linux\":{\"mountLabel\":"
		"\"",
		"aaaaaaaa", 512, "\"}}", "linux.mountLabel: is longer than 4095 bytes"},
	{"a root of 4096 bytes", "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"", "aaaaaaaa",
		512, "\"}}", "root.path: is longer than 4095 bytes"},
	{"a cwd of 4104 bytes",
		"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"",
		"/aaaaaaa", 513, "\",\"args\":[\"a\"]}}",
		"process.cwd: is longer than 4095 bytes"},
	{"J20 100 000 groups",
		"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/"
		"\",\"args\":"
		"[\"a\"],\"user\":{\"uid\":0,\"gid\":0,\"additionalGids\":[",
		"%zu,", 100000, ",]}}}",
		"process.user.additionalGids: 100000 entries are more than 65536"},
	{"J25 100 000 mounts",
		"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"mounts\":[", "{},",
		100000, ",]}", "mounts: 100000 entries are more than 4096"},
	{"J25 100 000 variables",
		"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/"
		"\",\"args\":"
		"[\"a\"],\"env\":[",
		"\"A%zu=x\",", 100000, ",]}}", NULL},
	{"J25 100 000 annotations",
		"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"annotations\":{",
		"\"a%zu\":\"\",", 100000, ",}}", NULL},
	{"100 000 equal keys", "{\"x\":{", "\"a\":1,", 100000, ",}}",
		"line 1, column 600006: the key \"a\" appears twice"},
	{"too many values", "[", "1,", 300000, ",]",
		"line 1, column 229376: there are more than 114688 values"},
	{"a text of 8 MiB", "{\"x\":\"", "aaaaaaaa", 1024 * 1024, "\"}",
		"the text is longer than 8 MiB"},
	{"an argument of 1 MiB",
		"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/"
		"\",\"args\":[\"",
		"aaaaaaaa", 128 * 1024, "\"]}}", NULL},
	{"a long text of escapes",
		"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"x\":\"", "\\u0041\\n",
		500000, "\"}", NULL},
};

static void test_large(void)
{
	for (size_t i = 0; i < sizeof(large_cases) / sizeof(*large_cases); i++) {
		char *text = generate(large_cases[i].prefix, large_cases[i].middle,
			large_cases[i].count, large_cases[i].suffix);
		struct arena arena = {0};
		struct oci_spec *spec;
		struct error err = {0};
		double start = seconds();
		int result = oci_spec_parse(text, strlen(text), &arena, &spec, &err);
		double duration = seconds() - start;

		is_result(result, &err, large_cases[i].error, large_cases[i].name);
		/* quadratic would be minutes; the sanitizers cost a factor of ten */
		is_true(duration < 5, "%s: in linear time", large_cases[i].name);
		is_true(arena.total < 32 * 1024 * 1024, "%s: in bounded memory",
			large_cases[i].name);
		printf("# %.0f ms, %zu KiB\n", duration * 1000, arena.total / 1024);
		arena_free(&arena);
		free(text);
	}
}

/* What engines send must be accepted: Docker, containerd for Kubernetes, rootless Podman. */
static void test_engines(void)
{
	static const char *const files[] = {"docker", "cri", "podman", "every", "minimal"};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		char path[128];
		size_t length;
		struct arena arena = {0};
		struct oci_spec *spec = NULL;
		struct error err = {0};

		snprintf(path, sizeof(path), "tests/fuzz/corpus/spec/%s.json", files[i]);

		char *text = tap_file(path, &length);
		double start = seconds();
		int result = oci_spec_parse(text, length, &arena, &spec, &err);

		printf("# %s: %zu bytes, %.2f ms, %zu bytes of memory\n", files[i], length,
			(seconds() - start) * 1000, arena.total);
		is_result(result, &err, NULL, path);
		if (result == 0)
			is_number(spec->warnings.n_texts, 0, "without warnings");
		arena_free(&arena);
		free(text);
	}
}

static void test_docker(void)
{
	struct arena arena = {0};
	struct oci_spec *spec = NULL;
	struct error err = {0};
	size_t length;
	char *text = tap_file("tests/fuzz/corpus/spec/docker.json", &length);

	if (!is_result(oci_spec_parse(text, length, &arena, &spec, &err), &err, NULL, "docker"))
		return;
	free(text);
	is_text(spec->hostname, "4f1c", "hostname");
	is_text(spec->root->path, "/var/lib/docker/overlay2/9c/merged", "root.path");
	is_true(!spec->root->readonly, "root.readonly");
	is_number(spec->n_mounts, 11, "mounts");
	is_text(spec->mounts[10].destination, "/data", "a mount keeps its place");
	is_number(spec->process->n_args, 3, "args");
	is_text(spec->process->args[2], "", "an empty argument");
	is_number(spec->process->n_env, 5, "env keeps duplicates");
	is_number(spec->process->user.n_additional_gids, 2, "groups");
	is_number(spec->process->user.additional_gids[1], 10, "a group");
	is_true(!spec->process->user.umask.set, "umask is absent");
	is_number(spec->process->rlimits[1].hard, UINT64_MAX, "RLIM_INFINITY");
	is_true(spec->process->oom_score_adj.set && spec->process->oom_score_adj.value == 0,
		"oomScoreAdj 0 is set");
	is_number(spec->process->capabilities->bounding, 0xa80425fb, "capabilities");
	is_number(spec->process->capabilities->ambient, 0, "no ambient capabilities");
	is_number(spec->hooks->n_prestart, 1, "hooks");
	is_true(!spec->hooks->prestart[0].timeout.set, "no timeout");
	is_number(spec->linux->n_namespaces, 7, "namespaces");
	is_true(oci_namespace_find(spec->linux, CLONE_NEWNET) != NULL, "a network namespace");
	is_true(!oci_namespace_find(spec->linux, CLONE_NEWUSER), "no user namespace");
	is_number(spec->linux->resources->n_devices, 8, "device rules");
	is_number(spec->linux->resources->devices[0].type, 'a', "a rule for all devices");
	is_true(!spec->linux->resources->devices[0].major.set, "any number");
	is_true(!spec->linux->resources->memory->swappiness.set, "null is absent");
	is_number((uint64_t)spec->linux->resources->pids->limit.value, 64, "pids");
	is_text(spec->linux->sysctl[0].key, "net/ipv4/ip_unprivileged_port_start", "sysctl");
	is_text(spec->linux->cgroups_path, "/docker/4f1c", "cgroupsPath");
	is_true(!spec->linux->seccomp->flags, "seccomp flags are absent");
	is_number(spec->linux->seccomp->n_syscalls, 5, "seccomp rules");
	is_number(spec->linux->seccomp->syscalls[4].errno_ret.value, 38, "errnoRet");
	is_number(spec->n_annotations, 0, "no annotation");
	arena_free(&arena);
}

int main(void)
{
	RUN_CONFIG_CASES(root_cases);
	RUN_CONFIG_CASES(hostile_cases);
	test_large();
	test_engines();
	test_docker();
	return tap_end();
}
