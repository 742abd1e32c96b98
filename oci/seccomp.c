/* SPDX-License-Identifier: Apache-2.0 */
/* The seccomp section and its names. */
#include "oci/seccomp.h"

#include "oci/base/text.h"
#include "oci/fields.h"

#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

/* SECCOMP_RET_DATA has 16 bits, but the kernel caps an errno at MAX_ERRNO. */
enum { ERRNO_MAX = 4095, RULES_MAX = 4096 };

const struct name oci_seccomp_action_names[] = {
	{"SCMP_ACT_ALLOW", OCI_SECCOMP_ALLOW},
	{"SCMP_ACT_ERRNO", OCI_SECCOMP_ERRNO},
	{"SCMP_ACT_KILL", OCI_SECCOMP_KILL_THREAD},
	{"SCMP_ACT_KILL_PROCESS", OCI_SECCOMP_KILL_PROCESS},
	{"SCMP_ACT_KILL_THREAD", OCI_SECCOMP_KILL_THREAD},
	{"SCMP_ACT_LOG", OCI_SECCOMP_LOG},
	{"SCMP_ACT_NOTIFY", OCI_SECCOMP_NOTIFY},
	{"SCMP_ACT_TRACE", OCI_SECCOMP_TRACE},
	{"SCMP_ACT_TRAP", OCI_SECCOMP_TRAP},
	{0},
};

const struct name oci_seccomp_op_names[] = {
	{"SCMP_CMP_EQ", OCI_SECCOMP_EQ},
	{"SCMP_CMP_GE", OCI_SECCOMP_GE},
	{"SCMP_CMP_GT", OCI_SECCOMP_GT},
	{"SCMP_CMP_LE", OCI_SECCOMP_LE},
	{"SCMP_CMP_LT", OCI_SECCOMP_LT},
	{"SCMP_CMP_MASKED_EQ", OCI_SECCOMP_MASKED_EQ},
	{"SCMP_CMP_NE", OCI_SECCOMP_NE},
	{0},
};

