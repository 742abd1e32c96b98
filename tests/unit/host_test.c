/* SPDX-License-Identifier: Apache-2.0 */
/* The facts of this host, against what other interfaces of it say. */
#include "runtime/host/host.h"
#include "tests/unit/tap.h"

#include <grp.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned long long status_hex(const char *key)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	unsigned long long value = 0;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			value = strtoull(line + strlen(key), NULL, 16);
	if (file)
		fclose(file);
	return value;
}

static unsigned int last_capability(void)
{
	FILE *file = fopen("/proc/sys/kernel/cap_last_cap", "re");
	unsigned int value = 0;

	if (file && fscanf(file, "%u", &value) != 1)
		value = 0;
	if (file)
		fclose(file);
	return value;
}

static void test_parse(void)
{
	is_number(host_controllers_parse(""), 0, "no controllers");
	is_number(host_controllers_parse("cpuset cpu io memory hugetlb pids rdma misc dmem\n"),
		0x1ff, "all of them");
	is_number(host_controllers_parse("memory perf_event cpus\n"), CONTROLLER_MEMORY,
		"others are skipped, and no prefix is enough");
}

/* As init of a new user namespace: 0, or which fact is wrong. */
static int in_new_user_namespace(const struct host *before)
{
	struct arena arena = {0};
	struct host host;
	struct error err;

	if (unshare(CLONE_NEWUSER) < 0)
		return 77;
	if (host_probe(&host, 0, &arena, &err) < 0)
		return 1;
	if (!host.in_user_namespace)
		return 2;
	/* That we may not mount here yet does not mean that the call is missing. */
	if (host.has_mount_setattr != before->has_mount_setattr)
		return 4;
	return host.can_mknod ? 3 : 0;
}

/*
 * With so many groups that /proc/self/status is longer than one read of it: 0, or which fact is
 * wrong. What comes behind the groups must be found wherever it lies, so their number varies.
 */
static int with_many_groups(const struct host *before)
{
	enum { MOST = 3000, STEP = 7 };
	static gid_t groups[MOST];
	struct arena arena = {0};
	struct host host;
	struct error err;
	int wrong = 0;

	for (size_t i = 0; i < MOST; i++)
		groups[i] = (gid_t)(4000000000U + i);
	for (size_t count = MOST - 800; count <= MOST && !wrong; count += STEP) {
		if (setgroups(count, groups) < 0)
			return 77;
		if (host_probe(&host, 0, &arena, &err) < 0)
			wrong = 1;
		else if (host.capabilities != before->capabilities)
			wrong = 2;
		else if (host.can_set_ids != before->can_set_ids)
			wrong = 3;
		else if (host.ignored_signals != before->ignored_signals)
			wrong = 4;
	}
	arena_free(&arena);
	return wrong;
}

/* What a child answers: 77 is that it may not try here. */
static void check_child(
	int answer(const struct host *), const struct host *host, const char *name)
{
	int status = -1;

	fflush(stdout);

	pid_t pid = fork();

	if (pid == 0)
		_exit(answer(host));
	is_true(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "a child");
	is_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77, "%s: %d", name,
		WEXITSTATUS(status));
}

int main(void)
{
	struct arena arena = {0}, tight = {.limit = 1};
	struct host host;
	struct error err;

	test_parse();
	is_result(host_probe(&host, 0, &arena, &err), &err, NULL, "probe");
	is_true(host.euid == geteuid() && host.egid == getegid(), "ids");
	is_number(host.capabilities, status_hex("CapBnd:"), "the bounding set");
	is_number(host.last_capability, last_capability(), "the last capability");
	is_number(host.can_set_ids, (status_hex("CapEff:") >> 6 & 3) == 3, "may set ids");
	is_true((host.cgroup == CGROUP_NONE) == (host.cgroup_mount[0] == '\0'),
		"a layout has a mount");
	is_true(host.own_cgroup[0] == '/', "our cgroup is a path");
	is_number(host.has_time_namespace, access("/proc/self/ns/time", F_OK) == 0,
		"time namespaces");

	struct host less;

	is_result(host_probe(&less, ~0U, &arena, &err), &err, NULL, "probe for less");
	is_true(!less.own_cgroup && !less.has_time_namespace && !less.has_apparmor &&
			!less.resctrl && less.capabilities == host.capabilities,
		"what nobody asks for is as on a host without it");

	check_child(in_new_user_namespace, &host, "a user namespace is known as one");
	check_child(with_many_groups, &host, "many groups hide nothing");

	/* Out of memory is an error, not a shorter truth; without cgroup2 nothing is kept. */
	is_true(host_probe(&host, 0, &tight, &err) == (host.cgroup == CGROUP_NONE ? 0 : -1),
		"out of memory");
	arena_free(&arena);
	arena_free(&tight);
	return tap_end();
}
