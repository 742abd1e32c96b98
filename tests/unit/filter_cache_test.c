/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache of compiled filters: what is kept, what is trusted, and when it ends. With the word
 * "bench" it measures instead.
 */
#include "runtime/launch/launch.h"

#include "tests/unit/filter_profile.h"
#include "tests/unit/tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

/* ---- bench: not a test ---- */

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
	check_cache();
	check_every_field_counts();
	return tap_end();
}
