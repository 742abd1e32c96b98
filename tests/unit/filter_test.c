/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled filters against the profile's own words: a small interpreter of classic BPF and a
 * plain evaluator of the OCI profile must answer the same, for every number of three
 * architectures.
 */
#include "tests/unit/filter_machine.h"
#include "tests/unit/tap.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- comparing ---- */

static uint64_t random_state = 88172645463325252u;

static uint64_t random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Near the values of the rules, where mistakes live. */
static uint64_t interesting(const struct oci_seccomp *seccomp)
{
	const struct oci_seccomp_rule *rule =
		&seccomp->syscalls[random_number() % seccomp->n_syscalls];
	uint64_t value = random_number() % 4;

	if (rule->n_args) {
		const struct oci_seccomp_arg *arg = &rule->args[random_number() % rule->n_args];

		value = random_number() % 2 ? arg->value : arg->value_two;
		value += random_number() % 3 - 1;
	}
	switch (random_number() % 6) {
	case 0:
		return random_number();
	case 1:
		return value | random_number() << 32;
	case 2:
		return value ^ 1ull << random_number() % 64;
	default:
		return value;
	}
}

static bool same_answer(const struct oci_seccomp *seccomp, const struct launch_filter *filter,
	const struct numbers *numbers, const struct call *call)
{
	struct seccomp_data data = {
		.nr = (int)call->number,
		.arch = call->arch == X32 ? AUDIT_ARCH_X86_64 : call->arch,
	};

	for (int i = 0; i < 6; i++)
		data.args[i] = narrow(call->arch, call->args[i]);

	uint32_t found = interpret(filter, &data), wanted = evaluate(seccomp, numbers, call);

	if (found != wanted)
		printf("# arch %#x number %#x args %#" PRIx64 " %#" PRIx64 " %#" PRIx64
		       ": found %#x, wanted %#x\n",
			call->arch, call->number, call->args[0], call->args[1], call->args[2],
			found, wanted);
	return found == wanted;
}

/* i386 asks socketcall(2) and ipc(2) by their first argument: looked at apart. */
static bool is_multiplexed(const struct call *call)
{
	return call->arch == AUDIT_ARCH_I386 && (call->number == 102 || call->number == 117);
}

static unsigned int differences(const struct oci_seccomp *seccomp,
	const struct launch_filter *filter, uint32_t arch, unsigned int *tried)
{
	struct numbers numbers = numbers_of(seccomp, arch);
	struct call call = {.arch = arch};
	unsigned int different = 0;

	for (uint32_t i = 0; i <= 600 && different < 5; i++) {
		call.number = (arch == X32 ? 0x40000000 : 0) + i;
		if (is_multiplexed(&call))
			continue;
		for (int sample = 0; sample < 12; sample++) {
			for (int arg = 0; arg < 6; arg++)
				call.args[arg] = interesting(seccomp);
			different += !same_answer(seccomp, filter, &numbers, &call);
			(*tried)++;
		}
	}
	call.number = arch == X32 ? 0x7fffffff : 0x3fffffff;
	different += !same_answer(seccomp, filter, &numbers, &call);
	free(numbers.of);
	return different;
}

static unsigned int all_differences(
	const struct oci_seccomp *seccomp, const struct launch_filter *filter)
{
	unsigned int tried = 0, different = 0;

	for (size_t i = 0; i < seccomp->n_architectures; i++)
		different += differences(seccomp, filter, seccomp->architectures[i], &tried);
	printf("# %u calls compared, %u instructions\n", tried, filter->count);
	return different;
}

static void compare(const struct oci_seccomp *seccomp, const char *name)
{
	struct launch_filter filter;
	struct error err;

	if (!is_result(launch_compile_seccomp(seccomp, NULL, &filter, &err), &err, NULL, name))
		return;
	is_number(all_differences(seccomp, &filter), 0, "and answers as its words say");
	free(filter.instructions);
}

