/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside list without a planner: steps written by hand bring up busybox, and the program
 * itself says what it finds. Needs root and a static busybox; else it is skipped.
 */
#define BENCH "/tmp/mayfly-init-bench"
#include "tests/unit/init_bench.h"

#include <linux/seccomp.h>

static char *const shell[] = {"sh", "/facts", NULL};

static void facts(const char *script)
{
	write_file(ROOT "/facts", script, 0755);
}

static const char whole[] =
	"echo hostname=$(hostname)\n"
	"echo domain=$(cat /proc/sys/kernel/domainname)\n"
	"echo pid=$$\n"
	"echo cwd=$(pwd)\n"
	"echo uid=$(id -u) gid=$(id -g) groups=$(id -G)\n"
	"echo home=$HOME\n"
	"echo umask=$(umask)\n"
	"echo ls=$(echo $(ls /))\n"
	"grep -E '^(Cap|NoNew|Seccomp:|SigBlk|SigIgn)' /proc/self/status | tr -d '\\t' | sed "
	"'s/:/=/'\n"
	"echo roots=$(awk '$5 == \"/\"' /proc/self/mountinfo | wc -l)\n"
	"echo mounts=$(echo $(awk '{print $5}' /proc/self/mountinfo))\n"
	"echo peers=$(grep -c shared: /proc/self/mountinfo)\n"
	"for d in null zero full tty; do echo $d=$(stat -c '%a %t:%T %u' /dev/$d); done\n"
	"echo fd=$(readlink /dev/fd) ptmx=$(readlink /dev/ptmx)\n"
	"echo devro=$(touch /dev/x 2>&1)\n"
	"echo rootro=$(touch /x 2>&1)\n"
	"echo tmpmode=$(stat -c %a /tmp)\n"
	"echo vol=$(cat /run/vol/data) sub=$(ls -d /run/vol/sub) $(touch /run/vol/y 2>&1)\n"
	"echo sub=$(touch /run/vol/sub/y 2>&1)\n"
	"echo bound=$(cat /etc/bound)\n"
	"echo copy=$(stat -c '%n %a %u:%g' /copy/file /copy/below/file) $(readlink "
	"/copy/link)\n"
	"echo copydev=$(stat -f -c %T /copy)\n"
	"echo secret=[$(cat /etc/secret /etc/secret2)] $(stat -c %t:%T /etc/secret)\n"
	"echo masked=[$(ls /masked 2>&1)] $(touch /masked/x 2>&1)\n"
	"echo version=$(stat -c %t:%T /proc/version)\n"
	"echo sysro=$(echo 1 2>&1 >/proc/sys/kernel/domainname)\n"
	"echo lo=$(ip addr show lo | grep -c LOOPBACK,UP)\n"
	"echo port=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)\n"
	"echo cgroup=$(grep ^0:: /proc/self/cgroup)\n"
	"echo session=$(awk '{print $6}' /proc/$$/stat)\n"
	"echo files=$(ulimit -Sn) $(ulimit -Hn)\n"
	"echo nice=$(awk '{print $19}' /proc/$$/stat)\n";

static void add_filesystems(struct bench *bench)
{
	static const unsigned long private[] = {MS_PRIVATE};
	struct step_mount *mount;

	add_mount(bench, "proc", "/proc", NULL)->set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	mount = add_mount(bench, "tmpfs", "/dev", "mode=755,size=65536k");
	mount->set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME | MOUNT_ATTR_RDONLY;
	mount->final_readonly = true;
	mount->propagation = private;
	mount->n_propagation = 1;
	add_mount(bench, "devpts", "/dev/pts", "newinstance,ptmxmode=0666,mode=0620,gid=5");
	add_mount(bench, "sysfs", "/sys", "")->set = MOUNT_ATTR_RDONLY;
	add_mount(bench, "mqueue", "/dev/mqueue", NULL);
	add_mount(bench, "tmpfs", "/tmp", "size=1m")->keep_mode = true;
	mount = add_mount(bench, "tmpfs", "/copy", NULL);
	mount->copy_up = mount->keep_mode = true;
}

