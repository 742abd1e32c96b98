/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor: what the kernel asks for the bench's own bundles, and nothing else. No JSON, no
 *errors told, no checks, no record; every step is in this file. It is no runtime: it says how
 *much of a runtime's time is the kernel's.
 *
 *	floor run A|D ROOTFS CGROUP	as "run": cgroup, clone, mounts, exec, wait, clean up
 *	floor state FILE		as "state": read a record, ask whether its process lives,
 *print
 *
 * D adds three bound files, two sysctls and a filter. The filter allows all: how long Docker's
 *own takes to load is in the kernel's emulation of it, and part of what a runtime can make
 *better.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

static const struct {
	const char *source, *target, *type, *data;
	unsigned long flags;
} mounts[] = {
	{"proc", "proc", "proc", NULL, 0},
	{"tmpfs", "dev", "tmpfs", "mode=755,size=65536k", MS_NOSUID | MS_STRICTATIME},
	{"devpts", "dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=0620,gid=5",
		MS_NOSUID | MS_NOEXEC},
	{"shm", "dev/shm", "tmpfs", "mode=1777,size=65536k", MS_NOSUID | MS_NOEXEC | MS_NODEV},
	{"mqueue", "dev/mqueue", "mqueue", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV},
	{"sysfs", "sys", "sysfs", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY},
	{"cgroup", "sys/fs/cgroup", "cgroup2", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV},
};
static const struct {
	const char *name;
	int major, minor;
} devices[] = {{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8},
	{"urandom", 1, 9}, {"tty", 5, 0}};
static const char *const links[][2] = {{"/proc/self/fd", "dev/fd"},
	{"/proc/self/fd/0", "dev/stdin"}, {"/proc/self/fd/1", "dev/stdout"},
	{"/proc/self/fd/2", "dev/stderr"}, {"pts/ptmx", "dev/ptmx"}};
static const char *const readonly[] = {
	"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"};
static const char *const masked[] = {"proc/acpi", "proc/asound", "proc/kcore", "proc/keys",
	"proc/latency_stats", "proc/timer_list", "proc/timer_stats", "proc/sched_debug",
	"sys/firmware", "proc/scsi"};

/* The kernel's order of things, so that a mistake here is not measured as speed. */
static long must(long answer, const char *what)
{
	if (answer < 0) {
		perror(what);
		_exit(1);
	}
	return answer;
}

static void device_program(int cgroup)
{
	/* Character devices 1:3 1:5 1:7 1:8 1:9 5:0 5:2 and 136:*, nothing else: r1 is the
	 * context. */
	static const int allowed[][2] = {
		{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 2}};
	struct bpf_insn code[32];
	int n = 0;
	union bpf_attr load = {0}, attach = {0};

#define PUT(c, d, s, o, i) (code[n++] = (struct bpf_insn){c, d, s, o, i})
	PUT(BPF_LDX | BPF_MEM | BPF_W, 2, 1, 4, 0);
	PUT(BPF_LDX | BPF_MEM | BPF_W, 3, 1, 8, 0);
	PUT(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1);
	PUT(BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 2 * 7 + 1, 136);
	for (int i = 0; i < 7; i++) {
		PUT(BPF_JMP | BPF_JNE | BPF_K, 2, 0, 1, allowed[i][0]);
		PUT(BPF_JMP | BPF_JEQ | BPF_K, 3, 0, 2 * (6 - i) + 1, allowed[i][1]);
	}
	PUT(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	PUT(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	load.insns = (uintptr_t)code;
	load.insn_cnt = (uint32_t)n;
	load.license = (uintptr_t) "Apache-2.0";
	attach.target_fd = (uint32_t)cgroup;
	attach.attach_bpf_fd =
		(uint32_t)must(syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load)), "load");
	attach.attach_type = BPF_CGROUP_DEVICE;
	attach.attach_flags = BPF_F_ALLOW_MULTI;
	must(syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach)), "attach");
	close((int)attach.attach_bpf_fd);
}

