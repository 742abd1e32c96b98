/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes wrong inside, in the words that callers look for; images that are laid out to do
 * harm; and the ways in that are rare. Needs root and a static busybox; else it is skipped.
 */
#define BENCH "/tmp/mayfly-init-hostile"
#include "tests/unit/init_bench.h"

/* ---- errors, in the words that callers look for ---- */

static struct bench *failing(const char *program, const char *cwd)
{
	static char *envp[] = {"PATH=/bin", NULL, NULL};
	static char *argv[2];
	struct bench *bench = bench_new();

	argv[0] = (char *)(uintptr_t)program;
	bench->flags = CLONE_NEWNS;
	add_jail(bench);
	add_pivot(bench);
	add_program(bench, 1234, cwd, argv, envp);
	run(bench);
	return bench;
}

static void test_program_errors(void)
{
	static const struct {
		const char *program, *cwd, *error;
	} rows[] = {
		{"foo", "/", "here: exec: \"foo\": executable file not found in $PATH"},
		{"/foo", "/", "here: exec: \"/foo\": stat /foo: no such file or directory"},
		{"/etc/text", "/", "here: exec: \"/etc/text\": permission denied"},
		{"/etc", "/", "here: exec: \"/etc\": is a directory: permission denied"},
		{"/copy/fifo", "/", "here: exec: \"/copy/fifo\": permission denied"},
		{"/etc/garbage", "/", "here: exec /etc/garbage: exec format error"},
		{"/bin/sh", "/absent",
			"here: chdir to cwd (\"/absent\") set in config.json "
			"failed: no such file or directory"},
		{"/bin/sh", "/etc/text",
			"here: chdir to cwd (\"/etc/text\") set in config.json "
			"failed: not a directory"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench *bench = failing(rows[i].program, rows[i].cwd);

		is_error(bench, rows[i].error, rows[i].program);
		is_number((uint64_t)bench->status, 1 << 8, "and the process exits with 1");
		free(bench);
	}
}

typedef void one_step(struct bench *bench);

/* A list that should end at the step that ADDER adds. */
static void expect(const char *name, const char *error, one_step *adder)
{
	struct bench *bench = bench_new();

	bench->flags = CLONE_NEWNS;
	add_jail(bench);
	adder(bench);
	add_pivot(bench);
	run(bench);
	is_error(bench, error, name);
	free(bench);
}

static void bad_option(struct bench *bench)
{
	add_mount(bench, "tmpfs", "/tmp", "size=zzz");
}

static void bad_type(struct bench *bench)
{
	add_mount(bench, "nosuchfs", "/tmp", "");
}

static void file_on_directory(struct bench *bench)
{
	add_attach(bench, 1, BENCH "/file", "/etc");
}

static void directory_on_file(struct bench *bench)
{
	add_attach(bench, 1, BENCH "/volume", "/etc/passwd");
}

static void proc_on_symlink(struct bench *bench)
{
	must(symlink("/etc", ROOT "/sys2"), "symlink");
	add_mount(bench, "proc", "/sys2", NULL)->no_symlinks = true;
}

static void wrong_device(struct bench *bench)
{
	add_device(bench, "/etc/text", 1, 3);
}

static void no_devpts(struct bench *bench)
{
	(void)mkdir(ROOT "/dev", 0755); /* an earlier container may have made them */
	(void)mkdir(ROOT "/dev/pts", 0755);
	must(mknod(ROOT "/dev/pts/ptmx", S_IFCHR | 0666, 5 << 8 | 2), "mknod");
	add(bench, STEP_OPEN_CONSOLE);
}

static void missing_sysctl(struct bench *bench)
{
	add_file(bench, STEP_WRITE_SYSCTL, "kernel/nosuch", "1");
}

static void escaping_sysctl(struct bench *bench)
{
	add_file(bench, STEP_WRITE_SYSCTL, "../../etc/passwd", "1");
}

static void wrong_message(struct bench *bench)
{
	add_message(bench, STEP_TELL, MESSAGE_ROOTFS_READY);
	add_message(bench, STEP_AWAIT, MESSAGE_COMMITTED);
}

static void test_step_errors(void)
{
	expect("a bad mount option",
		"~here: error mounting \"tmpfs\" to rootfs at \"/tmp\": mount option "
		"\"size=zzz\" "
		"(tmpfs: Bad value for 'size'): invalid argument",
		bad_option);
	expect("a bad type",
		"~error mounting \"nosuchfs\" to rootfs at \"/tmp\": file system type "
		"\"nosuchfs\": "
		"no such device",
		bad_type);
	expect("a file on a directory", "~not a directory", file_on_directory);
	expect("a directory on a file",
		"~error mounting \"" BENCH "/volume\" to rootfs at \"/etc/passwd\": ",
		directory_on_file);
	expect("proc at a symlink", "~too many levels of symbolic links", proc_on_symlink);
	expect("a device where another file is", "~is another kind of file: file exists",
		wrong_device);
	expect("a terminal without a devpts", "~is not a devpts: a terminal needs one",
		no_devpts);
	expect("a sysctl that is not there", "~no such file or directory", missing_sysctl);
	expect("a sysctl that leads out of proc", "~write \"1\" to the sysctl",
		escaping_sysctl);
	expect("a message that was not awaited", "~came instead of", wrong_message);
}

/* ---- hostile images ---- */

/* What an image can make of /etc/passwd: the program starts soon, with HOME=/. */
static void test_hostile_passwd(void)
{
	static const char *const commands[] = {
		"mkfifo " ROOT "/etc/passwd",
		"ln -s /dev/zero " ROOT "/etc/passwd",
		"mkdir " ROOT "/etc/passwd",
		"head -c 200000 /dev/zero >" ROOT "/etc/passwd",
		"(head -c 5000 /dev/zero | tr '\\0' x; echo; echo u:x:7:7::/late:/) >" ROOT
		"/etc/passwd",
		"echo u:x:4294967303:7::/wrapped:/ >" ROOT "/etc/passwd",
		"echo u:x:7 >" ROOT "/etc/passwd",
		"echo u:x:7:7::relative:/ >" ROOT "/etc/passwd",
		"ln -s " BENCH "/file " ROOT "/etc/passwd",
		"mknod " ROOT "/etc/passwd c 1 5",
		"true",
	};
	char *argv[] = {"sh", "-c", "echo home=$HOME", NULL};

	must(rename(ROOT "/etc/passwd", BENCH "/passwd"), "rename");
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		char *envp[] = {"PATH=/bin", NULL, NULL};
		struct bench *bench = bench_new();
		int64_t before = fd_now_ms();

		must(system(commands[i]) == 0 ? 0 : -1, commands[i]);
		bench->flags = CLONE_NEWNS;
		add_jail(bench);
		add_pivot(bench);
		add_program(bench, 7, "/", argv, envp);
		run(bench);
		say_error(bench);
		is_text(bench->output, "home=/\n", commands[i]);
		is_true(fd_now_ms() - before < 2000, "and at once");
		free(bench);
		must(system("rm -rf " ROOT "/etc/passwd") == 0 ? 0 : -1, "rm");
	}
	must(rename(BENCH "/passwd", ROOT "/etc/passwd"), "rename");
}

