/* SPDX-License-Identifier: Apache-2.0 */
/* Who a process is. */
#include "runtime/sys/fd.h"
#include "runtime/sys/process.h"
#include "runtime/sys/sys.h"
#include "tests/unit/tap.h"

#include <sys/ptrace.h>

static pid_t sleeping_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		/* A name that a careless reader of /proc/PID/stat would trip over. */
		prctl(PR_SET_NAME, "a) Z 1 2 (b");
		for (;;)
			pause();
	}
	return pid;
}

/* A dead child is its tracer's first, and that may be somebody who never waits for it. */
static void traced(void)
{
	pid_t pid = sleeping_child(), tracer;
	int pidfd = sys_pidfd_open(pid, 0), ends[2], status;
	char ready = 0;

	if (pipe(ends) < 0)
		return;
	tracer = fork();
	if (tracer == 0) {
		ready = ptrace(PTRACE_SEIZE, pid, 0, 0) == 0 ? 'y' : 'n';
		(void)!write(ends[1], &ready, 1);
		for (;;)
			pause();
	}
	(void)!read(ends[0], &ready, 1);
	kill(pid, SIGKILL);
	if (ready == 'y')
		is_number((uint64_t)-process_reap(pidfd, 50, &status), ETIMEDOUT,
			"a dead child that is traced is not waited for without end");
	kill(tracer, SIGKILL);
	waitpid(tracer, &status, 0);
	is_number((uint64_t)process_reap(pidfd, 5000, &status), 0,
		"and can be reaped when its tracer is gone");
	close(pidfd);
}

int main(void)
{
	pid_t pid = sleeping_child();
	int pidfd = sys_pidfd_open(pid, 0), status;
	struct process_id id, other;
	char boot_id[BOOT_ID_SIZE];

	usleep(50000);
	is_number((uint64_t)process_identify(pid, pidfd, &id), 0,
		"a live process has an identity");
	is_true(id.pid == pid && id.start_time > 0,
		"with pid and start time, whatever its name");

	int opened = process_open(&id);

	is_true(opened >= 0, "and is found by it");
	is_true(!process_has_exited(pidfd), "it lives");
	is_true(!process_runs_no_more(&id), "and runs");
	is_number((uint64_t)-fd_await(pidfd, 10), ETIMEDOUT,
		"waiting for its end has a deadline");

	other = id;
	other.start_time++;
	other.pidfs = 0; /* until Linux 6.9 is our baseline */
	is_number((uint64_t)-process_open(&other), ESRCH,
		"another start time is another process");
	if (id.pidfs) {
		other = id;
		other.pidfs++;
		is_number((uint64_t)-process_open(&other), ESRCH, "another pidfs inode, too");
	}
	is_number((uint64_t)-process_open(&(struct process_id){0}), ESRCH, "nobody is nobody");

	is_number((uint64_t)-process_reap(pidfd, 10, &status), ETIMEDOUT,
		"and so has reaping it");

	kill(pid, SIGTERM);
	is_number((uint64_t)fd_await(pidfd, 5000), 0, "its end is seen");
	is_number((uint64_t)-process_open(&id), ESRCH, "a zombie is gone");
	is_true(process_runs_no_more(&id), "and runs no more");
	is_number((uint64_t)process_reap(pidfd, 5000, &status), 0, "and can be reaped");
	is_true(process_runs_no_more(&id), "reaped it runs no more either");
	is_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "with its status");
	is_number((uint64_t)-process_reap(pidfd, 5000, &status), ECHILD, "but only once");
	traced();
	is_number((uint64_t)process_boot_id(boot_id), 0, "this boot has an id");
	is_number(strlen(boot_id), 36, "of 36 characters");
	close(pidfd);
	fd_close(&opened);
	return tap_end();
}
