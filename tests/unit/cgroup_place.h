/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A place for cgroups of tests: /mayfly-test-PID of the cgroup2 mount. Needs root and a mount
 * it can write to.
 */
#ifndef MAYFLY_TEST_CGROUP_PLACE_H
#define MAYFLY_TEST_CGROUP_PLACE_H

#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/files.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"
#include "tests/unit/tap.h"

enum { TIMEOUT_MS = 5000 };

static struct host host;
static char base[64];

__attribute__((unused)) static const char *below(const char *name)
{
	static char paths[4][256];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, 256, "%s%s", base, name);
	return path;
}

__attribute__((unused)) static bool is_there(const char *path)
{
	char name[512];

	snprintf(name, sizeof(name), "%s%s", host.cgroup_mount, path);
	return access(name, F_OK) == 0;
}

/* A process born in the cgroup: it says what WORK answers as its exit status, or waits. */
__attribute__((unused)) static pid_t spawn(const struct cgroup *cgroup, int (*work)(void))
{
	struct clone_args args = {.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)cgroup->fd};
	pid_t pid = sys_clone3(&args);

	if (pid == 0 && work)
		_exit(work());
	while (pid == 0)
		pause();
	return pid;
}

__attribute__((unused)) static int status_of(pid_t pid)
{
	int status = -1;

	return waitpid(pid, &status, 0) == pid ? status : -1;
}

/* false: there is no such place here, and TAP says so; the exit status is 77 then. */
static bool find_place(struct arena *arena)
{
	struct error err;

	if (host_probe(&host, 0, arena, &err) < 0 || host.cgroup == CGROUP_NONE ||
		host.euid != 0 || host.in_user_namespace) {
		puts("1..0 # SKIP needs root and a cgroup2 mount");
		return false;
	}
	snprintf(base, sizeof(base), "/mayfly-test-%d", getpid());
	return true;
}

#endif