/* A descriptor of ours as the way out: none of them may become the working directory
 * (CVE-2024-21626). */
static void test_hostile_directory(void)
{
	static char *argv[] = {"sh", "-c", "pwd", NULL};

	for (int fd = 3; fd < 20; fd++) {
		char *envp[] = {"PATH=/bin", NULL, NULL};
		struct bench *bench = bench_new();
		char path[32];

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		bench->flags = CLONE_NEWNS | CLONE_NEWPID;
		add_jail(bench);
		add_mount(bench, "proc", "/proc", NULL);
		add_pivot(bench);
		add_program(bench, 0, path, argv, envp);
		run(bench);
		is_true((bench->failed && strncmp(bench->err.what, "chdir to cwd", 12) == 0) ||
				strcmp(bench->output, "/\n") == 0,
			"%s is no way out: %s%s", path,
			bench->failed ? error_text(bench->err.code) : "",
			bench->failed ? "" : "it is the container's root");
		free(bench);
	}
}

static void device_in(struct bench *bench)
{
	add_device(bench, "/evil/null", 1, 3);
	add_file(bench, STEP_SYMLINK, "/evil/fd", "/proc/self/fd");
	add_attach(bench, 1, BENCH "/file", "/evil/bound");
	add_attach(bench, 2, BENCH "/volume", "/evil/deep/er");
	add_text(bench, STEP_MAKE_DIRECTORY, "/evil/cwd");
	add_text(bench, STEP_MASK_PATH, "/evil");
}