static void test_whole_container(void)
{
	char *envp[] = {"PATH=/nowhere:/bin", NULL, NULL};
	struct bench *bench = bench_new();
	struct step *step;

	facts(whole);
	bench->flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET;
	bench->capabilities = 1 << 10;
	add(bench, STEP_UNSHARE)->unshare.flags = CLONE_NEWCGROUP;
	add(bench, STEP_LOOPBACK_UP);
	add_text(bench, STEP_SET_HOSTNAME, "mayfly");
	add_text(bench, STEP_SET_DOMAINNAME, "domain");
	add(bench, STEP_JOIN_KEYRING);
	add_jail(bench);
	add_filesystems(bench);
	add_attach(bench, 1, BENCH "/volume", "/var/run/vol")->set = MOUNT_ATTR_RDONLY;
	add_attach(bench, 2, BENCH "/file", "/etc/bound");
	add_device(bench, "/dev/null", 1, 3);
	add_device(bench, "/dev/zero", 1, 5);
	add_device(bench, "/dev/tty", 5, 0);
	step = add(bench, STEP_BIND_DEVICE);
	step->device = (struct step_device){
		.path = "/dev/full", .type = S_IFCHR, .major = 1, .minor = 7, .slot = 3};
	open_tree_slot(bench, 3, "/dev/full");
	add_file(bench, STEP_SYMLINK, "/dev/fd", "/proc/self/fd");
	add_file(bench, STEP_REPLACE_SYMLINK, "/dev/ptmx", "pts/ptmx");
	add_text(bench, STEP_MAKE_DIRECTORY, "/work/here");
	step = add(bench, STEP_CHANGE_MOUNT);
	step->mount.target = "/dev";
	step->mount.set = MOUNT_ATTR_RDONLY;
	add_message(bench, STEP_TELL, MESSAGE_ROOTFS_READY);
	add_message(bench, STEP_AWAIT, MESSAGE_HOOKS_DONE);
	add_file(bench, STEP_WRITE_SYSCTL, "net/ipv4/ip_unprivileged_port_start", "77");
	add_text(bench, STEP_PROTECT_PATH, "/proc/sys");
	add_text(bench, STEP_PROTECT_PATH, "/not/there");
	static const char *const masked[] = {"/proc/version", "/mask_me", "/etc/secret",
		"/etc/secret2", "/not/there", "/etc/secret/below", "/sys/firmware",
		"/proc/scsi"};

	for (size_t i = 0; i < sizeof(masked) / sizeof(*masked); i++)
		add_text(bench, STEP_MASK_PATH, masked[i]);
	add_pivot(bench);
	add(bench, STEP_SET_ROOT)->mount.set = MOUNT_ATTR_RDONLY;
	add(bench, STEP_NEW_SESSION);
	step = add(bench, STEP_SET_RLIMIT);
	step->rlimit.resource = RLIMIT_NOFILE;
	step->rlimit.soft = 333;
	step->rlimit.hard = 444;
	add(bench, STEP_SET_SCHEDULER)->scheduler.nice = 5;
	add_number(bench, STEP_SET_IO_PRIORITY, 2 << 13 | 7);
	add(bench, STEP_SET_AFFINITY);
	add(bench, STEP_SET_MEMORY_POLICY);
	add_number(bench, STEP_SET_PERSONALITY, 0);
	add_number(bench, STEP_SET_UMASK, 027);
	add(bench, STEP_OWN_STDIO)->owner.uid = 1234;
	add_program(bench, 1234, "/work/here", shell, envp);
	signal(SIGUSR1, SIG_IGN);
	run(bench);
	signal(SIGUSR1, SIG_DFL);
	say_error(bench);
	is_number((uint64_t)bench->status, 0, "a whole container runs and exits with 0");
	is_fact(bench, "hostname", "mayfly");
	is_fact(bench, "domain", "domain");
	is_fact(bench, "pid", "1");
	is_fact(bench, "cwd", "/work/here");
	is_fact(bench, "uid", "1234 gid=1234 groups=1234");
	is_fact(bench, "home", "/home/user");
	is_fact(bench, "umask", "0027");
	is_fact(bench, "ls", "bin copy dev etc facts mask_me masked proc run sys tmp var work");
	is_fact(bench, "CapEff", "0000000000000000"); /* of busybox's child, as uid 1234 */
	is_fact(bench, "CapBnd", "0000000000000400");
	is_fact(bench, "CapInh", "0000000000000000");
	is_fact(bench, "CapAmb", "0000000000000000");
	is_fact(bench, "NoNewPrivs", "1");
	is_fact(bench, "SigBlk", "0000000000000000");
	is_fact(bench, "SigIgn", "0000000000000000");
	is_fact(bench, "roots", "1");
	is_fact(bench, "peers", "0");
	is_fact(bench, "null", "666 1:3 0");
	is_fact(bench, "zero", "666 1:5 0");
	is_fact(bench, "full", "666 1:7 0");
	is_fact(bench, "tty", "666 5:0 0");
	is_fact(bench, "fd", "/proc/self/fd ptmx=pts/ptmx");
	is_fact(bench, "devro", "touch: /dev/x: Read-only file system");
	is_fact(bench, "rootro", "touch: /x: Read-only file system");
	is_fact(bench, "tmpmode", "1777");
	is_fact(bench, "vol", "data sub=/run/vol/sub touch: /run/vol/y: Read-only file system");
	is_fact(bench, "bound", "one file");
	is_fact(bench, "copy", "/copy/file 640 1234:55 /copy/below/file 600 0:0 file");
	is_fact(bench, "copydev", "tmpfs");
	is_fact(bench, "secret", "[] 1:3");
	is_fact(bench, "masked", "[] touch: /masked/x: Read-only file system");
	is_fact(bench, "version", "1:3");
	is_fact(bench, "lo", "1");
	is_fact(bench, "port", "77");
	is_fact(bench, "cgroup", "0::/");
	is_fact(bench, "session", "1");
	is_fact(bench, "files", "333 444");
	is_fact(bench, "nice", "5");
	if (getenv("VERBOSE"))
		printf("%s\n", bench->output);
	free(bench);
}