static uint32_t answer(
	const struct launch_filter *filter, uint32_t arch, uint32_t number, uint64_t first)
{
	struct seccomp_data data = {.nr = (int)number, .arch = arch, .args = {first}};

	return interpret(filter, &data);
}

/* ---- profiles ---- */

static void check_default(void)
{
	struct launch_filter filter;
	struct error err;

	compare(&default_profile, "a profile like Docker's compiles");
	if (launch_compile_seccomp(&default_profile, NULL, &filter, &err) < 0)
		return;
	is_number(answer(&filter, AUDIT_ARCH_AARCH64, 1, 0), SECCOMP_RET_KILL_THREAD,
		"an architecture that it does not name is killed");
	is_number(answer(&filter, AUDIT_ARCH_X86_64, 435, 0), SECCOMP_RET_ERRNO | ENOSYS,
		"errnoRet of a rule: clone3");
	is_number(answer(&filter, AUDIT_ARCH_I386, 102, 1), SECCOMP_RET_ALLOW, "socketcall");
	is_number(answer(&filter, AUDIT_ARCH_X86_64, 0xffffffff, 0), SECCOMP_RET_ERRNO | ENOSYS,
		"number -1 is what the kernel says of it: ENOSYS");
	free(filter.instructions);
}

static void check_native_only(void)
{
	struct oci_seccomp seccomp = default_profile;
	struct launch_filter filter;
	struct error err;

	seccomp.n_architectures = 1;
	compare(&seccomp, "one architecture");
	seccomp.n_architectures = 0;
	is_result(launch_compile_seccomp(&seccomp, NULL, &filter, &err), &err, NULL,
		"no architectures: the native one");
	is_number(answer(&filter, AUDIT_ARCH_X86_64, 0, 0), SECCOMP_RET_ALLOW, "is there");
	is_number(answer(&filter, AUDIT_ARCH_I386, 3, 0), SECCOMP_RET_KILL_THREAD,
		"int 0x80 is killed (K4)");
	is_number(answer(&filter, AUDIT_ARCH_X86_64, 0x40000000, 0), SECCOMP_RET_KILL_THREAD,
		"x32 is killed (K4)");
	is_number(answer(&filter, AUDIT_ARCH_X86_64, 0x40000000 + 600, 0),
		SECCOMP_RET_KILL_THREAD, "its unheard-of calls, too");
	free(filter.instructions);
}

static void check_stub(void)
{
	static const char *names[] = {"read", "execve", "socket"};
	struct oci_seccomp_rule rules[] = {RULE(names, OCI_SECCOMP_ALLOW)};
	struct oci_seccomp seccomp = {
		.default_action = OCI_SECCOMP_KILL_PROCESS,
		.architectures = amd64,
		.n_architectures = 3,
		.syscalls = rules,
		.n_syscalls = 1,
	};
	struct launch_filter filter;
	struct error err;

	is_result(launch_compile_seccomp(&seccomp, NULL, &filter, &err), &err, NULL,
		"a short profile");
	is_number(answer(&filter, AUDIT_ARCH_X86_64, 60, 0), SECCOMP_RET_ERRNO | ENOSYS,
		"above the largest number it names, a call does not exist");
	is_number(answer(&filter, AUDIT_ARCH_X86_64, 58, 0), SECCOMP_RET_KILL_PROCESS,
		"below, the default holds");
	is_number(answer(&filter, AUDIT_ARCH_I386, 359, 0), SECCOMP_RET_ALLOW,
		"socket(2) of i386 is above execve, and allowed");
	is_number(answer(&filter, AUDIT_ARCH_X86_64, 0x40000000 + 520, 0), SECCOMP_RET_ALLOW,
		"execve of x32");
	is_number(answer(&filter, AUDIT_ARCH_X86_64, 0x40000000 + 521, 0),
		SECCOMP_RET_ERRNO | ENOSYS, "above it in x32");
	free(filter.instructions);
	seccomp.default_action = OCI_SECCOMP_LOG;
	rules[0].action = OCI_SECCOMP_ERRNO;
	compare(&seccomp, "a default that lets through has no stub");
	seccomp.default_action = OCI_SECCOMP_TRACE;
	compare(&seccomp, "nor one that asks a tracer");
	seccomp.n_syscalls = 0;
	seccomp.default_action = OCI_SECCOMP_ERRNO;
	is_result(launch_compile_seccomp(&seccomp, NULL, &filter, &err), &err, NULL,
		"no rules at all");
	is_number(answer(&filter, AUDIT_ARCH_X86_64, 400, 0), SECCOMP_RET_ERRNO | EPERM,
		"know nothing of numbers");
	free(filter.instructions);
}

