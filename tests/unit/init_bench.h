/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bench for the init floor: lists of steps written by hand, carried out in a real clone, with
 * this program as the outside. Everything happens in a mount namespace of its own, on one
 * tmpfs.
 */
#ifndef MAYFLY_INIT_BENCH_H
#define MAYFLY_INIT_BENCH_H

#include "runtime/init/init.h"
#include "runtime/sys/fd.h"
#include "runtime/sys/sys.h"
#include "tests/unit/tap.h"

#include <sys/statfs.h>

/* BENCH is the directory, and each program has its own: it is defined before this is included.
 */
#define ROOT BENCH "/root"

enum { SLOTS = 16, STEPS = 96 };

struct bench {
	struct plan plan;
	struct step steps[STEPS];
	int slots[SLOTS];
	uint64_t flags; /* of the clone */
	bool maps;	/* write "0 100000 65536" to both */
	bool create;	/* with fifos; `start` is said when the process is parked */
	uint64_t capabilities;
	struct oci_hooks hooks;
	struct sock_filter *bpf;
	unsigned short bpf_count;

	/* What happened. */
	char output[65536];
	struct error err;
	bool failed, executing;
	int status, console;
};

static void must(int result, const char *what)
{
	if (result < 0) {
		printf("Bail out! %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

static struct bench *bench_new(void)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	must(bench ? 0 : -1, "calloc");
	bench->plan.inside.steps = bench->steps;
	bench->plan.slots = SLOTS;
	bench->console = -1;
	for (int i = 0; i < SLOTS; i++)
		bench->slots[i] = -1;
	return bench;
}

static struct step *add(struct bench *bench, enum step_kind kind)
{
	struct step *step = &bench->steps[bench->plan.inside.count++];

	*step = (struct step){.kind = kind, .origin = "here"};
	return step;
}

static void add_text(struct bench *bench, enum step_kind kind, const char *text)
{
	add(bench, kind)->text = text;
}

static void add_number(struct bench *bench, enum step_kind kind, int64_t number)
{
	add(bench, kind)->number = number;
}

static void add_message(struct bench *bench, enum step_kind kind, enum message message)
{
	add(bench, kind)->message = message;
}

static void add_file(
	struct bench *bench, enum step_kind kind, const char *path, const char *text)
{
	struct step *step = add(bench, kind);

	step->file.path = path;
	step->file.text = text;
}

static struct step_mount *add_mount(
	struct bench *bench, const char *type, const char *target, const char *data)
{
	struct step *step = add(bench, STEP_MOUNT);

	step->mount.type = step->mount.source = type;
	step->mount.target = target;
	step->mount.data = data;
	return &step->mount;
}

/* Clone a tree of this namespace into a slot, as the outside list would. */
static void open_tree_slot(struct bench *bench, int slot, const char *path)
{
	bench->slots[slot] = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | AT_RECURSIVE);
	must(bench->slots[slot], path);
}

static struct step_mount *add_attach(
	struct bench *bench, int slot, const char *source, const char *target)
{
	static const unsigned long private[] = {MS_PRIVATE | MS_REC};
	struct step *step = add(bench, STEP_ATTACH);

	open_tree_slot(bench, slot, source);
	step->mount.slot = slot;
	step->mount.source = source;
	step->mount.target = target;
	step->mount.propagation = private;
	step->mount.n_propagation = 1;
	return &step->mount;
}

static struct step_device *add_device(
	struct bench *bench, const char *path, unsigned int major, unsigned int minor)
{
	struct step *step = add(bench, STEP_MAKE_DEVICE);

	step->device = (struct step_device){
		.path = path,
		.type = S_IFCHR,
		.major = major,
		.minor = minor,
		.mode = 0666,
	};
	return &step->device;
}

static void add_jail(struct bench *bench)
{
	add(bench, STEP_ISOLATE_MOUNTS)->propagation.flags = MS_REC | MS_SLAVE;
	open_tree_slot(bench, 0, ROOT);
	add(bench, STEP_ENTER_ROOT)->root.slot = 0;
}

static void add_pivot(struct bench *bench)
{
	add(bench, STEP_LEAVE_ROOT);
	add(bench, STEP_PIVOT_ROOT);
}

/* The rest of every list: who, where, what. */
static struct step *add_program(
	struct bench *bench, uid_t uid, const char *cwd, char *const *argv, char **envp)
{
	struct step *step;
	size_t n_env = 0;

	while (envp[n_env])
		n_env++;
	add(bench, STEP_FIND_HOME)->user.uid = uid;
	add(bench, STEP_NO_NEW_PRIVILEGES);
	step = add(bench, STEP_DROP_BOUNDING);
	step->capabilities.bounding = bench->capabilities;
	step->capabilities.last = 40;
	step = add(bench, STEP_SET_USER);
	step->user.uid = step->user.gid = uid;
	step = add(bench, STEP_SET_CAPABILITIES);
	step->capabilities = (struct step_capabilities){
		.bounding = bench->capabilities,
		.effective = bench->capabilities,
		.permitted = bench->capabilities,
		.last = 40,
	};
	add_text(bench, STEP_CHANGE_DIRECTORY, cwd);
	add(bench, STEP_FIND_PROGRAM);
	add_message(bench, STEP_TELL, MESSAGE_CREATED);
	add_message(bench, STEP_AWAIT, MESSAGE_COMMITTED);
	if (bench->create)
		add(bench, STEP_AWAIT_START);
	add_number(bench, STEP_CLOSE_FDS, 0);
	if (bench->bpf)
		add(bench, STEP_LOAD_SECCOMP);
	step = add(bench, STEP_EXEC);
	step->exec.argv = argv;
	step->exec.envp = envp;
	step->exec.n_env = n_env;
	return step;
}

/* ---- the outside ---- */

static void write_map(pid_t pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	must(fd, path);
	must((int)write(fd, "0 100000 65536", 14), path);
	close(fd);
}

static void converse(struct bench *bench, int channel, pid_t *pid, int start_fifo)
{
	struct received got;

	for (;;) {
		int done = channel_receive(channel, 20000, &got);

		if (done < 0) {
			printf("# channel: %s\n", strerror(-done));
			bench->failed = true;
			kill(*pid, SIGKILL);
			return;
		}
		switch (got.message) {
		case MESSAGE_FORKED:
			must(waitpid(*pid, NULL, 0), "reap the intermediate");
			*pid = (pid_t)got.value;
			if (bench->maps) {
				write_map(*pid, "gid_map");
				write_map(*pid, "uid_map");
				channel_tell(channel, MESSAGE_MAPPED, 0, -1);
			}
			break;
		case MESSAGE_ROOTFS_READY:
			channel_tell(channel, MESSAGE_HOOKS_DONE, 0, -1);
			break;
		case MESSAGE_CONSOLE:
			bench->console = got.fd;
			break;
		case MESSAGE_CREATED:
			channel_tell(channel, MESSAGE_COMMITTED, 0, -1);
			if (bench->create) {
				usleep(20000);
				must((int)write(start_fifo, "s", 1), "start");
			}
			break;
		case MESSAGE_ERROR:
			bench->failed = true;
			bench->err = got.error;
			return;
		default:
			return;
		}
	}
}

static void open_fifo(int *fd, const char *path)
{
	(void)unlink(path);
	must(mkfifo(path, 0600), path);
	*fd = open(path, O_RDWR | O_CLOEXEC);
	must(*fd, path);
}

/* What `start` would hear. */
static void hear_start(struct bench *bench, int fifo)
{
	struct start_report report;
	int fd = open(BENCH "/exec.fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	fd_close(&fifo);
	for (;;) {
		if (fd_await(fd, 5000) < 0 || read(fd, &report, sizeof(report)) <= 0)
			break;
		if (report.word == START_EXECUTING) {
			bench->executing = true;
		} else {
			bench->failed = true;
			bench->err = report.err;
		}
	}
	close(fd);
}

static void run(struct bench *bench)
{
	int ends[2], out[2], null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int start_fifo = -1, exec_fifo = -1;
	struct clone_args args = {
		.flags = bench->flags | CLONE_CLEAR_SIGHAND,
		.exit_signal = SIGCHLD,
	};
	size_t used = 0;
	ssize_t got;
	pid_t pid;

	must(channel_open(ends), "channel");
	must(pipe2(out, O_CLOEXEC), "pipe");
	if (bench->create) {
		open_fifo(&start_fifo, BENCH "/start.fifo");
		open_fifo(&exec_fifo, BENCH "/exec.fifo");
	}

	struct init_context *context = calloc(1, sizeof(*context));

	*context = (struct init_context){
		.plan = &bench->plan,
		.slots = bench->slots,
		.channel = ends[1],
		.start_fifo = start_fifo,
		.exec_fifo = exec_fifo,
		.begun = -1,
		.bundle = "/",
		.proc = open("/proc", O_PATH | O_CLOEXEC),
		.parent = getpid(),
		.hooks = &bench->hooks,
		.bpf = bench->bpf,
		.bpf_count = bench->bpf_count,
		.ignored_signals = ~UINT64_C(0),
	};
	for (int i = 0; i < HOOK_POINTS; i++)
		context->hook_state[i] = (struct hook_state){"{\"pid\":", "}", 0};
	fflush(stdout);
	pid = sys_clone3(&args);
	must(pid < 0 ? (errno = -pid, -1) : 0, "clone3");
	if (pid == 0) {
		close(ends[0]);
		dup2(null, 0);
		dup2(out[1], 1);
		dup2(out[1], 2);
		init_run(context);
	}
	close(ends[1]);
	close(out[1]);
	if (bench->maps && (bench->flags & CLONE_NEWUSER)) {
		write_map(pid, "gid_map");
		write_map(pid, "uid_map");
		channel_tell(ends[0], MESSAGE_MAPPED, 0, -1);
	}
	converse(bench, ends[0], &pid, start_fifo);
	if (bench->create)
		hear_start(bench, exec_fifo);
	while ((got = read(bench->console >= 0 ? bench->console : out[0], bench->output + used,
			sizeof(bench->output) - 1 - used)) > 0)
		used += (size_t)got;
	must(waitpid(pid, &bench->status, __WALL), "wait");
	close(ends[0]);
	close(out[0]);
	close(null);
	close(context->proc);
	fd_close(&start_fifo);
	fd_close(&bench->console);
	free(context);
	for (int i = 0; i < SLOTS; i++)
		fd_close(&bench->slots[i]);
}

static void say_error(const struct bench *bench)
{
	char line[4096];

	if (!bench->failed)
		return;
	error_print(&bench->err, line, sizeof(line));
	printf("# error: %s\n", line);
}

/* The program prints "key=value" lines. */
static void is_fact(const struct bench *bench, const char *key, const char *wanted)
{
	static char value[1024];
	size_t length = strlen(key);
	const char *at = bench->output;

	for (; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (strncmp(at, key, length) == 0 && at[length] == '=') {
			snprintf(value, sizeof(value), "%.*s",
				(int)strcspn(at + length + 1, "\r\n"), at + length + 1);
			is_text(value, wanted, key);
			return;
		}
	is_text(NULL, wanted, key);
}

static void is_error(const struct bench *bench, const char *wanted, const char *name)
{
	is_result(bench->failed ? -1 : 0, &bench->err, wanted, name);
}

/* ---- the image ---- */

static void write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	must(fd, path);
	must((int)write(fd, text, strlen(text)), path);
	must(fchmod(fd, mode), path);
	close(fd);
}

static void copy_busybox(void)
{
	static const char *const applets[] = {"sh", "cat", "ls", "id", "hostname", "pwd",
		"stat", "grep", "sed", "touch", "echo", "tty", "dd", "wc", "umask", "readlink",
		"mkdir", "tr", "awk", "stty", "ip", "test", "sleep", NULL};
	int from = open("/usr/bin/busybox", O_RDONLY | O_CLOEXEC);
	int to = open(ROOT "/bin/busybox", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	char block[65536];
	ssize_t got;

	must(from, "/usr/bin/busybox");
	must(to, ROOT "/bin/busybox");
	while ((got = read(from, block, sizeof(block))) > 0)
		must((int)write(to, block, (size_t)got), "copy");
	close(from);
	close(to);
	for (size_t i = 0; applets[i]; i++) {
		char path[128];

		snprintf(path, sizeof(path), ROOT "/bin/%s", applets[i]);
		must(symlink("busybox", path), path);
	}
}

/* The image, with what an image may bring. */
static void lay_out(void)
{
	static const char *const directories[] = {ROOT, ROOT "/bin", ROOT "/proc", ROOT "/etc",
		ROOT "/run", ROOT "/var", ROOT "/copy", ROOT "/copy/below", ROOT "/tmp",
		ROOT "/masked", BENCH "/volume", BENCH "/volume/sub", BENCH "/canary"};

	(void)mkdir(BENCH, 0755);
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
	must(mount("bench", BENCH, "tmpfs", 0, "mode=755"), "tmpfs");
	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++)
		must(mkdir(directories[i], 0755), directories[i]);
	copy_busybox();
	must(chmod(ROOT "/tmp", 01777), "chmod");
	must(symlink("/run", ROOT "/var/run"), "symlink");
	must(symlink("/masked", ROOT "/mask_me"), "symlink");
	write_file(ROOT "/masked/secret", "secret", 0644);
	write_file(ROOT "/etc/secret", "secret", 0644);
	write_file(ROOT "/etc/secret2", "secret", 0644);
	write_file(ROOT "/etc/passwd",
		"root:x:0:0:root:/root:/bin/sh\nuser:x:1234:1234::/home/user:/bin/sh", 0644);
	write_file(ROOT "/etc/text", "not a program", 0644);
	write_file(ROOT "/etc/garbage",
		"\x7f"
		"ELF garbage",
		0755);
	write_file(ROOT "/copy/file", "copied", 0640);
	write_file(ROOT "/copy/below/file", "deep", 0600);
	must(chown(ROOT "/copy/file", 1234, 55), "chown");
	must(symlink("file", ROOT "/copy/link"), "symlink");
	must(mkfifo(ROOT "/copy/fifo", 0600), "mkfifo");
	write_file(BENCH "/volume/data", "data", 0644);
	write_file(BENCH "/file", "one file", 0644);
	must(mount("sub", BENCH "/volume/sub", "tmpfs", 0, NULL), "tmpfs");
}

static int count_mounts(void)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	int lines = 0, c;

	while (file && (c = getc(file)) != EOF)
		lines += c == '\n';
	if (file)
		fclose(file);
	return lines;
}

/* Run TESTS in a mount namespace of their own; afterwards nothing outside of the roots has
 * changed. */
static int bench_main(void (*const *tests)(void))
{
	int mounts;

	if (geteuid() != 0 || access("/usr/bin/busybox", X_OK) < 0 ||
		sys_unshare(CLONE_NEWNS) < 0) {
		printf("1..0 # SKIP needs root and a static busybox\n");
		return 77;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	lay_out();
	mounts = count_mounts();
	for (; *tests; tests++)
		(*tests)();
	is_number((uint64_t)count_mounts(), (uint64_t)mounts, "the host has the mounts it had");
	is_true(rmdir(BENCH "/canary") == 0, "the canary is empty");
	(void)umount2(BENCH, MNT_DETACH);
	(void)rmdir(BENCH);
	return tap_end();
}

#endif
