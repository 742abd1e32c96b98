/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row per fact: {name, probe}. A probe asks the real interface something harmless and reads
 * the answer; what cannot be known is the answer that promises less.
 */
#include "runtime/host/host.h"

#include "runtime/sys/fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/self.h"
#include "runtime/sys/sys.h"

#include <dirent.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#define UNIFIED_MOUNT "/sys/fs/cgroup"
#define HYBRID_MOUNT  "/sys/fs/cgroup/unified"

#define RESCTRL_MOUNT "/sys/fs/resctrl"

enum { FS_SELINUX = 0xf97cff8c, FS_RESCTRL = 0x7655821 };

struct probing {
	struct host *host;
	struct arena *arena;
	struct error *err;
	int self; /* O_PATH of /proc/self: looking it up again and again is the dear part */
};

static bool exists(int dir, const char *path)
{
	return faccessat(dir, path, F_OK, 0) == 0;
}

static bool is_file_system(const char *path, unsigned long magic)
{
	struct statfs facts;

	return statfs(path, &facts) == 0 && (unsigned long)facts.f_type == magic;
}

static int probe_ids(struct probing *probing)
{
	probing->host->euid = geteuid();
	probing->host->egid = getegid();
	return 0;
}

static int probe_user_namespace(struct probing *probing)
{
	probing->host->in_user_namespace = !self_in_initial_user_namespace();
	return 0;
}

/* The kernel's last one: mostly the one of the headers we were built with. */
static unsigned int last_capability(void)
{
	unsigned int last = CAP_LAST_CAP;

	while (last > 0 && sys_prctl(PR_CAPBSET_READ, last, 0, 0, 0) < 0)
		last--;
	while (last < 63 && sys_prctl(PR_CAPBSET_READ, last + 1, 0, 0, 0) >= 0)
		last++;
	return last;
}

/* The set behind NAME in /proc/self/status: hexadecimal. ALL when there is none. */
static uint64_t status_set(const char *text, const char *name, uint64_t all)
{
	const char *line = strstr(text, name);

	return line ? strtoull(line + strlen(name), NULL, 16) : all;
}

enum { STATUS_SIZE = 8 * 1024, STATUS_KEPT = STATUS_SIZE / 2 };

/*
 * Up to the line of CapBnd, which the ones we want stand just before: TEXT holds the end of
 * what was read. Mostly one read; but the list of our groups, which comes first, may have 65536
 * of them. 0 or -errno.
 */
static int read_status(int fd, char text[STATUS_SIZE])
{
	size_t length = 0;

	for (;;) {
		ssize_t got = sys_read(fd, text + length, STATUS_SIZE - 1 - length);
		const char *last;

		if (got <= 0)
			return got < 0 ? (int)got : -EPROTO;
		length += (size_t)got;
		text[length] = '\0';
		last = strstr(text, "\nCapBnd:\t");
		if (last && strchr(last + 1, '\n'))
			return 0;
		if (length < STATUS_SIZE - 1)
			continue;
		memmove(text, text + length - STATUS_KEPT, STATUS_KEPT);
		length = STATUS_KEPT;
	}
}

/* One file has our sets and our signals; asking for each one takes a hundred calls. */
static int probe_status(struct probing *probing)
{
	struct host *host = probing->host;
	char text[STATUS_SIZE];
	int AUTO_FD fd = sys_openat(probing->self, "status", O_RDONLY | O_NOCTTY, 0);
	int done = fd < 0 ? fd : read_status(fd, text);

	if (done < 0)
		return fail(probing->err, -done, "read /proc/self/status");
	host->last_capability = last_capability();
	host->capabilities = status_set(text, "\nCapBnd:\t", 0);
	host->ignored_signals = status_set(text, "\nSigIgn:\t", ~UINT64_C(0));

	uint64_t effective = status_set(text, "\nCapEff:\t", 0);

	host->can_set_ids = (effective >> CAP_SETUID & 1) && (effective >> CAP_SETGID & 1);
	host->can_mknod = (effective >> CAP_MKNOD & 1) && !host->in_user_namespace;
	return 0;
}

static int probe_cgroup_layout(struct probing *probing)
{
	struct host *host = probing->host;

	host->cgroup_mount = "";
	if (is_file_system(UNIFIED_MOUNT, FS_CGROUP2)) {
		host->cgroup = CGROUP_UNIFIED;
		host->cgroup_mount = UNIFIED_MOUNT;
	} else if (is_file_system(HYBRID_MOUNT, FS_CGROUP2)) {
		host->cgroup = CGROUP_HYBRID;
		host->cgroup_mount = HYBRID_MOUNT;
	}
	return 0;
}

