/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of one system call as instructions: each condition goes on or leaves its rule. */
#include "runtime/launch/seccomp_rules.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <string.h>

/* A condition has at most seven instructions; around the conditions of a rule is one, and
 * around a call six. */
enum { CONDITION_MAX = 7, ARGS_MAX = 6, CALL_MAX = 6 };

/* Where a jump leads until the place is known. */
enum { NEXT = 0, HOLDS = 0xfe, LEAVE = 0xff };

struct writer {
	struct sock_filter *at;
	size_t count;
};

bool seccomp_index_twice(const struct oci_seccomp_rule *rule)
{
	unsigned int seen = 0;

	for (size_t i = 0; i < rule->n_args; i++) {
		if (seen & 1U << rule->args[i].index)
			return true;
		seen |= 1U << rule->args[i].index;
	}
	return false;
}

uint32_t seccomp_answer(uint32_t action, struct opt_u32 number)
{
	if (action != OCI_SECCOMP_ERRNO && action != OCI_SECCOMP_TRACE)
		return action;
	return action | ((number.set ? number.value : EPERM) & SECCOMP_RET_DATA);
}

uint32_t seccomp_default(const struct oci_seccomp *profile)
{
	return seccomp_answer(profile->default_action, profile->default_errno_ret);
}

static uint32_t answer_of(const struct oci_seccomp_rule *rule)
{
	return seccomp_answer(rule->action, rule->errno_ret);
}

/* Does RULE say something about NAME that the default does not? */
static bool speaks_of(const struct oci_seccomp *profile, const struct oci_seccomp_rule *rule,
	const char *name)
{
	if (answer_of(rule) == seccomp_default(profile))
		return false;
	for (size_t i = 0; i < rule->n_names; i++)
		if (strcmp(rule->names[i], name) == 0)
			return true;
	return false;
}

static bool same_conditions(const struct oci_seccomp_rule *a, const struct oci_seccomp_rule *b)
{
	return a->n_args == b->n_args &&
	       (a->n_args == 0 || memcmp(a->args, b->args, a->n_args * sizeof(*a->args)) == 0);
}

static bool clashes(const struct oci_seccomp *profile, size_t before, const char *name)
{
	const struct oci_seccomp_rule *rule = &profile->syscalls[before];

	for (size_t i = 0; i < before; i++) {
		const struct oci_seccomp_rule *other = &profile->syscalls[i];

		if (answer_of(other) != answer_of(rule) && same_conditions(other, rule) &&
			speaks_of(profile, other, name))
			return true;
	}
	return false;
}

/* Then *ret_clash is the first rule with the conditions of one before and another action; the
 * number of all rules when there is none. */
static bool mixes_up(const struct oci_seccomp *profile, const char *name, size_t *ret_clash)
{
	bool conditions = false;
	size_t choices = 0;

	for (size_t i = 0; i < profile->n_syscalls; i++) {
		const struct oci_seccomp_rule *rule = &profile->syscalls[i];

		if (!speaks_of(profile, rule, name))
			continue;
		choices += seccomp_index_twice(rule) ? rule->n_args : 1;
		conditions |= rule->n_args > 0;
	}
	if (choices < 2 || !conditions)
		return false;
	for (*ret_clash = 0; *ret_clash < profile->n_syscalls; ++*ret_clash)
		if (speaks_of(profile, &profile->syscalls[*ret_clash], name) &&
			clashes(profile, *ret_clash, name))
			break;
	return true;
}

int seccomp_fail_twice(const char *name, struct error *err)
{
	return fail(err, 0, "\"%s\" has another action for the same arguments before", name);
}

bool seccomp_among(const struct seccomp_confused *confused, const char *name)
{
	for (size_t i = 0; i < confused->count; i++)
		if (strcmp(confused->names[i], name) == 0)
			return true;
	return false;
}

int seccomp_find_confused(
	const struct oci_seccomp *seccomp, struct seccomp_confused *ret, struct error *err)
{
	for (size_t i = 0; i < seccomp->n_syscalls; i++) {
		const struct oci_seccomp_rule *rule = &seccomp->syscalls[i];

		for (size_t j = 0; rule->n_args && j < rule->n_names; j++) {
			const char *name = rule->names[j];
			size_t clash;

			if (seccomp_among(ret, name) || !mixes_up(seccomp, name, &clash))
				continue;
			if (clash < seccomp->n_syscalls) {
				(void)seccomp_fail_twice(name, err);
				return fail_in(err, "syscalls[%zu]", clash);
			}
			ret->names[ret->count++] = name;
		}
	}
	return 0;
}

/* ---- conditions ---- */

static void put(struct writer *writer, uint16_t code, uint32_t value, uint8_t yes, uint8_t no)
{
	writer->at[writer->count++] =
		(struct sock_filter){.code = code, .jt = yes, .jf = no, .k = value};
}

static void put_load(struct writer *writer, const struct oci_seccomp_arg *arg, bool high)
{
	size_t offset = offsetof(struct seccomp_data, args) + arg->index * sizeof(uint64_t);
	bool second = high == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

	put(writer, BPF_LD | BPF_W | BPF_ABS,
		(uint32_t)(offset + (second ? sizeof(uint32_t) : 0)), 0, 0);
}