/* ---- a user namespace ---- */

static void test_user_namespace(bool forked)
{
	char *envp[] = {"PATH=/bin", "HOME=/given", NULL, NULL};
	struct bench *bench = bench_new();
	struct step *step;

	facts("echo uid=$(id -u):$(id -g)\necho map=$(echo $(cat /proc/self/uid_map))\n"
	      "echo pid=$$\necho home=$HOME\necho null=$(stat -c %t:%T /dev/null)\n"
	      "echo secret=[$(cat /etc/secret)]\n"
	      "echo masked=[$(ls /masked)]\n"
	      "grep -E '^CapEff' /proc/self/status | tr -d '\\t' | sed 's/:/=/'\n"
	      "echo vol=$(cat /run/vol/data)\n");
	bench->maps = true;
	bench->capabilities = 1 << 10 | 1 << 21;

	uint64_t flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET;

	if (forked)
		add(bench, STEP_FORK)->clone.flags = flags;
	else
		bench->flags = flags;
	add_message(bench, STEP_AWAIT, MESSAGE_MAPPED);
	add(bench, STEP_BECOME_ROOT);
	add(bench, STEP_LOOPBACK_UP);
	add_jail(bench);
	add_mount(bench, "proc", "/proc", NULL);
	add_mount(bench, "tmpfs", "/dev", "mode=755");
	add_mount(bench, "devpts", "/dev/pts", "newinstance,gid=70000")->otherwise =
		OTHERWISE_WITHOUT_GID;
	add_attach(bench, 1, BENCH "/volume", "/var/run/vol")->set = MOUNT_ATTR_RDONLY;
	step = add(bench, STEP_BIND_DEVICE);
	step->device = (struct step_device){
		.path = "/dev/null", .type = S_IFCHR, .major = 1, .minor = 3, .slot = 3};
	open_tree_slot(bench, 3, "/dev/null");
	add_text(bench, STEP_MASK_PATH, "/etc/secret");
	add_text(bench, STEP_MASK_PATH, "/masked");
	add_text(bench, STEP_PROTECT_PATH, "/proc/sys");
	add_pivot(bench);
	add(bench, STEP_NEW_SESSION);
	add_program(bench, 0, "/", shell, envp);
	run(bench);
	say_error(bench);
	is_number((uint64_t)bench->status, 0,
		forked ? "a user namespace after a fork" : "a user namespace");
	is_fact(bench, "uid", "0:0");
	is_fact(bench, "map", "0 100000 65536");
	is_fact(bench, "pid", "1");
	is_fact(bench, "home", "/given");
	is_fact(bench, "null", "1:3");
	is_fact(bench, "secret", "[]");
	is_fact(bench, "masked", "[]");
	is_fact(bench, "CapEff", "0000000000200400");
	is_fact(bench, "vol", "data");
	free(bench);
}

/* ---- create, start, and who hears of an error ---- */

