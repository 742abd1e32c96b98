/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a cgroup on the real kernel; without a place for it, it is skipped. */
#include "tests/unit/cgroup_place.h"

#include <sys/sysmacros.h>

static void test_create(void)
{
	struct cgroup cgroup, again;
	struct error err;
	char type[32];

	is_result(cgroup_create(&cgroup, &host, below("/a/b"), 0, &err), &err, NULL, "create");
	is_number((uint64_t)cgroup.created, 3, "with its parents");
	is_true(cgroup_read(&cgroup, "cgroup.type", type, sizeof(type)) > 0, "read a file");
	is_text(type, "domain\n", "whole and NUL-terminated");
	is_true(cgroup_populated(&cgroup) == 0, "nobody is in it");

	is_result(cgroup_create(&again, &host, below("/a/b"), 0, &err), &err, NULL,
		"an empty one is taken as it is");
	is_number((uint64_t)again.created, 0, "and was not made");
	cgroup_close(&again);

	is_result(cgroup_write(&cgroup, "cgroup.max.depth", "3\n4\n", &err), &err, NULL,
		"write lines");
	cgroup_read(&cgroup, "cgroup.max.depth", type, sizeof(type));
	is_text(type, "4\n", "one write each");
	is_result(cgroup_write(&cgroup, "nonsense.max", "1", &err), &err,
		"~controller \"nonsense\" not available", "a file of no controller");
	is_result(cgroup_write(&cgroup, "memory", "1", &err), &err,
		"~must be in the form CONTROLLER.PARAMETER", "a file without a dot");
	is_result(cgroup_write(&cgroup, "../cgroup.procs", "1", &err), &err,
		"~is no file of a cgroup", "a file elsewhere");
	is_result(cgroup_write(&cgroup, "cgroup.max.depth", "many", &err), &err,
		"~write \"many\" to cgroup.max.depth", "a text the kernel refuses");

	cgroup_undo(&cgroup, TIMEOUT_MS);
	is_true(!is_there(base), "undo takes the parents back");
	cgroup_close(&cgroup);
}

/*
 * Another container's end takes the parent away whenever it is empty. That a controller is
 * wanted makes the parent be looked up again; here it is one that need not be.
 */
static void test_vanishing_parent(void)
{
	enum { ROUNDS = 300 };
	struct host with_memory = host;
	unsigned int failed = 0;
	struct error err, last = {0};
	char parent[512];
	pid_t rival;

	with_memory.cgroup = CGROUP_UNIFIED;
	with_memory.controllers = CONTROLLER_MEMORY;
	snprintf(parent, sizeof(parent), "%s%s", host.cgroup_mount, below("/vanishing"));
	rival = fork();
	while (rival == 0) {
		(void)rmdir(parent);
		usleep(20);
	}
	for (int i = 0; i < ROUNDS; i++) {
		struct cgroup cgroup;

		if (cgroup_create(&cgroup, &with_memory, below("/vanishing/x"), 0, &err) < 0) {
			failed++;
			last = err;
			continue;
		}
		cgroup_undo(&cgroup, TIMEOUT_MS);
		cgroup_close(&cgroup);
	}
	kill(rival, SIGKILL);
	(void)waitpid(rival, NULL, 0);
	if (!is_number(failed, 0, "a parent that vanishes is made again"))
		printf("# %s\n", last.what);
	(void)rmdir(parent);
	snprintf(parent, sizeof(parent), "%s%s", host.cgroup_mount, base);
	(void)rmdir(parent);
}