/* The upper half, when it does not decide alone, leads to the lower one. */
static void put_high(struct writer *writer, const struct oci_seccomp_arg *arg)
{
	uint32_t value = (uint32_t)(arg->value >> 32);
	bool above = arg->op == OCI_SECCOMP_GT || arg->op == OCI_SECCOMP_GE;
	bool below = arg->op == OCI_SECCOMP_LT || arg->op == OCI_SECCOMP_LE;

	put_load(writer, arg, true);
	if (arg->op == OCI_SECCOMP_MASKED_EQ) {
		put(writer, BPF_ALU | BPF_AND | BPF_K, value, 0, 0);
		value = (uint32_t)(arg->value_two >> 32);
	}
	if (above || below)
		put(writer, BPF_JMP | BPF_JGT | BPF_K, value, above ? HOLDS : LEAVE, NEXT);
	put(writer, BPF_JMP | BPF_JEQ | BPF_K, value, NEXT,
		below || arg->op == OCI_SECCOMP_NE ? HOLDS : LEAVE);
}

static void put_low(struct writer *writer, const struct oci_seccomp_arg *arg)
{
	/* Which jump, and does the condition hold when it is taken? */
	static const struct {
		uint16_t jump;
		bool holds;
	} tests[] = {
		[OCI_SECCOMP_NE] = {BPF_JEQ, false},
		[OCI_SECCOMP_LT] = {BPF_JGE, false},
		[OCI_SECCOMP_LE] = {BPF_JGT, false},
		[OCI_SECCOMP_EQ] = {BPF_JEQ, true},
		[OCI_SECCOMP_GE] = {BPF_JGE, true},
		[OCI_SECCOMP_GT] = {BPF_JGT, true},
		[OCI_SECCOMP_MASKED_EQ] = {BPF_JEQ, true},
	};
	uint32_t value = (uint32_t)arg->value;
	bool holds = tests[arg->op].holds;

	put_load(writer, arg, false);
	if (arg->op == OCI_SECCOMP_MASKED_EQ) {
		put(writer, BPF_ALU | BPF_AND | BPF_K, value, 0, 0);
		value = (uint32_t)arg->value_two;
	}
	put(writer, BPF_JMP | BPF_K | tests[arg->op].jump, value, holds ? HOLDS : LEAVE,
		holds ? LEAVE : HOLDS);
}

/* From START on: HOLDS is behind what was written, or stays when that is another place. */
static void resolve(struct writer *writer, size_t start, uint8_t mark)
{
	for (size_t i = start; i < writer->count; i++) {
		struct sock_filter *at = &writer->at[i];
		uint8_t way = (uint8_t)(writer->count - i - 1);

		if (BPF_CLASS(at->code) != BPF_JMP)
			continue;
		if (at->jt == mark)
			at->jt = way;
		if (at->jf == mark)
			at->jf = way;
	}
}

/* ---- rules ---- */

static void put_rule(struct writer *writer, const struct oci_seccomp_rule *rule, bool wide)
{
	/* "or": the first that holds is enough, and leaving a condition leads to the next. */
	bool any = seccomp_index_twice(rule);
	size_t start = writer->count;

	for (size_t i = 0; i < rule->n_args; i++) {
		size_t condition = writer->count;

		if (wide)
			put_high(writer, &rule->args[i]);
		put_low(writer, &rule->args[i]);
		if (!any)
			resolve(writer, condition, HOLDS);
		else if (i + 1 < rule->n_args)
			resolve(writer, condition, LEAVE);
	}
	resolve(writer, start, HOLDS);
	put(writer, BPF_RET | BPF_K, answer_of(rule), 0, 0);
	resolve(writer, start, LEAVE);
}

size_t seccomp_rules_room(const struct oci_seccomp *profile)
{
	size_t room = 0;

	for (size_t i = 0; i < profile->n_syscalls; i++)
		room += profile->syscalls[i].n_names *
			(CALL_MAX + 1 + ARGS_MAX * CONDITION_MAX);
	return room;
}

static const struct oci_seccomp_rule *unconditional(
	const struct oci_seccomp *profile, const char *name)
{
	for (size_t i = 0; i < profile->n_syscalls; i++)
		if (profile->syscalls[i].n_args == 0 &&
			speaks_of(profile, &profile->syscalls[i], name))
			return &profile->syscalls[i];
	return NULL;
}

size_t seccomp_put_rules(const struct oci_seccomp *profile, const char *name, uint32_t arch,
	uint32_t number, struct sock_filter *ret)
{
	const struct oci_seccomp_rule *all = unconditional(profile, name);
	struct writer writer = {.at = ret};
	bool x32 = arch == (AUDIT_ARCH_X86_64 & ~(uint32_t)__AUDIT_ARCH_64BIT);
	bool wide = arch & __AUDIT_ARCH_64BIT;
	size_t skips[2];

	put(&writer, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	put(&writer, BPF_JMP | BPF_JEQ | BPF_K, x32 ? AUDIT_ARCH_X86_64 : arch, 1, 0);
	skips[0] = writer.count;
	put(&writer, BPF_JMP | BPF_JA, 0, 0, 0);
	put(&writer, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	put(&writer, BPF_JMP | BPF_JEQ | BPF_K, number, 1, 0);
	skips[1] = writer.count;
	put(&writer, BPF_JMP | BPF_JA, 0, 0, 0);
	for (size_t i = 0; i < profile->n_syscalls && !all; i++)
		if (speaks_of(profile, &profile->syscalls[i], name))
			put_rule(&writer, &profile->syscalls[i], wide);
	put(&writer, BPF_RET | BPF_K, all ? answer_of(all) : seccomp_default(profile), 0, 0);
	for (size_t i = 0; i < 2; i++)
		ret[skips[i]].k = (uint32_t)(writer.count - skips[i] - 1);
	return writer.count;
}