static void check_rules(void)
{
	static const char *names[] = {"read", "no_such_call_yet", "write"};
	static const char *read_name[] = {"read"};
	struct oci_seccomp_arg between[] = {
		{1, OCI_SECCOMP_LT, 10, 0}, {1, OCI_SECCOMP_GT, 20, 0}};
	struct oci_seccomp_arg masked[] = {
		{2, OCI_SECCOMP_MASKED_EQ, 0xf0, 0x30}, {0, OCI_SECCOMP_GE, 1ull << 33, 0}};
	struct oci_seccomp_rule rules[] = {
		RULE(names, OCI_SECCOMP_ERRNO, .errno_ret = {true, 7}, ARGS(between)),
		RULE(read_name, OCI_SECCOMP_ALLOW),
		RULE(read_name, OCI_SECCOMP_ALLOW),
	};
	struct oci_seccomp seccomp = {
		.default_action = OCI_SECCOMP_ALLOW,
		.architectures = amd64,
		.n_architectures = 3,
		.syscalls = rules,
		.n_syscalls = 3,
	};
	struct launch_filter filter;
	struct error err;

	compare(&seccomp,
		"two conditions on one argument, an unknown name, a rule like the default");
	is_result(launch_compile_seccomp(&seccomp, NULL, &filter, &err), &err, NULL, "again");
	is_number(answer(&filter, AUDIT_ARCH_X86_64, 0, 0), SECCOMP_RET_ERRNO | 7, "or");
	free(filter.instructions);
	rules[0].args = masked;
	compare(&seccomp,
		"MASKED_EQ takes the mask first, and conditions on two arguments are and");

	rules[1].action = OCI_SECCOMP_TRAP;
	rules[1].args = masked;
	rules[1].n_args = 2;
	is_result(launch_compile_seccomp(&seccomp, NULL, &filter, &err), &err,
		"syscalls[1]: \"read\" has another action for the same arguments before",
		"a contradiction is an error that names the rule");
}

/*
 * Any names, any conditions. One action for all conditions of one call, as their order means
 * nothing to libseccomp; and only one rule with two conditions for a call that hides behind
 * another, because libseccomp 2.5 confuses several of those (docs/decisions/020).
 */