static void test_refusals(void)
{
	struct cgroup cgroup, again;
	struct error err;

	is_result(cgroup_create(&cgroup, &host, "/", 0, &err), &err,
		"~is not a cgroup below the root", "the root cgroup");
	is_result(cgroup_create(&cgroup, &host, below("/../x"), 0, &err), &err,
		"~is not a cgroup below the root", "a path with \"..\"");
	is_result(cgroup_open(&cgroup, &host, below("/missing"), &err), &err,
		"~no such file or directory", "open one that is not there");
	is_true(err.code == ENOENT && cgroup.fd == -1 && cgroup.mount == -1, "leaves nothing");

	is_result(cgroup_create(&cgroup, &host, below("/a"), 0, &err), &err, NULL, "create");

	pid_t pid = spawn(&cgroup, NULL);

	is_result(cgroup_create(&again, &host, below("/a"), 0, &err), &err,
		"container's cgroup is not empty: 1 process(es) found", "one with a process");
	is_true(cgroup_populated(&cgroup) == 1, "which still lives");
	is_result(cgroup_kill(&cgroup, TIMEOUT_MS, &err), &err, NULL, "kill it");
	is_number((uint64_t)status_of(pid), SIGKILL, "by SIGKILL");

	is_result(cgroup_freeze(&cgroup, true, TIMEOUT_MS, &err), &err, NULL, "freeze");
	is_result(cgroup_create(&again, &host, below("/a"), 0, &err), &err,
		"container's cgroup unexpectedly frozen", "a frozen one");
	is_result(cgroup_create(&again, &host, below("/a/b"), 0, &err), &err,
		"container's cgroup unexpectedly frozen", "one below a frozen one");
	is_true(!is_there(below("/a/b")), "which is taken back");

	/* Some controller that this kernel's cgroup2 does not have, else one nobody has. */
	unsigned int missing = 0;

	for (const struct controller_name *row = host_controllers; row->name && !missing; row++)
		missing = host.controllers & row->bit ? 0 : row->bit;
	cgroup_freeze(&cgroup, false, TIMEOUT_MS, &err);
	is_true(missing != 0, "there is a controller that is not offered");
	if (missing) {
		is_result(cgroup_create(&again, &host, below("/a/c"), missing, &err), &err,
			"~not available in cgroup \"/\"", "a controller that is not offered");
		is_true(!is_there(below("/a/c")), "nothing is left of it");
		is_number(again.wanted, missing, "what was wanted is remembered for clone()");
	}
	cgroup_undo(&cgroup, TIMEOUT_MS);
	cgroup_close(&cgroup);
}

/* The kernel's "no internal processes", and that nobody's cgroup is changed for mere
 * statistics. */
static void test_internal_processes(void)
{
	struct cgroup cgroup, below_it;
	struct error err;
	char type[32];

	cgroup_create(&cgroup, &host, below("/a"), 0, &err);

	pid_t pid = spawn(&cgroup, NULL);

	is_result(cgroup_create(&below_it, &host, below("/a/b"), 0, &err), &err, NULL,
		"below one with processes, when nothing is wanted");
	cgroup_undo(&below_it, TIMEOUT_MS);
	cgroup_close(&below_it);
	if (host.cgroup == CGROUP_UNIFIED && host.controllers & CONTROLLER_MEMORY)
		is_result(cgroup_create(&below_it, &host, below("/a/b"),
				  CONTROLLER_PIDS | CONTROLLER_MEMORY, &err),
			&err, "~(no internal processes): device or resource busy",
			"and when a controller is");
	cgroup_read(&cgroup, "cgroup.type", type, sizeof(type));
	is_text(type, "domain\n", "it is what it was");
	cgroup_kill(&cgroup, TIMEOUT_MS, &err);
	status_of(pid);
	cgroup_undo(&cgroup, TIMEOUT_MS);
	cgroup_close(&cgroup);
}

