/* SPDX-License-Identifier: Apache-2.0 */
/* The seccomp section: K7 and the rules of the specification. */
#include "tests/unit/config.h"

#include <linux/audit.h>

#define SECCOMP(MORE) LINUX("\"seccomp\":{" MORE "}")
#define ALLOW(MORE)   SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\"," MORE)
#define RULES(MORE)   ALLOW("\"syscalls\":[{\"names\":[\"mkdir\"]," MORE "}]")
#define ARG(MORE)     RULES("\"action\":\"SCMP_ACT_TRAP\",\"args\":[{" MORE "}]")
#define NOTIFY(NAME_, MORE)                                                                    \
	ALLOW("\"syscalls\":[{\"names\":[\"" NAME_ "\"],\"action\":\"SCMP_ACT_NOTIFY\"}"       \
	      "]" MORE)

static const struct config_case cases[] = {
	{"an empty object is no filter", SECCOMP("")},
	{"an empty action and no rules are no filter",
		SECCOMP("\"defaultAction\":\"\",\"syscalls\":[]")},
	{"an empty action with rules", SECCOMP("\"defaultAction\":\"\",\"syscalls\":[{}]"),
		"linux.seccomp.defaultAction: unknown name \"\""},
	{"an unknown action", SECCOMP("\"defaultAction\":\"SCMP_ACT_X\""),
		"linux.seccomp.defaultAction: unknown name \"SCMP_ACT_X\""},
	{"an unknown architecture", ALLOW("\"architectures\":[\"SCMP_ARCH_X86\",\"Z80\"]"),
		"linux.seccomp.architectures[1]: unknown name \"Z80\""},
	{"an unknown flag", ALLOW("\"flags\":[\"SECCOMP_FILTER_FLAG_NEW_LISTENER\"]"),
		"linux.seccomp.flags[0]: unknown name \"SECCOMP_FILTER_FLAG_NEW_LISTENER\""},
	{"an unknown operator", ARG("\"index\":0,\"value\":1,\"op\":\"X\""),
		"linux.seccomp.syscalls[0].args[0].op: unknown name \"X\""},
	{"an index of 6", ARG("\"index\":6,\"value\":1,\"op\":\"SCMP_CMP_EQ\""),
		"linux.seccomp.syscalls[0].args[0].index: 6 is not between 0 and 5"},
	{"a value of 2^64-1",
		ARG("\"index\":5,\"value\":18446744073709551615,\"op\":\"SCMP_CMP_EQ\"")},
	{"a rule without names", ALLOW("\"syscalls\":[{\"action\":\"SCMP_ACT_TRAP\"}]"),
		"linux.seccomp.syscalls[0].names: is missing"},
	{"a rule with no names",
		ALLOW("\"syscalls\":[{\"action\":\"SCMP_ACT_TRAP\",\"names\":[]}]"),
		"linux.seccomp.syscalls[0]: names is empty"},
	{"a rule with an empty name",
		RULES("\"action\":\"SCMP_ACT_TRAP\"},{\"names\":[\"a\",\"\"],"
		      "\"action\":\"SCMP_ACT_TRAP\""),
		"linux.seccomp.syscalls[1]: names[1] is empty"},
	{"a rule without an action", RULES("\"args\":[]"),
		"linux.seccomp.syscalls[0].action: is missing"},
	{"errnoRet", RULES("\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":4095")},
	{"errnoRet 4096", RULES("\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":4096"),
		"linux.seccomp.syscalls[0].errnoRet: 4096 is not between 0 and 4095"},
	{"errnoRet with trace", RULES("\"action\":\"SCMP_ACT_TRACE\",\"errnoRet\":1")},
	{"errnoRet with another action", RULES("\"action\":\"SCMP_ACT_TRAP\",\"errnoRet\":1"),
		"linux.seccomp.syscalls[0]: errnoRet has no meaning for SCMP_ACT_TRAP"},
	{"defaultErrnoRet with another action", ALLOW("\"defaultErrnoRet\":1"),
		"linux.seccomp: defaultErrnoRet has no meaning for SCMP_ACT_ALLOW"},
	{"seven arguments",
		RULES("\"action\":\"SCMP_ACT_TRAP\",\"args\":[{},{},{},{},{},{},{}]"),
		"linux.seccomp.syscalls[0].args: 7 entries are more than 6"},
	{"metadata without a listener", ALLOW("\"listenerMetadata\":\"x\""),
		"linux.seccomp: listenerMetadata is set, but listenerPath is not set"},
	{"a listener nobody uses", ALLOW("\"listenerPath\":\"/x\"")},
	{"notify", NOTIFY("mkdir", ",\"listenerPath\":\"/x\"")},
	{"notify without a listener", NOTIFY("mkdir", ""),
		"linux.seccomp: SCMP_ACT_NOTIFY is used, but seccomp listenerPath is not set"},
	{"notify of write", NOTIFY("write", ",\"listenerPath\":\"/x\""),
		"linux.seccomp.syscalls[0]: SCMP_ACT_NOTIFY cannot be used for the write "
		"syscall"},
	{"notify of everything",
		SECCOMP("\"defaultAction\":\"SCMP_ACT_NOTIFY\",\"listenerPath\":\"/x\""),
		"linux.seccomp: SCMP_ACT_NOTIFY cannot be used as default action"},
	{"killable wait", NOTIFY("mkdir", ",\"listenerPath\":\"/x\",\"flags\":"
					  "[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]")},
	{"killable wait without notify",
		ALLOW("\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]"),
		"linux.seccomp: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV needs SCMP_ACT_NOTIFY"},
	{"K7 kill everything", SECCOMP("\"defaultAction\":\"SCMP_ACT_KILL\""),
		"~linux.seccomp: no rule lets execve pass"},
	{"K7 kill everything but execve",
		SECCOMP("\"defaultAction\":\"SCMP_ACT_KILL_PROCESS\",\"syscalls\":[{\"names\":["
			"\"read\","
			"\"execve\"],\"action\":\"SCMP_ACT_ALLOW\"}]")},
	{"K7 kill everything but execveat", SECCOMP("\"defaultAction\":\"SCMP_ACT_KILL\","
						    "\"syscalls\":[{\"names\":[\"execveat\"],"
						    "\"action\":\"SCMP_ACT_LOG\"}]")},
};

int main(void)
{
	static const char text[] = ALLOW(
		"\"flags\":[],\"architectures\":[\"SCMP_ARCH_X86_64\"],\"syscalls\":[{"
		"\"names\":"
		"[\"a\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":0,\"args\":[{\"index\":1,"
		"\"value\":2,\"valueTwo\":3,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]");
	struct arena arena = {0};
	struct error err = {0};
	struct oci_spec *spec;

	RUN_CONFIG_CASES(cases);
	if (is_result(oci_spec_parse(text, strlen(text), &arena, &spec, &err), &err, NULL,
		    "values")) {
		const struct oci_seccomp *seccomp = spec->linux->seccomp;

		is_true(seccomp->flags && !seccomp->n_flags, "no flags are not absent flags");
		is_number(seccomp->architectures[0], AUDIT_ARCH_X86_64, "architecture");
		is_number(seccomp->default_action, OCI_SECCOMP_ALLOW, "default action");
		is_true(seccomp->syscalls[0].errno_ret.set, "errnoRet 0 is set");
		is_number(seccomp->syscalls[0].args[0].value_two, 3, "valueTwo");
		is_number(seccomp->syscalls[0].args[0].op, OCI_SECCOMP_MASKED_EQ, "op");
		is_true(!oci_seccomp_notifies(seccomp), "nothing notifies");
	}
	arena_free(&arena);
	return tap_end();
}