static void check_random(void)
{
	enum { RULES = 24, PROFILES = 40 };
	static const uint32_t actions[] = {OCI_SECCOMP_ALLOW, OCI_SECCOMP_ERRNO,
		OCI_SECCOMP_TRAP, OCI_SECCOMP_TRACE, OCI_SECCOMP_LOG, OCI_SECCOMP_KILL_PROCESS,
		OCI_SECCOMP_KILL_THREAD};
	struct oci_seccomp_arg args[RULES][3];
	struct oci_seccomp_rule rules[RULES];
	struct error err;
	unsigned int wrong = 0, compiled = 0;

	for (int round = 0; round < PROFILES; round++) {
		struct oci_seccomp seccomp = {
			.default_action = actions[random_number() % 7],
			.architectures = amd64,
			.n_architectures = 1 + random_number() % 3,
			.syscalls = rules,
			.n_syscalls = RULES,
		};
		struct launch_filter filter;

		uint64_t has_two = 0;

		for (size_t i = 0; i < RULES; i++) {
			const char **name = &ordinary[random_number() % 64];

			while (has_two & UINT64_C(1) << (name - ordinary))
				name = &ordinary[random_number() % 64];
			if ((name - ordinary) % 3 == 2 && hides_on_i386(*name))
				has_two |= UINT64_C(1) << (name - ordinary);

			rules[i] = (struct oci_seccomp_rule){.names = name,
				.n_names = 1,
				.args = args[i],
				.n_args = (size_t)(name - ordinary) % 3};
			if (!hides_on_i386(*name) && rules[i].n_args)
				rules[i].n_args = 1 + random_number() % 3;
			rules[i].action = actions[(size_t)(name - ordinary + round) % 7];
			if (rules[i].action == OCI_SECCOMP_ERRNO)
				rules[i].errno_ret =
					(struct opt_u32){true, (uint32_t)(name - ordinary)};
			for (size_t j = 0; j < rules[i].n_args; j++) {
				uint64_t value = random_number() % 2 ? random_number()
								     : random_number() % 8;

				args[i][j] = (struct oci_seccomp_arg){
					(uint32_t)(random_number() % 6),
					1 + (uint32_t)(random_number() % 7), value,
					value & random_number()};
			}
		}
		if (launch_compile_seccomp(&seccomp, NULL, &filter, &err) < 0) {
			printf("# %s: %s\n", err.where, err.what);
			continue;
		}
		compiled++;
		wrong += all_differences(&seccomp, &filter);
		free(filter.instructions);
	}
	is_true(compiled > PROFILES / 2, "%u of %d random profiles compile", compiled,
		PROFILES);
	is_number(wrong, 0, "and answer as their words say");
}

/*
 * Calls that one of the architectures has not, or has behind socketcall(2), beside rules with
 * conditions, with and without the binary search: what the library loses when it makes one
 * program of all (docs/decisions/020).
 */
static void check_lost(void)
{
	enum { FEW = 6, MANY = 46 };
	static const char *names[FEW] = {"clock_nanosleep_time64", "epoll_wait_old",
		"getsockopt", "kill", "ioctl", "prctl"};
	static const size_t sizes[] = {FEW, MANY};
	static const uint32_t defaults[] = {OCI_SECCOMP_ALLOW, OCI_SECCOMP_ERRNO};
	struct oci_seccomp_arg seven[] = {{1, OCI_SECCOMP_EQ, 7, 0}};
	struct oci_seccomp_arg above[] = {{0, OCI_SECCOMP_GT, 1, 0}};
	struct oci_seccomp_rule rules[MANY];
	struct oci_seccomp seccomp = {
		.architectures = amd64, .n_architectures = 3, .syscalls = rules};

	for (size_t i = 0; i < MANY; i++) {
		rules[i] = (struct oci_seccomp_rule){
			.names = i < FEW ? &names[i] : &ordinary[i - FEW],
			.n_names = 1,
			.action = OCI_SECCOMP_TRAP,
			.args = i % 2 ? seven : above,
			.n_args = i < FEW,
		};
	}
	for (size_t i = 0; i < 4; i++) {
		seccomp.default_action = defaults[i / 2];
		seccomp.n_syscalls = sizes[i % 2];
		compare(&seccomp, "no rule is lost for what another architecture has not");
		rules[0].n_args = 0;
		compare(&seccomp, "nor beside one without conditions");
		rules[0].n_args = 1;
	}
}

