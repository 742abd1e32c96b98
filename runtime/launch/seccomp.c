/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A seccomp profile as instructions for the kernel (config-linux.md, Seccomp). Runs in the
 * runtime before clone(), because libseccomp allocates and asks the kernel questions of its
 * own. The only user of libseccomp.
 */
#include "runtime/launch/launch.h"

#include "runtime/launch/seccomp_cache.h"
#include "runtime/launch/seccomp_rules.h"
#include "runtime/launch/seccomp_stub.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"

#include "commit.h"
#include "config.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ARGS_MAX = 6,
	/* From here on a binary search over the numbers is worth it: docs/decisions/020. */
	OPTIMIZE_FROM = 32,
	/* More rules than 4096 instructions can hold: refused before libseccomp sorts them all.
	 */
	RULES_MAX = 8192,
	/* Grows when what is made of the same profile changes. */
	STUB_VERSION = 3,
};

/* ---- rules ---- */

/* One architecture alone: ARCH instead of this machine's. */
static int choose_architecture(scmp_filter_ctx context, uint32_t arch, struct error *err)
{
	uint32_t native = seccomp_arch_native();
	int done;

	if (arch == native)
		return 0;
	done = seccomp_arch_add(context, arch);
	if (done == 0)
		done = seccomp_arch_remove(context, native);
	if (done == 0)
		return 0;
	return fail(err, 0, "%s cannot be in one filter with this machine's architecture",
		name_of(oci_seccomp_arch_names, arch));
}

/* -1: the call is not there, or hides behind another. */
static int64_t own_number(uint32_t arch, const char *name)
{
	int number = seccomp_syscall_resolve_name_arch(arch, name);

	return number < 0 ? -1 : number;
}

static int add_rule(scmp_filter_ctx context, uint32_t action, int number, const char *name,
	const struct scmp_arg_cmp *args, size_t n_args, struct error *err)
{
	int added = seccomp_rule_add_array(context, action, number, (unsigned int)n_args, args);

	if (added == 0)
		return 0;
	if (added == -EEXIST)
		return seccomp_fail_twice(name, err);
	return fail(err, -added, "add a rule for \"%s\"", name);
}

static int add_syscall(scmp_filter_ctx context, const struct oci_seccomp_rule *rule,
	uint32_t action, const char *name, struct error *err)
{
	int number = seccomp_syscall_resolve_name(name);
	struct scmp_arg_cmp args[ARGS_MAX];

	/* Profiles name calls that are newer than the library: the spec wants them passed over.
	 */
	if (number == __NR_SCMP_ERROR)
		return 0;
	for (size_t i = 0; i < rule->n_args; i++)
		args[i] = (struct scmp_arg_cmp){
			.arg = rule->args[i].index,
			.op = (enum scmp_compare)rule->args[i].op,
			.datum_a = rule->args[i].value,
			.datum_b = rule->args[i].value_two,
		};
	if (!seccomp_index_twice(rule))
		return add_rule(context, action, number, name, args, rule->n_args, err);
	/* The library cannot say "and" of two conditions on one argument; all runtimes say
	 * "or". */
	for (size_t i = 0; i < rule->n_args; i++)
		if (add_rule(context, action, number, name, &args[i], 1, err) < 0)
			return -1;
	return 0;
}

/* Those of CONFUSED that have a number on ARCH are not for the library. Behind socketcall(2)
 * and ipc(2) they have none. */
static bool is_ours(const struct seccomp_confused *confused, uint32_t arch, const char *name)
{
	return confused->count && seccomp_among(confused, name) && own_number(arch, name) >= 0;
}

static int add_rules(scmp_filter_ctx context, const struct oci_seccomp *seccomp,
	const struct seccomp_confused *confused, uint32_t arch, struct error *err)
{
	for (size_t i = 0; i < seccomp->n_syscalls; i++) {
		const struct oci_seccomp_rule *rule = &seccomp->syscalls[i];
		uint32_t action = seccomp_answer(rule->action, rule->errno_ret);

		/* The library refuses what says nothing new. */
		if (action == seccomp_default(seccomp))
			continue;
		for (size_t j = 0; j < rule->n_names; j++)
			if (!is_ours(confused, arch, rule->names[j]) &&
				add_syscall(context, rule, action, rule->names[j], err) < 0)
				return fail_in(err, "syscalls[%zu]", i);
	}
	return 0;
}