/*
 * The "0::" line. In a cgroup namespace a cgroup outside of it starts with "/..", and one that
 * was removed ends in " (deleted)": cgroup_namespaces(7). Neither can be named below the mount.
 */
static int probe_own_cgroup(struct probing *probing)
{
	char text[16 * 1024]; /* with cgroup v1 next to it: one line of at most 4096 each */
	ssize_t length = file_read_small(probing->self, "cgroup", text, sizeof(text));

	probing->host->own_cgroup = "/";
	if (length < 0 || probing->host->cgroup == CGROUP_NONE)
		return 0;
	for (char *line = text; line && *line;) {
		char *end = strchr(line, '\n');

		if (end)
			*end++ = '\0';
		if (!strncmp(line, "0::/", 4)) {
			const char *path = line + 3;
			size_t size = strlen(path);

			if (!strncmp(path, "/..", 3) ||
				(size > 10 && !strcmp(path + size - 10, " (deleted)")))
				return 0;
			probing->host->own_cgroup = arena_text(probing->arena, path);
			if (!probing->host->own_cgroup)
				return fail(probing->err, ENOMEM, "read /proc/self/cgroup");
			return 0;
		}
		line = end;
	}
	return 0;
}

static int need_own_cgroup(struct probing *probing)
{
	return probing->host->own_cgroup ? 0 : probe_own_cgroup(probing);
}

/* An O_PATH descriptor of the cgroup that is PATH below the mount without its last component.
 */
