/* SPDX-License-Identifier: Apache-2.0 */
/* How a process ended that is another's child: before and after that one has reaped it. */
#include "runtime/watch/foreign.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"
#include "tests/unit/tap.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *name;
	int code, signal; /* exit(CODE), or death by SIGNAL */
	bool reaped;
} rows[] = {
	{"exit 0, reaped", 0, 0, true},
	{"exit 42, reaped", 42, 0, true},
	{"exit 255, reaped", 255, 0, true},
	{"SIGKILL, reaped", 0, SIGKILL, true},
	{"SIGTERM, reaped", 0, SIGTERM, true},
	{"exit 0, not reaped", 0, 0, false},
	{"exit 42, not reaped", 42, 0, false},
	{"SIGKILL, not reaped", 0, SIGKILL, false},
};

static _Noreturn void end_as(size_t row, int go)
{
	char byte;

	(void)!read(go, &byte, 1);
	if (rows[row].signal)
		(void)kill(getpid(), rows[row].signal);
	_exit(rows[row].code);
}

/* Its parent, which reaps it when it is told to, and says so. */
static _Noreturn void be_parent(size_t row, int go, int tell, int reap)
{
	char byte = 0;
	pid_t pid = fork();

	if (pid == 0)
		end_as(row, go);
	(void)!write(tell, &pid, sizeof(pid));
	(void)!read(reap, &byte, 1);
	(void)waitpid(pid, NULL, 0);
	(void)!write(tell, &byte, 1);
	(void)!read(reap, &byte, 1);
	_exit(0);
}

static void check(size_t row)
{
	int go[2], tell[2], reap[2], status = -1;
	struct foreign foreign;
	bool later = false, known;
	pid_t pid = 0, parent;
	char byte = 0;

	(void)!pipe(go);
	(void)!pipe(tell);
	(void)!pipe(reap);
	fflush(stdout);
	parent = fork();
	if (parent == 0)
		be_parent(row, go[0], tell[1], reap[0]);
	(void)!read(tell[0], &pid, sizeof(pid));

	int AUTO_FD pidfd = sys_pidfd_open(pid, 0);

	foreign_open(&foreign, pidfd, pid);
	(void)!write(go[1], &byte, 1);
	(void)fd_await(pidfd, 10000);
	if (rows[row].reaped) {
		(void)!write(reap[1], &byte, 1);
		(void)!read(tell[0], &byte, 1);
	}
	known = foreign_status(&foreign, &status, &later);
	is_true(known, "%s: is known", rows[row].name);
	is_number((uint64_t)status,
		(uint64_t)(rows[row].signal ? rows[row].signal : rows[row].code << 8),
		"as wait(2) tells it");
	foreign_close(&foreign);
	(void)kill(parent, SIGKILL);
	(void)waitpid(parent, NULL, 0);
	for (int i = 0; i < 2; i++) {
		close(go[i]);
		close(tell[i]);
		close(reap[i]);
	}
}

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check(i);
	return tap_end();
}
