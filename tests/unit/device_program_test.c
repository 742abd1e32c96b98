/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device program says what the list of rules means: a small interpreter of the generated
 * eBPF against the plainest evaluator of a list, for thousands of random lists and every
 * request that could tell them apart. And what the verifier demands: forward jumps, no
 * instruction that nobody reaches.
 */
#include "runtime/cgroup/devices.h"
#include "tests/unit/tap.h"

#include <errno.h>

enum { MKNOD = 1, READ = 2, WRITE = 4, ALL = 7 };

/* At first all is denied; for each bit the last rule that names the device and the bit decides.
 */
static bool judge(const struct step_device_rule *rules, size_t count, char type, uint32_t major,
	uint32_t minor, unsigned int access)
{
	for (unsigned int bit = 1; bit <= 4; bit <<= 1) {
		bool allowed = false;

		for (size_t i = 0; i < count; i++) {
			const struct step_device_rule *rule = &rules[i];

			if (rule->type == 'a' ||
				(rule->type == type && (rule->access & bit) &&
					(rule->major == -1 || rule->major == major) &&
					(rule->minor == -1 || rule->minor == minor)))
				allowed = rule->allow;
		}
		if ((access & bit) && !allowed)
			return false;
	}
	return true;
}

/* -1: the program does what the verifier would refuse. */
static int execute(const struct device_program *program, char type, uint32_t major,
	uint32_t minor, unsigned int access)
{
	uint32_t context[3] = {access << 16 | (type == 'b' ? 1U : 2U), major, minor};
	uint64_t registers[11] = {0};
	bool known[11] = {[1] = true};

	for (size_t at = 0; at < program->count; at++) {
		const struct bpf_insn *insn = &program->instructions[at];
		uint64_t *to = &registers[insn->dst_reg];
		uint32_t left = (uint32_t)*to, right = (uint32_t)insn->imm;
		bool jumps = false;

		if (insn->code == (BPF_LDX | BPF_MEM | BPF_W)) {
			if (insn->src_reg != 1 || insn->off % 4 || insn->off > 8)
				return -1;
			*to = context[insn->off / 4];
			known[insn->dst_reg] = true;
			continue;
		}
		if (insn->code == (BPF_ALU | BPF_MOV | BPF_X)) {
			if (!known[insn->src_reg])
				return -1;
			*to = (uint32_t)registers[insn->src_reg];
			known[insn->dst_reg] = true;
			continue;
		}
		if (insn->code == (BPF_ALU | BPF_MOV | BPF_K)) {
			*to = right;
			known[insn->dst_reg] = true;
			continue;
		}
		if (insn->code == (BPF_JMP | BPF_EXIT))
			return known[0] && registers[0] <= 1 ? (int)registers[0] : -1;
		if (insn->code != (BPF_JMP | BPF_JA) && !known[insn->dst_reg])
			return -1;
		switch (insn->code) {
		case BPF_ALU | BPF_RSH | BPF_K:
			*to = left >> right;
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			*to = left & right;
			continue;
		case BPF_JMP | BPF_JA:
			jumps = true;
			break;
		case BPF_JMP32 | BPF_JEQ | BPF_K:
			jumps = left == right;
			break;
		case BPF_JMP32 | BPF_JNE | BPF_K:
			jumps = left != right;
			break;
		case BPF_JMP32 | BPF_JSET | BPF_K:
			jumps = left & right;
			break;
		default:
			return -1;
		}
		if (insn->off < 0)
			return -1;
		if (jumps)
			at += (size_t)insn->off;
	}
	return -1;
}

/* Every instruction can be reached, and none but the last of a path falls off the end. */
static bool verifies(const struct device_program *program)
{
	bool *reached = calloc(program->count + 1, sizeof(*reached));
	bool good = reached != NULL;

	if (good)
		reached[0] = true;
	for (size_t at = 0; good && at < program->count; at++) {
		const struct bpf_insn *insn = &program->instructions[at];
		int class = BPF_CLASS(insn->code);
		bool jump = class == BPF_JMP || class == BPF_JMP32;
		size_t target = at + 1 + (size_t)insn->off;

		good = reached[at];
		if (insn->code == (BPF_JMP | BPF_EXIT))
			continue;
		if (jump && (insn->off < 0 || target >= program->count))
			good = false;
		else if (jump)
			reached[target] = true;
		if (insn->code != (BPF_JMP | BPF_JA))
			reached[at + 1] = true;
	}
	good = good && !reached[program->count];
	free(reached);
	return good;
}

static const uint32_t numbers[] = {
	0, 1, 2, 3, 5, 200, 4095, 0x7fffffff, 0x80000000, 0xfffffffe};
enum { NUMBERS = sizeof(numbers) / sizeof(*numbers) };

/* Every request over the numbers: does the program agree? */
static bool agrees(const struct step_device_rule *rules, size_t count)
{
	struct device_program program;
	bool good = device_program_build(rules, count, &program) == 0 &&
		    (!program.instructions || verifies(&program));

	for (unsigned int i = 0; good && i < 2 * NUMBERS * NUMBERS * ALL; i++) {
		char type = i % 2 ? 'b' : 'c';
		uint32_t major = numbers[i / 2 % NUMBERS];
		uint32_t minor = numbers[i / 2 / NUMBERS % NUMBERS];
		unsigned int access = 1 + i / 2 / NUMBERS / NUMBERS;
		int wanted = judge(rules, count, type, major, minor, access);
		int found = program.instructions ? execute(&program, type, major, minor, access)
						 : 1;

		if (found != wanted)
			printf("# %c %u:%u access %u: program %d, list %d\n", type, major,
				minor, access, found, wanted);
		good = found == wanted;
	}
	device_program_free(&program);
	return good;
}