/* The example of docs/decisions/020, and what Podman's default profile says of socket(2). */
static void check_confused(void)
{
	static const char *kill_name[] = {"kill"}, *socket_name[] = {"socket"};
	struct oci_seccomp_arg small[] = {{0, OCI_SECCOMP_LE, 3, 0}, {1, OCI_SECCOMP_LE, 1, 0}};
	struct oci_seccomp_arg large[] = {{0, OCI_SECCOMP_GE, 1ull << 32, 0}};
	struct oci_seccomp_arg audit[] = {
		{0, OCI_SECCOMP_EQ, 16, 0}, {2, OCI_SECCOMP_EQ, 9, 0}};
	struct oci_seccomp_arg other_protocol[] = {{2, OCI_SECCOMP_NE, 9, 0}};
	struct oci_seccomp_arg other_family[] = {{0, OCI_SECCOMP_NE, 16, 0}};
	struct oci_seccomp_rule rules[] = {
		RULE(kill_name, OCI_SECCOMP_ERRNO, ARGS(large)),
		RULE(kill_name, OCI_SECCOMP_ERRNO, ARGS(small)),
		RULE(socket_name, OCI_SECCOMP_ERRNO, .errno_ret = {true, EINVAL}, ARGS(audit)),
		RULE(socket_name, OCI_SECCOMP_ALLOW, ARGS(other_protocol)),
		RULE(socket_name, OCI_SECCOMP_ALLOW, ARGS(other_family)),
	};
	struct oci_seccomp seccomp = {
		.default_action = OCI_SECCOMP_ALLOW,
		.architectures = amd64,
		.n_architectures = 3,
		.syscalls = rules,
		.n_syscalls = 2,
	};
	struct launch_filter filter;
	struct error err;

	compare(&seccomp, "several rules for one call, one with two conditions");
	seccomp.syscalls += 2;
	seccomp.n_syscalls = 3;
	seccomp.default_action = OCI_SECCOMP_ERRNO;
	seccomp.default_errno_ret = (struct opt_u32){true, ENOSYS};
	seccomp.n_architectures = 1;
	compare(&seccomp, "also with different actions, that exclude each other");
	rules[4].args = audit;
	rules[4].n_args = 2;
	is_result(launch_compile_seccomp(&seccomp, NULL, &filter, &err), &err,
		"syscalls[2]: \"socket\" has another action for the same arguments before",
		"and a contradiction is an error here, too");
}

static void check_refused(void)
{
	static const char *sendmsg_name[] = {"sendmsg"};
	static const char *ioctl_name[] = {"ioctl"};
	enum { MANY = 100000 };
	struct oci_seccomp_rule *many = calloc(MANY, sizeof(*many));
	struct oci_seccomp_arg *args = calloc(MANY, sizeof(*args));
	struct oci_seccomp_rule notify[] = {RULE(sendmsg_name, OCI_SECCOMP_NOTIFY)};
	struct oci_seccomp seccomp = {.default_action = OCI_SECCOMP_ALLOW,
		.syscalls = notify,
		.n_syscalls = 1,
		.listener_path = "/x"};
	uint32_t flags[] = {1u << 30};
	struct launch_filter filter;
	struct error err;

	is_result(launch_compile_seccomp(&seccomp, NULL, &filter, &err), &err,
		"SCMP_ACT_NOTIFY cannot be used for the sendmsg syscall, which hands over the "
		"listener",
		"NOTIFY on what carries the listener");
	for (size_t i = 0; i < MANY; i++) {
		args[i] = (struct oci_seccomp_arg){1, OCI_SECCOMP_EQ, i * 7919, 0};
		many[i] = (struct oci_seccomp_rule){.names = ioctl_name,
			.n_names = 1,
			.action = OCI_SECCOMP_TRAP,
			.args = &args[i],
			.n_args = 1};
	}
	seccomp.syscalls = many;
	seccomp.n_syscalls = MANY;
	is_result(launch_compile_seccomp(&seccomp, NULL, &filter, &err), &err,
		"100000 rules are more than a filter of 4096 instructions holds",
		"too many rules (K7)");
	seccomp.n_syscalls = 5000;
	is_result(launch_compile_seccomp(&seccomp, NULL, &filter, &err), &err,
		"~the kernel takes 4096", "too many instructions");
	seccomp.n_syscalls = 1;
	seccomp.flags = flags;
	seccomp.n_flags = 1;
	is_result(launch_compile_seccomp(&seccomp, NULL, &filter, &err), &err,
		"~flags: this kernel does not take all of the flags",
		"a flag the kernel does not know");
	free(many);
	free(args);
}

