/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device rules as eBPF. The list is first made short: only rules that can decide stay, sorted
 * so that one compare of the major number serves all of its minors. docs/decisions/011.
 */
#include "runtime/cgroup/devices.h"

#include <errno.h>
#include <stdlib.h>

enum { ALL = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE };

/* One pass over the list is quadratic, and a jump has 16 bits. */
enum { RULES_MAX = 4096, INSTRUCTIONS_MAX = 30000 };

/* The rules of one type of device, in the order they are looked at: the last of the list first.
 */
struct section {
	struct step_device_rule *rules;
	size_t count;
	bool otherwise; /* what no rule decides */
};

static bool covers(const struct step_device_rule *wide, const struct step_device_rule *narrow)
{
	return (wide->major == -1 || wide->major == narrow->major) &&
	       (wide->minor == -1 || wide->minor == narrow->minor) &&
	       (narrow->access & ~wide->access) == 0;
}

static bool is_everything(const struct step_device_rule *rule)
{
	return rule->major == -1 && rule->minor == -1 && rule->access == ALL;
}

static void collect(
	struct section *section, const struct step_device_rule *rules, size_t count, char type)
{
	for (size_t i = count; i-- > 0;) {
		struct step_device_rule rule = rules[i];
		bool hidden = false;

		if (rule.type == 'a')
			rule = (struct step_device_rule){rule.allow, type, -1, -1, ALL};
		if (rule.type != type)
			continue;
		if (is_everything(&rule)) {
			section->otherwise = rule.allow;
			return;
		}
		for (size_t k = 0; k < section->count && !hidden; k++)
			hidden = covers(&section->rules[k], &rule);
		if (!hidden)
			section->rules[section->count++] = rule;
	}
}

static int by_device(const void *left, const void *right)
{
	const struct step_device_rule *a = left, *b = right;

	if (a->major != b->major)
		return a->major < b->major ? -1 : 1;
	if (a->minor != b->minor)
		return a->minor < b->minor ? -1 : 1;
	return 0;
}

/* Rules of the same verdict may change places: sort them, join the same device, drop the
 * covered. */
static size_t tidy_run(struct step_device_rule *run, size_t count)
{
	size_t kept = 0;

	qsort(run, count, sizeof(*run), by_device);
	for (size_t i = 0; i < count; i++) {
		if (kept && by_device(&run[kept - 1], &run[i]) == 0)
			run[kept - 1].access |= run[i].access;
		else
			run[kept++] = run[i];
	}
	count = kept;
	kept = 0;
	for (size_t i = 0; i < count; i++) {
		bool covered = false;

		for (size_t k = 0; k < count && !covered; k++)
			covered = k != i && covers(&run[k], &run[i]);
		if (!covered)
			run[kept++] = run[i];
	}
	return kept;
}

static void tidy(struct section *section)
{
	struct step_device_rule *rules = section->rules;
	size_t kept = 0;

	for (size_t start = 0, end; start < section->count; start = end) {
		for (end = start; end < section->count; end++)
			if (rules[end].allow != rules[start].allow)
				break;

		size_t length = tidy_run(rules + start, end - start);

		for (size_t i = 0; i < length; i++)
			rules[kept++] = rules[start + i];
		/* Joined, they may have become everything: nothing after it is ever looked at.
		 */
		if (is_everything(&rules[kept - length])) {
			section->otherwise = rules[kept - length].allow;
			kept -= length;
			break;
		}
	}
	while (kept && rules[kept - 1].allow == section->otherwise)
		kept--;
	section->count = kept;
}

/* ctx is r1; the type in r2, the bits not yet decided in r3, major in r4, minor in r5. */
enum { VERDICT, CONTEXT, TYPE, ACCESS, MAJOR, MINOR };

/* Where a jump goes that is not known yet; no other jump is negative. */
enum { TO_DENY = -1, TO_ALLOW = -2 };

