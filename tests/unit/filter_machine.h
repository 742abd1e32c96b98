/* SPDX-License-Identifier: Apache-2.0 */
/* A small interpreter of classic BPF, and a plain evaluator of a seccomp profile: two opinions.
 */
#ifndef MAYFLY_FILTER_MACHINE_H
#define MAYFLY_FILTER_MACHINE_H

#include "runtime/launch/launch.h"
#include "tests/unit/filter_profile.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/elf-em.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the machine ---- */

static uint32_t load(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t word;

	memcpy(&word, (const char *)data + offset, sizeof(word));
	return word;
}

static bool holds(uint16_t code, uint32_t a, uint32_t k)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	case BPF_JSET:
		return a & k;
	default:
		printf("Bail out! jump %#x\n", code);
		exit(1);
	}
}

static uint32_t interpret(const struct launch_filter *filter, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t i = 0; i < filter->count; i++) {
		const struct sock_filter *at = &filter->instructions[i];

		if (at->code == (BPF_LD | BPF_W | BPF_ABS))
			a = load(data, at->k);
		else if (at->code == (BPF_ALU | BPF_AND | BPF_K))
			a &= at->k;
		else if (at->code == (BPF_RET | BPF_K))
			return at->k;
		else if (at->code == (BPF_JMP | BPF_JA))
			i += at->k;
		else if (BPF_CLASS(at->code) == BPF_JMP)
			i += holds(at->code, a, at->k) ? at->jt : at->jf;
		else
			break;
	}
	printf("Bail out! the filter has no end\n");
	exit(1);
}

/* ---- the profile, read plainly ---- */

static const struct {
	const char *name;
	int number;
} direct_on_i386[] = {
	{"socket", 359},
	{"socketpair", 360},
	{"bind", 361},
	{"connect", 362},
	{"listen", 363},
	{"accept4", 364},
	{"getsockopt", 365},
	{"setsockopt", 366},
	{"getsockname", 367},
	{"getpeername", 368},
	{"sendto", 369},
	{"sendmsg", 370},
	{"recvfrom", 371},
	{"recvmsg", 372},
	{"shutdown", 373},
	{"semget", 393},
	{"semctl", 394},
	{"shmget", 395},
	{"shmctl", 396},
	{"shmat", 397},
	{"shmdt", 398},
	{"msgget", 399},
	{"msgsnd", 400},
	{"msgrcv", 401},
	{"msgctl", 402},
	{"recvmmsg", 337},
	{"sendmmsg", 345},
};

/* The member of socketcall(2) or ipc(2): not there, and there, and libseccomp alone is asked.
 */
static bool hides_on_i386(const char *name)
{
	int number = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, name);

	return number <= -100 && number >= -299;
}

/* -1: there is no such call there. */
static int64_t number_of(uint32_t arch, const char *name)
{
	if (arch == AUDIT_ARCH_I386)
		for (size_t i = 0; i < sizeof(direct_on_i386) / sizeof(*direct_on_i386); i++)
			if (strcmp(direct_on_i386[i].name, name) == 0)
				return direct_on_i386[i].number;

	int number = seccomp_syscall_resolve_name_arch(arch, name);

	return number < 0 ? -1 : number;
}

static uint64_t narrow(uint32_t arch, uint64_t value)
{
	return arch == AUDIT_ARCH_I386 ? (uint32_t)value : value;
}

static bool arg_matches(const struct oci_seccomp_arg *arg, uint32_t arch, const uint64_t *args)
{
	/* libseccomp looks at 32 bits in x32, though its registers have 64: docs/decisions/020.
	 */
	uint32_t width = arch == X32 ? AUDIT_ARCH_I386 : arch;
	uint64_t found = narrow(width, args[arg->index]);
	uint64_t value = narrow(width, arg->value);

	switch (arg->op) {
	case OCI_SECCOMP_NE:
		return found != value;
	case OCI_SECCOMP_LT:
		return found < value;
	case OCI_SECCOMP_LE:
		return found <= value;
	case OCI_SECCOMP_EQ:
		return found == value;
	case OCI_SECCOMP_GE:
		return found >= value;
	case OCI_SECCOMP_GT:
		return found > value;
	default:
		return (found & value) == narrow(width, arg->value_two);
	}
}

static bool args_match(const struct oci_seccomp_rule *rule, uint32_t arch, const uint64_t *args)
{
	unsigned int seen = 0;
	bool any = false, all = true, twice = false;

	for (size_t i = 0; i < rule->n_args; i++) {
		bool matches = arg_matches(&rule->args[i], arch, args);

		twice = twice || (seen & 1U << rule->args[i].index);
		seen |= 1U << rule->args[i].index;
		any = any || matches;
		all = all && matches;
	}
	return twice ? any : all;
}

static uint32_t action_of(uint32_t action, struct opt_u32 number)
{
	bool numbered = action == OCI_SECCOMP_ERRNO || action == OCI_SECCOMP_TRACE;

	return numbered ? action | (number.set ? number.value : EPERM) : action;
}

struct call {
	uint32_t arch; /* X32, too */
	uint32_t number;
	uint64_t args[6];
};

/* The names of a profile as numbers, resolved once. */
struct numbers {
	int64_t *of; /* one for each name, in order */
	int64_t largest;
};

static struct numbers numbers_of(const struct oci_seccomp *seccomp, uint32_t arch)
{
	size_t count = 0, at = 0;

	for (size_t i = 0; i < seccomp->n_syscalls; i++)
		count += seccomp->syscalls[i].n_names;

	struct numbers numbers = {.of = calloc(count + 1, sizeof(int64_t)), .largest = -1};

	for (size_t i = 0; i < seccomp->n_syscalls; i++)
		for (size_t j = 0; j < seccomp->syscalls[i].n_names; j++) {
			int64_t number = number_of(arch, seccomp->syscalls[i].names[j]);

			numbers.of[at++] = number;
			/* The direct calls came together, up to msgctl. */
			if (arch == AUDIT_ARCH_I386 &&
				hides_on_i386(seccomp->syscalls[i].names[j]))
				number = 402;
			if (number > numbers.largest)
				numbers.largest = number;
		}
	return numbers;
}

static uint32_t evaluate(const struct oci_seccomp *seccomp, const struct numbers *numbers,
	const struct call *call)
{
	uint32_t otherwise = action_of(seccomp->default_action, seccomp->default_errno_ret);
	uint32_t conditional = otherwise;
	size_t at = 0;

	for (size_t i = 0; i < seccomp->n_syscalls; i++) {
		const struct oci_seccomp_rule *rule = &seccomp->syscalls[i];
		uint32_t action = action_of(rule->action, rule->errno_ret);

		for (size_t j = 0; j < rule->n_names; j++) {
			if (numbers->of[at++] != call->number || action == otherwise)
				continue;
			if (rule->n_args == 0)
				return action; /* says everything about this call */
			if (args_match(rule, call->arch, call->args))
				conditional = action;
		}
	}

	bool denies = otherwise != OCI_SECCOMP_ALLOW && otherwise != OCI_SECCOMP_LOG &&
		      (otherwise & 0xffff0000) != OCI_SECCOMP_TRACE;

	if (denies && numbers->largest >= 0 && call->number > numbers->largest)
		return OCI_SECCOMP_ERRNO | ENOSYS;
	return conditional;
}

#endif