static void device_in_dev(struct bench *bench)
{
	add_device(bench, "/dev/null", 1, 3);
}

static void link_in_dev(struct bench *bench)
{
	add_file(bench, STEP_REPLACE_SYMLINK, "/dev/ptmx", "pts/ptmx");
}

static void mount_in_dev(struct bench *bench)
{
	add_mount(bench, "tmpfs", "/dev/shm", NULL);
}

/* A link is followed where it is not /proc's own, and must not lead there. */
static void mount_into_proc(struct bench *bench)
{
	add_mount(bench, "proc", "/proc", NULL);
	add_mount(bench, "tmpfs", "/procedures", NULL);
}

/* Symlinks of the image to the host's canary: refused in /dev, inside the root elsewhere. */
static void test_hostile_links(void)
{
	must(system("rm -rf " ROOT "/dev; ln -s " BENCH "/canary " ROOT "/dev; ln -s " BENCH
		    "/canary " ROOT "/evil") == 0
			? 0
			: -1,
		"links");
	expect("a device in a symlinked /dev", "~too many levels", device_in_dev);
	expect("a link in a symlinked /dev", "~too many levels", link_in_dev);
	expect("a mount in a symlinked /dev", "~too many levels", mount_in_dev);
	must(symlink("/proc/sys", ROOT "/procedures"), "link");
	expect("a mount that a link leads into proc", "~the target leads into a procfs",
		mount_into_proc);
	must(unlink(ROOT "/procedures"), "unlink");
	expect("all else below a symlink is inside",
		"the plan ends without a program: protocol error", device_in);
	is_true(access(ROOT BENCH "/canary/null", F_OK) == 0,
		"as the image's own directory shows");
	must(system("rm -rf " ROOT "/dev " ROOT "/evil " ROOT "/tmp/*; mkdir " ROOT "/dev") == 0
			? 0
			: -1,
		"links");
}

/* A file is hidden although there is no /dev/null to hide it with. */
static void test_mask_without_dev(bool in_user_namespace)
{
	char *argv[] = {"sh", "-c",
		"echo [$(cat /etc/secret /etc/secret2)]; echo x >/etc/secret; "
		"cat /etc/secret",
		NULL};
	char *envp[] = {"PATH=/bin", NULL, NULL};
	struct bench *bench = bench_new();

	bench->flags = CLONE_NEWNS;
	if (in_user_namespace) {
		bench->flags |= CLONE_NEWUSER;
		bench->maps = true;
		add_message(bench, STEP_AWAIT, MESSAGE_MAPPED);
		add(bench, STEP_BECOME_ROOT);
	}
	add_jail(bench);
	add_text(bench, STEP_MASK_PATH, "/etc/secret");
	add_text(bench, STEP_MASK_PATH, "/etc/secret2");
	add_pivot(bench);
	add_program(bench, 0, "/", argv, envp);
	run(bench);
	say_error(bench);
	is_true(strncmp(bench->output, "[]\n", 3) == 0 && !strstr(bench->output, "secret\n"),
		"masks without a /dev/null%s",
		in_user_namespace ? ", in a user namespace" : "");
	if (strncmp(bench->output, "[]\n", 3))
		printf("# %s\n", bench->output);
	free(bench);
}

/* ---- flags that came with a mount ---- */

/* Bit I: row I had the outcome that is expected. Runs in a user namespace that has copied the
 * mounts. */