const struct name oci_seccomp_arch_names[] = {
	{"SCMP_ARCH_AARCH64", AUDIT_ARCH_AARCH64},
	{"SCMP_ARCH_ARM", AUDIT_ARCH_ARM},
	{"SCMP_ARCH_LOONGARCH64", AUDIT_ARCH_LOONGARCH64},
	{"SCMP_ARCH_M68K", AUDIT_ARCH_M68K},
	{"SCMP_ARCH_MIPS", AUDIT_ARCH_MIPS},
	{"SCMP_ARCH_MIPS64", AUDIT_ARCH_MIPS64},
	{"SCMP_ARCH_MIPS64N32", AUDIT_ARCH_MIPS64N32},
	{"SCMP_ARCH_MIPSEL", AUDIT_ARCH_MIPSEL},
	{"SCMP_ARCH_MIPSEL64", AUDIT_ARCH_MIPSEL64},
	{"SCMP_ARCH_MIPSEL64N32", AUDIT_ARCH_MIPSEL64N32},
	{"SCMP_ARCH_PARISC", AUDIT_ARCH_PARISC},
	{"SCMP_ARCH_PARISC64", AUDIT_ARCH_PARISC64},
	{"SCMP_ARCH_PPC", AUDIT_ARCH_PPC},
	{"SCMP_ARCH_PPC64", AUDIT_ARCH_PPC64},
	{"SCMP_ARCH_PPC64LE", AUDIT_ARCH_PPC64LE},
	{"SCMP_ARCH_RISCV64", AUDIT_ARCH_RISCV64},
	{"SCMP_ARCH_S390", AUDIT_ARCH_S390},
	{"SCMP_ARCH_S390X", AUDIT_ARCH_S390X},
	{"SCMP_ARCH_SH", AUDIT_ARCH_SHEL},
	{"SCMP_ARCH_SHEB", AUDIT_ARCH_SH},
	{"SCMP_ARCH_X32", EM_X86_64 | __AUDIT_ARCH_LE},
	{"SCMP_ARCH_X86", AUDIT_ARCH_I386},
	{"SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64},
	{0},
};

const struct name oci_seccomp_flag_names[] = {
	{"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	{"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
	{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
	{0},
};

bool oci_seccomp_notifies(const struct oci_seccomp *seccomp)
{
	if (seccomp->default_action == OCI_SECCOMP_NOTIFY)
		return true;
	for (size_t i = 0; i < seccomp->n_syscalls; i++)
		if (seccomp->syscalls[i].action == OCI_SECCOMP_NOTIFY)
			return true;
	return false;
}

static bool rule_names(const struct oci_seccomp_rule *rule, const char *syscall)
{
	for (size_t i = 0; i < rule->n_names; i++)
		if (text_equal(rule->names[i], syscall))
			return true;
	return false;
}

static bool action_kills(uint32_t action)
{
	return action == OCI_SECCOMP_KILL_PROCESS || action == OCI_SECCOMP_KILL_THREAD;
}

static bool action_has_errno(uint32_t action)
{
	return action == OCI_SECCOMP_ERRNO || action == OCI_SECCOMP_TRACE;
}

static int check_rule(
	struct decode *decode, const struct json *value, void *object, struct error *err)
{
	const struct oci_seccomp_rule *rule = object;

	if (rule->n_names == 0)
		return fail(err, 0, "names is empty");
	for (size_t i = 0; i < rule->n_names; i++)
		if (rule->names[i][0] == '\0')
			return fail(err, 0, "names[%zu] is empty", i);
	if (rule->errno_ret.set && !action_has_errno(rule->action))
		return fail(err, 0, "errnoRet has no meaning for %s",
			name_of(oci_seccomp_action_names, rule->action));
	/* The runtime must still be able to write to say how it went: runc refuses this too. */
	if (rule->action == OCI_SECCOMP_NOTIFY && rule_names(rule, "write"))
		return fail(err, 0, "SCMP_ACT_NOTIFY cannot be used for the write syscall");
	return 0;
}

static int check_listener(const struct oci_seccomp *seccomp, struct error *err)
{
	if (seccomp->listener_metadata && !seccomp->listener_path)
		return fail(err, 0, "listenerMetadata is set, but listenerPath is not set");
	if (seccomp->default_action == OCI_SECCOMP_NOTIFY)
		return fail(err, 0, "SCMP_ACT_NOTIFY cannot be used as default action");

	bool notifies = oci_seccomp_notifies(seccomp);

	if (notifies && !seccomp->listener_path)
		return fail(
			err, 0, "SCMP_ACT_NOTIFY is used, but seccomp listenerPath is not set");
	for (size_t i = 0; i < seccomp->n_flags; i++)
		if (seccomp->flags[i] == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV && !notifies)
			return fail(err, 0,
				"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV needs SCMP_ACT_NOTIFY");
	return 0;
}

static int check_seccomp(const struct oci_seccomp *seccomp, struct error *err)
{
	bool execve = !action_kills(seccomp->default_action);

	if (seccomp->default_errno_ret.set && !action_has_errno(seccomp->default_action))
		return fail(err, 0, "defaultErrnoRet has no meaning for %s",
			name_of(oci_seccomp_action_names, seccomp->default_action));
	for (size_t i = 0; i < seccomp->n_syscalls && !execve; i++)
		execve = !action_kills(seccomp->syscalls[i].action) &&
			 (rule_names(&seccomp->syscalls[i], "execve") ||
				 rule_names(&seccomp->syscalls[i], "execveat"));
	if (!execve)
		return fail(err, 0,
			"no rule lets execve pass, so the container would be killed when it "
			"starts");
	return check_listener(seccomp, err);
}

/* Nothing asked for: an empty object, as runc treats it. */
static bool is_empty(const struct json *value)
{
	const struct json *action = json_find(value, "defaultAction");
	const struct json *syscalls = json_find(value, "syscalls");

	return (!action || action->kind == JSON_NULL ||
		       (action->kind == JSON_STRING && action->count == 0)) &&
	       (!syscalls || syscalls->kind == JSON_NULL ||
		       (syscalls->kind == JSON_ARRAY && syscalls->count == 0));
}

int decode_seccomp(
	struct decode *decode, const struct json *value, void *member, struct error *err)
{
	if (decode_expect(value, JSON_OBJECT, err) < 0)
		return -1;
	if (is_empty(value))
		return 0;

	struct oci_seccomp *seccomp = arena_alloc(decode->arena, sizeof(*seccomp));

	if (!seccomp)
		return fail(err, ENOMEM, "read the seccomp rules");
	if (decode_object(decode, value, seccomp_fields, seccomp, err) < 0 ||
		check_seccomp(seccomp, err) < 0)
		return -1;
	*(struct oci_seccomp **)member = seccomp;
	return 0;
}

/* clang-format off */
static const struct field arg_fields[] = {
	FIELD(struct oci_seccomp_arg, "index", index, .required = true, .max = 5),
	FIELD(struct oci_seccomp_arg, "value", value, .required = true),
	FIELD(struct oci_seccomp_arg, "valueTwo", value_two),
	NAME(struct oci_seccomp_arg, "op", op, oci_seccomp_op_names, .required = true),
	{ 0 },
};

static const struct field rule_fields[] = {
	TEXTS(struct oci_seccomp_rule, "names", names, .required = true, .max_count = RULES_MAX),
	NAME(struct oci_seccomp_rule, "action", action, oci_seccomp_action_names, .required = true),
	FIELD(struct oci_seccomp_rule, "errnoRet", errno_ret, .max = ERRNO_MAX),
	LIST(struct oci_seccomp_rule, "args", args, arg_fields, .max_count = 6),
	{ 0 },
};

const struct field seccomp_fields[] = {
	NAME(struct oci_seccomp, "defaultAction", default_action, oci_seccomp_action_names,
		.required = true),
	FIELD(struct oci_seccomp, "defaultErrnoRet", default_errno_ret, .max = ERRNO_MAX),
	NAMES(struct oci_seccomp, "architectures", architectures, oci_seccomp_arch_names,
		.max_count = 64),
	NAMES(struct oci_seccomp, "flags", flags, oci_seccomp_flag_names, .max_count = 64),
	FIELD(struct oci_seccomp, "listenerPath", listener_path, .empty_is_null = true),
	FIELD(struct oci_seccomp, "listenerMetadata", listener_metadata, .empty_is_null = true),
	LIST(struct oci_seccomp, "syscalls", syscalls, rule_fields, .function = check_rule,
		.max_count = RULES_MAX),
	{ 0 },
};
/* clang-format on */