static void test_processes(void)
{
	struct cgroup cgroup, inner;
	struct error err;
	pid_t *pids = NULL, children[5];
	size_t count = 0, found = 0;

	/* As a container would: without controllers, and so with processes at every level. */
	cgroup_create(&cgroup, &host, below("/a"), 0, &err);
	is_true(mkdirat(cgroup.fd, "b", 0755) == 0 && mkdirat(cgroup.fd, "b/c", 0755) == 0,
		"cgroups of the container");
	cgroup_close(&cgroup);
	is_result(cgroup_open(&inner, &host, below("/a/b/c"), &err), &err, NULL, "open");
	is_result(cgroup_open(&cgroup, &host, below("/a"), &err), &err, NULL, "open");
	for (size_t i = 0; i < 5; i++)
		children[i] = spawn(i % 2 ? &cgroup : &inner, NULL);
	is_result(cgroup_processes(&cgroup, &pids, &count, &err), &err, NULL, "list");
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < 5; k++)
			found += pids[i] == children[k];
	is_true(count == 5 && found == 5, "all of them, below as well");
	free(pids);

	is_result(cgroup_remove(&host, below("/a"), 20, &err), &err,
		"~5 process(es) are still in it: device or resource busy",
		"remove it with processes");
	is_true(!cgroup_is_frozen(&cgroup), "not frozen");
	is_result(cgroup_freeze(&cgroup, true, TIMEOUT_MS, &err), &err, NULL, "freeze");
	is_true(cgroup_is_frozen(&cgroup) && cgroup_is_frozen(&inner), "frozen, below too");

	int64_t start = files_now();

	is_result(cgroup_kill(&cgroup, TIMEOUT_MS, &err), &err, NULL, "kill while frozen");
	is_true(files_now() - start < 1000000, "at once");
	for (size_t i = 0; i < 5; i++)
		found -= status_of(children[i]) == SIGKILL;
	is_number(found, 0, "every one by SIGKILL");
	is_true(cgroup_populated(&cgroup) == 0, "nobody is left");
	is_result(cgroup_kill(&cgroup, TIMEOUT_MS, &err), &err, NULL, "kill nobody");
	cgroup_freeze(&cgroup, false, TIMEOUT_MS, &err);
	cgroup_close(&inner);
	is_result(cgroup_remove(&host, below("/a"), TIMEOUT_MS, &err), &err, NULL, "remove");
	is_true(!is_there(below("/a")), "with what was below");
	is_result(cgroup_kill(&cgroup, TIMEOUT_MS, &err), &err, NULL, "kill one that is gone");
	is_result(
		cgroup_freeze(&cgroup, false, 100, &err), &err, NULL, "thaw one that is gone");
	is_result(cgroup_freeze(&cgroup, true, 100, &err), &err, "~freeze cgroup",
		"freeze one that is gone");
	is_true(!cgroup_is_frozen(&cgroup), "it is not frozen");
	cgroup_close(&cgroup);
	is_result(cgroup_remove(&host, below("/a"), TIMEOUT_MS, &err), &err, NULL,
		"remove what is not there");
	is_result(cgroup_remove(&host, base, TIMEOUT_MS, &err), &err, NULL, "the parent");
}

/* What a container with a cgroup of its own can leave behind. */
static void test_remove_tree(void)
{
	enum { DEPTH = 300, WIDTH = 300 };
	struct cgroup cgroup;
	struct error err;
	char name[32];
	int made = 0;

	cgroup_create(&cgroup, &host, below(""), 0, &err);
	for (int i = 0; i < WIDTH; i++) {
		snprintf(name, sizeof(name), "w%d", i);
		made += mkdirat(cgroup.fd, name, 0755) == 0;
		if (i % 3)
			continue;
		strcat(name, "/x");
		made += mkdirat(cgroup.fd, name, 0755) == 0;
	}

	int AUTO_FD dir = files_open(cgroup.fd, "w7", O_PATH | O_DIRECTORY);

	for (int i = 0; i < DEPTH; i++) {
		made += mkdirat(dir, ".d", 0755) == 0;

		int next = files_open(dir, ".d", O_PATH | O_DIRECTORY);

		fd_close(&dir);
		dir = next;
	}
	is_number((uint64_t)made, WIDTH + WIDTH / 3 + DEPTH, "a deep and wide tree");
	cgroup_close(&cgroup);
	is_result(cgroup_remove(&host, base, TIMEOUT_MS, &err), &err, NULL, "is removed");
	is_true(!is_there(base), "all of it");
}

static int open_devices(void)
{
	int null = open("/dev/null", O_RDWR);
	int kmsg = open("/dev/kmsg", O_RDONLY);

	if (null < 0)
		return 1;
	if (kmsg >= 0 || errno != EPERM)
		return 2;
	/* Making a node is allowed, opening what was made is not. */
	char name[64];

	snprintf(name, sizeof(name), "/tmp/mayfly-test-%d", getpid());
	if (mknod(name, S_IFCHR | 0600, makedev(1, 11)) < 0)
		return 3;
	int made = open(name, O_RDONLY);

	unlink(name);
	/* EACCES: the kernel looks at nodev first in some. */
	return made < 0 && (errno == EPERM || errno == EACCES) ? 0 : 4;
}