static size_t count_rules(const struct oci_seccomp *seccomp)
{
	size_t count = 0;

	for (size_t i = 0; i < seccomp->n_syscalls; i++) {
		const struct oci_seccomp_rule *rule = &seccomp->syscalls[i];

		count += rule->n_names * (seccomp_index_twice(rule) ? rule->n_args : 1);
	}
	return count;
}

/* What oci/ cannot know: the rules that the library, the kernel or the handshake cannot bear.
 */
static int check(const struct oci_seccomp *seccomp, struct error *err)
{
	/* Between the load and the agent these two carry the listener: nobody would answer yet.
	 */
	static const char *const carriers[] = {"sendmsg", "recvmsg"};
	size_t rules = count_rules(seccomp);

	if (rules > RULES_MAX)
		return fail(err, 0, "%zu rules are more than a filter of %d instructions holds",
			rules, BPF_MAXINSNS);
	for (size_t i = 0; i < seccomp->n_syscalls; i++) {
		const struct oci_seccomp_rule *rule = &seccomp->syscalls[i];

		if (rule->n_args > ARGS_MAX)
			return fail(
				err, 0, "%zu args are more than %d", rule->n_args, ARGS_MAX);
		if (rule->action != OCI_SECCOMP_NOTIFY)
			continue;
		for (size_t j = 0; j < rule->n_names * 2; j++)
			if (strcmp(rule->names[j / 2], carriers[j % 2]) == 0)
				return fail(err, 0,
					"SCMP_ACT_NOTIFY cannot be used for the %s syscall, "
					"which hands over the listener",
					carriers[j % 2]);
	}
	return 0;
}

/* ---- the stub ---- */

/* TRACE is for a tracer, which can answer ENOSYS itself. */
static bool default_denies(const struct oci_seccomp *seccomp)
{
	switch (seccomp->default_action) {
	case OCI_SECCOMP_ALLOW:
	case OCI_SECCOMP_LOG:
	case OCI_SECCOMP_TRACE:
		return false;
	default:
		return seccomp_default(seccomp) != (OCI_SECCOMP_ERRNO | ENOSYS);
	}
}

static int64_t number_on(uint32_t arch, const char *name)
{
	/*
	 * socketcall(2) and ipc(2) members have numbers below zero in the library, which also
	 * lets their direct calls through; those were added together, up to 402 (msgctl),
	 * everywhere.
	 */
	enum { MULTIPLEXED_FIRST = -299, MULTIPLEXED_LAST = -100, DIRECT_LAST = 402 };
	int number = seccomp_syscall_resolve_name_arch(arch, name);

	if (arch == SCMP_ARCH_X32)
		return (uint32_t)number < 0x80000000u ? number : -1;
	if (number >= MULTIPLEXED_FIRST && number <= MULTIPLEXED_LAST)
		return DIRECT_LAST;
	return number < 0 ? -1 : number;
}

static struct seccomp_newest find_newest(const struct oci_seccomp *seccomp, uint32_t arch)
{
	struct seccomp_newest newest = {.arch = arch, .largest = -1};

	for (size_t i = 0; i < seccomp->n_syscalls; i++) {
		const struct oci_seccomp_rule *rule = &seccomp->syscalls[i];

		for (size_t j = 0; j < rule->n_names; j++) {
			int64_t number = number_on(arch, rule->names[j]);

			if (number > newest.largest)
				newest.largest = number;
		}
	}
	return newest;
}

static size_t make_stub(const struct oci_seccomp *seccomp,
	const struct seccomp_program *programs, size_t count,
	struct sock_filter stub[SECCOMP_STUB_MAX])
{
	struct seccomp_newest newest[SECCOMP_ARCHES_MAX];

	if (!default_denies(seccomp))
		return 0;
	for (size_t i = 0; i < count; i++)
		newest[i] = find_newest(seccomp, programs[i].arch);
	return seccomp_stub(newest, count, stub);
}

/* ---- the programs ---- */

struct own_code {
	struct sock_filter *at;
	size_t count;
};