static void test_create(void)
{
	char *envp[] = {"PATH=/bin", NULL, NULL};
	char *garbage[] = {"/etc/garbage", NULL};
	struct bench *bench = bench_new();

	facts("echo ran=yes\n");
	bench->flags = CLONE_NEWNS;
	bench->create = true;
	add_jail(bench);
	add_pivot(bench);
	add_program(bench, 0, "/", shell, envp);
	run(bench);
	say_error(bench);
	is_true(bench->executing && !bench->failed, "start hears that the program runs");
	is_fact(bench, "ran", "yes");
	free(bench);

	bench = bench_new();
	bench->flags = CLONE_NEWNS;
	bench->create = true;
	add_jail(bench);
	add_pivot(bench);
	add_program(bench, 0, "/", garbage, envp);
	run(bench);
	is_error(bench, "here: exec /etc/garbage: exec format error",
		"start hears why it does not");
	free(bench);
}

static void test_console(void)
{
	char *envp[] = {"PATH=/bin", NULL, NULL};
	struct bench *bench = bench_new();
	struct step *step;

	facts("echo tty=$(tty)\necho console=$(stat -c '%t:%T %u:%g' /dev/console)\n"
	      "echo size=$(stty size)\n[ -t 1 ] && echo out=yes\n"
	      "echo controlling=$(echo -n >/dev/tty && echo yes)\n");
	bench->flags = CLONE_NEWNS | CLONE_NEWPID;
	add_jail(bench);
	add_mount(bench, "tmpfs", "/dev", "mode=755");
	add_mount(bench, "devpts", "/dev/pts", "newinstance,ptmxmode=0666,mode=0620,gid=5");
	add_device(bench, "/dev/tty", 5, 0);
	add_file(bench, STEP_REPLACE_SYMLINK, "/dev/ptmx", "pts/ptmx");
	step = add(bench, STEP_OPEN_CONSOLE);
	step->console = (struct step_console){
		.has_size = true, .rows = 33, .columns = 99, .bind = true, .uid = 1234};
	add_pivot(bench);
	add(bench, STEP_NEW_SESSION);
	add_program(bench, 1234, "/", shell, envp);
	run(bench);
	say_error(bench);
	is_fact(bench, "tty", "/dev/pts/0");
	is_fact(bench, "console", "88:0 1234:5");
	is_fact(bench, "size", "33 99");
	is_fact(bench, "out", "yes");
	is_fact(bench, "controlling", "yes");
	free(bench);
}

/* Descriptors of ours, of the caller, and the caller's that the program is to get. */
static void test_descriptors(int64_t preserve, const char *wanted, const char *name)
{
	char *argv[] = {"ls", "/proc/self/fd", NULL};
	char *envp[] = {"PATH=/bin", NULL, NULL};
	struct bench *bench = bench_new();
	int callers[2];

	for (int i = 0; i < 2; i++)
		callers[i] = open(BENCH, O_DIRECTORY | (i ? 0 : O_CLOEXEC));
	is_true(callers[0] == 3 && callers[1] == 4, "the caller has descriptors 3 and 4");
	bench->flags = CLONE_NEWNS;
	add_jail(bench);
	add_mount(bench, "proc", "/proc", NULL);
	add_pivot(bench);
	add_program(bench, 0, "/", argv, envp);
	bench->steps[bench->plan.inside.count - 2].number = preserve;
	run(bench);
	say_error(bench);
	is_text(bench->output, wanted, name);
	free(bench);
	close(callers[0]);
	close(callers[1]);
}

/* ---- other ways ---- */

static void test_no_pivot(void)
{
	char *envp[] = {"PATH=/bin", NULL, NULL};
	struct bench *bench = bench_new();

	facts("echo ls=$(echo $(ls /../..))\necho own=$(cat /proc/$$/comm)\n"
	      "echo new=$(busybox unshare -U -r -p -f -m busybox mount -t proc p /proc "
	      "2>&1)\n");
	bench->flags = CLONE_NEWNS;
	bench->capabilities = 1 << 18;
	add_jail(bench);
	add_mount(bench, "proc", "/proc", NULL);
	add_text(bench, STEP_MASK_PATH, "/proc/version");
	add(bench, STEP_LEAVE_ROOT);
	add(bench, STEP_CHROOT);
	add_program(bench, 1234, "/", shell, envp);
	run(bench);
	say_error(bench);
	is_number((uint64_t)bench->status, 0, "without pivot_root");
	is_true(strstr(bench->output, "ls=bin copy") == bench->output,
		"the root is the image's");
	is_fact(bench, "own", "sh");
	is_fact(bench, "new", "mount: permission denied (are you root?)");
	free(bench);
}

