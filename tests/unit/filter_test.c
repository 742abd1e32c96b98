/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled filters against the profile's own words: a small interpreter of classic BPF and a
 * plain evaluator of the OCI profile must answer the same, for every number of three
 * architectures.
 */
#include "runtime/launch/launch.h"

#include "tests/unit/filter_profile.h"
#include "tests/unit/tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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
 * nothing; and only one rule for a call with two conditions, because libseccomp 2.5 confuses
 * several of those (docs/decisions/020).
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
			if ((name - ordinary) % 3 == 2)
				has_two |= UINT64_C(1) << (name - ordinary);

			rules[i] = (struct oci_seccomp_rule){.names = name,
				.n_names = 1,
				.args = args[i],
				.n_args = (size_t)(name - ordinary) % 3};
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

/* ---- the cache ---- */

static char directory[64];

static size_t entries(char name[300], struct stat *ret_status)
{
	DIR *dir = opendir(directory);
	size_t count = 0;

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		count++;
		if (!name)
			continue;
		snprintf(name, 300, "%s/%.200s", directory, entry->d_name);
		stat(name, ret_status);
	}
	if (dir)
		closedir(dir);
	return count;
}

static void empty_cache(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", directory);
	(void)!system(command);
}

/* Does it compile to exactly WANTED, and was the entry (not) written anew? */
static void is_cached(const struct oci_seccomp *seccomp, const struct launch_filter *wanted,
	bool hit, const char *what)
{
	struct stat before = {0}, after = {0};
	struct launch_filter filter = {0};
	struct error err;
	char name[300];

	entries(name, &before);

	bool same = launch_compile_seccomp(seccomp, directory, &filter, &err) == 0 &&
		    filter.count == wanted->count && filter.flags == wanted->flags &&
		    memcmp(filter.instructions, wanted->instructions,
			    wanted->count * sizeof(struct sock_filter)) == 0;

	entries(name, &after);
	is_true(same, "%s: the same filter", what);
	is_true((before.st_ino == after.st_ino) == hit, "%s: %s", what,
		hit ? "from the cache" : "compiled anew");
	free(filter.instructions);
}

static void damage(off_t offset)
{
	struct stat status;
	char name[300], byte = 0;

	entries(name, &status);

	int fd = open(name, O_RDWR);

	if (offset < 0)
		offset += status.st_size;
	(void)!pread(fd, &byte, 1, offset);
	byte ^= 0x10;
	(void)!pwrite(fd, &byte, 1, offset);
	close(fd);
}

static void check_cache(void)
{
	struct launch_filter fresh;
	struct error err;
	struct stat status;
	char name[300];

	snprintf(directory, sizeof(directory), "/tmp/filter_test.%d", getpid());
	launch_compile_seccomp(&default_profile, NULL, &fresh, &err);
	is_cached(&default_profile, &fresh, false, "an empty cache");
	is_number(entries(name, &status), 1, "one entry was made");
	is_number(status.st_mode & 07777, 0600, "for its owner only");
	is_cached(&default_profile, &fresh, true, "a second time");
	damage(-3);
	is_cached(&default_profile, &fresh, false, "an instruction is damaged");
	damage(9);
	is_cached(&default_profile, &fresh, false, "the sum is damaged");
	damage(200);
	is_cached(&default_profile, &fresh, false, "the key is damaged");
	truncate(name, status.st_size - 8);
	is_cached(&default_profile, &fresh, false, "the file is too short");
	truncate(name, status.st_size + 8);
	is_cached(&default_profile, &fresh, false, "the file is too long");
	truncate(name, 0);
	is_cached(&default_profile, &fresh, false, "the file is empty");
	chmod(name, 0620);
	is_cached(&default_profile, &fresh, false, "somebody else may have written it");
	is_cached(&default_profile, &fresh, true, "and after all that");
	if (geteuid() == 0) {
		(void)!chown(name, 1000, 1000);
		is_cached(&default_profile, &fresh, false, "another user's file");
	}
	chmod(directory, 0777);
	unlink(name);
	is_cached(&default_profile, &fresh, true, "a directory for everybody");
	is_number(entries(NULL, NULL), 0, "is not used at all");
	free(fresh.instructions);
	empty_cache();
}