static uint32_t state = 20260821;

static uint32_t chance(uint32_t below)
{
	state = state * 1664525U + 1013904223U;
	return (state >> 8) % below;
}

static struct step_device_rule random_rule(void)
{
	struct step_device_rule rule = {.allow = chance(2), .access = 1 + chance(ALL)};

	rule.type = "ccccbba"[chance(chance(4) ? 6 : 7)];
	rule.major = chance(4) ? (int64_t)numbers[chance(NUMBERS)] : -1;
	rule.minor = chance(3) ? (int64_t)numbers[chance(NUMBERS)] : -1;
	if (chance(2))
		rule.access = ALL;
	if (rule.type == 'a')
		rule = (struct step_device_rule){rule.allow, 'a', -1, -1, ALL};
	return rule;
}

static void test_random(void)
{
	enum { LISTS = 3000, LONGEST = 24 };
	struct step_device_rule rules[LONGEST];
	size_t wrong = 0;

	for (size_t list = 0; list < LISTS && wrong == 0; list++) {
		size_t count = chance(LONGEST + 1);

		for (size_t i = 0; i < count; i++)
			rules[i] = random_rule();
		wrong += !agrees(rules, count);
		if (wrong)
			for (size_t i = 0; i < count; i++)
				printf("# %s %c %ld:%ld %u\n",
					rules[i].allow ? "allow" : "deny", rules[i].type,
					(long)rules[i].major, (long)rules[i].minor,
					rules[i].access);
	}
	is_number(wrong, 0, "random lists mean what their programs do");
}

#define DEFAULTS                                                                               \
	{true, 'c', -1, -1, MKNOD}, {true, 'b', -1, -1, MKNOD}, {true, 'c', 1, 3, ALL},        \
		{true, 'c', 1, 5, ALL}, {true, 'c', 1, 7, ALL}, {true, 'c', 1, 8, ALL},        \
		{true, 'c', 1, 9, ALL}, {true, 'c', 5, 0, ALL}, {true, 'c', 5, 1, ALL},        \
		{true, 'c', 5, 2, ALL}, {true, 'c', 136, -1, ALL},                             \
	{                                                                                      \
		true, 'c', 10, 200, ALL                                                        \
	}

static void test_known(void)
{
	static const struct step_device_rule docker[] = {{false, 'a', -1, -1, ALL},
		{true, 'c', 1, 5, ALL}, {true, 'c', 1, 3, ALL}, {true, 'c', 1, 9, ALL},
		{true, 'c', 1, 8, ALL}, {true, 'c', 5, 0, ALL}, {true, 'c', 5, 1, ALL},
		{false, 'c', 10, 229, ALL}, DEFAULTS};
	static const struct step_device_rule plain[] = {{false, 'a', -1, -1, ALL}, DEFAULTS};
	static const struct step_device_rule all[] = {
		{false, 'a', -1, -1, ALL}, {true, 'a', -1, -1, ALL}};
	static const struct step_device_rule nothing[] = {
		{true, 'c', 1, 3, ALL}, {false, 'a', -1, -1, ALL}};
	static const struct step_device_rule all_but[] = {{true, 'a', -1, -1, ALL},
		{false, 'c', 1, 3, WRITE}, {false, 'b', -1, -1, MKNOD}};
	size_t n_docker = sizeof(docker) / sizeof(*docker);
	size_t n_plain = sizeof(plain) / sizeof(*plain);
	struct device_program program;

	is_true(agrees(docker, n_docker), "Docker's list and ours");
	is_true(agrees(plain, n_plain), "runc's default list and ours");
	is_true(agrees(all_but, 3), "everything but some");
	is_true(judge(docker, n_docker, 'c', 1, 3, READ | WRITE), "/dev/null is allowed");
	is_true(!judge(docker, n_docker, 'c', 1, 1, READ), "/dev/mem is not");
	is_true(judge(docker, n_docker, 'c', 1, 1, MKNOD), "but its node may be made");

	device_program_build(docker, n_docker, &program);
	is_true(program.count <= 32, "Docker's program is short: %zu instructions",
		program.count);
	device_program_free(&program);
	device_program_build(all, 2, &program);
	is_true(!program.instructions, "all allowed: no program");
	device_program_free(&program);
	device_program_build(nothing, 2, &program);
	is_number(program.count, 2, "all denied: two instructions");
	device_program_free(&program);
	device_program_build(NULL, 0, &program);
	is_number(program.count, 2, "no rules: all denied");
	device_program_free(&program);
}

static void test_many(void)
{
	enum { MANY = 5000 };
	struct step_device_rule *rules = calloc(MANY, sizeof(*rules));
	struct device_program program;

	for (size_t i = 0; i < MANY; i++)
		rules[i] = (struct step_device_rule){i % 2, 'c', (int64_t)i, (int64_t)i, READ};
	is_number((uint64_t)-device_program_build(rules, MANY, &program), E2BIG,
		"more rules than a program holds");
	is_true(agrees(rules, 4096), "as many as it holds");
	free(rules);
}

int main(void)
{
	test_known();
	test_random();
	test_many();
	return tap_end();
}