static int emit(struct device_program *program, int code, int to, int from, int offset,
	int64_t constant)
{
	if (program->count == program->room) {
		size_t room = program->room ? program->room * 2 : 64;
		struct bpf_insn *grown;

		if (room > INSTRUCTIONS_MAX * 2)
			return -E2BIG;
		grown = reallocarray(program->instructions, room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		program->instructions = grown;
		program->room = room;
	}
	program->instructions[program->count++] = (struct bpf_insn){
		.code = (uint8_t)code,
		.dst_reg = (uint8_t)to & 0xf,
		.src_reg = (uint8_t)from & 0xf,
		.off = (int16_t)offset,
		.imm = (int32_t)(uint32_t)constant,
	};
	return 0;
}

/* JMP32 looks at 32 bits: a minor above INT_MAX is not sign-extended into another number. */
static int jump(
	struct device_program *program, int condition, int reg, int64_t constant, int where)
{
	return emit(program, BPF_JMP32 | condition | BPF_K, reg, 0, where, constant);
}

static int answer(struct device_program *program, bool allow)
{
	int done = emit(program, BPF_ALU | BPF_MOV | BPF_K, VERDICT, 0, 0, allow);

	return done < 0 ? done : emit(program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* A forward jump gets its target when that is known. */
static void land(struct device_program *program, size_t jump_index)
{
	program->instructions[jump_index].off = (int16_t)(program->count - jump_index - 1);
}

/* What to do when the major is right. */
static int emit_rule(struct device_program *program, const struct step_device_rule *rule)
{
	int where = rule->allow ? TO_ALLOW : TO_DENY;
	size_t skip = program->count;
	int done = 0;

	if (rule->access == ALL && rule->minor == -1)
		return emit(program, BPF_JMP | BPF_JA, 0, 0, where, 0);
	if (rule->access == ALL)
		return jump(program, BPF_JEQ, MINOR, rule->minor, where);
	if (rule->minor != -1)
		done = jump(program, BPF_JNE, MINOR, rule->minor, 0);
	if (done == 0 && rule->allow)
		done = emit(
			program, BPF_ALU | BPF_AND | BPF_K, ACCESS, 0, 0, ALL & ~rule->access);
	if (done == 0)
		done = rule->allow ? jump(program, BPF_JEQ, ACCESS, 0, where)
				   : jump(program, BPF_JSET, ACCESS, rule->access, where);
	if (done == 0 && rule->minor != -1)
		land(program, skip);
	return done;
}

static int emit_section(struct device_program *program, const struct section *section)
{
	const struct step_device_rule *rules = section->rules;
	int done = 0;

	for (size_t start = 0, end; start < section->count && done == 0; start = end) {
		size_t skip = program->count;

		if (rules[start].major != -1)
			done = jump(program, BPF_JNE, MAJOR, rules[start].major, 0);
		for (end = start; end < section->count && done == 0; end++) {
			if (rules[end].major != rules[start].major ||
				rules[end].allow != rules[start].allow)
				break;
			done = emit_rule(program, &rules[end]);
		}
		if (done == 0 && rules[start].major != -1)
			land(program, skip);
	}
	return done < 0 ? done : answer(program, section->otherwise);
}

static int emit_start(struct device_program *program)
{
	const struct {
		int code, to, from, offset, constant;
	} start[] = {
		{BPF_LDX | BPF_MEM | BPF_W, TYPE, CONTEXT,
			offsetof(struct bpf_cgroup_dev_ctx, access_type), 0},
		{BPF_LDX | BPF_MEM | BPF_W, MAJOR, CONTEXT,
			offsetof(struct bpf_cgroup_dev_ctx, major), 0},
		{BPF_LDX | BPF_MEM | BPF_W, MINOR, CONTEXT,
			offsetof(struct bpf_cgroup_dev_ctx, minor), 0},
		{BPF_ALU | BPF_MOV | BPF_X, ACCESS, TYPE, 0, 0},
		{BPF_ALU | BPF_RSH | BPF_K, ACCESS, 0, 0, 16},
		{BPF_ALU | BPF_AND | BPF_K, TYPE, 0, 0, 0xffff},
	};
	int done = 0;

	for (size_t i = 0; i < sizeof(start) / sizeof(*start) && done == 0; i++)
		done = emit(program, start[i].code, start[i].to, start[i].from, start[i].offset,
			start[i].constant);
	return done;
}

/* The two common ends; only those that are used, for the verifier refuses what nobody reaches.
 */
static int emit_ends(struct device_program *program)
{
	size_t body = program->count;

	for (int label = TO_DENY; label >= TO_ALLOW; label--) {
		bool used = false;

		for (size_t i = 0; i < body; i++) {
			struct bpf_insn *insn = &program->instructions[i];

			if (BPF_CLASS(insn->code) != BPF_JMP &&
				BPF_CLASS(insn->code) != BPF_JMP32)
				continue;
			if (insn->off != label)
				continue;
			land(program, i);
			used = true;
		}
		if (!used)
			continue;

		int done = answer(program, label == TO_ALLOW);

		if (done < 0)
			return done;
	}
	return program->count > INSTRUCTIONS_MAX ? -E2BIG : 0;
}

static int emit_program(struct device_program *program, const struct section *chars,
	const struct section *blocks)
{
	int done;

	if (!chars->count && !blocks->count && chars->otherwise == blocks->otherwise)
		return chars->otherwise ? 0 : answer(program, false);
	done = emit_start(program);
	if (done < 0)
		return done;

	size_t to_blocks = program->count;

	done = jump(program, BPF_JEQ, TYPE, BPF_DEVCG_DEV_BLOCK, 0);
	if (done == 0)
		done = emit_section(program, chars);
	if (done < 0)
		return done;
	land(program, to_blocks);
	done = emit_section(program, blocks);
	return done < 0 ? done : emit_ends(program);
}

int device_program_build(
	const struct step_device_rule *rules, size_t count, struct device_program *ret)
{
	struct section chars = {0}, blocks = {0};
	int done = -ENOMEM;

	*ret = (struct device_program){0};
	if (count > RULES_MAX)
		return -E2BIG;
	chars.rules = calloc(count + 1, sizeof(*rules));
	blocks.rules = calloc(count + 1, sizeof(*rules));
	if (chars.rules && blocks.rules) {
		collect(&chars, rules, count, 'c');
		collect(&blocks, rules, count, 'b');
		tidy(&chars);
		tidy(&blocks);
		done = emit_program(ret, &chars, &blocks);
	}
	free(chars.rules);
	free(blocks.rules);
	if (done < 0)
		device_program_free(ret);
	return done;
}

void device_program_free(struct device_program *program)
{
	free(program->instructions);
	*program = (struct device_program){0};
}
