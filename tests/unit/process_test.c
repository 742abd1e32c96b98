/* SPDX-License-Identifier: Apache-2.0 */
/* Process: who, with which limits, where. */
#include "tests/unit/config.h"

#include <sched.h>

#define SCHEDULER(MORE) PROCESS("\"scheduler\":{\"policy\":" MORE "}")

static const struct config_case cases[] = {
	{"user may be absent", PROCESS("\"user\":null")},
	{"uid is required", PROCESS("\"user\":{\"gid\":0}"), "process.user.uid: is missing"},
	{"gid is required", PROCESS("\"user\":{\"uid\":0}"), "process.user.gid: is missing"},
	{"umask", PROCESS("\"user\":{\"uid\":0,\"gid\":0,\"umask\":512}"),
		"process.user.umask: 512 is not between 0 and 511"},
	{"cwd is required", CONFIG(",\"process\":{\"args\":[\"a\"]}"),
		"process.cwd: is missing"},
	{"cwd is absolute", CONFIG(",\"process\":{\"args\":[\"a\"],\"cwd\":\"tmp\"}"),
		"process.cwd: \"tmp\" is not an absolute path"},
	{"cwd is not empty", CONFIG(",\"process\":{\"args\":[\"a\"],\"cwd\":\"\"}"),
		"process.cwd: \"\" is not an absolute path"},
	{"args is required", CONFIG(",\"process\":{\"cwd\":\"/\"}"),
		"process.args: there is no program to run"},
	{"args is not empty", CONFIG(",\"process\":{\"cwd\":\"/\",\"args\":[]}"),
		"process.args: there is no program to run"},
	{"the program has a name", CONFIG(",\"process\":{\"cwd\":\"/\",\"args\":[\"\"]}"),
		"process.args[0]: the name of the program is empty"},
	{"an argument is a number", CONFIG(",\"process\":{\"cwd\":\"/\",\"args\":[\"a\",1]}"),
		"process.args[1]: expected a string, found a number"},
	{"an argument is null", CONFIG(",\"process\":{\"cwd\":\"/\",\"args\":[null]}"),
		"process.args[0]: expected a string, found null"},
	{"a variable without =", PROCESS("\"env\":[\"A=b\",\"B\"]"),
		"process.env[1]: \"B\" is not of the form NAME=value"},
	{"a variable without a name", PROCESS("\"env\":[\"=b\"]"),
		"process.env[0]: \"=b\" is not of the form NAME=value"},
	{"a variable twice", PROCESS("\"env\":[\"A=b\",\"A=c\"]")},
	{"console size", PROCESS("\"consoleSize\":{\"height\":24}"),
		"process.consoleSize.width: is missing"},
	{"console size has 16 bits", PROCESS("\"consoleSize\":{\"height\":65536,\"width\":1}"),
		"process.consoleSize.height: 65536 is not between 0 and 65535"},
	{"an rlimit twice",
		PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":1,\"hard\":1},"
			"{\"type\":\"RLIMIT_NOFILE\",\"soft\":1,\"hard\":1}]"),
		"process.rlimits[1]: RLIMIT_NOFILE appears twice"},
	{"soft above hard",
		PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":20,\"hard\":10}]"),
		"process.rlimits[0]: the soft limit is above the hard limit"},
	{"hard is missing", PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":20}]"),
		"process.rlimits[0].hard: is missing"},
	{"an rlimit of -1",
		PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":-1,\"hard\":-1}]"),
		"process.rlimits[0].soft: -1 is not between 0 and 18446744073709551615"},
	{"an rlimit in small letters",
		PROCESS("\"rlimits\":[{\"type\":\"rlimit_cpu\",\"soft\":1,\"hard\":1}]"),
		"process.rlimits[0].type: unknown name \"rlimit_cpu\""},
	{"oomScoreAdj -1000", PROCESS("\"oomScoreAdj\":-1000")},
	{"oomScoreAdj -1001", PROCESS("\"oomScoreAdj\":-1001"),
		"process.oomScoreAdj: -1001 is not between -1000 and 1000"},
	{"a label with a newline", PROCESS("\"selinuxLabel\":\"a\\nb\""),
		"process.selinuxLabel: contains a control character"},
	{"a profile with a quotation mark", PROCESS("\"apparmorProfile\":\"a\\\"b\""),
		"process.apparmorProfile: contains a quotation mark"},
	{"an empty profile", PROCESS("\"apparmorProfile\":\"\",\"selinuxLabel\":\"\"")},
	{"a scheduler without a policy", PROCESS("\"scheduler\":{}"),
		"process.scheduler.policy: is missing"},
	{"an unknown policy", SCHEDULER("\"SCHED_X\""),
		"process.scheduler.policy: unknown name \"SCHED_X\""},
	{"nice", SCHEDULER("\"SCHED_BATCH\",\"nice\":-20")},
	{"nice out of range", SCHEDULER("\"SCHED_OTHER\",\"nice\":20"),
		"process.scheduler.nice: 20 is not between -20 and 19"},
	{"nice for a real time policy", SCHEDULER("\"SCHED_FIFO\",\"nice\":1"),
		"process.scheduler: nice has no meaning for SCHED_FIFO"},
	{"priority for a fair policy", SCHEDULER("\"SCHED_OTHER\",\"priority\":1"),
		"process.scheduler: priority has no meaning for SCHED_OTHER"},
	{"priority 0 is none", SCHEDULER("\"SCHED_OTHER\",\"priority\":0")},
	{"runtime for a fair policy", SCHEDULER("\"SCHED_IDLE\",\"runtime\":1"),
		"process.scheduler: runtime, deadline and period have no meaning for "
		"SCHED_IDLE"},
	{"an unknown flag",
		SCHEDULER("\"SCHED_OTHER\",\"flags\":[\"SCHED_FLAG_RECLAIM\",\"X\"]"),
		"process.scheduler.flags[1]: unknown name \"X\""},
	{"I/O priority",
		PROCESS("\"ioPriority\":{\"class\":\"IOPRIO_CLASS_RT\",\"priority\":7}")},
	{"I/O priority 8",
		PROCESS("\"ioPriority\":{\"class\":\"IOPRIO_CLASS_RT\",\"priority\":8}"),
		"process.ioPriority.priority: 8 is not between 0 and 7"},
	{"I/O class", PROCESS("\"ioPriority\":{\"class\":\"IOPRIO_CLASS_NONE\"}"),
		"process.ioPriority.class: unknown name \"IOPRIO_CLASS_NONE\""},
	{"affinity", PROCESS("\"execCPUAffinity\":{\"initial\":\"0-3,7\",\"final\":\"\"}")},
	{"a bad affinity", PROCESS("\"execCPUAffinity\":{\"initial\":\"3-0\"}"),
		"process.execCPUAffinity.initial: \"3-0\" is not a list like \"0-3,7\""},
	{"a capability is a number", PROCESS("\"capabilities\":{\"bounding\":[1]}"),
		"process.capabilities.bounding[0]: expected a string, found a number"},
	{"capabilities is an array", PROCESS("\"capabilities\":[]"),
		"process.capabilities: expected an object, found an array"},
};