static void check_flags(void)
{
	static const char *mkdir_name[] = {"mkdir"};
	struct oci_seccomp_rule notify[] = {RULE(mkdir_name, OCI_SECCOMP_NOTIFY)};
	struct oci_seccomp seccomp = default_profile;
	uint32_t flags[] = {SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_LOG};
	struct launch_filter filter;
	struct error err;

	launch_compile_seccomp(&seccomp, NULL, &filter, &err);
	is_number(filter.flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
		"no flags: speculation is allowed");
	free(filter.instructions);
	seccomp.flags = flags;
	launch_compile_seccomp(&seccomp, NULL, &filter, &err);
	is_number(filter.flags, 0, "an empty list: none");
	free(filter.instructions);
	seccomp.n_flags = 2;
	launch_compile_seccomp(&seccomp, NULL, &filter, &err);
	is_number(filter.flags, SECCOMP_FILTER_FLAG_LOG, "TSYNC has no meaning for one thread");
	free(filter.instructions);
	seccomp.n_flags = 0;
	seccomp.syscalls = notify;
	seccomp.n_syscalls = 1;
	launch_compile_seccomp(&seccomp, NULL, &filter, &err);
	is_number(filter.flags, SECCOMP_FILTER_FLAG_NEW_LISTENER, "NOTIFY asks for a listener");
	is_true((launch_seccomp_flags() & 7) == 7, "this kernel takes the three old flags");
	is_true(launch_seccomp_version()[0] == '2', "the library has a version: %s",
		launch_seccomp_version());
	free(filter.instructions);
}

/* ---- for real ---- */

static int wait_status_under(const struct oci_seccomp *seccomp, int (*function)(void))
{
	struct launch_filter filter;
	struct error err;
	int status = -1;

	if (launch_compile_seccomp(seccomp, NULL, &filter, &err) < 0)
		return -1;
	fflush(stdout);

	pid_t pid = fork();

	if (pid == 0) {
		struct sock_fprog program = {filter.count, filter.instructions};

		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter.flags, &program) < 0)
			_exit(99);
		_exit(function());
	}
	waitpid(pid, &status, 0);
	free(filter.instructions);
	return status;
}

static int try_calls(void)
{
	if (syscall(SYS_getpid) <= 0)
		return 1;
	if (syscall(SYS_sethostname, "x", 1) >= 0 || errno != EPERM)
		return 2;
	if (syscall(SYS_clone3, NULL, 0) >= 0 || errno != ENOSYS)
		return 3;
	if (syscall(900) >= 0 || errno != ENOSYS)
		return 4;
	if (syscall(SYS_personality, 0xffffffff) < 0)
		return 5;
	if (syscall(SYS_personality, 0x0004) >= 0 || errno != EPERM)
		return 6;
	if (syscall(SYS_clone, 0x10000000, NULL, NULL, NULL, NULL) >= 0 || errno != EPERM)
		return 7;
	if (syscall(SYS_socket, 40, 1, 0) >= 0 || errno != EPERM)
		return 8;
	return 0;
}

static int only_getuid(void)
{
	syscall(SYS_getuid);
	return 0;
}

static void check_kernel(void)
{
	struct oci_seccomp seccomp = default_profile;
	int status = wait_status_under(&seccomp, try_calls);

	is_number((uint64_t)status, 0, "the kernel takes the filter and does as it says");

	static const char *getuid_name[] = {"getuid"};
	struct oci_seccomp_rule rules[] = {RULE(getuid_name, OCI_SECCOMP_KILL_PROCESS)};

	seccomp.default_action = OCI_SECCOMP_ALLOW;
	seccomp.default_errno_ret.set = false;
	seccomp.syscalls = rules;
	seccomp.n_syscalls = 1;
	status = wait_status_under(&seccomp, only_getuid);
	is_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "KILL_PROCESS kills");
}

int main(void)
{
	check_default();
	check_native_only();
	check_stub();
	check_rules();
	check_random();
	check_lost();
	check_confused();
	check_refused();
	check_flags();
	check_kernel();
	return tap_end();
}