static void protect(void)
{
	for (size_t i = 0; i < sizeof(readonly) / sizeof(*readonly); i++)
		if (mount(readonly[i], readonly[i], NULL, MS_BIND | MS_REC, NULL) == 0)
			mount(NULL, readonly[i], NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
	const char *directory = NULL;

	for (size_t i = 0; i < sizeof(masked) / sizeof(*masked); i++) {
		if (mount("dev/null", masked[i], NULL, MS_BIND, NULL) == 0 || errno != ENOTDIR)
			continue;
		if (directory)
			mount(directory, masked[i], NULL, MS_BIND, NULL);
		else if (mount("tmpfs", masked[i], "tmpfs", MS_RDONLY,
				 "nr_blocks=1,nr_inodes=1") == 0)
			directory = masked[i];
	}
}

static void write_text(const char *path, const char *text)
{
	int fd = (int)must(open(path, O_WRONLY | O_CLOEXEC), path);

	must(write(fd, text, strlen(text)), path);
	close(fd);
}

static void drop(uint64_t kept)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{(uint32_t)kept, (uint32_t)kept, 0}, {0, 0, 0}};

	for (int i = 0; i <= CAP_LAST_CAP; i++)
		if (!(kept >> i & 1))
			prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	syscall(SYS_setgroups, 0, NULL);
	syscall(SYS_setresgid, 0, 0, 0);
	syscall(SYS_setresuid, 0, 0, 0);
	must(syscall(SYS_capset, &header, data), "capset");
}

static _Noreturn void inside(bool docker, const char *rootfs)
{
	static char *const argv[] = {"/bin/true", NULL}, *const envp[] = {"PATH=/bin", NULL};
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	struct sock_filter allow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
	struct sock_fprog program = {1, &allow};
	const struct rlimit files = {1024, 1024};

	must(unshare(CLONE_NEWCGROUP), "unshare");
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(ioctl(fd, SIOCSIFFLAGS, &lo), "lo");
	close(fd);
	if (docker) {
		write_text("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
		write_text("/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
	}
	sethostname("bench", 5);
	syscall(SYS_keyctl, 1, NULL);
	must(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL), "slave");
	must(mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL), "bind");
	must(chdir(rootfs), rootfs);
	must(mount(NULL, ".", NULL, MS_PRIVATE, NULL), "private");
	umask(0);
	for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		if (strncmp(mounts[i].target, "dev/", 4) == 0)
			must(mkdir(mounts[i].target, 0755), mounts[i].target);
		must(mount(mounts[i].source, mounts[i].target, mounts[i].type, mounts[i].flags,
			     mounts[i].data),
			mounts[i].target);
	}
	for (size_t i = 0; docker && i < 3; i++) {
		static const char *const files[] = {
			"etc/hostname", "etc/hosts", "etc/resolv.conf"};

		must(mount("bin/busybox", files[i], NULL, MS_BIND, NULL), files[i]);
		must(mount(NULL, files[i], NULL, MS_PRIVATE, NULL), files[i]);
	}
	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++) {
		char path[32];

		snprintf(path, sizeof(path), "dev/%s", devices[i].name);
		must(mknod(path, S_IFCHR | 0666, makedev(devices[i].major, devices[i].minor)),
			path);
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		must(symlink(links[i][0], links[i][1]), links[i][1]);
	protect();
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "umount");
	must(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), "read-only");
	setsid();
	umask(022);
	setrlimit(RLIMIT_NOFILE, &files);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	drop(docker ? 0xa80425fbULL
		    : 1ULL << CAP_KILL | 1ULL << CAP_NET_BIND_SERVICE |
				1ULL << CAP_AUDIT_WRITE);
	must(chdir("/"), "chdir");
	if (docker)
		must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "seccomp");
	syscall(SYS_close_range, 3, ~0U, 0);
	execve(argv[0], argv, envp);
	_exit(127);
}

static int run(bool docker, const char *rootfs, const char *cgroup)
{
	int status, pidfd = -1;

	must(mkdir(cgroup, 0755), cgroup);
	int fd = (int)must(open(cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC), cgroup);
	device_program(fd);
	struct clone_args args = {
		.flags = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID |
			 CLONE_NEWNET | CLONE_PIDFD | CLONE_INTO_CGROUP,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)fd,
	};
	long pid = must(syscall(SYS_clone3, &args, sizeof(args)), "clone3");

	if (pid == 0)
		inside(docker, rootfs);
	must(waitpid((pid_t)pid, &status, 0), "wait");
	must(rmdir(cgroup), cgroup);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int state(const char *path)
{
	char text[4096];
	int fd = (int)must(open(path, O_RDONLY | O_CLOEXEC), path);
	ssize_t got = must(read(fd, text, sizeof(text)), path);
	int pidfd = (int)syscall(SYS_pidfd_open, getppid(), 0);
	struct stat info;

	fstat(pidfd, &info);
	return write(1, text, (size_t)got) == got ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "run") == 0)
		return run(argv[2][0] == 'D', argv[3], argv[4]);
	if (argc == 3 && strcmp(argv[1], "state") == 0)
		return state(argv[2]);
	fprintf(stderr, "usage: floor run A|D ROOTFS CGROUP | floor state FILE\n");
	return 2;
}