static void check_every_field_counts(void)
{
	static const char *names[] = {"mkdir", "rmdir"};
	static const char *other_names[] = {"mkdir", "rmdiR"};
	struct oci_seccomp_arg args[] = {{0, OCI_SECCOMP_MASKED_EQ, 3, 1}};
	struct oci_seccomp_rule rule =
		RULE(names, OCI_SECCOMP_ERRNO, .errno_ret = {true, 5}, ARGS(args));
	struct oci_seccomp seccomp = {.default_action = OCI_SECCOMP_ALLOW,
		.architectures = amd64,
		.n_architectures = 1,
		.syscalls = &rule,
		.n_syscalls = 1};
	struct launch_filter filter;
	struct error err;
	size_t wanted = 0;

#define CHANGED(CHANGE)                                                                        \
	do {                                                                                   \
		CHANGE;                                                                        \
		if (launch_compile_seccomp(&seccomp, directory, &filter, &err) == 0)           \
			free(filter.instructions);                                             \
		is_number(entries(NULL, NULL), ++wanted, #CHANGE);                             \
	} while (0)
	CHANGED((void)0);
	CHANGED(rule.errno_ret.value = 6);
	CHANGED(rule.errno_ret.set = false);
	CHANGED(rule.action = OCI_SECCOMP_TRACE);
	CHANGED(rule.names = other_names);
	CHANGED(rule.n_names = 1);
	CHANGED(args[0].index = 1);
	CHANGED(args[0].op = OCI_SECCOMP_EQ);
	CHANGED(args[0].value = 7);
	CHANGED(args[0].value_two = 2);
	CHANGED(rule.n_args = 0);
	CHANGED(seccomp.n_architectures = 2);
	CHANGED(seccomp.default_action = OCI_SECCOMP_ERRNO);
	CHANGED(seccomp.default_errno_ret = ((struct opt_u32){true, 9}));
	CHANGED(seccomp.n_syscalls = 0);

	/* an entry under the name of another profile */
	struct stat status;
	char first[300], second[300], command[1024];
	struct launch_filter fresh;

	empty_cache();
	launch_compile_seccomp(&seccomp, directory, &filter, &err);
	free(filter.instructions);
	entries(first, &status);
	empty_cache();
	launch_compile_seccomp(&default_profile, directory, &filter, &err);
	entries(second, &status);
	snprintf(command, sizeof(command), "mv %s %s", second, first);
	(void)!system(command);
	free(filter.instructions);
	launch_compile_seccomp(&seccomp, NULL, &fresh, &err);
	is_cached(&seccomp, &fresh, false, "a profile with the same hash");
	free(fresh.instructions);

	for (uint32_t i = 0; i < 80; i++) {
		seccomp.default_errno_ret = (struct opt_u32){true, 100 + i};
		launch_compile_seccomp(&seccomp, directory, &filter, &err);
		free(filter.instructions);
	}
	is_number(entries(NULL, NULL), 64, "the cache has an end");
	empty_cache();
}

/* ---- filter_test bench: not a test ---- */

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double micros(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static double load_time(const struct launch_filter *filter)
{
	double *shared =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();

	if (pid == 0) {
		struct sock_fprog program = {filter->count, filter->instructions};

		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);

		double before = micros();

		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter->flags, &program) < 0)
			_exit(1);
		*shared = micros() - before;
		_exit(0);
	}
	waitpid(pid, NULL, 0);

	double took = *shared;

	munmap(shared, 4096);
	return took;
}

static void bench(const struct oci_seccomp *seccomp, const char *name)
{
	enum { ROUNDS = 101 };
	double compile[ROUNDS], hit[ROUNDS], loading[ROUNDS];
	struct launch_filter filter = {0};
	struct error err;

	snprintf(directory, sizeof(directory), "/dev/shm/filter_bench.%d", getpid());
	for (int i = 0; i < ROUNDS; i++) {
		double start = micros();

		launch_compile_seccomp(seccomp, NULL, &filter, &err);
		compile[i] = micros() - start;
		loading[i] = load_time(&filter);
		free(filter.instructions);
		if (i == 0) {
			launch_compile_seccomp(seccomp, directory, &filter, &err);
			free(filter.instructions);
		}
		start = micros();
		launch_compile_seccomp(seccomp, directory, &filter, &err);
		hit[i] = micros() - start;
		free(filter.instructions);
	}
	qsort(compile, ROUNDS, sizeof(double), by_value);
	qsort(hit, ROUNDS, sizeof(double), by_value);
	qsort(loading, ROUNDS, sizeof(double), by_value);
	printf("%s: %u instructions; median us: compile %.0f, cache hit %.1f, kernel load "
	       "%.0f\n",
		name, filter.count, compile[ROUNDS / 2], hit[ROUNDS / 2], loading[ROUNDS / 2]);
	empty_cache();
}

int main(int argc, char *argv[])
{
	if (argc > 1 && strcmp(argv[1], "bench") == 0) {
		struct oci_seccomp one = default_profile;

		one.n_architectures = 1;
		bench(&default_profile, "3 architectures");
		bench(&one, "1 architecture");
		return 0;
	}
	check_default();
	check_native_only();
	check_stub();
	check_rules();
	check_random();
	check_refused();
	check_flags();
	check_kernel();
	check_cache();
	check_every_field_counts();
	return tap_end();
}
