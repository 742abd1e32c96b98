/* SPDX-License-Identifier: Apache-2.0 */
/* What a process may still do once it has restrained itself: each case in a child of its own.
 */
#include "runtime/sys/restrain.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"
#include "tests/unit/tap.h"

static char base[] = "/tmp/mayfly-restrain-XXXXXX";
static int top, inside;

/* The exit status of CASE in a child; 0 is what the case wants. */
static int in_child(int (*test)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(test());
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool is_refused(int result)
{
	bool refused = result < 0 && errno == EACCES;

	if (result >= 0)
		close(result);
	return refused;
}

static int reads_only(void)
{
	char *const argv[] = {"true", NULL};

	restrain_to(NULL, 0, false);
	if (!is_refused(openat(top, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) ||
		!is_refused(openat(top, "file", O_WRONLY | O_CLOEXEC)))
		return 1;
	if (!is_refused(mkdirat(top, "directory", 0700)) ||
		!is_refused(unlinkat(top, "file", 0)))
		return 2;
	if (execv("/bin/true", argv) == 0 || errno != EACCES)
		return 3;
	if (openat(top, "file", O_RDONLY | O_CLOEXEC) < 0 ||
		openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0)
		return 4;
	return kill(getppid(), 0) == 0 ? 0 : 5;
}

static int writes_inside(void)
{
	restrain_to(&inside, 1, false);
	if (openat(inside, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0 ||
		mkdirat(inside, "directory", 0700) < 0 ||
		unlinkat(inside, "directory", AT_REMOVEDIR) < 0 ||
		unlinkat(inside, "new", 0) < 0)
		return 1;
	return is_refused(mkdirat(top, "directory", 0700)) ? 0 : 2;
}

static int executes(void)
{
	char *const argv[] = {"true", NULL};

	restrain_to(NULL, 0, true);
	if (!is_refused(mkdirat(top, "directory", 0700)))
		return 1;
	execv("/bin/true", argv);
	return 2;
}

static int without_rights(void)
{
	if (setgid(65534) < 0 || setuid(65534) < 0)
		return 9;
	restrain_to(NULL, 0, false);
	return is_refused(open("/dev/null", O_WRONLY | O_CLOEXEC)) ? 0 : 1;
}

static int wrong_place(void)
{
	const int nothing = -1;

	restrain_to(&nothing, 1, false);
	return mkdirat(top, "directory", 0700) == 0 &&
			       unlinkat(top, "directory", AT_REMOVEDIR) == 0
		       ? 0
		       : 1;
}

int main(void)
{
	if (syscall(444 /* landlock_create_ruleset */, NULL, 0, 1U) < 1) {
		puts("1..0 # SKIP this kernel has no Landlock");
		return 77;
	}
	if (!mkdtemp(base))
		return 1;
	top = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (top < 0 || mkdirat(top, "inside", 0700) < 0 ||
		mknodat(top, "file", S_IFREG | 0600, 0) < 0)
		return 1;
	inside = openat(top, "inside", O_PATH | O_DIRECTORY | O_CLOEXEC);
	is_number((uint64_t)in_child(reads_only), 0,
		"reading and signals stay; writing, making, removing and executing do not");
	is_number((uint64_t)in_child(writes_inside), 0, "but below the directories given");
	is_number((uint64_t)in_child(executes), 0, "and executing can be kept");
	if (geteuid() == 0)
		is_number((uint64_t)in_child(without_rights), 0, "without rights, too");
	is_number((uint64_t)in_child(wrong_place), 0,
		"when a place is none, nothing is taken away, for the command would fail");
	unlinkat(top, "file", 0);
	unlinkat(top, "inside", AT_REMOVEDIR);
	rmdir(base);
	return tap_end();
}
