/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a command under ptrace and kills one of its processes, or fails one of its system calls,
 *at one exact point: "process 1, system call 57". strace's inject counts by name over all it
 *follows and, with -f, does not end before the container does, so the point "the child's third
 *openat" cannot be asked of it.
 *
 *	inject --list FILE -- COMMAND...         write "PROCESS N NUMBER" for each system call
 *	inject --at PROCESS:N --kill -- …        SIGKILL before that call is carried out
 *	inject --at PROCESS:N --errno E -- …     the call is not carried out and fails with
 *errno E inject … --status FILE …                 "FIRED NUMBER STATUS": exit status, or minus
 *the signal
 *
 * Process 0 is the command; the others are numbered as they are born. A process other than 0 is
 *let go when it executes a program: from then on it is not the runtime's. All are let go when
 *process 0 ends.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_PROCESSES 256

struct process {
	pid_t pid;
	unsigned long calls;
	bool failing; /* its present call is to fail */
	bool gone;
};

static struct process processes[MAX_PROCESSES];
static int n_processes;

static struct {
	const char *list, *status;
	long process, call;
	bool kill;
	int error;
} wanted = {.process = -1};

static FILE *list;
static bool started; /* the command has been executed: count from here */
static bool fired;
static unsigned long long fired_number;

static struct process *find(pid_t pid)
{
	for (int i = 0; i < n_processes; i++)
		if (processes[i].pid == pid && !processes[i].gone)
			return &processes[i];
	if (n_processes == MAX_PROCESSES) {
		fprintf(stderr, "inject: too many processes\n");
		exit(125);
	}
	processes[n_processes] = (struct process){.pid = pid};
	return &processes[n_processes++];
}

/* On entry: make the kernel skip the call. On exit: give it its errno. */
#if defined(__x86_64__)
static void skip_call(pid_t pid)
{
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax), -1L);
}

static void fail_call(pid_t pid, int error)
{
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax), (long)-error);
}
#elif defined(__aarch64__)
static void skip_call(pid_t pid)
{
	int number = -1;
	struct iovec iov = {&number, sizeof(number)};

	ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &iov);
}

static void fail_call(pid_t pid, int error)
{
	struct user_regs_struct regs;
	struct iovec iov = {&regs, sizeof(regs)};

	ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov);
	regs.regs[0] = (unsigned long long)-error;
	ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov);
}
#else
#error "this machine's registers are not known here"
#endif

static void on_entry(struct process *process, unsigned long long number)
{
	long index = process - processes;

	process->calls++;
	if (list)
		fprintf(list, "%ld %lu %llu\n", index, process->calls, number);
	if (index != wanted.process || (long)process->calls != wanted.call)
		return;
	fired = true;
	fired_number = number;
	if (wanted.kill) {
		kill(process->pid, SIGKILL);
		return;
	}
	/* Linux releases the descriptor whatever close() answers: one that stays open would be
	 * a fault of ours. */
	if (number != SYS_close)
		skip_call(process->pid);
	process->failing = true;
}

static void on_call(struct process *process)
{
	struct __ptrace_syscall_info info = {0};

	if (ptrace(PTRACE_GET_SYSCALL_INFO, process->pid, sizeof(info), &info) < 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY && started) {
		on_entry(process, info.entry.nr);
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && process->failing) {
		fail_call(process->pid, wanted.error);
		process->failing = false;
	}
}

/* Let one stopped process go on. */
static void on_stop(pid_t pid, int status)
{
	struct process *process = find(pid);
	int signal = WSTOPSIG(status), event = status >> 16;

	if (signal == (SIGTRAP | 0x80)) {
		on_call(process);
		ptrace(PTRACE_SYSCALL, pid, 0, 0);
	} else if (event == PTRACE_EVENT_EXEC && process != processes) {
		ptrace(PTRACE_DETACH, pid, 0, 0);
		process->gone = true;
	} else if (event == PTRACE_EVENT_EXEC) {
		started = true;
		ptrace(PTRACE_SYSCALL, pid, 0, 0);
	} else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
		ptrace(PTRACE_LISTEN, pid, 0, 0);
	} else if (event) {
		ptrace(PTRACE_SYSCALL, pid, 0, 0);
	} else {
		ptrace(PTRACE_SYSCALL, pid, 0, (void *)(long)signal);
	}
}

static void report(int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);

	if (list)
		fclose(list);
	if (wanted.status) {
		FILE *file = fopen(wanted.status, "we");

		if (!file || fprintf(file, "%d %llu %d\n", fired, fired_number, code) < 0 ||
			fclose(file))
			exit(125);
	}
	exit(code < 0 ? 128 - code : code);
}

static void trace(pid_t main_pid)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			exit(125);
		if (WIFSTOPPED(status))
			on_stop(pid, status);
		else if (pid == main_pid)
			report(status);
		else
			find(pid)->gone = true;
	}
}

static int parse(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (!strcmp(argv[i], "--kill"))
			wanted.kill = true;
		else if (i + 1 == argc)
			return -1;
		else if (!strcmp(argv[i], "--list"))
			wanted.list = argv[++i];
		else if (!strcmp(argv[i], "--status"))
			wanted.status = argv[++i];
		else if (!strcmp(argv[i], "--errno"))
			wanted.error = atoi(argv[++i]);
		else if (strcmp(argv[i], "--at") != 0 ||
			 sscanf(argv[++i], "%ld:%ld", &wanted.process, &wanted.call) != 2)
			return -1;
	}
	return i + 1 < argc ? i + 1 : -1;
}

int main(int argc, char **argv)
{
	int command = parse(argc, argv), status;
	pid_t pid;

	if (command < 0) {
		fprintf(stderr, "usage: inject [--list FILE] [--status FILE] [--at P:N "
				"--kill|--errno E] -- COMMAND...\n");
		return 125;
	}
	if (wanted.list && !(list = fopen(wanted.list, "we"))) {
		perror(wanted.list);
		return 125;
	}
	pid = fork();
	if (pid < 0)
		return 125;
	if (pid == 0) {
		raise(SIGSTOP);
		execvp(argv[command], argv + command);
		_exit(127);
	}
	if (waitpid(pid, &status, WUNTRACED) != pid ||
		ptrace(PTRACE_SEIZE, pid, 0,
			PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
				PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC) < 0) {
		perror("inject: ptrace");
		kill(pid, SIGKILL);
		return 125;
	}
	find(pid);
	kill(pid, SIGCONT);
	trace(pid);
}