/* exec --process reads the bare object. */
static void test_bare(void)
{
	static const char text[] =
		"{\"cwd\":\"/\",\"args\":[\"a\"],\"capabilities\":{"
		"\"bounding\":[\"CAP_KILL\",\"CAP_NOPE\"],\"effective\":[\"CAP_NOPE\"],"
		"\"inheritable\":[\"CAP_KILL\"],\"permitted\":[\"CAP_KILL\",\"CAP_BPF\"],"
		"\"ambient\":[\"CAP_KILL\",\"CAP_BPF\",\"CAP_MKNOD\"]}}";
	static const char wrong[] = "{\"cwd\":\"/\",\"args\":[\"a\"],\"user\":{\"uid\":-1}}";
	static const char twice[] = "{\"cwd\":\"/\",\"args\":[]}";
	struct arena arena = {0};
	struct error err = {0};
	struct oci_process *process = NULL;

	if (!is_result(oci_process_parse(text, strlen(text), &arena, &process, &err), &err,
		    NULL, "a bare process"))
		return;
	is_number(process->capabilities->bounding, 1 << 5, "bounding");
	is_number(process->capabilities->effective, 0, "an unknown capability is not granted");
	is_number(process->capabilities->permitted, UINT64_C(1) << 5 | UINT64_C(1) << 39,
		"permitted");
	is_number(
		process->capabilities->ambient, 1 << 5, "ambient is inheritable and permitted");
	is_number(process->warnings.n_texts, 2, "each warning once");
	is_text(process->warnings.texts[0],
		"the capability \"CAP_NOPE\" is unknown and not granted", "the first warning");
	is_true(!process->scheduler && !process->io_priority && !process->console_size,
		"absent objects are NULL");
	is_true(!process->oom_score_adj.set && !process->user.umask.set, "absent numbers");
	is_result(oci_process_parse(wrong, strlen(wrong), &arena, &process, &err), &err,
		"user.uid: -1 is not between 0 and 4294967294", "a bare process has no prefix");
	is_result(oci_process_parse(twice, strlen(twice), &arena, &process, &err), &err,
		"args: there is no program to run", "rules also hold for a bare process");
	arena_free(&arena);
}

