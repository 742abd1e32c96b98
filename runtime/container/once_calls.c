/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forbidden system calls: rules that kill become rules that ask us, so that the verdict has a
 * number and arguments. Rules that answer an errno stay: programs probe with them (glibc asks
 * for clone3), and that is no violation.
 */
#include "runtime/container/once.h"

#include <string.h>

/* What our own process still calls between loading the filter and the program, and what must
 * work while we are not yet listening. A rule that kills one of them keeps killing. */
static const char *const needed[] = {"read", "write", "recvmsg", "recvfrom", "sendmsg",
	"sendto", "poll", "ppoll", "close", "close_range", "fcntl", "fcntl64", "dup", "dup2",
	"dup3", "rt_sigaction", "rt_sigprocmask", "execve", "execveat", "exit", "exit_group",
	"openat", "openat2", "stat", "fstat", "newfstatat", "statx", "faccessat", "faccessat2",
	"lseek", "prctl", "wait4", "waitid", "clone", "getpid", "getppid", "brk", "mmap",
	"munmap", "mprotect", "futex", "rt_sigreturn", "restart_syscall"};

static bool kills(uint32_t action)
{
	return action == OCI_SECCOMP_KILL_PROCESS || action == OCI_SECCOMP_KILL_THREAD;
}

static bool is_needed(const struct oci_seccomp_rule *rule)
{
	/* With conditions on the arguments it is meant for other uses than ours. */
	if (rule->n_args)
		return false;
	for (size_t i = 0; i < rule->n_names; i++)
		for (size_t j = 0; j < sizeof(needed) / sizeof(*needed); j++)
			if (strcmp(rule->names[i], needed[j]) == 0)
				return true;
	return false;
}

bool once_watch_calls(struct oci_seccomp *seccomp)
{
	bool any = false;

	/* The kernel allows one listener; and what is killed by default cannot all be asked. */
	if (oci_seccomp_notifies(seccomp) || kills(seccomp->default_action))
		return false;
	for (size_t i = 0; i < seccomp->n_syscalls; i++) {
		struct oci_seccomp_rule *rule = &seccomp->syscalls[i];

		if (!kills(rule->action) || is_needed(rule))
			continue;
		rule->action = OCI_SECCOMP_NOTIFY;
		any = true;
	}
	return any;
}