static int open_parent_of_own(const struct host *host, int mount)
{
	const char *path = host->own_cgroup + 1;
	const char *slash = strrchr(path, '/');
	char parent[4096];

	if (!slash)
		return sys_openat(mount, ".", O_PATH | O_DIRECTORY, 0);
	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	return sys_openat(mount, parent, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
}

static int probe_controllers(struct probing *probing)
{
	struct host *host = probing->host;
	char text[512];

	if (host->cgroup == CGROUP_NONE)
		return 0;

	int AUTO_FD mount = sys_openat(AT_FDCWD, host->cgroup_mount, O_PATH | O_DIRECTORY, 0);
	int AUTO_FD parent = -1;
	int offering = mount;

	if (mount < 0)
		return 0;
	/* What we may not enable at the top is what was delegated to us further down. */
	if (faccessat(mount, "cgroup.subtree_control", W_OK, AT_EACCESS) != 0) {
		if (need_own_cgroup(probing) < 0)
			return -1;
		parent = open_parent_of_own(host, mount);
		offering = parent;
	}
	if (offering >= 0 &&
		file_read_small(offering, "cgroup.controllers", text, sizeof(text)) > 0)
		host->controllers = host_controllers_parse(text);
	return 0;
}

/*
 * Does a cgroup that has WITNESS also have FILE? The files of a controller are never in the
 * root cgroup, so ask ours, or else the first child of the root that has the controller. -1:
 * nobody knows.
 */
static int controller_file(
	int mount, const struct host *host, const char *witness, const char *file)
{
	char path[4200];

	snprintf(path, sizeof(path), "%s/%s", host->own_cgroup + 1, witness);
	if (host->own_cgroup[1] && exists(mount, path)) {
		snprintf(path, sizeof(path), "%s/%s", host->own_cgroup + 1, file);
		return exists(mount, path);
	}

	int fd = sys_openat(mount, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int answer = -1;

	if (!dir) {
		fd_close(&fd);
		return -1;
	}
	for (struct dirent *entry; answer < 0 && (entry = readdir(dir));) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", entry->d_name, witness);
		if (!exists(mount, path))
			continue;
		snprintf(path, sizeof(path), "%s/%s", entry->d_name, file);
		answer = exists(mount, path);
	}
	closedir(dir);
	return answer;
}

static int probe_controller_files(struct probing *probing)
{
	struct host *host = probing->host;

	/* In the hybrid layout the limits are cgroup v1's: nobody will ask. */
	if (host->cgroup != CGROUP_UNIFIED)
		return 0;

	int AUTO_FD mount = sys_openat(AT_FDCWD, host->cgroup_mount, O_PATH | O_DIRECTORY, 0);

	if (mount < 0)
		return 0;
	if (host->controllers & (CONTROLLER_MEMORY | CONTROLLER_IO) &&
		need_own_cgroup(probing) < 0)
		return -1;
	if (host->controllers & CONTROLLER_MEMORY) {
		int known = controller_file(mount, host, "memory.max", "memory.swap.max");

		/* A kernel that can swap also counts it, unless it was booted with
		 * swapaccount=0 (until Linux 6.1), which a real cgroup would have shown. */
		host->has_swap_accounting =
			known >= 0 ? known : exists(AT_FDCWD, "/proc/swaps");
	}
	if (host->controllers & CONTROLLER_IO)
		host->bfq_weight = controller_file(mount, host, "io.max", "io.bfq.weight") > 0;
	return 0;
}

static int probe_time_namespaces(struct probing *probing)
{
	probing->host->has_time_namespace = exists(probing->self, "ns/time");
	return 0;
}

static int probe_proc_files(struct probing *probing)
{
	probing->host->has_kcore = exists(AT_FDCWD, "/proc/kcore");
	return 0;
}

/* Flags that do not exist are EINVAL before permission is asked for; all else is no. */
static int probe_mount_setattr(struct probing *probing)
{
	struct mount_attr nothing = {0};

	probing->host->has_mount_setattr = sys_mount_setattr(-1, "", ~0U, &nothing) == -EINVAL;
	return 0;
}

/*
 * The module's own word. Its securityfs says no more, and may not be there: Podman takes away
 * what is mounted below /sys/kernel before it calls us for a container with a user namespace.
 */
static int probe_apparmor(struct probing *probing)
{
	char enabled[8];

	probing->host->has_apparmor =
		file_read_small(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", enabled,
			sizeof(enabled)) > 0 &&
		enabled[0] == 'Y';
	return 0;
}

/* "unconfined", or "docker-default (enforce)". */
static int probe_apparmor_profile(struct probing *probing)
{
	char profile[256];

	if (probing->host->has_apparmor &&
		(file_read_small(probing->self, "attr/apparmor/current", profile,
			 sizeof(profile)) > 0 ||
			file_read_small(
				probing->self, "attr/current", profile, sizeof(profile)) > 0))
		probing->host->is_apparmor_confined =
			strncmp(profile, "unconfined", strlen("unconfined")) != 0;
	return 0;
}

static int probe_selinux(struct probing *probing)
{
	probing->host->has_selinux = is_file_system("/sys/fs/selinux", FS_SELINUX);
	return 0;
}

static int probe_resctrl(struct probing *probing)
{
	if (is_file_system(RESCTRL_MOUNT, FS_RESCTRL))
		probing->host->resctrl = RESCTRL_MOUNT;
	return 0;
}

int host_probe(struct host *host, unsigned int unasked, struct arena *arena, struct error *err)
{
	/* In this order: a probe may use what those above it found. */
	static const struct {
		const char *name;
		int (*probe)(struct probing *probing);
		unsigned int unless; /* enum host_unasked */
	} rows[] = {
		{"ids", probe_ids},
		{"user namespace", probe_user_namespace},
		{"capabilities and signals", probe_status},
		{"cgroup layout", probe_cgroup_layout},
		{"own cgroup", probe_own_cgroup, HOST_NO_OWN_CGROUP},
		{"controllers", probe_controllers},
		{"files of controllers", probe_controller_files, HOST_NO_LIMIT_FILES},
		{"files of proc", probe_proc_files},
		{"time namespaces", probe_time_namespaces, HOST_NO_TIME_SPACES},
		{"mount_setattr", probe_mount_setattr},
		{"AppArmor", probe_apparmor, HOST_NO_LABELS},
		{"AppArmor's profile", probe_apparmor_profile, HOST_NO_LABELS},
		{"SELinux", probe_selinux, HOST_NO_LABELS},
		{"resctrl", probe_resctrl, HOST_NO_RESCTRL},
	};
	int AUTO_FD self = sys_openat(AT_FDCWD, "/proc/self", O_PATH | O_DIRECTORY, 0);
	struct probing probing = {.host = host, .arena = arena, .err = err, .self = self};

	*host = (struct host){0};
	if (self < 0)
		return fail(err, -self, "open /proc/self");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (!(rows[i].unless & unasked) && rows[i].probe(&probing) < 0) {
			error_while(err, "look for %s", rows[i].name);
			return -1;
		}
	}
	return 0;
}

void host_probe_cgroup(struct host *host)
{
	struct probing probing = {.host = host, .self = -1};

	*host = (struct host){0};
	(void)probe_cgroup_layout(&probing); /* it has no way to fail */
}