static void test_devices(void)
{
	static const struct step_device_rule rules[] = {{false, 'a', -1, -1, 7},
		{true, 'c', -1, -1, 1}, {true, 'b', -1, -1, 1}, {true, 'c', 1, 3, 7},
		{true, 'c', 1, 5, 4}, {true, 'c', 136, -1, 7}, {false, 'c', 136, 7, 2}};
	static const struct step_device_rule all[] = {{true, 'a', -1, -1, 7}};
	struct cgroup cgroup;
	struct error err;

	cgroup_create(&cgroup, &host, below("/a"), 0, &err);
	is_result(cgroup_limit_devices(&cgroup, all, 1, &err), &err, NULL, "all devices");
	is_number((uint64_t)status_of(spawn(&cgroup, open_devices)), 2 << 8,
		"all devices are open");
	is_result(cgroup_limit_devices(&cgroup, rules, 7, &err), &err, NULL, "limit devices");
	is_number((uint64_t)status_of(spawn(&cgroup, open_devices)), 0,
		"/dev/null is open, /dev/kmsg is not");
	cgroup_undo(&cgroup, TIMEOUT_MS);
	cgroup_close(&cgroup);

	struct cgroup closed = {.fd = -1, .mount = -1, .path = "/x"};

	is_result(cgroup_limit_devices(&closed, rules, 7, &err), &err, "~there is no cgroup",
		"without a cgroup nothing is limited, and it says so");
}

/* Next to a threaded cgroup a new one is "domain invalid", and only clone3() says so. */
static void test_threaded(void)
{
	struct cgroup threaded, invalid;
	struct error err;
	int mount = files_open_mount(&host, &err);
	char name[128];

	/* By hand: the parent of a threaded cgroup has no domain controllers enabled. */
	mkdirat(mount, base + 1, 0755);
	snprintf(name, sizeof(name), "%s/a", base + 1);
	mkdirat(mount, name, 0755);
	fd_close(&mount);
	cgroup_open(&threaded, &host, below("/a"), &err);
	is_result(cgroup_write(&threaded, "cgroup.type", "threaded", &err), &err, NULL,
		"a threaded cgroup");
	is_result(cgroup_create(&invalid, &host, below("/b"), 0, &err), &err, NULL,
		"one next to it");

	pid_t pid = spawn(&invalid, NULL);

	is_number((uint64_t)-pid, EOPNOTSUPP, "refuses processes");
	invalid.wanted = CONTROLLER_MEMORY;
	is_result(cgroup_clone_refused(&invalid, -pid, &err), &err,
		"~with domain controllers -- it is in an invalid state",
		"for ever, with a memory limit");
	invalid.wanted = CONTROLLER_PIDS;
	is_result(cgroup_clone_refused(&invalid, -pid, &err), &err, NULL,
		"else it becomes threaded");
	pid = spawn(&invalid, open_devices);
	is_true(pid > 0 && WIFEXITED(status_of(pid)), "and takes a process");
	cgroup_close(&threaded);
	cgroup_undo(&invalid, TIMEOUT_MS);
	cgroup_close(&invalid);
	is_result(cgroup_remove(&host, base, TIMEOUT_MS, &err), &err, NULL, "remove both");
}

static void test_own(void)
{
	struct cgroup cgroup;
	struct stat facts;
	struct error err;

	cgroup_create(&cgroup, &host, below("/a"), 0, &err);
	is_result(cgroup_own(&cgroup, 4242, &err), &err, NULL, "give it away");
	is_true(fstat(cgroup.fd, &facts) == 0 && facts.st_uid == 4242, "the directory");
	is_true(fstatat(cgroup.fd, "cgroup.procs", &facts, 0) == 0 && facts.st_uid == 4242,
		"cgroup.procs");
	is_true(fstatat(cgroup.fd, "cgroup.freeze", &facts, 0) == 0 && facts.st_uid == 0,
		"and no limits");
	cgroup_undo(&cgroup, TIMEOUT_MS);
	cgroup_close(&cgroup);
}

int main(void)
{
	struct arena arena = {0};

	if (!find_place(&arena))
		return 77;
	test_create();
	test_vanishing_parent();
	test_refusals();
	test_internal_processes();
	test_processes();
	test_remove_tree();
	test_devices();
	test_threaded();
	test_own();
	is_true(!is_there(base), "nothing is left");
	arena_free(&arena);
	return tap_end();
}