static int try_locked(void)
{
	static const struct {
		uint64_t set, clear;
		bool fails;
	} rows[] = {
		{MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC, 0, false},
		{0, MOUNT_ATTR_RDONLY, true},
		{MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID, true},
		{MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME, false},
		{0, MOUNT_ATTR__ATIME, true},
	};
	int right = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench *bench = bench_new();
		struct step_mount *mount;

		bench->flags = CLONE_NEWNS;
		add_jail(bench);
		mount = add_attach(bench, 1, BENCH "/locked", "/run/locked");
		mount->set = rows[i].set;
		mount->clear = rows[i].clear;
		add_pivot(bench);
		run(bench); /* ends in EPROTO, there being no program */
		if (rows[i].fails == (bench->err.code == EPERM))
			right |= 1 << i;
		else
			say_error(bench);
		free(bench);
	}
	return right;
}

static void test_locked_flags(void)
{
	pid_t pid;
	int status = 0;

	must(mkdir(BENCH "/locked", 0755), "mkdir");
	must(mount(BENCH "/volume", BENCH "/locked", NULL, MS_BIND, NULL), "bind");
	must(mount(NULL, BENCH "/locked", NULL,
		     MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NOATIME, NULL),
		"remount");
	fflush(stdout);
	pid = fork();
	must(pid, "fork");
	if (pid == 0) {
		must(sys_unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare");
		_exit(try_locked());
	}
	must(waitpid(pid, &status, 0), "wait");
	must(umount(BENCH "/locked"), "umount");
	is_number((uint64_t)status >> 8, 31, "locked flags: kept, or an error when asked away");
}

/* ---- exec ---- */

/* Join a running process by its pidfd: all its namespaces at once, as a child of the runtime.
 */
static void test_exec(void)
{
	char *argv[] = {"sh", "-c",
		"echo name=$(hostname); echo parent=$(awk '/^PPid/{print $2}' "
		"/proc/self/status | wc -w); echo one=$(cat /proc/1/comm); echo cwd=$(pwd); "
		"echo ls=$(echo $(ls -d /mask_me))",
		NULL};
	char *envp[] = {"PATH=/bin", NULL, NULL};
	struct bench *bench = bench_new();
	int pidfd = -1, ready[2];
	struct clone_args args = {
		.flags =
			CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWUSER | CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid;
	char byte;

	must(pipe2(ready, O_CLOEXEC), "pipe");
	pid = sys_clone3(&args);
	if (pid == 0) {
		(void)sys_prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		read(ready[0], &byte, 1);
		if (sethostname("joined", 6) < 0 ||
			mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
			mount(ROOT, ROOT, NULL, MS_BIND | MS_REC, NULL) < 0 ||
			chdir(ROOT) < 0 || mount("proc", "proc", "proc", 0, NULL) < 0 ||
			sys_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
			_exit(1);
		close(ready[0]);
		close(ready[1]);
		pause();
	}
	must(pid, "clone3");
	write_map(pid, "gid_map");
	write_map(pid, "uid_map");
	must((int)write(ready[1], "x", 1), "write");
	close(ready[1]);
	usleep(200000);
	bench->slots[1] = pidfd;
	bench->capabilities = 1 << 10;
	struct step *step = add(bench, STEP_JOIN);

	step->join.pidfd_slot = 1;
	step->join.mask = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWUSER;
	add(bench, STEP_FORK);
	add(bench, STEP_JOIN_KEYRING);
	add(bench, STEP_NEW_SESSION);
	add_program(bench, 0, "/etc", argv, envp);
	run(bench);
	say_error(bench);
	is_number((uint64_t)bench->status, 0, "exec");
	is_fact(bench, "name", "joined");
	is_fact(bench, "one", "init_hostile_te"); /* comm has 15 bytes */
	is_fact(bench, "cwd", "/etc");
	is_fact(bench, "ls", "/mask_me");
	kill(pid, SIGKILL);
	must(waitpid(pid, NULL, 0), "wait");
	close(ready[0]);
	free(bench);
}

static void test_mask_everywhere(void)
{
	test_mask_without_dev(false);
	test_mask_without_dev(true);
}

int main(void)
{
	static void (*const tests[])(void) = {
		test_program_errors,
		test_step_errors,
		test_exec,
		test_locked_flags,
		test_mask_everywhere,
		test_hostile_passwd,
		test_hostile_directory,
		test_hostile_links,
		NULL,
	};

	return bench_main(tests);
}