static void test_join(void)
{
	static struct step_namespace namespaces[] = {
		{4, CLONE_NEWUTS}, {5, CLONE_NEWPID}, {6, CLONE_NEWUSER}};
	char *envp[] = {"PATH=/bin", NULL, NULL};
	struct bench *bench = bench_new();
	struct step *step;

	facts("echo ran=yes\n");
	bench->slots[4] = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
	bench->slots[5] = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	bench->slots[6] = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	step = add(bench, STEP_JOIN);
	step->join.pidfd_slot = -1;
	step->join.namespaces = namespaces;
	step->join.n_namespaces = 3;
	add(bench, STEP_UNSHARE)->unshare.flags = CLONE_NEWTIME;
	add_file(bench, STEP_WRITE_SELF, "timens_offsets", "boottime 86400 0");
	add(bench, STEP_FORK)->clone.flags = CLONE_NEWNS;
	add_jail(bench);
	add_mount(bench, "proc", "/proc", NULL);
	add_pivot(bench);
	add_program(bench, 0, "/", shell, envp);
	run(bench);
	say_error(bench);
	is_number((uint64_t)bench->status, 0, "joined namespaces, own ones included");
	is_fact(bench, "ran", "yes");
	free(bench);
}

static void test_hooks(void)
{
	static const char *outer_args[] = {"sh", "-c", "cat >" BENCH "/canary/hook", NULL};
	static const char *failing_args[] = {"sh", "-c", "echo why >&2; exit 3", NULL};
	static struct oci_hook outer = {.path = "/bin/sh", .args = outer_args, .n_args = 3};
	static struct oci_hook inner = {.path = "/bin/sh", .args = failing_args, .n_args = 3};
	char *envp[] = {"PATH=/bin", NULL, NULL};
	struct bench *bench = bench_new();

	facts("echo ran=yes\n");
	bench->flags = CLONE_NEWNS | CLONE_NEWPID;
	bench->hooks.create_container = &outer;
	bench->hooks.n_create_container = 1;
	bench->hooks.start_container = &inner;
	bench->hooks.n_start_container = 1;
	add_jail(bench);
	add(bench, STEP_LEAVE_ROOT);
	add(bench, STEP_RUN_HOOKS)->hooks.point = HOOK_CREATE_CONTAINER;
	add(bench, STEP_PIVOT_ROOT);
	add(bench, STEP_RUN_HOOKS)->hooks.point = HOOK_START_CONTAINER;
	add_program(bench, 0, "/", shell, envp);
	run(bench);
	is_error(bench, "~stderr: why", "a startContainer hook that fails");

	FILE *file = fopen(BENCH "/canary/hook", "re");
	int pid = 0;

	is_true(file && fscanf(file, "{\"pid\":%d}", &pid) == 1 && pid > 1,
		"a createContainer hook sees the host's files and our outer pid");
	if (file)
		fclose(file);
	unlink(BENCH "/canary/hook");
	free(bench);
}

static void test_seccomp(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 99),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	char *envp[] = {"PATH=/bin", NULL, NULL};
	struct bench *bench = bench_new();

	facts("echo made=$(mkdir /run/no 2>&1)\n");
	bench->flags = CLONE_NEWNS;
	bench->bpf = filter;
	bench->bpf_count = 4;
	add_jail(bench);
	add_pivot(bench);
	add_program(bench, 0, "/", shell, envp);
	run(bench);
	say_error(bench);
	is_fact(bench, "made",
		"mkdir: can't create directory '/run/no': Cannot assign requested address");
	free(bench);
}

static void test_both_user_namespaces(void)
{
	test_user_namespace(false);
	test_user_namespace(true);
}

static void test_kept_descriptors(void)
{
	test_descriptors(0, "0\n1\n2\n3\n", "no descriptor but stdio (3 is ls's own)");
	test_descriptors(2, "0\n1\n2\n3\n4\n5\n", "two are kept, and none of ours");
}

int main(void)
{
	static void (*const tests[])(void) = {
		test_whole_container,
		test_both_user_namespaces,
		test_create,
		test_console,
		test_kept_descriptors,
		test_no_pivot,
		test_join,
		test_hooks,
		test_seccomp,
		NULL,
	};

	return bench_main(tests);
}
