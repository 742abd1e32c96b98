/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes to a seccomp profile, the profile to a filter, and the filter against the profile's own
 * words: an interpreter of BPF and a plain evaluator (tests/unit/filter_machine.h) must answer
 * the same. What libseccomp itself gets wrong is kept out: docs/decisions/020.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/filter_machine.h"

enum { RULES_MAX_HERE = 12, CALLS = 64 };

struct source {
	const uint8_t *data;
	size_t size;
};

static uint8_t byte(struct source *source)
{
	if (!source->size)
		return 0;
	source->size--;
	return *source->data++;
}

static uint64_t number(struct source *source)
{
	uint64_t value = byte(source);

	switch (value & 3) {
	case 0:
		return value >> 2;
	case 1:
		return (value >> 2) | (uint64_t)byte(source) << 32;
	case 2:
		return UINT64_MAX - (value >> 2);
	default:
		for (int i = 0; i < 7; i++)
			value = value << 8 | byte(source);
		return value;
	}
}

static const uint32_t actions[] = {OCI_SECCOMP_ALLOW, OCI_SECCOMP_ERRNO, OCI_SECCOMP_TRAP,
	OCI_SECCOMP_TRACE, OCI_SECCOMP_LOG, OCI_SECCOMP_KILL_PROCESS, OCI_SECCOMP_KILL_THREAD};

/* For a call that hides behind another one rule, and one condition in it: the library confuses
 * more of them, 020. All rules of a call have one action, as their order means nothing to it.
 */
static size_t make_rules(
	struct source *source, struct oci_seccomp_rule *rules, struct oci_seccomp_arg args[][3])
{
	size_t count = byte(source) % (RULES_MAX_HERE + 1), made = 0;
	uint64_t seen = 0;
	uint8_t shift = byte(source);

	for (size_t i = 0; i < count; i++) {
		uint8_t which = byte(source) % 64;

		bool hides = hides_on_i386(ordinary[which]);

		if (hides && (seen & UINT64_C(1) << which))
			continue;
		seen |= UINT64_C(1) << which;
		rules[made] = (struct oci_seccomp_rule){
			.names = &ordinary[which],
			.n_names = 1,
			.args = args[made],
			.n_args = byte(source) % (hides ? 2u : 4u),
			.action = actions[(which + shift) % 7],
		};
		if (rules[made].action == OCI_SECCOMP_ERRNO && shift % 2)
			rules[made].errno_ret = (struct opt_u32){true, which};
		for (size_t j = 0; j < rules[made].n_args; j++) {
			uint64_t value = number(source);

			args[made][j] = (struct oci_seccomp_arg){byte(source) % 6u,
				1u + byte(source) % 7u, value, value & number(source)};
		}
		made++;
	}
	return made;
}

static uint64_t near(struct source *source, const struct oci_seccomp *seccomp)
{
	uint64_t value = number(source);

	if (!seccomp->n_syscalls)
		return value;

	const struct oci_seccomp_rule *rule =
		&seccomp->syscalls[byte(source) % seccomp->n_syscalls];

	if (rule->n_args)
		value = rule->args[0].value + byte(source) % 3u - 1u;
	return byte(source) % 4 ? value : value ^ UINT64_C(1) << byte(source) % 64;
}

static void must_agree(uint32_t found, uint32_t wanted, const struct oci_seccomp *seccomp,
	const struct call *call)
{
	if (found == wanted)
		return;
	fprintf(stderr, "arch %#x number %#x: found %#x, wanted %#x; default %#x\n", call->arch,
		call->number, found, wanted, seccomp->default_action);
	for (int i = 0; i < 6; i++)
		fprintf(stderr, "  args[%d] %#llx\n", i, (unsigned long long)call->args[i]);
	for (size_t i = 0; i < seccomp->n_syscalls; i++) {
		const struct oci_seccomp_rule *rule = &seccomp->syscalls[i];

		fprintf(stderr, "  %s: %#x", rule->names[0], rule->action);
		for (size_t j = 0; j < rule->n_args; j++)
			fprintf(stderr, ", args[%u] op %u %#llx %#llx", rule->args[j].index,
				rule->args[j].op, (unsigned long long)rule->args[j].value,
				(unsigned long long)rule->args[j].value_two);
		fprintf(stderr, "\n");
	}
	MUST(found == wanted);
}

static void compare(struct source *source, const struct oci_seccomp *seccomp,
	const struct launch_filter *filter, uint32_t arch)
{
	struct numbers numbers = numbers_of(seccomp, arch);

	for (int i = 0; i < CALLS; i++) {
		struct call call = {.arch = arch};
		struct seccomp_data data = {.arch = arch == X32 ? AUDIT_ARCH_X86_64 : arch};
		size_t which = seccomp->n_syscalls ? byte(source) % seccomp->n_syscalls : 0;

		call.number = byte(source) + (byte(source) % 2 ? 256u : 0u);
		if (seccomp->n_syscalls && byte(source) % 4 && numbers.of[which] >= 0)
			call.number = (uint32_t)numbers.of[which];
		if (arch == X32)
			call.number |= 0x40000000;
		if (arch == AUDIT_ARCH_I386 && (call.number == 102 || call.number == 117))
			continue;
		for (int arg = 0; arg < 6; arg++)
			data.args[arg] = narrow(arch, call.args[arg] = near(source, seccomp));
		data.nr = (int)call.number;
		must_agree(interpret(filter, &data), evaluate(seccomp, &numbers, &call),
			seccomp, &call);
	}
	free(numbers.of);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint32_t architectures[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, X32};
	struct source source = {data, size};
	struct oci_seccomp_arg args[RULES_MAX_HERE][3];
	struct oci_seccomp_rule rules[RULES_MAX_HERE];
	struct oci_seccomp seccomp = {
		.default_action = actions[byte(&source) % 7],
		.architectures = architectures,
		.n_architectures = 1 + byte(&source) % 3u,
		.syscalls = rules,
		.n_syscalls = make_rules(&source, rules, args),
	};
	struct launch_filter filter;
	struct error err = {0};
	int result = launch_compile_seccomp(&seccomp, NULL, &filter, &err);

	must_fail_well(result, &err);
	if (result < 0)
		return 0;
	for (size_t i = 0; i < seccomp.n_architectures; i++)
		compare(&source, &seccomp, &filter, architectures[i]);
	free(filter.instructions);
	return 0;
}