static int write_own(const struct oci_seccomp *seccomp, const struct seccomp_confused *confused,
	uint32_t arch, struct own_code *ret, struct error *err)
{
	if (!confused->count)
		return 0;
	ret->at = calloc(seccomp_rules_room(seccomp), sizeof(*ret->at));
	if (!ret->at)
		return fail(err, ENOMEM, "keep the filter");
	for (size_t i = 0; i < confused->count; i++)
		if (is_ours(confused, arch, confused->names[i]))
			ret->count += seccomp_put_rules(seccomp, confused->names[i], arch,
				(uint32_t)own_number(arch, confused->names[i]),
				ret->at + ret->count);
	return 0;
}

/* Up to libseccomp 2.6 the instructions come out of a descriptor only. */
static int export(scmp_filter_ctx context, const struct own_code *own,
	struct seccomp_program *ret, struct error *err)
{
	int AUTO_FD fd = sys_memfd_create("seccomp", 0);
	struct stat status;

	if (fd < 0)
		return fail(err, -fd, "make a file in memory");

	int exported = seccomp_export_bpf(context, fd);

	if (exported < 0)
		return fail(err, -exported, "make a filter of the rules");
	if (fstat(fd, &status) < 0)
		return fail(err, errno, "read the filter");

	size_t size = (size_t)status.st_size;

	ret->instructions = calloc(1, own->count * sizeof(*own->at) + size);
	if (!ret->instructions)
		return fail(err, ENOMEM, "keep the filter");
	if (own->count)
		memcpy(ret->instructions, own->at, own->count * sizeof(*own->at));
	if (pread(fd, ret->instructions + own->count, size, 0) != (ssize_t)size)
		return fail(err, EIO, "read the filter");
	ret->count = own->count + size / sizeof(*own->at);
	return 0;
}

static int build(scmp_filter_ctx context, const struct oci_seccomp *seccomp,
	const struct seccomp_confused *confused, struct seccomp_program *ret, struct error *err)
{
	struct own_code own = {0};

	/* no_new_privs is a step of its own in the plan, never a side effect. */
	int set = seccomp_attr_set(context, SCMP_FLTATR_CTL_NNP, 0);

	if (set == 0 && count_rules(seccomp) > OPTIMIZE_FROM)
		set = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (set < 0)
		return fail(err, -set, "set up libseccomp");
	if (add_rules(context, seccomp, confused, ret->arch, err) < 0)
		return -1;

	int result = write_own(seccomp, confused, ret->arch, &own, err);

	if (result == 0)
		result = export(context, &own, ret, err);
	free(own.at);
	return result;
}

/* PLACE: of the architecture in the profile, for the error. */
static int compile_one(const struct oci_seccomp *seccomp,
	const struct seccomp_confused *confused, size_t place, struct seccomp_program *ret,
	struct error *err)
{
	scmp_filter_ctx context = seccomp_init(seccomp_default(seccomp));

	if (!context)
		return fail(err, 0,
			"libseccomp or this kernel does not know the defaultAction %s",
			name_of(oci_seccomp_action_names, seccomp->default_action));

	int built = choose_architecture(context, ret->arch, err);

	if (built < 0)
		(void)fail_in(err, "architectures[%zu]", place);
	else
		built = build(context, seccomp, confused, ret, err);
	seccomp_release(context);
	return built;
}

static int join(const struct oci_seccomp *seccomp, const struct seccomp_program *programs,
	size_t count, struct launch_filter *ret, struct error *err)
{
	struct sock_filter front[SECCOMP_STUB_MAX + SECCOMP_DISPATCH_MAX];
	size_t n_front = make_stub(seccomp, programs, count, front), total;

	n_front += seccomp_dispatch(programs, count, front + n_front);
	total = n_front;
	for (size_t i = 0; i < count; i++)
		total += programs[i].count;
	if (total > BPF_MAXINSNS)
		return fail(err, 0, "the filter has %zu instructions, the kernel takes %d",
			total, BPF_MAXINSNS);
	ret->instructions = calloc(total, sizeof(*ret->instructions));
	if (!ret->instructions)
		return fail(err, ENOMEM, "keep the filter");
	memcpy(ret->instructions, front, n_front * sizeof(*front));
	for (size_t i = 0, at = n_front; i < count; at += programs[i++].count)
		memcpy(ret->instructions + at, programs[i].instructions,
			programs[i].count * sizeof(*front));
	ret->count = (unsigned short)total;
	return 0;
}