/* I11: exec --user. */
static void test_user(void)
{
	static const struct {
		const char *text;
		uint32_t uid, gid;
		bool good;
	} users[] = {
		{"0", 0, 0, true},
		{"1", 1, 0, true},
		{"1:1", 1, 1, true},
		{"4294967294:4294967294", 4294967294, 4294967294, true},
		{"00001", 1, 0, true},
		{"-1"},
		{"4294967295"},
		{"4294967296"},
		{"18446744073709551616"},
		{"1:4294967295"},
		{"1:-1"},
		{"1x"},
		{"0x1"},
		{""},
		{":"},
		{":1"},
		{"1:"},
		{"1:1:1"},
		{"nobody"},
		{"+1"},
		{" 1"},
		{"1 "},
		{"1\n"},
		{"000000000000000000000000000000001"},
	};

	for (size_t i = 0; i < sizeof(users) / sizeof(*users); i++) {
		uint32_t uid = 77, gid = 77;
		struct error err = {0};
		bool good = oci_user_parse(users[i].text, &uid, &gid, &err) == 0;

		is_true(good == users[i].good, "I11 user \"%s\" is %s", users[i].text,
			users[i].good ? "accepted" : "refused");
		if (good)
			is_true(uid == users[i].uid &&
					gid == (strchr(users[i].text, ':') ? users[i].gid : 77),
				"I11 user \"%s\"", users[i].text);
		else
			is_true(uid == 77 && gid == 77, "I11 user \"%s\" leaves the outputs",
				users[i].text);
	}
}

static void test_list(void)
{
	static const struct {
		const char *text;
		uint64_t first, second; /* words of the mask; both 0: refused */
	} lists[] = {
		{"0", 1},
		{"0-3,7", 0x8f},
		{"0, 2 - 3"},
		{"0, 2", 5},
		{"63-64", UINT64_C(1) << 63, 1},
		{"127", 0, UINT64_C(1) << 63},
		{"128"},
		{"1-"},
		{"-1"},
		{"1,,2"},
		{"1,"},
		{","},
		{"a"},
		{"1-2-3"},
		{"0-99999999"},
		{"0x1"},
		{"1\n"},
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		uint64_t mask[2] = {0};
		struct error err = {0};
		bool good = oci_cpu_list(lists[i].text, mask, 128, &err) == 0;
		bool wanted = lists[i].first || lists[i].second;

		is_true(good == wanted && (!good || (mask[0] == lists[i].first &&
							    mask[1] == lists[i].second)),
			"list \"%s\"", lists[i].text);
	}
}

int main(void)
{
	RUN_CONFIG_CASES(cases);
	test_bare();
	test_user();
	test_list();
	return tap_end();
}