/*
 * Each architecture is a program of its own. Together in one, the library loses rules with
 * conditions for a call that one of the architectures has not: docs/decisions/020.
 */
static int compile_all(const struct oci_seccomp *seccomp,
	const struct seccomp_confused *confused, struct launch_filter *ret, struct error *err)
{
	struct seccomp_program programs[SECCOMP_ARCHES_MAX] = {{.arch = seccomp_arch_native()}};
	size_t count = 1;
	int result = compile_one(seccomp, confused, 0, &programs[0], err);

	for (size_t i = 0; result == 0 && i < seccomp->n_architectures; i++) {
		size_t known = 0;

		while (known < count && programs[known].arch != seccomp->architectures[i])
			known++;
		if (known < count || count == SECCOMP_ARCHES_MAX)
			continue;
		programs[count].arch = seccomp->architectures[i];
		result = compile_one(seccomp, confused, i, &programs[count++], err);
	}
	if (result == 0)
		result = join(seccomp, programs, count, ret, err);
	for (size_t i = 0; i < count; i++)
		free(programs[i].instructions);
	return result;
}

static int compile(
	const struct oci_seccomp *seccomp, struct launch_filter *ret, struct error *err)
{
	size_t names = 0;

	for (size_t i = 0; i < seccomp->n_syscalls; i++)
		names += seccomp->syscalls[i].n_names;

	struct seccomp_confused confused = {.names = calloc(names + 1, sizeof(char *))};

	if (!confused.names)
		return fail(err, ENOMEM, "look at the rules");

	int result = seccomp_find_confused(seccomp, &confused, err);

	if (result == 0)
		result = compile_all(seccomp, &confused, ret, err);
	free(confused.names);
	return result;
}

/* ---- all of it ---- */

int launch_compile_seccomp(const struct oci_seccomp *seccomp, const char *cache,
	struct launch_filter *ret, struct error *err)
{
	const struct scmp_version *version = seccomp_version();
	struct launch_filter filter = {0};
	struct seccomp_key key;
	char compiler[128];

	if (check(seccomp, err) < 0 || seccomp_choose_flags(seccomp, &filter.flags, err) < 0)
		return -1;
	snprintf(compiler, sizeof(compiler),
		"libseccomp %u.%u.%u, mayfly %s %s, stub %d, native %#x", version->major,
		version->minor, version->micro, PACKAGE_VERSION, MAYFLY_COMMIT, STUB_VERSION,
		seccomp_arch_native());
	if (seccomp_key_make(seccomp, compiler, &key) < 0)
		return fail(err, ENOMEM, "remember the profile");

	bool found = cache && seccomp_cache_load(cache, &key, &filter);
	int result = found ? 0 : compile(seccomp, &filter, err);

	if (result == 0 && !found && cache)
		seccomp_cache_save(cache, &key, &filter);
	free(key.bytes);
	if (result == 0)
		*ret = filter;
	return result;
}

char *launch_syscall_name(uint32_t arch, int nr)
{
	/* x32 shares the word of x86-64, and marks the number. */
	return seccomp_syscall_resolve_num_arch(arch, nr);
}

const char *launch_seccomp_version(void)
{
	static char text[32];
	const struct scmp_version *version = seccomp_version();

	snprintf(
		text, sizeof(text), "%u.%u.%u", version->major, version->minor, version->micro);
	return text;
}

/* Unknown on this machine, that is: a number of another architecture is a known name. */
int launch_unknown_calls(const struct oci_seccomp *seccomp, struct arena *arena,
	const char **ret, struct error *err)
{
	const char *list = NULL;

	for (size_t i = 0; i < seccomp->n_syscalls; i++) {
		const struct oci_seccomp_rule *rule = &seccomp->syscalls[i];

		for (size_t j = 0; j < rule->n_names; j++) {
			if (seccomp_syscall_resolve_name(rule->names[j]) != __NR_SCMP_ERROR)
				continue;
			list = list ? arena_format(arena, "%s, %.64s", list, rule->names[j])
				    : arena_format(arena, "%.64s", rule->names[j]);
			if (!list)
				return fail(err, ENOMEM, "list system calls");
			if (strlen(list) > 2048) {
				*ret = arena_format(arena, "%s ...", list);
				return *ret ? 0 : fail(err, ENOMEM, "list system calls");
			}
		}
	}
	*ret = list;
	return 0;
}
